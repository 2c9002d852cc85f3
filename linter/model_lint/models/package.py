"""The model of a package: what a zip or a folder holds, as SCT and nnU-Net would find it.

Building never raises. What can't be read is a value that says why; one rule reports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..checkpoint.reader import DAMAGED, BadCheckpoint, Checkpoint
from ..naming import Name, parse
from ..storage.depth import Depth
from ..storage.limits import MAX_FOLDS, MAX_SOURCE_BYTES, MAX_TRAINERS
from ..storage.tree import BlockedError, DamagedError, Tree, TreeError, read_bytes
from .json_file import JsonFile, JsonReader
from .reading import NORMAL, Place, Reading, read_checkpoints, wrong_bytes, wrong_checksums
from .text_file import TextFile, read_texts

#: What SCT globs for after unpacking (deepseg/nnunet.py).
TRAINER_GLOB = "nnUNetTrainer*"
#: What SCT globs for inside the trainer folder.
FOLD_GLOB = "fold_*"
FINAL_CHECKPOINT = "checkpoint_final.pth"
#: What SCT reads beside the trainer folder for models of cropped images.
CROP_METADATA = "crop_metadata.json"
#: Trainers of nnU-Net that don't build the network that the plans describe.
_BUILDERS = ("nnUNetTrainerBN", "nnUNet_Primus")
#: A zip is named after the repository and the release.
FILE_NAME = re.compile(r"(model_[^/]+?)[-_]r[0-9]{8}\.zip", re.ASCII)
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
    #: The final checkpoint: None where there is none, or where a rule about the archive says why
    #: it can't be read.
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
class Source:
    """A ``trainer_class.py``, readable or not."""

    path: str
    text: str
    #: One line: why it can't be read.
    error: str | None = None
    #: What kept the bytes from being read; None where they were.
    failure: TreeError | None = None

    @property
    def reported(self) -> bool:
        """Whether a rule about the archive says why it can't be read, so that none other need."""
        return isinstance(self.failure, (BlockedError, DamagedError))


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
    #: ``trainer_class.py``; None where there is none.
    trainer_class: Source | None
    folds: tuple[Fold, ...]
    #: Entries that match ``fold_*`` beyond those that are looked into.
    more_folds: int = 0

    def at(self, name: str) -> str:
        """Return the path in the tree of a file of this folder."""
        return f"{self.path}/{name}" if self.path else name

    @property
    def configuration(self) -> str | None:
        """The configuration that is loaded: nnU-Net takes the first checkpoint's.

        The folder's name says it where no checkpoint does.
        """
        for _, checkpoint in self.checkpoints:
            if checkpoint.configuration is not None:
                return checkpoint.configuration
        return self.parts.configuration if self.parts else None

    @property
    def channels(self) -> int | None:
        """The channels of an image as nnU-Net counts them: ``modality`` wins, a text has letters.

        None where ``dataset.json`` does not tell.
        """
        dataset = self.dataset.object if self.dataset else {}
        names = dataset.get("modality", dataset.get("channel_names"))
        return len(names) if isinstance(names, dict | list | str) else None

    @property
    def builds_network(self) -> bool:
        """Whether the trainer may build another network than the plans describe."""
        return self.brings_network or any(
            c.trainer_name is not None and c.trainer_name.startswith(_BUILDERS)
            for _, c in self.checkpoints
        )

    @property
    def brings_network(self) -> bool:
        """Whether ``trainer_class.py`` says how the network is built."""
        source = self.trainer_class
        return source is not None and "build_network_architecture" in source.text

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
    #: That name as it reads, or else what the zip's own name says of it.
    named: Name | None
    #: Names at the root of the tree, ``__MACOSX`` left out, as SCT's installer counts them.
    top: tuple[str, ...]
    #: The single root folder that SCT's installer strips, None where it strips none.
    wrapper: str | None
    #: Paths that match ``nnUNetTrainer*`` where SCT looks after unpacking, files and folders.
    found: tuple[str, ...]
    #: Every folder that looks like a trainer folder, wherever it is.
    trainers: tuple[TrainerFolder, ...]
    #: Every ``crop_metadata.json``, wherever it is.
    crops: tuple[JsonFile, ...] = ()
    #: What can be read as text, wherever it is: nnU-Net's records, JSON, sources.
    records: tuple[TextFile, ...] = ()
    #: How much of it was read.
    depth: Depth = Depth.END
    #: Of files that were read whole for that alone (``--deep``), those with a wrong checksum.
    wrong_checksums: tuple[Place, ...] = ()
    #: Whether this is a `dataset.json` of a data set, without the model that is trained on it.
    lone_dataset: bool = False
    #: A file by which a model of nnU-Net 1 is recognised; None for any other.
    version_1: str | None = None

    @property
    def root(self) -> str:
        """The folder of the tree that becomes SCT's installation folder."""
        return self.wrapper or ""

    @property
    def usable(self) -> tuple[TrainerFolder, ...]:
        """The trainer folders that lie where SCT looks."""
        return tuple(t for t in self.trainers if t.path.rpartition("/")[0] == self.root and t.path)

    @property
    def judged(self) -> tuple[TrainerFolder, ...]:
        """The trainer folders that a consumer loads, or else those that were meant."""
        return self.usable or self.trainers

    def wrong_bytes(self, fold: Fold) -> str | None:
        """Say which checksums of a fold's checkpoint are wrong, where it was read whole."""
        if not isinstance(fold.checkpoint, Checkpoint):
            return None
        entry = self.tree.files[fold.checkpoint_path]
        return wrong_bytes(fold.checkpoint, entry.crc)

    @property
    def damaged(self) -> tuple[tuple[str, str], ...]:
        """Files of a zip whose data does not unpack, with the reason."""
        files: list[JsonFile | Source | TextFile | None] = [*self.records, *self.crops]
        for t in self.trainers:
            files += [t.dataset, t.plans, t.fingerprint, t.trainer_class]
        failed = {f.path: f.failure for f in files if f}
        found = {p: str(f) for p, f in failed.items() if isinstance(f, DamagedError)}
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
    """Build the model of a package. Raises TreeError only where the storage can't be listed.

    Args:
        tree: the zip or the folder.
        file_name: the zip's name; None for a folder.
        repository: the name of the model repository where the user gives it.
        parse: reads such a name with the words of the configuration.
        reading: how much of it is read.
    """
    match = FILE_NAME.fullmatch(file_name or "")
    named = repository or (match[1] if match else None)
    top = tuple(name for name in tree.folders[""] if name != "__MACOSX")
    wrapper = _wrapper(tree, top)
    root = wrapper or ""
    found = tuple(
        f"{root}/{name}" if root else name
        for name in tree.folders[root]
        if fnmatchcase(name, TRAINER_GLOB)
    )
    version_1 = _version_1(tree)
    # Those that SCT finds come first, so that others can't keep them from being looked into.
    places = sorted(_trainer_paths(tree), key=lambda path: path not in found)
    places = [] if version_1 else places[:MAX_TRAINERS]
    finals = [path for place in places for path in _final_checkpoints(tree, place)]
    checkpoints = read_checkpoints(tree, finals, reading)
    reader = JsonReader(tree)
    trainers = tuple(_trainer(tree, path, reader, checkpoints) for path in places)
    crops = [path for path in tree.files if path.rpartition("/")[2] == CROP_METADATA]
    metadata = tuple(filter(None, map(reader.read, crops[:MAX_TRAINERS])))
    whole = reading.depth is Depth.ALL
    records = read_texts(tree, _known_texts(trainers, metadata), whole=whole)
    others = [
        path
        for path, entry in tree.files.items()
        if whole and entry.crc is not None and not isinstance(checkpoints.get(path), Checkpoint)
    ]
    return Package(
        tree,
        file_name,
        repository,
        parse(named) if named else None,
        top,
        wrapper,
        found,
        trainers,
        metadata,
        records,
        reading.depth,
        wrong_checksums(tree, others, reading),
        version_1=version_1,
    )


