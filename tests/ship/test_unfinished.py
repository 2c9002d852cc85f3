"""Folds whose training was not finished, was resumed, or differs from the others."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoint_files import GENUINE, PREFIX, member, rezipped
from packing import ZIP, edit_json, members, run

FINAL, LATEST, BEST = (f"checkpoint_{name}.pth" for name in ("final", "latest", "best"))


def of_epoch(epoch: int) -> bytes:
    """The genuine checkpoint, of 30 epochs, as it would be after fewer."""
    pickle = member(GENUINE.read_bytes(), "data.pkl")
    key = b"X\x0d\x00\x00\x00current_epoch"
    found = re.search(re.escape(key) + rb"(?:q.|r....)K(.)", pickle, re.DOTALL)
    assert found
    assert found[1] == bytes([30])
    changed = pickle[: found.start(1)] + bytes([epoch]) + pickle[found.end(1) :]
    return rezipped(GENUINE.read_bytes(), {"data.pkl": changed})


def second_fold(model: Path) -> Path:
    return Path(shutil.copytree(model / "fold_0", model / "fold_1"))


@pytest.mark.parametrize(
    ("left", "says"),
    [
        ({LATEST: 12}, "(fold_1 stopped after epoch 12 of 30)"),
        ({LATEST: 12, BEST: 9}, "(fold_1 stopped after epoch 12 of 30)"),
        ({BEST: 9}, "(fold_1 has only checkpoint_best.pth, of epoch 9 of 30)"),
        ({}, "(fold_1 has no checkpoint)"),
    ],
)
def test_what_is_left_of_a_training(
    left: dict[str, int], says: str, model: Path, refused: Callable[..., str]
) -> None:
    fold = second_fold(model)
    (fold / FINAL).unlink()
    for name, epoch in left.items():
        (fold / name).write_bytes(of_epoch(epoch))
    said = refused(model)
    assert (
        f"no checkpoint_final.pth in fold_1: its training isn't finished {says}; finish it" in said
    )
    assert "or pack the others with --folds 0" in said


def test_an_unreadable_checkpoint_is_called_so(model: Path, refused: Callable[..., str]) -> None:
    (model / "fold_0" / FINAL).rename(model / "fold_0" / LATEST)
    (model / "fold_0" / LATEST).write_bytes(b"")
    assert "(fold_0: checkpoint_latest.pth is unreadable)" in refused(model)


def test_a_renamed_checkpoint_is_pointed_out(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0" / FINAL).write_bytes(of_epoch(17))
    assert run(model) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "fold_0/checkpoint_final.pth is of epoch 17 of 30: another checkpoint was renamed" in said
    )


def test_folds_of_different_lengths(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fold = second_fold(model)
    (fold / FINAL).write_bytes(of_epoch(20))
    edit_json(fold / "debug.json", num_epochs="20")
    assert run(model) == 0
    said = capsys.readouterr().out
    assert "the folds were trained for different numbers of epochs: fold_0 30, fold_1 20" in said


def test_a_training_that_was_begun_again(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0" / LATEST).write_bytes(of_epoch(3))
    assert run(model) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "fold_0 has a checkpoint_latest.pth too, which nnU-Net removes at the end" in said
    assert members(out / ZIP)


def test_a_resumed_training_has_several_logs(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (log,) = (model / "fold_0").glob("*.txt")
    shutil.copy(log, log.with_name("training_log_2026_11_24_07_00_00.txt"))
    assert run(model) == 0
    assert "fold_0 was trained in 2 runs; the logs of all are packed" in capsys.readouterr().out


def test_another_checkpoint_says_its_epoch(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0" / BEST).write_bytes(of_epoch(25))
    assert run(model, "--checkpoint", BEST) == 0
    assert "fold_0/checkpoint_best.pth is of epoch 25 of 30\n" in capsys.readouterr().out


def test_a_plain_training_needs_no_remark(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second_fold(model)
    assert run(model) == 0
    said = capsys.readouterr().out
    assert not re.search(r"epoch \d|epochs:|runs;|latest", said)
    assert PREFIX in said
