"""Lazily read storage behind one small protocol: a folder or a zip, later an asset on a server.

Paths are relative to the root of the tree, with ``/`` between parts and none at either end.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ..wording import size
from .limits import (
    MAX_DENSE_BYTES,
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_SKIPPED_BYTES,
    MAX_UNPACKED_BYTES,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Entry(NamedTuple):
    """A file of the tree."""

    path: str
    #: Bytes, uncompressed.
    size: int
    #: Whether any byte of it can be reached without reading those before it.
    random_access: bool
    #: CRC-32 of its content, where the storage states one.
    crc: int | None = None


class TreeError(Exception):
    """A file or the storage as a whole can't be read; the message says why in one line."""


class LimitError(TreeError):
    """The storage is larger, deeper or has more entries than any model: it is not read at all."""


class BlockedError(TreeError):
    """A member that is encrypted, no file, or compressed beyond ``zipfile``.

    A rule of the archive family says so; the other rules pass over the member.
    """


class DamagedError(TreeError):
    """A member whose data does not unpack; a rule of the archive family says so."""


class Tree(Protocol):
    """What the models are built from."""

    @property
    def files(self) -> Mapping[str, Entry]:
        """Every file by its path, sorted."""

    @property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path ("" is the root) with the sorted names that lie directly in it."""

    @property
    def bytes_read(self) -> int:
        """Bytes that were read from the storage so far."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading, from its start. Raises TreeError."""


def read_bytes(tree: Tree, path: str, limit: int) -> bytes:
    """Read a whole file of at most ``limit`` bytes. Raises TreeError."""
    try:
        with tree.open(path) as stream:
            data = stream.read(limit + 1)
    except TreeError:
        raise
    except Exception as error:  # zipfile and its decompressors raise a dozen types
        raise _failure(error) from error
    if len(data) > limit:
        found = size(tree.files[path].size)
        raise TreeError(f"larger than any genuine file: {found}, the limit is {size(limit)}")
    return data


def read_ends(tree: Tree, entry: Entry, limit: int) -> tuple[bytes, ...]:
    """Read a file, or the first and the last ``limit`` bytes of a longer one.

    Of one so long that getting to its end takes time, only the first. Raises TreeError.
    """
    if entry.size <= 2 * limit:
        return (read_bytes(tree, entry.path, 2 * limit),)
    try:
        opened = tree.open_raw if isinstance(tree, ZipTree) and entry.random_access else tree.open
        with opened(entry.path) as stream:
            first = stream.read(limit)
            if entry.size > MAX_SKIPPED_BYTES and not entry.random_access:
                return first, b""
            stream.seek(entry.size - limit)
            return first, stream.read(limit)
    except TreeError:
        raise
    except Exception as error:  # as above
        raise _failure(error) from error


def _failure(error: Exception) -> TreeError:
    """Tell a storage that can't be reached (the system says so) from damaged contents."""
    # "Invalid argument" is what seeking before the start of the file gives.
    if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
        return TreeError(_reason(error))
    return DamagedError(_reason(error))


