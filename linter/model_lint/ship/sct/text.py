"""Python literals as SCT writes them."""

from __future__ import annotations

import json
import re

#: Characters of a line in SCT's sources.
_LINE = 120
_SPACES = re.compile(r"\S*\s*")


def double(text: str) -> str:
    """Return a string literal in double quotes, as in ``MODELS``."""
    return json.dumps(text, ensure_ascii=False)


def single(text: str) -> str:
    """Return a string literal in single quotes, as in ``TASKS``."""
    inner = double(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def wrapped(text: str, column: int) -> str:
    """Return a string in single quotes that begins at a column, in lines of at most 120 characters.

    A new line of the text begins a new line, and so does what would be too long.
    """
    pieces: list[str] = []
    for line in text.splitlines(keepends=True):
        pieces.append("")
        for word in _SPACES.findall(line):
            if pieces[-1] and column + len(single(pieces[-1] + word)) + 1 > _LINE:
                pieces.append("")
            pieces[-1] += word
    between = "\n" + " " * column
    return between.join(single(piece) for piece in pieces) or "''"


def plain(text: str) -> str:
    """Return a text on one line, without characters that can't be seen."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
