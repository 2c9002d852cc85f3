"""A Python source of SCT: read by its syntax tree, and changed without touching any other byte."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from ...errors import UsageError
from ...storage.limits import MAX_SCRIPT_BYTES

_LINE_END = re.compile(r"\r\n|\r|\n")
#: Blanks, line ends and comments after the last element of a list or dict.
_REST = re.compile(r"(?:[ \t\f\r\n\\)]|#[^\r\n]*)*")


#: Gives the copy of a node, and makes a change with it.
Same = Callable[[ast.AST], Any]
Apply = Callable[[Same], object]


class Edit(NamedTuple):
    """The text that replaces what is between two places."""

    start: int
    end: int
    text: str


class Source:
    """A Python source."""

    def __init__(self, path: str, data: bytes) -> None:
        """Parse it. Raises UsageError, with one line that names ``path``."""
        self.path = path
        if len(data) > MAX_SCRIPT_BYTES:
            raise UsageError(f"{path}: larger than {MAX_SCRIPT_BYTES} bytes; is it SCT's file?")
        try:
            self._encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            self.text = data.decode(self._encoding)
            self.tree = _parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise UsageError(f"{path}: can't be read as Python: {_reason(error)}") from error

    @property
    def newline(self) -> str:
        """What ends its first line."""
        found = _LINE_END.search(self.text)
        return found[0] if found else "\n"

    @cached_property
    def _lines(self) -> list[str]:
        """The lines with their ends, as the syntax tree counts them."""
        return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) for line in self._lines)]

    def place(self, line: int, column: int) -> int:
        """Return the index of a place; columns of the tree are bytes of UTF-8."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return where an expression begins and ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: S101
        start = self.place(node.lineno, node.col_offset)
        return start, self.place(node.end_lineno, node.end_col_offset)

    def line_start(self, at: int) -> int:
        """Return where the line of a place begins."""
        return 1 + max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at))

    def changed(self, edits: Sequence[Edit], change: Apply) -> bytes:
        """Return the bytes after the edits.

        Args:
            edits: what is replaced; they do not overlap.
            change: makes the same change in a copy of the syntax tree, to compare.

        Raises UsageError if the result is not that: nothing else may differ.
        """
        text = self.text
        # From the end; of two at one place, the second comes behind the first.
        ordered = sorted(edits, key=lambda edit: edit.start)
        for edit in reversed(ordered):
            text = text[: edit.start] + edit.text + text[edit.end :]
        # In a string, a backslash and a number stand for what the encoding lacks.
        data = text.encode(self._encoding, "backslashreplace")
        wanted = _parse(self.text)
        copies = dict(zip(map(id, ast.walk(self.tree)), ast.walk(wanted), strict=True))
        change(lambda node: copies[id(node)])
        if not _is_same(Source(self.path, data).tree, wanted):
            raise UsageError(
                f"{self.path}: it is written in a way that can't be changed safely; "
                "--output FOLDER writes the entries to paste"
            )
        return data


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # Citations have TeX in plain strings: "invalid escape sequence".
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _is_same(one: object, other: object) -> bool:
    """Return whether two trees are the same, of any depth; places do not count."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            pairs += [(getattr(a, field, None), getattr(b, field, None)) for field in a._fields]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif a != b:
            return False
    return True


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})" if error.lineno else str(error.msg)
    if isinstance(error, UnicodeError):
        return "its encoding is not the one that it declares"
    return str(error) or "nested too deep"


# ----------------------------------------------------------------------------- lists and dicts

Container = ast.Dict | ast.List


def find_dict(tree: ast.Module, name: str) -> ast.Dict | None:
    """Return the dict that a module assigns to a name, the last one; None if there is none."""
    found = None
    for statement in tree.body:
        targets: Sequence[ast.expr] = ()
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = (statement.target,)
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(statement, "value", None)
            found = value if isinstance(value, ast.Dict) else None
    return found


def items(of: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    """Yield the keys that are plain strings, with their values."""
    for key, value in zip(of.keys, of.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value


def values_of(container: Container) -> list[ast.expr]:
    """Return the elements of a list, or the values of a dict."""
    return container.values if isinstance(container, ast.Dict) else container.elts


def append(source: Source, container: Container, text: str) -> list[Edit]:
    """Return the edits that put an element, in lines of its own, at the end of a list or dict.

    Args:
        source: what it is in.
        container: the list or dict.
        text: its lines, with line feeds and a comma at the end.
    """
    start, end = source.span(container)
    closing = end - 1
    elements = values_of(container)
    edits: list[Edit] = []
    if elements:
        last = source.span(elements[-1])[1]
        rest = _REST.match(source.text, last, closing)
        assert rest is not None  # noqa: S101 - it matches nothing too
        if rest.end() == closing:  # no comma follows the last element
            at = last + _after_parentheses(source.text[last:closing])
            edits.append(Edit(at, at, ","))
    lines = text.replace("\n", source.newline)
    at = source.line_start(closing)
    if at > start and not source.text[at:closing].strip(" \t\f"):
        return [*edits, Edit(at, at, lines)]
    return [*edits, Edit(closing, closing, source.newline + lines)]


def _after_parentheses(rest: str) -> int:
    """Return where the parentheses around the last element end, in what follows it."""
    without = re.sub(r"#[^\r\n]*", lambda comment: " " * len(comment[0]), rest)
    return without.rfind(")") + 1


def indent_of(source: Source, container: Container, usual: str) -> str:
    """Return the blanks before the last element, if it begins its line."""
    first: Sequence[ast.expr | None] = (
        container.keys if isinstance(container, ast.Dict) else container.elts
    )
    if not first or first[-1] is None:
        return usual
    at = source.span(first[-1])[0]
    blanks = source.text[source.line_start(at) : at]
    return blanks if not blanks.strip(" \t") else usual
