"""Go through a checkpoint from its first byte to its last, and cut it into pieces.

Nothing is sought, so a checkpoint that is compressed inside its package is unpacked only once. What
``torch.save`` leaves out of a record's header (it states sizes behind the data) is taken from the
pickle, which says how long each storage is, or found by looking for the end.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, cast

from ..storage.crc import joined
from .torch_zip import (
    DEFLATED,
    DESCRIPTOR,
    MAX_DIRECTORY,
    STORED,
    ContainerError,
    Record,
    Source,
    central_record,
    read_local_header,
)

#: ``read(n)``: at most n bytes, none at the end.
Read = Callable[[int], bytes]

#: Bytes of a piece. Records of a quarter of that and more are pieces of their own, so that they are
#: summed only once.
PIECE = 1 << 20
_LARGE = PIECE >> 2
#: Bytes in which the end of a record of unknown length is looked for.
_MAX_UNKNOWN = 64 * 1024 * 1024
_HEADER, _DIRECTORY = b"PK\3\4", b"PK\1\2"


@dataclass(frozen=True)
class Span:
    """A part of a record's content inside a piece."""

    #: Where the record begins in the file.
    record: int
    #: Its name below the folder of all records: ``data/0``.
    name: str
    #: Where in the record's content the part begins.
    at: int
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """Bytes of a file in their order, or what was unpacked from them."""

    data: bytes
    spans: tuple[Span, ...] = ()
    #: Whether these are bytes of the file itself.
    of_file: bool = True


@dataclass
class Records:
    """The records of one checkpoint: what was summed, and what its directory states."""

    names: dict[int, str] = field(default_factory=dict)
    #: Checksum and length of each part, by the record and the number of the piece.
    sums: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    stated: dict[int, int] = field(default_factory=dict)
    #: What follows the records: the directory, and what marks its place.
    tail: bytes = b""
    #: Bytes of the whole file.
    size: int = 0
    big_endian: bool = False

    def add(self, record: int, number: int, checksum: int, length: int) -> None:
        """Note the checksum of a part of a record; safe from several threads."""
        self.sums.setdefault(record, {})[number] = checksum, length

    def mismatches(self) -> list[str]:
        """Return the names of records with another checksum than their directory states.

        None where it states none at all: torch.serialization.set_crc32_options(False).
        """
        if not any(self.stated.values()):
            return []
        return [
            self.names[record]
            for record, parts in self.sums.items()
            if record in self.stated
            and joined(parts[n] for n in sorted(parts)) != self.stated[record]
        ]


def walk(read: Read, records: Records, prefix: str, sizes: Mapping[str, int]) -> Iterator[Piece]:
    """Yield a checkpoint in pieces, and fill ``records`` with what they are pieces of.

    Args:
        read: Gives the file from its start.
        records: Is filled; complete only at the end.
        prefix: The folder of the records.
        sizes: Bytes of the records that the pickle tells of, by their names below the prefix.
    """
    feed = _Feed(read)
    while feed.peek(4) == _HEADER:
        at = feed.position
        try:
            record = feed.header()
        except ContainerError:
            break
        name = record.name.removeprefix(f"{prefix}/")
        records.names[at] = name
        if record.method == STORED:
            length = _length(record, name, sizes, feed)
            if length is None:
                break
            if name == "byteorder":
                records.big_endian = feed.peek(length) == b"big"
            yield from _stored(feed, at, name, length)
        elif record.method == DEFLATED:
            yield from _deflated(feed, at, name, sizes.get(name, _MAX_UNKNOWN))
        else:
            break
        if record.flags & DESCRIPTOR:
            feed.skip_descriptor()
        if feed.held >= PIECE:
            yield feed.flush()
    yield feed.flush()
    yield from _rest(feed, records)


def _rest(feed: _Feed, records: Records) -> Iterator[Piece]:
    """Yield what follows the records, the directory, and note what that states."""
    tail: list[bytes] = []
    while data := feed.take(PIECE):
        if len(tail) * PIECE < MAX_DIRECTORY:
            tail.append(data)
        yield Piece(data)
    records.size = feed.position
    records.tail = b"".join(tail)
    records.stated.update(_stated(records.tail))


