"""The grammar of repository names, and the words that they may contain.

    model_task_anatomy_animal_pathology_condition_contrast_architecture

A name is ``model`` and tokens, separated by ``_``. A token is values of one field, separated by
``-``. Any field may have several values (``sc-gm``, ``t1-t2``, ``hc-ms``). A field may be left out:
it then has its default. Fields are in the order above, each at most once.

If the specification's list of a field ends in ``...`` (anatomy, animal, contrast), the field is
*open*: it also takes values that are not in any list, as long as their place in the name shows
which field they belong to. The others are *closed*.

``parse`` reads a name, ``compose`` writes one; each undoes the other. All code that works with
names uses this package, which imports only the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping

from .model import (
    MAX_LENGTH,
    PREFIX,
    TOLERATED,
    Fields,
    Name,
    Origin,
    Slot,
    Suggestion,
    Word,
)
from .reading import read
from .suggestion import explain, suggest
from .vocabulary import FIELDS, VOCABULARY, FieldWords, extend, index_of
from .writing import require_values, why_no_name, write

__all__ = [
    "FIELDS",
    "MAX_LENGTH",
    "PREFIX",
    "TOLERATED",
    "VOCABULARY",
    "FieldWords",
    "Fields",
    "Name",
    "Origin",
    "Slot",
    "Suggestion",
    "Word",
    "compose",
    "extend",
    "parse",
]


def parse(name: str, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> Name:
    """Read any text as a name. Never raises: defects are in ``problems``."""
    index = index_of(vocabulary)
    reading = read(name, index)
    if reading.fields and not reading.usable and write(reading.fields, index) is None:
        reading = reading._replace(fields=None)  # no valid name has these fields
    read_ = {slot.token for slot in reading.slots}
    unread = tuple(token.text for token in reading.tokens if token.text not in read_)
    problems, suggestion = explain(reading, index), suggest(reading, index)
    return Name(name, reading.fields, reading.slots, unread, problems, suggestion)


def compose(fields: Fields, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str:
    """Write the name of these fields; defaults are left out.

    A value that is not in any list can only be read from its place. If it is alone in its token,
    the neighbouring defaults that make its place certain are written: ``model_seg_sc_yak_hc``.

    Raises:
        ValueError: if no valid name has these fields: a value outside a closed list, an alias,
            characters other than a-z and 0-9, a duplicate value, a field without its value, more
            than 100 characters, an unlisted value that would be read as another field next to any
            others (after ``model_``, where only a task can be unlisted), or a number or a field
            strength that is alone in its token.
        TypeError: if a field is not a tuple.
    """
    index = index_of(vocabulary)
    for name, values in fields.items():
        if not isinstance(values, tuple):
            raise TypeError(f"{name} must be a tuple of values, not {values!r}")
        require_values(name, values, index)
    composed = write(fields, index)
    if composed is None:
        raise ValueError(why_no_name(fields, index))
    return composed