def _listing(paths: Iterable[str], empty: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """List every folder: ``paths`` are files, ``empty`` are folders that may hold nothing."""
    names: dict[str, set[str]] = {"": set()}
    for folder in empty:
        names.setdefault(folder, set())
    for path in [*paths, *names]:
        child = path
        while child:
            parent, _, name = child.rpartition("/")
            siblings = names.setdefault(parent, set())
            if name in siblings:
                break
            siblings.add(name)
            child = parent
    return {folder: tuple(sorted(found)) for folder, found in sorted(names.items())}


@dataclass(frozen=True)
class FolderTree:
    """A folder on disk. Symbolic links are followed, as zipping the folder would follow them."""

    root: Path
    #: Only this entry of the root belongs to the tree, where a trainer folder itself is the target.
    only: str | None = None
    _counter: list[int] = field(default_factory=lambda: [0], repr=False)

    @cached_property
    def _walk(self) -> tuple[dict[str, Entry], dict[str, tuple[str, ...]]]:
        files: dict[str, Entry] = {}
        folders: set[str] = set()
        start = [self.only] if self.only else [e.name for e in _scan(self.root)]
        pending = sorted(start, reverse=True)
        while pending:
            path = pending.pop()
            full = self.root / path
            if full.is_dir():
                if full.is_symlink() and _is_above(full.resolve(), full.parent.resolve()):
                    continue  # a loop
                folders.add(path)
                _refuse_depth(path)
                pending += sorted((f"{path}/{e.name}" for e in _scan(full)), reverse=True)
            elif full.is_file():
                files[path] = Entry(path, full.stat().st_size, random_access=True)
            if len(files) + len(folders) > MAX_ENTRIES:
                raise LimitError(f"more than {MAX_ENTRIES} files and folders below {self.root}")
        return files, _listing(files, folders)

    @property
    def files(self) -> Mapping[str, Entry]:
        """Every file by its path, sorted."""
        return self._walk[0]

    @property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path with the names in it."""
        return self._walk[1]

    @property
    def bytes_read(self) -> int:
        """Bytes that were read from the storage so far."""
        return self._counter[0]

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading. Raises TreeError."""
        try:
            raw = (self.root / path).open("rb", buffering=0)
            return io.BufferedReader(_Counted(raw, self._counter))
        except OSError as error:
            raise TreeError(_reason(error)) from error


def _is_above(folder: Path, other: Path) -> bool:
    return folder == other or folder in other.parents


def _refuse_depth(path: str) -> None:
    if path.count("/") > MAX_DEPTH:
        raise LimitError(f"folders nested deeper than {MAX_DEPTH}: {path[:80]}...")


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    """List a folder, without version control's own."""
    try:
        with os.scandir(folder) as entries:
            yield from (e for e in entries if e.name != ".git")
    except OSError as error:
        raise TreeError(_reason(error)) from error


_SPECIAL = frozenset({stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK})
#: What ``zipfile`` of every Python that SCT and nnU-Net run on can unpack: stored, deflate, bzip2
#: and LZMA. Python 3.14 adds Zstandard (93); nothing reads Deflate64 (9).
READABLE_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)


class Member(NamedTuple):
    """One record of a zip's central directory, as written there."""

    #: The name as stored, before anything was cleaned.
    raw_name: str
    #: Where the consumers' ``zipfile`` puts it: no drive, no empty, ``.`` or ``..`` part.
    path: str
    is_dir: bool
    size: int
    compressed: int
    method: int
    flags: int
    #: Unix mode, 0 where the writer was not Unix.
    mode: int
    crc: int
    offset: int

    @property
    def encrypted(self) -> bool:
        """Whether a flag for encryption is set."""
        return bool(self.flags & 0x41)

    @property
    def patched(self) -> bool:
        """Whether the flag for patched data is set, which ``zipfile`` refuses."""
        return bool(self.flags & 0x20)

    @property
    def special(self) -> bool:
        """Whether it is a symbolic link, a device, a pipe or a socket."""
        return stat.S_IFMT(self.mode) in _SPECIAL

    @property
    def blocked(self) -> str | None:
        """Why its data can't be had, where the directory alone tells; None where it can."""
        if self.encrypted:
            return "encrypted"
        if self.special:
            return "not a regular file"
        if self.method not in READABLE_METHODS or self.patched:
            return f"compressed with method {self.method}"
        return None


