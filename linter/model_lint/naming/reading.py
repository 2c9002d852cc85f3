"""Read a text as a name: its tokens, their fields and their problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..findings import Problem
from ..wording import a, are, quote_name, quote_names
from .model import (
    MAX_LENGTH,
    PREFIX,
    Fields,
    Origin,
    Placed,
    Reading,
    Slot,
    Token,
    Word,
)
from .placing import place, rank
from .vocabulary import Found, Index, Status


def read(text: str, index: Index, *, any_length: bool = False) -> Reading:
    """Read a text; the problems have no suggestion yet.

    If the prefix or the characters are invalid, nothing else is read.
    """
    wrong = tuple(_syntax(text, index, any_length=any_length))
    if wrong:
        return Reading(text, problems=tuple(Placed(-1, problem) for problem in wrong))
    tokens, misplaced = place(_tokens(text, index), index)
    wrong_values = [
        Placed(token.position, problem) for token in tokens for problem in _wrong_in(token, index)
    ]
    problems = sorted([*misplaced, *wrong_values], key=lambda placed: placed.position)
    slots = _slots(tokens, index)
    fields = _fields(slots, index) if len(slots) == len(tokens) else None
    if fields is not None:
        slots += _omitted(slots, index)
    in_order = tuple(sorted(slots, key=lambda slot: rank(slot.field)))
    return Reading(text, tokens, tuple(problems), fields, in_order)


# ---------------------------------------------------------------------------------- characters


def _syntax(text: str, index: Index, *, any_length: bool) -> Iterator[Problem]:
    """Yield the problem of the prefix, or else those of the characters."""
    if not text:
        yield Problem("the name is empty: a name begins with `model_`", code="N001")
        return
    if not text.startswith(PREFIX):
        message = f"{quote_name(text)} does not begin with `model_`, as every name does"
        yield Problem(message, code="N001")
        return
    rest = text.removeprefix(PREFIX)
    if not rest:
        yield Problem("nothing follows `model_`: add a task and an anatomy, or more", code="N002")
        return
    if len(text) > MAX_LENGTH and not any_length:
        message = f"the name has {len(text)} characters: leave out defaults, GitHub takes at most"
        yield Problem(f"{message} {MAX_LENGTH}", code="N002")
        return
    tokens = rest.split("_")
    values = [value for token in tokens for value in token.split("-")]
    bad = [value for value in values if value and not index.well_formed(value)]
    if bad:
        yield Problem(_bad_characters("".join(bad)), code="N002")
    if not all(tokens):
        message = "a token is empty: write one `_` between two tokens, and none at the end"
        yield Problem(message, code="N002")
    elif not all(values):
        message = "a value is empty: write one `-` between two values of a token, none at its ends"
        yield Problem(message, code="N002")


def _bad_characters(text: str) -> str:
    bad = dict.fromkeys(c for c in text if not ("a" <= c <= "z" or "0" <= c <= "9"))
    capitals = [c for c in bad if "A" <= c <= "Z"]
    others = [_character(c) for c in bad if c not in capitals]
    if not others:
        return "write small letters: only filmCharley and hemisAndreanne have capitals"
    what = ", ".join([*others[:5], *(["..."] if others[5:] else [])])
    also = " or capitals" if capitals else ""
    return f"a name can't contain {what}{also}: write a-z and 0-9, with `_` and `-` between"


def _character(character: str) -> str:
    names = {" ": "a space", "\n": "a line break", "\r": "a line break", "\t": "a tab"}
    if character in names:
        return names[character]
    if "!" <= character <= "~":
        return f"`{character}`"
    return f"the character U+{ord(character):04X}"


# ---------------------------------------------------------------------------------- values


def _tokens(text: str, index: Index) -> list[Token]:
    found: list[tuple[str, tuple[Found, ...]]] = []
    for part in text.split("_")[1:]:
        values = tuple(index.find(value) for value in part.split("-"))
        whole = _whole(part, values, index)
        if whole is None and found and len(found[-1][1]) == len(values) == 1:
            before, first = found[-1]
            whole = _whole(f"{before}_{part}", (*first, *values), index)
            if whole is not None:
                found.pop()
        found.append((part, values) if whole is None else (whole.written, (whole,)))
    tokens = [Token(part, position, values) for position, (part, values) in enumerate(found)]
    return [t._replace(field=t.homes[0]) if len(t.homes) == 1 else t for t in tokens]


def _whole(text: str, parts: Sequence[Found], index: Index) -> Found | None:
    """Return the word that was written in parts: `ex-vivo`, `t2-star`, `spinal_cord`."""
    if len(parts) == 1 or all(part.allowed for part in parts):
        return None
    whole = index.find("".join(part.written for part in parts))
    if whole.home is None or not {part.home for part in parts} <= {None, whole.home}:
        return None
    status: Status = "refused" if whole.status == "refused" else "alias"
    return whole._replace(written=text, status=status)


def _wrong_in(token: Token, index: Index) -> Iterator[Problem]:
    """Yield the problems of a token that do not depend on its place."""
    for f in token.found:
        if f.status == "alias":
            message = f"{quote_name(f.written)} is another spelling: write `{f.value}` ({f.home})"
            yield Problem(message, code="N011")
    if token.is_mixed:
        said = ", ".join(f"{quote_name(f.written)} is {a(f.home)}" for f in token.found if f.home)
        message = f"{quote_name(token.text)} mixes fields: {said}; write one token for each field"
        yield Problem(message, code="N009")
    written = [f.written for f in token.found]
    twice = [w for w in dict.fromkeys(written) if written.count(w) > 1]
    if twice:
        message = f"{quote_name(token.text)} contains {quote_names(twice)} twice: write it once"
        yield Problem(message, code="N010")
    yield from _outside_lists(token, index)


def _outside_lists(token: Token, index: Index) -> Iterator[Problem]:
    """Yield the problems of values that are not in any list of their field."""
    refused = [f for f in token.found if f.status == "refused"]
    for home in dict.fromkeys(f.home for f in refused if f.home):
        written = [f.written for f in refused if f.home == home]
        yield _not_allowed(home, written, index)
    unlisted = [f.written for f in token.found if f.status == "unlisted"]
    if not unlisted or token.field is None:
        return
    if index.is_open(token.field):
        message = f"{quote_names(unlisted)} {are(unlisted)} not in any list"
        message += f": read as {a(token.field)}"
        why = "its place" if token.by_place else "the values next to it"
        yield Problem(f"{message}, because of {why}", code="N005")
    elif not refused:  # a refused value in the same token is already reported
        yield _not_allowed(token.field, unlisted, index)


def _not_allowed(name: str, written: Sequence[str], index: Index) -> Problem:
    message = f"{quote_names(written)} {are(written)} not allowed as {a(name)}"
    return Problem(f"{message}: write one of {index.options(name)}", code="N004")


# ------------------------------------------------------------------------- fields


def _slots(tokens: Iterable[Token], index: Index) -> tuple[Slot, ...]:
    """Return the tokens whose field and values are certain and allowed."""
    slots = []
    for token in tokens:
        words = [_word(f, token.field, index) for f in token.found]
        known = tuple(word for word in words if word is not None)
        if token.field is not None and len(known) == len(words):
            slots.append(Slot(token.field, token.text, known))
    return tuple(slots)


def _word(found: Found, name: str | None, index: Index) -> Word | None:
    if found.status == "refused" or name is None:
        return None
    if found.status == "unlisted" and not index.is_open(name):
        return None
    origin: Origin = found.status
    return Word(found.value, found.written, origin)


def _fields(slots: Iterable[Slot], index: Index) -> Fields:
    """Return the values of all slots together; a duplicate field has the values of both."""
    values: dict[str, tuple[str, ...]] = {}
    for slot in slots:
        values[slot.field] = tuple(dict.fromkeys((*values.get(slot.field, ()), *slot.values)))
    return Fields(**{n: values.get(n, words.defaults) for n, words in index.vocabulary.items()})


def _omitted(slots: Iterable[Slot], index: Index) -> tuple[Slot, ...]:
    """Return the fields left out, with their defaults."""
    read_ = {slot.field for slot in slots}
    return tuple(
        Slot(name, None, tuple(Word(value, "", "default") for value in words.defaults))
        for name, words in index.vocabulary.items()
        if name not in read_
    )