def _length(record: Record, name: str, sizes: Mapping[str, int], feed: _Feed) -> int | None:
    """Return the bytes of a stored record, None where its end can't be found."""
    if not record.flags & DESCRIPTOR or record.compressed:
        return record.compressed
    return sizes[name] if name in sizes else feed.find_end()


def _stored(feed: _Feed, at: int, name: str, length: int) -> Iterator[Piece]:
    if length < _LARGE:
        feed.hold(length, at, name)
        return
    yield feed.flush()
    done = 0
    while done < length and (data := feed.take(min(PIECE, length - done))):
        yield Piece(data, (Span(at, name, done, 0, len(data)),))
        done += len(data)


def _deflated(feed: _Feed, at: int, name: str, limit: int) -> Iterator[Piece]:
    """Unpack a record of at most ``limit`` bytes."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    done, rest = 0, b""
    while not inflate.eof and done <= limit:
        packed = feed.peek(PIECE >> 4)
        data = rest + inflate.decompress(packed, PIECE)
        used = len(packed) - len(inflate.unconsumed_tail) - len(inflate.unused_data)
        feed.hold(used)
        if len(data) == len(rest) and not used:
            return
        # No number may lie in two pieces; the longest has 8 bytes.
        whole = len(data) if inflate.eof else len(data) // 8 * 8
        data, rest = data[:whole], data[whole:]
        if data:
            yield Piece(data, (Span(at, name, done, 0, len(data)),), of_file=False)
        done += len(data)
        if feed.held >= PIECE:
            yield feed.flush()


def _stated(directory: bytes) -> dict[int, int]:
    """Return the checksum of each record by where it begins."""
    found: dict[int, int] = {}
    pos = 0
    try:
        while directory.startswith(_DIRECTORY, pos):
            record, pos = central_record(directory, pos)
            found[record.offset] = record.crc
    except ContainerError:
        return {}
    return found


class _Feed:
    """A file from its start; short stretches of it are held back to become one piece."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._ahead = b""
        self._parts: list[bytes] = []
        self._spans: list[Span] = []
        #: Bytes that are held back.
        self.held = 0
        #: Bytes that were taken.
        self.position = 0

    def peek(self, length: int) -> bytes:
        """Return the next bytes without taking them."""
        while len(self._ahead) < length and (data := self._read(length - len(self._ahead))):
            self._ahead += data
        return self._ahead[:length]

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        data = self.peek(length)
        self._ahead = self._ahead[len(data) :]
        self.position += len(data)
        return data

    def hold(self, length: int, record: int | None = None, name: str = "") -> None:
        """Take bytes into the next mixed piece, as the content of a record if one is named."""
        data = self.take(length)
        if record is not None and data:
            self._spans.append(Span(record, name, 0, self.held, self.held + len(data)))
        self._parts.append(data)
        self.held += len(data)

    def flush(self) -> Piece:
        """Return what was held back."""
        piece = Piece(b"".join(self._parts), tuple(self._spans))
        self._parts, self._spans, self.held = [], [], 0
        return piece

    def header(self) -> Record:
        """Take the header of the record that begins here. Raises ContainerError."""
        fixed = self.peek(30)
        length = 30 + sum(int.from_bytes(fixed[at : at + 2], "little") for at in (26, 28))
        record = read_local_header(Source(cast("BinaryIO", BytesIO(self.peek(length)))))
        self.hold(length)
        return record

    def find_end(self) -> int | None:
        """Return how far it is to the signature and the size that follow a record's data."""
        window, start = 4096, 0
        while True:
            ahead = self.peek(window)
            while (at := ahead.find(b"PK\7\x08", start)) >= 0 and at + 16 <= len(ahead):
                if ahead[at + 8 : at + 12] == at.to_bytes(4, "little"):
                    return at
                start = at + 1
            if len(ahead) < window or window > _MAX_UNKNOWN:
                return None
            start, window = max(start, window - 16), 4 * window

    def skip_descriptor(self) -> None:
        """Take the checksum and the sizes that follow streamed data."""
        ahead = self.peek(28)
        for length in (0, 16, 12, 24, 20):
            if ahead[length : length + 4] in {_HEADER, _DIRECTORY}:
                self.hold(length)
                return
