"""JSON files: read as the consumers read them, and the lines on which keys stand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.models.json_file import parse_json, read_json
from model_lint.storage.folder import FolderTree

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


#: What Python says of a comma before a brace, and where: it knows better since 3.13.
COMMA = ("trailing comma", 2) if sys.version_info >= (3, 13) else ("double quotes", 3)


@pytest.mark.parametrize(
    ("data", "error", "line"),
    [
        (b"", "empty", None),
        (b" \n\t", "empty", None),
        (b"{", "Expecting property name", 1),
        (b'{\n"a": 1,\n}', *COMMA),
        (b"{'a': 1}", "double quotes", 1),
        (b"// x\n{}", "Expecting value", 1),
        (b"{} {}", "Extra data", 1),
        (b"nul", "Expecting value", 1),
        (b"\xef\xbb\xbf{}", "byte order mark", None),
        ("{}".encode("utf-16"), "not UTF-8", None),
        (b'{"a": "\xe9"}', "not UTF-8", None),
        (b"version https://git-lfs.github.com/spec/v1\noid", "git-lfs pointer", None),
        (b"[" * 101 + b"]" * 101, "nested deeper than 100", None),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested deeper than 100", None),
        (b"[" * 100_000, "nested deeper than 100", None),
        (b"9" * 5000, "integer", None),
        (b'"\x00"', "control character", 1),
    ],
)
def test_what_json_load_refuses_is_told(data: bytes, error: str, line: int | None) -> None:
    file = parse_json("x.json", data)
    assert file.unreadable is not None
    assert error in file.unreadable.reason
    assert "\n" not in file.unreadable.reason
    assert file.unreadable.line == line
    assert file.value is None
    assert file.object == {}
    assert file.line("a") is None


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"NaN", None),
        (b'{"a": Infinity}', {"a": float("inf")}),
        (b"\r\n{\r\n}\r\n", {}),
        ('{"a": "\ufffd"}'.encode(), {"a": "\ufffd"}),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b"[" * 100 + b"]" * 100, ...),
        (b'"[[[[' + b"[" * 200 + b'"', ...),
    ],
)
def test_what_json_load_takes_is_taken(data: bytes, value: Any) -> None:
    file = parse_json("x.json", data)
    assert file.unreadable is None
    assert file.value == value or value in (None, ...)


@given(JSON, st.sampled_from([None, 1, 4]), st.booleans())
def test_values_are_those_of_the_parser(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    file = parse_json("x.json", text.encode(errors="surrogatepass"))
    if file.unreadable:  # a lone surrogate is no UTF-8
        assert file.unreadable.reason == "not UTF-8"
        assert not ascii_only
        return
    assert json.dumps(file.value) == json.dumps(value)
    assert file.repeated_keys == ()
    assert list(file.repeated) == []


def _paths(value: Any) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return []
    return [(key, *rest) for key, inner in pairs for rest in [(), *_paths(inner)]]


@given(JSON)
def test_every_key_and_element_has_its_line(value: Any) -> None:
    """Written with one key or element a line, the lines grow in the order of the file."""
    file = parse_json("x.json", json.dumps(value, indent=1).encode())
    lines = [file.line(*path) for path in _paths(value) if "" not in path]
    assert None not in lines
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(set(lines)) == len(lines)


def test_lines_are_those_of_the_keys() -> None:
    text = '{"a": {"b": [1,\n {"c": 2}]},\n\n "d\\n": "{}[],:", "e": 0}'
    file = parse_json("x.json", text.encode())
    places = {("a",): 1, ("a", "b"): 1, ("a", "b", 0): 1, ("a", "b", 1): 2, ("a", "b", 1, "c"): 2}
    places |= {("d\n",): 4, ("e",): 4}
    assert {steps: file.line(*steps) for steps in places} == places
    assert file.line("x") is None
    assert file.line("a", 3) is None


def test_repeated_keys_have_their_path_and_line() -> None:
    file = parse_json("x.json", b'{"a": {"b": 1,\n"b": 2},\n"c": [{"d": 1}, {"d": 2}],\n"a": {}}')
    assert list(file.repeated) == [("a.b", 2), ("a", 4)]


def test_a_missing_file_is_a_value(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    tree = FolderTree(tmp_path)
    assert set(tree.files) == {"x.json"}
    (tmp_path / "x.json").unlink()
    file = read_json(tree, "x.json")
    assert file.unreadable
    assert file.unreadable.reason == "No such file or directory"
    assert not file.unreadable.reported
