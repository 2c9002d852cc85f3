"""Regions are judged as nnU-Net's ``LabelManager`` paints them and SCT reads the output."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.nnunet.labels import painted, painting_problems
from nnunetv2.utilities.label_handling.label_handling import LabelManager
from sct_image import split_labels

VALUES = st.integers(1, 4)
REGIONS = st.lists(st.frozensets(VALUES, min_size=1), min_size=1, max_size=5)


@settings(deadline=None)
@given(REGIONS, st.data())
def test_the_masks_are_those_of_the_consumers(
    members: list[frozenset[int]], data: st.DataObject
) -> None:
    order = data.draw(st.lists(VALUES, min_size=len(members), max_size=len(members)))
    regions = {f"region{n}": values for n, values in enumerate(members)}
    # A region that holds two values makes nnU-Net train regions; its voxels are none of the others.
    labels: dict[str, Any] = {
        "background": 0,
        "two": [8, 9],
        **{n: sorted(v) for n, v in regions.items()},
    }
    true = np.arange(10).reshape(1, 1, 10)
    perfect = [np.isin(true, labels[name]) for name in ("two", *regions)]
    manager = LabelManager(labels, [8, *order])
    output = manager.convert_probabilities_to_segmentation(np.stack(perfect).astype(np.float32))

    written = painted({"two": frozenset({8, 9})} | regions, [8, *order])
    assert output.ravel().tolist() == [written.get(value, 0) for value in range(10)]
    masks = split_labels(output, labels)
    wrong = {
        name for name in regions if (masks[f"_{name}_seg"] != np.isin(true, labels[name])).any()
    }
    found = [p for p in painting_problems(regions, order) if p.severity is None]
    assert {list(regions)[int(problem.steps[1])] for problem in found} == wrong
