"""A volume in memory: its voxels and where they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import nibabel as nib
import numpy as np
from nibabel.affines import voxel_sizes

from orientation import orientation_of, reorient_affine, reorient_array

GEOMETRY_TOLERANCE = 0.05
"""Largest distance of two grids at any corner, as a share of the smallest voxel side."""


class VolumeError(ValueError):
    """A volume is invalid; the text is one line that names the file."""


@dataclass(frozen=True)
class Volume:
    """A volume in memory; nibabel's images cost more time than the arrays of small ones."""

    array: np.ndarray
    """Of three dimensions."""
    affine: np.ndarray
    """Voxel to world (RAS+, mm), 4 x 4."""
    note: str = ""
    """What is unusual about its file."""

    @property
    def orientation(self) -> str:
        """In SCT's letters."""
        return orientation_of(self.affine)

    @property
    def spacing(self) -> tuple[float, ...]:
        """The voxel size along each axis (mm), with the 32 bits that NIfTI has for it."""
        return tuple(float(size) for size in voxel_sizes(self.affine).astype(np.float32))


def reorient(volume: Volume, wanted: str) -> Volume:
    """Return ``volume`` in the orientation ``wanted`` (SCT's letters).

    Raises:
        ValueError: if the volume has no orientation, or ``wanted`` is not an orientation.
    """
    current = volume.orientation
    if current == wanted:
        return volume
    array, affine = volume.array, volume.affine
    return replace(
        volume,
        array=reorient_array(array, current, wanted),
        affine=reorient_affine(affine, array.shape, current, wanted),
    )


def to_nifti(volume: Volume) -> nib.Nifti1Image:
    """Return an image with a new header: that of a file may contain names, dates and scaling."""
    header = nib.Nifti1Header()
    header.set_data_dtype(volume.array.dtype)
    header.set_xyzt_units("mm")
    header.set_sform(volume.affine, code=1)
    header.set_qform(volume.affine, code=1)
    return nib.Nifti1Image(volume.array, volume.affine, header)


def same_grid(first: Volume, second: Volume) -> str:
    """Return how the voxel grids of two volumes differ; an empty string if they agree.

    Grids agree if their shapes are equal and no corner of one is further than
    ``GEOMETRY_TOLERANCE`` of a voxel from that of the other.
    """
    shape = first.array.shape
    if shape != second.array.shape:
        return f"shape {_shape(first)} against {_shape(second)}"
    corners = np.array([(*corner, 1.0) for corner in product(*((0, n - 1) for n in shape))])
    gap = np.linalg.norm((corners @ (first.affine - second.affine).T)[:, :3], axis=1).max()
    voxel = min(float(np.linalg.norm(first.affine[:3, axis])) for axis in range(3))
    if gap > GEOMETRY_TOLERANCE * voxel:
        return f"they are up to {gap:.3g} mm apart (position, voxel size or direction differ)"
    return ""


def _shape(volume: Volume) -> str:
    return "x".join(str(n) for n in volume.array.shape)
