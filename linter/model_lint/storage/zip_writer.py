"""Write zips reproducibly: the same input and the same zlib give the same bytes.

The bytes depend only on names, contents, methods and their order. Every member is dated 1980-01-01,
the earliest date of the format, and has mode 0644, a folder 0755.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from .zip_format import (
    DEFLATED,
    MAX_32,
    STORED,
    UTF_8,
    VERSION_64,
    CentralHeader,
    LocalHeader,
    pack_central,
    pack_end,
    pack_local,
    pack_wide,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

_UNIX = 3
_FILE_0644 = 0o100644 << 16
#: The lowest byte marks a folder for MS-DOS and Windows.
_FOLDER_0755 = (0o040755 << 16) | 0x10
_DATE = (1 << 5) | 1  # year 1980 + 0, month 1, day 1
_VERSION = 20
#: Members that may become larger than this get 64-bit sizes. It is well below the limit of 32 bits:
#: the size is an estimate when the header is written, and deflate can make data a bit larger.
_LARGE = 0xF0000000


@dataclass(frozen=True)
class _Written:
    name: bytes
    flags: int
    method: int
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
        self._written: list[_Written] = []

    @contextmanager
    def member(
        self, path: str, *, stored: bool = False, size_limit: int = 0
    ) -> Iterator[MemberStream]:
        """Open a member to write to, in order only.

        Args:
            path: its path in the zip, with ``/`` between the parts, and at the end of a folder.
            stored: whether it is not compressed, so that programs can seek in it.
            size_limit: an upper limit of its size in bytes; needed only above 3 GiB.
        """
        name = path.encode()
        flags = 0 if path.isascii() else UTF_8
        method = STORED if stored else DEFLATED
        wide = size_limit > _LARGE
        start = self._stream.tell()
        self._stream.write(_local(_Written(name, flags, method, wide, 0, 0, 0, start)))
        before = self._stream.tell()
        target = MemberStream(self._stream, stored=stored)
        yield target
        target.finish()
        end = self._stream.tell()
        member = _Written(name, flags, method, wide, target.crc, target.size, end - before, start)
        if not wide and max(member.size, member.compressed) > MAX_32:
            raise ValueError(f"{path} is larger than announced")
        self._stream.seek(start)
        self._stream.write(_local(member))
        self._stream.seek(end)
        self._written.append(member)

    def finish(self) -> dict[str, int]:
        """Write the directory; return the bytes that each member takes, in order."""
        start = self._stream.tell()
        for member in self._written:
            self._stream.write(_central(member))
        length = self._stream.tell() - start
        self._stream.write(pack_end(len(self._written), start, length))
        return {member.name.decode(): member.compressed for member in self._written}


class MemberStream(io.RawIOBase):
    """A stream that writes to a member; it is not seekable."""

    def __init__(self, stream: IO[bytes], *, stored: bool) -> None:
        super().__init__()
        self._stream = stream
        self._deflate = None if stored else zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
        self.crc = 0
        self.size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Write all of ``data``."""
        view = memoryview(data).cast("B")
        self.crc = zlib.crc32(view, self.crc)
        self.size += len(view)
        self._stream.write(self._deflate.compress(view) if self._deflate else view)
        return len(view)

    def finish(self) -> None:
        """Write the end of the compressed stream."""
        if self._deflate:
            self._stream.write(self._deflate.flush())


def _local(member: _Written) -> bytes:
    compressed, size, extra = member.compressed, member.size, b""
    if member.wide:
        extra = pack_wide(size, compressed)
        compressed = size = MAX_32
    header = LocalHeader(
        member.flags, member.method, member.crc, compressed, size, member.name, extra
    )
    return pack_local(header, version=VERSION_64 if member.wide else _VERSION, date=_DATE)


def _central(member: _Written) -> bytes:
    large = member.wide or max(member.size, member.compressed, member.offset) >= MAX_32
    header = CentralHeader(
        system=_UNIX,
        flags=member.flags,
        method=member.method,
        crc=member.crc,
        compressed=member.compressed,
        size=member.size,
        disk=0,
        attributes=_FOLDER_0755 if member.name.endswith(b"/") else _FILE_0644,
        offset=member.offset,
        name=member.name,
        extra=b"",
    )
    return pack_central(header, version=VERSION_64 if large else _VERSION, date=_DATE)
