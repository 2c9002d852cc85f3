"""Decide what is repaired in a package: only what is safe and unambiguous.

Only forbidden entries are left out. What is moved keeps its content. In nnU-Net's logs only paths,
names and passwords are replaced. ``dataset.json``, ``plans.json``, checkpoints and
``trainer_class.py`` are never changed: only the author knows what belongs there.
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
    #: The entry in the source, with ``/`` at the end of a folder; "" is the whole zip.
    path: str
    #: Leave out; replace private things; move; write in a standard form.
    kind: Literal["drop", "scrub", "move", "rewrite"]
    #: The new path of a move.
    target: str = ""
    #: The text of a scrub, before and after.
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Repairs:
    """What is repaired, and the contents of the new zip."""

    actions: tuple[Action, ...]
    contents: Contents


def find_repairs(package: Package, archive: Archive, tree: ZipTree, codes: set[str]) -> Repairs:
    """Decide what to repair; read only the logs and duplicate entries.

    Args:
        package: the model of the zip.
        archive: the model of the zip as a container.
        tree: the same zip, open.
        codes: the rules whose findings are repaired.

    Raises:
        UsageError: an entry can't be read, or two of one name differ.
        TreeError: the zip can't be read.
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
    """Yield the move of the trainer folder to where SCT finds it, unless that is unclear."""
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
    """Yield the logs from which private things are removed, as `pack` does."""
    texts = dict(_logs(package, tree, files))
    for path, (after, _) in scrub_all(texts).items():
        if after != texts[path]:
            codes = taken_out(texts[path], after)
            yield Action(codes, path, "scrub", before=texts[path], after=after)


def _logs(
    package: Package, tree: ZipTree, files: Mapping[str, Member]
) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each log, up to MAX_TEXT_BYTES together."""
    left = MAX_TEXT_BYTES
    for text in package.texts:
        if not text.is_log or text.path not in files or files[text.path].size > left:
            continue
        try:
            data = read_bytes(tree, text.path, left)
        except TreeError:
            continue  # an archive rule reports it
        left -= len(data)
        yield text.path, decoded(data)


def taken_out(before: str, after: str) -> tuple[str, ...]:
    """Return the rules that report what was replaced by ``<path>``, ``<subject-1>``, ..."""
    marks = {code: f"<{kind}" for code, kind in LEAKS.items()}
    return tuple(code for code, mark in marks.items() if after.count(mark) > before.count(mark))


def _recompressed(tree: ZipTree, files: Mapping[str, Member]) -> Iterator[Action]:
    """Yield the entries that this Python can unpack, but not the Python of every consumer.

    Raises UsageError for one that this Python can't unpack either.
    """
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
