"""What the files of a fold say of its training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from build import MODEL
from checkpoint_files import GENUINE, file_of
from model_lint.checkpoint.model import Checkpoint
from model_lint.checkpoint.reader import read_checkpoint
from model_lint.ship.training import Training, training_of

TIME = "2026-11-23 07:58:35.103921: "
FIRST, SECOND = "training_log_2026_9_23_08_00_00.txt", "training_log_2026_11_3_08_00_00.txt"


def log(*epochs: int, done: bool = True, dice: str = "") -> str:
    lines = [f"{TIME}Epoch {epoch} " for epoch in epochs]
    lines += [f"{TIME}Training done. "] * done
    lines += [f"{TIME}Mean Validation Dice:  {dice} "] * bool(dice)
    return "\n".join(lines)


def test_a_genuine_fold() -> None:
    fold = MODEL / "fold_0"
    paths = (*fold.glob("*.json"), *fold.glob("*.txt"))
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    checkpoint = read_checkpoint(file_of(GENUINE.read_bytes()))
    assert isinstance(checkpoint, Checkpoint)
    expected = Training("fold_0", 30, 30, 1, torch="2.15.0+cu132")
    assert training_of("fold_0", texts, checkpoint) == expected
    assert training_of("fold_0", texts) == expected  # the log says the same


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, Training("f")),
        ({FIRST: log(0, 1, done=False)}, Training("f", None, None, 1)),
        ({FIRST: log(0, 1, dice="0.8125")}, Training("f", 2, None, 1, 0.8125)),
        ({FIRST: log(0, 1, dice="np.float64(0.75)")}, Training("f", 2, None, 1, 0.75)),
        ({FIRST: log(0, 1, dice="nan")}, Training("f", 2, None, 1)),
        # Nine comes before eleven: nnU-Net writes months without a zero.
        ({SECOND: log(2, 3), FIRST: log(0, 1, done=False)}, Training("f", 4, None, 2)),
        # The second log is of `nnUNetv2_train --val`.
        (
            {FIRST: log(0, 1), SECOND: log(done=False, dice="0.5")},
            Training("f", 2, None, 1, 0.5),
        ),
        ({"debug.json": '{"num_epochs": "1000"}'}, Training("f", None, 1000)),
        ({"debug.json": "no JSON", "notes.txt": log(0, dice="0.5")}, Training("f")),
    ],
)
def test_what_logs_say(texts: dict[str, str], expected: Training) -> None:
    assert training_of("f", texts) == expected


@pytest.mark.parametrize(
    ("summary", "by_label"),
    [
        ({"mean": {"1": {"Dice": 0.5}, "(1, 2)": {"Dice": 1}}}, {"1": 0.5, "(1, 2)": 1}),
        ({"mean": {"1": {"Dice": None}, "2": {"Dice": 0.5}}}, {"2": 0.5}),
        ({"mean": []}, {}),
        ({"mean": {"1": {}}}, {}),
        ([], {}),
    ],
)
def test_what_a_summary_says(summary: object, by_label: dict[str, float]) -> None:
    assert training_of("f", {}, summary=json.dumps(summary)).by_label == by_label


def test_a_summary_that_is_no_json(tmp_path: Path) -> None:
    assert training_of("f", {}, summary="{").by_label == {}
