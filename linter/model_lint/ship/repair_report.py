"""The report of the repairs of a zip, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from ..wording import count, printable
from .repair import Repaired
from .repairs import Action

#: Changed lines that are shown before the rest is counted, and characters of a line.
_LINES, _WIDTH = 10, 160
_SIGNS = {"drop": "-", "scrub": "~", "rewrite": "~", "move": ">"}
_WORDS = {"drop": "", "scrub": "scrubbed: ", "rewrite": "rewritten: ", "move": ""}


def repair_lines(source: str, repaired: Repaired) -> Iterator[str]:
    """Yield the repairs of a zip that were done, or would be."""
    if not repaired.actions:
        yield f"{printable(source)}: nothing to repair"
        return
    repairs = count(repaired.actions, "repair")
    yield f"{printable(source)} -> {printable(repaired.place)}: {repairs}"
    for action in repaired.actions:
        codes = " ".join(action.codes)
        yield f"{_SIGNS[action.kind]} {_what(action)} ({_WORDS[action.kind]}{codes})"
        if action.kind == "scrub":
            yield from _changed(action)


def _what(action: Action) -> str:
    path = printable(action.path) or "headers and directory"
    return f"{path} -> {printable(action.target)}" if action.kind == "move" else path


def _changed(action: Action) -> Iterator[str]:
    """Yield the changed lines, but not a password that was removed."""
    before, after = action.before.split("\n"), action.after.split("\n")
    if len(before) != len(after):
        yield f"    {count(before, 'line')}, now {count(after, 'line')}"
        return
    numbered = enumerate(zip(before, after, strict=True), start=1)
    changes = [(number, old, new) for number, (old, new) in numbered if old != new]
    for number, old, new in changes[:_LINES]:
        yield f"    @@ line {number}"
        if "<secret>" not in new:
            yield f"    -{_clipped(old)}"
        yield f"    +{_clipped(new)}"
    if len(changes) > _LINES:
        yield f"    and {count(len(changes) - _LINES, 'more changed line')}"


def _clipped(line: str) -> str:
    shown = printable(line.rstrip("\r"))
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 3]}..."
