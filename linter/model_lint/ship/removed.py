"""What `pack` removes because it names people, machines or subjects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from ..wording import count

#: Kinds (those of `privacy`, or ``case`` for an entry in a list of cases) with the value, each
#: value once.
Leaks: TypeAlias = "frozenset[tuple[str, str]]"
NOTHING: Leaks = frozenset()

_WORDS = {
    "path": "path",
    "host": "host or user name",
    "subject": "subject",
    "secret": "secret",
    "case": "listed case",
}


def counted(leaks: Leaks) -> dict[str, int]:
    """Return how many things of each kind there are, in a fixed order of the kinds."""
    found = Counter(kind for kind, _ in leaks)
    return {kind: found[kind] for kind in _WORDS if found[kind]}


def described(leaks: Leaks) -> str:
    """Return ``2 paths, 1 subject``."""
    return ", ".join(count(number, _WORDS[kind]) for kind, number in counted(leaks).items())


def total(removed: Mapping[str, Leaks]) -> Leaks:
    """Return what was removed from all files; what several files contain is in it once."""
    return frozenset().union(*removed.values())
