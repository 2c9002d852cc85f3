"""The table of all cases, ``conversion.csv``: where each went, and a digest of its data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("case", "subject", "set", "fold", "orientation", "values", "note", "digest")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of ``conversion.csv``."""

    case: str
    subject: str
    set: str
    """``train``, ``test`` or ``skipped``."""
    fold: str = ""
    orientation: str = ""
    """Orientation of the first channel's file, in SCT's letters."""
    values: str = ""
    """Values of the label map besides the background: ``1 2``."""
    note: str = ""
    digest: str = ""
    """Digest of the voxels and grids of images and label map: what a training depends on."""


def to_csv(rows: Iterable[Row]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([getattr(row, column) for column in COLUMNS])
    return text.getvalue()


def read_rows(path: Path) -> list[Row]:
    """Read ``conversion.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(*(line.get(key) or "" for key in COLUMNS)) for line in csv.DictReader(file)]
