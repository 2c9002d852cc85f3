"""How well two masks agree: overlap, distance of their surfaces, volume.

A number that is not defined is NaN, and NaN is never shown or averaged:

===============  ====  ============  =========  =======
mask is empty    Dice  surface Dice  distances  volumes
===============  ====  ============  =========  =======
in one image     0     0             NaN        0 and v
in both          NaN   NaN           NaN        0 and 0
===============  ====  ============  =========  =======

The surface elements, with their areas and distances in mm, are MONAI's: it is maintained, typed and
needs only PyTorch. (DeepMind's surface-distance 0.1 computes the same and fails with NumPy 2;
panoptica and seg-metrics need versions that nnU-Net does not have, or a user interface.) An element
counts by its area, so the result does not depend on how many voxels a surface is cut into.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """One label of one image, prediction against reference."""

    dice: float
    surface_dice: float
    """Share of both surfaces that is no further than the tolerance from the other one."""
    assd_mm: float
    """Average symmetric surface distance."""
    hd95_mm: float
    """95th percentile of the surface distances, the larger of both directions."""
    reference_mm3: float
    prediction_mm3: float


def agreement(
    reference: np.ndarray,
    prediction: np.ndarray,
    spacing: tuple[float, ...],
    tolerance_mm: float = 1.0,
) -> Agreement:
    """Compare two masks.

    Args:
        reference: boolean array of three dimensions.
        prediction: boolean array of the same shape.
        spacing: voxel size along each axis, in mm.
        tolerance_mm: the distance up to which surfaces agree.

    Raises:
        ValueError: if the shapes differ.
    """
    if reference.shape != prediction.shape:
        raise ValueError(f"shapes differ: {reference.shape} and {prediction.shape}")
    voxel = math.prod(spacing)
    sizes = int(reference.sum()), int(prediction.sum())
    volumes = sizes[0] * voxel, sizes[1] * voxel
    if not all(sizes):
        overlap = 0.0 if any(sizes) else math.nan
        return Agreement(overlap, overlap, math.nan, math.nan, *volumes)
    dice = 2 * int((reference & prediction).sum()) / sum(sizes)
    return Agreement(dice, *_distances(reference, prediction, spacing, tolerance_mm), *volumes)


class Surface(NamedTuple):
    """The elements of one mask's surface."""

    areas: np.ndarray
    """In mm²."""
    distances: np.ndarray
    """To the surface of the other mask, in mm."""


def surfaces(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...]
) -> tuple[Surface, Surface]:
    """Return the surfaces of two masks, neither of them empty. What is outside is background."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MONAI calls a function of its own that it deprecates
        from monai.metrics.utils import get_edge_surface_distance

        edges, distances, areas = get_edge_surface_distance(
            torch.from_numpy(prediction),
            torch.from_numpy(reference),
            spacing=spacing,
            use_subvoxels=True,
            symmetric=True,
        )
    found, true = (
        Surface(a[e].numpy().astype(float), d.numpy().astype(float))
        for e, d, a in zip(edges, distances, areas, strict=True)
    )
    return true, found


def _distances(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...], tolerance_mm: float
) -> tuple[float, float, float]:
    """Return the surface Dice, the average distance and the 95th percentile."""
    both = surfaces(reference, prediction, spacing)
    areas, distances = (np.concatenate(parts) for parts in zip(*both, strict=True))
    # MONAI's distances have 32 bits: 0.3 mm may be a little more than 0.3.
    within = areas[distances <= tolerance_mm + 1e-5 * min(spacing)].sum()
    mean = (areas * distances).sum() / areas.sum()
    return float(within / areas.sum()), float(mean), max(map(_percentile_95, both))


def _percentile_95(surface: Surface) -> float:
    """Return the distance that 95 % of a surface's area does not exceed."""
    order = np.argsort(surface.distances)
    area = np.cumsum(surface.areas[order])
    place = np.searchsorted(area, 0.95 * area[-1])
    return float(surface.distances[order][min(place, area.size - 1)])
