"""Repair what is safe and unambiguous in a package zip, in a new zip.

What is left out is what no package may hold; what is moved keeps its content; and of what nnU-Net
recorded only paths, names and passwords are replaced. ``dataset.json``, ``plans.json``, checkpoints
and ``trainer_class.py`` are never touched: only the author knows what belongs there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from ..checkpoint.reader import Checkpoint
from ..errors import UsageError
from ..findings import Severity
from ..lint import Options, lint
from ..models.archive import Archive
from ..models.package import Package
from ..models.paths import (
    DATASET_FOLDER,
    FINAL_CHECKPOINT,
    TRAINER_GLOB,
    is_checkpoint,
    is_image,
    junk_entry,
    validation_entry,
)
from ..models.target import Target
from ..models.trainer_folder import TrainerFolder
from ..privacy import scrub_all
from ..rules import all_rules
from ..storage.limits import MAX_TEXT_BYTES
from ..storage.ranges import of_file
from ..storage.tree import TreeError, read_bytes
from ..storage.zip import ZipTree, open_zip
from ..storage.zip_member import READABLE_METHODS, Member
from ..storage.zip_writer import ZipWriter
from ..wording import printable, quote

#: What is not the whole of a zip's content but must never be left out.
_NEEDED = ("dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py")
#: What stands in a record where something was taken out, and the rule that wants it out.
_MARKS = {"V001": "<path>", "V002": "<host>", "V003": "<subject-", "V004": "<secret>"}


@dataclass(frozen=True)
class Action:
    """One repair."""

    #: The rules that ask for it.
    codes: tuple[str, ...]
    #: The entry in the source, with ``/`` at the end of a folder; "" is the zip as a whole.
    path: str
    #: drop: left out. scrub: private things replaced. move: put elsewhere. rewrite: written anew.
    kind: str
    #: Of a move, the new place.
    target: str = ""
    #: Of a scrub, the text before and after.
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Kept:
    """An entry of the new zip."""

    #: Its path there; of a folder with ``/`` at the end.
    path: str
    #: The entry of the source that it is a copy of; None for an empty folder.
    member: Member | None
    #: What it holds instead of the source's bytes.
    data: bytes | None = None


@dataclass(frozen=True)
class Plan:
    """What is repaired, and what the new zip will hold, in order."""

    actions: tuple[Action, ...]
    contents: tuple[Kept, ...]


def refuse(target: Target) -> None:
    """Raise UsageError where a zip is not one to repair, whatever rules the user chose."""
    rules = tuple(rule for rule in all_rules() if rule.blocks_repair)
    for finding in lint(target, Options(rules)).findings:
        if finding.severity is Severity.ERROR:
            raise UsageError(f"not repaired: {finding.message} ({finding.code})")


@contextmanager
def opened(source: Path) -> Iterator[ZipTree]:
    """Open a zip for `plan` and `write`. Raises UsageError."""
    try:
        with source.open("rb", buffering=0) as raw:
            yield open_zip(of_file(raw))
    except TreeError as error:
        raise UsageError(f"not repaired: {error}") from error
    except OSError as error:
        raise UsageError(f"not repaired: {error.strerror or error}") from error


# --------------------------------------------------------------------------------------- plan


def plan(package: Package, archive: Archive, tree: ZipTree, codes: Collection[str]) -> Plan:
    """Decide what to repair; reads only the records and entries that are there twice.

    Args:
        package: the model of the zip.
        archive: the model of the zip as a container.
        tree: the same zip, open.
        codes: the rules whose findings are to be repaired.

    Raises:
        UsageError: where an entry can't be read, or two of one name differ.
    """
    members = tree.members
    drops = _drops(package, members, codes)
    left = [m for m in members if _drop(m.path, drops) is None]
    repeated, files = _files(tree, [m for m in left if not m.is_dir])
    folders = _empty_folders(package, files, drops, left)
    trainers = [t for t in package.trainers if _drop(t.path, drops) is None]
    move = _move(trainers, [*files, *folders], codes)
    scrubs = _scrubs(package, tree, files, codes)
    rewrites = [*_recompressed(tree, files), *_headers(archive)]
    actions = (
        *(Action((code,), _shown(path, tree), "drop") for path, code in drops.items()),
        *repeated,
        *([move] if move else []),
        *scrubs,
        *(action for action in rewrites if set(action.codes) & set(codes)),
    )
    if repeated and "Z007" not in codes:
        raise UsageError(
            "not repaired: two entries have one name, and Z007 is not among the chosen rules"
        )
    above = len(move.path) - len(move.target) if move else 0
    texts = {action.path: action.after.encode("utf-8", "surrogateescape") for action in scrubs}
    contents = [Kept(p[above:], m, texts.get(p)) for p, m in files.items()]
    contents += [Kept(f"{p[above:]}/", None) for p in folders]
    return Plan(actions, tuple(contents))


def _drops(package: Package, members: tuple[Member, ...], codes: Collection[str]) -> dict[str, str]:
    """Return what is left out, each file or folder with the rule that forbids it."""
    needed = {
        path
        for trainer in package.trainers
        if trainer.folds
        for path in (
            *(trainer.at(name) for name in _NEEDED),
            *(fold.checkpoint_path for fold in trainer.folds),
        )
        if path in package.tree.files
    }
    extra = _extra_checkpoints(package)
    has_model = any(path.endswith(f"/{FINAL_CHECKPOINT}") for path in needed)
    found: dict[str, str] = {}
    for member in members:
        drop = _forbidden(member, extra, has_model=has_model)
        if drop and drop[1] in codes:
            found.setdefault(*drop)
    return {
        entry: code
        for entry, code in found.items()
        if not any(path == entry or path.startswith(f"{entry}/") for path in needed)
    }


def _forbidden(member: Member, extra: frozenset[str], *, has_model: bool) -> tuple[str, str] | None:
    """Return the outermost entry on a path that no package may hold, and the rule's code."""
    path = member.path
    junk = junk_entry(path)
    if junk:
        return junk, "Z008"
    # What holds no model is not a package: a data set is all images.
    folder = validation_entry(path) if has_model else None
    if folder:
        return folder, "L014"
    if member.is_dir or not has_model:
        return None
    if is_image(path):
        return path, "L013"
    return (path, "L012") if path in extra else None


