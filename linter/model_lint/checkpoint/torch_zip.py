"""The zip that ``torch.save`` writes, read as torch reads it.

Python's ``zipfile`` is not used: the first record has to be read from a stream that can't seek (a
checkpoint inside a deflated package), and of the directory only names, sizes and places matter.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

#: ``read(n)``: at most n bytes, none at the end.
Read = Callable[[int], bytes]

STORED, DEFLATED = 0, 8
#: Flag bits of a record.
ENCRYPTED, DESCRIPTOR = 0x1, 0x8
#: An end-of-directory record with its longest comment and what zip64 puts before it.
TAIL = 22 + 65535 + 20 + 56
#: No directory of a checkpoint comes near this.
MAX_DIRECTORY = 32 * 1024 * 1024

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
#: Bytes that a record takes besides its data and its name, which stands there twice.
LEAST_HEADERS = _LOCAL.size + _CENTRAL.size
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


class ContainerError(Exception):
    """Not a torch zip (C001) or an incomplete one (C002)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Record(NamedTuple):
    """One member of the zip."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    #: Where its local header stands; that of the central directory.
    offset: int


class Source:
    """A stream that counts what is read, and gives every failure as a ContainerError."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self.count = 0

    def peek(self, length: int) -> bytes:
        """Return the next bytes without taking them."""
        parts = [self._ahead]
        missing = length - len(self._ahead)
        while missing > 0:
            parts.append(self._read(missing))
            missing -= len(parts[-1])
            if not parts[-1]:
                break
        self._ahead = b"".join(parts)
        return self._ahead[:length]

    def read(self, length: int) -> bytes:
        """Return at most ``length`` bytes."""
        if not self._ahead:
            return self._read(length)
        data, self._ahead = self._ahead[:length], self._ahead[length:]
        return data

    def push_back(self, data: bytes) -> None:
        """Give back bytes that were read too far."""
        self._ahead = data + self._ahead

    def exactly(self, length: int) -> bytes:
        """Return ``length`` bytes, or fail."""
        data = self.peek(length)
        self._ahead = self._ahead[len(data) :]
        if len(data) < length:
            raise ContainerError("C002", "the file ends in the middle of a record")
        return data

    def seek(self, offset: int) -> None:
        """Go on reading at another place."""
        self._ahead = b""
        try:
            self._stream.seek(offset)
        except Exception as error:
            raise ContainerError("C002", f"can't be read: {error}") from error

    @property
    def seekable(self) -> bool:
        """Whether `seek` works."""
        return self._stream.seekable()

    def _read(self, length: int) -> bytes:
        try:
            data = self._stream.read(length)
        except Exception as error:  # an OSError, or what zipfile and its decompressors raise
            raise ContainerError("C002", f"can't be read: {error}") from error
        self.count += len(data)
        return data


def read_local_header(source: Source) -> Record:
    """Read the header of the record that begins here; sizes are 0 where a descriptor has them."""
    fields = _LOCAL.unpack(source.exactly(_LOCAL.size))
    magic, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = fields
    if magic != b"PK\x03\x04":
        raise ContainerError("C002", "a record does not begin where it should")
    name = _name(source.exactly(name_length))
    extra = source.exactly(extra_length)
    size, compressed = zip64(extra, [size, compressed])
    return Record(name, flags, method, crc, compressed, size, 0)


def read_directory(source: Source, size: int) -> tuple[Record, ...]:
    """Read the central directory of a file of ``size`` bytes."""
    start, length, count = _end_of_directory(source, size)
    if length > MAX_DIRECTORY:
        raise ContainerError("C001", f"a directory of {length} bytes")
    source.seek(start)
    data = source.exactly(length)
    records = []
    pos = 0
    while pos < length:
        record, pos = central_record(data, pos)
        records.append(record)
    if len(records) != count:
        raise ContainerError("C002", f"the directory has {len(records)} of {count} records")
    return tuple(records)


def open_record(source: Source, record: Record) -> Read:
    """Return a function that reads the content of a record, uncompressed, without its checksum."""
    source.seek(record.offset)
    read_local_header(source)
    return content_reader(source, record.method, record.compressed)


def content_reader(source: Source, method: int, compressed: int | None) -> Read:
    """Read content that begins here; its end is where ``compressed`` or the deflate stream says."""
    limited = source.read if compressed is None else _Limited(source, compressed).read
    if method == STORED:
        return limited
    if method == DEFLATED:
        return _Inflated(limited).read
    raise ContainerError("C001", f"compression method {method}, which torch can't read")


class _Limited:
    def __init__(self, source: Source, length: int) -> None:
        self._source = source
        self._left = length

    def read(self, length: int) -> bytes:
        data = self._source.read(min(length, self._left))
        self._left -= len(data)
        return data


class _Inflated:
    """A deflate stream; gives nothing behind its end."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._pending = b""

    def read(self, length: int) -> bytes:
        while not self._inflate.eof:
            compressed = self._pending or self._read(length)
            try:
                data = self._inflate.decompress(compressed, length)
            except zlib.error as error:
                raise ContainerError("C002", f"damaged deflate stream: {error}") from error
            self._pending = self._inflate.unconsumed_tail
            if data or not compressed:
                return data
        return b""


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def zip64(extra: bytes, values: list[int]) -> list[int]:
    """Put the 64-bit values of an extra field where the 32-bit ones are full."""
    pos = 0
    while pos + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, pos)
        if kind == 1:
            field = extra[pos + 4 : pos + 4 + length]
            wide = [v[0] for v in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
            return [wide.pop(0) if v == 0xFFFFFFFF and wide else v for v in values]
        pos += 4 + length
    return values


def _end_of_directory(source: Source, size: int) -> tuple[int, int, int]:
    """Return the start and length of the directory, and how many records it holds."""
    for length in (min(size, 4096), min(size, TAIL)):
        source.seek(size - length)
        tail = source.exactly(length)
        at = tail.rfind(b"PK\x05\x06")
        if 0 <= at <= length - _END.size:
            break
    else:
        raise ContainerError("C002", "no directory at its end: the file is cut off")
    count, total, start = _END.unpack_from(tail, at)[4:7]
    end = size - length + at
    if at >= _LOCATOR.size:
        magic, _, end64, _ = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
        if magic == b"PK\x06\x07" and end64 + _END64.size <= end:
            source.seek(end64)
            fields = _END64.unpack(source.exactly(_END64.size))
            if fields[0] == b"PK\x06\x06":
                count, total, start = fields[7:10]
    if start + total > end:
        raise ContainerError("C002", "the directory lies outside the file")
    return start, total, count


def central_record(data: bytes, pos: int) -> tuple[Record, int]:
    """Return the record of the directory that begins at ``pos``, and where the next one does."""
    if pos + _CENTRAL.size > len(data):
        raise ContainerError("C002", "the directory is cut off")
    fields = _CENTRAL.unpack_from(data, pos)
    magic, _, _, flags, method, _, _, crc, compressed, size = fields[:10]
    name_length, extra_length, comment_length = fields[10:13]
    offset = fields[16]
    if magic != b"PK\x01\x02":
        raise ContainerError("C002", "the directory is damaged")
    name_end = pos + _CENTRAL.size + name_length
    extra_end = name_end + extra_length
    name = _name(data[pos + _CENTRAL.size : name_end])
    size, compressed, offset = zip64(data[name_end:extra_end], [size, compressed, offset])
    record = Record(name, flags, method, crc, compressed, size, offset)
    return record, extra_end + comment_length
