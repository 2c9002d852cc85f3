"""Regions in the order in which nnU-Net paints them, and the values that it paints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.nnunet.labels import label_problems
from model_lint.nnunet.region_order import class_order, larger_first, own_values
from nnunetv2.utilities.label_handling.label_handling import LabelManager

Regions = Mapping[str, Sequence[int]]


@st.composite
def nested(draw: st.DrawFn) -> Regions:
    """Regions, each with a value of its own. Two are apart, or one is inside the other."""
    parents = [draw(st.integers(-1, n - 1)) for n in range(draw(st.integers(1, 6)))]
    members = {n: {n + 1} for n in range(len(parents))}
    for n in reversed(range(len(parents))):
        if parents[n] >= 0:
            members[parents[n]] |= members[n]
    order = draw(st.permutations(sorted(members)))
    return {f"r{n}": sorted(members[n]) for n in order}


def written_by_nnunet(regions: Regions, order: Sequence[int]) -> dict[int, int]:
    """What nnU-Net writes for each true value, given a network without errors."""
    labels = {"background": 0, **{name: list(values) for name, values in regions.items()}}
    manager = LabelManager(labels, list(order), force_use_labels=False)
    true = sorted({value for values in regions.values() for value in values})
    present = [[value in values for value in true] for values in regions.values()]
    probabilities = np.array(present, dtype=np.float32)[:, None, None, :]
    painted = manager.convert_probabilities_to_segmentation(probabilities)
    return dict(zip(true, np.asarray(painted).ravel().tolist(), strict=True))


@given(nested())
def test_each_mask_comes_out_as_declared(regions: Regions) -> None:
    ordered = larger_first(regions)
    order = class_order(ordered)
    assert None not in own_values(ordered).values()
    if all(len(values) == 1 for values in ordered.values()):
        return  # no regions: nnU-Net wants no order
    written = written_by_nnunet(ordered, order)
    for values in ordered.values():
        assert {true for true, value in written.items() if value in values} == {*values}
    labels = {"background": 0, **{n: [*v] if len(v) > 1 else v[0] for n, v in ordered.items()}}
    assert all(p.severity for p in label_problems({"labels": labels, "regions_class_order": order}))


@pytest.mark.parametrize(
    ("regions", "order"),
    [
        ({"gm": [2], "sc": [1, 2]}, {"sc": 1, "gm": 2}),
        ({"a": [3], "b": [2, 3], "c": [1, 2, 3]}, {"c": 1, "b": 2, "a": 3}),
        # Each with the part that is its own; the common part still has no label.
        ({"sc": [1, 2], "csf": [2, 3]}, {"sc": 1, "csf": 3}),
        # Nothing is left of the whole once its parts are painted.
        ({"whole": [1, 2], "penumbra": [1], "core": [2]}, {"whole": 1, "penumbra": 1, "core": 2}),
    ],
)
def test_larger_regions_come_first(regions: Regions, order: dict[str, int]) -> None:
    ordered = larger_first(regions)
    assert dict(zip(ordered, class_order(ordered), strict=True)) == order
    assert list(ordered) == list(order)
