"""A folder on disk as a tree."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from .limits import MAX_ENTRIES
from .tree import Entry, LimitError, TreeError, folders_of, reason, refuse_depth

if TYPE_CHECKING:
    from typing_extensions import Buffer


class _File(NamedTuple):
    path: str
    size: int
    random_access: bool = True
    crc: int | None = None


class _Walk(NamedTuple):
    files: dict[str, _File]
    folders: dict[str, tuple[str, ...]]
    special: dict[str, str]


class FolderTree:
    """A folder on disk. Links to files and folders inside it are followed, as zipping would.

    A pipe, a device or a link that leaves the folder is never opened: reading it may wait for ever,
    or read something private.
    """

    def __init__(self, root: Path, only: str | None = None) -> None:
        self.root = root
        #: The only entry of the root that belongs to the tree, if the target is a trainer folder.
        self.only = only
        self._counter = [0]

    @cached_property
    def _walk(self) -> _Walk:
        files: dict[str, _File] = {}
        folders: set[str] = set()
        special: dict[str, str] = {}
        start = [self.only] if self.only else [e.name for e in _scan(self.root)]
        home = (self.root / (self.only or "")).resolve()
        pending = sorted(start, reverse=True)
        while pending:
            path = pending.pop()
            full = self.root / path
            what = _special(full, home)
            if what:
                special[path] = what
            elif full.is_dir():
                if full.is_symlink() and _is_above(full.resolve(), full.parent.resolve()):
                    continue  # a loop
                folders.add(path)
                refuse_depth(path.count("/"))
                pending += sorted((f"{path}/{e.name}" for e in _scan(full)), reverse=True)
            elif full.is_file():
                files[path] = _File(path, full.stat().st_size)
            if len(files) + len(folders) > MAX_ENTRIES:
                raise LimitError(f"more than {MAX_ENTRIES} files and folders below {self.root}")
        return _Walk(files, folders_of(files, folders), special)

    @property
    def files(self) -> Mapping[str, Entry]:
        """Every file by its path, sorted."""
        return self._walk.files

    @property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path with the names in it."""
        return self._walk.folders

    @property
    def special(self) -> Mapping[str, str]:
        """Paths that are not a plain file or folder, each with what it is."""
        return self._walk.special

    @property
    def bytes_read(self) -> int:
        """Bytes read from the storage so far."""
        return self._counter[0]

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading. Raises TreeError."""
        try:
            raw = (self.root / path).open("rb", buffering=0)
            return io.BufferedReader(_Counted(raw, self._counter))
        except OSError as error:
            raise TreeError(reason(error)) from error


def _special(path: Path, home: Path) -> str | None:
    """Return what a path is; None for a plain file or folder inside ``home``, or a missing one."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return None
        if not stat.S_ISLNK(mode):
            return "a pipe, a socket or a device"
        target = path.resolve()
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # a link to nothing, or to itself
        return None
    if not _is_above(home, target) and not _is_above(target, home):
        return "a link that leaves the folder, and is not followed"
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "a link to a pipe or a device"


def _is_above(folder: Path, other: Path) -> bool:
    return folder == other or folder in other.parents


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    """List a folder, without ``.git``."""
    try:
        with os.scandir(folder) as entries:
            yield from (e for e in entries if e.name != ".git")
    except OSError as error:
        raise TreeError(reason(error)) from error


class _Counted(io.RawIOBase):
    """A raw stream that adds what is read from it to a counter."""

    def __init__(self, stream: io.RawIOBase, counter: list[int]) -> None:
        super().__init__()
        self._stream = stream
        self._counter = counter

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        count = self._stream.readinto(buffer)
        self._counter[0] += count or 0
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()
