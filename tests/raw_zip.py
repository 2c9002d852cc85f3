"""Zips byte by byte, right or wrong: for what ``zipfile`` does not write."""

from __future__ import annotations

import bz2
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

STORED, DEFLATED, BZIP2 = 0, 8, 12
DESCRIPTOR = 8
#: What a field is set to instead of what is right.
Fields = Mapping[str, Any]
_NONE: Fields = MappingProxyType({})


@dataclass(frozen=True)
class Entry:
    """An entry; ``local`` and ``central`` replace fields of its two headers."""

    name: bytes
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    #: The packed data, where it is not what the method makes of the data.
    packed: bytes | None = None
    local: Fields = field(default_factory=dict)
    central: Fields = field(default_factory=dict)
    before: bytes = b""
    #: What follows the data; None for what the flags ask for.
    after: bytes | None = None
    #: Whether the directory has it.
    listed: bool = True
    #: Whether it has a header and data, or only its record in the directory.
    there: bool = True

    @property
    def content(self) -> bytes:
        """The packed data."""
        return packed(self.data, self.method) if self.packed is None else self.packed

    def record(self, offset: int = 0) -> dict[str, Any]:
        """Return the right fields of either header."""
        return {
            "version": 20,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "compressed": len(self.content),
            "size": len(self.data),
            "name": self.name,
            "extra": b"",
            "comment": b"",
            "disk": 0,
            "system": 3,
            "attributes": (0o040755 << 16 | 16) if self.name[-1:] == b"/" else 0o100644 << 16,
            "offset": offset,
        }

    def local_bytes(self) -> bytes:
        """Return its header, its data and what follows."""
        f = self.record()
        streamed = bool(self.flags & DESCRIPTOR)
        if streamed:
            f.update(crc=0, compressed=0, size=0)
        f.update(self.local)
        head = struct.pack(
            "<4s5H3L2H",
            *(b"PK\3\4", f["version"], f["flags"], f["method"], 0, 33, f["crc"]),
            *(f["compressed"], f["size"], len(f["name"]), len(f["extra"])),
        )
        after = descriptor(self) if streamed and self.after is None else self.after or b""
        return b"".join((head, f["name"], f["extra"], self.content, after))

    def central_bytes(self, offset: int) -> bytes:
        """Return its record in the directory."""
        f = self.record(offset)
        f.update(self.central)
        head = struct.pack(
            "<4sBBHHHHHLLLHHHHHLL",
            *(b"PK\1\2", 20, f["system"], f["version"], f["flags"], f["method"], 0, 33),
            *(f["crc"], f["compressed"], f["size"], len(f["name"]), len(f["extra"])),
            *(len(f["comment"]), f["disk"], 0, f["attributes"], f["offset"]),
        )
        return b"".join((head, f["name"], f["extra"], f["comment"]))


def packed(data: bytes, method: int) -> bytes:
    """Compress data as a method does; as it is for any other."""
    if method == DEFLATED:
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        return deflate.compress(data) + deflate.flush()
    return bz2.compress(data) if method == BZIP2 else data


def descriptor(entry: Entry, mark: bytes = b"PK\7\x08", form: str = "<3L") -> bytes:
    """Return the checksum and the sizes that follow streamed data."""
    sizes = zlib.crc32(entry.data), len(entry.content), len(entry.data)
    return mark + struct.pack(form, *sizes)


def extra(kind: int, data: bytes) -> bytes:
    """Return an extra field."""
    return struct.pack("<HH", kind, len(data)) + data


def unicode_path(name: bytes, second: bytes) -> bytes:
    """Return Info-ZIP's field of a name in Unicode."""
    return extra(0x7075, struct.pack("<BL", 1, zlib.crc32(name)) + second)


def raw_zip(
    entries: Iterable[Entry],
    *,
    before: bytes = b"",
    gap: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    end: Fields = _NONE,
    wide: Fields | None = None,
    shift: int = 0,
    tail: bytes = b"",
) -> bytes:
    """Write a zip.

    Args:
        entries: the entries.
        before: bytes before the first entry.
        gap: bytes before the directory.
        between: bytes between the directory and the records that end it.
        after: bytes behind the end.
        comment: the comment.
        end: fields of the last record that are replaced.
        wide: fields of the zip64 record and its locator that are replaced; None for no zip64.
        shift: what is taken off each stated place, as of a zip that was put behind something.
        tail: bytes at the end of the directory that belong to it.
    """
    out = bytearray(before)
    listed: list[tuple[Entry, int]] = []
    for entry in entries:
        out += entry.before
        if entry.listed:
            listed.append((entry, len(out) - shift))
        if entry.there:
            out += entry.local_bytes()
    out += gap
    start = len(out)
    for entry, offset in listed:
        out += entry.central_bytes(offset)
    out += tail
    length = len(out) - start
    out += between
    f: dict[str, Any] = {
        "disk": 0,
        "first": 0,
        "here": len(listed),
        "entries": len(listed),
        "length": length,
        "start": start - shift,
    }
    if wide is not None:
        w = f | {"size": 44, "at": len(out) - shift, "disks": 1, "more": b""} | dict(wide)
        out += struct.pack(
            "<4sQ2H2L4Q",
            *(b"PK\6\6", w["size"], 45, 45, w["disk"], w["first"], w["here"], w["entries"]),
            *(w["length"], w["start"]),
        )
        out += w["more"] + struct.pack("<4sLQL", b"PK\6\7", 0, w["at"], w["disks"])
    f.update(end)
    out += struct.pack(
        "<4s4H2LH",
        *(b"PK\5\6", f["disk"], f["first"], f["here"], f["entries"], f["length"], f["start"]),
        f.get("comment", len(comment)),
    )
    return bytes(out) + comment + after
