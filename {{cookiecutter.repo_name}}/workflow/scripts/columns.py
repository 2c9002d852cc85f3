"""What is shown of each kind of label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from settings import Settings


@dataclass(frozen=True)
class Column:
    """A number of a result, or a share over results."""

    name: str
    title: str
    digits: int


DICE = Column("dice", "Dice", 3)
SURFACE_DICE = Column("surface_dice", "Surface Dice", 3)
SENSITIVITY = Column("sensitivity", "Sensitivity", 2)
PRECISION = Column("precision", "Precision", 2)
F1 = Column("f1", "F1", 2)
DISTANCE = Column("distance_mm", "Distance (mm)", 2)
OVERLAP = (
    DICE,
    SURFACE_DICE,
    Column("assd_mm", "ASSD (mm)", 2),
    Column("hd95_mm", "HD95 (mm)", 2),
    Column("difference_mm3", "Volume bias (mm³)", 1),
    Column("difference_percent", "Volume bias (%)", 1),
)
COUNTS = (SENSITIVITY, PRECISION, F1)
COLUMNS = {
    "structure": OVERLAP,
    "lesions": (*OVERLAP, *COUNTS),
    "points": (*COUNTS, DISTANCE),
}
SHORT = {"structure": (DICE, SURFACE_DICE), "lesions": (DICE, F1), "points": (F1, DISTANCE)}
"""What is shown of groups, and of other models or raters."""


def labels_of(settings: Settings, kinds: Iterable[str]) -> list[str]:
    """Return the labels of these kinds."""
    return [label for label in settings.labels if settings.evaluation.kind(label) in set(kinds)]


def columns_of(settings: Settings, label: str) -> tuple[Column, ...]:
    """Return all that is shown of a label."""
    return COLUMNS[settings.evaluation.kind(label)]


def short_columns_of(settings: Settings, label: str) -> tuple[Column, ...]:
    """Return what is shown of a label in groups and comparisons."""
    return SHORT[settings.evaluation.kind(label)]
