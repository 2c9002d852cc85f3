"""JSON files as the consumers read them, with repeated keys and the positions of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from ..findings import Problem, Step
from ..storage.limits import (
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    MAX_JSON_TOKENS,
    MAX_JSON_TOTAL,
    MAX_POINTED_DEPTH,
)
from ..storage.tree import Tree, TreeError, read_bytes
from .unreadable import Unreadable, unread


class _Parsed(NamedTuple):
    path: str
    text: str
    #: The parsed value; None if it is unreadable.
    value: Any
    unreadable: Unreadable | None = None
    #: Duplicate keys of an object: ``json.load`` silently keeps the last.
    repeated_keys: tuple[str, ...] = ()
    #: Strings, brackets and commas in it.
    tokens: int = 0


class JsonFile(_Parsed):
    """A JSON file, readable or not."""

    @property
    def object(self) -> dict[str, Any]:
        """The value if it is an object, else an empty one, so that other rules ignore it."""
        return self.value if isinstance(self.value, dict) else {}

    def line(self, *steps: Step) -> int | None:
        """Return the 1-based line of a key (or array element).

        None if it is not in the file, or nested deeper than any key that nnU-Net reads.
        """
        offset = self._offsets.get(steps)
        return None if offset is None else self.text.count("\n", 0, offset) + 1

    def located(self, problem: Problem) -> Problem:
        """Place a problem in this file, on the line of its key, or of the nearest one around it."""
        steps = problem.steps
        while steps and self.line(*steps) is None:
            steps = steps[:-1]
        return problem._replace(at=self.path, line=self.line(*steps) if steps else None)

    def keys_between(self, start: int, end: int) -> list[tuple[Step, int]]:
        """Return the keys (and indices of array elements) in a part of the text, with offsets."""
        spans = self._offsets.items()
        return [(steps[-1], offset) for steps, offset in spans if start <= offset < end]

    @property
    def repeated(self) -> Iterator[tuple[str, int]]:
        """The duplicate keys of objects, each with the line of the later one."""
        if not self.repeated_keys:
            return
        seen: set[tuple[Step, ...]] = set()
        for steps, offset in _positions(self.text):
            if steps in seen:
                name = ".".join(str(step) for step in steps)
                yield name, self.text.count("\n", 0, offset) + 1
            seen.add(steps)

    @cached_property
    def _offsets(self) -> dict[tuple[Step, ...], int]:
        return {} if self.unreadable else dict(_positions(self.text))


class JsonReader:
    """Reads the JSON files of a package, which share one limit and have one each."""

    def __init__(self, tree: Tree) -> None:
        """Read from this tree."""
        self._tree = tree
        self._left = MAX_JSON_TOTAL

    def read(self, path: str) -> JsonFile | None:
        """Read a file; None if it is missing."""
        if path not in self._tree.files:
            return None
        file = read_json(self._tree, path, min(self._left, MAX_JSON_TOKENS))
        self._left -= file.tokens
        return file


def read_json(tree: Tree, path: str, limit: int = MAX_JSON_TOKENS) -> JsonFile:
    """Read a JSON file as ``json.load(open(path))`` does on Linux; never raise."""
    try:
        data = read_bytes(tree, path, MAX_JSON_BYTES)
    except TreeError as error:
        return JsonFile(path, "", None, unread(error))
    return parse_json(path, data, limit)


def parse_json(path: str, data: bytes, limit: int = MAX_JSON_TOKENS) -> JsonFile:
    """Parse JSON bytes; never raise. NaN and Infinity are valid, as in the consumers' parser.

    A text of more than ``limit`` strings, brackets and commas is unreadable.
    """
    text = data.decode(errors="replace")
    reason = _not_json(data, text)
    if reason:
        return JsonFile(path, text, None, Unreadable(reason))
    tokens, depth = _measure(text, limit)
    if tokens > limit:
        reason = f"larger than any genuine file: more than {limit} strings, brackets and commas"
        if limit < MAX_JSON_TOKENS:
            reason = "not read, since the files before it are larger than any genuine ones"
        return JsonFile(path, "", None, Unreadable(reason))
    if depth > MAX_JSON_DEPTH:
        reason = f"nested deeper than {MAX_JSON_DEPTH} levels"
        return JsonFile(path, "", None, Unreadable(reason))
    repeated: list[str] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in pairs:
            if key in built:
                repeated.append(key)
            built[key] = value
        return built

    try:
        value = json.loads(text, object_pairs_hook=build)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} (column {error.colno})"
        return JsonFile(path, text, None, Unreadable(reason, error.lineno))
    except ValueError as error:  # an integer of more digits than Python converts
        return JsonFile(path, text, None, Unreadable(str(error).partition(";")[0]))
    return JsonFile(path, text, value, repeated_keys=tuple(repeated), tokens=tokens)


def _not_json(data: bytes, text: str) -> str | None:
    if data.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer, not the file itself"
    if data.startswith(b"\xef\xbb\xbf"):
        return "it starts with a byte order mark, which json.load refuses"
    if "\ufffd" in text and "\ufffd".encode() not in data:
        return "not UTF-8"
    if not text.strip():
        return "empty"
    return None


#: Strings, brackets and commas; a string without an end goes on to the end of the text.
_PUNCTUATION = re.compile(r'"[^"]*"?|[\[\]{},]')
_TOKEN = re.compile(r'"[^"]*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


def _masked(text: str) -> str:
    """Replace escaped quotes and backslashes by the same number of other characters.

    A string then ends at its next quote, which a pattern finds in linear time and constant memory.
    """
    return text.replace("\\\\", "__").replace('\\"', "__")


def _measure(text: str, limit: int) -> tuple[int, int]:
    """Return how many strings, brackets and commas a text has, and how deep it is nested.

    It stops as soon as one of them exceeds its limit.
    """
    tokens = depth = deepest = 0
    for match in _PUNCTUATION.finditer(_masked(text)):
        tokens += 1
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
        if tokens > limit or depth > MAX_JSON_DEPTH:
            break
    return tokens, deepest


def _positions(text: str) -> Iterator[tuple[tuple[Step, ...], int]]:
    """Yield the path and the offset of every key and array element of valid JSON.

    Those deeper than MAX_POINTED_DEPTH are left out.
    """
    # The last step is the index of the element, or "" while an object waits for its next key.
    path: list[Step] = []
    for match in _TOKEN.finditer(_masked(text)):
        symbol = match[0]
        if symbol in "}]":
            path.pop()
        elif symbol == "," and path:
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else ""
        elif symbol == ":":
            continue
        elif path and path[-1] == "":
            # An empty key must differ from the mark "" above; no rule asks for its position.
            path[-1] = json.loads(text[match.start() : match.end()]) or "\0"
            if len(path) <= MAX_POINTED_DEPTH:
                yield tuple(path), match.start()
        else:
            if path and isinstance(path[-1], int) and len(path) <= MAX_POINTED_DEPTH:
                yield tuple(path), match.start()
            if symbol in "{[":
                path.append("" if symbol == "{" else 0)
