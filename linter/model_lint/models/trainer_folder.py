"""The trainer folders of a package: where they are, and their contents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..checkpoint.model import BadCheckpoint, Checkpoint
from ..nnunet.trainers import SCT_TRAINERS
from ..storage.limits import MAX_FOLDS, MAX_SOURCE_BYTES
from ..storage.tree import Tree, TreeError, files_named, read_bytes
from .json_file import JsonFile, JsonReader
from .paths import (
    FOLD_GLOB,
    TRAINER_GLOB,
    FolderName,
    above,
    fold_number,
    is_fold_checkpoint,
    parse_folder_name,
)
from .unreadable import Unreadable, unread

#: Trainers of nnU-Net that don't build the network that the plans describe.
_BUILDERS = ("nnUNetTrainerBN", "nnUNet_Primus")


class Fold(NamedTuple):
    """One ``fold_*`` entry of a trainer folder."""

    path: str
    name: str
    is_file: bool
    #: The fold's number, ``"all"``, or None if the name is neither.
    number: int | str | None
    #: Names of the files ``checkpoint*`` and of other ``.pth`` files, sorted.
    checkpoints: tuple[str, ...]
    #: The path where the final checkpoint, or another one that is asked for, is or should be.
    checkpoint_path: str
    #: None if it is missing, or unreadable for a reason that an archive rule reports.
    checkpoint: Checkpoint | BadCheckpoint | None


class TrainerClass(NamedTuple):
    """A ``trainer_class.py``, readable or not."""

    path: str
    text: str
    unreadable: Unreadable | None = None


class TrainerFolder(NamedTuple):
    """A folder with ``dataset.json``, ``plans.json`` and folds, of any name."""

    #: Path in the tree; "" if the files are at the root.
    path: str
    name: str
    #: None if the name does not have three parts.
    parts: FolderName | None
    dataset: JsonFile | None
    plans: JsonFile | None
    fingerprint: JsonFile | None
    #: ``trainer_class.py``; None if it is missing.
    trainer_class: TrainerClass | None
    folds: tuple[Fold, ...]
    #: Number of entries ``fold_*`` beyond the limit, which are not read.
    more_folds: int = 0

    @property
    def parent(self) -> str:
        """The folder around it; "" for the top of the tree."""
        return self.path.rpartition("/")[0]

    def at(self, name: str) -> str:
        """Return the path in the tree of a file in this folder."""
        return f"{self.path}/{name}" if self.path else name

    @property
    def class_name(self) -> str:
        """The trainer that is loaded: that of the first checkpoint, as in nnU-Net.

        If no checkpoint names one, that of the folder's name; "" if neither does.
        """
        for _, checkpoint in self.checkpoints:
            if checkpoint.trainer_name is not None:
                return checkpoint.trainer_name
        return self.parts.trainer if self.parts else ""

    @property
    def configuration(self) -> str | None:
        """The configuration that is loaded: that of the first checkpoint, as in nnU-Net.

        If no checkpoint names one, that of the folder's name.
        """
        for _, checkpoint in self.checkpoints:
            if checkpoint.configuration is not None:
                return checkpoint.configuration
        return self.parts.configuration if self.parts else None

    @property
    def channels(self) -> int | None:
        """The number of channels of an image, as nnU-Net counts them.

        ``modality`` has priority; a text counts by its letters. None if ``dataset.json`` has none.
        """
        dataset = self.dataset.object if self.dataset else {}
        names = dataset.get("modality", dataset.get("channel_names"))
        return len(names) if isinstance(names, dict | list | str) else None

    @property
    def needs_class(self) -> bool:
        """Whether SCT's nnU-Net has no trainer of the folder's name, in upper or lower case."""
        known = {name.lower() for name in SCT_TRAINERS}
        return self.parts is None or self.parts.trainer.lower() not in known

    @property
    def builds_network(self) -> bool:
        """Whether the trainer may build a network that differs from the plans."""
        return self.brings_network or any(
            c.trainer_name is not None and c.trainer_name.startswith(_BUILDERS)
            for _, c in self.checkpoints
        )

    @property
    def brings_network(self) -> bool:
        """Whether ``trainer_class.py`` defines how the network is built."""
        source = self.trainer_class
        return source is not None and "build_network_architecture" in source.text

    @property
    def checkpoints(self) -> Iterator[tuple[Fold, Checkpoint]]:
        """The final checkpoints that could be read, with their folds."""
        for fold in self.folds:
            if isinstance(fold.checkpoint, Checkpoint):
                yield fold, fold.checkpoint


def find_trainer_folders(tree: Tree) -> list[str]:
    """Find trainer folders by content, so that a wrong name or place can be explained.

    Plans or folds are strong evidence. One of the two is enough, unless another folder has the full
    name of a trainer folder: then they are misplaced parts of that folder. A ``dataset.json`` or a
    name of three parts is weak evidence: it counts only if no folder above or below it has strong
    evidence.
    """
    plans = {path.rpartition("/")[0] for path in files_named(tree, "plans.json")}
    folds = {path.rpartition("/")[0] for path in tree.folders if _is_fold(path)}
    named = {path for path in tree.folders if _is_trainer_name(_name(path))}
    weak = named | {path.rpartition("/")[0] for path in files_named(tree, "dataset.json")}
    strong, weak = _without_junk(plans | folds), _without_junk(weak)
    full = {p for p in weak if _name(p).count("__") == 2 and fnmatchcase(_name(p), TRAINER_GLOB)}
    if full:
        strong, weak = (strong & named) | (strong & plans & folds), full
    strong = _outermost(strong)
    around = strong.union(*map(above, strong))
    alone = {path for path in weak - around if strong.isdisjoint(above(path))}
    return sorted(strong | _outermost(alone))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_fold(path: str) -> bool:
    return re.fullmatch(r"fold_(all|[0-9]+)", _name(path)) is not None


def _is_trainer_name(name: str) -> bool:
    return name.count("__") == 2 or fnmatchcase(name, TRAINER_GLOB)


def _without_junk(paths: set[str]) -> set[str]:
    """Leave out what is in a folder ``__MACOSX``, which SCT's installer does not copy."""
    return {path for path in paths if "__MACOSX" not in path.split("/")}


