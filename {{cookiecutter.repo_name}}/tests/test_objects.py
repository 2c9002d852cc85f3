"""Lesions and points that match, against every way to match them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import ndimage

from objects import Matches, match_lesions, match_points

EMPTY = np.zeros((12, 12, 12), bool)


def cubes(*corners: tuple[int, int, int], size: int = 2) -> np.ndarray:
    mask = EMPTY.copy()
    for x, y, z in corners:
        mask[x : x + size, y : y + size, z : z + size] = True
    return mask


def counts(found: Matches) -> tuple[int, int, int]:
    return found.reference, found.prediction, found.found


def test_lesions_are_found_missed_or_false() -> None:
    reference = cubes((0, 0, 0), (4, 4, 4), (8, 8, 8))
    prediction = cubes((0, 0, 0), (4, 4, 5), (9, 0, 9))
    # The second pair shares 4 of 12 voxels.
    assert counts(match_lesions(reference, prediction, 0.33)) == (3, 3, 2)
    assert counts(match_lesions(reference, prediction, 0.34)) == (3, 3, 1)


def test_voxels_that_share_a_corner_are_one_lesion() -> None:
    assert match_lesions(cubes((0, 0, 0), (2, 2, 2)), EMPTY, 0.1).reference == 1
    assert match_lesions(cubes((0, 0, 0), (3, 2, 2)), EMPTY, 0.1).reference == 2


def test_a_lesion_has_one_match() -> None:
    whole, halves = cubes((0, 0, 0), size=5), cubes((0, 0, 0), size=5)
    halves[2] = False
    assert counts(match_lesions(whole, halves, 0.1)) == (1, 2, 1)
    assert counts(match_lesions(halves, whole, 0.1)) == (2, 1, 1)


def test_as_many_lesions_match_as_possible() -> None:
    """The best pair is not chosen if two others match without it."""
    reference, prediction = EMPTY.copy(), EMPTY.copy()
    reference[0, 0, 0:4] = reference[0, 0, 5:8] = True
    prediction[0, 0, 2:7] = prediction[0, 0, 0] = True
    assert counts(match_lesions(reference, prediction, 0.2)) == (2, 2, 2)


def test_empty_masks() -> None:
    one = cubes((4, 4, 4))
    for reference, prediction in itertools.product((EMPTY, one), repeat=2):
        wanted = (int(reference.any()), int(prediction.any()), int((reference & prediction).any()))
        assert counts(match_lesions(reference, prediction, 0.1)) == wanted
        points = match_points(reference, prediction, (1, 1, 1), 5)
        assert counts(points) == wanted
        assert points.distance_mm == 0 if wanted[2] else math.isnan(points.distance_mm)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_distance_of_points_is_in_millimetres(axis: int) -> None:
    spacing = (0.5, 1.0, 3.0)
    reference = cubes((4, 4, 4))
    moved = np.roll(reference, 2, axis)
    apart = 2 * spacing[axis]
    assert match_points(reference, moved, spacing, apart + 0.01).distance_mm == pytest.approx(apart)
    missed = match_points(reference, moved, spacing, apart - 0.01)
    assert counts(missed) == (1, 1, 0)
    assert math.isnan(missed.distance_mm)


def test_each_point_has_one_match_and_the_nearest_are_chosen() -> None:
    reference = cubes((0, 0, 0), (8, 0, 0), size=1)
    prediction = cubes((1, 0, 0), (3, 0, 0), (9, 0, 0), size=1)
    found = match_points(reference, prediction, (1, 1, 1), 5)
    assert counts(found) == (2, 3, 2)
    assert found.distance_mm == 1


def every_matching(close: np.ndarray) -> int:
    """Return the most pairs that any matching has, trying all."""
    small = close if close.shape[0] <= close.shape[1] else close.T
    rows, columns = small.shape
    return max(
        sum(small[row, column] for row, column in zip(range(rows), order, strict=True))
        for order in itertools.permutations(range(columns), rows)
    )


@pytest.mark.parametrize("seed", range(40))
def test_random_lesions_match_as_defined(seed: int) -> None:
    generator = np.random.default_rng(seed)
    masks = [ndimage.gaussian_filter(generator.normal(size=(9, 9, 4)), 1) > 0.25 for _ in range(2)]
    parts = []
    for mask in masks:
        labels, number = ndimage.label(mask, np.ones((3, 3, 3)))
        parts.append([labels == k for k in range(1, number + 1)][:7])
    masks = [np.any(own, axis=0) if own else np.zeros((9, 9, 4), bool) for own in parts]
    shared = [[(a & b).sum() / (a | b).sum() for b in parts[1]] for a in parts[0]]
    close = np.array(shared).reshape(len(parts[0]), len(parts[1])) >= 0.1
    found = match_lesions(*masks, 0.1)
    assert counts(found) == (*close.shape, every_matching(close))
