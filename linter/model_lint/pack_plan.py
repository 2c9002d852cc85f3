"""Decide what goes into a package: exactly the specification's tree, and nothing private.

Everything of nnU-Net's trainer folder is read here, except for the checkpoints.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError
from .json_file import JsonFile, parse_json
from .package import DATASET_FOLDER, FINAL_CHECKPOINT, fold_number, parse_folder_name
from .png import strip_notes
from .privacy import Names, find_leaks, find_names, scrub

#: SCT's six letters, by axis; an orientation names where each axis comes from.
_AXES = ("RL", "AP", "SI")
#: What the specification's tree shows in a fold, besides the checkpoint.
_RECORDS = re.compile(r"debug\.json|progress\.png|training_log_.*\.(?:txt|png)")
_CROP = "crop_metadata.json"
#: Lists of training images in dataset.json: nnU-Net reads them in training, never in prediction.
_CASE_LISTS = ("dataset", "training", "test")


@dataclass(frozen=True)
class Request:
    """What to pack, and how."""

    #: nnU-Net's ``TRAINER__PLANS__CONFIGURATION`` folder, or the dataset folder above it.
    folder: Path
    #: Put the trainer folder into ``DatasetNNN_NAME/``.
    dataset_layout: bool = False
    #: SCT's three letters, None where dataset.json has them.
    orientation: str | None = None
    #: Names of fold folders (``fold_0``), None for all.
    folds: tuple[str, ...] | None = None
    #: The checkpoint that becomes ``checkpoint_final.pth``.
    checkpoint: str = FINAL_CHECKPOINT
    #: Source of a custom trainer, None where it lies in the folder.
    trainer_class: Path | None = None
    keep_training_state: bool = False


@dataclass(frozen=True)
class Content:
    """A member of the package: a small file, or a checkpoint that is copied from ``source``."""

    path: str
    data: bytes = b""
    source: Path | None = None
    #: Bytes of ``source``.
    source_size: int = 0


@dataclass(frozen=True)
class LeftOut:
    """A file or folder of the trainer folder that does not travel."""

    path: str
    files: int
    size: int


@dataclass(frozen=True)
class Plan:
    """What the package will hold."""

    trainer_folder: str
    #: In the order in which they are written.
    contents: tuple[Content, ...]
    left_out: tuple[LeftOut, ...]
    #: How many different paths, hosts, ... were taken out of the records.
    scrubbed: Counter[str]
    #: What the user should know, one line each.
    notes: tuple[str, ...]


def plan(request: Request) -> Plan:
    """Decide what goes into the package; reads everything but the checkpoints.

    Raises:
        UsageError: what is missing or contradicts, and what to do.
    """
    folder = _trainer_folder(request.folder)
    folds = _folds(folder, request)
    prefix = f"{_dataset_name(folder)}/" if request.dataset_layout else ""
    trainer = f"{prefix}{folder.name}/"
    dataset, note = _dataset(folder, request.orientation)
    source = _trainer_class(folder, request.trainer_class)
    files = {name: folder / name for name in ("plans.json", "dataset_fingerprint.json")}
    crop = _crop_metadata(folder)
    records = {
        f"{fold}/{name}": _read(folder / fold / name)
        for fold in folds
        for name in _names(folder / fold)
        if _RECORDS.fullmatch(name) and (folder / fold / name).is_file()
    }
    clean, scrubbed, unreadable = _without_leaks(records)
    contents = (
        # Everything small comes last, beside the directory at the zip's end, so that a remote
        # reader gets it in one piece.
        *(
            _checkpoint(f"{trainer}{fold}/{FINAL_CHECKPOINT}", folder / fold / request.checkpoint)
            for fold in folds
        ),
        *(
            Content(trainer + path, data)
            for path, data in sorted(clean.items(), key=_pictures_first)
        ),
        *([Content(f"{trainer}trainer_class.py", source)] if source is not None else []),
        *(
            Content(trainer + name, _checked_json(path))
            for name, path in files.items()
            if path.is_file()
        ),
        Content(f"{trainer}dataset.json", dataset),
        *([Content(prefix + _CROP, crop)] if crop is not None else []),
    )
    kept = {
        *(f"{fold}/{request.checkpoint}" for fold in folds),
        *clean,
        *files,
        "dataset.json",
        "trainer_class.py",
        _CROP,
    }
    notes = [note] if note else []
    notes += [f"{path} is left out: it is no readable PNG" for path in unreadable]
    notes += _about_trainer_class(source)
    if request.checkpoint != FINAL_CHECKPOINT:
        notes.append(f"{request.checkpoint} is packed as {FINAL_CHECKPOINT}, as consumers expect")
    return Plan(folder.name, contents, tuple(_left_out(folder, kept)), scrubbed, tuple(notes))


def _trainer_folder(given: Path) -> Path:
    """Return the trainer folder that is meant."""
    folder = Path(os.path.abspath(given))  # noqa: PTH100 - a link's own name counts, so no resolve
    if not folder.exists():
        raise UsageError(f"{given}: no such folder")
    if not folder.is_dir():
        raise UsageError(f"{given}: not a folder; give nnU-Net's TRAINER__PLANS__CONFIGURATION one")
    if parse_folder_name(folder.name):
        return folder
    if fold_number(folder.name) is not None and parse_folder_name(folder.parent.name):
        raise UsageError(f"{given}: one fold of a model; give the folder above it: {folder.parent}")
    below = [name for name in _names(folder) if parse_folder_name(name)]
    found = [name for name in below if (folder / name).is_dir()]
    if len(found) > 1:
        raise UsageError(f"{given}: holds several models; give one of {', '.join(found)}")
    if not found:
        raise UsageError(
            f"{given}: not named TRAINER__PLANS__CONFIGURATION (such as "
            "nnUNetTrainer__nnUNetPlans__3d_fullres), and holds no folder that is; give the one "
            "that nnU-Net made below nnUNet_results"
        )
    return folder / found[0]


def _dataset_name(folder: Path) -> str:
    """Return ``DatasetNNN_NAME``: the folder above, or what plans.json calls the dataset."""
    named = _json(folder / "plans.json").object.get("dataset_name")
    for name in (folder.parent.name, named):
        if isinstance(name, str) and DATASET_FOLDER.fullmatch(name) and "/" not in name:
            return name
    raise UsageError(
        f"{folder}: neither the folder above nor dataset_name in plans.json is named "
        "DatasetNNN_NAME, which --layout dataset needs; leave the option out, or rename the folder"
    )


def _folds(folder: Path, request: Request) -> list[str]:
    """Return the names of the folds to pack, in order."""
    present = sorted(
        (n for n in _names(folder) if n.startswith("fold_") and fold_number(n) is not None),
        key=lambda n: (fold_number(n) == "all", len(n), n),
    )
    present = [name for name in present if (folder / name).is_dir()]
    if not present:
        raise UsageError(f"{folder}: no fold_0, fold_1, ... or fold_all in it; train a fold first")
    chosen = present
    if request.folds is not None:
        missing = [name for name in request.folds if name not in present]
        if missing:
            raise UsageError(
                f"{folder}: no {_list(missing)} in it; --folds can name {_numbers(present)}"
            )
        chosen = [name for name in present if name in request.folds]
    if "fold_all" in chosen and len(chosen) > 1:
        raise UsageError(
            f"{folder}: fold_all lies beside numbered folds, which SCT can't load; choose with "
            f"--folds all or --folds {_numbers(n for n in chosen if n != 'fold_all')}"
        )
    _require_checkpoints(folder, chosen, request.checkpoint)
    return chosen


def _require_checkpoints(folder: Path, folds: list[str], checkpoint: str) -> None:
    missing = [fold for fold in folds if not (folder / fold / checkpoint).is_file()]
    if not missing:
        return
    broken = [fold for fold in missing if (folder / fold / checkpoint).is_symlink()]
    if broken:
        raise UsageError(
            f"{folder}: {checkpoint} of {_list(broken)} is a link to a file that is not there; get "
            "its content first (git annex get, dvc pull)"
        )
    finished = [fold for fold in folds if fold not in missing]
    ways = ["finish it (nnUNetv2_train ... --c)"] if checkpoint == FINAL_CHECKPOINT else []
    if finished:
        ways.append(f"pack the others with --folds {_numbers(finished)}")
    if checkpoint == FINAL_CHECKPOINT:
        ways += [
            f"take {other} with --checkpoint {other}"
            for other in ("checkpoint_best.pth",)
            if all((folder / fold / other).is_file() for fold in folds)
        ]
    state = ": its training isn't finished" if checkpoint == FINAL_CHECKPOINT else ""
    advice = f"; {', or '.join(ways)}" if ways else ""
    raise UsageError(f"{folder}: no {checkpoint} in {_list(missing)}{state}{advice}")


def _checkpoint(path: str, source: Path) -> Content:
    return Content(path, source=source, source_size=source.stat().st_size)


def _dataset(folder: Path, given: str | None) -> tuple[bytes, str]:
    """Return dataset.json as it travels, and a note on what was changed in it."""
    path = folder / "dataset.json"
    file = _json(path)
    written = file.object.get("image_orientation")
    if "image_orientation" in file.object and not is_orientation(written):
        raise UsageError(
            f"{path}: image_orientation is {json.dumps(written)}, which is no orientation; write "
            "three capital letters there, one each of R or L, A or P, S or I, such as RPI"
        )
    if given and written and given != written:
        raise UsageError(
            f"{path}: image_orientation is {written}, but --orientation says {given}; find out "
            "which of them the training images had, and correct the other"
        )
    if not given and not written:
        raise UsageError(
            f"{path}: no image_orientation, without which SCT assumes LPI; give --orientation with "
            "the orientation of the training images in SCT's letters, as sct_image -header shows it"
        )
    data = {key: value for key, value in file.object.items() if not _lists_cases(key, value)}
    changes = [f"its list of cases ({key}) left out" for key in file.object if key not in data]
    if not written:
        data["image_orientation"] = given
        changes.insert(0, f"image_orientation {given} added")
    if not changes:
        return _read(path), ""
    text = json.dumps(data, indent=4, ensure_ascii=False) + "\n"
    return text.encode(), f"dataset.json: {', '.join(changes)}"


def is_orientation(code: object) -> bool:
    """Say whether it is one of the 48 orientations, in SCT's capital letters."""
    if not isinstance(code, str) or len(code) != 3:
        return False
    axes = [next((a for a in _AXES if letter in a), None) for letter in code]
    return None not in axes and len(set(axes)) == 3


