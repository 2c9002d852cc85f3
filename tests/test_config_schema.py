"""The published schema of the configuration gives the verdict of the code that reads it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from build import load_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from model_lint import config as config_module
from model_lint.config import KEYS, load_config
from model_lint.errors import UsageError
from model_lint.naming import FIELDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA: dict[str, Any] = load_schema("config")

GOOD = [
    "",
    "select = []",
    'select = ["D", "C004", "name-prefix"]',
    'extend-select = ["N"]',
    'ignore = ["D011"]',
    'ignore = { D011 = "the atlas has one more", C = "" }',
    'ignore.D011 = "why"',
    "ignore = {}",
    '[ignore]\nD011 = "why"',
    '[per-target-ignores]\n"*-r2023*.zip" = ["C010"]\n"old.zip" = { L022 = "published so" }',
    "per-target-ignores = {}",
    'fail-on = "warning"',
    'fail-on = "info"\nname = "model_seg_t2"',
    'for = ["sct"]',
    'for = ["slicer", "sct", "nnunet", "sct"]',
    'baseline = "old/report.json"',
    'baseline = ""',
    '[vocabulary]\nanatomy = ["conus"]\nanimal = []',
    "vocabulary = {}",
]
BAD = [
    "ignores = []",
    "Select = []",
    'select = "D"',
    "select = true",
    "select = [1]",
    'select = [["D"]]',
    "ignore = 3",
    "ignore = { D011 = 1 }",
    'ignore = { D011 = ["why"] }',
    'ignore = { D011.reason = "why" }',
    "ignore = [1979-05-27]",
    'fail-on = "fatal"',
    'fail-on = "Error"',
    'fail-on = ["error"]',
    "fail-on = true",
    "fail-on = 1979-05-27",
    'for = "sct"',
    "for = []",
    'for = ["SCT"]',
    'for = ["sct", 1]',
    "for = true",
    "name = 1",
    "name = 1979-05-27",
    'name = ["model_seg_t2"]',
    "baseline = false",
    'baseline = { path = "x" }',
    "per-target-ignores = []",
    'per-target-ignores = { "*.zip" = 1 }',
    'per-target-ignores = { "*.zip" = "D011" }',
    "vocabulary = []",
    'vocabulary = { anatomy = "conus" }',
    'vocabulary = { organ = ["conus"] }',
    '[[vocabulary]]\nanatomy = ["conus"]',
]

scalars = (
    st.sampled_from(["error", "warning", "sct", "D011", "", "x"]) | st.booleans() | st.integers()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*FIELDS[:2], "D011", "*.zip"]), inner, max_size=2)
    ),
    max_leaves=4,
)
configurations = st.dictionaries(st.sampled_from([*KEYS, "other"]), values, max_size=3)


def loads(data: dict[str, Any]) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config_module, "_load", lambda _: data)
        try:
            load_config(Path("model-lint.toml"))
        except UsageError:
            return False
    return True


def conforms(data: Any) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(data)


def test_it_is_a_schema_with_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert sorted(SCHEMA["properties"]) == sorted(KEYS)
    assert list(SCHEMA["properties"]["vocabulary"]["properties"]) == list(FIELDS)
    assert all(value.get("description") for value in SCHEMA["properties"].values())


@pytest.mark.parametrize("text", GOOD)
def test_both_take_it(text: str) -> None:
    data = tomllib.loads(text)
    assert conforms(data)
    assert loads(data)


@pytest.mark.parametrize("text", BAD)
def test_both_refuse_it(text: str) -> None:
    data = tomllib.loads(text)
    assert not conforms(data)
    assert not loads(data)


@given(configurations)
def test_the_verdicts_are_equal(data: dict[str, Any]) -> None:
    assert conforms(data) == loads(data), json.dumps(data)


@pytest.mark.parametrize(
    "text", ["tool = 3", "[tool]\nmodel-lint = 3", "[tool]\nmodel-lint = ['select']", "tool = []"]
)
def test_a_pyproject_whose_table_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="must be a table"):
        load_config(path)
