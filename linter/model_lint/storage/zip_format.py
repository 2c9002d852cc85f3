"""Parse and pack the records of a zip (APPNOTE 6.3.10).

The layout is defined only here: the reader of packages, the reader of checkpoints (which are zips
too) and both writers use it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .limits import MAX_EXTRA_FIELDS
from .tree import LimitError

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
#: Flags: encrypted; how deflate was set, which nobody reads; checksum and sizes follow the data;
#: patched data; strong encryption; the name is UTF-8; the header is masked.
ENCRYPTED, SETTINGS, DESCRIPTOR, PATCHED, STRONG, UTF_8 = 0x1, 0x6, 0x8, 0x20, 0x40, 0x800
MASKED = 0x2000
LOCAL, CENTRAL, END, END_64, LOCATOR = (
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"PK\6\6",
    b"PK\6\7",
)
DESCRIPTOR_MARK = b"PK\7\x08"
NO_HEADER = "no entry begins where the directory says"
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
#: The kinds of extra fields with 64-bit sizes, a name in Unicode, the target of a link (two of
#: them), and libarchive's for streams.
ZIP_64, UNICODE_PATH, PKWARE_UNIX, ASI_UNIX, EXPERIMENTAL = 0x1, 0x7075, 0xD, 0x756E, 0x6C78
#: The highest version needed to unpack an entry that ``zipfile`` accepts: 6.3.
_MAX_VERSION = 63
#: The version of the format that has 64-bit sizes.
VERSION_64 = 45

_LOCAL = struct.Struct("<4s5H3L2H")
#: The same without the version and the date.
_COMPARED = struct.Struct("<4s2x2H4x3L2H")
_CENTRAL = struct.Struct("<4sBBBxHHHHLLLHHHHHLL")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_FIELD = struct.Struct("<HH")
_LOCATOR = struct.Struct("<4sLQL")
_DESCRIPTOR = struct.Struct("<4s3L")
LOCAL_SIZE, CENTRAL_SIZE, END_SIZE = _LOCAL.size, _CENTRAL.size, _END.size
END_64_SIZE, LOCATOR_SIZE = _END_64.size, _LOCATOR.size
#: The record at the end with its longest comment, and what zip64 puts before it.
TAIL_SIZE = END_SIZE + MAX_16 + LOCATOR_SIZE + END_64_SIZE


class FormatError(Exception):
    """A record is invalid or cut off; the message says why in one line."""


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
        """Bytes of the header; the data follows it."""
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
    #: The upper half is the Unix mode.
    attributes: int
    #: Where the local header is.
    offset: int
    name: bytes
    extra: bytes
    comment: bytes = b""


class End(NamedTuple):
    """What a record at the end states about the directory."""

    #: The numbers of its own disk and of the disk on which the directory begins.
    disks: tuple[int, int]
    #: Entries on this disk, and all of them.
    here: int
    entries: int
    #: Bytes of the directory, and where it begins.
    length: int
    start: int
    comment: bytes
    #: Stated bytes of the record itself (only in zip64), and of its comment.
    size: int = 0
    comment_length: int = 0


def local_fields(data: bytes, at: int) -> tuple[object, ...]:
    """Return the fields of the local header at ``at`` that are compared, without parsing it.

    Mark, flags, method, checksum, packed size, size, length of the name, length of extra fields.
    """
    return _COMPARED.unpack_from(data, at)


def local_length(fixed: bytes) -> int:
    """Return the length of a local header, from its first LOCAL_SIZE bytes."""
    fields = _LOCAL.unpack(fixed)
    return LOCAL_SIZE + int(fields[9]) + int(fields[10])


def parse_local(data: bytes) -> LocalHeader:
    """Parse a local header that begins here. Raises FormatError."""
    if len(data) < LOCAL_SIZE or not data.startswith(LOCAL):
        raise FormatError(NO_HEADER)
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
        # fmt: off
        (
            magic, _, system, version, flags, method, _, _, crc, compressed, size,
            name, extra, comment, disk, _, attributes, offset,
        ) = unpack(data, at)
        # fmt: on
        if magic != CENTRAL:
            raise FormatError("Bad magic number for central directory")
        if version > _MAX_VERSION:
            raise FormatError(f"zip file version {version / 10:.1f}")
        start = at + CENTRAL_SIZE
        at = start + name + extra + comment
        if at > end:
            raise FormatError("Truncated central directory")
        more = data[start + name : start + name + extra] if extra else b""
        if more:
            for _ in extra_fields(more):
                pass  # like ``zipfile``, refuse a zip in which one is cut off
        if MAX_32 in (size, compressed, offset):
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
            data[at - comment : at] if comment else b"",
        )


def parse_end(data: bytes, at: int) -> End:
    """Parse the record of the end of the directory that begins at ``at``."""
    _, disk, first, here, count, length, start, comment = _END.unpack_from(data, at)
    text = data[at + END_SIZE : at + END_SIZE + comment]
    return End((disk, first), here, count, length, start, text, 0, comment)


def parse_locator(data: bytes) -> tuple[int, int, int] | None:
    """Return disk, place and number of disks of the zip64 record; None if this is not a locator."""
    if len(data) < LOCATOR_SIZE or not data.startswith(LOCATOR):
        return None
    _, disk, at, disks = _LOCATOR.unpack_from(data)
    return disk, at, disks


def parse_end_64(data: bytes) -> End | None:
    """Parse the zip64 record of the end; None if this is not one."""
    if len(data) < END_64_SIZE or not data.startswith(END_64):
        return None
    _, size, _, _, disk, first, here, count, length, start = _END_64.unpack_from(data)
    return End((disk, first), here, count, length, start, b"", size + 12)


# ------------------------------------------------------------------------------------- writing


def pack_local(header: LocalHeader, *, version: int = 0, date: int = 0) -> bytes:
    """Return a local header. ``version`` is needed to read it; ``date`` is in MS-DOS's format."""
    fixed = (version, header.flags, header.method, 0, date, header.crc)
    sizes = (header.compressed, header.size, len(header.name), len(header.extra))
    return _LOCAL.pack(LOCAL, *fixed, *sizes) + header.name + header.extra


