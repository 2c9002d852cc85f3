"""Explain folds whose training was not finished, was resumed, or differs from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..checkpoint.model import BadCheckpoint, Checkpoint
from ..checkpoint.reader import File, read_checkpoint
from ..errors import DANGLING, UsageError
from ..models.paths import FINAL_CHECKPOINT
from ..wording import joined
from .results_folder import numbers, read_optional
from .training import Training, training_of

#: What nnU-Net writes during a training: the last state, and that of the best epoch so far.
LATEST, BEST = "checkpoint_latest.pth", "checkpoint_best.pth"
_RESUME = "finish it (nnUNetv2_train ... --c)"


def open_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises UsageError if it is not one."""
    try:
        found = read_checkpoint(File.at(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if isinstance(found, BadCheckpoint):
        raise UsageError(f"{path}: {found.reason}")
    return found


def require_checkpoints(folder: Path, folds: Sequence[str], checkpoint: str) -> None:
    """Raise UsageError if a fold lacks the checkpoint that is packed; say what it has instead."""
    missing = [fold for fold in folds if not (folder / fold / checkpoint).is_file()]
    if not missing:
        return
    broken = [fold for fold in missing if (folder / fold / checkpoint).is_symlink()]
    if broken:
        raise UsageError(f"{folder}: {checkpoint} of {joined(broken)} is {DANGLING}")
    final = checkpoint == FINAL_CHECKPOINT
    finished = [fold for fold in folds if fold not in missing]
    ways = [_RESUME] if final else []
    if finished:
        ways.append(f"pack the others with --folds {numbers(finished)}")
    if final and all((folder / fold / BEST).is_file() for fold in folds):
        ways.append(f"take {BEST} with --checkpoint {BEST}")
    states = ", ".join(_state(folder / fold) for fold in missing)
    why = f": its training isn't finished ({states})" if final else ""
    advice = f"; {', or '.join(ways)}" if ways else ""
    raise UsageError(f"{folder}: no {checkpoint} in {joined(missing)}{why}{advice}")


def _state(fold: Path) -> str:
    """Describe what there is of a training that was not finished."""
    for name, is_last in ((LATEST, True), (BEST, False)):
        if (fold / name).is_file():
            try:
                training = training_of(fold.name, _debug(fold), open_checkpoint(fold / name))
            except UsageError:
                return f"{fold.name}: {name} is unreadable"
            after = "stopped after" if is_last else f"has only {name}, of"
            return f"{fold.name} {after} epoch {_of(training)}"
    return f"{fold.name} has no checkpoint"


def _debug(fold: Path) -> dict[str, str]:
    data = read_optional(fold / "debug.json") or b""
    return {"debug.json": data.decode(errors="replace")}


def _of(training: Training) -> str:
    epoch = "?" if training.epochs is None else str(training.epochs)
    return epoch + (f" of {training.planned}" if training.planned else "")


def remarks(folder: Path, trainings: Sequence[Training], checkpoint: str) -> Iterator[str]:
    """Yield what is unusual in trainings whose checkpoints are packed."""
    early = [t for t in trainings if t.epochs and t.planned and t.epochs < t.planned]
    for training in early:
        name = f"{training.fold}/{checkpoint}"
        if checkpoint == FINAL_CHECKPOINT:
            yield (
                f"{name} is of epoch {_of(training)}: another checkpoint was renamed, or the "
                f"trainer was changed; {_RESUME} unless that is meant"
            )
        else:
            yield f"{name} is of epoch {_of(training)}"
    epochs = {training.epochs for training in trainings if training.epochs}
    if len(epochs) > 1 and not early:
        each = ", ".join(f"{t.fold} {t.epochs}" for t in trainings if t.epochs)
        yield f"the folds were trained for different numbers of epochs: {each}"
    for training in trainings:
        if training.runs > 1:
            yield f"{training.fold} was trained in {training.runs} runs; the logs of all are packed"
        if (folder / training.fold / LATEST).is_file() and checkpoint == FINAL_CHECKPOINT:
            yield (
                f"{training.fold} has a {LATEST} too, which nnU-Net removes at the end: a further "
                f"training was begun there; {checkpoint} is packed, of the one that was finished"
            )
