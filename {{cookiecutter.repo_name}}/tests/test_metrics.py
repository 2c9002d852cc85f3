"""Metrics of masks whose agreement is known, and of random masks against their definitions."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.spatial.distance import cdist

from metrics import Agreement, agreement, surfaces

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of MONAI about itself
    from monai.metrics import compute_surface_dice
    from monai.metrics.utils import create_table_neighbour_code_to_surface_area


def box(start: int, stop: int, shape: tuple[int, int, int] = (20, 20, 20)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[start:stop, 5:15, 5:15] = True
    return mask


def blobs(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A random mask with parts of different sizes, also at the border of the image."""
    return np.asarray(ndimage.gaussian_filter(generator.normal(size=shape), 1) > 0.1)


def test_a_mask_agrees_with_itself() -> None:
    found = agreement(box(5, 15), box(5, 15), (0.5, 1.0, 2.0))
    assert found == Agreement(1.0, 1.0, 0.0, 0.0, 1000.0, 1000.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("voxels", [1, 2, 3])
def test_distances_are_in_millimetres_along_each_axis(axis: int, voxels: int) -> None:
    spacing = (0.5, 1.0, 3.0)
    reference = box(5, 15)
    shifted = np.roll(reference, voxels, axis)
    found = agreement(reference, shifted, spacing, tolerance_mm=voxels * spacing[axis])
    assert found.hd95_mm == pytest.approx(voxels * spacing[axis])
    assert found.dice == pytest.approx((10 - voxels) / 10)
    assert found.surface_dice == 1
    assert 0 < found.assd_mm < found.hd95_mm
    assert found.reference_mm3 == found.prediction_mm3 == pytest.approx(1500.0)
    less = agreement(reference, shifted, spacing, tolerance_mm=0.99 * voxels * spacing[axis])
    assert less.surface_dice < 1


def test_a_surface_counts_by_its_area_whatever_the_voxels_are() -> None:
    """The ends of a long box of thin slices are cut into as many voxels as its sides."""
    spacing = (0.5, 0.5, 5.0)
    mask = np.zeros((44, 44, 12), bool)
    mask[2:42, 2:42, 1:11] = True  # 20 x 20 x 50 mm
    surface, _ = surfaces(mask, mask, spacing)
    assert surface.areas.sum() == pytest.approx(2 * 20 * 20 + 4 * 20 * 50, rel=0.04)
    longer = mask.copy()
    longer[:, :, 0] = mask[:, :, 1]
    found = agreement(mask, longer, spacing, tolerance_mm=1)
    # Only an end of 400 mm2, and the new sides of 400 mm2, are away from the other surface.
    assert found.surface_dice == pytest.approx(1 - (400 + 400) / (4800 + 5200), abs=0.02)


def test_swapping_both_masks_changes_only_the_volumes() -> None:
    small, large = box(7, 12), box(5, 15)
    one, other = agreement(small, large, (1, 1, 1)), agreement(large, small, (1, 1, 1))
    assert (one.dice, one.surface_dice) == (other.dice, pytest.approx(other.surface_dice))
    assert (one.assd_mm, one.hd95_mm) == (pytest.approx(other.assd_mm), other.hd95_mm)
    assert (one.reference_mm3, one.prediction_mm3) == (500.0, 1000.0)


def test_empty_masks() -> None:
    nothing = np.zeros((20, 20, 20), bool)
    both = agreement(nothing, nothing, (1, 1, 1))
    numbers = (both.dice, both.surface_dice, both.assd_mm, both.hd95_mm)
    assert all(map(math.isnan, numbers))
    assert both.reference_mm3 == both.prediction_mm3 == 0
    for reference, prediction in ((box(5, 15), nothing), (nothing, box(5, 15))):
        found = agreement(reference, prediction, (1, 1, 2))
        assert found.dice == found.surface_dice == 0
        assert math.isnan(found.assd_mm)
        assert math.isnan(found.hd95_mm)
        assert sorted((found.reference_mm3, found.prediction_mm3)) == [0, 2000]


def test_masks_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        agreement(box(5, 15), np.zeros((3, 3, 3), bool), (1, 1, 1))


def by_definition(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...], tolerance: float
) -> tuple[float, ...]:
    """Compute surface Dice, average distance and 95th percentile pair by pair."""
    table, weights = (x.numpy() for x in create_table_neighbour_code_to_surface_area(spacing))
    places, areas = [], []
    for mask in (reference, prediction):
        cubes = np.lib.stride_tricks.sliding_window_view(np.pad(mask, 1), (2, 2, 2))
        codes = (cubes * weights.reshape(2, 2, 2).astype(int)).sum(axis=(-3, -2, -1))
        mixed = (codes != 0) & (codes != 255)
        places.append(np.argwhere(mixed) * spacing)
        areas.append(table[codes[mixed]].astype(float))
    distances = cdist(*places)
    gaps = distances.min(axis=1), distances.min(axis=0)
    near = sum(a[g <= tolerance + 1e-6].sum() for a, g in zip(areas, gaps, strict=True))
    total = sum(a.sum() for a in areas)
    mean = sum((a * g).sum() for a, g in zip(areas, gaps, strict=True)) / total
    ends = []
    for area, gap in zip(areas, gaps, strict=True):
        within = [area[gap <= distance].sum() for distance in np.sort(gap)]
        ends.append(np.sort(gap)[np.searchsorted(within, 0.95 * area.sum())])
    return near / total, mean, max(ends)


@pytest.mark.parametrize("seed", range(30))
def test_random_masks_agree_as_defined(seed: int) -> None:
    generator = np.random.default_rng(seed)
    shape = tuple(int(n) for n in generator.integers(2, 10, 3))
    spacing = tuple(float(s) for s in generator.choice([0.3, 0.5, 1.0, 1.7, 5.0], 3))
    tolerance = float(generator.choice([0.3, 0.5, 1.0, 2.0]))
    reference, prediction = blobs(generator, shape), blobs(generator, shape)
    found = agreement(reference, prediction, spacing, tolerance)
    both = int(reference.sum()) + int(prediction.sum())
    shared = sum(bool(a and b) for a, b in zip(reference.flat, prediction.flat, strict=True))
    if both:
        assert found.dice == pytest.approx(2 * shared / both)
    if not (reference.any() and prediction.any()):
        assert math.isnan(found.hd95_mm)
        return
    wanted = by_definition(reference, prediction, spacing, tolerance)
    numbers = (found.surface_dice, found.assd_mm, found.hd95_mm)
    assert numbers == pytest.approx(wanted, abs=1e-5)
    masks = (torch.from_numpy(mask)[None, None] for mask in (prediction, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = compute_surface_dice(
            *masks, [tolerance], include_background=True, spacing=spacing, use_subvoxels=True
        )
    assert found.surface_dice == pytest.approx(library.item(), abs=1e-5)
