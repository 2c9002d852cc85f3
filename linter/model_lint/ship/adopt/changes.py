"""What is changed from an old package to the new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from ...models.paths import is_checkpoint, is_image, junk_entry, validation_entry


@dataclass(frozen=True)
class Change:
    """One change."""

    #: Leave out; put at another place; change the content; add.
    kind: Literal["drop", "move", "edit", "add"]
    #: The path in the old package, with ``/`` at the end of a folder; "" for what is added, and for
    #: the zip as a whole.
    old: str
    #: The path in the new package; "" for what is left out.
    new: str
    #: The rules that ask for it; empty if the user alone does.
    codes: tuple[str, ...] = ()
    #: What is changed in the content, and why: one line each.
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edit:
    """One change in a file that is JSON."""

    #: One line.
    text: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remains:
    """What stays as it is, though a rule reports it: only the author can decide, or nobody."""

    code: str
    message: str
    #: The option that changes it; "" if there is none.
    option: str = ""


def trainer_folder(paths: Iterable[str]) -> str:
    """Return the trainer folder of a package that was written, with ``/`` at its end."""
    dataset = next(path for path in paths if path.endswith("/dataset.json"))
    return dataset.removesuffix("dataset.json")


def left_out(paths: Collection[str], used: Collection[str]) -> list[Change]:
    """Return what of an old package is in no place of the new one, each folder as a whole.

    Args:
        paths: every file of the old package.
        used: those that are in the new one.
    """
    kept = set(used)
    for path in used:
        while path := path.rpartition("/")[0]:
            kept.add(path)
    dropped = dict.fromkeys(_outermost(path, kept) for path in paths if path not in kept)
    return [Change("drop", path, "", (_code(path),)) for path in dropped]


def _outermost(path: str, kept: Collection[str]) -> str:
    """Return the outermost folder around a file in which nothing is kept, or the file."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        folder = "/".join(parts[:end])
        if folder not in kept:
            return f"{folder}/"
    return path


def _code(path: str) -> str:
    """Return the rule that forbids a file or folder."""
    plain = path.rstrip("/")
    if junk_entry(plain):
        return "Z008"
    if validation_entry(plain):
        return "L014"
    if is_image(plain):
        return "L013"
    if is_checkpoint(plain):
        return "L012"
    return "L009" if plain.rpartition("/")[2].startswith("fold_") else "L015"
