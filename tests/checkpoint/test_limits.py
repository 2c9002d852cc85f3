"""The limits on each checkpoint leave room for genuine ones, however many a package has."""

from __future__ import annotations

import gc
import io
import weakref

import pytest
from model_lint.checkpoint.limits import ALONE, TOGETHER, Limits, limits_of_each
from model_lint.checkpoint.pickle_machine import Machine

#: What checkpoints need that nnU-Net wrote after 1000 epochs: of the default 3D U-Net, of ResEncXL
#: in 2D, and of ResEncXL with 118 labels; and one of 50 labels after 8000 epochs.
DEFAULT = Limits(12_859, 492_288, 16_233, 1_700_000, 175)
LARGEST_NETWORK = Limits(55_009, 734_674, 77_940, 3_600_000, 209)
LABELS = Limits(34_189, 7_433_856, 53_049, 21_100_000, 555)
EPOCHS = Limits(12_395, 25_999_513, 51_149, 71_700_000, 533)


def test_one_checkpoint_has_the_limits_of_one_alone() -> None:
    assert limits_of_each(1) == ALONE


@pytest.mark.parametrize("checkpoints", [2, 5, 25, 50, 200])
def test_all_together_stay_below_the_limits(checkpoints: int) -> None:
    for each, together in zip(limits_of_each(checkpoints), TOGETHER, strict=True):
        assert each * checkpoints <= together


@pytest.mark.parametrize(
    ("checkpoints", "genuine"),
    [(50, DEFAULT), (25, LARGEST_NETWORK), (5, LABELS), (1, EPOCHS)],
    ids=["fifty folds", "25 of the largest network", "118 labels", "8000 epochs"],
)
def test_genuine_checkpoints_are_read(checkpoints: int, genuine: Limits) -> None:
    limits = limits_of_each(checkpoints)
    assert all(need < most for need, most in zip(genuine, limits, strict=True))


@pytest.mark.parametrize("data", [b"\x80\x02" + b"}" * 200, b"\x80\x02(I1\n", b"\x80\x02"])
def test_the_values_of_a_refused_pickle_are_not_kept(data: bytes) -> None:
    machine = Machine(io.BytesIO(data).read, ALONE._replace(opcodes=100))
    gone = weakref.ref(machine)
    gc.disable()
    try:
        machine.run()
        assert machine.issues
        del machine
        assert gone() is None
    finally:
        gc.enable()
