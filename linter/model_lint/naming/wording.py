"""How messages about names speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Longer texts are cut in messages: no name is longer.
_LONGEST = 100


def quote(text: str) -> str:
    """Return a text from outside in backquotes: on one line, in ASCII, of bearable length."""
    short = text if len(text) <= _LONGEST else text[:40] + "..."
    return "`" + short.encode("unicode_escape").decode("ascii") + "`"


def listing(written: Iterable[str]) -> str:
    """Return several texts in backquotes."""
    return ", ".join(map(quote, written))


def are(several: Sequence[object]) -> str:
    """Return the verb for one or several things."""
    return "are" if len(several) > 1 else "is"


def a(name: str) -> str:
    """Return the name of a field with its article."""
    return f"an {name}" if name[0] == "a" else f"a {name}"


def either(names: Sequence[str]) -> str:
    """Return the names of fields as alternatives."""
    parts = [a(name) for name in names]
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]
