"""Decide what goes into a package: exactly the specification's tree, and nothing private.

Everything in nnU-Net's trainer folder is read here, except for the numbers in the checkpoints.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..checkpoint.model import BadCheckpoint, Checkpoint
from ..checkpoint.reader import File, read_checkpoint
from ..errors import UsageError
from ..models.json_file import JsonFile
from ..models.paths import CROP_METADATA, FINAL_CHECKPOINT
from ..nnunet.orientation import ORIENTATIONS
from ..nnunet.trainers import SCT_TRAINERS
from ..privacy import find_leaks
from .contents import Content, Contents, Given, Slimmed
from .results_folder import (
    LeftOut,
    choose_folds,
    dataset_name,
    left_out,
    read_file,
    read_json_file,
    read_optional,
    trainer_folder,
)
from .training_logs import read_logs

#: Keys of dataset.json with lists of cases: nnU-Net reads them in training, never in prediction.
_CASE_LISTS = ("dataset", "training", "test")


@dataclass(frozen=True)
class PackRequest:
    """What to pack, and how."""

    #: nnU-Net's ``TRAINER__PLANS__CONFIGURATION`` folder, or the dataset folder above it.
    folder: Path
    #: Put the trainer folder into ``DatasetNNN_NAME/``.
    dataset_layout: bool = False
    #: SCT's three letters; None to take those of dataset.json.
    orientation: str | None = None
    #: Names of fold folders (``fold_0``); None for all.
    folds: tuple[str, ...] | None = None
    #: The checkpoint that becomes ``checkpoint_final.pth``.
    checkpoint: str = FINAL_CHECKPOINT
    #: Source of a custom trainer; None to take the one in the folder.
    trainer_class: Path | None = None
    keep_training_state: bool = False
    #: Whether the package must be small enough for a release on GitHub.
    for_github: bool = True


@dataclass(frozen=True)
class Gathered:
    """What a package will contain, and what the user should know about that."""

    contents: Contents
    left_out: tuple[LeftOut, ...]
    #: Number of different paths, hosts, ... that were removed from the logs.
    scrubbed: Counter[str]
    #: Notes for the user, one line each.
    notes: tuple[str, ...]

    @property
    def checkpoints(self) -> dict[str, int]:
        """The bytes on disk of each checkpoint, by its path in the package."""
        found = {content.path: content.origin for content in self.contents}
        return {path: one.size for path, one in found.items() if isinstance(one, Slimmed)}


def gather(request: PackRequest) -> Gathered:
    """Decide what goes into the package.

    Raises:
        UsageError: something is missing or contradicts; the message says what to do.
    """
    folder = trainer_folder(request.folder)
    folds = choose_folds(folder, request.folds, request.checkpoint)
    above = f"{dataset_name(folder)}/" if request.dataset_layout else ""
    inside = f"{above}{folder.name}/"
    dataset, changes = _dataset(folder, request.orientation)
    logs = read_logs(folder, folds)
    texts = {
        "trainer_class.py": _trainer_class(folder, request.trainer_class),
        "dataset_fingerprint.json": read_optional(folder / "dataset_fingerprint.json"),
        "plans.json": read_json_file(folder / "plans.json").text.encode(),
        "dataset.json": dataset,
    }
    files = {
        **{inside + path: data for path, data in (logs.clean | texts).items()},
        f"{above}{CROP_METADATA}": _crop_metadata(folder),
    }
    checkpoints = {fold: folder / fold / request.checkpoint for fold in folds}
    used = {f"{fold}/{request.checkpoint}" for fold in folds} | logs.clean.keys() | texts.keys()
    slimmed = [
        Content(f"{inside}{fold}/{FINAL_CHECKPOINT}", Slimmed(path, request.keep_training_state))
        for fold, path in checkpoints.items()
    ]
    small = [Content(path, Given(data)) for path, data in files.items() if data is not None]
    return Gathered(
        # Small files come last, next to the directory at the zip's end, so that a remote reader
        # gets them in one piece.
        contents=(*slimmed, *small),
        left_out=tuple(left_out(folder, used | {CROP_METADATA})),
        scrubbed=logs.scrubbed,
        notes=(
            *changes,
            *(f"{path} is left out: it is not a valid PNG" for path in logs.unreadable),
            *(note for name, data in texts.items() for note in _about_leaks(name, data or b"")),
            *_about_checkpoints(checkpoints, request),
        ),
    )


# --------------------------------------------------------------------------------------- files


def _dataset(folder: Path, given: str | None) -> tuple[bytes, list[str]]:
    """Return dataset.json as it is packed, and the changes in it."""
    path = folder / "dataset.json"
    file = read_json_file(path)
    written = _orientation(path, file, given)
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


def _lists_cases(key: str, value: object) -> bool:
    return key in _CASE_LISTS and isinstance(value, list | dict)


def _trainer_class(folder: Path, given: Path | None) -> bytes | None:
    path = given or folder / "trainer_class.py"
    if given and not given.is_file():
        raise UsageError(f"--trainer-class {given}: no such file")
    if path.is_file():
        return read_file(path)
    trainer = folder.name.partition("__")[0]
    if trainer.lower() in map(str.lower, SCT_TRAINERS):
        return None  # the linter reports a name that is wrong only in its case
    raise UsageError(
        f"{folder}: {trainer} is a custom trainer, and the model can't be loaded without its "
        "source; give --trainer-class FILE, or put the file there as trainer_class.py"
    )


def _crop_metadata(folder: Path) -> bytes | None:
    """Return ``crop_metadata.json``, which SCT reads next to the trainer folder."""
    found = [p for p in (folder.parent / CROP_METADATA, folder / CROP_METADATA) if p.is_file()]
    contents = {read_file(path) for path in found}
    if len(contents) > 1:
        raise UsageError(f"{found[0]} and {found[1]} differ; remove the wrong one")
    return contents.pop() if contents else None


# --------------------------------------------------------------------------------------- notes


def _about_leaks(name: str, data: bytes) -> Iterator[str]:
    """Yield a note about private things in a file that is packed unchanged.

    Raises UsageError for a password or token.
    """
    leaks = find_leaks(data.decode(errors="replace"))
    secrets = [leak for leak in leaks if leak.kind == "secret"]
    if secrets:
        raise UsageError(
            f"{name}, line {secrets[0].line}: a password or token; remove it from the file, and "
            "revoke it, since others may know it already"
        )
    if leaks:
        kinds = " and a ".join(sorted({leak.kind for leak in leaks}))
        lines = ", ".join(str(line) for line in sorted({leak.line for leak in leaks}))
        yield f"{name} is packed unchanged, with a {kinds} in line {lines}: may that be public?"


def _about_checkpoints(checkpoints: Mapping[str, Path], request: PackRequest) -> Iterator[str]:
    """Yield notes about changes in the checkpoints, and private things that stay in them."""
    if request.checkpoint != FINAL_CHECKPOINT:
        yield (
            f"{request.checkpoint} is packed as {FINAL_CHECKPOINT}, the only name that consumers "
            "look for"
        )
    for fold, path in checkpoints.items():
        checkpoint = _read(path)
        if checkpoint.wrapper_prefix:
            yield (
                f"{fold}: {checkpoint.wrapper_prefix} is removed from the names of the weights, "
                "since nnU-Net does not find them with it"
            )
        if request.keep_training_state and find_leaks(json.dumps(checkpoint.dataset_json)):
            yield (
                f"{fold}: the training state contains a dataset.json that names cases or paths; "
                "leave out --keep-training-state unless these may be public"
            )


def _read(path: Path) -> Checkpoint:
    try:
        found = read_checkpoint(File.at(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if isinstance(found, BadCheckpoint):
        raise UsageError(f"{path}: {found.reason}")
    return found
