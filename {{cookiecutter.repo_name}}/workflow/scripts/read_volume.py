"""Read and check a volume; every error is one line that names the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from images import MICROSCOPY
from microscopy import read_slice
from orientation import orientation_of
from volumes import Volume, VolumeError


def read_volume(path: Path, orientation: str = "RPI", affine: np.ndarray | None = None) -> Volume:
    """Read a three-dimensional NIfTI volume, or an image of microscopy as a volume of one slice.

    A fourth dimension of length one, which some converters add, is removed. Integers of 64 bits,
    which nibabel writes only on request, become 64-bit floats.

    Args:
        path: the file.
        orientation: of an image of microscopy, which has none of its own, in SCT's letters.
        affine: of a label file of microscopy, which has no pixel size of its own: the image's.

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
    return Volume(array, image.affine, note)
