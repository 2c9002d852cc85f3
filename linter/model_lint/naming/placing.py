"""Find the field of each token of a name, and the tokens that are out of place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from ..findings import Problem
from ..wording import a, are, either, quote_name, quote_names
from .model import Placed, Token
from .vocabulary import FIELDS, Index


def place(tokens: Sequence[Token], index: Index) -> tuple[tuple[Token, ...], list[Placed]]:
    """Give each token its field if that is certain, and report what is out of place."""
    problems: list[Placed] = []
    tokens = list(tokens)
    has_task = any("task" in token.homes for token in tokens)
    if not has_task and not tokens[0].homes:
        # Every documented name begins with a task, so the first token is read as one.
        tokens[0] = tokens[0]._replace(field="task", by_place=True)
    elif not has_task:
        message = "the name has no task: write seg, label or find after `model_`"
        problems.append(Placed(-1, Problem(message, code="N003")))

    problems += _repeats(tokens)
    disorder = _disorder(tokens)
    problems += disorder
    mixed = any(token.is_mixed for token in tokens)
    if mixed or any(placed.problem.code == "N007" for placed in disorder):
        # No neighbour shows for certain where an unlisted value belongs.
        return tuple(tokens), problems
    placed: list[Token] = []
    for unknown, run in groupby(tokens, key=lambda token: token.field is None):
        if unknown:
            found, wrong = _place_run(list(run), tokens, index)
            placed += found
            problems += wrong
        else:
            placed += run
    return tuple(placed), problems


def rank(name: str) -> int:
    """Return the place of a field in the order of a name."""
    return FIELDS.index(name)


def _repeats(tokens: Iterable[Token]) -> Iterator[Placed]:
    seen: dict[str, Token] = {}
    for token in tokens:
        if token.field is None:
            continue
        first = seen.setdefault(token.field, token)
        if first is token:
            continue
        values = "-".join(dict.fromkeys(f.value for t in (first, token) for f in t.found))
        message = f"{quote_name(token.text)} is there twice: write it once"
        if first.text != token.text:
            message = (
                f"{quote_name(first.text)} and {quote_name(token.text)} are both {a(token.field)}: "
                f"write one token, {quote_name(values)}"
            )
        yield Placed(token.position, Problem(message, code="N010"))


def _disorder(tokens: Iterable[Token]) -> list[Placed]:
    """Return the problem of the order: the historical order (N008), or the first token too late."""
    by_field: dict[str, Token] = {}
    for token in tokens:
        if token.field is not None:
            by_field.setdefault(token.field, token)
    order = list(by_field)
    if order == sorted(order, key=rank):
        return []
    if _is_historical(order):
        animal, anatomy = by_field["animal"], by_field["anatomy"]
        if anatomy.position == animal.position + 1:
            message = (
                f"{quote_name(animal.text)} before {quote_name(anatomy.text)} is the order from "
                "before June 2025: write the anatomy before the animal"
            )
            return [Placed(animal.position, Problem(message, code="N008"))]
    late = next(second for first, second in pairwise(order) if rank(second) < rank(first))
    before = next(name for name in order if rank(name) > rank(late))
    token = by_field[late]
    message = (
        f"{quote_name(token.text)} ({late}) must come before {quote_name(by_field[before].text)} "
        f"({before}): the order is {', '.join(FIELDS)}"
    )
    return [Placed(token.position, Problem(message, code="N007"))]


def _is_historical(order: Sequence[str]) -> bool:
    """Return whether the animal comes before the anatomy, and all else is in order."""
    swapped = list(order)
    for i, pair in enumerate(pairwise(order)):
        if pair == ("animal", "anatomy"):
            swapped[i : i + 2] = ["anatomy", "animal"]
    return swapped == sorted(order, key=rank)


def _place_run(
    run: Sequence[Token], tokens: Sequence[Token], index: Index
) -> tuple[list[Token], list[Placed]]:
    """Give unlisted tokens the open fields between their neighbours, if only one way fits."""
    before = [t.field for t in tokens[: run[0].position] if t.field]
    after = [t.field for t in tokens[run[-1].position + 1 :] if t.field]
    low = max(map(rank, before), default=-1)
    high = min(map(rank, after), default=len(FIELDS))
    between = FIELDS[low + 1 : high]
    open_ = tuple(name for name in between if index.is_open(name))
    if len(open_) == len(run) and not any(token.is_no_word for token in run):
        pairs = zip(run, open_, strict=True)
        return [token._replace(field=name, by_place=True) for token, name in pairs], []
    if 0 < len(run) <= len(open_):
        unsure = [token._replace(candidates=open_) for token in run]
        return unsure, [_unsure(token) for token in unsure]
    if not between and after[:1] == ["anatomy"] and "animal" not in after and len(run) == 1:
        # Perhaps an animal in the historical order, which only known animals may have.
        wrong = _before_anatomy(run[0], tokens[run[0].position + 1])
        return [run[0]._replace(candidates=("animal",))], [wrong]
    return list(run), [_no_room(run, between, open_, index)]


def _unsure(token: Token) -> Placed:
    message = (
        f"{quote_name(token.text)} is not in any list, and its place does not show whether it is "
        f"{either(token.candidates)}"
    )
    if token.is_no_word:
        message = f"{_no_field(token)}: leave it out, or join it to the value that it belongs to"
    return Placed(token.position, Problem(message, code="N006"))


def _no_field(token: Token) -> str:
    return (
        f"{quote_name(token.text)} is a number, a field strength, a version or a date, and a name "
        "has no field for these"
    )


def _before_anatomy(token: Token, anatomy: Token) -> Placed:
    message = (
        f"{quote_name(token.text)} comes before the anatomy {quote_name(anatomy.text)}, where "
        "only a task can be: write an animal after the anatomy"
    )
    return Placed(token.position, Problem(message, code="N007"))


def _no_room(
    run: Sequence[Token], between: Sequence[str], open_: Sequence[str], index: Index
) -> Placed:
    first = run[0]
    if open_:
        room = f"there is room for only one, {either(open_)}"
    elif between:
        options = " or ".join(f"{a(name)} ({index.options(name)})" for name in between)
        room = f"their place is for {options}" if len(run) > 1 else f"its place is for {options}"
    else:
        room = "no field is left there"
    message = f"{quote_names(t.text for t in run)} {are(run)} not in any list, and {room}"
    if first.is_no_word:
        message = f"{_no_field(first)}: leave it out, or join it to the value that it belongs to"
    return Placed(first.position, Problem(message, code="N004"))
