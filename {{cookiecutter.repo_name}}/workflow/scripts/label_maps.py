"""Label maps from label files: their values, the majority of raters, one map of several files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dataset_settings import LabelFile
from volumes import VolumeError

_ROUNDING = 1e-3
"""The largest distance of a label from a whole number."""
_NEGLIGIBLE = 1e-5
"""Distances of this size come from the files' numbers, not from a decision."""


def label_values(path: Path, array: np.ndarray, file: LabelFile) -> tuple[np.ndarray, str]:
    """Return a label volume as whole numbers, and a note if they were rounded.

    Raises:
        VolumeError: if a value is not whole (without a threshold) or not declared.
    """
    if file.threshold is not None:
        low, high = float(array.min()), float(array.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise VolumeError(
                f"{path}: contains the value {low if low < -_ROUNDING else high:.4g}; with a "
                "threshold in dataset.label_files, values are probabilities from 0 to 1"
            )
        return (array >= file.threshold).astype(np.int32), ""
    found = np.unique(array).astype(float)
    whole = np.rint(found)
    distance = np.abs(found - whole)
    if distance.max() > _ROUNDING:
        raise VolumeError(
            f"{path}: contains the value {found[distance.argmax()]:.4g}; label files need whole "
            "numbers: for probabilities, set a threshold in dataset.label_files in config.yaml"
        )
    allowed = {0, *file.values}
    wrong = sorted({int(value) for value in whole} - allowed)
    if wrong:
        raise VolumeError(
            f"{path}: contains the value {wrong[0]}, which dataset.label_files in config.yaml does "
            f"not declare; declared are {', '.join(map(str, sorted(allowed)))}"
        )
    rounded = f"{path.name}: values were rounded, by up to {distance.max():.2g}"
    return np.rint(array).astype(np.int32), rounded if distance.max() > _NEGLIGIBLE else ""


def majority(arrays: Sequence[np.ndarray], values: Iterable[int]) -> np.ndarray:
    """Return the value that more than half of the raters gave each voxel, else 0."""
    result = np.zeros_like(arrays[0])
    for value in values:
        votes = np.sum([array == value for array in arrays], axis=0)
        result[votes * 2 > len(arrays)] = value
    return result


def paint(parts: Iterable[tuple[np.ndarray, Mapping[int, int]]]) -> np.ndarray:
    """Paint label arrays over each other into one ``uint8`` map; the later part wins."""
    result: np.ndarray | None = None
    for array, mapping in parts:
        if result is None:
            result = np.zeros(array.shape, np.uint8)
        for source, target in mapping.items():
            result[array == source] = target
    if result is None:
        raise ValueError("nothing to paint")
    return result