def pack_descriptor(crc: int, compressed: int, size: int) -> bytes:
    """Return the checksum and the sizes that follow the data if its header does not state them."""
    return _DESCRIPTOR.pack(DESCRIPTOR_MARK, crc, compressed, size)


def pack_central(header: CentralHeader, *, version: int = 0, date: int = 0) -> bytes:
    """Return an entry of the directory; numbers of 64 bits go into an extra field."""
    numbers = (header.size, header.compressed, header.offset)
    extra = pack_wide(*(number for number in numbers if number >= MAX_32)) + header.extra
    size, compressed, offset = (min(number, MAX_32) for number in numbers)
    fixed = (version, header.system, version, header.flags, header.method, 0, date, header.crc)
    sizes = (compressed, size, len(header.name), len(extra), len(header.comment))
    place = (header.disk, 0, header.attributes, offset)
    texts = header.name + extra + header.comment
    return _CENTRAL.pack(CENTRAL, *fixed, *sizes, *place) + texts


def pack_wide(*numbers: int) -> bytes:
    """Return the extra field with numbers that need 64 bits; empty without numbers."""
    if not numbers:
        return b""
    return struct.pack(f"<HH{len(numbers)}Q", ZIP_64, 8 * len(numbers), *numbers)


def pack_end(entries: int, start: int, length: int, *, made_by: int | None = None) -> bytes:
    """Return the records at the end, for a directory that begins at ``start``.

    The records of zip64 are included if the numbers need them, or if ``made_by`` is given: the
    version of the program that wrote the zip, with the system in the upper byte.
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
    """Yield the kind and the content of each extra field. Raises FormatError and LimitError."""
    at = number = 0
    while at + 4 <= len(extra):
        kind, length = _FIELD.unpack_from(extra, at)
        if at + 4 + length > len(extra):
            raise FormatError(f"Corrupt extra field {kind:04x} (size={length})")
        if not kind and not length and not extra[at:].strip(b"\0"):
            return  # zeros that align the data
        number += 1
        if number > MAX_EXTRA_FIELDS:
            raise LimitError(f"more than {MAX_EXTRA_FIELDS} extra fields in a header")
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _wide(extra: bytes, values: tuple[int, ...]) -> tuple[int, ...]:
    """Replace 32-bit values that are at their maximum by the 64-bit values of an extra field."""
    for kind, field in extra_fields(extra):
        if kind == ZIP_64:
            wide = [v[0] for v in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
            if len(wide) < values.count(MAX_32):
                raise FormatError("Corrupt zip64 extra field")
            return tuple(wide.pop(0) if v == MAX_32 else v for v in values)
    return values
