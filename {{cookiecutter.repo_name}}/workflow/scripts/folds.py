"""What each fold was trained on: trainings of other data are set aside, and never packed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from model_lint.checkpoint.model import BadCheckpoint
from model_lint.checkpoint.reader import File, read_checkpoint

from case_table import read_rows
from common import read_json
from notes import code_of, digest, lost, note_of, remove_note
from settings import Settings

CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_latest.pth", "checkpoint_best.pth")


def step_name(settings: Settings, fold: str) -> str:
    """Return the name of the step that trains a fold, for its note and its mark."""
    return f"{settings.dataset_name}/{settings.nnunet.model_name}/fold_{fold}"


def depends_on(settings: Settings, fold: str) -> str:
    """Return a digest of what a fold is trained on: data, labels, plans, split and trainer.

    Raises:
        ValueError, OSError: if the data are not preprocessed for this fold.
    """
    folder, trainer = settings.preprocessed, settings.nnunet.trainer_file
    plans = read_json(folder / f"{settings.nnunet.plans_name}.json")
    splits = read_json(folder / "splits_final.json")
    if fold != "all" and int(fold) >= len(splits):
        raise ValueError(f"fold {fold} does not exist: the data are divided into {len(splits)}")
    rows = read_rows(settings.work / "conversion.csv")
    return digest(
        sorted((row.case, row.digest) for row in rows if row.set == "train"),
        read_json(folder / "dataset.json"),
        read_json(folder / "dataset_fingerprint.json"),
        plans["configurations"][settings.nnunet.configuration],
        None if fold == "all" else splits[int(fold)],
        None if trainer is None else code_of(trainer),
    )


def trained(settings: Settings) -> str:
    """Return a digest of the trained folds.

    A fold that was trained again on the same data is another one. Its files may have the same
    sizes, but its validation has other numbers.
    """
    notes = [note_of(settings.work, step_name(settings, f)) for f in settings.nnunet.folds]
    scores = [settings.model / f"fold_{f}/validation/summary.json" for f in settings.nnunet.folds]
    return digest(
        [(note.made_from, note.files) for note in notes if note],
        [read_json(path) for path in scores if path.is_file()],
    )


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a fold's folder, the furthest first."""
    return [folder / name for name in CHECKPOINTS if (folder / name).is_file()]


def set_aside(settings: Settings, fold: str, wanted: str) -> Iterator[str]:
    """Make room for a training on the current data; yield a line for each folder that is moved.

    A training of other data is moved, never deleted. If a training of the current data was moved
    there earlier, it is taken back.

    Raises:
        ValueError: if nothing says what a training was trained on.
    """
    folder, step = settings.model / f"fold_{fold}", step_name(settings, fold)
    note = note_of(settings.work, step)
    store = settings.work / "set_aside" / step
    if checkpoints(folder):
        if note is None:
            raise ValueError(
                f"{folder}: nothing says what it was trained on; move or delete it to train again"
            )
        if note.made_from == wanted:
            return
        target = store.with_name(f"{store.name}_{note.made_from[:12]}")
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        remove_note(settings.work, step)
        yield (
            f"{folder}: was trained on other data, labels, plans, split or trainer than the "
            f"current ones; it is now {target}"
        )
    earlier = store.with_name(f"{store.name}_{wanted[:12]}")
    if earlier.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        earlier.rename(folder)
        yield f"{earlier}: was trained on the current ones; it is now {folder}"


def foreign(settings: Settings, fold: str) -> str:
    """Return which checkpoint of a fold is of other data or plans, or an empty text.

    nnU-Net writes both into each checkpoint: so one that was put there by hand is recognised.
    """
    folder, nnunet = settings.preprocessed, settings.nnunet
    dataset = read_json(folder / "dataset.json")
    plans = read_json(folder / f"{nnunet.plans_name}.json")["configurations"][nnunet.configuration]
    for path in checkpoints(settings.model / f"fold_{fold}"):
        found = read_checkpoint(File.at(path))
        if isinstance(found, BadCheckpoint):
            continue  # `model-lint pack` says what is wrong with it
        known = (found.plans or {}).get("configurations", {}).get(nnunet.configuration, plans)
        if (found.dataset_json or dataset) != dataset or known != plans:
            return f"{path}: is of other data or plans than the current ones"
    return ""


def stale(settings: Settings) -> str:
    """Return why the model is not one whole training on the current data, or an empty text."""
    for fold in settings.nnunet.folds:
        folder, note = (
            settings.model / f"fold_{fold}",
            note_of(settings.work, step_name(settings, fold)),
        )
        if note is None or not note.files:
            return f"{folder}: is not trained to the end"
        if note.made_from != depends_on(settings, fold):
            return f"{folder}: was trained on other data, labels, plans, split or trainer"
        if gone := lost(settings.work, note):
            return f"{gone[0]}: is missing, or another file than the training wrote"
        if other := foreign(settings, fold):
            return other
    return ""
