"""The notes on a training: what `pack --notes` writes and `publish` puts into a release."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from model_lint.privacy import find_leaks
from model_lint.ship import results_folder
from model_lint.ship.training import Training
from model_lint.ship.training_notes import describe
from packing import NAME, TAG, ZIP, edit_json, run

LABELS = {"background": 0, "sc": [1, 2], "gm": 2}
SCORES = {"(1, 2)": 0.9, "2": 0.7}


def test_a_table_of_the_folds() -> None:
    trainings = [
        Training("fold_0", 1000, 1000, 1, 0.8, SCORES),
        Training("fold_1", 430, 1000, 2, 0.6, {"(1, 2)": 0.7, "2": 0.5}),
    ]
    assert describe(trainings, LABELS) == (
        "| Fold | Epochs | Validation Dice | sc | gm |\n"
        "| :-- | --: | --: | --: | --: |\n"
        "| 0 | 1,000 | 0.800 | 0.900 | 0.700 |\n"
        "| 1 | 430 of 1,000, in 2 runs | 0.600 | 0.700 | 0.500 |\n"
        "| mean |  | 0.700 | 0.800 | 0.600 |\n\n"
        "The Dice is that of nnU-Net's own validation, on the cases left out of each fold."
    )


def test_fold_all_is_not_called_a_validation_of_other_cases() -> None:
    said = describe([Training("fold_all", 5, dice=0.9)], LABELS)
    assert said.endswith("trained on all cases: the Dice is that of the training cases.")
    assert "mean" not in said


def test_nothing_known_is_nothing_said() -> None:
    assert describe([Training("fold_0"), Training("fold_1", None, 1000, 1)], LABELS) == ""
    assert "Dice is" not in describe([Training("fold_0", 5)], LABELS)
    assert "| 0 | 5 |  |" in describe([Training("fold_0", 5)], None)


def test_no_mean_of_some_folds() -> None:
    assert "mean" not in describe([Training("fold_0", 5, dice=0.5), Training("fold_1", 5)], LABELS)


def test_the_notes_of_a_package(model: Path, out: Path) -> None:
    validation = model / "fold_0" / "validation"
    validation.mkdir()
    mean = {"1": {"Dice": 0.91234}, "2": {"Dice": 0.8}}
    (validation / "summary.json").write_text(json.dumps({"mean": mean}), encoding="utf-8")
    (log,) = (model / "fold_0").glob("*.txt")
    with log.open("a", encoding="utf-8") as stream:
        stream.write("2026-11-23 08:00:00.1: Mean Validation Dice:  0.85617 \n")
    edit_json(model / "dataset.json", training_data_sha256="ab" * 32)
    (out / ".git").mkdir()
    (out / "requirements.txt").write_text("nnunetv2==2.6.2\n", encoding="utf-8")
    assert run(model, "--notes", "notes.md") == 0
    content = (out / ZIP).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    notes = (out / "notes.md").read_text(encoding="utf-8")
    assert notes == (
        "## Training\n\n"
        "Trainer `nnUNetTrainerTiny`, plans `nnUNetPlans`, configuration `2d`; nnU-Net 2.6.2, as "
        "`requirements.txt` says; PyTorch `2.15.0+cu132`; 10 training cases (sha256 "
        "`abababababababab...`).\n\n"
        "| Fold | Epochs | Validation Dice | sc | gm |\n"
        "| :-- | --: | --: | --: | --: |\n"
        "| 0 | 30 | 0.856 | 0.912 | 0.800 |\n\n"
        "The Dice is that of nnU-Net's own validation, on the cases left out of each fold.\n\n"
        "## Files\n\n"
        "| File | Bytes | SHA-256 |\n"
        "| :-- | --: | --: |\n"
        f"| `{ZIP}` | {len(content):,} | `{digest}` |\n"
    )
    assert find_leaks(notes) == ()


def test_the_dice_is_not_that_of_another_checkpoint(model: Path, out: Path) -> None:
    shutil.copy(model / "fold_0/checkpoint_final.pth", model / "fold_0/checkpoint_best.pth")
    (log,) = (model / "fold_0").glob("*.txt")
    with log.open("a", encoding="utf-8") as stream:
        stream.write("2026-11-23 08:00:00.1: Mean Validation Dice:  0.85617 \n")
    assert run(model, "--checkpoint", "checkpoint_best.pth", "--notes", "notes.md") == 0
    assert "| 0 | 30 |  |\n" in (out / "notes.md").read_text(encoding="utf-8")


def test_the_notes_never_replace_the_package_or_the_model(
    model: Path, out: Path, refused: Callable[..., str]
) -> None:
    for path in (out / "x.zip", model / "dataset.json"):
        options = ("--output", out / "x.zip", "--notes", path, "--force")
        assert "its name must end in .md" in refused(model, *options)


def test_notes_of_single_folds_list_every_zip(model: Path, out: Path) -> None:
    shutil.copytree(model / "fold_0", model / "fold_1")
    assert run(model, "--split-folds", "--notes", "notes.md") == 0
    notes = (out / "notes.md").read_text(encoding="utf-8")
    assert [f"`{NAME}-{TAG}-fold{n}.zip`" in notes for n in (0, 1, 2)] == [True, True, False]
    assert "| 1 | 30 |" in notes


def test_notes_replace_a_file_only_with_force(
    model: Path, out: Path, refused: Callable[..., str]
) -> None:
    (out / "notes.md").write_text("mine", encoding="utf-8")
    assert "--notes notes.md exists already; give --force" in refused(model, "--notes", "notes.md")
    assert (out / "notes.md").read_text(encoding="utf-8") == "mine"
    assert run(model, "--notes", "notes.md", "--force") == 0
    assert (out / "notes.md").read_text(encoding="utf-8").startswith("## Training")


@pytest.mark.parametrize(
    ("notes", "says"), [("nowhere/n.md", "make it first"), (".", "must end in .md")]
)
def test_notes_that_can_not_be_written(
    notes: str, says: str, model: Path, refused: Callable[..., str]
) -> None:
    assert says in refused(model, "--notes", notes)


def test_no_package_no_notes(model: Path, out: Path) -> None:
    edit_json(model / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(model, "--notes", "notes.md") == 1
    assert list(out.iterdir()) == []


def test_a_summary_that_is_too_long_to_read_stops_nothing(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model / "fold_0" / "validation").mkdir()
    (model / "fold_0" / "validation" / "summary.json").write_bytes(b"{" * 1_000_000)
    monkeypatch.setattr(results_folder, "MAX_TEXT_BYTES", 500_000)
    assert run(model, "--notes", "notes.md") == 0
    assert "| 0 | 30 |  |\n" in (out / "notes.md").read_text(encoding="utf-8")
