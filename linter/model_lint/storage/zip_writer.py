"""A zip writer that gives the same bytes for the same input, wherever zlib is the same.

``zipfile`` would do but for one thing: it can't choose the deflate strategy. The numbers of a
network hold no repetitions for deflate to find, only unevenly frequent bytes, so coding by
frequency alone (``Z_HUFFMAN_ONLY``) makes a checkpoint smaller than level 6 does, in a quarter of
the time. Every unzip program reads the result: it is plain deflate.

Names, contents and their order are all that the bytes depend on. Every member is dated 1980-01-01,
the earliest date that a zip can hold, and has mode 0644, a folder 0755.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

_DEFLATED = 8
_UTF8 = 0x800
_UNIX = 3
_FILE_0644 = 0o100644 << 16
#: The lowest byte is what tells MS-DOS and Windows that it is a folder.
_FOLDER_0755 = (0o040755 << 16) | 0x10
_DATE = (1 << 5) | 1  # year 1980 + 0, month 1, day 1
_VERSION, _VERSION_64 = 20, 45
_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
#: Bytes of a checkpoint that are compressed at a time; the package's bytes depend on it.
_BLOCK = 1024 * 1024
#: Threads, and blocks that may wait for their turn to be written.
_WORKERS, _AHEAD = 2, 4
#: Members that may become larger than this get 64-bit sizes. Well below what 32 bits hold, since
#: the size is an estimate when the header is written, and deflate can make things a bit larger.
_LARGE = 0xF0000000


@dataclass(frozen=True)
class Written:
    """One member, as it was written."""

    path: str
    #: Bytes before and after compression.
    size: int
    compressed: int


@dataclass(frozen=True)
class _Record:
    name: bytes
    flags: int
    #: Whether its local header has 64-bit sizes.
    wide: bool
    crc: int
    size: int
    compressed: int
    offset: int


class ZipWriter:
    """Writes members one after the other to a seekable stream, then `finish` ends the zip."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._records: list[_Record] = []

    @contextmanager
    def member(
        self, path: str, *, numbers: bool = False, size_limit: int = 0
    ) -> Iterator[MemberStream]:
        """Open a member to write to, in order only.

        Args:
            path: its path in the zip, ``/`` between the parts; with one at the end it is a folder.
            numbers: whether it is a checkpoint rather than text.
            size_limit: an upper limit of its size in bytes; needed only for one beyond 3 GiB.
        """
        name = path.encode()
        flags = 0 if path.isascii() else _UTF8
        wide = size_limit > _LARGE
        start = self._stream.tell()
        self._stream.write(_local_header(_Record(name, flags, wide, 0, 0, 0, start)))
        before = self._stream.tell()
        with ThreadPoolExecutor(max_workers=_WORKERS) as workers:
            deflated = _Numbers(self._stream, workers) if numbers else _Text(self._stream)
            target = MemberStream(deflated)
            yield target
            deflated.finish()
        end = self._stream.tell()
        record = _Record(name, flags, wide, target.crc, target.size, end - before, start)
        if not wide and max(record.size, record.compressed) > _MAX_32:
            raise ValueError(f"{path} is larger than announced")
        self._stream.seek(start)
        self._stream.write(_local_header(record))
        self._stream.seek(end)
        self._records.append(record)

    def finish(self) -> tuple[Written, ...]:
        """Write the central directory and return what was written."""
        start = self._stream.tell()
        for record in self._records:
            self._stream.write(_central_header(record))
        end = self._stream.tell()
        self._stream.write(_end_of_directory(len(self._records), start, end))
        return tuple(Written(r.name.decode(), r.size, r.compressed) for r in self._records)


class MemberStream(io.RawIOBase):
    """What is written to a member; it can't be sought."""

    def __init__(self, deflated: Deflated) -> None:
        super().__init__()
        self._deflated = deflated
        self.crc = 0
        self.size = 0

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Compress and write all of ``data``."""
        view = memoryview(data).cast("B")
        self.crc = zlib.crc32(view, self.crc)
        self.size += len(view)
        self._deflated.write(view)
        return len(view)


class Deflated(Protocol):
    """Compresses what is written to it."""

    def write(self, data: memoryview) -> None:
        """Take more data."""

    def finish(self) -> None:
        """Write what is still held back, and the end of the deflate stream."""


class _Text:
    """Deflate as usual: small files, with repetitions to find."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)

    def write(self, data: memoryview) -> None:
        self._stream.write(self._deflate.compress(data))

    def finish(self) -> None:
        self._stream.write(self._deflate.flush())


class _Numbers:
    """Deflate by frequency alone, in blocks of fixed length that threads compress side by side.

    Without repetitions no block refers to the one before it, so they can be joined as they are.
    """

    def __init__(self, stream: IO[bytes], workers: Executor) -> None:
        self._stream = stream
        self._workers = workers
        self._rest = bytearray()
        self._pending: deque[Future[bytes]] = deque()

    def write(self, data: memoryview) -> None:
        self._rest += data
        whole = len(self._rest) // _BLOCK * _BLOCK
        for start in range(0, whole, _BLOCK):
            block = bytes(self._rest[start : start + _BLOCK])
            self._pending.append(self._workers.submit(_by_frequency, block, zlib.Z_SYNC_FLUSH))
            self._drain(_AHEAD)
        del self._rest[:whole]

    def finish(self) -> None:
        self._drain(0)
        self._stream.write(_by_frequency(bytes(self._rest), zlib.Z_FINISH))

    def _drain(self, left: int) -> None:
        while len(self._pending) > left:
            self._stream.write(self._pending.popleft().result())


def _by_frequency(block: bytes, end: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return deflate.compress(block) + deflate.flush(end)


def _local_header(record: _Record) -> bytes:
    sizes = (record.compressed, record.size)
    extra = b""
    if record.wide:
        extra = struct.pack("<HHQQ", 1, 16, record.size, record.compressed)
        sizes = (_MAX_32, _MAX_32)
    return (
        struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            _VERSION_64 if record.wide else _VERSION,
            record.flags,
            _DEFLATED,
            0,
            _DATE,
            record.crc,
            *sizes,
            len(record.name),
            len(extra),
        )
        + record.name
        + extra
    )


def _central_header(record: _Record) -> bytes:
    numbers = (record.size, record.compressed, record.offset)
    large = [number for number in numbers if number >= _MAX_32]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, compressed, offset = (min(number, _MAX_32) for number in numbers)
    version = _VERSION_64 if record.wide or large else _VERSION
    return (
        struct.pack(
            "<4sBBHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            version,
            _UNIX,
            version,
            record.flags,
            _DEFLATED,
            0,
            _DATE,
            record.crc,
            compressed,
            size,
            len(record.name),
            len(extra),
            0,
            0,
            0,
            _FOLDER_0755 if record.name.endswith(b"/") else _FILE_0644,
            offset,
        )
        + record.name
        + extra
    )


def _end_of_directory(count: int, start: int, end: int) -> bytes:
    size = end - start
    wide = b""
    if count >= _MAX_16 or start >= _MAX_32 or size >= _MAX_32:
        wide = struct.pack(
            "<4sQHHIIQQQQ",
            b"PK\x06\x06",
            44,
            _VERSION_64,
            _VERSION_64,
            0,
            0,
            count,
            count,
            size,
            start,
        ) + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    few = min(count, _MAX_16)
    return wide + struct.pack(
        "<4sHHHHIIH",
        b"PK\x05\x06",
        0,
        0,
        few,
        few,
        min(size, _MAX_32),
        min(start, _MAX_32),
        0,
    )
