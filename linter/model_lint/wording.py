"""How messages show files, values, names and amounts, always on one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Characters that a message shows of a value, and of a repository's name (GitHub's limit).
_SHOWN, _SHOWN_OF_NAME = 60, 100
_PASSWORD = re.compile(r"(?<=://)[^/?#]*@")
_COMMAND = re.compile(r"^(?=[ \t]*::)|##(?=\[)", re.MULTILINE)


def quote(value: object) -> str:
    """Return a value between backticks, escaped, on one line and clipped."""
    text = value if isinstance(value, str) else json_like(value)
    shown = printable(text[: _SHOWN + 1])
    return f"`{shown}`" if len(shown) <= _SHOWN else f"`{shown[: _SHOWN - 3]}...`"


def quote_name(text: str) -> str:
    """Return a part of a repository's name between backticks, on one line.

    It is in ASCII, so that a letter that only looks like one of a-z is visible.
    """
    escaped = text.encode("unicode_escape").decode("ascii")
    return f"`{escaped}`" if len(escaped) <= _SHOWN_OF_NAME else f"`{escaped[:40]}...`"


def quote_names(texts: Iterable[str]) -> str:
    """Return all of several parts of a name between backticks."""
    return ", ".join(map(quote_name, texts))


def printable(text: str) -> str:
    """Escape what would break a line, hide text or can't be encoded."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def without_password(address: str) -> str:
    """Return an address without the user and the password in it, which nobody else may see."""
    return _PASSWORD.sub("", address)


def inert(lines: str) -> str:
    """Escape lines that GitHub Actions would take as commands from what a job prints.

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
    return joined(parts)


def joined(parts: Sequence[str], word: str = "and") -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return f" {word} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def are(several: Sequence[object]) -> str:
    """Return the verb for one or several things."""
    return "are" if len(several) > 1 else "is"


def a(noun: str) -> str:
    """Return a noun with its article."""
    return f"an {noun}" if noun[0] == "a" else f"a {noun}"


def either(nouns: Sequence[str]) -> str:
    """Return nouns as alternatives."""
    return joined([a(noun) for noun in nouns], "or")


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
