"""Rules about what is in the trainer folder: files, folds and their checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Consumer, Problem
from ..models.package import Package
from ..models.paths import FINAL_CHECKPOINT
from ..models.trainer_folder import Fold, TrainerFolder
from ..wording import are, count, listing, quote
from . import ERROR, EVERYWHERE, IN_SCT, IN_STOCK, INFO, SCT, SPEC, WARNING, rule
from .shared import how_to_place

_FINGERPRINT = "dataset_fingerprint.json"
#: What SCT and nnU-Net read of a trainer folder, besides folds and a custom trainer.
_FILES = ("dataset.json", "plans.json", _FINGERPRINT)
_TREE = "Keep the nnUNet folder structure intact."
#: What SCT loads if no fold has a final checkpoint.
_BEST_CHECKPOINT = "checkpoint_best.pth"
_ONE_CHECKPOINT = "include only `checkpoint_final.pth`"


@rule(
    "L007",
    ERROR,
    SPEC,
    _TREE,
    also=(WARNING,),
    unless=("Z004",),
    stops=EVERYWHERE,
)
def file_missing(package: Package) -> Iterator[Problem]:
    """`dataset.json`, `plans.json` or `dataset_fingerprint.json` is missing.

    Why: SCT and nnU-Net read the first two when they load the model; the fingerprint documents
    what the model was planned for.

    Fix: copy the file from the results folder (`nnUNet_results/DatasetNNN_NAME/TRAINER...`).
    """
    for trainer in package.judged:
        elsewhere: dict[str, list[str]] = {}
        for name in _FILES:
            place = trainer.at(name)
            path = package.misplaced.get(place, place)
            if path.rpartition("/")[0] != trainer.path:
                elsewhere.setdefault(path.rpartition("/")[0], []).append(name)
            elif place not in package.tree.files:
                yield _lacking(package, trainer, name)
        for folder, names in elsewhere.items():
            yield _elsewhere(package, trainer, folder, names)


def _lacking(package: Package, trainer: TrainerFolder, name: str) -> Problem:
    """Return that a file is missing, and what the trainer folder has in its place."""
    place = trainer.at(name)
    severity = WARNING if name == _FINGERPRINT else None
    if place in package.tree.folders:
        return Problem(f"{quote(name)} is a folder, not a file", place, severity=severity)
    path = package.misplaced.get(place)
    if path is None:
        return Problem(f"{quote(name)} is missing", trainer.path, severity=severity)
    found = path.rpartition("/")[2]
    why = "is not read, case matters" if found.lower() == name else "seems to be it"
    text = f"{quote(name)} is missing; {quote(found)} {why}"
    return Problem(text, path, help=how_to_place(path, place), severity=severity)


def _elsewhere(package: Package, trainer: TrainerFolder, folder: str, names: list[str]) -> Problem:
    """Return where the files in another folder are: one cause, one finding."""
    moves = [(package.misplaced[place], place) for place in map(trainer.at, names)]
    found = [path.rpartition("/")[2] for path, _ in moves]
    where = "next to the trainer folder" if folder == trainer.parent else f"in {quote(folder)}"
    them = f"move {listing(names)} into {quote(trainer.name)}"
    return Problem(
        f"{listing(found)} {are(found)} {where}, not in the trainer folder",
        moves[0][0],
        help=them if found == names else "; ".join(how_to_place(*move) for move in moves),
        severity=WARNING if names == [_FINGERPRINT] else None,
    )


@rule(
    "L008",
    ERROR,
    SCT,
    "SCT: if not fold_dirs: raise FileNotFoundError(No 'fold_*' directories found)",
    unless=("Z004",),
    stops=EVERYWHERE,
)
def fold_missing(package: Package) -> Iterator[Problem]:
    """The trainer folder contains no fold.

    Why: the weights are in `fold_0`, `fold_1`, ... or `fold_all`; without one nothing is loaded.

    Fix: put the trained fold into the folder, with its `checkpoint_final.pth`.
    """
    for trainer in package.judged:
        if trainer.folds:
            continue
        meant = [m for m in package.misplaced.items() if m[0].startswith(trainer.at("fold_"))]
        if not meant:
            yield Problem("no `fold_*` folder", trainer.path)
            continue
        found = listing(_relative(path, trainer.path) for _, path in meant)
        text = f"no `fold_*` folder; {found} {'seem' if len(meant) > 1 else 'seems'} to be meant"
        steps = [how_to_place(path, place) for place, path in meant[:3]]
        yield Problem(text, trainer.path, help="; ".join(steps))


def _relative(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/")


@rule(
    "L009",
    ERROR,
    SCT,
    "SCT: folds_avail = [int(f.split('_')[-1]) for f in fold_dirs]",
    stops=EVERYWHERE,
)
def fold_name(package: Package) -> Iterator[Problem]:
    """An entry named `fold_...` is not the folder `fold_all` or `fold_<number>`.

    Why: SCT turns what follows the last `_` of every `fold_*` into a number and opens
    `fold_<number>`: `fold_best` stops it, `fold_00` makes it look for `fold_0`.

    Fix: rename the folder to `fold_<number>`, or leave the entry out.
    """
    for trainer in package.judged:
        # Users of the other consumers choose the folds that are loaded.
        stops = (IN_SCT,) if _has_fold(trainer) else EVERYWHERE
        for fold in trainer.folds:
            if fold.is_file:
                text, help_text = f"{quote(fold.name)} is a file", _no_fold(trainer)
                yield Problem(text, fold.path, help=help_text, stops=stops)
            elif fold.number is None:
                text = f"{quote(fold.name)} is neither `fold_all` nor a number"
                yield Problem(text, fold.path, help=_rename_fold(package, fold), stops=stops)
        if trainer.more_folds:
            text = f"{len(trainer.folds) + trainer.more_folds} entries match `fold_*`"
            text += f": the last {trainer.more_folds} are not checked"
            yield Problem(text, trainer.path)


def _has_fold(trainer: TrainerFolder) -> bool:
    return any(fold.number is not None for fold in trainer.folds)


def _no_fold(trainer: TrainerFolder) -> str:
    """Return what to do with a file that is named like a fold."""
    if _has_fold(trainer):
        return "give it another name, or leave it out: a fold is a folder"
    return "put the folder of the trained fold there, with its `checkpoint_final.pth`"


def _rename_fold(package: Package, fold: Fold) -> str | None:
    """Return how to rename a fold, if its name is clear and not in use."""
    digits = re.fullmatch(r"fold_0*([0-9]{1,4})", fold.name, re.ASCII)
    folder = fold.path.removesuffix(fold.name)
    if digits is None or FINAL_CHECKPOINT not in fold.checkpoints:
        return None
    if f"{folder}fold_{digits[1]}" in package.tree.folders:
        return None
    return how_to_place(fold.path, f"{folder}fold_{digits[1]}")


@rule(
    "L010",
    ERROR,
    SCT,
    "SCT: folds_avail = 'all' if fold_dirs == ['fold_all'] else [int(...) ...]",
    stops=(IN_SCT,),
)
def fold_all_mixed(package: Package) -> Iterator[Problem]:
    """`fold_all` is next to numbered folds.

    Why: SCT then reads `all` as a number and stops.

    Fix: ship `fold_all` alone, or the numbered folds alone.
    """
    for trainer in package.judged:
        numbered = [f.name for f in trainer.folds if isinstance(f.number, int)]
        if numbered and any(f.number == "all" for f in trainer.folds):
            yield Problem(f"`fold_all` is next to {listing(numbered)}", trainer.at("fold_all"))


@rule(
    "L011",
    ERROR,
    SPEC,
    _ONE_CHECKPOINT,
    unless=("Z004",),
    stops=EVERYWHERE,
)
def final_checkpoint_missing(package: Package) -> Iterator[Problem]:
    """A fold has no `checkpoint_final.pth`.

    Why: SCT opens the same checkpoint in every fold, and nnU-Net opens `checkpoint_final.pth` by
    default: a fold without it stops both. nnU-Net writes it when the training ends.

    Fix: finish the training (`nnUNetv2_train ... --c`) or leave the fold out.
    """
    for trainer in package.judged:
        for fold in trainer.folds:
            if fold.number is not None and FINAL_CHECKPOINT not in fold.checkpoints:
                yield _without_final(package, fold)._replace(stops=_stopped(trainer))


def _stopped(trainer: TrainerFolder) -> tuple[Consumer, ...]:
    """Return the consumers that a missing final checkpoint stops.

    SCT loads the best checkpoints if all folds have one and none has a final one.
    """
    folds = [fold.checkpoints for fold in trainer.folds]
    any_final = any(FINAL_CHECKPOINT in checkpoints for checkpoints in folds)
    all_best = all(_BEST_CHECKPOINT in checkpoints for checkpoints in folds)
    return IN_STOCK if all_best and not any_final else EVERYWHERE


def _without_final(package: Package, fold: Fold) -> Problem:
    if fold.checkpoint_path in package.tree.folders:
        text = f"`{FINAL_CHECKPOINT}` is a folder, not a file"
        advice = "copy the file again from the results folder; don't unpack it"
        return Problem(text, fold.checkpoint_path, help=advice)
    path = package.misplaced.get(fold.checkpoint_path)
    if path is None:
        return Problem(f"{quote(fold.name)} has no `{FINAL_CHECKPOINT}`", fold.path)
    if fold.checkpoints:
        text = f"{quote(fold.name)} has {listing(fold.checkpoints)}, not `{FINAL_CHECKPOINT}`"
    else:
        found = quote(_relative(path, fold.path))
        text = f"{quote(fold.name)} has no `{FINAL_CHECKPOINT}`; {found} seems to be meant"
    advice = how_to_place(path, fold.checkpoint_path)
    if not path.lower().endswith(FINAL_CHECKPOINT):
        advice += ", if it is what you evaluated, or finish the training (`nnUNetv2_train --c`)"
    if len(fold.checkpoints) > 1:
        advice += "; leave the other checkpoints out"
    return Problem(text, fold.path, help=advice)


@rule(
    "L024",
    INFO,
    SCT,
    "SCT's fork adds the first fold's prediction twice (inference/predict_from_raw_data.py)",
)
def sct_several_folds(package: Package) -> Iterator[Problem]:
    """SCT does not average several folds evenly.

    Why: SCT's fork of nnU-Net counts one fold twice, the one that its unsorted search finds first,
    so that results differ a little from nnU-Net's and from machine to machine.

    Fix: nothing to fix in the package; ship one fold if results must be the same everywhere.
    """
    for trainer in package.judged:
        folds = [f for f in trainer.folds if isinstance(f.number, int)]
        if len(folds) > 1:
            yield Problem(f"{count(folds, 'fold')}: SCT counts one of them twice", trainer.path)
