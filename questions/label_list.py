"""The answer with the labels: ``sc=1, gm=2``, or regions as ``sc=1+2, lesion=2``."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .answers import AnswerError, quote, region_order
from .answers import labels as linter

#: The highest value that the workflow stores, in 8 bits.
_HIGHEST = 254
_NAME_LENGTH = 50
#: What the name of a BIDS label file can contain.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ITEM = re.compile(r"\s*([^=]*?)\s*=\s*(\d+(?:\s*\+\s*\d+)*)\s*", re.ASCII)
_FORM = "type names with numbers, such as sc=1, gm=2, or sc=1+2, lesion=2 for regions"


class Label(NamedTuple):
    """One label or region."""

    name: str
    values: tuple[int, ...]
    #: The value of its label file in training; None if other files give all its values.
    file_value: int | None


def read(text: str) -> dict[str, tuple[int, ...]]:
    """Read the answer: the values of each label, without the background.

    Raises:
        AnswerError: if it is not a list of labels, or nnU-Net can't train with them.
    """
    found: dict[str, tuple[int, ...]] = {}
    for item in text.split(","):
        name, values = _read_item(item)
        if name.lower() in {other.lower() for other in found}:
            # Label files are named after it, in capitals.
            raise AnswerError("labels", f"{name} is there twice; type each label once.")
        found[name] = values
    if found.pop(linter.BACKGROUND, (0,)) != (0,):
        raise AnswerError("labels", "background is always 0; leave it out.")
    _check(found)
    return found


def arranged(values: dict[str, tuple[int, ...]]) -> tuple[Label, ...]:
    """Return labels and regions from large to small, with the values of their files."""
    ordered = region_order.larger_first(values)
    own = region_order.own_values(ordered)
    return tuple(Label(name, group, own[name]) for name, group in ordered.items())


def _read_item(item: str) -> tuple[str, tuple[int, ...]]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise AnswerError("labels", f"{quote(item.strip())} is not a label; {_FORM}.")
    name, numbers = match[1], re.split(r"\s*\+\s*", match[2])
    if len(name) > _NAME_LENGTH:
        long = f"{quote(name)} has {len(name)} characters; type at most {_NAME_LENGTH}."
        raise AnswerError("labels", long)
    if _NAME.fullmatch(name) is None:
        raise AnswerError(
            "labels",
            f"{quote(name)} can't be part of a file name; type letters, digits, _ and - only, "
            "such as sc.",
        )
    if name.lower().endswith("_seg"):
        raise AnswerError(
            "labels", f"SCT adds _seg to a file's name; type {name[:-4]} instead of {name}."
        )
    if any(len(number) > len(str(_HIGHEST)) or int(number) > _HIGHEST for number in numbers):
        raise AnswerError("labels", f"a number of {name} is too high; type at most {_HIGHEST}.")
    return name, tuple(int(number) for number in numbers)


def _check(values: dict[str, tuple[int, ...]]) -> None:
    """Raise AnswerError for the first problem that the linter reports in ``dataset.json``."""
    for problem in linter.label_problems(_dataset_entries(values)):
        advice = f"{problem.help}; {_FORM}" if problem.help else _FORM
        raise AnswerError("labels", f"{problem.message}; {advice}.")


def _dataset_entries(values: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return the entries of ``dataset.json`` for these labels."""
    ordered = region_order.larger_first(values)
    written = {name: list(own) if len(own) > 1 else own[0] for name, own in ordered.items()}
    entries: dict[str, Any] = {"labels": {linter.BACKGROUND: 0, **written}}
    if linter.has_regions(written):
        regions = {name: own for name, own in ordered.items() if name != linter.IGNORE}
        entries["regions_class_order"] = region_order.class_order(regions)
    return entries
