"""The part ``evaluation`` of ``config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config_schema import local_path

FIRST = ("case", "subject", "label")
"""The first columns of the results; those of the groups follow, and then the numbers."""
NUMBERS = (
    *("dice", "surface_dice", "assd_mm", "hd95_mm"),
    *("reference_mm3", "prediction_mm3", "difference_mm3", "difference_percent"),
    *("reference", "prediction", "found", "distance_mm"),
)
MODEL = "model"
"""The model itself, where it is compared with others."""


@dataclass(frozen=True)
class Evaluation:
    """How the test set is judged, and where the results are written."""

    kinds: Mapping[str, str]
    """Label -> ``structure``, ``lesions`` or ``points``."""
    tolerance_mm: float | Mapping[str, float]
    lesion_overlap: float
    point_distance_mm: float
    groups: tuple[str, ...]
    compare: Mapping[str, Path]
    """Name of another model or rater -> folder of its label maps."""
    minimum_dice: Mapping[str, float]
    readme: Path | None
    figures: Path
    results: Path

    def kind(self, label: str) -> str:
        """Return what a label is: ``structure``, ``lesions`` or ``points``."""
        return self.kinds.get(label, "structure")

    def tolerance(self, label: str) -> float:
        """Return the distance up to which two surfaces of a label agree, in mm."""
        tolerance = self.tolerance_mm
        return tolerance.get(label, 1.0) if isinstance(tolerance, Mapping) else tolerance


def read_evaluation(c: Mapping[str, Any]) -> Evaluation:
    """Return the checked configuration as ``Evaluation``."""
    return Evaluation(
        kinds=c["kinds"],
        tolerance_mm=c["tolerance_mm"],
        lesion_overlap=c["lesion_overlap"],
        point_distance_mm=c["point_distance_mm"],
        groups=tuple(c["groups"]),
        compare={name: local_path(folder) for name, folder in c["compare"].items()},
        minimum_dice=c["minimum_dice"],
        readme=local_path(c["readme"]) if c["readme"] else None,
        figures=local_path(c["figures"]),
        results=local_path(c["results"]),
    )
