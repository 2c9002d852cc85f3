"""The model of a package: what a zip or a folder holds, as SCT and nnU-Net would find it.

Building never raises. What can't be read is a value that says why; one rule reports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .checkpoint import BadCheckpoint, Checkpoint, read_checkpoint
from .json_file import JsonFile, read_json
from .limits import MAX_TEXT_BYTES
from .tree import Tree, TreeError, ZipTree, read_bytes

#: What SCT globs for after unpacking (deepseg/nnunet.py).
TRAINER_GLOB = "nnUNetTrainer*"
#: What SCT globs for inside the trainer folder.
FOLD_GLOB = "fold_*"
FINAL_CHECKPOINT = "checkpoint_final.pth"
#: What nnU-Net names a dataset folder; one such wrapper suits SCT, nnU-Net and Slicer.
DATASET_FOLDER = re.compile(r"Dataset\d{3}_.+", re.ASCII)


@dataclass(frozen=True)
class Fold:
    """One ``fold_*`` entry of a trainer folder."""

    path: str
    name: str
    is_file: bool
    #: The fold's number, ``"all"``, or None where the name is neither.
    number: int | str | None
    #: Names of the ``checkpoint*`` files and of other ``.pth`` files, sorted.
    checkpoints: tuple[str, ...]
    #: The final checkpoint: None where there is none.
    checkpoint: Checkpoint | BadCheckpoint | None

    @property
    def checkpoint_path(self) -> str:
        """Where the final checkpoint is, or should be."""
        return f"{self.path}/{FINAL_CHECKPOINT}"


@dataclass(frozen=True)
class FolderName:
    """The three parts of a trainer folder's name."""

    trainer: str
    plans: str
    configuration: str


@dataclass(frozen=True)
class TrainerFolder:
    """A folder with ``dataset.json``, ``plans.json`` and folds, whatever its name."""

    #: Path in the tree; "" where the files lie at the root.
    path: str
    name: str
    #: None where the name does not have three parts.
    parts: FolderName | None
    dataset: JsonFile | None
    plans: JsonFile | None
    fingerprint: JsonFile | None
    #: Source of ``trainer_class.py``; None where there is none.
    trainer_class: str | None
    #: Why ``trainer_class.py`` can't be read.
    trainer_class_error: str | None
    folds: tuple[Fold, ...]

    def at(self, name: str) -> str:
        """Return the path in the tree of a file of this folder."""
        return f"{self.path}/{name}" if self.path else name

    @property
    def checkpoints(self) -> Iterator[tuple[Fold, Checkpoint]]:
        """The final checkpoints that could be read, with their folds."""
        for fold in self.folds:
            if isinstance(fold.checkpoint, Checkpoint):
                yield fold, fold.checkpoint


@dataclass(frozen=True)
class Package:
    """A packaged model: a zip, or the folder that one would be made of."""

    tree: Tree
    #: The file name of the zip, None for a folder.
    file_name: str | None
    #: The model repository's name where it is known.
    repository: str | None
    #: Names at the root of the tree, ``__MACOSX`` left out, as SCT's installer counts them.
    top: tuple[str, ...]
    #: The single root folder that SCT's installer strips, None where it strips none.
    wrapper: str | None
    #: Paths that match ``nnUNetTrainer*`` where SCT looks after unpacking, files and folders.
    found: tuple[str, ...]
    #: Every folder that looks like a trainer folder, wherever it is.
    trainers: tuple[TrainerFolder, ...]

    @property
    def root(self) -> str:
        """The folder of the tree that becomes SCT's installation folder."""
        return self.wrapper or ""

    @property
    def usable(self) -> tuple[TrainerFolder, ...]:
        """The trainer folders that lie where SCT looks."""
        return tuple(t for t in self.trainers if t.path.rpartition("/")[0] == self.root and t.path)


def build_package(tree: Tree, *, file_name: str | None, repository: str | None) -> Package:
    """Build the model of a package. Raises TreeError only where the storage can't be listed."""
    top = tuple(name for name in tree.folders[""] if name != "__MACOSX")
    wrapper = _wrapper(tree, top)
    root = wrapper or ""
    found = tuple(
        f"{root}/{name}" if root else name
        for name in tree.folders[root]
        if fnmatchcase(name, TRAINER_GLOB)
    )
    trainers = tuple(_trainer(tree, path) for path in _trainer_paths(tree))
    return Package(tree, file_name, repository, top, wrapper, found, trainers)


