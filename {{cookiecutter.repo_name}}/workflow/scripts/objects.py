"""Count lesions and points: which of the reference are found, which of the prediction are false.

Each connected part of a mask (voxels that share a corner are connected) is one lesion or one point.
One of the reference and one of the prediction match if they are close enough: lesions by their
overlap (intersection over union), points by the distance of their centres of mass. Each has at most
one match, and as many match as possible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

CONNECTED: np.ndarray = np.ones((3, 3, 3), bool)


@dataclass(frozen=True)
class Matches:
    """The lesions or points of one label of one image."""

    reference: int
    prediction: int
    found: int
    """Those of the reference that have a match."""
    distance_mm: float = math.nan
    """Mean distance of the points that match; NaN for lesions, and if no point matches."""


def match_lesions(reference: np.ndarray, prediction: np.ndarray, overlap: float) -> Matches:
    """Match the lesions of two masks whose intersection over union is at least ``overlap``."""
    first, number = ndimage.label(reference, CONNECTED)
    second, other = ndimage.label(prediction, CONNECTED)
    sizes, other_sizes = np.bincount(first.ravel()), np.bincount(second.ravel())
    together = (first > 0) & (second > 0)
    pairs, shared = np.unique(
        np.stack([first[together], second[together]]), axis=1, return_counts=True
    )
    scores = shared / (sizes[pairs[0]] + other_sizes[pairs[1]] - shared)
    close = scores >= overlap
    found = _match(pairs[:, close], scores[close])
    return Matches(number, other, found.size)


def match_points(
    reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...], within_mm: float
) -> Matches:
    """Match the points of two masks that are at most ``within_mm`` apart."""
    first, second = _centres(reference, spacing), _centres(prediction, spacing)
    distances = np.linalg.norm(first[:, None] - second[None], axis=2)
    pairs = np.stack(np.nonzero(distances <= within_mm))
    apart = distances[tuple(pairs)]
    found = _match(pairs, 1 - apart / within_mm)
    mean = float(apart[found].mean()) if found.size else math.nan
    return Matches(len(first), len(second), found.size, mean)


def _match(pairs: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Choose pairs so that nothing is in two of them: as many as possible, then the best scores.

    Args:
        pairs: array of two rows, numbers of things of the reference and of the prediction.
        scores: of each pair, from 0 to 1.

    Returns:
        The places of the chosen pairs.
    """
    rows, columns = (np.unique(side, return_inverse=True)[1].ravel() for side in pairs)
    if not rows.size:
        return np.zeros(0, int)
    places = np.full((rows.max() + 1, columns.max() + 1), -1)
    places[rows, columns] = np.arange(rows.size)
    # All scores together weigh less than one more pair.
    weights = np.where(places >= 0, 1 + scores[places] / (min(places.shape) + 1), 0)
    chosen = places[linear_sum_assignment(weights, maximize=True)]
    return np.asarray(chosen[chosen >= 0])


def _centres(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    parts, number = ndimage.label(mask, CONNECTED)
    centres = ndimage.center_of_mass(mask, parts, range(1, number + 1))
    return np.reshape(np.asarray(centres, float), (number, 3)) * spacing
