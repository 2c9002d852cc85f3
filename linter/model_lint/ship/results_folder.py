"""Find the model, the folds and the files in nnU-Net's results folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..models.json_file import JsonFile, parse_json
from ..models.paths import DATASET_FOLDER, fold_number, parse_folder_name
from ..models.unreadable import Unreadable
from ..storage.limits import MAX_TEXT_BYTES
from ..wording import joined


@dataclass(frozen=True)
class LeftOut:
    """A file or folder of the trainer folder that is not packed."""

    path: str
    files: int
    size: int


def trainer_folder(given: Path) -> Path:
    """Return the trainer folder at or below a path. Raises UsageError if missing or unclear."""
    folder = Path(os.path.abspath(given))  # noqa: PTH100 - resolve would lose the name of a link
    if not folder.exists():
        raise UsageError(f"{given}: no such folder")
    if not folder.is_dir():
        raise UsageError(f"{given}: not a folder; give nnU-Net's TRAINER__PLANS__CONFIGURATION")
    if not folder.name.isprintable():
        raise UsageError(f"{given!r}: its name has characters that are not printable; rename it")
    if parse_folder_name(folder.name):
        return folder
    if fold_number(folder.name) is not None and parse_folder_name(folder.parent.name):
        raise UsageError(f"{given}: one fold of a model; give the folder above it: {folder.parent}")
    below = [name for name in names_in(folder) if parse_folder_name(name)]
    found = [name for name in below if (folder / name).is_dir()]
    if len(found) > 1:
        raise UsageError(f"{given}: contains several models; give one of {', '.join(found)}")
    if not found and (folder / "plans.pkl").is_file():
        raise UsageError(f"{given}: made by nnU-Net 1, which neither SCT nor nnU-Net 2 can load")
    if not found:
        raise UsageError(
            f"{given}: not named TRAINER__PLANS__CONFIGURATION (such as "
            "nnUNetTrainer__nnUNetPlans__3d_fullres), and contains no such folder; give the one "
            "that nnU-Net made below nnUNet_results"
        )
    return folder / found[0]


def dataset_name(folder: Path) -> str:
    """Return ``DatasetNNN_NAME``: the folder above, or what plans.json calls the dataset."""
    named = read_json_file(folder / "plans.json").object.get("dataset_name")
    for name in (folder.parent.name, named):
        if isinstance(name, str) and DATASET_FOLDER.fullmatch(name) and "/" not in name:
            return name
    raise UsageError(
        f"{folder}: neither the folder above nor dataset_name in plans.json is named "
        "DatasetNNN_NAME, which --layout dataset needs; leave the option out, or rename the folder"
    )


def choose_folds(folder: Path, wanted: tuple[str, ...] | None) -> list[str]:
    """Return the names of the folds to pack, in order; all if ``wanted`` is None.

    Raises UsageError if a fold is missing, or folds can't be loaded together.
    """
    present = sorted(
        (n for n in names_in(folder) if n.startswith("fold_") and fold_number(n) is not None),
        key=lambda n: (fold_number(n) == "all", len(n), n),
    )
    present = [name for name in present if (folder / name).is_dir()]
    if not present:
        raise UsageError(f"{folder}: no fold_0, fold_1, ... or fold_all in it; train a fold first")
    chosen = present
    if wanted is not None:
        missing = [name for name in wanted if name not in present]
        if missing:
            raise UsageError(
                f"{folder}: no {joined(missing)} in it; --folds can name {numbers(present)}"
            )
        chosen = [name for name in present if name in wanted]
    if "fold_all" in chosen and len(chosen) > 1:
        raise UsageError(
            f"{folder}: fold_all is next to numbered folds, which SCT can't load; choose with "
            f"--folds all or --folds {numbers(n for n in chosen if n != 'fold_all')}"
        )
    return chosen


def left_out(folder: Path, kept: set[str]) -> Iterator[LeftOut]:
    """Yield what is left out; a folder as a whole if nothing in it is kept."""
    for name in names_in(folder):
        if not (folder / name).is_dir():
            if name not in kept:
                yield LeftOut(name, *_size(folder / name))
        elif not any(path.startswith(f"{name}/") for path in kept):
            yield LeftOut(f"{name}/", *_size(folder / name))
        else:
            for below in names_in(folder / name):
                if f"{name}/{below}" not in kept:
                    full = folder / name / below
                    yield LeftOut(f"{name}/{below}{'/' * full.is_dir()}", *_size(full))


def _size(path: Path) -> tuple[int, int]:
    """Return the number of files at and below a path, and their bytes."""
    if not path.is_dir() or path.is_symlink():
        return 1, _bytes(path)
    sizes = [_bytes(Path(top) / name) for top, _, names in os.walk(path) for name in names]
    return len(sizes), sum(sizes)


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def read_json_file(path: Path) -> JsonFile:
    """Read a JSON object. Raises UsageError if it is missing, invalid or ambiguous."""
    if not path.exists():
        raise UsageError(f"{path}: no such file, and a model can't be loaded without it")
    file = parse_json(str(path), read_file(path))
    why = file.unreadable or Unreadable("not a JSON object")
    if file.unreadable or not isinstance(file.value, dict):
        where = f" (line {why.line})" if why.line else ""
        raise UsageError(f"{path}: unreadable: {why.reason}{where}")
    if file.repeated_keys:
        raise UsageError(f"{path}: duplicate key {file.repeated_keys[0]!r}; remove the wrong one")
    return file


def read_optional(path: Path) -> bytes | None:
    """Read a file; None if it is missing. Raises UsageError."""
    return read_file(path) if path.is_file() else None


def read_file(path: Path) -> bytes:
    """Read a text or a picture. Raises UsageError, also if it is too long to be either."""
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise UsageError(f"{path}: over {MAX_TEXT_BYTES >> 20} MiB; is it the right file?")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def names_in(folder: Path) -> list[str]:
    """Return the sorted names in a folder. Raises UsageError."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}") from error


def numbers(folds: Iterable[str]) -> str:
    """Return folds as ``--folds`` takes them."""
    return ",".join(name.removeprefix("fold_") for name in folds)
