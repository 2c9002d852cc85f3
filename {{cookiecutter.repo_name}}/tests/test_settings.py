"""The configuration: what is wrong in it is told in one line, with a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from settings import Settings, SettingsError, load, merge, parse


def test_the_configuration_of_this_repository_is_valid(
    config: dict[str, Any], repository_settings: Settings
) -> None:
    assert parse(config).labels
    assert repository_settings.nnunet.trainer == "nnUNetTrainerPhantom"


WRONG = {
    "unknown key": ({"nnunet": {"flods": [0]}}, "nnunet: unknown key 'flods'; did you mean folds?"),
    "unknown section": ({"datset": {}}, "unknown key 'datset'; did you mean dataset?"),
    "type": ({"dataset": {"id": "many"}}, "dataset.id: 'many' is not of type 'integer'"),
    "range": ({"dataset": {"id": 1000}}, "dataset.id: 1000 is greater than the maximum of 999"),
    "choice": ({"nnunet": {"configuration": "4d"}}, "must be one of 2d, 3d_fullres, 3d_lowres"),
    "orientation": ({"image_orientation": "rpi"}, "image_orientation: orientation 'rpi'"),
    "orientation twice": ({"image_orientation": "RLI"}, "image_orientation: orientation 'RLI'"),
    "trainer's name": ({"nnunet": {"trainer": "MyTrainer"}}, "nnunet.trainer"),
    "trainer's file": ({"nnunet": {"trainer_file": "absent.py"}}, "absent.py does not exist"),
    "fold": ({"splits": {"folds": 2}, "nnunet": {"folds": [2]}}, "fold 2 does not exist"),
    "all folds": ({"nnunet": {"folds": [0, "all"]}}, "all can't stand beside numbered folds"),
    "test share": ({"splits": {"test": 1.5}}, "splits.test"),
    "one fold": ({"splits": {"folds": 1}}, "splits.folds"),
    "tag": ({"release": {"tag": "r20241341"}}, "r20241341 is no date"),
    "exclude without reason": ({"dataset": {"exclude": {"sub-01": ""}}}, "dataset.exclude"),
    "dice of no label": ({"evaluation": {"minimum_dice": {"nothing": 0.5}}}, "is no label"),
}


@pytest.mark.parametrize(("over", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line(
    config: dict[str, Any], over: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(merge(config, over))
    assert message in str(caught.value)
    assert str(caught.value).startswith("config.yaml: ")
    assert len(str(caught.value).splitlines()) == 1


LABELS: dict[str, tuple[dict[Any, Any], str]] = {
    "gap": ({"sc": 1, "gm": 3}, "without gaps"),
    "background moved": ({"background": 1, "sc": 2}, "background is always 0"),
    "zero": ({"sc": 0}, "0 is the background"),
    "twice": ({"sc": 1, "cord": 1}, "sc and cord have the same values"),
    "nothing": ({"background": 0}, "at least one label"),
    "no own value": ({"all": [1, 2], "a": 1, "b": 2}, "labels.all: every value of it belongs"),
    "ignore": ({"sc": 1, "ignore": 3}, "must be the highest value, 2"),
    "label without file": ({"sc": 1, "gm": 2}, "no file gives a value of gm"),
    "word that YAML does not read": ({True: 1}, "put quotes around them"),
}


@pytest.mark.parametrize(("labels", "message"), LABELS.values(), ids=LABELS)
def test_labels_that_nnunet_can_not_learn(
    config: dict[str, Any], labels: dict[Any, Any], message: str
) -> None:
    files = {"dataset": {**config["dataset"], "label_files": {"seg": 1}}}
    with pytest.raises(SettingsError, match=message):
        parse({**config, **files, "labels": labels})


@pytest.mark.parametrize(
    ("labels", "files", "order", "names"),
    [
        ({"sc": [1, 2], "gm": 2}, {"dseg": {1: 1, 2: 2}}, (1, 2), ["sc", "gm"]),
        ({"gm": 2, "sc": [1, 2]}, {"dseg": {1: 1, 2: 2}}, (1, 2), ["sc", "gm"]),
        (
            {"a": [1, 2, 3], "b": [2, 3], "c": 3},
            {"dseg": {1: 1, 2: 2, 3: 3}},
            (1, 2, 3),
            ["a", "b", "c"],
        ),
        ({"sc": 1, "gm": 2}, {"dseg": {1: 1, 2: 2}}, None, ["sc", "gm"]),
    ],
)
def test_regions_are_painted_from_large_to_small(
    config: dict[str, Any],
    labels: dict[str, Any],
    files: dict[str, Any],
    order: tuple[int, ...] | None,
    names: list[str],
) -> None:
    dataset = {**config["dataset"], "label_files": files}
    settings = parse({**config, "dataset": dataset, "labels": labels})
    assert settings.regions_class_order == order
    assert list(settings.labels) == names


def test_later_files_are_laid_over_earlier_ones(tmp_path: Path) -> None:
    over = tmp_path / "over.yaml"
    over.write_text("splits: {seed: 7}\n", "utf-8")
    repository = Path(__file__).resolve().parent.parent
    files = [repository / "config.yaml", repository / "tests" / "phantom.yaml", over]
    settings = load(files)
    assert settings.splits.seed == 7
    assert settings.splits.folds == 2


@pytest.mark.parametrize("text", ["- a list", "a: [1", "\t", "just text"])
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load([path])
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
