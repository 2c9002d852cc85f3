"""Read and check NIfTI volumes; every error is one line that names the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from orientation import orientation_of


class VolumeError(ValueError):
    """A volume is invalid; the text is one line that names the file."""


GEOMETRY_TOLERANCE = 0.05
"""Largest distance of two grids at any corner, as a share of the smallest voxel side."""


def read_volume(path: Path) -> nib.Nifti1Image:
    """Read a three-dimensional NIfTI volume.

    A fourth dimension of length one, which some converters add, is removed. Integers of 64 bits,
    which nibabel writes only on request, become 64-bit floats.

    Raises:
        VolumeError: if the file is unreadable, not three-dimensional or empty, if a value is not a
            finite real number of 32 bits, or if the axes have no direction.
    """
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
    return nib.Nifti1Image(array, image.affine)


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


def label_values(path: Path, array: np.ndarray, declared: Iterable[int]) -> np.ndarray:
    """Return a label volume as whole numbers, after checking that all its values are declared.

    Raises:
        VolumeError: if a value is not whole (soft segmentations) or not declared.
    """
    found = np.unique(array)
    whole = np.rint(found.astype(float))
    odd = found[np.abs(found - whole) > 1e-3]
    if odd.size:
        raise VolumeError(
            f"{path}: contains the value {odd[0]:.4g}; label files need whole numbers, so binarize "
            "soft segmentations"
        )
    allowed = {0, *declared}
    wrong = sorted({int(value) for value in whole} - allowed)
    if wrong:
        raise VolumeError(
            f"{path}: contains the value {wrong[0]}, which dataset.label_files in config.yaml does "
            f"not declare; declared are {', '.join(map(str, sorted(allowed)))}"
        )
    return np.rint(array).astype(np.int32)


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
