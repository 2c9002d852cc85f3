"""The zip that ``torch.save`` writes, read as torch reads it.

A record is a file in that zip; this is torch's word. Python's ``zipfile`` is not used: it can't
read the first record from a stream that is not seekable (a checkpoint inside a deflated package).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, Protocol, cast

from ..errors import UsageError
from ..storage.tree import TreeError
from ..storage.zip_format import (
    CENTRAL_SIZE,
    DEFLATED,
    ENCRYPTED,
    END,
    END_64_SIZE,
    END_SIZE,
    LOCAL_SIZE,
    LOCATOR_SIZE,
    MASKED,
    PATCHED,
    STORED,
    STRONG,
    TAIL_SIZE,
    CentralHeader,
    End,
    FormatError,
    local_length,
    parse_directory,
    parse_end,
    parse_end_64,
    parse_local,
    parse_locator,
)
from .limits import ALONE
from .pickle_values import shown

#: ``read(n)`` returns at most n bytes, none at the end.
Read = Callable[[int], bytes]

#: Bytes of the end of the file that contain the directory and the records after it.
MAX_TAIL = ALONE.directory + TAIL_SIZE
#: Flags of records at which torch's reader stops.
_REFUSED = ENCRYPTED | PATCHED | STRONG | MASKED
#: The attribute of a folder, for torch's reader on every system.
_FOLDER = 0x10
#: Bytes of a record in addition to its data and its name, which is there twice.
LEAST_HEADERS = LOCAL_SIZE + CENTRAL_SIZE


class ContainerError(Exception):
    """Not a torch zip (C001) or an incomplete one (C002)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Record(NamedTuple):
    """One file in the zip."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    #: Where its local header is; 0 if the directory was not read.
    offset: int


class Readable(Protocol):
    """A stream that a `CountedStream` reads; to be seekable it needs a ``seek`` as well."""

    def read(self, length: int, /) -> bytes:
        """Return at most ``length`` bytes, none at the end."""


class CountedStream:
    """A stream with look-ahead that counts the bytes it reads, and raises only ContainerError.

    A TreeError, of the package around the checkpoint, and a UsageError, of its server, pass.
    """

    def __init__(self, stream: Readable) -> None:
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
        """Return bytes to the stream that were read too far."""
        self._ahead = data + self._ahead

    def exactly(self, length: int) -> bytes:
        """Return ``length`` bytes. Raises ContainerError if there are fewer."""
        data = self.peek(length)
        self._ahead = self._ahead[len(data) :]
        if len(data) < length:
            raise ContainerError("C002", "the file ends in the middle of a record")
        return data

    def seek(self, offset: int) -> None:
        """Go to another place."""
        self._ahead = b""
        try:
            cast("BinaryIO", self._stream).seek(offset)
        except Exception as error:
            raise ContainerError("C002", f"can't be read: {error}") from error

    @property
    def position(self) -> int:
        """The position, if `seek` was never called."""
        return self.count - len(self._ahead)

    def _read(self, length: int) -> bytes:
        try:
            data = self._stream.read(length)
        except (TreeError, UsageError):  # of the package around the checkpoint, or its server
            raise
        except Exception as error:
            raise ContainerError("C002", f"can't be read: {error}") from error
        self.count += len(data)
        return data


def read_local_header(stream: CountedStream) -> Record:
    """Read the header of the record that begins here; sizes are 0 if they follow the data."""
    fixed = stream.peek(LOCAL_SIZE)
    if len(fixed) < LOCAL_SIZE:
        stream.exactly(LOCAL_SIZE)
    try:
        header = parse_local(stream.peek(local_length(fixed)))
    except FormatError as error:
        if fixed.startswith(b"PK\3\4"):
            raise ContainerError("C002", "the file ends in the middle of a record") from error
        raise ContainerError("C002", "a record does not begin where it should") from error
    stream.exactly(header.length)
    return Record(
        _name(header.name),
        header.flags,
        header.method,
        header.crc,
        header.compressed,
        header.size,
        0,
    )


def read_directory(
    stream: CountedStream, size: int, most: int = ALONE.directory
) -> tuple[Record, ...]:
    """Read the central directory, of ``most`` bytes, of a file of ``size`` bytes."""
    end = _end_of_directory(stream, size)
    if end.length > most:
        raise ContainerError("C001", f"a directory of {end.length} bytes: more than {most}")
    if end.here != end.entries or end.disks not in {(0, 0), (1, 1)} or 0 < end.size < END_64_SIZE:
        raise ContainerError("C001", "torch refuses it: its last record is that of another zip")
    stream.seek(end.start)
    records = parse_records(stream.exactly(end.length))
    if len(records) != end.entries:
        raise ContainerError("C002", f"the directory has {len(records)} of {end.entries} records")
    outside = [r for r in records if r.offset + LOCAL_SIZE + r.compressed > size]
    if outside:
        raise ContainerError("C002", f"{shown(outside[0].name)} is outside the file")
    return records


def parse_records(directory: bytes) -> tuple[Record, ...]:
    """Parse a directory."""
    try:
        return tuple(map(_record, parse_directory(directory)))
    except FormatError as error:
        cut = "Truncated" in str(error)
        reason = "the directory is cut off" if cut else "the directory is damaged"
        raise ContainerError("C002", reason) from error


def _record(header: CentralHeader) -> Record:
    """Return a record. Raises ContainerError for one that torch's reader refuses."""
    name = _name(header.name)
    reason = ""
    if header.flags & _REFUSED:
        reason = "encrypted or patched"
    elif header.method not in {STORED, DEFLATED}:
        raise ContainerError("C001", f"compression method {header.method}, which torch can't read")
    elif header.method == STORED and header.size != header.compressed:
        reason = f"stored in {header.compressed} bytes, but {header.size} long"
    elif header.disk not in {0, 1}:
        reason = "on another disk"
    elif header.attributes & _FOLDER and not name.endswith("/"):
        reason = "marked as a folder"
    if reason:
        raise ContainerError("C001", f"torch refuses it: {shown(name)} is {reason}")
    return Record(
        name,
        header.flags,
        header.method,
        header.crc,
        header.compressed,
        header.size,
        header.offset,
    )


