"""Decide what goes into a package: exactly the specification's tree, and nothing private.

Everything of nnU-Net's trainer folder is read here, except for the checkpoints.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..checkpoint.reader import Checkpoint, File, read_checkpoint
from ..errors import UsageError
from ..models.json_file import JsonFile, parse_json
from ..models.paths import DATASET_FOLDER, FINAL_CHECKPOINT, fold_number, parse_folder_name
from ..nnunet.orientation import ORIENTATIONS
from ..nnunet.trainers import SCT_TRAINERS
from ..privacy import find_leaks, scrub_all
from .png import strip_notes

#: What the specification's tree shows in a fold, besides the checkpoint.
_RECORDS = re.compile(r"debug\.json|progress\.png|training_log_[A-Za-z0-9_.+-]*\.(?:txt|png)")
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
    folder = trainer_folder(request.folder)
    folds = _folds(folder, request)
    above = f"{_dataset_name(folder)}/" if request.dataset_layout else ""
    dataset, changes = _dataset(folder, request.orientation)
    records = _records(folder, folds)
    texts = {
        "trainer_class.py": _trainer_class(folder, request.trainer_class),
        "dataset_fingerprint.json": _optional(folder / "dataset_fingerprint.json"),
        "plans.json": _json(folder / "plans.json").text.encode(),
        "dataset.json": dataset,
    }
    files = {
        **{f"{above}{folder.name}/{path}": data for path, data in records.clean.items()},
        **{f"{above}{folder.name}/{name}": data for name, data in texts.items()},
        f"{above}{_CROP}": _crop_metadata(folder),
    }
    checkpoints = {fold: folder / fold / request.checkpoint for fold in folds}
    used = {f"{fold}/{request.checkpoint}" for fold in folds} | records.clean.keys() | texts.keys()
    return Plan(
        trainer_folder=folder.name,
        # Everything small comes last, beside the directory at the zip's end, so that a remote
        # reader gets it in one piece.
        contents=(
            *(
                Content(
                    f"{above}{folder.name}/{fold}/{FINAL_CHECKPOINT}",
                    source=path,
                    source_size=path.stat().st_size,
                )
                for fold, path in checkpoints.items()
            ),
            *(Content(path, data) for path, data in files.items() if data is not None),
        ),
        left_out=tuple(_left_out(folder, used | {_CROP})),
        scrubbed=records.leaks,
        notes=(
            *changes,
            *(f"{path} is left out: it is no readable PNG" for path in records.unreadable),
            *(note for name, data in texts.items() for note in _about_leaks(name, data or b"")),
            *_about_checkpoint(request.checkpoint),
            *(_about_training_state(checkpoints) if request.keep_training_state else ()),
        ),
    )


def _about_checkpoint(name: str) -> Iterator[str]:
    if name != FINAL_CHECKPOINT:
        yield f"{name} is packed as {FINAL_CHECKPOINT}, the only name that consumers look for"


def _about_training_state(checkpoints: Mapping[str, Path]) -> Iterator[str]:
    """Say where the dataset.json that is embedded for resuming names cases or paths."""
    for fold, path in checkpoints.items():
        read = read_checkpoint(File.at(path))
        embedded = read.dataset_json if isinstance(read, Checkpoint) else None
        if find_leaks(json.dumps(embedded)):
            yield (
                f"{fold}: the training state holds a dataset.json that names cases or paths; leave "
                "out --keep-training-state unless they are for the public"
            )


def _about_leaks(name: str, data: bytes) -> Iterator[str]:
    """Say what private things a file holds that can't be changed without changing the model."""
    leaks = find_leaks(data.decode(errors="replace"))
    secrets = [leak for leak in leaks if leak.kind == "secret"]
    if secrets:
        raise UsageError(
            f"{name}, line {secrets[0].line}: a password or token; take it out of the file (and "
            "make it invalid where it was used: it may be known by now)"
        )
    if leaks:
        kinds = " and a ".join(sorted({leak.kind for leak in leaks}))
        lines = ", ".join(str(line) for line in sorted({leak.line for leak in leaks}))
        yield f"{name} travels as it is, with a {kinds} in line {lines}: is that for the public?"


def trainer_folder(given: Path) -> Path:
    """Return the trainer folder that is meant. Raises UsageError where there is none, or two."""
    folder = Path(os.path.abspath(given))  # noqa: PTH100 - a link's own name counts, so no resolve
    if not folder.exists():
        raise UsageError(f"{given}: no such folder")
    if not folder.is_dir():
        raise UsageError(f"{given}: not a folder; give nnU-Net's TRAINER__PLANS__CONFIGURATION one")
    if not folder.name.isprintable():
        raise UsageError(f"{given!r}: a name with characters that a zip can't hold; rename it")
    if parse_folder_name(folder.name):
        return folder
    if fold_number(folder.name) is not None and parse_folder_name(folder.parent.name):
        raise UsageError(f"{given}: one fold of a model; give the folder above it: {folder.parent}")
    below = [name for name in _names(folder) if parse_folder_name(name)]
    found = [name for name in below if (folder / name).is_dir()]
    if len(found) > 1:
        raise UsageError(f"{given}: holds several models; give one of {', '.join(found)}")
    if not found and (folder / "plans.pkl").is_file():
        raise UsageError(f"{given}: made by nnU-Net 1, which neither SCT nor nnU-Net 2 can load")
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


