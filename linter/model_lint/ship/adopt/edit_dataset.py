"""Edit ``dataset.json``: what is certain, and what the user asks for.

What is certain changes nothing that SCT or nnU-Net make of the model; the facts are those of the
rules that ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import UsageError
from ...nnunet.labels import BACKGROUND, has_regions, outputs
from ...nnunet.numbers import whole_number
from ...nnunet.orientation import ORIENTATIONS, SCT_DEFAULT
from ...wording import json_like, listing, quote
from .changes import Edit
from .request import Question

_KEY, _OLD_KEY = "image_orientation", "orientation"
#: SCT keeps only the largest object of this label (deepseg/inference.py).
_LARGEST = "canal_seg"

Data = dict[str, Any]


def edited(
    data: Data, plans: Mapping[str, Any], orientation: str | None, labels: Mapping[str, str]
) -> tuple[Data, list[Edit]]:
    """Return the content of ``dataset.json`` as the new package has it, and the edits.

    Args:
        data: the old content.
        plans: that of ``plans.json``.
        orientation: SCT's letters, if the user gives them.
        labels: new names by old ones.

    Raises:
        UsageError: a label that is to be renamed is missing, or its new name is taken.
        Question: the orientation is not known.
    """
    data = dict(data)
    edits = [*_renamed(data, labels), *_channels(data), *_values(data)]
    return data, [*_oriented(data, plans, orientation), *edits]


# ---------------------------------------------------------------------------------- orientation


def _oriented(data: Data, plans: Mapping[str, Any], given: str | None) -> Iterator[Edit]:
    """Set the orientation, and yield how it changed. Raises Question."""
    written = data.get(_KEY)
    now = _read_by_sct(data, plans)
    if given is None and written in ORIENTATIONS:
        return
    code = given or _certain(written, plans)
    if code is None:
        raise Question(_unknown(data, now))
    if written == code:
        return
    rules = ("D004", "D012") if _KEY in data else ("D003", "D005")
    why = f"SCT took {now} until now" if now else "SCT stopped at it"
    was = f"{json_like(written)} -> " if _KEY in data else ""
    _put(data, code)
    told = "" if now == code else f"; {why}"
    yield Edit(f"{_KEY}: {was}{json_like(code)}{told}", rules)


def _read_by_sct(data: Data, plans: Mapping[str, Any]) -> str:
    """Return the orientation that SCT takes; "" if it stops."""
    if _KEY not in data:
        old = "RegionBasedLesionSeg" in str(plans.get("dataset_name"))
        return "AIL" if old else SCT_DEFAULT
    letters = _joined(data[_KEY])
    return letters if letters in ORIENTATIONS else ""


def _joined(written: object) -> str:
    """Return letters in a list as text: SCT takes both."""
    if isinstance(written, list):
        return "".join(map(str, written))
    return written if isinstance(written, str) else ""


def _certain(written: object, plans: Mapping[str, Any]) -> str | None:
    """Return the orientation if it is only written in another way, or if the reader fixes it."""
    letters = _joined(written).strip().upper()
    if letters in ORIENTATIONS:
        return letters
    reorients = str(plans.get("image_reader_writer")).endswith("WithReorient")
    return SCT_DEFAULT if reorients else None


def _unknown(data: Data, now: str) -> str:
    text = "no image_orientation in dataset.json"
    if _KEY in data:
        text = f"image_orientation in dataset.json is {quote(data[_KEY])}"
    elif _OLD_KEY in data:
        text += f" (SCT does not read the old key `{_OLD_KEY}`: {quote(data[_OLD_KEY])})"
    if now:
        text += f", so SCT takes {now}"
    return (
        f"{text}; give --orientation CODE, that of the training images, which `sct_image -i IMAGE "
        "-getorient` shows"
    )


def _put(data: Data, code: str) -> None:
    """Set the key, in the place of the old one if there is only that."""
    if _OLD_KEY in data and _KEY not in data:
        items = [(_KEY if key == _OLD_KEY else key, value) for key, value in data.items()]
        data.clear()
        data.update(items)
    data[_KEY] = code


# --------------------------------------------------------------------------------------- labels


def _renamed(data: Data, names: Mapping[str, str]) -> Iterator[Edit]:
    """Rename labels, as the user asks, and yield what SCT then writes."""
    labels = data.get("labels")
    if not names:
        return
    if not isinstance(labels, dict):
        raise UsageError("--label: dataset.json has no labels")
    for old, new in names.items():
        if old not in labels or old == BACKGROUND:
            known = listing(name for name in labels if name != BACKGROUND)
            raise UsageError(f"--label {old}={new}: no label {quote(old)}; it has {known}")
    renamed = {names.get(name, name): value for name, value in labels.items()}
    if len(renamed) < len(labels):
        raise UsageError("--label: two labels would have one name")
    before, after = outputs(labels), outputs(renamed)
    data["labels"] = renamed
    codes = ("D008",) if any(name.lower().endswith("seg") for name in names) else ()
    for old, new in names.items():
        yield Edit(f"label: {json_like(old)} -> {json_like(new)}", codes)
    yield Edit(f"SCT's files end in {listing(after, shown=9)}, not {listing(before, shown=9)}")
    if (_LARGEST in labels) != (_LARGEST in renamed):
        now = "all objects stay" if _LARGEST in labels else "only that stays"
        yield Edit(f"SCT keeps the largest object of a label `{_LARGEST}`: from now on {now}")


def _values(data: Data) -> Iterator[Edit]:
    """Write values of labels as whole numbers, as which nnU-Net and SCT read them."""
    labels = data.get("labels")
    if not isinstance(labels, dict) or has_regions(labels):
        return
    numbers = {name: whole_number(value) for name, value in labels.items()}
    wrong = [n for n, v in labels.items() if isinstance(v, float | str) and numbers[n] is not None]
    if wrong:
        data["labels"] = {n: numbers[n] if n in wrong else v for n, v in labels.items()}
        yield Edit(f"values of {listing(wrong)} are written as whole numbers", ("D006",))


# ------------------------------------------------------------------------------------- channels


def _channels(data: Data) -> Iterator[Edit]:
    """Write the channels as nnU-Net 2 does; prediction only counts them."""
    if "modality" in data:
        names, counted = data.get("channel_names", data["modality"]), data["modality"]
        if not isinstance(names, dict | list) or not isinstance(counted, dict | list):
            return
        if len(names) != len(counted):  # prediction counts `modality`
            return
        items = [(k, v) for k, v in data.items() if k != "channel_names"]
        data.clear()
        data.update((("channel_names", names) if k == "modality" else (k, v)) for k, v in items)
        yield Edit("`modality` is called `channel_names`", ("D007",))
    names = data.get("channel_names")
    tidy = _tidied(names)
    if tidy and tidy != names:
        data["channel_names"] = tidy
        yield Edit(f"channel_names: {json_like(names)} -> {json_like(tidy)}", ("D007",))


def _tidied(names: object) -> dict[str, str] | None:
    """Return channels with the keys "0", "1", ...; None if it is not clear how."""
    if isinstance(names, list):
        names = {str(number): name for number, name in enumerate(names)}
    if not isinstance(names, dict) or not names:
        return None
    keys = {str(number) for number in range(len(names))}
    if names.keys() != keys and {str(number) for number in names.values()} == keys:
        names = {str(number): name for name, number in names.items()}
    if names.keys() != keys or not all(isinstance(n, str | int) for n in names.values()):
        return None
    return {key: str(name) for key, name in names.items()}
