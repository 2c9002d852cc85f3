"""The temporary folder of a trial, which always goes away, whatever was written into it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...storage.new_file import TEMPORARY

#: Entries that are counted, and folders inside each other.
MAX_FILES, _MAX_DEPTH = 10_000, 64


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a temporary folder, and remove it with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY.lstrip(".")))
    try:
        yield folder.resolve()
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder, one level at a time: there may be more than Python can follow at once."""
    todo, number = [folder], 0
    while todo:
        current = todo.pop()
        with suppress(OSError):
            current.chmod(0o700)
        for entry in _entries(current):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    number += 1
                    moved = folder / f".{number}"
                    Path(entry.path).chmod(0o700)  # to be moved, it must be writable
                    Path(entry.path).replace(moved)
                    todo.append(moved)
                else:
                    Path(entry.path).unlink()
        if current != folder:
            with suppress(OSError):
                current.rmdir()
    with suppress(OSError):
        folder.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def used(folder: Path, limit: int) -> int:
    """Return the bytes on disk in a folder; more than ``limit`` for more files than a trial has."""
    total, count = 0, 0
    todo = [(folder, 0)]
    while todo:
        current, depth = todo.pop()
        for entry in _entries(current):
            count += 1
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    todo.append((Path(entry.path), depth + 1))
                state = entry.stat(follow_symlinks=False)
                total += getattr(state, "st_blocks", 0) * 512 or state.st_size
            if total > limit or count > MAX_FILES or depth > _MAX_DEPTH:
                return max(total, limit + 1)
    return total


def hidden(process: int) -> int:
    """Return the bytes on disk of files that a process has open and no folder names (Linux)."""
    total = 0
    for entry in _entries(Path("/proc", str(process), "fd")):
        with suppress(OSError):
            state = entry.stat()
            if stat.S_ISREG(state.st_mode) and not state.st_nlink:
                total += state.st_blocks * 512
    return total