def _lists_cases(key: str, value: object) -> bool:
    return key in _CASE_LISTS and isinstance(value, list | dict)


def _trainer_class(folder: Path, given: Path | None) -> bytes | None:
    path = given or folder / "trainer_class.py"
    if given and not given.is_file():
        raise UsageError(f"{given}: no such file (--trainer-class)")
    if not path.is_file():
        return None
    data = _read(path)
    secrets = [x for x in find_leaks(data.decode(errors="replace")) if x.kind == "secret"]
    if secrets:
        raise UsageError(
            f"{path}: line {secrets[0].line} holds a password or a token; take it out of the file "
            "(and make it invalid where it was used: it may be known by now)"
        )
    return data


def _about_trainer_class(source: bytes | None) -> Iterator[str]:
    leaks = find_leaks((source or b"").decode(errors="replace"))
    if leaks:
        kinds = sorted({leak.kind for leak in leaks})
        lines = ", ".join(str(n) for n in sorted({leak.line for leak in leaks}))
        yield f"trainer_class.py travels as it is, with a {' and a '.join(kinds)} (line {lines})"


def _crop_metadata(folder: Path) -> bytes | None:
    """Return what SCT reads beside the trainer folder, wherever it lies now."""
    found = [p for p in (folder.parent / _CROP, folder / _CROP) if p.is_file()]
    contents = {_read(path) for path in found}
    if len(contents) > 1:
        raise UsageError(f"{found[0]} and {found[1]} differ; remove the wrong one")
    return contents.pop() if contents else None


