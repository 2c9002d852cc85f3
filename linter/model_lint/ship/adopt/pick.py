"""Decide which file of an old package becomes which file of the trainer folder."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UsageError
from ...models.package import Package
from ...models.paths import (
    FINAL_CHECKPOINT,
    TRAINER_FILES,
    is_fold_checkpoint,
    is_junk,
    letters,
)
from ...models.trainer_folder import TrainerFolder
from ...wording import listing, quote
from ..training_logs import is_log
from .request import AdoptRequest, Question

#: What SCT takes if no fold has a final checkpoint.
_BEST = "checkpoint_best.pth"
#: How a name of the final checkpoint begins that is wrong only in its case or its signs.
_FINAL = letters(FINAL_CHECKPOINT.removesuffix(".pth"))


@dataclass(frozen=True)
class Picked:
    """The model that an old package contains."""

    trainer: TrainerFolder
    #: Paths in the package by path in the trainer folder.
    files: dict[str, str]
    #: The path of ``crop_metadata.json``; None if there is none.
    crop: str | None


def pick(package: Package, request: AdoptRequest) -> Picked:
    """Find the files of the model. Raises UsageError and Question."""
    trainer = _trainer(package, request.model)
    files = {}
    for name in sorted(TRAINER_FILES):
        path = _place(package, trainer.at(name))
        if path:
            files[name] = path
    folds = _folds(package, trainer)
    chosen = _chosen([*folds], request.folds)
    checkpoints = _checkpoints(package, {name: folds[name] for name in chosen}, request.checkpoint)
    for name, path in checkpoints.items():
        files |= _logs(package, name, folds[name])
        files[f"{name}/{FINAL_CHECKPOINT}"] = path
    return Picked(trainer, files, _crop(package))


def _trainer(package: Package, wanted: str | None) -> TrainerFolder:
    """Return the trainer folder to adopt."""
    if wanted is not None:
        found = [t for t in package.trainers if t.path == wanted.strip("/")]
        if not found:
            known = listing([t.path for t in package.trainers if t.path])
            raise UsageError(f"--model {wanted}: no such trainer folder; it has {known}")
        return found[0]
    full = [t for t in package.judged if t.folds or t.plans] or list(package.judged)
    if len(full) > 1:
        paths = listing(t.path for t in full)
        raise UsageError(f"it contains several models, {paths}: adopt one, with --model FOLDER")
    return full[0]


def _place(package: Package, place: str) -> str | None:
    """Return the path of a file that belongs at a place: there, or where it is instead."""
    if place in package.tree.files:
        return place
    path = package.misplaced.get(place)
    return path if path in package.tree.files else None


# --------------------------------------------------------------------------------------- folds


def _folds(package: Package, trainer: TrainerFolder) -> dict[str, str]:
    """Return the folds by name, each with its folder, or with the checkpoint that is in none."""
    folds = {fold.name: fold.path for fold in trainer.folds if fold.number is not None}
    if folds:
        return folds
    start = trainer.at("fold_")
    for place, path in package.misplaced.items():
        if place.startswith(start):
            folds[place[len(start) - 5 :].partition("/")[0]] = path
    if not folds:
        raise UsageError(f"there is no fold in {quote(trainer.path or 'it')}, so no weights")
    return folds


def _chosen(present: list[str], wanted: tuple[str, ...] | None) -> list[str]:
    numbers = ",".join(name.removeprefix("fold_") for name in present if name != "fold_all")
    if wanted is not None:
        missing = [name for name in wanted if name not in present]
        if missing:
            raise UsageError(f"--folds: no {listing(missing)} in it; it has {listing(present)}")
        present = [name for name in present if name in wanted]
    if "fold_all" in present and len(present) > 1:
        raise Question(
            f"fold_all is next to numbered folds, which SCT can't load: --folds all or {numbers}"
        )
    return present


def _checkpoints(package: Package, folds: dict[str, str], wanted: str | None) -> dict[str, str]:
    """Return the path of the checkpoint of each fold that becomes the final one."""
    have = {name: _candidates(package, path) for name, path in folds.items()}
    found = {name: _final(candidates, wanted) for name, candidates in have.items()}
    if not any(found.values()) and all(_BEST in candidates for candidates in have.values()):
        return {name: candidates[_BEST] for name, candidates in have.items()}
    for name, path in found.items():
        if path is None:
            raise Question(_lacking(name, have, found))
    return {name: path for name, path in found.items() if path}


def _candidates(package: Package, folder: str) -> dict[str, str]:
    """Return the checkpoints of a fold by their file names."""
    tree = package.tree
    if folder in tree.files:  # a checkpoint that is in no fold
        return {folder.rpartition("/")[2]: folder}
    paths = [f"{folder}/{file}" for file in tree.folders[folder]]
    place = f"{folder}/{FINAL_CHECKPOINT}"
    stray = package.misplaced.get(place)
    paths = [p for p in paths if p in tree.files and not is_junk(p) and _is_weights(p)]
    if stray and stray in tree.files and stray not in paths:
        paths.append(stray)
    return {path.rpartition("/")[2]: path for path in paths}


def _is_weights(path: str) -> bool:
    name = path.rpartition("/")[2]
    return is_fold_checkpoint(name) or name.lower().endswith(".pt") or _is_final(name)


def _is_final(name: str) -> bool:
    return letters(name).startswith(_FINAL)


def _final(candidates: dict[str, str], wanted: str | None) -> str | None:
    """Return the checkpoint that is certainly the final one, or that the user names."""
    close = [name for name in candidates if _is_final(name)]
    if FINAL_CHECKPOINT in candidates:
        return candidates[FINAL_CHECKPOINT]
    if wanted in candidates:
        return candidates[wanted]
    return candidates[close[0]] if len(close) == 1 else None


def _lacking(name: str, have: dict[str, dict[str, str]], found: dict[str, str | None]) -> str:
    ways = [f"--checkpoint {file}" for file in have[name]]
    complete = [fold.removeprefix("fold_") for fold, path in found.items() if path]
    if complete:
        ways.append(f"--folds {','.join(complete)}")
    has = f", but has {listing(have[name])}" if have[name] else ""
    advice = f": give {' or '.join(ways)}" if ways else ""
    return f"{name} has no {FINAL_CHECKPOINT}{has}{advice}"


def _logs(package: Package, name: str, folder: str) -> dict[str, str]:
    """Return the logs and pictures of a fold."""
    names = package.tree.folders.get(folder, ())
    return {
        f"{name}/{file}": f"{folder}/{file}"
        for file in names
        if is_log(file) and f"{folder}/{file}" in package.tree.files
    }


def _crop(package: Package) -> str | None:
    crops = [crop for crop in package.crops if not is_junk(crop.path)]
    if len({crop.text for crop in crops}) > 1:
        paths = listing(crop.path for crop in crops)
        raise UsageError(f"{paths} differ; leave out the wrong one")
    return crops[0].path if crops else None
