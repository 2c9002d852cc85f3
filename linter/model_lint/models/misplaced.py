"""Files that are missing in a trainer folder, but in the package at another place or name.

Rules look here before they advise to leave a file out, or report one as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, count

from ..storage.limits import MAX_CANDIDATES
from ..storage.tree import Tree
from .paths import (
    FINAL_CHECKPOINT,
    TRAINER_FILES,
    above,
    is_fold_file,
    is_junk,
    letters,
    resembles_fold,
)
from .trainer_folder import TrainerFolder

#: What a file of each name contains, and no other file that nnU-Net writes.
_CONTENTS = {
    "plans.json": (r'"plans_name"\s*:', r'"configurations"\s*:'),
    "dataset.json": (r'"labels"\s*:', r'"(channel_names|modality)"\s*:'),
    "dataset_fingerprint.json": (r'"shapes_after_crop"\s*:', r'"spacings"\s*:'),
    "trainer_class.py": (r"(?m)^(def get_trainer_class|class nnUNetTrainer)",),
}
_LETTERS = {name: letters(name) for name in _CONTENTS}
#: Words in the names of checkpoints: the one with the first of these is taken as the final one.
_PREFERRED = ("final", "best", "latest", "")


def find_misplaced(
    tree: Tree, trainers: Iterable[TrainerFolder], texts: Mapping[str, str]
) -> dict[str, str]:
    """Return the paths of missing files, each with the path where the file is instead.

    Args:
        tree: the package.
        trainers: the trainer folders in which something may be missing.
        texts: the texts of files as far as they were read, by path.
    """
    trainers = tuple(trainers)
    if not any(_missing(tree, trainer) or _is_incomplete(trainer) for trainer in trainers):
        return {}
    placed = {path for trainer in trainers for path in _placed(tree, trainer)}
    strays = [path for path in tree.files if path not in placed and not is_junk(path)]
    meant: dict[str, list[str]] = {name: [] for name in _CONTENTS}
    for path in strays:
        for name in _meant(path, texts.get(path, "")):
            meant[name].append(path)
    weights = [path for path in strays if _is_weights(path)][:MAX_CANDIDATES]
    found: dict[str, str] = {}
    for trainer in trainers:
        found |= _files(tree, trainer, meant)
        if trainer.folds:
            found |= _final_checkpoints(trainer, weights)
        else:
            found |= _folds(tree, trainer, weights)
    return found


def _missing(tree: Tree, trainer: TrainerFolder) -> list[str]:
    """Return the names of the files that are missing in a trainer folder."""
    names = [name for name in _CONTENTS if name != "trainer_class.py" or trainer.needs_class]
    places = (tree.files, tree.folders, tree.special)
    return [name for name in names if not any(trainer.at(name) in place for place in places)]


def _is_incomplete(trainer: TrainerFolder) -> bool:
    """Return whether a trainer folder has no fold, or a fold has no checkpoint."""
    return not trainer.folds or any(
        fold.number is not None and FINAL_CHECKPOINT not in fold.checkpoints
        for fold in trainer.folds
    )


def _placed(tree: Tree, trainer: TrainerFolder) -> Iterator[str]:
    """Yield the files that are where the specification's tree shows them."""
    yield from map(trainer.at, TRAINER_FILES)
    for fold in trainer.folds:
        if fold.number is not None:
            yield from (f"{fold.path}/{n}" for n in tree.folders[fold.path] if is_fold_file(n))


def _meant(path: str, text: str) -> Iterator[str]:
    """Yield the names that a file was meant to have, judged by its own name or its content."""
    own = letters(_name(path))
    for name, contents in _CONTENTS.items():
        if own == _LETTERS[name] or (text and all(re.search(c, text) for c in contents)):
            yield name


def _files(tree: Tree, trainer: TrainerFolder, meant: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the missing files of a trainer folder, each with the file that was meant to be it."""
    found: dict[str, str] = {}
    for name in _missing(tree, trainer):
        place = trainer.at(name)
        own = f"{trainer.parts.plans}.json" if trainer.parts else name
        paths = sorted(meant[name][:MAX_CANDIDATES], key=lambda path: _name(path) != own)
        if paths:
            found[place] = min(paths, key=partial(_distance, place))
    return found


def _final_checkpoints(trainer: TrainerFolder, weights: list[str]) -> dict[str, str]:
    """Return the missing final checkpoints, each with the file that was meant to be it."""
    loose = _loose(trainer, weights)
    found: dict[str, str] = {}
    for fold in trainer.folds:
        if fold.number is not None and FINAL_CHECKPOINT not in fold.checkpoints:
            inside = [path for path in weights if path.startswith(f"{fold.path}/")]
            left = inside or [path for path in loose if path not in found.values()]
            if left:
                found[fold.checkpoint_path] = min(left, key=_preference)
    return found


def _folds(tree: Tree, trainer: TrainerFolder, weights: list[str]) -> dict[str, str]:
    """Return the folders that were meant to be folds, or a checkpoint that belongs in one."""
    loose = _loose(trainer, weights)
    folders = {_fold_around(path) for path in weights if path not in loose}
    inside = [trainer.at(name) for name in tree.folders[trainer.path] if resembles_fold(name)]
    folders |= set(inside[:MAX_CANDIDATES]) & tree.folders.keys()
    found: dict[str, str] = {}
    for path in sorted(folders):
        number = re.search(r"all$|[0-9]{1,4}$", _name(path).lower())
        names = [number[0].lstrip("0") or "0"] if number else []
        places = (trainer.at(f"fold_{name}") for name in chain(names, map(str, count())))
        found[next(place for place in places if place not in found)] = path
    if loose and not found:
        found[trainer.at(f"fold_0/{FINAL_CHECKPOINT}")] = min(loose, key=_preference)
    return found


def _loose(trainer: TrainerFolder, weights: list[str]) -> list[str]:
    """Return the checkpoints in the trainer folder itself, or in a folder above it."""
    around = {"", trainer.path, *above(trainer.path)}
    return [path for path in weights if _folder(path) in around]


def _fold_around(path: str) -> str:
    """Return the folder that was meant to be the fold of a checkpoint."""
    folders = [*above(path)]
    return next((folder for folder in folders if resembles_fold(_name(folder))), folders[0])


def _is_weights(path: str) -> bool:
    name = _name(path).lower()
    return name.endswith((".pth", ".pt")) or letters(name).startswith("checkpointfinal")


def _preference(path: str) -> tuple[int, str]:
    return next(rank for rank, word in enumerate(_PREFERRED) if word in _name(path).lower()), path


def _distance(path: str, place: str) -> int:
    """Return the number of folders up and down from one path to the other."""
    return len({*above(path)} ^ {*above(place)})


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
