"""`pack` judges what it leaves out of the checkpoints: the copies that show later edits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from build import MODEL
from checkpoint_files import member, rezipped
from packing import ZIP, edit_json, members, run


def trained_with(checkpoint: bytes, cases: bytes) -> bytes:
    """Return a checkpoint whose copy of dataset.json has another number of training cases."""
    pickled = member(checkpoint, "data.pkl")
    place = pickled.index(b"numTraining")
    changed = pickled[:place] + pickled[place:].replace(b"K\x0a", b"K" + cases, 1)
    return rezipped(checkpoint, {"data.pkl": changed})


def test_edited_plans_are_no_package(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = json.loads((model / "plans.json").read_text(encoding="utf-8"))
    plans["configurations"]["2d"]["spacing"] = [0.7, 0.7]
    edit_json(model / "plans.json", configurations=plans["configurations"])
    assert run(model) == 1
    captured = capsys.readouterr()
    assert "C012 embedded-plans-differ" in captured.out
    assert "fold_0 was trained with" in captured.out
    assert "was not written" in captured.err
    assert list(out.iterdir()) == []


def test_other_data_is_a_warning(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", numTraining=12)
    assert run(model) == 0
    said = capsys.readouterr().out
    assert "warning C012" in said
    assert "`numTraining` is `12`; fold_0 was trained with `10`" in said


def test_it_can_be_ignored(model: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (out / ".git").mkdir()
    (out / "model-lint.toml").write_text('ignore = {C012 = "only the name was corrected"}\n')
    edit_json(model / "dataset.json", numTraining=12)
    assert run(model) == 0
    assert "C012" not in capsys.readouterr().out


def test_a_checkpoint_of_another_fold_is_a_warning_once(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(MODEL / "fold_1", model / "fold_2")
    assert run(model, "--split-folds") == 0
    assert capsys.readouterr().out.count("C006 fold-differs") == 1


def test_only_the_checkpoint_that_is_packed_counts(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The final one was trained with 10 cases, and the best one, of another training, with 11."""
    fold = model / "fold_0"
    final = (fold / "checkpoint_final.pth").read_bytes()
    (fold / "checkpoint_best.pth").write_bytes(trained_with(final, b"\x0b"))
    best = ("--checkpoint", "checkpoint_best.pth")
    assert run(model, *best) == 0
    assert "`numTraining` is `10`; fold_0 was trained with `11`" in capsys.readouterr().out
    edit_json(model / "dataset.json", numTraining=11)
    assert run(model, *best, "--force") == 0
    assert "C012" not in capsys.readouterr().out
    assert run(model, "--force") == 0
    assert "`numTraining` is `11`; fold_0 was trained with `10`" in capsys.readouterr().out


def test_its_place_is_that_of_the_file(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0").rename(model / "fold_2")
    (model / "fold_2/checkpoint_final.pth").rename(model / "fold_2/checkpoint_best.pth")
    assert run(model, "--checkpoint", "checkpoint_best.pth") == 0
    before = capsys.readouterr().out.partition("    warning C006 fold-differs")[0]
    assert before.splitlines()[-1].strip().endswith("fold_2/checkpoint_best.pth")


def test_only_the_folds_that_are_packed_count(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(MODEL / "fold_1", model / "fold_1")
    path = model / "fold_1/checkpoint_final.pth"
    path.write_bytes(trained_with(path.read_bytes(), b"\x0b"))
    assert run(model) == 0
    assert "fold_1 was trained with `11`" in capsys.readouterr().out
    assert run(model, "--folds", "0", "--force") == 0
    assert "C012" not in capsys.readouterr().out


def test_an_orientation_that_is_added_is_no_edit(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", image_orientation=None)
    assert run(model, "--orientation", "RPI") == 0
    assert "C012" not in capsys.readouterr().out
    assert members(out / ZIP)
