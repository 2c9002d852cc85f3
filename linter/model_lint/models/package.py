"""The model of a package: the contents of a zip or a folder, as SCT and nnU-Net would find them.

Building never raises. An unreadable part is a value with the reason; one rule reports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from ..checkpoint.model import DAMAGED, BadCheckpoint, Checkpoint
from ..naming import Name, parse
from ..storage.depth import Depth
from ..storage.limits import MAX_TRAINERS
from ..storage.tree import Tree, files_named
from .json_file import JsonFile, JsonReader
from .misplaced import find_misplaced
from .paths import (
    CROP_METADATA,
    TRAINER_GLOB,
    is_checkpoint,
    is_image,
    is_junk,
    is_version_1,
)
from .reading import NORMAL, Place, Reading, read_checkpoints, wrong_bytes, wrong_checksums
from .text_file import TextFile, read_texts
from .trainer_folder import (
    Fold,
    TrainerClass,
    TrainerFolder,
    build_trainer_folder,
    checkpoints_named,
    find_trainer_folders,
)

#: A zip is named after the repository and the release.
FILE_NAME = re.compile(
    r"(model_[^/]+?)[-_]r[0-9]{8}(?:[-_]fold_?(?:[0-9]{1,9}|all))?\.zip", re.ASCII
)


class _Contents(NamedTuple):
    tree: Tree
    #: The file name of the zip, None for a folder.
    file_name: str | None
    #: The model repository's name if the user gave it.
    repository: str | None
    #: That name parsed, or else the repository's name as the file name of the zip states it.
    named: Name | None
    #: Names at the top of the tree, without ``__MACOSX``, as SCT's installer counts them.
    top: tuple[str, ...]
    #: The single folder at the top that SCT's installer strips; "" if it strips none. It is
    #: the folder of the tree that becomes SCT's installation folder.
    wrapper: str
    #: What SCT finds there: the paths that match ``nnUNetTrainer*``, files and folders.
    found: tuple[str, ...]
    #: Every folder that looks like a trainer folder, at any place. Rules about danger, damage,
    #: leaks, plans and checkpoints look at all of them.
    trainers: tuple[TrainerFolder, ...]
    #: Every ``crop_metadata.json``, at any place.
    crops: tuple[JsonFile, ...] = ()
    #: Every file that can be read as text, at any place: nnU-Net's logs, JSON, sources.
    texts: tuple[TextFile, ...] = ()
    #: How much of it was read.
    depth: Depth = Depth.END
    #: Files with a wrong checksum, among those that only ``--deep`` reads whole.
    wrong_checksums: tuple[Place, ...] = ()
    #: Whether this is only the `dataset.json` of a data set, without a model.
    lone_dataset: bool = False
    #: A file that shows that this is a model of nnU-Net 1; None for any other.
    version_1: str | None = None
    #: Whether it is attached to a release, whose rules judge its name.
    is_released: bool = False
    #: The trainer folders of the other zips of the release that SCT unpacks into the same folder.
    joined: tuple[TrainerFolder, ...] = ()


class Package(_Contents):
    """A packaged model: a zip, or the folder from which one would be made."""

    @property
    def judged(self) -> tuple[TrainerFolder, ...]:
        """The trainer folders that a consumer loads; all of them if it would load none.

        Rules about what must and must not be in a trainer folder look at these.
        """
        loaded = tuple(t for t in self.trainers if t.path and t.parent == self.wrapper)
        return loaded or self.trainers

    @cached_property
    def junk(self) -> tuple[str, ...]:
        """The files that an operating system left behind."""
        return tuple(filter(is_junk, self.tree.files))

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The files with the suffix of an image or an array."""
        return tuple(filter(is_image, self.tree.files))

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """The files with the suffix of a checkpoint."""
        return tuple(filter(is_checkpoint, self.tree.files))

    @cached_property
    def misplaced(self) -> dict[str, str]:
        """The missing files of the judged trainer folders, each with the path where it is now."""
        return find_misplaced(self.tree, self.judged, {t.path: t.text for t in self.texts})

    def wrong_bytes(self, fold: Fold) -> str | None:
        """Return which checksums of a fold's checkpoint are wrong, if it was read whole."""
        if not isinstance(fold.checkpoint, Checkpoint):
            return None
        entry = self.tree.files[fold.checkpoint_path]
        return wrong_bytes(fold.checkpoint, entry.crc)

    @property
    def damaged(self) -> tuple[tuple[str, str], ...]:
        """Files of a zip whose data does not unpack, with the reason."""
        files: list[JsonFile | TrainerClass | TextFile | None] = [*self.texts, *self.crops]
        for t in self.trainers:
            files += [t.dataset, t.plans, t.fingerprint, t.trainer_class]
        failed = {f.path: f.unreadable for f in files if f}
        found = {path: why.reason for path, why in failed.items() if why and why.damaged}
        for fold in (fold for t in self.trainers for fold in t.folds):
            if isinstance(fold.checkpoint, BadCheckpoint) and fold.checkpoint.code == DAMAGED:
                found[fold.checkpoint_path] = fold.checkpoint.reason
        return tuple(found.items())


