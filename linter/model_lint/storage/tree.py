"""Files and folders in some storage, read lazily: the models are built from them.

Paths are relative to the root of the tree, with ``/`` between their parts and not at either end.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from typing import IO, Protocol
from zlib import crc32

from ..wording import size
from .limits import MAX_DEPTH, MAX_FOLDERS, MAX_SKIPPED_BYTES


class Entry(Protocol):
    """A file of the tree."""

    @property
    def path(self) -> str:
        """Its path in the tree."""

    @property
    def size(self) -> int:
        """Its bytes, uncompressed."""

    @property
    def random_access(self) -> bool:
        """Whether the stream that `open` returns is seekable."""

    @property
    def crc(self) -> int | None:
        """CRC-32 of its content, if the storage states one."""


class TreeError(Exception):
    """A file or the storage as a whole can't be read; the message says why in one line."""


class LimitError(TreeError):
    """The storage is larger or deeper, or has more entries, than any model: it is not read."""


class BlockedError(TreeError):
    """A member that is encrypted, not a file, or compressed with a method ``zipfile`` can't read.

    An archive rule reports it; the other rules ignore the member.
    """


class DamagedError(TreeError):
    """A member whose data does not unpack; an archive rule reports it."""


class Tree(Protocol):
    """Files and folders in some storage: a folder, a zip, later a repository on a server.

    Safe to read from several threads.
    """

    @property
    def files(self) -> Mapping[str, Entry]:
        """Every file by its path, sorted."""

    @property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path ("" is the root) with the sorted names directly in it."""

    @property
    def special(self) -> Mapping[str, str]:
        """Paths that are not a plain file or folder, each with what it is. They can't be opened."""

    @property
    def bytes_read(self) -> int:
        """Bytes read from the storage so far."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading. Raises TreeError, and so does reading from it."""


def read_bytes(tree: Tree, path: str, limit: int) -> bytes:
    """Read a whole file of at most ``limit`` bytes and compare its checksum. Raises TreeError."""
    data = _read(tree, path, limit + 1)
    if len(data) > limit:
        found = size(tree.files[path].size)
        raise TreeError(f"larger than any genuine file: {found}, the limit is {size(limit)}")
    stated = tree.files[path].crc
    if stated is not None and crc32(data) != stated:
        raise DamagedError(f"Bad CRC-32 for file {path!r}")
    return data


def read_ends(tree: Tree, entry: Entry, limit: int) -> tuple[bytes, ...]:
    """Read a file, or the first and the last ``limit`` bytes of a longer one.

    If reaching the end takes too long, the last are empty. Raises TreeError.
    """
    if entry.size <= 2 * limit:
        return (read_bytes(tree, entry.path, 2 * limit),)
    with tree.open(entry.path) as stream:
        first = stream.read(limit)
        if entry.random_access:
            stream.seek(entry.size - limit)
        elif entry.size > MAX_SKIPPED_BYTES:
            return first, b""
        else:
            stream.read(entry.size - 2 * limit)
        return first, stream.read(limit)


def _read(tree: Tree, path: str, length: int) -> bytes:
    try:
        with tree.open(path) as stream:
            return stream.read(length)
    except OSError as error:
        raise failure(error) from error


def failure(error: Exception) -> TreeError:
    """Return a TreeError if the system can't read the storage, else a DamagedError."""
    # Seeking before the start of the file fails with "Invalid argument".
    if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
        return TreeError(reason(error))
    return DamagedError(reason(error))


def reason(error: BaseException) -> str:
    """Return the message of an error, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def folders_of(paths: Iterable[str], empty: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return every folder with the names in it.

    ``paths`` are files, ``empty`` are folders that may be empty.

    Raises LimitError for more folders than MAX_FOLDERS.
    """
    names: dict[str, set[str]] = {folder: set() for folder in ("", *empty)}
    for path in [*paths, *names]:
        child = path
        while child:
            folder, _, name = child.rpartition("/")
            if folder in names:
                names[folder].add(name)
                break
            names[folder] = {name}
            child = folder
        if len(names) > MAX_FOLDERS:
            raise LimitError(f"more than {MAX_FOLDERS:,} folders")
    return {folder: tuple(sorted(found)) for folder, found in sorted(names.items())}


def files_named(tree: Tree, name: str) -> list[str]:
    """Return every file of this name, sorted. It looks into each folder, not at each file."""
    places = (f"{folder}/{name}" if folder else name for folder in tree.folders)
    return sorted(path for path in places if path in tree.files)


def refuse_depth(depth: int) -> None:
    """Raise LimitError for a path below more folders than MAX_DEPTH."""
    if depth > MAX_DEPTH:
        raise LimitError(f"folders nested {depth} deep, more than {MAX_DEPTH}")