def _dataset(folder: Path, given: str | None) -> tuple[bytes, list[str]]:
    """Return dataset.json as it travels, and what was changed in it."""
    path = folder / "dataset.json"
    file = _json(path)
    written = file.object.get("image_orientation")
    if "image_orientation" in file.object and written not in ORIENTATIONS:
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
            f"{path}: no image_orientation{_legacy(file)}, without which SCT assumes LPI; give "
            "--orientation with the orientation of the training images in SCT's letters (RPI)"
        )
    data = {key: value for key, value in file.object.items() if not _lists_cases(key, value)}
    changes = [
        f"dataset.json: the list of cases ({key}) is left out"
        for key in file.object
        if key not in data
    ]
    if not written:
        data["image_orientation"] = given
        changes.insert(0, f"dataset.json: image_orientation {given} is added")
    if not changes:
        return file.text.encode(), []
    return json.dumps(data, indent=4).encode() + b"\n", changes


def _legacy(file: JsonFile) -> str:
    """Show the key that nobody reads any more: what it says is likely, but not certain."""
    old = file.object.get("orientation")
    return f" (its `orientation`, {old}, is not read)" if old in ORIENTATIONS else ""


def _lists_cases(key: str, value: object) -> bool:
    return key in _CASE_LISTS and isinstance(value, list | dict)


def _trainer_class(folder: Path, given: Path | None) -> bytes | None:
    path = given or folder / "trainer_class.py"
    if given and not given.is_file():
        raise UsageError(f"--trainer-class {given}: no such file")
    if not path.is_file():
        trainer = folder.name.partition("__")[0]
        if trainer.lower() in map(str.lower, SCT_TRAINERS):
            return None  # where only the case is wrong, the linter says so
        raise UsageError(
            f"{folder}: {trainer} is a custom trainer, without whose source nobody can load the "
            "model; give --trainer-class FILE, or put the file there as trainer_class.py"
        )
    return _read(path)


def _crop_metadata(folder: Path) -> bytes | None:
    """Return what SCT reads beside the trainer folder, wherever it lies now."""
    found = [p for p in (folder.parent / _CROP, folder / _CROP) if p.is_file()]
    contents = {_read(path) for path in found}
    if len(contents) > 1:
        raise UsageError(f"{found[0]} and {found[1]} differ; remove the wrong one")
    return contents.pop() if contents else None


@dataclass(frozen=True)
class _Records:
    """What nnU-Net noted about the training, without what is private."""

    #: By path in the trainer folder, pictures first.
    clean: dict[str, bytes]
    leaks: Counter[str]
    unreadable: tuple[str, ...]


def _records(folder: Path, folds: list[str]) -> _Records:
    paths = [
        f"{fold}/{name}"
        for fold in folds
        for name in _names(folder / fold)
        if _RECORDS.fullmatch(name) and (folder / fold / name).is_file()
    ]
    pictures = {p: _picture(_read(folder / p)) for p in paths if p.endswith(".png")}
    texts = {
        # Whatever bytes are in a log, they come through unchanged.
        p: _read(folder / p).decode("utf-8", "surrogateescape")
        for p in paths
        if p not in pictures
    }
    clean = {p: t.encode("utf-8", "surrogateescape") for p, t in scrub_all(texts).items()}
    leaks = {(leak.kind, leak.value) for text in texts.values() for leak in find_leaks(text)}
    return _Records(
        clean={p: data for p, data in pictures.items() if data is not None} | clean,
        leaks=Counter(str(kind) for kind, _ in leaks),
        unreadable=tuple(p for p, data in pictures.items() if data is None),
    )


def _picture(data: bytes) -> bytes | None:
    try:
        return strip_notes(data)
    except ValueError:
        return None


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
        return 1, _bytes(path)
    sizes = [_bytes(Path(top) / name) for top, _, names in os.walk(path) for name in names]
    return len(sizes), sum(sizes)


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _json(path: Path) -> JsonFile:
    if not path.is_file():
        raise UsageError(f"{path}: no such file, and a model can't be loaded without it")
    file = parse_json(str(path), _read(path))
    if file.error or not isinstance(file.value, dict):
        where = f" (line {file.error_line})" if file.error_line else ""
        raise UsageError(f"{path}: not readable: {file.error or 'not a JSON object'}{where}")
    if file.repeated_keys:
        raise UsageError(f"{path}: has the key {file.repeated_keys[0]!r} twice; keep the right one")
    return file


def _optional(path: Path) -> bytes | None:
    return _read(path) if path.is_file() else None


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