def build_package(
    tree: Tree,
    *,
    file_name: str | None,
    repository: str | None,
    parse: Callable[[str], Name] = parse,
    reading: Reading = NORMAL,
) -> Package:
    """Build the model of a package. Raises TreeError only if the storage can't be listed.

    Args:
        tree: the zip or the folder.
        file_name: the zip's name; None for a folder.
        repository: the name of the model repository if the user gives it.
        parse: parses that name with the words of the configuration.
        reading: how much of it is read.
    """
    top = tuple(name for name in tree.folders[""] if name != "__MACOSX")
    wrapper = _wrapper(tree, top)
    found = _found_by_sct(tree, wrapper)
    version_1 = _version_1(tree)
    # Those that SCT finds come first, so that others can't use up the limit.
    places = sorted(find_trainer_folders(tree), key=lambda path: path not in found)
    places = [] if version_1 else places[:MAX_TRAINERS]
    file = reading.checkpoint
    paths = [path for place in places for path in checkpoints_named(tree, place, file)]
    checkpoints = read_checkpoints(tree, paths, reading)
    reader = JsonReader(tree)
    trainers = tuple(build_trainer_folder(tree, path, reader, checkpoints, file) for path in places)
    crops = files_named(tree, CROP_METADATA)
    metadata = tuple(filter(None, map(reader.read, crops[:MAX_TRAINERS])))
    whole = reading.depth is Depth.ALL
    return Package(
        tree,
        file_name,
        repository,
        _name(file_name, repository, parse),
        top,
        wrapper,
        found,
        trainers,
        metadata,
        read_texts(tree, _known_texts(trainers, metadata), whole=whole),
        reading.depth,
        wrong_checksums(tree, _unread(tree, checkpoints) if whole else [], reading),
        version_1=version_1,
    )


def _name(
    file_name: str | None, repository: str | None, parse: Callable[[str], Name]
) -> Name | None:
    """Return the name of the model repository, if it is given or in that of the zip."""
    match = FILE_NAME.fullmatch(file_name or "")
    named = repository or (match[1] if match else None)
    return parse(named) if named else None


def _found_by_sct(tree: Tree, wrapper: str) -> tuple[str, ...]:
    """Return the paths of what SCT takes for a trainer folder after unpacking."""
    return tuple(
        f"{wrapper}/{name}" if wrapper else name
        for name in tree.folders[wrapper]
        if fnmatchcase(name, TRAINER_GLOB)
    )


def _unread(tree: Tree, checkpoints: Mapping[str, Checkpoint | BadCheckpoint | None]) -> list[str]:
    """Return the files with a checksum that reading the checkpoints did not compare."""
    return [
        path
        for path, entry in tree.files.items()
        if entry.crc is not None and not isinstance(checkpoints.get(path), Checkpoint)
    ]


def _version_1(tree: Tree) -> str | None:
    """Return a file of nnU-Net 1; None if there is none, or one of nnU-Net 2 as well."""
    if files_named(tree, "plans.json") or any(path.endswith(".pth") for path in tree.files):
        return None
    return next((path for path in tree.files if is_version_1(path.rpartition("/")[2])), None)


def _known_texts(trainers: Iterable[TrainerFolder], crops: Iterable[JsonFile]) -> dict[str, str]:
    files = [(t.dataset, t.plans, t.fingerprint, t.trainer_class) for t in trainers]
    return {file.path: file.text for some in (*files, crops) for file in some if file}


def _wrapper(tree: Tree, top: tuple[str, ...]) -> str:
    """Return the folder that SCT's ``install_data`` strips: a single one not named as a trainer."""
    if len(top) != 1 or top[0] not in tree.folders or "nnUNetTrainer" in top[0]:
        return ""
    return top[0]
