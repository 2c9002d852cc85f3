"""The records of a zip (APPNOTE 6.3.10): what each holds, as they are read and written.

The only place where their layout stands: the reader of packages, the reader of checkpoints (which
are zips too) and both writers use it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
#: Flags: encrypted; checksum and sizes follow the data; patched data; strong encryption; the name
#: is UTF-8.
ENCRYPTED, DESCRIPTOR, PATCHED, STRONG, UTF_8 = 0x1, 0x8, 0x20, 0x40, 0x800
LOCAL, CENTRAL, END, END_64, LOCATOR = (
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"PK\6\6",
    b"PK\6\7",
)
DESCRIPTOR_MARK = b"PK\7\x08"
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
#: The kind of an extra field that holds 64-bit sizes, and the version of the format that has them.
_ZIP_64, VERSION_64 = 1, 45

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_DESCRIPTOR = struct.Struct("<4s3L")
LOCAL_SIZE, CENTRAL_SIZE, END_SIZE = _LOCAL.size, _CENTRAL.size, _END.size
END_64_SIZE, LOCATOR_SIZE = _END_64.size, _LOCATOR.size
#: The record at the end with its longest comment, and what zip64 puts before it.
TAIL_SIZE = END_SIZE + MAX_16 + LOCATOR_SIZE + END_64_SIZE


class FormatError(Exception):
    """A record that is not one, or that is cut off; the message says why in one line."""


class LocalHeader(NamedTuple):
    """The header before an entry's data."""

    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    name: bytes
    extra: bytes

    @property
    def length(self) -> int:
        """Bytes of the header itself: the data follows."""
        return LOCAL_SIZE + len(self.name) + len(self.extra)


class CentralHeader(NamedTuple):
    """An entry of the directory at the end."""

    #: The system that wrote it: 3 is Unix.
    system: int
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    #: The number of the disk that it begins on.
    disk: int
    #: Of its attributes, the upper half is the Unix mode.
    attributes: int
    #: Where the local header stands.
    offset: int
    name: bytes
    extra: bytes


class End(NamedTuple):
    """What the records at the end state of the directory."""

    disk: int
    entries: int
    #: Bytes of the directory, and where it begins.
    length: int
    start: int
    comment: bytes


def local_length(fixed: bytes) -> int:
    """Return the bytes of a whole local header, from its first LOCAL_SIZE ones."""
    fields = _LOCAL.unpack(fixed)
    return LOCAL_SIZE + int(fields[9]) + int(fields[10])


def parse_local(data: bytes) -> LocalHeader:
    """Parse a local header that begins here. Raises FormatError."""
    if len(data) < LOCAL_SIZE or not data.startswith(LOCAL):
        raise FormatError("no entry begins where the directory says")
    _, _, flags, method, _, _, crc, compressed, size, name, extra = _LOCAL.unpack_from(data)
    if len(data) < LOCAL_SIZE + name + extra:
        raise FormatError("a header is cut off")
    more = data[LOCAL_SIZE + name : LOCAL_SIZE + name + extra]
    if MAX_32 in {size, compressed}:
        size, compressed = _wide(more, (size, compressed))
    return LocalHeader(
        flags, method, crc, compressed, size, data[LOCAL_SIZE : LOCAL_SIZE + name], more
    )


def parse_directory(data: bytes) -> Iterator[CentralHeader]:
    """Parse a directory, entry by entry. Raises FormatError."""
    at = 0
    unpack, end = _CENTRAL.unpack_from, len(data)
    while at < end:
        if at + CENTRAL_SIZE > end:
            raise FormatError("Truncated central directory")
        fields = unpack(data, at)
        magic, _, system, _, flags, method, _, _, crc, compressed, size, name, extra = fields[:13]
        comment, disk, _, attributes, offset = fields[13:]
        if magic != CENTRAL:
            raise FormatError("Bad magic number for central directory")
        start = at + CENTRAL_SIZE
        at = start + name + extra + comment
        more = data[start + name : start + name + extra] if extra else b""
        if MAX_32 in {size, compressed, offset}:
            size, compressed, offset = _wide(more, (size, compressed, offset))
        yield CentralHeader(
            system,
            flags,
            method,
            crc,
            compressed,
            size,
            disk,
            attributes,
            offset,
            data[start : start + name],
            more,
        )


