"""The JSON files of a trainer folder as they are packed: complete for SCT, and without leaks.

What prediction reads is never changed, and a file without leaks keeps its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..models.json_file import JsonFile
from ..nnunet.orientation import ORIENTATIONS
from ..privacy import find_leaks, is_address, is_nobodys, scrubbed
from .log_text import decoded, encoded
from .removed import NOTHING, Leaks
from .results_folder import read_file, read_json_file

#: Keys of dataset.json with lists of cases: nnU-Net reads them in training, never in prediction.
_CASE_LISTS = ("dataset", "training", "test")
#: Keys of dataset.json and plans.json that prediction reads in nnU-Net or SCT, or that name things
#: which must agree with other files.
_READ = frozenset(
    {
        *("labels", "regions_class_order", "channel_names", "modality", "file_ending"),
        *("image_orientation", "overwrite_image_reader_writer", "numTraining"),
        *("configurations", "transpose_forward", "transpose_backward", "image_reader_writer"),
        *("foreground_intensity_properties_per_channel", "label_manager", "plans_name"),
        *("foreground_intensity_properties_by_modality", "dataset_name"),
    }
)


@dataclass(frozen=True)
class CleanFile:
    """A JSON file as it is packed."""

    data: bytes
    #: What was removed from it.
    leaks: Leaks = NOTHING
    #: Other changes, one line each.
    changes: tuple[str, ...] = ()


def read_dataset(path: Path, orientation: str | None) -> CleanFile:
    """Read dataset.json; add the orientation, and leave out lists of cases.

    Raises UsageError if it can't be read, or if the orientation is invalid or unclear.
    """
    file = read_json_file(path)
    written = _orientation(path, file, orientation)
    added = {} if written else {"image_orientation": orientation}
    changes = tuple(f"dataset.json: {key} {code} is added" for key, code in added.items())
    return _written(file, *clean(file.object), added, changes)


def read_plans(path: Path) -> CleanFile:
    """Read plans.json. Raises UsageError."""
    file = read_json_file(path)
    return _written(file, *clean(file.object))


def read_fingerprint(path: Path) -> CleanFile:
    """Read dataset_fingerprint.json, which prediction does not need. Raises UsageError."""
    text = decoded(read_file(path))
    refuse_secrets(path.name, text)
    found = scrubbed(text, meant=is_meant)
    return CleanFile(encoded(found.text), found.leaks)


def clean(content: Mapping[str, Any]) -> tuple[dict[str, Any], Leaks]:
    """Return the content of dataset.json or plans.json without leaks, and what was removed."""
    cases = {key: content[key] for key in _CASE_LISTS if isinstance(content.get(key), list | dict)}
    kept = {key: value for key, value in content.items() if key not in cases}
    free = {key: value for key, value in kept.items() if key not in _READ}
    text, leaks = scrubbed(json.dumps(free, ensure_ascii=False), meant=is_meant)
    if leaks:
        kept = {key: value for key, value in kept.items() if key in _READ} | json.loads(text)
    named = {("case", json.dumps(case)) for listed in cases.values() for case in listed}
    return kept, leaks | named


def is_meant(value: str) -> bool:
    """Return whether a person wrote an address or a path for the reader."""
    return is_address(value) or is_nobodys(value)


def refuse_secrets(name: str, text: str) -> None:
    """Raise UsageError for a password or token in a file that a person wrote."""
    for leak in (leak for leak in find_leaks(text) if leak.kind == "secret"):
        raise UsageError(
            f"{name}, line {leak.line}: a password or token; remove it from the file, and "
            "revoke it, since others may know it already"
        )


def _written(
    file: JsonFile,
    content: dict[str, Any],
    leaks: Leaks,
    added: Mapping[str, Any] = {},
    changes: tuple[str, ...] = (),
) -> CleanFile:
    refuse_secrets(Path(file.path).name, file.text)
    if not leaks and not added:
        return CleanFile(file.text.encode())
    return CleanFile(json.dumps({**content, **added}, indent=4).encode() + b"\n", leaks, changes)


def _orientation(path: Path, file: JsonFile, given: str | None) -> str | None:
    """Return the orientation in dataset.json. Raises UsageError if it is invalid or unclear."""
    written = file.object.get("image_orientation")
    if "image_orientation" in file.object and written not in ORIENTATIONS:
        raise UsageError(
            f"{path}: image_orientation is {json.dumps(written)}, not an orientation; write "
            "three capital letters there, one each of R or L, A or P, S or I, such as RPI"
        )
    if given and written and given != written:
        raise UsageError(
            f"{path}: image_orientation is {written}, but --orientation says {given}; find out "
            "which of them the training images had, and correct the other"
        )
    if not given and not written:
        raise UsageError(
            f"{path}: no image_orientation{_legacy(file)}, so SCT would assume LPI; give "
            "--orientation with the orientation of the training images in SCT's letters (RPI)"
        )
    return str(written) if written else None


def _legacy(file: JsonFile) -> str:
    """Describe the key that no program reads now: its value is likely, but not certain."""
    old = file.object.get("orientation")
    return f" (its `orientation`, {old}, is not read)" if old in ORIENTATIONS else ""
