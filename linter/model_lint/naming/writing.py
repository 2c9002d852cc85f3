"""Write the name of given fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations

from ..wording import a, quote_name
from .model import MAX_LENGTH, PREFIX, Fields
from .reading import read
from .vocabulary import FIELDS, Index


def write(fields: Fields, index: Index, spelled: frozenset[str] = frozenset()) -> str | None:
    """Return the shortest name that is read back as these fields, or None.

    ``spelled`` are the fields to write even if they have their default. Other defaults are written
    only if an unlisted value needs them next to it.
    """
    optional = [
        name
        for name, values in fields.items()
        if values and values == index.vocabulary[name].defaults and name not in spelled
    ]
    subsets = chain.from_iterable(combinations(optional, n) for n in range(len(optional) + 1))
    for added in subsets:
        name = join(fields, omitted=set(optional).difference(added))
        reading = read(name, index)
        if reading.fields == fields and reading.usable:
            return name
    return None


def require_values(name: str, values: Sequence[str], index: Index) -> None:
    """Raise ValueError, with one line, for values that a field can't have."""
    default = index.vocabulary[name].default
    if not values and default is not None:
        raise ValueError(f"{name} needs a value; its default is {default}")
    for value in values:
        found = index.find(value)
        if not index.well_formed(value):
            raise ValueError(
                f"{name}: {quote_name(value)} can't be part of a name; write a-z and 0-9"
            )
        if found.home is not None and found.home != name:
            raise ValueError(f"{name}: {quote_name(value)} is {a(found.home)}, not {a(name)}")
        if found.status == "alias":
            raise ValueError(
                f"{name}: {quote_name(value)} is another spelling; write `{found.value}`"
            )
        if not found.allowed and not index.is_open(name):
            options = index.options(name)
            raise ValueError(f"{name}: {quote_name(value)} is not allowed; write one of {options}")
        if values.count(value) > 1:
            raise ValueError(f"{name}: {quote_name(value)} is there twice; write it once")


def why_no_name(fields: Fields, index: Index) -> str:
    """Return why no valid name has these fields; the values of each are allowed."""
    defaults = [n for n, values in fields.items() if values == index.vocabulary[n].defaults]
    shortest = join(fields, omitted=defaults)
    if len(shortest) > MAX_LENGTH:
        return f"the name would have {len(shortest)} characters; GitHub takes at most {MAX_LENGTH}"
    longest = read(join(fields), index, any_length=True)
    wrong = [p.problem for p in longest.problems if p.problem.code not in {"N003", "N005"}]
    reason = wrong[0].message if wrong else f"{quote_name(shortest)} is read as something else"
    return f"no valid name has these values: {reason}"


def join(fields: Fields, omitted: Iterable[str] = ()) -> str:
    """Return the values in the order of a name, without the fields that are omitted."""
    values = dict(fields.items())
    return PREFIX + "_".join(
        "-".join(values[name]) for name in FIELDS if values[name] and name not in omitted
    )