def _without_leaks(
    records: dict[str, bytes],
) -> tuple[dict[str, bytes], Counter[str], list[str]]:
    """Return the records without what they give away, what that was, and the unreadable ones."""
    texts = {
        path: data.decode("utf-8", "surrogateescape")
        for path, data in records.items()
        if not path.endswith(".png")
    }
    names = Names()
    for text in texts.values():
        names |= find_names(text)
    clean = {
        path: scrub(text, names).encode("utf-8", "surrogateescape") for path, text in texts.items()
    }
    leaks = {(leak.kind, leak.value) for text in texts.values() for leak in find_leaks(text)}
    pictures = {path: _picture(data) for path, data in records.items() if path.endswith(".png")}
    clean |= {path: data for path, data in pictures.items() if data is not None}
    unreadable = sorted(path for path, data in pictures.items() if data is None)
    return clean, Counter(str(kind) for kind, _ in leaks), unreadable


def _picture(data: bytes) -> bytes | None:
    try:
        return strip_notes(data)
    except ValueError:
        return None


def _pictures_first(item: tuple[str, bytes]) -> tuple[bool, str]:
    return (not item[0].endswith(".png"), item[0])


def _left_out(folder: Path, kept: set[str]) -> Iterator[LeftOut]:
    """Yield what stays behind, a folder as a whole where all of it does."""
    for name in _names(folder):
        if not (folder / name).is_dir():
            if name not in kept:
                yield LeftOut(name, *_size(folder / name))
        elif not any(path.startswith(f"{name}/") for path in kept):
            yield LeftOut(f"{name}/", *_size(folder / name))
        else:
            for below in _names(folder / name):
                if f"{name}/{below}" not in kept:
                    full = folder / name / below
                    yield LeftOut(f"{name}/{below}{'/' * full.is_dir()}", *_size(full))


def _size(path: Path) -> tuple[int, int]:
    """Return the number of files at and below a path, and their bytes."""
    if not path.is_dir() or path.is_symlink():
        return 1, path.stat().st_size if path.exists() else 0
    sizes = [
        (Path(top) / name).lstat().st_size for top, _, names in os.walk(path) for name in names
    ]
    return len(sizes), sum(sizes)


def _json(path: Path) -> JsonFile:
    if not path.is_file():
        raise UsageError(f"{path}: no such file, and a model can't be loaded without it")
    file = parse_json(str(path), _read(path))
    if file.error or not isinstance(file.value, dict):
        where = f" (line {file.error_line})" if file.error_line else ""
        raise UsageError(f"{path}: not readable: {file.error or 'not a JSON object'}{where}")
    return file


def _checked_json(path: Path) -> bytes:
    _json(path)
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}") from error


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _numbers(folds: Iterable[str]) -> str:
    return ",".join(name.removeprefix("fold_") for name in folds)