def _extra_checkpoints(package: Package) -> frozenset[str]:
    """Return the checkpoints beside a final one that can be read, so that none is missed."""
    return frozenset(
        f"{fold.path}/{name}"
        for trainer in package.judged
        for fold in trainer.folds
        if fold.number is not None and isinstance(fold.checkpoint, Checkpoint)
        for name in package.tree.folders[fold.path]
        if name != FINAL_CHECKPOINT and is_checkpoint(name)
    )


def _drop(path: str, drops: Mapping[str, str]) -> str | None:
    """Return what is left out and is, or holds, this path."""
    while path:
        if path in drops:
            return path
        path = path.rpartition("/")[0]
    return None


def _files(tree: ZipTree, members: list[Member]) -> tuple[list[Action], dict[str, Member]]:
    """Return the files by path, and what is left out because it is there twice."""
    by_path: dict[str, list[Member]] = {}
    for member in members:
        by_path.setdefault(member.path, []).append(member)
    actions: list[Action] = []
    for path, same in by_path.items():
        if len(same) == 1:
            continue
        if len({_digest(tree, m) for m in same}) > 1:
            raise UsageError(
                f"not repaired: {quote(path)} is in the zip more than once, with different content "
                "(Z007); zip the folder again"
            )
        actions += [Action(("Z007",), path, "drop")] * (len(same) - 1)
    return actions, {path: same[-1] for path, same in by_path.items()}


def _empty_folders(
    package: Package, files: Mapping[str, Member], drops: Mapping[str, str], left: list[Member]
) -> list[str]:
    """Return the folders that need an entry, since no file shows them.

    A fold of which nothing is left stays as an empty one: without it an unfinished model would look
    complete.
    """
    holding = {above for path in files for above in _above(path)}
    empty = {m.path for m in left if m.is_dir and not package.tree.folders[m.path]}
    folds = {fold.path for trainer in package.trainers for fold in trainer.folds}
    emptied = {f for f in folds if f not in files and _drop(f, drops) is None}
    return sorted((empty | emptied) - holding)


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _move(trainers: list[TrainerFolder], paths: list[str], codes: Collection[str]) -> Action | None:
    """Return the move that puts the trainer folder where SCT looks; None where that isn't clear."""
    homes = {trainer.path.rpartition("/")[0] for trainer in trainers}
    if len(homes) != 1 or "" in homes:
        return None
    if any(t.parts is None or not fnmatchcase(t.name, TRAINER_GLOB) for t in trainers):
        return None
    (home,) = homes
    above, _, last = home.rpartition("/")
    stays = DATASET_FOLDER.fullmatch(last) is not None and "nnUNetTrainer" not in last
    prefix = above if stays else home
    if not prefix or not all(path.startswith(f"{prefix}/") for path in paths):
        return None
    code = "L004" if "/" in home else "L005"
    if "nnUNetTrainer" in home.partition("/")[0]:
        code = "L006"
    path = trainers[0].path
    return Action((code,), path, "move", path[len(prefix) + 1 :]) if code in codes else None


