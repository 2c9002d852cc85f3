"""What is read from a name, as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..findings import Problem
from .vocabulary import FIELDS, Found

#: What every name begins with.
PREFIX = "model_"
#: GitHub refuses longer repository names.
MAX_LENGTH = 100
#: Codes of the problems that leave a name usable: no task, unlisted, ambiguous, historical order.
TOLERATED = frozenset({"N003", "N005", "N006", "N008"})

#: Numbers, field strengths (7t), versions (v2) and tags: never the value of an open field by
#: themselves, because the specification has no field for what they say.
NO_WORD = re.compile(r"[0-9]+|[0-9]+t|v[0-9]+|r[0-9]{8}")

#: Where a value comes from: the specification's list, the word list beside it (or the
#: configuration), no list at all, another spelling, or the default of a field left out.
Origin = Literal["listed", "known", "unlisted", "alias", "default"]


class Fields(NamedTuple):
    """What a name says: for each field its values in their order, ``()`` where there are none.

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

    #: The value that is meant.
    value: str
    #: The value as it stands in the name; another text for an alias, "" for a default.
    written: str
    origin: Origin


class Slot(NamedTuple):
    """One field and what was read for it."""

    field: str
    #: The token as it stands in the name; None for a field left out.
    token: str | None
    words: tuple[Word, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values, each once."""
        return tuple(dict.fromkeys(word.value for word in self.words))


class Suggestion(NamedTuple):
    """A right name in place of a wrong one."""

    name: str
    #: Whether the wrong name says all that this one says; otherwise it is a guess.
    certain: bool


class Name(NamedTuple):
    """A name that was read."""

    text: str
    #: What the name says; None where that can't be told for every token.
    fields: Fields | None
    #: The tokens whose field is certain, in the order of the fields; where ``fields`` is not None
    #: also the fields left out.
    slots: tuple[Slot, ...]
    #: The other tokens, as they stand in the name; none where ``fields`` is not None.
    unread: tuple[str, ...]
    #: In the order in which they stand in the name.
    problems: tuple[Problem, ...]
    #: The nearest right name, if something is wrong and there is one that keeps every word.
    suggestion: Suggestion | None = None

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong that the specification forbids."""
        return all(problem.code in TOLERATED for problem in self.problems)

    def values(self, field: str) -> tuple[str, ...] | None:
        """Return the values of a field; None where they can't be told for certain."""
        found = [slot.values for slot in self.slots if slot.field == field]
        return found[0] if len(found) == 1 else None


class Token(NamedTuple):
    """One token while it is read: its values, and their field where that is certain."""

    text: str
    #: 0 for the first token after ``model``.
    position: int
    found: tuple[Found, ...]
    #: The certain field.
    field: str | None = None
    #: Whether its place says the field, not its words.
    by_place: bool = False
    #: The fields that an unlisted token may be of, where its place leaves several.
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
        """Whether it is made of numbers, field strengths and the like only."""
        return all(NO_WORD.fullmatch(f.written) for f in self.found)


class Placed(NamedTuple):
    """A problem and the position of its token: -1 comes before the first."""

    position: int
    problem: Problem


class Reading(NamedTuple):
    """What a text says, before anything is suggested."""

    text: str
    #: Empty where the prefix or the characters are wrong.
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
