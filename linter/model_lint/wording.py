"""How messages name files, values and amounts: one line, whatever the package holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Characters of a name or a value that a message shows.
_SHOWN = 60
_COMMAND = re.compile(r"^(?=[ \t]*::)|##(?=\[)", re.MULTILINE)


def quote(value: object) -> str:
    """Return a value between backticks, on one line and clipped, whatever characters it holds."""
    text = value if isinstance(value, str) else json_like(value)
    clipped = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return f"`{printable(clipped)}`"


def printable(text: str) -> str:
    """Escape what would break a line, hide text or can't be encoded."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def inert(lines: str) -> str:
    """Disarm lines that GitHub Actions would obey: it reads commands from all that a job prints.

    The runner skips blanks before ``::``, and finds ``##[`` anywhere; a backslash stops both. See
    ``ActionCommand`` in the sources of its runner.
    """
    return _COMMAND.sub(lambda match: match[0] + "\\", lines)


def json_like(value: object) -> str:
    """Return a JSON value as the file spells it."""
    import json  # noqa: PLC0415 - messages are rare, and most need no JSON

    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(value)


def listing(names: Iterable[object], *, shown: int = 3) -> str:
    """Return up to ``shown`` quoted names and how many more there are."""
    every = list(names)
    parts = [quote(name) for name in every[:shown]]
    if len(every) > shown:
        parts.append(f"{len(every) - shown} more")
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def count(things: Sequence[object] | int, one: str, many: str | None = None) -> str:
    """Return ``1 file`` or ``3 files``."""
    amount = things if isinstance(things, int) else len(things)
    return f"{amount} {one if amount == 1 else many or f'{one}s'}"


def size(amount: int) -> str:
    """Return an amount of bytes as people read it: ``812 B``, ``3.4 MB``."""
    if amount < 1000:
        return f"{amount} B"
    value = float(amount)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"
    raise AssertionError
