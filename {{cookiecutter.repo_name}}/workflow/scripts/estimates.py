"""Estimates over subjects, with confidence intervals.

The unit is the subject: its images (sessions, contrasts, runs) are not independent of each other.
The mean is that of the subjects' own means. A share, such as the lesions that are found, is that of
all lesions together. Intervals are the 2.5th and 97.5th percentile of the estimate over resamples
of the subjects (percentile bootstrap). With fewer than six subjects there is none: even from the
smallest to the largest of five values, an interval would hold their median in only 94 % of studies.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from results import Result

LEAST_SUBJECTS = 6
RESAMPLES = 10_000
AT_ONCE = 1_000_000
"""Subjects that are drawn at once, in all resamples: more would need more memory."""
SEED = 0

Part = Callable[[Result], float]
SHARES: dict[str, tuple[Part, Part]] = {
    "sensitivity": (lambda r: r.number("found"), lambda r: r.number("reference")),
    "precision": (lambda r: r.number("found"), lambda r: r.number("prediction")),
    "f1": (
        lambda r: 2 * r.number("found"),
        lambda r: r.number("reference") + r.number("prediction"),
    ),
}
"""Numerator and denominator of each share; their sums over images are divided."""


@dataclass(frozen=True)
class Estimate:
    """An estimate and its 95 % interval; NaN if not defined."""

    value: float
    low: float = math.nan
    high: float = math.nan
    spread: float = math.nan
    """Standard deviation over subjects; NaN for shares."""
    subjects: int = 0
    """Subjects in which the number is defined."""
    images: int = 0
    """Images in which it is defined."""


class _Sums(NamedTuple):
    """For each subject, what is added up over subjects and then divided."""

    subjects: list[str]
    above: np.ndarray
    below: np.ndarray


def estimate(results: Iterable[Result], name: str) -> Estimate:
    """Estimate a number or a share over subjects."""
    results = [result for result in results if _defined(result, name)]
    subjects, above, below = _sums(results, name)
    if not below.any():
        return Estimate(math.nan)
    low, high = _interval(above, below)
    single = len(subjects) < 2 or name in SHARES
    spread = math.nan if single else float(np.std(above, ddof=1))
    value = float(above.sum() / below.sum())
    return Estimate(value, low, high, spread, len(subjects), len(results))


def difference(results: Iterable[Result], others: Iterable[Result], name: str) -> Estimate:
    """Estimate how much larger a number is in ``others`` than in ``results``, pair by pair.

    Only images count in which the number is defined in both.
    """
    mine = {(r.case, r.label): r for r in results if _defined(r, name)}
    theirs = {(r.case, r.label): r for r in others if _defined(r, name)}
    pairs = [key for key in mine if key in theirs]
    subjects, above, below = _sums([mine[key] for key in pairs], name)
    _, other_above, other_below = _sums([theirs[key] for key in pairs], name)
    if not (below.any() and other_below.any()):
        return Estimate(math.nan)
    low, high = _interval(above, below, other_above, other_below)
    value = float(other_above.sum() / other_below.sum() - above.sum() / below.sum())
    return Estimate(value, low, high, subjects=len(subjects), images=len(pairs))


def subject_values(results: Iterable[Result], name: str) -> dict[str, float]:
    """Return the mean, or the share, of each subject in which it is defined."""
    sums = zip(*_sums([result for result in results if _defined(result, name)], name), strict=True)
    return {subject: float(above / below) for subject, above, below in sums if below}


def _defined(result: Result, name: str) -> bool:
    if name in SHARES:
        return all(math.isfinite(part(result)) for part in SHARES[name])
    return math.isfinite(result.number(name))


def _sums(results: Iterable[Result], name: str) -> _Sums:
    by_subject: dict[str, list[Result]] = {}
    for result in results:
        by_subject.setdefault(result.subject, []).append(result)
    images = list(by_subject.values())
    if name in SHARES:
        above, below = ([math.fsum(map(part, own)) for own in images] for part in SHARES[name])
    else:
        above = [math.fsum(result.number(name) for result in own) / len(own) for own in images]
        below = [1.0] * len(images)
    return _Sums(list(by_subject), np.array(above), np.array(below))


def _interval(*sums: np.ndarray) -> tuple[float, float]:
    """Return the interval of a ratio (above, below) or of the difference of two ratios.

    A resample in which it is not defined (no subject of it has a lesion) is left out.
    """
    if min(int(np.count_nonzero(below)) for below in sums[1::2]) < LEAST_SUBJECTS:
        return math.nan, math.nan
    return _resampled(*(part.astype(float).tobytes() for part in sums))


@functools.lru_cache(maxsize=256)
def _resampled(*sums: bytes) -> tuple[float, float]:
    """Return the interval for arrays, as bytes: tables, figures and card ask for the same ones."""
    arrays = [np.frombuffer(part) for part in sums]
    number = arrays[0].size
    generator = np.random.default_rng(SEED)
    found: list[np.ndarray] = []
    rows = max(1, AT_ONCE // number)
    for start in range(0, RESAMPLES, rows):
        size = min(rows, RESAMPLES - start), number
        drawn = generator.integers(number, size=size, dtype=np.uint32)
        added = [part[drawn].sum(axis=1) for part in arrays]
        with np.errstate(invalid="ignore"):
            ratios = [above / below for above, below in zip(added[::2], added[1::2], strict=True)]
        found.append(ratios[0] if len(ratios) == 1 else ratios[1] - ratios[0])
    low, high = np.nanpercentile(np.concatenate(found), [2.5, 97.5])
    return float(low), float(high)
