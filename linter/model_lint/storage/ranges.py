"""Bytes that can be read at any place: of a file, in memory, or in a part of either."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from threading import Lock
from typing import IO, TYPE_CHECKING, Protocol

from .tree import TreeError, reason

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Ranges(Protocol):
    """Bytes in a storage. Safe to read from several threads."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    @property
    def bytes_read(self) -> int:
        """The number of bytes read so far."""

    @property
    def requests(self) -> int:
        """The number of requests to a server so far."""

    def read(self, at: int, length: int, until: int | None = None) -> bytes:
        """Return ``length`` bytes from a place on, fewer only at the end. Raises TreeError.

        A storage that is slow to ask may read ahead, up to ``until``.
        """

    def expect(self, parts: Iterable[tuple[int, int]], *, alike: bool = False) -> None:
        """Say which parts will be read (place, length), for a storage that is slow to ask."""


class CallableRanges:
    """Bytes that a function returns, such as one that asks a server for a range."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read = read
        self.size = size
        self.bytes_read = 0
        self.requests = 0
        self._lock = Lock()

    def read(self, at: int, length: int, until: int | None = None) -> bytes:  # noqa: ARG002
        """Return ``length`` bytes from a place on, fewer only at the end. Raises TreeError."""
        wanted = max(0, min(length, self.size - at))
        if not wanted:
            return b""
        try:
            data = self._read(at, wanted)
        except OSError as error:
            raise TreeError(reason(error)) from error
        with self._lock:
            self.bytes_read += len(data)
        return data

    def expect(self, parts: Iterable[tuple[int, int]], *, alike: bool = False) -> None:
        """Do nothing: a file is fast to ask."""


def of_bytes(data: bytes) -> CallableRanges:
    """Return the ranges of bytes in memory."""
    return CallableRanges(lambda at, length: data[at : at + length], len(data))


def of_file(file: IO[bytes] | io.RawIOBase) -> CallableRanges:
    """Return the ranges of an open, unbuffered file, which must stay open."""
    size = os.fstat(file.fileno()).st_size
    if hasattr(os, "pread"):
        number = file.fileno()
        return CallableRanges(lambda at, length: _all(number, at, length), size)
    lock = Lock()  # on Windows, reading at a place moves the position that all threads share

    def read(at: int, length: int) -> bytes:
        with lock:
            file.seek(at)
            return file.read(length) or b""

    return CallableRanges(read, size)


def _all(number: int, at: int, length: int) -> bytes:
    """Read at a place; the system may return fewer bytes than asked for, mostly of large pieces."""
    data = os.pread(number, length, at)
    if len(data) in {0, length}:
        return data
    parts = [data]
    at += len(data)
    length -= len(data)
    while length and (data := os.pread(number, length, at)):
        parts.append(data)
        at += len(data)
        length -= len(data)
    return b"".join(parts)


class RangeStream(io.RawIOBase):
    """A part of some ranges as a seekable stream."""

    def __init__(self, ranges: Ranges, start: int, size: int) -> None:
        super().__init__()
        self._ranges = ranges
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer, or as much of it as is left of the part. Raises TreeError."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, by default all that are left. Raises TreeError."""
        left = max(0, self._size - self._at)
        at, end = self._start + self._at, self._start + self._size
        data = self._ranges.read(at, left if size < 0 else min(size, left), end)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to another place. Raises OSError for a place before the start."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError("seek before the start")
        self._at = origin + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at
