"""Read and check NIfTI volumes; every error is one line that names the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from dataset_settings import LabelFile
from images import MICROSCOPY
from microscopy import VolumeError, read_slice
from orientation import orientation_of

GEOMETRY_TOLERANCE = 0.05
"""Largest distance of two grids at any corner, as a share of the smallest voxel side."""
_ROUNDING = 1e-3
"""The largest distance of a label from a whole number."""
_NEGLIGIBLE = 1e-5
"""Distances of this size come from the files' numbers, not from a decision."""


def read_volume(
    path: Path, orientation: str = "RPI", affine: np.ndarray | None = None
) -> nib.Nifti1Image:
    """Read a three-dimensional NIfTI volume, or an image of microscopy as a volume of one slice.

    A fourth dimension of length one, which some converters add, is removed. Integers of 64 bits,
    which nibabel writes only on request, become 64-bit floats.

    Args:
        path: the file.
        orientation: of an image of microscopy, which has none of its own, in SCT's letters.
        affine: of a label file of microscopy, which has no pixel size of its own: the image's.

    Returns:
        The volume; ``extra["note"]`` is what is unusual about it.

    Raises:
        VolumeError: if the file is unreadable, not three-dimensional or empty, if a value is not a
            finite real number of 32 bits, or if the axes have no direction.
    """
    if path.name.endswith(MICROSCOPY):
        return read_slice(path, orientation, affine)
    try:
        image: Any = nib.load(path)
        array = np.asanyarray(image.dataobj)
    except Exception as error:  # noqa: BLE001 - nibabel and zlib raise many kinds; all mean this
        raise VolumeError(
            f"{path}: can't be read as NIfTI: {' '.join(str(error).split())}"
        ) from None
    if array.dtype.fields is not None or np.iscomplexobj(array):
        raise VolumeError(f"{path}: contains {array.dtype} voxels; each must be one real number")
    shape = array.shape
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise VolumeError(
            f"{path}: is {array.ndim}D ({'x'.join(map(str, shape))}); it must be one 3D volume"
        )
    if array.size == 0:
        raise VolumeError(f"{path}: has no voxels")
    if not np.isfinite(array).all():
        raise VolumeError(f"{path}: contains NaN or infinite values")
    if array.dtype.itemsize > 4:
        array = array.astype(np.float64, copy=False)
        if max(array.max(), -array.min()) > np.finfo(np.float32).max:
            raise VolumeError(f"{path}: contains values beyond those of 32-bit floats")
    try:
        orientation_of(image.affine)
    except ValueError as error:
        raise VolumeError(f"{path}: {error}") from None
    note = f"{path.name}: is {len(shape)}D with one volume" if len(shape) > 3 else ""
    return nib.Nifti1Image(array, image.affine, extra={"note": note})


def same_grid(first: Any, second: Any) -> str:
    """Return how the voxel grids of two images differ; an empty string if they agree.

    Grids agree if their shapes are equal and no corner of one is further than
    ``GEOMETRY_TOLERANCE`` of a voxel from that of the other.
    """
    if first.shape != second.shape:
        return f"shape {_shape(first)} against {_shape(second)}"
    corners = np.array([(*corner, 1.0) for corner in product(*((0, n - 1) for n in first.shape))])
    gap = np.linalg.norm((corners @ (first.affine - second.affine).T)[:, :3], axis=1).max()
    voxel = min(float(np.linalg.norm(first.affine[:3, axis])) for axis in range(3))
    if gap > GEOMETRY_TOLERANCE * voxel:
        return f"they are up to {gap:.3g} mm apart (position, voxel size or direction differ)"
    return ""


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


def _shape(image: Any) -> str:
    return "x".join(str(n) for n in image.shape)
