"""What folders contain. Each is read once, and it is kept which were read and when they changed.

A folder's time of change is that of the last file that was added to it, removed or renamed. So
whoever keeps these times knows later, without reading the folders, whether a list is still right.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ABSENT = -1
"""The size and the time of change of what isn't there."""
State = tuple[int, int]
"""Size in bytes and time of change in nanoseconds of a file."""


@dataclass(frozen=True, slots=True)
class Content:
    """The names in a folder, sorted."""

    folders: Sequence[str]
    all: Sequence[str]
    names: frozenset[str]


class Listing:
    """The folders of a dataset."""

    def __init__(self) -> None:
        self.since = time.time_ns()
        """When the first folder had not been read yet."""
        self.changed: dict[str, int] = {}
        """When each folder that was read had changed, in nanoseconds."""
        self._read: dict[str, Content] = {}
        self._of: dict[str, dict[str, list[str]]] = {}

    def of(self, folder: Path | str) -> Content:
        """Return what is in a folder; nothing if it isn't there or isn't a folder."""
        key = str(folder)
        if key not in self._read:
            self.changed[key] = time_of_change(key)  # first: a change from now on is a later one
            self._read[key] = _content(key)
        return self._read[key]

    def of_subject(self, folder: Path | str, subject: str) -> Sequence[str]:
        """Return the names in a folder that are of one subject (``sub-001_...``), sorted."""
        key = str(folder)
        if key not in self._of:
            found = self._of.setdefault(key, {})
            for name in self.of(key).all:
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


def _content(folder: str) -> Content:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries]
    except OSError:
        return Content((), (), frozenset())
    found.sort()
    names = [name for name, _ in found]
    return Content([name for name, is_folder in found if is_folder], names, frozenset(names))
