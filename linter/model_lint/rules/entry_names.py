"""Rules about the names of a zip's entries: unsafe names and duplicates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..findings import Problem
from ..models.archive import Archive
from ..storage.file_systems import DEVICE, one_name
from ..wording import listing, printable
from . import ERROR, EVERYWHERE, PRACTICE, ZIPFILE, rule
from .archive import about_paths
from .shared import SHOWN

#: Only these can be names of devices.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]|[\xb9\xb2\xb3]", re.IGNORECASE)


@rule(
    "Z003",
    ERROR,
    PRACTICE,
    "An entry's name must be a relative path with forward slashes: APPNOTE 4.4.17",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def unsafe_path(archive: Archive) -> Iterator[Problem]:
    """An entry's name is not a plain relative path.

    Why: a careless tool writes such an entry outside the folder into which it unpacks, or under
    another name: on Linux and macOS a backslash does not separate folders.

    Fix: zip the folder again with `model-lint pack`, `zip -r` or Python's `shutil.make_archive`.
    """
    names = [member.raw_name for member in archive.members]
    every = "/".join(["", *names, ""]).lower()
    for signs, found, what in _UNSAFE:
        if any(sign in every for sign in signs):
            yield from about_paths([name for name in names if found(name)], what)


#: What is unsafe: what all names, each between slashes, then contain; which names are; the message.
_UNSAFE: tuple[tuple[Sequence[str], Callable[[str], object], str], ...] = (
    (["//"], lambda name: name.startswith("/"), "the name of {} is an absolute path"),
    (
        [".."],
        lambda name: ".." in re.split(r"[/\\]", name),
        "the name of {} leads out of the folder (`..`)",
    ),
    ([":"], re.compile(r"[A-Za-z]:").match, "the name of {} begins with a drive letter"),
    (
        ["\\"],
        lambda name: "\\" in name,
        "the name of {} contains a backslash, which separates folders on Windows only",
    ),
    (
        ["\0"],
        lambda name: "\0" in name,
        "the name of {} contains a NUL, where `zipfile` cuts it off",
    ),
    (["//"], lambda name: not name, "{} has no name"),
    (
        ["/con", "/prn", "/aux", "/nul", "/com", "/lpt"],
        lambda name: _DEVICES.search(name) and any(map(DEVICE.fullmatch, name.split("/"))),
        "the name of {} is that of a device on Windows, where it can't be written",
    ),
    (
        [""],
        lambda name: (
            len(name) > 255 and any(len(p.encode(errors="replace")) > 255 for p in name.split("/"))
        ),
        "the name of {} is longer than the 255 bytes that file systems allow",
    ),
)


@rule(
    "Z007",
    ERROR,
    ZIPFILE,
    "zipfile unpacks both entries in turn, and the last one wins silently",
    repair="keeps one of several equal entries with the same name",
    stops=EVERYWHERE,
)
def duplicate_entry(archive: Archive) -> Iterator[Problem]:
    """Two entries have the same name, or names that are the same on some file systems.

    Why: the last one silently overwrites the first. On macOS and Windows this also happens to names
    that differ only in case, or only in dots at their end.

    Fix: zip the folder again into a new file; rename one of two names that differ only in case.
    """
    if archive.tree is None:
        return
    files, folders = archive.tree.files, archive.tree.folders
    paths = [m.path for m in archive.members if m.path and not m.is_dir]
    if len(paths) > len(files):
        twice = [path for path, amount in Counter(paths).items() if amount > 1]
        yield from about_paths(twice, "{} is in the zip more than once")
    both = sorted(files.keys() & folders.keys())
    yield from about_paths(both, "{} is both a file and a folder")
    groups = list(_outermost(one_name(folders)))
    for group in groups[:SHOWN]:
        text = f"{listing(group)} are the same name on macOS and Windows"
        yield Problem(text, printable(group[0]))
    if len(groups) > SHOWN:
        yield Problem(f"and {len(groups) - SHOWN} more such groups of names")


def _outermost(found: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the groups, but not those that differ only because the folders around them do."""
    groups = list(found)
    known = {path for group in groups for path in group}
    for group in groups:
        if len({path.rpartition("/")[0] for path in group}) == 1 or not any(
            path.rpartition("/")[0] in known for path in group
        ):
            yield group
