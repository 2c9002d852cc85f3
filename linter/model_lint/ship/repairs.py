"""What is repaired in a package zip: what is safe and unambiguous.

What is left out is what no package may hold; what is moved keeps its content; and of what nnU-Net
recorded only paths, names and passwords are replaced. ``dataset.json``, ``plans.json``, checkpoints
and ``trainer_class.py`` are never touched: only the author knows what belongs there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from ..errors import UsageError
from ..models.archive import Archive
from ..models.package import Package
from ..models.paths import DATASET_FOLDER, TRAINER_GLOB
from ..models.trainer_folder import TrainerFolder
from ..privacy import scrub_all
from ..rules.privacy import LEAKS
from ..storage.limits import MAX_TEXT_BYTES
from ..storage.tree import TreeError, read_bytes
from ..storage.zip import ZipTree
from ..storage.zip_member import READABLE_METHODS, Member
from ..wording import quote
from .contents import Content, Contents, Copied, Given
from .log_text import decoded, encoded
from .repair_drops import dropped, empty_folders, files_once, find_drops


@dataclass(frozen=True)
class Action:
    """One repair."""

    #: The rules that ask for it.
    codes: tuple[str, ...]
    #: The entry in the source, with ``/`` at the end of a folder; "" is the zip as a whole.
    path: str
    #: Left out; private things replaced; put elsewhere; written anew.
    kind: Literal["drop", "scrub", "move", "rewrite"]
    #: Of a move, the new place.
    target: str = ""
    #: Of a scrub, the text before and after.
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Repairs:
    """What is repaired, and what the new zip will hold."""

    actions: tuple[Action, ...]
    contents: Contents


def find_repairs(package: Package, archive: Archive, tree: ZipTree, codes: set[str]) -> Repairs:
    """Decide what to repair; reads only the logs and entries that are there twice.

    Args:
        package: the model of the zip.
        archive: the model of the zip as a container.
        tree: the same zip, open.
        codes: the rules whose findings are to be repaired.

    Raises:
        UsageError: where an entry can't be read, or two of one name differ.
        TreeError: where the zip can't be read.
    """
    drops = find_drops(package, tree.members, codes)
    left = [m for m in tree.members if dropped(m.path, drops) is None]
    files, repeated = files_once(tree, (m for m in left if not m.is_dir))
    if repeated and "Z007" not in codes:
        raise UsageError("two entries have one name, and Z007 is not among the chosen rules")
    folders = empty_folders(package, files, drops, left)
    trainers = [t for t in package.trainers if dropped(t.path, drops) is None]
    moves = list(_moves(trainers, [*files, *folders]))
    scrubs = list(_scrubs(package, tree, files)) if codes & LEAKS.keys() else []
    actions = (
        *(Action((code,), _shown(path, tree), "drop") for path, code in drops.items()),
        *(Action(("Z007",), path, "drop") for path in repeated),
        *moves,
        *scrubs,
        *_recompressed(tree, files),
        *_headers(archive),
    )
    chosen = tuple(action for action in actions if codes & set(action.codes))
    return Repairs(chosen, _contents(tree, files, folders, chosen))


def _contents(
    tree: ZipTree, files: Mapping[str, Member], folders: Iterable[str], actions: Iterable[Action]
) -> Contents:
    moved = next((action for action in actions if action.kind == "move"), None)
    above = len(moved.path) - len(moved.target) if moved else 0
    texts = {a.path: Given(encoded(a.after)) for a in actions if a.kind == "scrub"}
    return (
        *(Content(p[above:], texts.get(p) or Copied(tree, m)) for p, m in files.items()),
        *(Content(f"{path[above:]}/", Given()) for path in folders),
    )


def _moves(trainers: list[TrainerFolder], paths: list[str]) -> Iterator[Action]:
    """Yield the move that puts the trainer folder where SCT looks; none where that isn't clear."""
    homes = {trainer.path.rpartition("/")[0] for trainer in trainers}
    if len(homes) != 1 or "" in homes:
        return
    if any(t.parts is None or not fnmatchcase(t.name, TRAINER_GLOB) for t in trainers):
        return
    (home,) = homes
    above, _, last = home.rpartition("/")
    stays = DATASET_FOLDER.fullmatch(last) is not None and "nnUNetTrainer" not in last
    prefix = above if stays else home
    if not prefix or not all(path.startswith(f"{prefix}/") for path in paths):
        return
    code = "L004" if "/" in home else "L005"
    if "nnUNetTrainer" in home.partition("/")[0]:
        code = "L006"
    path = trainers[0].path
    yield Action((code,), path, "move", path[len(prefix) + 1 :])


def _scrubs(package: Package, tree: ZipTree, files: Mapping[str, Member]) -> Iterator[Action]:
    """Yield what nnU-Net recorded and should not be public, as `pack` takes it out."""
    texts = dict(_logs(package, tree, files))
    for path, after in scrub_all(texts).items():
        if after != texts[path]:
            codes = _taken_out(texts[path], after)
            yield Action(codes, path, "scrub", before=texts[path], after=after)


def _logs(
    package: Package, tree: ZipTree, files: Mapping[str, Member]
) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each log, as far as there is room for all of them."""
    left = MAX_TEXT_BYTES
    for record in package.records:
        if not record.is_record or record.path not in files or files[record.path].size > left:
            continue
        try:
            data = read_bytes(tree, record.path, left)
        except TreeError:
            continue  # a rule of the archive family reports it
        left -= len(data)
        yield record.path, decoded(data)


def _taken_out(before: str, after: str) -> tuple[str, ...]:
    """Return the rules that ask for what was replaced by ``<path>``, ``<subject-1>``, ..."""
    marks = {code: f"<{kind}" for code, kind in LEAKS.items()}
    return tuple(code for code, mark in marks.items() if after.count(mark) > before.count(mark))


def _recompressed(tree: ZipTree, files: Mapping[str, Member]) -> Iterator[Action]:
    """Yield what is compressed as not every ``zipfile`` can read it, but this Python's can."""
    for path, member in files.items():
        if member.method in READABLE_METHODS and not member.patched:
            continue
        try:
            tree.open_member(member, any_method=True).close()
        except TreeError as error:
            raise UsageError(
                f"{quote(path)} can't be unpacked by this Python (Z006): {error}"
            ) from error
        yield Action(("Z006",), path, "rewrite")


def _headers(archive: Archive) -> Iterator[Action]:
    for path in dict.fromkeys(path for path, _ in archive.headers.differing):
        yield Action(("Z011",), path, "rewrite")


def _shown(path: str, tree: ZipTree) -> str:
    return f"{path}/" if path in tree.folders else path
