"""Agreement of a segmentation with its reference: Dice, surface distances, volumes.

If a label is in neither image, they agree: Dice is 1 and distances are 0. If it is in only one of
them, Dice is 0 and the distance is NaN: such cases are counted, and left out of mean distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Agreement:
    """One label of one image, prediction against reference."""

    dice: float
    assd_mm: float
    """Average symmetric surface distance."""
    hd95_mm: float
    """95th percentile of the surface distances, the larger of both directions."""
    reference_mm3: float
    prediction_mm3: float


def agreement(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...]
) -> Agreement:
    """Compare two masks.

    Args:
        reference: boolean array.
        prediction: boolean array of the same shape.
        spacing: voxel size along each axis, in mm.

    Raises:
        ValueError: if the shapes differ.
    """
    if reference.shape != prediction.shape:
        raise ValueError(f"shapes differ: {reference.shape} and {prediction.shape}")
    voxel = math.prod(spacing)
    sizes = int(reference.sum()), int(prediction.sum())
    volumes = sizes[0] * voxel, sizes[1] * voxel
    if not any(sizes):
        return Agreement(1.0, 0.0, 0.0, *volumes)
    if not all(sizes):
        return Agreement(0.0, math.nan, math.nan, *volumes)
    dice = 2 * int((reference & prediction).sum()) / sum(sizes)
    there, back = surface_distances(reference, prediction, spacing)
    assd = (there.sum() + back.sum()) / (there.size + back.size)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return Agreement(dice, float(assd), float(hd95), *volumes)


def surface_distances(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each surface voxel to the other surface, in mm, in both directions.

    A surface voxel is a voxel of the mask with a neighbour (sharing a face) outside of it; the
    outside of the image counts as outside. Both masks must have voxels.
    """
    box = ndimage.find_objects((reference | prediction).astype(np.uint8))[0]
    first, second = surface(reference[box]), surface(prediction[box])
    to_second = ndimage.distance_transform_edt(~second, sampling=spacing)
    to_first = ndimage.distance_transform_edt(~first, sampling=spacing)
    return to_second[first], to_first[second]


def surface(mask: np.ndarray) -> np.ndarray:
    """Return the voxels of a mask that have a neighbour outside of it."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=0))
