"""The results of the evaluation, one for each image and label, and their table.

The numbers of a result depend on what its label is (``evaluation.kinds`` in config.yaml):

=========  ==========================================================
structure  overlap, surface distances, volumes
lesions    the same, and counts of lesions
points     counts of points, and their distance
=========  ==========================================================
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from evaluation_settings import FIRST, NUMBERS
from metrics import Agreement, agreement
from objects import match_lesions, match_points
from settings import Settings


@dataclass(frozen=True, slots=True)
class Result:
    """One label of one image."""

    case: str
    subject: str
    label: str
    numbers: Mapping[str, float]
    """By the names in ``NUMBERS``; one that is missing or NaN is not defined."""
    groups: Mapping[str, str]
    """``{"contrast": "T2w", "pathology": "MS"}``."""

    def number(self, name: str) -> float:
        """Return a number; NaN if it is not defined."""
        return self.numbers.get(name, math.nan)


def main_number(result: Result) -> float:
    """Return Dice, or for points the F1 score; NaN if it is not defined."""
    if "dice" in result.numbers:
        return result.number("dice")
    points = result.number("reference") + result.number("prediction")
    return 2 * result.number("found") / points if points else math.nan


def compare(
    reference: np.ndarray,
    prediction: np.ndarray,
    spacing: tuple[float, ...],
    settings: Settings,
) -> dict[str, dict[str, float]]:
    """Compare two label maps, label by label; a region is the union of its values.

    Voxels whose reference is the ignore label are ignored in both maps.
    """
    if settings.ignore is not None:
        prediction = np.where(reference == settings.ignore, 0, prediction)
    wanted = settings.evaluation
    found = {}
    for label, values in settings.labels.items():
        masks = np.isin(reference, values), np.isin(prediction, values)
        kind = wanted.kind(label)
        if kind == "points":
            found[label] = asdict(match_points(*masks, spacing, wanted.point_distance_mm))
            continue
        numbers = _numbers(agreement(*masks, spacing, wanted.tolerance(label)))
        if kind == "lesions":
            numbers |= asdict(match_lesions(*masks, wanted.lesion_overlap))
        found[label] = numbers
    return found


def _numbers(value: Agreement) -> dict[str, float]:
    difference = value.prediction_mm3 - value.reference_mm3
    percent = 100 * difference / value.reference_mm3 if value.reference_mm3 else math.nan
    return asdict(value) | {"difference_mm3": difference, "difference_percent": percent}


def to_csv(results: Iterable[Result]) -> str:
    """Return results as the text of a CSV file; a number that is not defined is empty."""
    results = list(results)
    groups = list(results[0].groups) if results else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIRST, *groups, *NUMBERS])
    for result in results:
        own = [getattr(result, name) for name in FIRST]
        numbers = [shown(result.number(name)) for name in NUMBERS]
        writer.writerow([*own, *(result.groups[name] for name in groups), *numbers])
    return text.getvalue()


def shown(number: float) -> str:
    """Return a number for a table; empty if it is not defined."""
    return f"{round(number, 4):.10g}" if math.isfinite(number) else ""


def read_csv(text: str) -> list[Result]:
    """Read the results from a table; what is empty is not defined."""
    lines = list(csv.DictReader(io.StringIO(text)))
    groups = [name for name in (lines[0] if lines else {}) if name not in {*FIRST, *NUMBERS}]
    return [
        Result(
            **{name: line[name] for name in FIRST},
            numbers={name: float(line[name]) for name in NUMBERS if line[name]},
            groups={name: line[name] for name in groups},
        )
        for line in lines
    ]
