"""Decide what goes into a package: exactly the specification's tree, and nothing private.

Everything in nnU-Net's trainer folder is read here, except for the numbers in the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..checkpoint.model import Checkpoint
from ..errors import UsageError, require_file
from ..models.paths import CROP_METADATA, FINAL_CHECKPOINT
from ..nnunet.trainers import SCT_TRAINERS
from ..privacy import find_leaks
from .contents import Content, Contents, Given, Slimmed
from .json_files import (
    CleanFile,
    is_meant,
    read_dataset,
    read_fingerprint,
    read_plans,
    refuse_secrets,
)
from .removed import Leaks
from .results_folder import (
    LeftOut,
    choose_folds,
    dataset_name,
    left_out,
    read_file,
    read_optional,
    trainer_folder,
)
from .training import Training, training_of
from .training_logs import TrainingLogs, read_logs
from .training_state import CleanState, clean_state, remains
from .unfinished import open_checkpoint, remarks, require_checkpoints


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

    #: The trainer folder that is packed.
    folder: Path
    #: Its path in the package, with ``/`` at the end.
    inside: str
    contents: Contents
    left_out: tuple[LeftOut, ...]
    #: What was removed because it is private, by path in the trainer folder.
    removed: Mapping[str, Leaks]
    #: Notes for the user, one line each.
    notes: tuple[str, ...]
    #: What is known of each fold.
    trainings: tuple[Training, ...]

    @property
    def checkpoints(self) -> dict[str, int]:
        """The bytes on disk of each checkpoint, by its path in the package."""
        found = {content.path: content.origin for content in self.contents}
        return {path: one.size for path, one in found.items() if isinstance(one, Slimmed)}

    def part(self, fold: str) -> Gathered:
        """Return what a package with this fold alone contains: complete by itself."""
        others = tuple(f"{self.inside}{t.fold}/" for t in self.trainings if t.fold != fold)
        kept = tuple(c for c in self.contents if not c.path.startswith(others))
        return replace(self, contents=kept) if others else self


@dataclass(frozen=True)
class _Read:
    """What was read of the trainer folder."""

    folder: Path
    #: The checkpoints that are packed, by fold.
    checkpoints: Mapping[str, Checkpoint]
    states: Mapping[str, CleanState]
    #: The files of the trainer folder itself, by name.
    files: Mapping[str, CleanFile]
    logs: TrainingLogs


def gather(request: PackRequest) -> Gathered:
    """Decide what goes into the package.

    Raises:
        UsageError: something is missing or contradicts; the message says what to do.
    """
    read = _read(request)
    above = f"{dataset_name(read.folder)}/" if request.dataset_layout else ""
    inside = f"{above}{read.folder.name}/"
    trainings = _trainings(read, request)
    return Gathered(
        folder=read.folder,
        inside=inside,
        contents=tuple(_contents(read, request, above, inside)),
        left_out=tuple(left_out(read.folder, _used(read, request))),
        removed={path: leaks for path, leaks in sorted(_removed(read).items()) if leaks},
        notes=(
            *(change for file in read.files.values() for change in file.changes),
            *(f"{path} is left out: it is not a valid PNG" for path in read.logs.unreadable),
            *(note for name, file in read.files.items() for note in _about_leaks(name, file.data)),
            *_about_checkpoints(read.checkpoints, request),
            *remarks(read.folder, trainings, request.checkpoint),
        ),
        trainings=trainings,
    )


def _read(request: PackRequest) -> _Read:
    folder = trainer_folder(request.folder)
    folds = choose_folds(folder, request.folds)
    require_checkpoints(folder, folds, request.checkpoint)
    checkpoints = {fold: open_checkpoint(folder / fold / request.checkpoint) for fold in folds}
    states = {fold: clean_state(checkpoint) for fold, checkpoint in checkpoints.items()}
    return _Read(folder, checkpoints, states, _files(folder, request), read_logs(folder, folds))


def _contents(read: _Read, request: PackRequest, above: str, inside: str) -> Iterator[Content]:
    for fold, state in read.states.items():
        path = read.folder / fold / request.checkpoint
        slimmed = Slimmed(path, request.keep_training_state, state.init_args)
        yield Content(f"{inside}{fold}/{FINAL_CHECKPOINT}", slimmed)
    # Small files come last, next to the directory at the zip's end, so that a remote reader gets
    # them in one piece.
    for name, data in read.logs.clean.items():
        yield Content(inside + name, Given(data))
    for name, file in read.files.items():
        yield Content(inside + name, Given(file.data))
    if crop := _crop_metadata(read.folder):
        yield Content(above + CROP_METADATA, Given(crop))


def _used(read: _Read, request: PackRequest) -> set[str]:
    """Return the paths of what is packed, in the trainer folder."""
    checkpoints = {f"{fold}/{request.checkpoint}" for fold in read.checkpoints}
    return checkpoints | read.logs.clean.keys() | read.files.keys() | {CROP_METADATA}


def _removed(read: _Read) -> dict[str, Leaks]:
    return {
        **{name: file.leaks for name, file in read.files.items()},
        **{f"{fold}/{FINAL_CHECKPOINT}": state.removed for fold, state in read.states.items()},
        **read.logs.removed,
    }


# --------------------------------------------------------------------------------------- files


def _files(folder: Path, request: PackRequest) -> dict[str, CleanFile]:
    """Return the files of the trainer folder itself, by name."""
    source = _trainer_class(folder, request.trainer_class)
    refuse_secrets("trainer_class.py", (source or b"").decode(errors="replace"))
    fingerprint = folder / "dataset_fingerprint.json"
    found = {
        "trainer_class.py": None if source is None else CleanFile(source),
        "dataset_fingerprint.json": read_fingerprint(fingerprint)
        if fingerprint.is_file()
        else None,
        "plans.json": read_plans(folder / "plans.json"),
        "dataset.json": read_dataset(folder / "dataset.json", request.orientation),
    }
    return {name: file for name, file in found.items() if file}


def _trainer_class(folder: Path, given: Path | None) -> bytes | None:
    path = given or folder / "trainer_class.py"
    if given:
        require_file(given, f"--trainer-class {given}")
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


def _trainings(read: _Read, request: PackRequest) -> tuple[Training, ...]:
    """Return what is known of each fold; nnU-Net's validation is of the final checkpoint."""
    found = []
    for fold, checkpoint in read.checkpoints.items():
        logs = {p: t for p, t in read.logs.texts.items() if p.startswith(f"{fold}/")}
        texts = {path.partition("/")[2]: text for path, text in logs.items()}
        summary = _summary(read.folder / fold)
        training = training_of(fold, texts, checkpoint, summary)
        final = request.checkpoint == FINAL_CHECKPOINT
        found.append(training if final else training._replace(dice=None, by_label={}))
    return tuple(found)


