"""The configuration: each error is one line that says what to write instead."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_schema import SCHEMA_FILE, TYPES
from settings import Settings, SettingsError, load, merge, parse


def test_the_configuration_of_this_repository_is_valid(
    config: dict[str, Any], repository_settings: Settings
) -> None:
    assert parse(config).labels
    assert repository_settings.nnunet.trainer == "nnUNetTrainerPhantom"


def test_a_gpu_is_used_unless_the_configuration_says_otherwise(config: dict[str, Any]) -> None:
    for resources in ({}, {"train": {"cpus": 4}}):
        assert parse({**config, "resources": resources}).train.gpus == 1
    assert parse({**config, "resources": {"train": {"gpus": 0}}}).train.gpus == 0
    two = {"train": {"gpus": 2}}
    for device, gpus in {"cpu": 0, "auto": 2, "cuda": 2}.items():
        nnunet = {**config["nnunet"], "device": device}
        assert parse({**config, "nnunet": nnunet, "resources": two}).train.gpus == gpus


PHANTOM = str(Path(__file__).parent / "phantom_trainer.py")
STRIDED = {
    "patch_size": [32, 30],
    "architecture": {"arch_kwargs": {"strides": [[1, 1], [2, 2], [2, 2]]}},
}
WRONG = {
    "no GPU": (
        {"nnunet": {"device": "cuda"}, "resources": {"train": {"gpus": 0}}},
        "resources.train.gpus: is 0, but nnunet.device is cuda",
    ),
    "no GPU of a Mac": (
        {"nnunet": {"device": "mps"}, "resources": {"train": {"gpus": 0}}},
        "resources.train.gpus: is 0, but nnunet.device is mps",
    ),
    "unknown key": ({"nnunet": {"flods": [0]}}, "nnunet: unknown key 'flods'; did you mean folds?"),
    "unknown section": ({"datset": {}}, "unknown key 'datset'; did you mean dataset?"),
    "type": ({"dataset": {"id": "many"}}, "dataset.id: 'many' is not a whole number"),
    "type with a point": ({"dataset": {"id": 7.0}}, "dataset.id: 7.0 is not a whole number"),
    "value with a point": (
        {"dataset": {"label_files": {"dseg": 1.0}}},
        "dataset.label_files.dseg: 1.0 is not a value for training (1 to 254)",
    ),
    "no number": ({"splits": {"test": math.nan}}, "splits.test: nan is not a number"),
    "infinite": (
        {"evaluation": {"point_distance_mm": math.inf}},
        "evaluation.point_distance_mm: inf is not a number",
    ),
    "infinite tolerance": (
        {"evaluation": {"tolerance_mm": math.inf}},
        "evaluation.tolerance_mm: inf is not a distance in mm",
    ),
    "group that is a number of the results": (
        {"evaluation": {"groups": ["found"]}},
        "evaluation.groups: found is not a group: the results have a column of this name",
    ),
    "the model itself": (
        {"evaluation": {"compare": {"model": "."}}},
        "evaluation.compare: model is this model; give another name",
    ),
    "file for a folder": ({"work": PHANTOM}, "phantom_trainer.py is a file, not a folder"),
    "file for the tables": (
        {"evaluation": {"results": PHANTOM}},
        "phantom_trainer.py is a file, not a folder",
    ),
    "folder for a file": (
        {"splits": {"file": str(Path(__file__).parent)}},
        "tests is a folder, not a file",
    ),
    "nobody's home": (
        {"work": "~nobody-of-this-name/output"},
        "~nobody-of-this-name/output: there is no such home folder",
    ),
    "truth": ({"release": {"split_folds": "yes"}}, "split_folds: 'yes' is not true or false"),
    "range": ({"dataset": {"id": 1000}}, "dataset.id: 1000 is greater than the maximum of 999"),
    "choice": ({"nnunet": {"configuration": "4d"}}, "must be one of 2d, 3d_fullres, 3d_lowres"),
    "orientation": ({"image_orientation": "rpi"}, "image_orientation: orientation 'rpi'"),
    "orientation twice": ({"image_orientation": "RLI"}, "image_orientation: orientation 'RLI'"),
    "trainer's name": (
        {"nnunet": {"trainer": "MyTrainer"}},
        "nnunet.trainer: 'MyTrainer' is not a trainer's name, which begins with nnUNetTrainer",
    ),
    "several kinds": (
        {"nnunet": {"trainer_file": 1}},
        "nnunet.trainer_file: 1 is not text or null",
    ),
    "excluded file": (
        {"dataset": {"exclude": {"sub-01_T2w.nii.gz": "motion"}}},
        "dataset.exclude: 'sub-01_T2w.nii.gz' is not a subject (sub-01), a session (sub-01_ses-02) "
        "or an image (sub-01_ses-02_T2w)",
    ),
    "exclude file": (
        {"dataset": {"exclude_file": "absent.yml"}},
        "dataset.exclude_file: absent.yml does not exist",
    ),
    "groups of nothing": (
        {"dataset": {"exclude_groups": ["T2w"]}},
        "dataset.exclude_groups: is only for an exclude_file",
    ),
    "raters without a place": (
        {"dataset": {"raters": ["rater1"]}},
        "dataset.raters: no label file has {rater} in its name",
    ),
    "threshold of several values": (
        {"dataset": {"label_files": {"x_seg": {"values": {"1": 1, "2": 1}, "threshold": 0.5}}}},
        "dataset.label_files.x_seg: with a threshold, the file has one label",
    ),
    "threshold of nothing": (
        {"dataset": {"label_files": {"x_seg": {"threshold": 0.5}}}},
        "dataset.label_files.x_seg: {'threshold': 0.5} is not a value for training (1 to 254), or",
    ),
    "excluded number": (
        {"dataset": {"exclude": {1: "motion"}}},
        "dataset.exclude: '1' is not a sub",
    ),
    "contrast": (
        {"dataset": {"contrasts": ["T2w.nii.gz"]}},
        "dataset.contrasts.0: 'T2w.nii.gz' is not the end of a BIDS image's name, such as T2w",
    ),
    "label file": (
        {"dataset": {"label_files": {"seg": "1"}}},
        "dataset.label_files.seg: '1' is not a value for training (1 to 254), or one for",
    ),
    "value of a label": ({"labels": {"sc": "1"}}, "labels.sc: '1' is not a value (1 to 254), or"),
    "fold's name": ({"nnunet": {"folds": ["first"]}}, "'first' is not a fold (0, 1, ...) or all"),
    "tag's form": (
        {"release": {"tag": "v1.0"}},
        "release.tag: 'v1.0' is not today, or r and a date, such as r20240915",
    ),
    "trainer's file": ({"nnunet": {"trainer_file": "absent.py"}}, "absent.py does not exist"),
    "trainer's class": (
        {"nnunet": {"trainer": "nnUNetTrainerX", "trainer_file": PHANTOM}},
        "phantom_trainer.py has no class nnUNetTrainerX; it has nnUNetTrainerPhantom",
    ),
    "trainer that is not Python": (
        {"nnunet": {"trainer_file": str(SCHEMA_FILE)}},
        "config.schema.yaml is not Python",
    ),
    "trainer of nnU-Net": (
        {"nnunet": {"trainer": "nnUNetTrainer_100epoch", "trainer_file": None}},
        "nnU-Net has no trainer nnUNetTrainer_100epoch; did you mean nnUNetTrainer_100epochs?",
    ),
    "planner": (
        {"nnunet": {"planner": "nnUNetPlannerResEncMM"}},
        "nnU-Net has no planner nnUNetPlannerResEncMM; did you mean nnUNetPlannerResEncM?",
    ),
    "axes of the patch": (
        {"nnunet": {"configuration": "2d", "plans": {"2d": {"patch_size": [32, 32, 32]}}}},
        "nnunet.plans.2d.patch_size: [32, 32, 32] is not 2 whole numbers from 1 on",
    ),
    "patch and strides": (
        {"nnunet": {"configuration": "2d", "plans": {"2d": STRIDED}}},
        "nnunet.plans.2d.patch_size: 30 is not a multiple of 4, the product of the network's",
    ),
    "batch": (
        {"nnunet": {"configuration": "2d", "plans": {"2d": {"batch_size": 0}}}},
        "nnunet.plans.2d.batch_size: 0 is not a whole number from 1 on",
    ),
    "fold": ({"splits": {"folds": 2}, "nnunet": {"folds": [2]}}, "fold 2 does not exist"),
    "all folds": ({"nnunet": {"folds": [0, "all"]}}, "all can't be combined with numbered folds"),
    "test share": ({"splits": {"test": 1.5}}, "splits.test"),
    "one fold": ({"splits": {"folds": 1}}, "splits.folds"),
    "tag": ({"release": {"tag": "r20241341"}}, "r20241341 is not a calendar date"),
    "exclude without reason": ({"dataset": {"exclude": {"sub-01": ""}}}, "dataset.exclude"),
    "kind of no label": ({"evaluation": {"kinds": {"nothing": "points"}}}, "is not a label"),
    "kind": (
        {"evaluation": {"kinds": {"sc": "lesion"}}},
        "must be one of structure, lesions, points",
    ),
    "tolerance": (
        {"evaluation": {"tolerance_mm": 0}},
        "evaluation.tolerance_mm: 0 is not a distance in mm, more than 0, or one for each label",
    ),
    "group": (
        {"evaluation": {"groups": ["my site"]}},
        "evaluation.groups.0: 'my site' is not contrast, session, an entity",
    ),
    "group of the table": ({"evaluation": {"groups": ["subject"]}}, "subject is not a group"),
    "rater": (
        {"evaluation": {"compare": {"rater2": "nowhere"}}},
        "evaluation.compare.rater2: nowhere is not a folder",
    ),
    "dice of no label": ({"evaluation": {"minimum_dice": {"nothing": 0.5}}}, "is not a label"),
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


def test_no_message_is_a_regular_expression() -> None:
    """Each pattern and alternative of the schema has a description, and each type has words."""

    def inner(schema: Any) -> list[dict[str, Any]]:
        if isinstance(schema, list):
            return [found for item in schema for found in inner(item)]
        if not isinstance(schema, dict):
            return []
        return [schema, *(found for item in schema.values() for found in inner(item))]

    schemas = inner(yaml.safe_load(SCHEMA_FILE.read_text("utf-8")))
    need_words = [s for s in schemas if isinstance(s.get("pattern"), str) or "anyOf" in s]
    assert len(need_words) > 10
    for schema in need_words:
        words = schema["description"]
        assert not re.search(r"[\^$\\]|\]\*|\?!", words), words
    kinds = [s["type"] for s in schemas if isinstance(s.get("type"), str | list)]
    assert {k for kind in kinds for k in ([kind] if isinstance(kind, str) else kind)} == set(TYPES)


OTHER: dict[str, Any] = {"evaluation": {}}
"""What a configuration says of its own labels does not hold for others."""
LABELS: dict[str, tuple[dict[Any, Any], str]] = {
    "gap": ({"sc": 1, "gm": 3}, "have a gap before 3"),
    "background moved": ({"background": 1, "sc": 2}, "`background` must be 0, not `1`"),
    "zero": ({"sc": 0}, "0 is the background"),
    "twice": ({"sc": 1, "cord": 1}, "`sc` and `cord` have the same value 1"),
    "nothing": ({"background": 0}, "no label except `background`"),
    "file name": ({"a/b": 1}, "`a/b` can't be part of a file name"),
    "ignore": ({"sc": 1, "ignore": 3}, "`ignore` must be 2"),
    "label without file": ({"sc": 1, "gm": 2}, "no file gives a value of gm"),
    "word that YAML does not read": ({True: 1}, "put quotes around them"),
}


@pytest.mark.parametrize(("labels", "message"), LABELS.values(), ids=LABELS)
def test_labels_that_nnunet_can_not_learn(
    config: dict[str, Any], labels: dict[Any, Any], message: str
) -> None:
    files = {"dataset": {**config["dataset"], "label_files": {"seg": 1}}}
    with pytest.raises(SettingsError, match=message):
        parse({**config, **files, **OTHER, "labels": labels})


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
        (
            {"whole": [1, 2], "penumbra": 1, "core": 2},
            {"dseg": {1: 1, 2: 2}},
            (1, 1, 2),
            ["whole", "penumbra", "core"],
        ),
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
    settings = parse({**config, **OTHER, "dataset": dataset, "labels": labels})
    assert settings.regions_class_order == order
    assert list(settings.labels) == names


ORDERS = {
    "right": ({"sc": [1, 2], "gm": 2}, [1, 2], ""),
    "all of it in its parts": ({"whole": [1, 2], "a": 1, "b": 2}, [1, 1, 2], ""),
    "smaller region first": (
        {"gm": 2, "sc": [1, 2]},
        [2, 1],
        "`sc` is painted after `gm` and covers it; list larger regions first",
    ),
    "value of another": ({"sc": [1, 2], "gm": 2}, [2, 1], "gives `gm` the value 1, not one of its"),
    "common part": ({"a": [1, 2], "b": [2, 3]}, [1, 3], "covers their common part"),
    "too few": ({"sc": [1, 2], "gm": 2}, [1], "has 1 value for 2 regions"),
    "no regions": ({"sc": 1, "gm": 2}, [1, 2], "is only for regions"),
}


@pytest.mark.parametrize(("labels", "order", "message"), ORDERS.values(), ids=ORDERS)
def test_regions_must_come_out_as_declared(
    config: dict[str, Any], labels: dict[str, Any], order: list[int], message: str
) -> None:
    values = {v for own in labels.values() for v in (own if isinstance(own, list) else [own])}
    dataset = {**config["dataset"], "label_files": {"dseg": {str(v): v for v in values}}}
    content = {**config, **OTHER, "dataset": dataset, "labels": labels}
    content["regions_class_order"] = order
    if not message:
        assert parse(content).regions_class_order == tuple(order)
        return
    with pytest.raises(SettingsError, match=re.escape(message)):
        parse(content)


def test_every_path_may_begin_with_the_home_folder(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("exclude.yml", "trainer.py"):
        (tmp_path / name).write_text("class nnUNetTrainerOwn: ...\n", "utf-8")
    over: dict[str, Any] = {
        "dataset": {"bids": "~/bids", "labels_folder": "~/labels", "exclude_file": "~/exclude.yml"},
        "splits": {"file": "~/splits.yaml", "fixed": "~/fixed.yaml"},
        "nnunet": {"trainer": "nnUNetTrainerOwn", "trainer_file": "~/trainer.py"},
        "evaluation": {"readme": "~/README.md", "figures": "~/figures", "results": "~/results"},
        "work": "~/output",
    }
    over["evaluation"]["compare"] = {"rater2": "~"}
    settings = parse(merge(config, over))
    assert settings.dataset.labels_folder == str(tmp_path / "labels")
    assert "~" not in repr(settings)


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
