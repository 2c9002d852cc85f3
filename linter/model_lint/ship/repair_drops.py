"""Find what a repair leaves out of a package, and the folders that become empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..checkpoint.model import Checkpoint
from ..errors import UsageError
from ..models.package import Package
from ..models.paths import (
    FINAL_CHECKPOINT,
    above,
    is_checkpoint,
    is_image,
    junk_entry,
    validation_entry,
)
from ..storage.zip import ZipTree
from ..storage.zip_member import Member
from ..wording import quote
from .new_package import sha256

#: Files of a trainer folder that are never left out.
_NEEDED = ("dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py")


def find_drops(
    package: Package, members: Iterable[Member], codes: Collection[str]
) -> dict[str, str]:
    """Return the files and folders to leave out, each with the code of the rule that forbids it."""
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
    # A file that is missing in the trainer folder is needed too, at any place.
    needed.update(package.misplaced.values())
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
    """Return the outermost forbidden entry on a path, and the rule's code."""
    path = member.path
    junk = junk_entry(path)
    if junk:
        return junk, "Z008"
    # Without a model it is not a package: a data set is all images.
    folder = validation_entry(path) if has_model else None
    if folder:
        return folder, "L014"
    if member.is_dir or not has_model:
        return None
    if is_image(path):
        return path, "L013"
    return (path, "L012") if path in extra else None


def _extra_checkpoints(package: Package) -> frozenset[str]:
    """Return the other checkpoints of folds whose final one is readable: they are not needed."""
    return frozenset(
        f"{fold.path}/{name}"
        for trainer in package.judged
        for fold in trainer.folds
        if fold.number is not None and isinstance(fold.checkpoint, Checkpoint)
        for name in package.tree.folders[fold.path]
        if name != FINAL_CHECKPOINT and is_checkpoint(name)
    )


def dropped(path: str, drops: Mapping[str, str]) -> str | None:
    """Return the dropped file or folder that is this path or contains it; None if it is kept."""
    while path:
        if path in drops:
            return path
        path = path.rpartition("/")[0]
    return None


def files_once(tree: ZipTree, members: Iterable[Member]) -> tuple[dict[str, Member], list[str]]:
    """Return the files by path, and the path of each duplicate entry of the same content.

    Raises UsageError if the content differs, and TreeError.
    """
    by_path: dict[str, list[Member]] = {}
    for member in members:
        by_path.setdefault(member.path, []).append(member)
    for path, same in by_path.items():
        if len(same) > 1 and len({sha256(tree.blocks(member)) for member in same}) > 1:
            raise UsageError(
                f"{quote(path)} is in the zip more than once, with different content (Z007); zip "
                "the folder again"
            )
    repeated = [path for path, same in by_path.items() for _ in same[1:]]
    return {path: same[-1] for path, same in by_path.items()}, repeated


def empty_folders(
    package: Package, files: Mapping[str, Member], drops: Mapping[str, str], left: Iterable[Member]
) -> list[str]:
    """Return the folders that need an entry of their own, since they contain no file.

    A fold without files is kept as an empty folder: without it an unfinished model would look
    complete.
    """
    nonempty = {folder for path in files for folder in above(path)}
    empty = {m.path for m in left if m.is_dir and not package.tree.folders[m.path]}
    folds = {fold.path for trainer in package.trainers for fold in trainer.folds}
    emptied = {f for f in folds if f not in files and dropped(f, drops) is None}
    return sorted((empty | emptied) - nonempty)
