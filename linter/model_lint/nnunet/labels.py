"""What nnU-Net and SCT make of the labels of a ``dataset.json``.

nnU-Net's ``LabelManager`` (utilities/label_handling) reads them when it loads a model and numbers
its output; SCT (deepseg/inference.py) compares that output with them and names files after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..models.json_file import Step
from ..wording import count, listing, quote

BACKGROUND = "background"
IGNORE = "ignore"
#: Characters that no file system of SCT's three platforms takes in a name.
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
#: Bytes of a label of which SCT can make ``IMAGE_pred_LABEL_seg.nii.gz``, at most 255 bytes: with
#: the shortest name of an image, and with those that BIDS gives.
_MAX_NAME = 235
_LONG_NAME = 150


class Defect(NamedTuple):
    """Something about the labels that goes wrong, or that works by luck."""

    #: Keys and indices from the top of the file.
    steps: tuple[Step, ...]
    message: str
    #: Whether both consumers get it right all the same.
    works: bool = False
    #: How to fix it, where that is shorter than the rule's general advice.
    help: str | None = None


def defects(data: Mapping[str, Any]) -> Iterator[Defect]:
    """Yield what is wrong with ``labels``, where that is an object, and its regions."""
    labels = data.get("labels")
    if not isinstance(labels, dict):
        return
    yield from _background(labels)
    yield from _names(labels)
    values = list(_values(labels))
    yield from values
    if any(not defect.works for defect in values):
        return  # what follows would only repeat it
    if has_regions(labels):
        yield from _regions(labels, data)
    else:
        yield from _plain(labels)
    yield from _ignore(labels)


def outputs(labels: Mapping[str, Any]) -> list[str]:
    """Return the suffixes of the files that SCT writes for these labels, in order."""
    names = foreground(labels)
    if all(name == f"lvl{number}" for number, name in enumerate(names, start=1)):
        return ["_rootlets"]
    if names == ["sc"]:
        return ["_seg"]
    return [f"_{name}_seg" for name in names]


def foreground(labels: Mapping[str, Any]) -> list[str]:
    """Return the labels that SCT makes a file of: all but ``background``."""
    return [name for name in labels if name != BACKGROUND]


def has_regions(labels: Mapping[str, Any]) -> bool:
    """Return whether nnU-Net trains regions: some label is a list of more than one value."""
    return any(isinstance(value, list) and len(value) > 1 for value in labels.values())


def whole_number(value: Any) -> int | None:
    """Return what ``int`` makes of a value, which is how nnU-Net and SCT read it."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and value != number else number


def _background(labels: dict[str, Any]) -> Iterator[Defect]:
    if BACKGROUND in labels:
        return
    near = [name for name in labels if name.strip().lower() == BACKGROUND]
    hint = f"; it has to be spelled like this, not {quote(near[0])}" if near else ""
    yield Defect(("labels",), f"no label `background`{hint}")


def _names(labels: dict[str, Any]) -> Iterator[Defect]:
    names = foreground(labels)
    if not names and BACKGROUND in labels:
        yield Defect(("labels",), "no label besides `background`")
    for name in names:
        reason = _unfit_for_file(name)
        if reason:
            text = f"the label {quote(name)} can't be part of a file name: {reason}"
            yield Defect(("labels", name), text, help="rename the label: `a-z`, `0-9` and `_` do")
        elif not 0 < len(name.encode()) <= _LONG_NAME:
            text = f"a label of {count(len(name.encode()), 'byte')} makes odd file names"
            yield Defect(("labels", name), text, works=True)
    folded: dict[str, str] = {}
    for name in names:
        first = folded.setdefault(name.lower(), name)
        if first != name:
            text = f"{quote(first)} and {quote(name)} are one file name on macOS and Windows"
            yield Defect(("labels", name), text, works=True)


def _unfit_for_file(name: str) -> str | None:
    special = [c for c in name if c in _NOT_IN_NAMES or ord(c) < 32 or c == "\x7f"]
    if special:
        return f"it holds {listing(dict.fromkeys(special))}"
    if any(0xD800 <= ord(c) <= 0xDFFF for c in name):
        return "it holds half a character (a lone surrogate)"
    if len(name.encode()) > _MAX_NAME:
        return f"it is longer than {_MAX_NAME} bytes"
    return None


def _values(labels: dict[str, Any]) -> Iterator[Defect]:
    """Check each value by itself."""
    for name, value in labels.items():
        steps = ("labels", name)
        if name == IGNORE:
            continue
        if name == BACKGROUND:
            yield from _background_value(value, steps, regions=has_regions(labels))
        elif not isinstance(value, list):
            yield from _value(name, value, steps)
        elif not value:
            yield Defect(steps, f"{quote(name)} is an empty list")
        else:
            for index, item in enumerate(value):
                yield from _value(name, item, (*steps, index))
            numbers = [whole_number(item) for item in value]
            if len(set(numbers)) < len(numbers):
                yield Defect(steps, f"{quote(name)} repeats a value", works=True)


