"""Estimates over subjects and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from estimates import Estimate, difference, estimate, subject_values
from results import Result


def dice(subject: str, value: float, case: str = "") -> Result:
    return Result(case or subject, subject, "sc", {"dice": value}, {})


def lesions(subject: str, reference: int, prediction: int, found: int) -> Result:
    numbers = {"reference": reference, "prediction": prediction, "found": found}
    return Result(subject, subject, "lesion", numbers, {})


def many(number: int, seed: int = 0) -> list[Result]:
    values = np.random.default_rng(seed).uniform(0.5, 1, number)
    return [dice(f"sub-{k}", float(value)) for k, value in enumerate(values)]


def same(one: Estimate, other: Estimate) -> bool:
    return str(one) == str(other)  # NaN differs from itself


def test_a_subject_with_several_sessions_counts_once() -> None:
    results = many(8)
    visits = [dice("sub-0", results[0].number("dice"), f"sub-0_ses-{k}") for k in range(50)]
    one, several = estimate(results, "dice"), estimate([*visits, *results[1:]], "dice")
    assert (several.value, several.low, several.high) == pytest.approx(
        (one.value, one.low, one.high)
    )
    assert (several.subjects, several.images, one.images) == (8, 57, 8)
    apart = [dice("sub-0", 0.2, "a"), dice("sub-0", 0.4, "b"), dice("sub-1", 0.9)]
    assert estimate(apart, "dice").value == pytest.approx((0.3 + 0.9) / 2)


def test_the_interval_is_that_of_a_bootstrap_over_subjects() -> None:
    results = many(25)
    found = estimate(results, "dice")
    values = np.array([result.number("dice") for result in results])
    assert found.value == pytest.approx(values.mean())
    assert found.spread == pytest.approx(values.std(ddof=1))
    wanted = stats.bootstrap(
        (values,), np.mean, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=2e-3)
    assert same(found, estimate(results, "dice"))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        results = [dice(f"sub-{k}", v) for k, v in enumerate(generator.normal(0.8, 0.1, 30))]
        found = estimate(results, "dice")
        held += found.low <= 0.8 <= found.high
    assert 85 <= held <= 100


@pytest.mark.parametrize(("subjects", "has_one"), [(1, False), (5, False), (6, True)])
def test_few_subjects_have_no_interval(subjects: int, has_one: bool) -> None:  # noqa: FBT001
    found = estimate(many(subjects), "dice")
    assert math.isfinite(found.low) == math.isfinite(found.high) == has_one
    assert math.isfinite(found.spread) == (subjects > 1)
    assert math.isfinite(found.value)


def test_what_is_not_defined_is_left_out_and_counted() -> None:
    results = [*many(8), dice("sub-8", math.nan), dice("sub-9", math.nan)]
    assert same(estimate(results, "dice"), estimate(results[:8], "dice"))
    assert same(estimate(results, "hd95_mm"), Estimate(math.nan))
    assert same(estimate([], "dice"), Estimate(math.nan))
    assert "sub-8" not in subject_values(results, "dice")


def test_shares_are_those_of_all_lesions_together() -> None:
    results = [lesions("a", 10, 8, 8), lesions("b", 2, 4, 1), lesions("c", 0, 0, 0)]
    assert estimate(results, "sensitivity").value == pytest.approx(9 / 12)
    assert estimate(results, "precision").value == pytest.approx(9 / 12)
    assert estimate(results, "f1").value == pytest.approx(2 * 9 / 24)
    assert estimate(results, "sensitivity").subjects == 3
    assert subject_values(results, "sensitivity") == {"a": 0.8, "b": 0.5}
    assert math.isnan(estimate(results[2:], "f1").value)
    assert math.isnan(estimate([lesions("a", 3, 0, 0)], "precision").value)
    assert estimate([lesions("a", 3, 0, 0)], "sensitivity").value == 0


def test_a_share_has_an_interval_if_enough_subjects_have_lesions() -> None:
    without = [lesions(f"healthy-{k}", 0, 0, 0) for k in range(20)]
    ill = [lesions(f"ill-{k}", 4, 4, k % 5) for k in range(6)]
    found = estimate([*without, *ill], "sensitivity")
    assert 0 <= found.low < found.value < found.high <= 1
    assert math.isnan(estimate([*without, *ill[:5]], "sensitivity").low)


def test_differences_are_those_of_pairs() -> None:
    mine = many(10)
    theirs = [dice(r.subject, r.number("dice") + 0.01, r.case) for r in mine]
    found = difference(mine, theirs, "dice")
    # All pairs differ by the same, so the interval is that number, whatever the subjects are.
    assert (found.value, found.low, found.high) == pytest.approx((0.01, 0.01, 0.01))
    assert found.subjects == 10
    some = [*theirs[:4], dice("sub-4", math.nan, "sub-4"), dice("other", 0.1)]
    found = difference(mine, some, "dice")
    assert (found.subjects, found.value) == (4, pytest.approx(0.01))
    assert math.isnan(found.low)
    assert same(difference(mine, [], "dice"), Estimate(math.nan))


def test_the_difference_of_shares() -> None:
    mine = [lesions(str(k), 4, 4, 2) for k in range(8)]
    theirs = [lesions(str(k), 4, 0, 0) for k in range(8)]
    assert difference(mine, theirs, "sensitivity").value == -0.5
    assert math.isnan(difference(mine, theirs, "precision").value)
