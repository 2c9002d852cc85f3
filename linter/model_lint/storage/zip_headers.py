"""Compare the directory of a zip with the headers before its entries, and with what lies between.

A reader that goes by the directory (``zipfile``, nnU-Net, SCT) and one that goes from entry to
entry (a stream, some scanners) must find the same files in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple, cast

from ..checkpoint.torch_zip import zip64
from ..wording import count, quote
from .tree import Member, ZipTree

_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
#: The flag that says that a name is UTF-8, and the one that checksum and sizes follow the data.
_UTF_8, _DESCRIPTOR = 0x800, 0x8
_UNICODE_PATH = 0x7075
#: How long what follows the data may be: a checksum and two sizes of 4 or 8 bytes, a signature.
_DESCRIPTORS = (12, 16, 20, 24)
#: What splitting tools put before the first entry of an archive that then needed no splitting.
_MARKERS = (b"PK00", b"PK\7\x08")


@dataclass(frozen=True)
class Headers:
    """What the headers say of entries, by their paths; "" is the zip as a whole."""

    #: Entries at which ``zipfile`` stops: no header, or another entry's.
    broken: tuple[tuple[str, str], ...]
    #: What ``zipfile`` passes over.
    differing: tuple[tuple[str, str], ...]


class _Local(NamedTuple):
    """The header before an entry's data."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    #: Where the data begins.
    data: int


def read_headers(tree: ZipTree, size: int) -> Headers:
    """Read the header of every entry of a zip of ``size`` bytes.

    It takes one read for each entry, so it is not for archives on a server.
    """
    stream = cast("IO[bytes]", tree.archive.fp)
    broken: list[tuple[str, str]] = []
    found: list[tuple[Member, _Local]] = []
    differing: list[tuple[str, str]] = []
    lost = False
    for member in tree.members:
        local = None if member.offset < 0 else _read_local(stream, member)
        if local is None:
            lost = True
            if member.offset >= 0:  # the directory alone tells of the others
                broken.append((member.path, "no entry begins where the directory says"))
            continue
        found.append((member, local))
        if local.name != member.raw_name:
            names = quote(member.raw_name), quote(local.name)
            text = f"the directory calls it {names[0]}, its own header {names[1]}"
            broken.append((member.path, text))
            continue
        text = ", ".join(_differing(member, local))
        if text:
            differing.append((member.path, f"{text} in its header, other than in the directory"))
    for info in tree.archive.infolist():
        other = _second_name(info.extra)
        if other.isascii() and other not in {"", info.orig_filename}:
            names = quote(info.orig_filename), quote(other)
            differing.append(
                (info.filename, f"it has a second name: {names[0]} is also {names[1]}")
            )
    if not lost:
        differing += _between(stream, found, tree.archive.start_dir)
        differing += _at_the_end(stream, size, len(tree.members))
    return Headers(tuple(broken), tuple(differing))


def _read_local(stream: IO[bytes], member: Member) -> _Local | None:
    stream.seek(member.offset)
    header = stream.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\3\4"):
        return None
    fields = _LOCAL.unpack(header)
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = fields
    name = stream.read(name_length).decode(
        "utf-8" if member.flags & _UTF_8 else "cp437", errors="replace"
    )
    if 0xFFFFFFFF in {compressed, size}:
        size, compressed = zip64(stream.read(extra_length), [size, compressed])
    data = member.offset + _LOCAL.size + name_length + extra_length
    return _Local(name, flags, method, crc, compressed, size, data)


def _differing(member: Member, local: _Local) -> Iterator[str]:
    """Yield what a header states and the directory states otherwise."""
    if local.method != member.method:
        yield f"method {local.method}"
    if (local.flags ^ member.flags) & 1:
        yield "encrypted" if local.flags & 1 else "not encrypted"
    for name, ours, theirs in (
        ("CRC", local.crc, member.crc),
        ("packed size", local.compressed, member.compressed),
        ("size", local.size, member.size),
    ):
        follows = local.flags & _DESCRIPTOR and ours in {0, 0xFFFFFFFF}
        if ours != theirs and not follows:
            yield f"{name} {ours:#010x}" if name == "CRC" else f"{name} {ours}"


def _second_name(extra: bytes) -> str:
    """Return the name that Info-ZIP's field for Unicode paths gives, "" without one.

    It serves names beyond ASCII. Python 3.13 goes by it, and older ones, as SCT's, do not.
    """
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH:
            return extra[9 : 4 + length].decode(errors="replace")
        extra = extra[4 + length :]
    return ""


def _between(
    stream: IO[bytes], found: list[tuple[Member, _Local]], directory: int
) -> Iterator[tuple[str, str]]:
    """Yield the places where something lies between entries, or where two of them overlap."""
    placed = sorted(found, key=lambda pair: pair[0].offset)
    first = placed[0][0].offset if placed else directory
    if first and not (first == 4 and _read(stream, 0, 4) in _MARKERS):
        yield "", f"{count(first, 'byte')} before the first entry"
    ends = [(m, local.data + m.compressed) for m, local in placed]
    starts = [m.offset for m, _ in placed[1:]]
    for (member, end), start in zip(ends, [*starts, directory], strict=False):
        gap = start - end
        if gap and not _is_descriptor(stream, end, gap, member.crc):
            text = f"{count(gap, 'byte')} after it that belong to no entry"
            yield member.path, text if gap > 0 else "its data runs into what follows it"


def _is_descriptor(stream: IO[bytes], at: int, length: int, crc: int) -> bool:
    """Return whether these bytes are the checksum and the sizes that follow streamed data."""
    if length not in _DESCRIPTORS:
        return False
    data = _read(stream, at, length)
    stated = crc.to_bytes(4, "little")
    return data.startswith((stated, b"PK\7\x08" + stated))


def _at_the_end(stream: IO[bytes], size: int, entries: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the record at the end, which ``zipfile`` looks for backwards."""
    tail = _read(stream, max(0, size - _END.size), _END.size)
    if not tail.startswith(b"PK\5\6") or tail[-2:] != b"\0\0":
        tail = _read(stream, max(0, size - _END.size - 65535), _END.size + 65535)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        return
    *_, total, _, _, comment = _END.unpack_from(tail, at)
    behind = tail[at + _END.size + comment :]
    if behind.strip(b"\0"):  # libarchive fills the last block with zeros
        yield "", f"{count(behind, 'byte')} after the end of the zip"
    if total != 0xFFFF and total != entries % 65536:
        yield "", f"its last record counts {total} entries, the directory has {entries}"


def _read(stream: IO[bytes], at: int, length: int) -> bytes:
    stream.seek(at)
    return stream.read(length)