def open_record(stream: CountedStream, record: Record) -> Read:
    """Return a function that reads the unpacked content of a record, without its checksum."""
    stream.seek(record.offset)
    read_local_header(stream)
    return content_reader(stream, record.method, record.compressed)


def content_reader(stream: CountedStream, method: int, compressed: int | None) -> Read:
    """Return a function that reads the unpacked content that begins here.

    It ends after ``compressed`` bytes, or if that is None where the deflate stream ends.
    """
    limited = stream.read if compressed is None else _Limited(stream, compressed).read
    if method == STORED:
        return limited
    if method == DEFLATED:
        return _Inflated(limited, stream).read
    raise ContainerError("C001", f"compression method {method}, which torch can't read")


class _Limited:
    def __init__(self, stream: CountedStream, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, length: int) -> bytes:
        data = self._stream.read(min(length, self._left))
        self._left -= len(data)
        return data


class _Inflated:
    """A deflate stream; bytes after its end go back to the stream it is read from."""

    def __init__(self, read: Read, stream: CountedStream) -> None:
        self._read = read
        self._stream = stream
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
            if self._inflate.eof:
                self._stream.push_back(self._inflate.unused_data)
            if data or not compressed:
                return data
        return b""


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _end_of_directory(stream: CountedStream, size: int) -> End:
    """Find the directory as torch does: a zip64 record is where its locator says."""
    for length in (min(size, 4096), min(size, TAIL_SIZE)):
        stream.seek(size - length)
        tail = stream.exactly(length)
        at = tail.rfind(END)
        if 0 <= at <= length - END_SIZE:
            break
    else:
        raise ContainerError("C002", "no directory at its end: the file is cut off")
    found = parse_end(tail, at)
    place = size - length + at
    locator = parse_locator(tail[max(0, at - LOCATOR_SIZE) : at])
    if locator and locator[1] + END_64_SIZE <= place:
        stream.seek(locator[1])
        wide = parse_end_64(stream.exactly(END_64_SIZE))
        if wide and locator[2] != 1:
            raise ContainerError("C001", "torch refuses it: its last record is that of another zip")
        found = wide or found
    if found.start + found.length > place:
        raise ContainerError("C002", "the directory is outside the file")
    return found