def parse_folder_name(name: str) -> FolderName | None:
    """Split ``TRAINER__PLANS__CONFIGURATION`` as nnU-Net does; None unless three parts result."""
    parts = name.split("__")
    return FolderName(*parts) if len(parts) == 3 and all(parts) else None


def fold_number(name: str) -> int | str | None:
    """Return the number that ``fold_<int>`` or ``fold_all`` means, None for any other name."""
    suffix = name.removeprefix("fold_")
    if suffix == "all":
        return "all"
    return int(suffix) if re.fullmatch(r"0|[1-9][0-9]{0,8}", suffix) else None


def _wrapper(tree: Tree, top: tuple[str, ...]) -> str | None:
    """Return what SCT's ``install_data`` strips: one root folder not named after a trainer."""
    if len(top) != 1 or top[0] not in tree.folders or "nnUNetTrainer" in top[0]:
        return None
    return top[0]


def _trainer_paths(tree: Tree) -> list[str]:
    """Find trainer folders by content, so that a wrong name or place can be explained."""
    by_file = {
        path.rpartition("/")[0]
        for path in tree.files
        if path.rpartition("/")[2] in {"plans.json", "dataset.json"}
    }
    by_fold = {
        path.rpartition("/")[0]
        for path in tree.folders
        if re.fullmatch(r"fold_(all|\d+)", path.rpartition("/")[2])
    }
    by_name = {path for path in tree.folders if path.rpartition("/")[2].count("__") == 2}
    found = {p for p in by_file | by_fold | by_name if "__MACOSX" not in p.split("/")}
    return sorted(path for path in found if not found.intersection(_above(path)))


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path: a dataset.json inside a trainer folder makes no second one.

    The root is left out, for a stray file there must not hide the trainer folder below it.
    """
    while path := path.rpartition("/")[0]:
        yield path


def _trainer(tree: Tree, path: str) -> TrainerFolder:
    prefix = f"{path}/" if path else ""

    def json_at(name: str) -> JsonFile | None:
        full = prefix + name
        return read_json(tree, full) if full in tree.files else None

    source, error = _source(tree, f"{prefix}trainer_class.py")
    names = (n for n in tree.folders[path] if fnmatchcase(n, FOLD_GLOB))
    name = path.rpartition("/")[2]
    return TrainerFolder(
        path=path,
        name=name,
        parts=parse_folder_name(name),
        dataset=json_at("dataset.json"),
        plans=json_at("plans.json"),
        fingerprint=json_at("dataset_fingerprint.json"),
        trainer_class=source,
        trainer_class_error=error,
        folds=tuple(_fold(tree, prefix + n) for n in names),
    )


def _source(tree: Tree, path: str) -> tuple[str | None, str | None]:
    if path not in tree.files:
        return None, None
    try:
        return read_bytes(tree, path, MAX_TEXT_BYTES).decode(), None
    except TreeError as error:
        return "", str(error)
    except UnicodeDecodeError as error:
        return "", f"not UTF-8 (byte {error.start})"


def _fold(tree: Tree, path: str) -> Fold:
    name = path.rpartition("/")[2]
    is_file = path in tree.files
    names = () if is_file else tree.folders[path]
    final = f"{path}/{FINAL_CHECKPOINT}"
    return Fold(
        path=path,
        name=name,
        is_file=is_file,
        number=None if is_file else fold_number(name),
        checkpoints=tuple(n for n in names if n.startswith("checkpoint") or n.endswith(".pth")),
        checkpoint=_checkpoint(tree, final) if final in tree.files else None,
    )


def _checkpoint(tree: Tree, path: str) -> Checkpoint | BadCheckpoint:
    entry = tree.files[path]
    try:
        opened = tree.open_raw if isinstance(tree, ZipTree) and entry.random_access else tree.open
        with opened(path) as stream:
            return read_checkpoint(stream, entry.size, random_access=entry.random_access)
    except TreeError as error:
        return BadCheckpoint("C002", str(error))