def _background_value(value: Any, steps: tuple[Step, ...], *, regions: bool) -> Iterator[Defect]:
    if isinstance(value, list) or whole_number(value) != 0:
        yield Defect(steps, f"`background` must be 0, not {_shown(value)}")
    elif isinstance(value, str) and regions:
        # nnU-Net compares it with 0, so that "0" counts as one more region.
        yield Defect(steps, f"`background` must be the number 0, not the text {quote(value)}")
    elif not _is_integer(value):
        yield Defect(steps, f"`background` should be 0, not {_shown(value)}", works=True)


def _value(name: str, value: Any, steps: tuple[Step, ...]) -> Iterator[Defect]:
    number = whole_number(value)
    if number is None:
        yield Defect(
            steps, f"the value of {quote(name)} must be a whole number, not {_shown(value)}"
        )
    elif number < 1:
        what = "0 is the background" if number == 0 else "values are 1, 2, ..."
        yield Defect(steps, f"the value of {quote(name)} is {_shown(value)}; {what}")
    elif not _is_integer(value):
        text = f"the value of {quote(name)} should be {number}, not {_shown(value)}"
        yield Defect(steps, text, works=True)


def _plain(labels: dict[str, Any]) -> Iterator[Defect]:
    """Check that the values are 0, 1, ..., as nnU-Net numbers its output, each used once."""
    owners: dict[int, list[str]] = {}
    for name, value in labels.items():
        if name != IGNORE:
            number = whole_number(value[0] if isinstance(value, list) else value)
            owners.setdefault(-1 if number is None else number, []).append(name)
    for number, names in owners.items():
        if len(names) > 1:
            text = f"{listing(names)} have the same value {number}"
            yield Defect(("labels", names[1]), text)
    numbers = sorted({0, *owners})
    gap = next((n for n, expected in enumerate(numbers) if n != expected), None)
    if gap is not None:
        found = numbers[gap]
        text = (
            f"the values {listing(numbers, shown=5)} have a gap before {found}: nnU-Net numbers its"
        )
        last = len(numbers) - 1
        more = f"output 0 to {last}, and SCT looks for these values in it: empty or swapped masks"
        yield Defect(("labels", owners[found][0]), f"{text} {more}")


def _regions(labels: dict[str, Any], data: Mapping[str, Any]) -> Iterator[Defect]:
    """Check that each region has the value that nnU-Net is to write for it."""
    regions = {
        name: _members(value) for name, value in labels.items() if name not in {BACKGROUND, IGNORE}
    }
    order = data.get("regions_class_order")
    steps: tuple[Step, ...] = ("regions_class_order",)
    if order is None:
        text = "labels that are lists (regions) need `regions_class_order`, which is missing"
        yield Defect(("labels",), text)
        return
    if not isinstance(order, list):
        text = f"`regions_class_order` must be a list of whole numbers, not {_shown(order)}"
        yield Defect(steps, text)
        return
    if len(order) != len(regions):
        amounts = f"{count(order, 'value')} for {count(len(regions), 'region')}"
        text = f"`regions_class_order` has {amounts} ({listing(regions, shown=5)})"
        yield Defect(steps, text)
        return
    yield from _order(order, regions)
    every = sorted(set().union(*regions.values()))
    if every != list(range(1, len(every) + 1)):
        text = f"the values of the regions are {listing(every, shown=9)}, with a gap"
        yield Defect(("labels",), text, works=True)


def _order(order: list[Any], regions: dict[str, frozenset[int]]) -> Iterator[Defect]:
    seen: dict[int, str] = {}
    for index, (written, (name, members)) in enumerate(zip(order, regions.items(), strict=True)):
        steps = ("regions_class_order", index)
        value = written if isinstance(written, (int, float)) else None
        number = whole_number(value)
        if number is None or not 1 <= number <= 255:
            text = f"`regions_class_order` holds {_shown(written)}; each must be from 1 to 255"
            yield Defect(steps, text)
        elif number in seen:
            text = f"`regions_class_order` gives {quote(seen[number])} and {quote(name)} one value"
            yield Defect(steps, f"{text}, {number}")
        elif number not in members:
            own = listing(sorted(members), shown=5)
            text = (
                f"`regions_class_order` gives {quote(name)} the value {number}, not one of its own"
            )
            yield Defect(steps, f"{text} ({own}): it follows the order of the labels")
        elif not _is_integer(written):
            yield Defect(steps, f"write {number}, not {_shown(written)}", works=True)
        if number is not None:
            seen.setdefault(number, name)


def _ignore(labels: dict[str, Any]) -> Iterator[Defect]:
    if IGNORE not in labels:
        return
    value = labels[IGNORE]
    others = [m for name, v in labels.items() if name != IGNORE for m in _members(v)]
    wanted = max(others, default=0) + 1
    if not _is_integer(value) or value != wanted:
        text = (
            f"`ignore` must be {wanted}, one more than the highest other value, not {_shown(value)}"
        )
        yield Defect(("labels", IGNORE), text)


def _members(value: Any) -> frozenset[int]:
    values = value if isinstance(value, list) else [value]
    return frozenset(number for number in map(whole_number, values) if number is not None)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return "an object" if isinstance(value, dict) else quote(value)