def is_version_1(name: str) -> bool:
    """Return whether a file of this name is one of nnU-Net 1's."""
    return name == "plans.pkl" or fnmatchcase(name, "model_*.model")


def _version_1(tree: Tree) -> str | None:
    """Return a file of nnU-Net 1, unless there is one of nnU-Net 2 as well."""
    names = {path: path.rpartition("/")[2] for path in tree.files}
    if any(name == "plans.json" or name.endswith(".pth") for name in names.values()):
        return None
    return next((path for path, name in names.items() if is_version_1(name)), None)


def _known_texts(trainers: Iterable[TrainerFolder], crops: Iterable[JsonFile]) -> dict[str, str]:
    files = [(t.dataset, t.plans, t.fingerprint, t.trainer_class) for t in trainers]
    return {file.path: file.text for some in (*files, crops) for file in some if file}


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
    """Find trainer folders by content, so that a wrong name or place can be explained.

    Plans or folds are strong evidence. A ``dataset.json`` or a name of three parts is weak: it
    counts only where no folder with strong evidence lies around, above or below it.
    """
    strong: set[str] = set()
    weak: set[str] = set()
    for path in tree.files:
        folder, _, name = path.rpartition("/")
        if name == "plans.json":
            strong.add(folder)
        elif name == "dataset.json":
            weak.add(folder)
    for path in tree.folders:
        parent, _, name = path.rpartition("/")
        if re.fullmatch(r"fold_(all|[0-9]+)", name):
            strong.add(parent)
        elif name.count("__") == 2 or fnmatchcase(name, TRAINER_GLOB):
            weak.add(path)
    strong = _outermost(_without_junk(strong))
    around = strong.union(*map(_above, strong))
    alone = {p for p in _without_junk(weak) - around if strong.isdisjoint(_above(p))}
    return sorted(strong | _outermost(alone))


