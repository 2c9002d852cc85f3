"""The shipped schemas: ours decides as jsonschema does, and explains in plain words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from build import MODEL
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from model_lint.schema import (
    ANNOTATIONS,
    KEYWORDS,
    Violation,
    conforms,
    keywords,
    load_schema,
    violations,
)

#: The schemas that values are judged by.
SCHEMAS = ("dataset",)
GENUINE = json.loads((MODEL / "dataset.json").read_text(encoding="utf-8"))

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 300)
    | st.sampled_from([0.0, 1.0, 1.5, float("nan"), float("inf"), 10**30])
    | st.sampled_from(
        ["", "0", "1", "01", "sc", "a/b", ".nii.gz", "nii", "RPI", "rpi", "\n", "\x7f"]
    )
    | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [*load_schema("dataset")["properties"], "background", "ignore", "sc", "0", "1", "x", "a/b", ""]
)
OBJECTS = st.dictionaries(
    KEYS,
    VALUES | st.dictionaries(KEYS, VALUES | st.lists(SCALARS, max_size=3), max_size=4),
    max_size=6,
)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_uses_what_we_know(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert set(keywords(schema)) <= KEYWORDS | ANNOTATIONS


@given(OBJECTS, st.booleans())
def test_ours_decides_as_jsonschema(changes: dict[str, Any], from_genuine: bool) -> None:
    schema = load_schema("dataset")
    value = GENUINE | changes if from_genuine else changes
    valid = Draft202012Validator(schema).is_valid(value)
    assert conforms(value, schema, schema) == valid
    assert (violations(value, "dataset") == ()) == valid


@given(VALUES, st.sampled_from(SCHEMAS))
def test_any_value_is_judged(value: Any, name: str) -> None:
    schema = load_schema(name)
    assert conforms(value, schema, schema) == Draft202012Validator(schema).is_valid(value)


@given(OBJECTS)
def test_explanations_are_one_line_at_a_place_that_exists(changes: dict[str, Any]) -> None:
    value = GENUINE | changes
    for found in violations(value, "dataset"):
        assert "\n" not in found.message
        place: Any = value
        for step in found.steps:
            place = place[step]


@pytest.mark.parametrize(
    ("changes", "steps", "message"),
    [
        ({"labels": ...}, (), "`labels` is missing"),
        ({"file_ending": ...}, (), "`file_ending` is missing"),
        ({"channel_names": ...}, (), "`channel_names` or `modality` is missing"),
        (
            {"labels": []},
            ("labels",),
            "`labels` must be an object that gives each label its value, not a list",
        ),
        ({"labels": {"sc": 1}}, ("labels",), "`labels` lacks `background`"),
        (
            {"file_ending": "nii"},
            ("file_ending",),
            "`file_ending` must be the ending of the image files with its dot, "
            'such as ".nii.gz", not `nii`',
        ),
        ({"channel_names": {}}, ("channel_names",), "`channel_names` is empty"),
        (
            {"labels": {"background": 0, "sc": "1"}},
            ("labels", "sc"),
            "`labels.sc` must be a whole number from 1 on, or for a region a list of them, not `1`",
        ),
    ],
)
def test_explanations(changes: dict[str, Any], steps: tuple[Any, ...], message: str) -> None:
    value = copy.deepcopy(GENUINE) | changes
    value = {key: v for key, v in value.items() if v is not ...}
    assert violations(value, "dataset") == (Violation(steps, message),)


def test_the_genuine_file_fits() -> None:
    assert violations(GENUINE, "dataset") == ()
