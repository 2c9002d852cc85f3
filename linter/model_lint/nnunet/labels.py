"""How nnU-Net and SCT use the labels of a ``dataset.json``, and the problems of labels.

nnU-Net's ``LabelManager`` (utilities/label_handling) reads them when it loads a model and numbers
its output; SCT (deepseg/inference.py) compares that output with them and names files after them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..findings import Consumer, Problem, Severity, Step
from ..storage.limits import MAX_LABELS
from ..wording import count, listing, quote
from .numbers import whole_number

BACKGROUND = "background"
IGNORE = "ignore"
#: Characters that a file name can't contain on one of SCT's three platforms.
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
#: Most bytes of a label, so that ``IMAGE_pred_LABEL_seg.nii.gz``, which SCT writes, has at most 255
#: bytes: with the shortest name of an image, and with the names of BIDS.
_MAX_NAME = 235
_LONG_NAME = 150
_INVERTED = "names and values are the wrong way round, as in nnU-Net 1 and the Decathlon"
_UNINVERTED = 'write `"labels": {"background": 0, "NAME": 1}`'
_CONVERSION = (
    "`nnUNetv2_convert_MSD_dataset` (Decathlon) and `nnUNetv2_convert_old_nnUNet_dataset` "
    "(nnU-Net 1) convert the whole data set"
)
_LARGER_FIRST = (
    "list larger regions first in `labels`, `regions_class_order` likewise, and train with that: "
    "the network's outputs have the order of `labels`"
)
_OWN_VALUE = "in `regions_class_order`, give each region a value that it shares with no other"


WARNING = Severity.WARNING


def label_problems(data: Mapping[str, Any], *, planned: bool = False) -> Iterator[Problem]:
    """Yield the problems of ``labels``, if it is an object, and of its regions.

    A warning is a problem that both consumers can handle. With ``planned``, nnU-Net has yet to
    check and plan the data set: it can't for some labels that it could predict.
    """
    labels = data.get("labels")
    if not isinstance(labels, dict):
        return
    amount = sum(len(value) if isinstance(value, list) else 1 for value in labels.values())
    if amount > MAX_LABELS:
        text = f"{amount} values of labels, the limit is {MAX_LABELS}: no genuine model has so many"
        yield Problem(text, steps=("labels",))
        return
    if is_inverted(labels):
        help_text = f"{_UNINVERTED}; {_CONVERSION}" if is_old_dataset(data) else _UNINVERTED
        yield Problem(_INVERTED, steps=("labels",), help=help_text)
        return
    yield from _background(labels)
    yield from _names(labels)
    values = list(_values(labels))
    yield from _texts(labels)
    yield from values
    if any(problem.severity is None for problem in values):
        return  # later checks would only repeat it
    if has_regions(labels):
        yield from _regions(labels, data, planned=planned)
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
    """Return the labels for which SCT writes a file: all but ``background``."""
    return [name for name in labels if name != BACKGROUND]


def is_inverted(labels: Mapping[str, Any]) -> bool:
    """Return whether every key is a number and every value is text, as in nnU-Net 1's files."""
    return bool(labels) and all(
        name.strip().isdecimal() and isinstance(value, str) and whole_number(value) is None
        for name, value in labels.items()
    )


def is_old_dataset(data: Mapping[str, Any]) -> bool:
    """Return whether a ``dataset.json`` has the form of nnU-Net 1 and of the Decathlon.

    Its labels are inverted, its channels are called `modality`, and it names no file ending.
    """
    labels = data.get("labels")
    old = "modality" in data and "file_ending" not in data
    return old and isinstance(labels, dict) and is_inverted(labels)


def painted(regions: Mapping[str, Collection[int]], order: Sequence[int]) -> dict[int, int]:
    """Return the value that nnU-Net writes for each true value, if the network makes no error.

    nnU-Net paints one region after the other, in the order of ``regions``, each with its value of
    ``order``; a later one covers an earlier one (``LabelManager``, label_handling.py).
    """
    written: dict[int, int] = {}
    for members, value in zip(regions.values(), order, strict=True):
        written.update(dict.fromkeys(members, value))
    return written


def painting_problems(
    regions: Mapping[str, Collection[int]], order: Sequence[int]
) -> Iterator[Problem]:
    """Yield the regions whose declared mask nnU-Net's output does not give.

    A warning is a value that is not the region's own, if the masks are correct nevertheless.

    ``regions`` has the values of each label in the order of the file, without `background` and
    `ignore`; ``order`` is ``regions_class_order``, of the same length. The mask of a region is
    where the output has one of its values: nnU-Net's evaluation and SCT read it so.
    """
    written = painted(regions, order)
    last = {value: name for name, members in regions.items() for value in members}
    values = dict(zip(regions, order, strict=True))
    sources: dict[int, set[int]] = {}
    for true, value in written.items():
        sources.setdefault(value, set()).add(true)
    for index, (name, members) in enumerate(regions.items()):
        own = frozenset(members)
        shown = set().union(*(sources.get(value, ()) for value in own))
        if values[name] not in own:
            found = _foreign_value(name, own, values[name], works=shown == own)
            yield found._replace(steps=("regions_class_order", index))
        elif shown != own:
            painter = last[min(shown ^ own)]
            found = _covered(name, own, painter, frozenset(regions[painter]), values[painter])
            yield found._replace(steps=("regions_class_order", index))


