"""The model card: its parts in the README, the card for model hubs, and nothing private in both."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from model_lint.models.card import digest, parts

import evaluate
from card import hub_card, main, write_readme
from card_parts import data_part, training_part
from common import write_json, write_text
from conftest import REPOSITORY, settings_for
from convert import convert, read_rows, to_csv
from groups import find_groups
from records import commit, read_folds
from settings import Settings

CITATION = {
    "license": "GPL-3.0-or-later",
    "repository-code": "https://github.com/ivadomed/model_seg_sc",
}
HOST = "login-node-7"
GROUPED: dict[str, Any] = {"evaluation": {"groups": ["site"], "compare": {}}}
PARTS = ("limits", "data", "results", "training")


@pytest.fixture(scope="module")
def finished(
    config: dict[str, Any], phantom_bids: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of an evaluated phantom: its references are also the predictions."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(phantom_bids / "bids", folder / "bids")
    settings = settings_for(config, folder, **GROUPED)
    write_text(settings.work / "conversion.csv", to_csv(convert(settings)))
    shutil.copytree(settings.raw / "labelsTs", settings.work / "predictions")
    subjects = {row.case: row.subject for row in evaluate.test_rows(settings)}
    groups, _ = find_groups(settings, subjects)
    results = evaluate.evaluate(settings, evaluate.own_volumes(settings), groups)
    evaluate.write_outputs(settings, results, {})
    write_records(settings)
    assert settings.evaluation.readme is not None
    marks = [f"<!-- card:{name} -->\n<!-- card:end -->\n" for name in PARTS]
    write_text(settings.evaluation.readme, "# Title\n\n" + "\n".join(marks))
    return folder


def write_records(settings: Settings) -> None:
    """Write what nnU-Net writes about a training."""
    fold = settings.model / "fold_0"
    write_json(
        fold / "debug.json",
        {
            "num_epochs": "1000",
            "device": "cuda:0",
            "gpu_name": "NVIDIA A100",
            "torch_version": "2.9.0",
            "hostname": HOST,
            "output_folder": f"{Path.home()}/{HOST}",
        },
    )
    log = f"{HOST} {Path.home()}\n" + "2026-01-01 10:00:00.0: Epoch time: 45.0 s\n" * 400
    write_text(fold / "training_log_2026.txt", log)
    summary = {"foreground_mean": {"Dice": 0.91}, "metric_per_case": [{"prediction_file": HOST}]}
    write_json(fold / "validation" / "summary.json", summary)
    spacing = {"spacings": [[1.5, 0.5, 0.4], [3.0, 0.5, 0.4], [3.0, 0.5, 0.4]]}
    write_json(settings.preprocessed / "dataset_fingerprint.json", spacing)


@pytest.fixture
def evaluated(config: dict[str, Any], finished: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of the evaluated phantom."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return settings_for(config, tmp_path, **GROUPED)


def card(settings: Settings) -> str:
    assert settings.evaluation.readme is not None
    return write_readme(settings, settings.evaluation.readme)


def test_every_part_is_written_and_once_more_the_same(evaluated: Settings) -> None:
    text = card(evaluated)
    found = {part.name: part for part in parts(text)}
    assert tuple(found) == PARTS
    for part in found.values():
        assert part.text
        assert part.digest == digest(part.text)
    table = (evaluated.evaluation.results / "test_metrics.csv").read_text("utf-8")
    assert found["results"].sources == {"results/test_metrics.csv": digest(table)}
    assert card(evaluated) == text


def test_nothing_in_it_identifies_anyone(evaluated: Settings) -> None:
    text = card(evaluated)
    own = "".join(part.text or "" for part in parts(text))
    assert HOST not in own
    assert str(Path.home()) not in own
    assert str(evaluated.work) not in own
    # Subjects are in the table of results, but not in the card.
    assert not re.search(r"sub-\d", own)


def test_the_data_are_counted_by_set_and_group(evaluated: Settings) -> None:
    rows = read_rows(evaluated.work / "conversion.csv")
    text = data_part(evaluated, rows)
    train, test = (
        len({row.subject for row in rows if row.set == part}) for part in ("train", "test")
    )
    assert f"| Subjects | {train} | {test} |" in text
    assert re.search(r"\| Subjects with site a \| \d \| \d \|", text)
    assert "0.4 × 0.5 × 3 mm (from 0.4 × 0.5 × 1.5 to 0.4 × 0.5 × 3)" in text  # noqa: RUF001
    label = next(iter(evaluated.labels))
    images = [sum(row.set == part for row in rows) for part in ("train", "test")]
    assert f"| Images with {label} | {images[0]} | {images[1]} |" in text


def test_the_training_is_told_from_its_records(evaluated: Settings) -> None:
    (fold,) = read_folds(evaluated)
    assert (fold.device, fold.hours, fold.validation_dice) == ("NVIDIA A100", 5.0, 0.91)
    text = training_part(evaluated)
    for part in ("0; 1000 epochs each", "5.0 hours", "NVIDIA A100", "torch 2.9.0", "0.910"):
        assert part in text
    assert "seed 42" in text


def test_without_records_nothing_is_made_up(evaluated: Settings) -> None:
    fold = evaluated.model / "fold_0"
    (fold / "debug.json").write_text("{", "utf-8")
    (fold / "validation" / "summary.json").unlink()
    (fold / "training_log_2026.txt").unlink()
    text = training_part(evaluated)
    assert "Hardware" not in text
    assert "Validation" not in text
    assert "Time" not in text
    assert commit(evaluated.work) == ""


def test_a_readme_without_marks_keeps_its_text(
    evaluated: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = evaluated.evaluation.readme
    assert readme is not None
    write_text(readme, "# Mine\n\n<!-- card:results -->\n<!-- card:end -->\n")
    text = card(evaluated)
    assert text.startswith("# Mine\n\n<!-- card:results sha256:")
    assert [part.name for part in parts(text)] == ["results"]
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_model_hubs_read_the_head(evaluated: Settings) -> None:
    text = hub_card(evaluated, card(evaluated), CITATION)
    hub = ModelCard(text)
    assert hub.data.license == "gpl-3.0"
    assert hub.data.pipeline_tag == "image-segmentation"
    found = {result.metric_type: result.metric_value for result in hub.data.eval_results}
    kinds = {evaluated.evaluation.kind(label) for label in evaluated.labels}
    assert found["dice" if kinds - {"points"} else "f1"] == 1
    assert all(isinstance(value, float) for value in found.values())
    head = yaml.safe_load(text.split("---\n")[1])
    assert ".nan" not in text.split("---\n")[1]
    assert head["model-index"][0]["name"] == evaluated.release.name
    assert "<!-- card:" not in text


def test_links_of_the_hub_card_lead_to_the_repository(evaluated: Settings) -> None:
    readme = (
        "[![License](https://img.shields.io/x.svg)](LICENSE) [config](config.yaml) [up](#data)\n"
        "![Metrics](figures/metrics.svg)\n"
    )
    text = hub_card(evaluated, readme, CITATION).split("---\n", 2)[2].strip()
    base = "https://github.com/ivadomed/model_seg_sc"
    assert text == (
        f"[![License](https://img.shields.io/x.svg)]({base}/blob/HEAD/LICENSE) "
        f"[config]({base}/blob/HEAD/config.yaml) [up](#data)\n"
        f"![Metrics]({base}/raw/HEAD/figures/metrics.svg)"
    )


def test_the_step_writes_both_cards_or_one_line(
    evaluated: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
    config["dataset"]["bids"] = str(evaluated.dataset.bids)
    if config["nnunet"]["trainer_file"]:
        config["nnunet"]["trainer_file"] = str(REPOSITORY / config["nnunet"]["trainer_file"])
    wanted = evaluated.evaluation
    config["evaluation"] |= {
        "readme": str(wanted.readme),
        "figures": str(wanted.figures),
        "results": str(wanted.results),
        "minimum_dice": {},
        "compare": {},
    }
    config["work"] = str(evaluated.work)
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    arguments = ["--config", str(tmp_path / "config.json")]
    assert main(arguments) == 1
    assert re.fullmatch(r"error: .*CITATION\.cff'\n", capsys.readouterr().err)
    (tmp_path / "CITATION.cff").write_text(json.dumps(CITATION), "utf-8")
    assert main(arguments) == 0
    assert (wanted.results / "hub_card.md").read_text("utf-8").startswith("---\nlicense: gpl-3.0\n")