def _without_junk(paths: set[str]) -> set[str]:
    """Leave out what lies in a ``__MACOSX``, which SCT's installer copies from nowhere."""
    return {path for path in paths if "__MACOSX" not in path.split("/")}


def _outermost(paths: set[str]) -> set[str]:
    """Leave out what lies inside another: ``crossval_results*`` hold copies of ``plans.json``.

    The root holds nothing, for a stray file there must not hide the trainer folder below it.
    """
    return {path for path in paths if paths.isdisjoint(_above(path))}


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, without the root."""
    while path := path.rpartition("/")[0]:
        yield path


def _fold_names(tree: Tree, trainer: str) -> list[str]:
    return [name for name in tree.folders[trainer] if fnmatchcase(name, FOLD_GLOB)]


def _final_checkpoints(tree: Tree, trainer: str) -> Iterator[str]:
    """Yield the paths of the final checkpoints of the folds that are looked into."""
    prefix = f"{trainer}/" if trainer else ""
    for name in _fold_names(tree, trainer)[:MAX_FOLDS]:
        path = f"{prefix}{name}/{FINAL_CHECKPOINT}"
        if path in tree.files:
            yield path


def _trainer(
    tree: Tree,
    path: str,
    reader: JsonReader,
    checkpoints: Mapping[str, Checkpoint | BadCheckpoint | None],
) -> TrainerFolder:
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
        trainer_class=_source(tree, f"{prefix}trainer_class.py"),
        folds=tuple(_fold(tree, prefix + n, checkpoints) for n in names[:MAX_FOLDS]),
        more_folds=max(0, len(names) - MAX_FOLDS),
    )


def _source(tree: Tree, path: str) -> Source | None:
    if path not in tree.files:
        return None
    try:
        return Source(path, _decoded(read_bytes(tree, path, MAX_SOURCE_BYTES)))
    except TreeError as error:
        return Source(path, "", str(error), error)
    except ValueError as error:
        return Source(path, "", str(error))


def _decoded(data: bytes) -> str:
    """Decode Python source as Python does. Raises ValueError with the reason."""
    if data.isascii() and b"coding" not in data[:200]:
        return data.decode()
    from ..nnunet.trainer_source import decode  # noqa: PLC0415 - rarely needed

    return decode(data)


def _fold(
    tree: Tree, path: str, checkpoints: Mapping[str, Checkpoint | BadCheckpoint | None]
) -> Fold:
    name = path.rpartition("/")[2]
    is_file = path in tree.files
    names = () if is_file else tree.folders[path]
    return Fold(
        path=path,
        name=name,
        is_file=is_file,
        number=None if is_file else fold_number(name),
        checkpoints=tuple(n for n in names if n.startswith("checkpoint") or n.endswith(".pth")),
        checkpoint=checkpoints.get(f"{path}/{FINAL_CHECKPOINT}"),
    )