def _foreign_value(name: str, own: frozenset[int], value: int, *, works: bool) -> Problem:
    text = f"`regions_class_order` gives {quote(name)} the value {value}, not one of its own"
    wanted = listing(sorted(own), shown=5)
    text += f" ({wanted}): it follows the order of the labels"
    return Problem(text, severity=WARNING if works else None)


def _covered(
    name: str, own: frozenset[int], painter: str, others: frozenset[int], value: int
) -> Problem:
    """Return the problem of a region that loses voxels to a later one, or takes some of its."""
    if own < others and value not in own:
        text = f"{quote(painter)} is painted after {quote(name)} and covers it"
        return Problem(text, help=_LARGER_FIRST)
    if value in own:
        text = (
            f"{quote(name)} would contain all of {quote(painter)}, which is written as {value} too"
        )
        return Problem(text, help=_OWN_VALUE)
    text = f"{quote(painter)} is painted after {quote(name)} and covers their common part"
    advice = f"give the common part of {quote(name)} and {quote(painter)} a label of its own"
    return Problem(text, help=f"{advice}, listed after both")


def has_regions(labels: Mapping[str, Any]) -> bool:
    """Return whether nnU-Net trains regions: some label is a list of more than one value."""
    return any(isinstance(value, list) and len(value) > 1 for value in labels.values())


def _background(labels: dict[str, Any]) -> Iterator[Problem]:
    if BACKGROUND in labels:
        return
    near = [name for name in labels if name.strip().lower() == BACKGROUND]
    hint = f"; write it like this, not {quote(near[0])}" if near else ""
    yield Problem(f"the label `background` is missing{hint}", steps=("labels",))


def _names(labels: dict[str, Any]) -> Iterator[Problem]:
    names = foreground(labels)
    if not names and BACKGROUND in labels:
        yield Problem("there is no label except `background`", steps=("labels",))
    for name in names:
        reason = _unfit_for_file(name)
        if reason:
            text = f"the label {quote(name)} can't be part of a file name: {reason}"
            advice = "rename the label, with `a-z`, `0-9` and `_` only"
            yield Problem(text, steps=("labels", name), help=advice, stops=(Consumer.SCT,))
        elif not 0 < len(name.encode()) <= _LONG_NAME:
            text = f"a label of {count(len(name.encode()), 'byte')} makes unusual file names"
            yield Problem(text, steps=("labels", name), severity=WARNING)
    folded: dict[str, str] = {}
    for name in names:
        first = folded.setdefault(name.lower(), name)
        if first != name:
            text = f"{quote(first)} and {quote(name)} are the same file name on macOS and Windows"
            yield Problem(text, steps=("labels", name), severity=WARNING)


def _unfit_for_file(name: str) -> str | None:
    special = [c for c in name if c in _NOT_IN_NAMES or ord(c) < 32 or c == "\x7f"]
    if special:
        return f"it contains {listing(dict.fromkeys(special))}"
    if any(0xD800 <= ord(c) <= 0xDFFF for c in name):
        return "it contains half a character (a lone surrogate)"
    if len(name.encode()) > _MAX_NAME:
        return f"it is longer than {_MAX_NAME} bytes"
    return None


def _texts(labels: dict[str, Any]) -> Iterator[Problem]:
    """Yield one problem for all values that are numbers written as text."""
    names = [name for name, value in labels.items() if _is_text_number(value)]
    if BACKGROUND in names and has_regions(labels):
        names.remove(BACKGROUND)  # reported separately, as an error
    if names:
        text = f"values written as text ({listing(names)}): write numbers, without quotes"
        yield Problem(text, steps=("labels", names[0]), severity=WARNING)


def _is_text_number(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(item, str) and whole_number(item) is not None for item in values)


def _values(labels: dict[str, Any]) -> Iterator[Problem]:
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
            yield Problem(f"{quote(name)} is an empty list", steps=steps)
        else:
            for index, item in enumerate(value):
                yield from _value(name, item, (*steps, index))
            numbers = [whole_number(item) for item in value]
            if len(set(numbers)) < len(numbers):
                yield Problem(f"{quote(name)} repeats a value", steps=steps, severity=WARNING)