def parse_end(data: bytes, at: int) -> End:
    """Parse the record at the end that begins at a place."""
    _, disk, _, _, count, length, start, comment = _END.unpack_from(data, at)
    return End(disk, count, length, start, data[at + END_SIZE : at + END_SIZE + comment])


def parse_locator(data: bytes) -> tuple[int, int, int] | None:
    """Return disk, place and number of disks of the zip64 record; None where this is no locator."""
    if len(data) < LOCATOR_SIZE or not data.startswith(LOCATOR):
        return None
    _, disk, at, disks = _LOCATOR.unpack_from(data)
    return disk, at, disks


def parse_end_64(data: bytes) -> End | None:
    """Parse the zip64 record of the end; None where this is none."""
    if len(data) < END_64_SIZE or not data.startswith(END_64):
        return None
    _, _, _, _, disk, _, _, count, length, start = _END_64.unpack_from(data)
    return End(disk, count, length, start, b"")


# ------------------------------------------------------------------------------------- writing


def pack_local(header: LocalHeader, *, version: int = 0, date: int = 0) -> bytes:
    """Return a local header. ``version`` of the format reads it; ``date`` is that of MS-DOS."""
    fixed = (version, header.flags, header.method, 0, date, header.crc)
    sizes = (header.compressed, header.size, len(header.name), len(header.extra))
    return _LOCAL.pack(LOCAL, *fixed, *sizes) + header.name + header.extra


def pack_descriptor(crc: int, compressed: int, size: int) -> bytes:
    """Return the checksum and the sizes that follow data whose header could not state them."""
    return _DESCRIPTOR.pack(DESCRIPTOR_MARK, crc, compressed, size)


def pack_central(header: CentralHeader, *, version: int = 0, date: int = 0) -> bytes:
    """Return an entry of the directory; what needs 64 bits goes into an extra field."""
    numbers = (header.size, header.compressed, header.offset)
    extra = pack_wide(*(number for number in numbers if number >= MAX_32)) + header.extra
    size, compressed, offset = (min(number, MAX_32) for number in numbers)
    fixed = (version, header.system, version, header.flags, header.method, 0, date, header.crc)
    sizes = (compressed, size, len(header.name), len(extra), 0)
    place = (header.disk, 0, header.attributes, offset)
    return _CENTRAL.pack(CENTRAL, *fixed, *sizes, *place) + header.name + extra


def pack_wide(*numbers: int) -> bytes:
    """Return the extra field with numbers that need 64 bits; nothing for none."""
    if not numbers:
        return b""
    return struct.pack(f"<HH{len(numbers)}Q", _ZIP_64, 8 * len(numbers), *numbers)


def pack_end(entries: int, start: int, length: int, *, made_by: int | None = None) -> bytes:
    """Return the records at the end, for a directory that begins at ``start``.

    Those of zip64 are among them where the numbers need them, or where ``made_by`` says who wrote
    the zip: its version, with the system in the upper byte.
    """
    wide = b""
    if made_by or entries >= MAX_16 or max(start, length) >= MAX_32:
        by = made_by or VERSION_64
        wide = _END_64.pack(
            END_64, 44, by, VERSION_64, 0, 0, entries, entries, length, start
        ) + _LOCATOR.pack(LOCATOR, 0, start + length, 1)
    few = min(entries, MAX_16)
    return wide + _END.pack(END, 0, 0, few, few, min(length, MAX_32), min(start, MAX_32), 0)


# ------------------------------------------------------------------------------------- the parts


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the content of each extra field. Raises FormatError."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if at + 4 + length > len(extra):
            raise FormatError(f"Corrupt extra field {kind:04x} (size={length})")
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _wide(extra: bytes, values: tuple[int, ...]) -> tuple[int, ...]:
    """Put the 64-bit values of an extra field where the 32-bit ones are full."""
    for kind, field in extra_fields(extra):
        if kind == _ZIP_64:
            wide = [v[0] for v in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
            if len(wide) < values.count(MAX_32):
                raise FormatError("Corrupt zip64 extra field")
            return tuple(wide.pop(0) if v == MAX_32 else v for v in values)
    return values
