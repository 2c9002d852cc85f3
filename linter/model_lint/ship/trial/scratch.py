"""The temporary folder of a trial, which always goes away, whatever was written into it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...storage.new_file import TEMPORARY

#: Bytes of the largest file that a trial may write.
MAX_FILE = 2 << 30
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


def hidden(process: int, folder: Path, largest: int) -> int:
    """Return the bytes on disk of files that a process holds and that no folder names (Linux).

    Of a file that it has open the system says the size; of one that is closed, and only mapped into
    its memory, it does not: that counts as the largest that the process can write.

    Args:
        process: its number.
        folder: the only one in which it can write.
        largest: the bytes of the largest file that it can write.
    """
    # All threads share files and memory; but the first may have ended, and then has neither.
    tasks = [Path(entry.path) for entry in _entries(Path("/proc", str(process), "task"))]
    fds = next(filter(None, (_entries(task / "fd") for task in tasks)), [])
    sizes: dict[int, int] = {}
    for entry in fds:
        with suppress(OSError):
            state = entry.stat()
            if stat.S_ISREG(state.st_mode) and not state.st_nlink:
                sizes[state.st_ino] = state.st_blocks * 512
    maps = next(filter(None, (_read(task / "maps") for task in tasks)), b"")
    return sum({**dict.fromkeys(_nameless(maps, folder), largest), **sizes}.values())


def _nameless(maps: bytes, folder: Path) -> Iterator[int]:
    """Yield the inodes of files that were removed from a folder, by ``/proc/PID/maps``."""
    begins = os.fsencode(folder) + b"/"
    for line in maps.splitlines():
        # The addresses, the rights, the place in the file, the device, the inode, and the path.
        parts = line.split(None, 5)
        if len(parts) == 6 and parts[5].startswith(begins) and parts[5].endswith(b" (deleted)"):
            yield int(parts[4])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
