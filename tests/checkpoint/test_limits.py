"""The limits on each checkpoint leave room for genuine ones, however many a package has."""

from __future__ import annotations

import pytest
from model_lint.checkpoint.limits import ALONE, TOGETHER, limits_of_each

#: Of a checkpoint with 31 million parameters and a log of 1000 epochs, as nnU-Net writes it.
DIRECTORY, PICKLE, OPCODES, CONTAINERS = 17_255, 492_288, 115_000, 16_276


def test_one_checkpoint_has_the_limits_of_one_alone() -> None:
    assert limits_of_each(1) == ALONE


@pytest.mark.parametrize("checkpoints", [2, 5, 25, 50, 200])
def test_all_together_stay_below_the_limits(checkpoints: int) -> None:
    for each, together in zip(limits_of_each(checkpoints), TOGETHER, strict=True):
        assert each * checkpoints <= together


def test_fifty_genuine_checkpoints_are_read() -> None:
    genuine = (DIRECTORY, PICKLE, OPCODES, CONTAINERS)
    assert all(need < most for need, most in zip(genuine, limits_of_each(50), strict=True))


def test_five_folds_of_8000_epochs_are_read() -> None:
    limits = limits_of_each(5)
    assert limits.pickle > 8 * PICKLE
    assert limits.containers > 8 * CONTAINERS