def _background_value(value: Any, steps: tuple[Step, ...], *, regions: bool) -> Iterator[Problem]:
    if isinstance(value, list) or whole_number(value) != 0:
        yield Problem(f"`background` must be 0, not {_shown(value)}", steps=steps)
    elif isinstance(value, str) and regions:
        # nnU-Net compares it with 0, so "0" counts as one more region.
        yield Problem(
            f"`background` must be the number 0, not the text {quote(value)}", steps=steps
        )
    elif not isinstance(value, str) and not _is_integer(value):
        yield Problem(
            f"`background` should be 0, not {_shown(value)}", steps=steps, severity=WARNING
        )


def _value(name: str, value: Any, steps: tuple[Step, ...]) -> Iterator[Problem]:
    number = whole_number(value)
    if number is None:
        yield Problem(
            f"the value of {quote(name)} must be a whole number, not {_shown(value)}", steps=steps
        )
    elif number < 1:
        what = "0 is the background" if number == 0 else "values are 1, 2, ..."
        yield Problem(f"the value of {quote(name)} is {_shown(value)}; {what}", steps=steps)
    elif not isinstance(value, str) and not _is_integer(value):
        text = f"the value of {quote(name)} should be {number}, not {_shown(value)}"
        yield Problem(text, steps=steps, severity=WARNING)


def _plain(labels: dict[str, Any]) -> Iterator[Problem]:
    """Check that the values are 0, 1, ..., as nnU-Net numbers its output, each used once."""
    owners: dict[int, list[str]] = {}
    for name, value in labels.items():
        if name != IGNORE:
            number = whole_number(value[0] if isinstance(value, list) else value)
            owners.setdefault(-1 if number is None else number, []).append(name)
    for number, names in owners.items():
        if len(names) > 1:
            text = f"{listing(names)} have the same value {number}"
            yield Problem(text, steps=("labels", names[1]))
    numbers = sorted({0, *owners})
    gap = next((n for n, expected in enumerate(numbers) if n != expected), None)
    if gap is not None:
        found = numbers[gap]
        text = (
            f"the values {listing(numbers, shown=5)} have a gap before {found}: nnU-Net numbers its"
        )
        last = len(numbers) - 1
        more = f"output 0 to {last}, and SCT looks for these values in it: empty or swapped masks"
        yield Problem(f"{text} {more}", steps=("labels", owners[found][0]))


def _regions(
    labels: dict[str, Any], data: Mapping[str, Any], *, planned: bool
) -> Iterator[Problem]:
    """Check that each region has a valid value for nnU-Net to write."""
    regions = {
        name: _members(value) for name, value in labels.items() if name not in {BACKGROUND, IGNORE}
    }
    order = data.get("regions_class_order")
    steps: tuple[Step, ...] = ("regions_class_order",)
    if order is None:
        text = "labels that are lists (regions) need `regions_class_order`, which is missing"
        yield Problem(text, steps=("labels",))
        return
    if not isinstance(order, list):
        text = f"`regions_class_order` must be a list of whole numbers, not {_shown(order)}"
        yield Problem(text, steps=steps)
        return
    if len(order) != len(regions):
        amounts = f"{count(order, 'value')} for {count(len(regions), 'region')}"
        text = f"`regions_class_order` has {amounts} ({listing(regions, shown=5)})"
        yield Problem(text, steps=steps)
        return
    yield from _order(order, regions)
    every = sorted(set().union(*regions.values()))
    if every != list(range(1, len(every) + 1)):
        text = f"the values of the regions are {listing(every, shown=9)}, with a gap"
        yield Problem(text, steps=("labels",), severity=None if planned else WARNING)


def _order(order: list[Any], regions: dict[str, frozenset[int]]) -> Iterator[Problem]:
    numbers = [whole_number(v) if isinstance(v, (int, float)) else None for v in order]
    for index, (written, number) in enumerate(zip(order, numbers, strict=True)):
        steps = ("regions_class_order", index)
        if number is None or not 1 <= number <= 255:
            text = f"`regions_class_order` contains {_shown(written)}; each must be from 1 to 255"
            yield Problem(text, steps=steps)
            return
        if not _is_integer(written):
            yield Problem(f"write {number}, not {_shown(written)}", steps=steps, severity=WARNING)
    yield from painting_problems(regions, [number or 0 for number in numbers])


def _ignore(labels: dict[str, Any]) -> Iterator[Problem]:
    if IGNORE not in labels:
        return
    value = labels[IGNORE]
    others = [m for name, v in labels.items() if name != IGNORE for m in _members(v)]
    wanted = max(others, default=0) + 1
    if not _is_integer(value) or value != wanted:
        text = (
            f"`ignore` must be {wanted}, one more than the highest other value, not {_shown(value)}"
        )
        # nnU-Net reads null as no such label.
        stops = (Consumer.SCT,) if value is None else None
        yield Problem(text, steps=("labels", IGNORE), stops=stops)


def _members(value: Any) -> frozenset[int]:
    values = value if isinstance(value, list) else [value]
    return frozenset(number for number in map(whole_number, values) if number is not None)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return "an object" if isinstance(value, dict) else quote(value)