def _outermost(paths: set[str]) -> set[str]:
    """Leave out folders inside another: ``crossval_results*`` contain copies of ``plans.json``.

    The root does not count: a stray file there must not hide the trainer folder below it.
    """
    return {path for path in paths if paths.isdisjoint(above(path))}


def checkpoints_named(tree: Tree, trainer: str, file: str) -> Iterator[str]:
    """Yield the paths of the files of a name in the first MAX_FOLDS folds."""
    prefix = f"{trainer}/" if trainer else ""
    for name in _fold_names(tree, trainer)[:MAX_FOLDS]:
        path = f"{prefix}{name}/{file}"
        if path in tree.files:
            yield path


def _fold_names(tree: Tree, trainer: str) -> list[str]:
    return [name for name in tree.folders[trainer] if fnmatchcase(name, FOLD_GLOB)]


def build_trainer_folder(
    tree: Tree,
    path: str,
    reader: JsonReader,
    checkpoints: Mapping[str, Checkpoint | BadCheckpoint | None],
    file: str,
) -> TrainerFolder:
    """Build the model of a trainer folder from its path and the checkpoints that were read.

    Their name in each fold is ``file``.
    """
    prefix = f"{path}/" if path else ""
    names = _fold_names(tree, path)
    name = path.rpartition("/")[2]
    return TrainerFolder(
        path=path,
        name=name,
        parts=parse_folder_name(name),
        dataset=reader.read(f"{prefix}dataset.json"),
        plans=reader.read(f"{prefix}plans.json"),
        fingerprint=reader.read(f"{prefix}dataset_fingerprint.json"),
        trainer_class=_trainer_class(tree, f"{prefix}trainer_class.py"),
        folds=tuple(_fold(tree, prefix + n, checkpoints, file) for n in names[:MAX_FOLDS]),
        more_folds=max(0, len(names) - MAX_FOLDS),
    )


def _trainer_class(tree: Tree, path: str) -> TrainerClass | None:
    if path in tree.folders:
        return TrainerClass(path, "", Unreadable("it is a folder, not a file"))
    if path not in tree.files:
        return None
    try:
        return TrainerClass(path, _decoded(read_bytes(tree, path, MAX_SOURCE_BYTES)))
    except TreeError as error:
        return TrainerClass(path, "", unread(error))
    except ValueError as error:
        return TrainerClass(path, "", Unreadable(str(error)))


def _decoded(data: bytes) -> str:
    """Decode Python source as Python does. Raises ValueError with the reason."""
    if data.isascii() and b"coding" not in data[:200]:
        return data.decode()
    from ..nnunet.trainer_source import decode  # noqa: PLC0415 - rarely needed

    return decode(data)


def _fold(
    tree: Tree, path: str, checkpoints: Mapping[str, Checkpoint | BadCheckpoint | None], file: str
) -> Fold:
    name = path.rpartition("/")[2]
    is_file = path in tree.files
    names = [] if is_file else [n for n in tree.folders[path] if f"{path}/{n}" in tree.files]
    return Fold(
        path=path,
        name=name,
        is_file=is_file,
        number=None if is_file else fold_number(name),
        checkpoints=tuple(filter(is_fold_checkpoint, names)),
        checkpoint_path=f"{path}/{file}",
        checkpoint=checkpoints.get(f"{path}/{file}"),
    )