def _summary(fold: Path) -> str | None:
    """Return nnU-Net's summary of the validation: only notes need it, so it may be missing."""
    try:
        data = read_optional(fold / "validation" / "summary.json")
    except UsageError:
        return None
    return None if data is None else data.decode(errors="replace")


def _about_leaks(name: str, data: bytes) -> Iterator[str]:
    """Yield a note about private things in a file that are not removed."""
    leaks = [leak for leak in find_leaks(data.decode(errors="replace")) if not is_meant(leak.value)]
    if leaks:
        kinds = " and a ".join(sorted({leak.kind for leak in leaks}))
        lines = ", ".join(str(line) for line in sorted({leak.line for leak in leaks}))
        yield (
            f"{name} is packed with a {kinds} in line {lines}, which is left as it is: may that "
            "be public?"
        )


def _about_checkpoints(
    checkpoints: Mapping[str, Checkpoint], request: PackRequest
) -> Iterator[str]:
    """Yield notes about changes in the checkpoints, and private things that stay in them."""
    if request.checkpoint != FINAL_CHECKPOINT:
        yield (
            f"{request.checkpoint} is packed as {FINAL_CHECKPOINT}, the only name that consumers "
            "look for"
        )
    for fold, checkpoint in checkpoints.items():
        if checkpoint.wrapper_prefix:
            yield (
                f"{fold}: {checkpoint.wrapper_prefix} is removed from the names of the weights, "
                "since nnU-Net does not find them with it"
            )
        if request.keep_training_state and remains(checkpoint):
            yield (
                f"{fold}: the trainer put paths or names into the training state; leave out "
                "--keep-training-state unless these may be public"
            )
