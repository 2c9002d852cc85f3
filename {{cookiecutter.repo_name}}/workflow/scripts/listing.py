"""What folders contain. Each is read once, and it is kept which were read and when they changed.

A folder's time of change is that of the last file that was added to it, removed or renamed. So
whoever keeps these times knows later, without reading the folders, whether a list is still right.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ABSENT = -1
"""The size and the time of change of what isn't there."""
State = tuple[int, int]
"""Size in bytes and time of change in nanoseconds of a file."""


class Listing:
    """The folders of a dataset."""

    def __init__(self) -> None:
        self.since = time.time_ns()
        """When the first folder had not been read yet."""
        self.changed: dict[str, int] = {}
        """When each folder that was read had changed, in nanoseconds."""
        self._read: dict[str, dict[str, bool]] = {}
        self._of: dict[str, dict[str, list[str]]] = {}

    def of(self, folder: Path | str) -> Mapping[str, bool]:
        """Return the names in a folder, sorted, and whether each is a folder.

        A folder that isn't there, or isn't one, has none.
        """
        key = str(folder)
        if key not in self._read:
            self.changed[key] = time_of_change(key)  # first: a change from now on is a later one
            self._read[key] = _content(key)
        return self._read[key]

    def folders(self, folder: Path | str) -> Iterator[str]:
        """Yield the names of the folders in a folder, sorted."""
        return (name for name, is_folder in self.of(folder).items() if is_folder)

    def of_subject(self, folder: Path | str, subject: str) -> Sequence[str]:
        """Return the names in a folder that are of one subject (``sub-001_...``), sorted."""
        key = str(folder)
        if key not in self._of:
            found = self._of.setdefault(key, {})
            for name in self.of(key):
                start, underscore, _ = name.partition("_")
                if underscore:
                    found.setdefault(start, []).append(name)
        return self._of[key].get(subject, ())


def state(path: str | Path) -> State:
    """Return the state of a file, or of the one that a link leads to."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each file would cost more than this
    except OSError:
        return ABSENT, ABSENT
    return found.st_size, found.st_mtime_ns


def time_of_change(folder: str) -> int:
    """Return when a folder changed, in nanoseconds; ``ABSENT`` if it isn't there."""
    return state(folder)[1]


def _content(folder: str) -> dict[str, bool]:
    try:
        with os.scandir(folder) as entries:
            return dict(sorted((entry.name, _is_folder(entry)) for entry in entries))
    except OSError:
        return {}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that may not be read, or to itself: it hides no other
        return False
