"""The data types of a name that was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..findings import Problem
from .vocabulary import FIELDS, Found

#: The beginning of every name.
PREFIX = "model_"
#: GitHub refuses longer repository names.
MAX_LENGTH = 100
#: Codes of the problems that leave a name usable: no task, unlisted, ambiguous, historical order.
TOLERATED = frozenset({"N003", "N005", "N006", "N008"})

#: Numbers, field strengths (7t), versions (v2) and tags. They are never the value of an open field
#: by themselves, because the specification has no field for them.
NO_WORD = re.compile(r"[0-9]+|[0-9]+t|v[0-9]+|r[0-9]{8}")

#: Where a value comes from: the specification's list, our word list (or the configuration), no
#: list, another spelling, or the default of a field left out.
Origin = Literal["listed", "known", "unlisted", "alias", "default"]


class Fields(NamedTuple):
    """The values of each field of a name, in their order; ``()`` if it has no value.

    Only task and contrast can be without a value: all others have a default.
    """

    task: tuple[str, ...] = ()
    anatomy: tuple[str, ...] = ("sc",)
    animal: tuple[str, ...] = ("human",)
    pathology: tuple[str, ...] = ("hc",)
    condition: tuple[str, ...] = ("invivo",)
    contrast: tuple[str, ...] = ()
    architecture: tuple[str, ...] = ("unet2d",)

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each field and its values, in the order of a name."""
        return ((name, getattr(self, name)) for name in FIELDS)


class Word(NamedTuple):
    """One value of a token."""

    #: The value.
    value: str
    #: The value as it is written in the name: another text for an alias, "" for a default.
    written: str
    origin: Origin


class Slot(NamedTuple):
    """One field and the words that were read for it."""

    field: str
    #: The token as it is written in the name; None for a field left out.
    token: str | None
    words: tuple[Word, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values, each once."""
        return tuple(dict.fromkeys(word.value for word in self.words))


class Suggestion(NamedTuple):
    """A valid name in place of an invalid one."""

    name: str
    #: Whether the invalid name says all that this one says; otherwise it is a guess.
    certain: bool


class Name(NamedTuple):
    """A name that was read."""

    text: str
    #: The values of all fields; None unless the field of every token is certain.
    fields: Fields | None
    #: The tokens whose field is certain, in the order of the fields; also the fields left out,
    #: unless ``fields`` is None.
    slots: tuple[Slot, ...]
    #: The other tokens, as they are written in the name; empty unless ``fields`` is None.
    unread: tuple[str, ...]
    #: In the order of the name.
    problems: tuple[Problem, ...]
    #: The nearest valid name, if there is a problem and a valid name that keeps every word.
    suggestion: Suggestion | None = None

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong that the specification forbids."""
        return all(problem.code in TOLERATED for problem in self.problems)

    def values(self, field: str) -> tuple[str, ...] | None:
        """Return the values of a field; None if they are not certain."""
        found = [slot.values for slot in self.slots if slot.field == field]
        return found[0] if len(found) == 1 else None


class Token(NamedTuple):
    """One token while it is read: its values, and their field if that is certain."""

    text: str
    #: 0 for the first token after ``model``.
    position: int
    found: tuple[Found, ...]
    #: The field; None if it is not certain.
    field: str | None = None
    #: Whether the field follows from its place, not from its words.
    by_place: bool = False
    #: The fields that an unlisted token may belong to, if its place leaves several.
    candidates: tuple[str, ...] = ()

    @property
    def homes(self) -> list[str]:
        """The fields that its words belong to."""
        return list(dict.fromkeys(f.home for f in self.found if f.home is not None))

    @property
    def is_mixed(self) -> bool:
        """Whether its words belong to several fields."""
        return len(self.homes) > 1

    @property
    def is_no_word(self) -> bool:
        """Whether it consists of numbers, field strengths and the like only."""
        return all(NO_WORD.fullmatch(f.written) for f in self.found)


class Placed(NamedTuple):
    """A problem and the position of its token: -1 comes before the first."""

    position: int
    problem: Problem


class Reading(NamedTuple):
    """A text that was read, before a name is suggested."""

    text: str
    #: Empty if the prefix or the characters are invalid.
    tokens: tuple[Token, ...] = ()
    problems: tuple[Placed, ...] = ()
    fields: Fields | None = None
    slots: tuple[Slot, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its problems."""
        return frozenset(placed.problem.code for placed in self.problems)

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong that the specification forbids."""
        return self.codes <= TOLERATED
