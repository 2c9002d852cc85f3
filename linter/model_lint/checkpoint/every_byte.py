"""Read a checkpoint from its first byte to its last, to check its checksums and its weights.

A checkpoint inside a package has two checksums of every byte: the package's, and its own, which
torch never compares. The file is only read forward, so a compressed one is unpacked once.
``torch.save`` states the size of a record after its data, so the sizes of storages are taken from
the pickle, and the end of another record is searched for: those are short.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import NamedTuple

from ..storage.rereading import Tail
from ..storage.zip_format import CENTRAL, DESCRIPTOR, DESCRIPTOR_MARK, LOCAL, STORED
from ..wording import listing
from .crc import moved
from .finite import FLOATS, has_nonfinite, is_zero
from .limits import MAX_UNKNOWN
from .pickle_values import Tensor
from .torch_zip import (
    MAX_TAIL,
    ContainerError,
    CountedStream,
    Read,
    Record,
    content_reader,
    read_local_header,
)

#: Bytes that are examined at a time; a multiple of the longest number.
_BLOCK = 1 << 20


class EveryByte(NamedTuple):
    """The result of reading every byte."""

    #: Checksum and length of the whole file.
    crc: int
    size: int
    #: Its last bytes, with its directory.
    tail: bytes
    #: The checksum of each record, by the place of its header.
    sums: Mapping[int, int]
    #: Defects of the numbers of the weights, one line each.
    weights: tuple[str, ...] = ()

    def mismatches(self, directory: Iterable[Record]) -> list[str]:
        """Return the names of records whose checksum differs from the one in the directory.

        Empty if the directory states none (``torch.serialization.set_crc32_options(False)``).
        """
        stated = [record for record in directory if not record.name.endswith("/")]
        if not any(record.crc for record in stated):
            return []
        return [
            record.name.partition("/")[2]
            for record in stated
            if self.sums.get(record.offset) != record.crc
        ]


def read_every_byte(
    read: Read, prefix: str, sizes: Mapping[str, int], weights: Mapping[str, Tensor], most: int
) -> EveryByte:
    """Read a checkpoint to its end.

    Args:
        read: reads the file from its start.
        prefix: the folder of the records.
        sizes: the bytes of the pickle and of the storages that it declares, by record.
        weights: the tensors whose numbers are checked.
        most: the number of records that are summed: as many as a directory may have.
    """
    summed = _Summed(read)
    stream = CountedStream(summed)
    numbers = {f"{prefix}/data/{key}": found for key, found in _numbers(weights).items()}
    sums: dict[int, int] = {}
    big_endian = False
    while len(sums) < most and stream.peek(4) == LOCAL:
        at = stream.position
        try:
            record = read_local_header(stream)
            content = _Content(stream, summed, record, _length(stream, record, sizes))
            for place, block in _blocks(content.read):
                if place > sizes.get(record.name, MAX_UNKNOWN):
                    break  # it contains more than is declared
                for tensor in numbers.get(record.name, ()):
                    tensor.examine(block, place)
                big_endian |= record.name == f"{prefix}/byteorder" and block == b"big"
        except ContainerError:
            break
        sums[at] = content.crc
        if record.flags & DESCRIPTOR:
            _skip_descriptor(stream)
    while stream.read(_BLOCK):
        pass
    every = [] if big_endian else [t for found in numbers.values() for t in found]
    return EveryByte(summed.crc, stream.count, summed.tail.bytes, sums, tuple(_wrong(every)))


class _Summed:
    """A stream that sums the bytes it reads, and keeps the last of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.crc = 0
        self.tail = Tail(MAX_TAIL)

    def read(self, length: int, /) -> bytes:
        data = self._read(length)
        self.crc = zlib.crc32(data, self.crc)
        self.tail.add(data)
        return data


# ------------------------------------------------------------------------------- the records


class _Content:
    """The content of a record, summed as it is read.

    Whole blocks of a stored record are already part of the sum of the file: this sum is derived
    from that one, in a thirtieth of the time (`crc`).
    """

    def __init__(
        self, stream: CountedStream, summed: _Summed, record: Record, length: int | None
    ) -> None:
        self._read = content_reader(stream, record.method, length)
        self._stream = stream
        self._summed = summed
        self._stored = record.method == STORED
        self.crc = 0

    def read(self, length: int) -> bytes:
        straight = self._stored and self._stream.position == self._stream.count
        before = self._summed.crc
        data = self._read(length)
        if straight and len(data) == _BLOCK:
            self.crc = self._summed.crc ^ moved(before ^ self.crc, _BLOCK)
        else:
            self.crc = zlib.crc32(data, self.crc)
        return data