def _scrubs(
    package: Package, tree: ZipTree, files: Mapping[str, Member], codes: Collection[str]
) -> list[Action]:
    """Return what nnU-Net recorded and should not be public, as `pack` takes it out."""
    if not set(_MARKS) & set(codes):
        return []
    texts: dict[str, str] = {}
    left = MAX_TEXT_BYTES
    for record in package.records:
        if record.is_record and record.path in files and files[record.path].size <= left:
            try:
                data = read_bytes(tree, record.path, left)
            except TreeError:
                continue  # a rule of the archive family says so
            left -= len(data)
            # Whatever bytes are in a log, they come through unchanged.
            texts[record.path] = data.decode("utf-8", "surrogateescape")
    actions = [
        Action(_taken_out(texts[path], after), path, "scrub", before=texts[path], after=after)
        for path, after in scrub_all(texts).items()
        if after != texts[path]
    ]
    return [action for action in actions if set(action.codes) & set(codes)]


def _taken_out(before: str, after: str) -> tuple[str, ...]:
    return tuple(c for c, mark in _MARKS.items() if after.count(mark) > before.count(mark))


def _recompressed(tree: ZipTree, files: Mapping[str, Member]) -> Iterator[Action]:
    """Yield what is compressed as not every ``zipfile`` can read it, but this Python's can."""
    for path, member in files.items():
        if member.method in READABLE_METHODS and not member.patched:
            continue
        try:
            tree.open_member(member, any_method=True).close()
        except TreeError as error:
            raise UsageError(
                f"not repaired: {quote(path)} can't be unpacked by this Python (Z006): {error}"
            ) from error
        yield Action(("Z006",), path, "rewrite")


def _headers(archive: Archive) -> Iterator[Action]:
    for path in dict.fromkeys(path for path, _ in archive.headers.differing):
        yield Action(("Z011",), path, "rewrite")


def _shown(path: str, tree: ZipTree) -> str:
    return f"{path}/" if path in tree.folders else path


# -------------------------------------------------------------------------------------- write


def write(planned: Plan, tree: ZipTree, stream: IO[bytes]) -> dict[str, str]:
    """Write the new zip to a seekable stream; return the SHA-256 of what each entry has to hold.

    Raises:
        UsageError: where an entry of the source does not unpack.
        OSError: where the stream can't be written to.
    """
    package = ZipWriter(stream)
    digests: dict[str, str] = {}
    for kept in planned.contents:
        digest = hashlib.sha256()
        limit = kept.member.size if kept.member else 0
        with package.member(kept.path, numbers=is_checkpoint(kept.path), size_limit=limit) as out:
            for block in _blocks(tree, kept):
                digest.update(block)
                out.write(block)
        digests[kept.path] = digest.hexdigest()
    package.finish()
    return digests


def verify(path: Path, digests: Mapping[str, str]) -> None:
    """Read a finished zip and compare each entry with what it has to hold. Raises UsageError."""
    with path.open("rb", buffering=0) as raw:
        tree = open_zip(of_file(raw))
        found = [(member.raw_name, _digest(tree, member)) for member in tree.members]
    if found != list(digests.items()):
        raise UsageError("the new zip does not hold what it should: is the disk in order?")


def _blocks(tree: ZipTree, kept: Kept) -> Iterator[bytes]:
    if kept.data is not None:
        yield kept.data
    elif kept.member is not None:
        yield from _read(tree, kept.member)


def _digest(tree: ZipTree, member: Member) -> str:
    digest = hashlib.sha256()
    for block in _read(tree, member):
        digest.update(block)
    return digest.hexdigest()


def _read(tree: ZipTree, member: Member) -> Iterator[bytes]:
    """Yield the content of an entry."""
    try:
        yield from tree.blocks(member)
    except TreeError as error:
        name = printable(member.raw_name)
        raise UsageError(f"not repaired: {name} does not unpack: {error}") from error
