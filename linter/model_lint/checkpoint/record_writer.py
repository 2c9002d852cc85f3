"""Write the records of a checkpoint: a zip as ``torch.save`` lays it out."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from typing import IO

from ..storage.deflate import deflate_numbers
from ..storage.zip_format import (
    DEFLATED,
    DESCRIPTOR,
    LOCAL_SIZE,
    MAX_32,
    STORED,
    UTF_8,
    CentralHeader,
    LocalHeader,
    pack_central,
    pack_descriptor,
    pack_end,
    pack_local,
)
from .torch_zip import ContainerError

#: The folder of the records; torch names it after the file.
PREFIX = "checkpoint_final"
#: Storages begin at multiples of this, as torch writes them.
ALIGNMENT = 64
#: The version that torch states in the zip64 record at the end.
_TORCH = 798


class RecordWriter:
    """Writes records as torch does: aligned, with sizes and checksums after the data."""

    def __init__(self, target: IO[bytes], workers: Executor) -> None:
        self._target = target
        self._workers = workers
        self._position = 0
        self._written: list[CentralHeader] = []

    def _write(self, data: bytes) -> None:
        self._target.write(data)
        self._position += len(data)

    def record(self, name: str, data: Iterable[bytes], *, large: bool = False) -> None:
        """Write a record, compressed if it is large. Raises ContainerError if it is too large."""
        path = f"{PREFIX}/{name}".encode()
        offset = self._position
        padding = -(offset + LOCAL_SIZE + len(path) + 4) % ALIGNMENT
        extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        flags, method = DESCRIPTOR | UTF_8, DEFLATED if large else STORED
        self._write(pack_local(LocalHeader(flags, method, 0, 0, 0, path, extra)))
        start, summed = self._position, _Summed(data)
        for block in deflate_numbers(summed, self._workers) if large else summed:
            self._write(block)
        crc, size, compressed = summed.crc, summed.size, self._position - start
        if max(size, compressed) > MAX_32:
            raise ContainerError("C002", f"{name} is larger than 4 GiB")
        self._write(pack_descriptor(crc, compressed, size))
        self._written.append(
            CentralHeader(0, flags, method, crc, compressed, size, 0, 0, offset, path, b"")
        )

    def content_id(self) -> bytes:
        """Return 40 digits that identify the names and contents, as torch writes them."""
        names = zlib.crc32(b"".join(header.name for header in self._written))
        sums = struct.pack(f"<{len(self._written)}L", *(header.crc for header in self._written))
        return f"{names:020d}{zlib.crc32(sums):020d}".encode()

    def finish(self) -> int:
        """Write the directory and return the size of the file."""
        start = self._position
        for header in self._written:
            self._write(pack_central(header))
        length = self._position - start
        self._write(pack_end(len(self._written), start, length, made_by=_TORCH))
        return self._position


class _Summed:
    """Data whose checksum and size are known after iterating over it."""

    def __init__(self, data: Iterable[bytes]) -> None:
        self._data = data
        self.crc = 0
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._data:
            self.crc = zlib.crc32(block, self.crc)
            self.size += len(block)
            yield block