def _length(stream: CountedStream, record: Record, sizes: Mapping[str, int]) -> int | None:
    """Return the bytes of a record in the file; None if its compressed data shows its end."""
    if record.compressed or not record.flags & DESCRIPTOR:
        return record.compressed
    if record.method != STORED:
        return None
    return sizes[record.name] if record.name in sizes else _find_end(stream)


def _find_end(stream: CountedStream) -> int:
    """Return the distance to the signature and the size that follow a record's data."""
    ahead, at = stream.peek(MAX_UNKNOWN), -1
    while (at := ahead.find(DESCRIPTOR_MARK, at + 1)) >= 0:
        if ahead[at + 8 : at + 12] == at.to_bytes(4, "little"):
            return at
    raise ContainerError("C002", "a record without an end")


def _blocks(read: Read) -> Iterator[tuple[int, bytes]]:
    """Yield the content of a record in blocks of whole numbers, each with its place."""
    place, rest = 0, b""
    while data := read(_BLOCK):
        if rest:
            data = rest + data
        whole = len(data) // 8 * 8
        rest = data[whole:]
        if whole:
            yield place, data[:whole] if rest else data
        place += whole
    if rest:
        yield place, rest


def _skip_descriptor(stream: CountedStream) -> None:
    """Skip the checksum and the sizes that follow streamed data."""
    ahead = stream.peek(28)
    for length in (0, 16, 12, 24, 20):
        if ahead[length : length + 4] in {LOCAL, CENTRAL}:
            stream.exactly(length)
            return


# ------------------------------------------------------------------------------- the numbers


class _Numbers:
    """The numbers of a tensor of floats in its storage, and what was found in them."""

    def __init__(self, name: str, tensor: Tensor, *, needed: bool) -> None:
        self.name = name
        self._dtype = tensor.dtype
        self._start, self._end = (edge * tensor.storage.itemsize for edge in tensor.extent)
        #: Whether only zeros would be a defect.
        self.needed = needed
        #: Whether a number is NaN or infinite.
        self.bad = False
        #: Whether a number is not zero.
        self.alive = False

    def examine(self, block: bytes, place: int) -> None:
        """Check those of its numbers that are in a block of the storage."""
        start, end = max(self._start - place, 0), min(self._end - place, len(block))
        if start >= end:
            return
        part = block if end - start == len(block) else block[start:end]
        self.bad = self.bad or has_nonfinite(part, self._dtype)
        self.alive = self.alive or not self.needed or not is_zero(part)


def _wrong(tensors: list[_Numbers]) -> Iterator[str]:
    bad = [tensor.name for tensor in tensors if tensor.bad]
    if bad:
        yield f"{listing(bad)} {_verb(bad, 'contains', 'contain')} NaN or infinite values"
    dead = [t.name for t in tensors if t.needed and not t.alive and not t.bad]
    if dead:
        yield f"{listing(dead)} {_verb(dead, 'contains', 'contain')} only zeros"


def _verb(names: list[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many


def _numbers(weights: Mapping[str, Tensor]) -> dict[str, list[_Numbers]]:
    """Return the tensors of floats by the key of their storage, each with its first name."""
    used = _last_head(weights)
    found: dict[str, dict[tuple[int, int], _Numbers]] = {}
    for name, tensor in weights.items():
        start, end = (edge * tensor.storage.itemsize for edge in tensor.extent)
        dense = prod(tensor.shape) * tensor.storage.itemsize == end - start
        if tensor.dtype not in FLOATS or tensor.dtype != tensor.storage.dtype or not dense:
            continue
        idle = ".seg_layers." in name and not name.startswith(used)
        needed = len(tensor.shape) > 1 and name.endswith(".weight") and not idle
        places = found.setdefault(tensor.storage.key, {})
        places.setdefault((start, end), _Numbers(name, tensor, needed=needed))
    return {key: list(places.values()) for key, places in found.items()}


def _last_head(weights: Mapping[str, Tensor]) -> str:
    """Return the prefix of the weights of the last head; training alone uses the other heads."""
    numbers = [0]
    for name in weights:
        found = re.match(r"decoder\.seg_layers\.(\d{1,4})\.", name)
        numbers += [int(found[1])] if found else []
    return f"decoder.seg_layers.{max(numbers)}."
