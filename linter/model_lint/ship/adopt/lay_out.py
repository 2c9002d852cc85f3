"""Lay out the model of old packages as nnU-Net's results folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ...models.paths import CROP_METADATA, DATASET_FOLDER, FINAL_CHECKPOINT
from ...storage.tree import Tree
from ...storage.zip import ZipTree
from ...wording import listing, quote
from ..contents import Copied
from ..new_package import sha256
from .pick import Picked
from .sources import Source

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Where a file of the results folder comes from."""

    source: Source
    path: str
    #: Of its content.
    digest: str


@dataclass(frozen=True)
class LaidOut:
    """A results folder, with the origin of each file."""

    #: The trainer folder.
    folder: Path
    #: By path in the trainer folder; CROP_METADATA, though it is next to it, by its name.
    origins: Mapping[str, Origin]
    #: The name of the ``DatasetNNN_NAME`` that was around it; "" if there was none.
    dataset: str


def lay_out(picked: Mapping[Source, Picked], root: Path) -> LaidOut:
    """Copy the files of a model to a new folder. Raises UsageError.

    Args:
        picked: the packages, each with the files that are taken from it: one, or one for each fold.
        root: an empty folder.
    """
    trainers = {one.trainer.name for one in picked.values()}
    if len(trainers) > 1:
        raise UsageError(f"they are not folds of one model: {listing(sorted(trainers))}")
    first = next(iter(picked.values())).trainer
    around = first.parent.rpartition("/")[2]
    dataset = around if DATASET_FOLDER.fullmatch(around) else ""
    folder = root / (dataset or "model") / (first.name if first.parts else "model")
    origins: dict[str, Origin] = {}
    for source, one in picked.items():
        crop = {CROP_METADATA: one.crop} if one.crop else {}
        for place, path in {**one.files, **crop}.items():
            target = (folder.parent if place == CROP_METADATA else folder) / place
            if place in origins:
                _compare(place, source, path, origins[place])
                _require_no_fold(place, source, origins[place])
                continue
            origins[place] = Origin(source, path, _copy(source.tree, path, target))
    return LaidOut(folder, origins, dataset)


def _compare(place: str, source: Source, path: str, known: Origin) -> None:
    """Raise UsageError if two packages differ in a file that both have."""
    with source.tree.open(path) as stream:
        digest = sha256(iter(lambda: stream.read(_BLOCK), b""))
    if digest != known.digest:
        raise UsageError(
            f"{quote(place)} of {source.shown} is not that of {known.source.shown}: they are not "
            "different folds of one model"
        )


def _require_no_fold(place: str, source: Source, known: Origin) -> None:
    """Raise UsageError if two packages have the same fold: perhaps one was meant to be another."""
    fold, _, name = place.partition("/")
    if name == FINAL_CHECKPOINT:
        raise UsageError(
            f"{fold} is in {known.source.shown} and in {source.shown}: name a zip for each fold, "
            "each once"
        )


def _copy(tree: Tree, path: str, target: Path) -> str:
    """Copy a file out of a package, and return its SHA-256. Raises TreeError and UsageError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        if isinstance(tree, ZipTree):
            Copied(tree, tree.files[path]).copy_to(file, lambda _done, _total: None)
        else:
            with tree.open(path) as stream:
                while data := stream.read(_BLOCK):
                    file.write(data)
    with target.open("rb") as file:
        return sha256(iter(lambda: file.read(_BLOCK), b""))