@dataclass(frozen=True)
class ZipTree:
    """A zip, read from any seekable stream: a file, or later ranges of a remote one.

    Where two members have one path the last wins, as for ``zipfile``, which the consumers use.
    """

    archive: zipfile.ZipFile
    members: tuple[Member, ...]
    counter: list[int]
    #: Held by whoever reads where several threads do.
    lock: AbstractContextManager[Any] = field(default_factory=Lock, repr=False)

    @cached_property
    def _by_path(self) -> dict[str, tuple[Member, zipfile.ZipInfo]]:
        pairs = zip(self.members, self.archive.infolist(), strict=True)
        return {m.path: (m, info) for m, info in pairs if m.path and not m.is_dir}

    @cached_property
    def files(self) -> Mapping[str, Entry]:
        """Every file by its path, sorted."""
        return {
            path: Entry(path, member.size, member.method == zipfile.ZIP_STORED, member.crc)
            for path, (member, _) in sorted(self._by_path.items())
        }

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path with the names in it."""
        return _listing(self._by_path, (m.path for m in self.members if m.is_dir and m.path))

    @property
    def bytes_read(self) -> int:
        """Bytes that were read from the storage so far."""
        return self.counter[0]

    def open(self, path: str) -> IO[bytes]:
        """Open a member for reading. Raises TreeError."""
        member, info = self._by_path[path]
        if member.blocked:
            raise BlockedError(member.blocked)
        try:
            return self.archive.open(info)
        except Exception as error:  # as in read_bytes
            raise _failure(error) from error

    def open_raw(self, path: str) -> IO[bytes]:
        """Open a stored member as a seekable slice of the zip itself. Raises TreeError."""
        _, info = self._by_path[path]
        with self.open(path):  # reads and checks the local header
            pass
        stream = cast("IO[bytes]", self.archive.fp)
        return io.BufferedReader(_Slice(stream, self.data_offset(path), info.file_size))

    def member(self, path: str) -> Member:
        """Return the record of the directory that a file's content comes from."""
        return self._by_path[path][0]

    def data_offset(self, path: str) -> int:
        """Return where in the zip a file's data begins; its header must have been checked."""
        offset = self._by_path[path][1].header_offset
        stream = cast("IO[bytes]", self.archive.fp)
        stream.seek(offset + 26)
        name_and_extra = stream.read(4)
        name, extra = name_and_extra[:2], name_and_extra[2:]
        return offset + 30 + int.from_bytes(name, "little") + int.from_bytes(extra, "little")


def open_zip(raw: io.RawIOBase) -> ZipTree:
    """Read the central directory of a zip. Raises TreeError with the reason if there is none."""
    counter = [0]
    try:
        archive = zipfile.ZipFile(io.BufferedReader(_Counted(raw, counter)))
    except Exception as error:  # as in read_bytes
        raise TreeError(_reason(error)) from error
    infos = archive.infolist()
    members = tuple(_member(info) for info in infos[: MAX_ENTRIES + 1])
    reason = _beyond_limits(members)
    if reason:
        raise LimitError(reason)
    return ZipTree(archive, members, counter)


def _beyond_limits(members: tuple[Member, ...]) -> str | None:
    if len(members) > MAX_ENTRIES:
        return f"more than {MAX_ENTRIES} entries"
    if sum(member.size for member in members) > MAX_UNPACKED_BYTES:
        return f"it unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB"
    dense = [member for member in members if member.size > MAX_RATIO * member.compressed]
    if sum(member.size for member in dense) > MAX_DENSE_BYTES:
        what = (
            f"{MAX_DENSE_BYTES >> 20} MiB come out of entries of less than a {MAX_RATIO}th of that"
        )
        return f"more than {what}"
    deepest = max((member.path.count("/") for member in members), default=0)
    if deepest > MAX_DEPTH:
        return f"folders nested {deepest} deep, more than {MAX_DEPTH}"
    return None


def _member(info: zipfile.ZipInfo) -> Member:
    parts = os.path.splitdrive(info.filename)[1].split("/")
    return Member(
        raw_name=info.orig_filename,
        path="/".join(p for p in parts if p not in {"", ".", ".."}),
        is_dir=info.filename.endswith("/"),
        size=info.file_size,
        compressed=info.compress_size,
        method=info.compress_type,
        flags=info.flag_bits,
        mode=info.external_attr >> 16,
        crc=info.CRC,
        offset=info.header_offset,
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


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


class _Slice(io.RawIOBase):
    """The bytes from ``start`` to ``start + size`` of a seekable stream, as a stream."""

    def __init__(self, stream: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._stream = stream
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        self._stream.seek(self._start + self._at)
        data = self._stream.read(max(0, min(len(view), self._size - self._at)))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError("seek before the start")
        self._at = origin + offset
        return self._at

    def tell(self) -> int:
        return self._at
