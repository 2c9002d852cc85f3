"""Compare the directory of a zip with the headers before its entries, and find bytes between them.

A program that reads the directory (``zipfile``, nnU-Net, SCT) and one that reads entry after entry
(from a stream; some scanners) must find the same files. So headers, data and the sizes that may
follow the data must fill the zip from its first byte to its directory, and agree with that.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from ..wording import count, quote
from .limits import MAX_MARKS, MAX_STREAMED_BYTES
from .ranges import Ranges
from .tree import BlockedError, TreeError
from .zip import ZipTree
from .zip_ambiguity import end_defects, entry_defects, extra_defects, has_zip_64, is_plain
from .zip_format import (
    DEFLATED,
    DESCRIPTOR,
    DESCRIPTOR_MARK,
    LOCAL,
    LOCAL_SIZE,
    MAX_32,
    NO_HEADER,
    SETTINGS,
    STORED,
    FormatError,
    LocalHeader,
    local_fields,
    local_length,
    parse_local,
)
from .zip_member import Member, decoded_name, encoding

#: What splitting tools put before the first entry of an archive that then needed no splitting.
_MARKERS = (b"PK00", DESCRIPTOR_MARK)
#: Bytes that are read at once at most, and of a single header; headers closer than this are read
#: together.
_AHEAD, _ALONE, _NEAR = 1 << 18, 128, 1 << 13
_BLOCK = 1 << 20


class Headers(NamedTuple):
    """Defects of the headers: pairs of path and reason. The path "" is the whole zip."""

    #: Entries at which ``zipfile`` stops: the header is missing, or is another entry's.
    broken: tuple[tuple[str, str], ...] = ()
    #: What ``zipfile`` ignores.
    differing: tuple[tuple[str, str], ...] = ()


class _Placed(NamedTuple):
    """An entry with the place of its data, and of what comes after it."""

    member: Member
    start: int
    after: int
    #: Whether its header says that sizes follow the data, and whether it has 64-bit sizes.
    followed: bool = False
    wide: bool = False

    @property
    def end(self) -> int:
        return self.start + self.member.compressed


def read_headers(tree: ZipTree) -> Headers:
    """Read the header of every entry of a zip."""
    broken: list[tuple[str, str]] = []
    differing: list[tuple[str, str]] = []
    placed: list[_Placed] = []
    missing = False
    members = sorted(tree.members, key=lambda member: member.offset)
    places = [member.offset for member in members]
    window = _Window(tree.ranges, places)
    for member, after in zip(members, [*places[1:], tree.directory.start], strict=False):
        if _is_usual(window, member, after):
            continue
        header = _header(window, member)
        if header is None:
            missing = True
            if member.offset >= 0:  # a rule about the directory reports the others
                broken.append((member.path, NO_HEADER))
            continue
        found, text = header
        if text:
            broken.append((member.path, text))
        else:
            differing += _disagreements(member, found)
        start = member.offset + found.length
        wide = bool(found.extra) and has_zip_64(found.extra)
        placed.append(_Placed(member, start, after, bool(found.flags & DESCRIPTOR), wide))
    if not missing:
        differing += _before(tree, places)
        differing += _between(tree, window, placed)
    differing += (("", text) for text in end_defects(tree.ranges, tree.directory, len(members)))
    return Headers(tuple(broken), tuple(differing))


class _Window:
    """The headers of a zip, at sorted places, read in few pieces if they are close together."""

    def __init__(self, ranges: Ranges, places: list[int]) -> None:
        self._ranges = ranges
        #: Where the headers are, and which of them are not followed closely by another.
        self._places = places
        self._lasts = [a for a, b in pairwise(places) if b - a >= _NEAR] + places[-1:]
        self._start = 0
        self._data = b""

    def read(self, at: int, length: int) -> bytes:
        """Return the bytes at a place, fewer only at the end. Raises TreeError."""
        data, offset = self.around(at, length)
        return data[offset : offset + length] if offset >= 0 else b""

    def around(self, at: int, length: int) -> tuple[bytes, int]:
        """Return a piece that contains the bytes, and their place in it; -1 if they are missing."""
        offset = at - self._start
        if not 0 <= offset <= len(self._data) - length:
            if at < 0:
                return b"", -1
            self._data = self._ranges.read(at, max(length, self._ahead(at)))
            self._start, offset = at, 0
        return self._data, offset if offset + length <= len(self._data) else -1

    def _ahead(self, at: int) -> int:
        """Return how much to read at a header: to the last of those that follow closely."""
        index = bisect_left(self._places, at)
        if index == len(self._places) or self._places[index] != at:
            return 0
        last = self._lasts[bisect_left(self._lasts, at)]
        return min(last + _ALONE - at, _AHEAD)


def _is_usual(window: _Window, member: Member, after: int) -> bool:
    """Return whether an entry is as most are: plain, its header agrees, and its data ends there.

    This is a fast answer for nearly all entries; the others are looked at in detail.
    """
    name = member.raw_name.encode(encoding(member.raw_name, member.flags))
    length = LOCAL_SIZE + len(name)
    data, at = window.around(member.offset, length)
    expected = (LOCAL, member.flags, member.method, member.crc, member.compressed, member.size)
    return (
        at >= 0
        and member.offset + length + member.compressed == after
        and member.method in {STORED, DEFLATED}
        and not member.flags & DESCRIPTOR
        and local_fields(data, at) == (*expected, len(name), 0)
        and data.startswith(name, at + LOCAL_SIZE)
        and is_plain(member)
    )


def _header(window: _Window, member: Member) -> tuple[LocalHeader, str] | None:
    """Return an entry's header, and why ``zipfile`` stops at it or ""; None if it is missing."""
    if member.offset < 0:
        return None
    try:
        fixed = window.read(member.offset, LOCAL_SIZE)
        if len(fixed) < LOCAL_SIZE:
            return None
        local = parse_local(window.read(member.offset, local_length(fixed)))
    except (FormatError, TreeError):
        return None
    if local.name == member.raw_name.encode(encoding(member.raw_name, member.flags)):
        return local, ""
    name = decoded_name(local.name, local.flags)
    names = f"the directory calls it {quote(member.raw_name)}, its own header {quote(name)}"
    return local, names


def _disagreements(member: Member, local: LocalHeader) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an entry by itself, or between its header and the directory."""
    same = (
        local.crc == member.crc
        and local.compressed == member.compressed
        and local.size == member.size
        and local.flags == member.flags
        and local.method == member.method
    )
    text = "" if same else ", ".join(_differing(member, local))
    if text:
        yield member.path, f"{text} in its header, but not in the directory"
    if is_plain(member) and not local.extra:
        return
    texts = [*entry_defects(member), *extra_defects(local.extra, member)]
    if texts:
        yield member.path, "; ".join(dict.fromkeys(texts))


def _differing(member: Member, local: LocalHeader) -> Iterator[str]:
    """Yield what a header states differently from the directory."""
    if local.method != member.method:
        yield f"method {local.method}"
    settings = SETTINGS if member.method == DEFLATED else 0
    other = (local.flags ^ member.flags) & ~settings
    if other & 1:
        yield "encrypted" if local.flags & 1 else "not encrypted"
    elif other & ~DESCRIPTOR and not (member.raw_name.isascii() and other == 0x800):
        yield f"flags {local.flags:#06x}"
    for name, ours, theirs in (
        ("CRC", local.crc, member.crc),
        ("packed size", local.compressed, member.compressed),
        ("size", local.size, member.size),
    ):
        if ours != theirs and not (ours == 0 and local.flags & DESCRIPTOR):
            yield f"{name} {ours:#010x}" if name == "CRC" else f"{name} {ours}"


def _before(tree: ZipTree, places: list[int]) -> Iterator[tuple[str, str]]:
    """Yield whether there are bytes before the first entry, or the directory is elsewhere."""
    first = places[0] if places else tree.directory.start
    if first and not (first == 4 and tree.ranges.read(0, 4) in _MARKERS):
        yield "", f"{count(first, 'byte')} before the first entry"
    elif tree.directory.shift:
        yield "", "its directory is not at the place that its last record states"


def _between(tree: ZipTree, window: _Window, placed: list[_Placed]) -> Iterator[tuple[str, str]]:
    """Yield where there are bytes between entries, or two entries overlap."""
    for entry in placed:
        gap = entry.after - entry.end
        text = ""
        if gap < 0:
            text = "its data runs into what follows it"
        elif entry.followed:
            text = _after(window, entry, gap) or _inside(tree, entry)
        elif gap:
            text = f"{count(gap, 'byte')} after it that belong to no entry"
        elif entry.member.method not in {STORED, DEFLATED}:
            text = _unpacked(tree, entry)  # unzip goes on if bytes follow the data
        if text:
            yield entry.member.path, text


def _after(window: _Window, entry: _Placed, gap: int) -> str:
    """Return what is wrong with the checksum and the sizes after streamed data, or ""."""
    member = entry.member
    if not gap and not member.size:
        return ""  # some programs leave them out after empty data
    data = window.read(entry.end, gap) if gap <= 24 else b""
    sizes = member.crc, member.compressed, member.size
    wide = entry.wide or max(sizes[1:]) >= MAX_32
    right = struct.pack("<LQQ" if wide else "<3L", *sizes)
    # In stored data only the mark shows where it ends.
    if data == DESCRIPTOR_MARK + right or (data == right and member.method != STORED):
        return ""
    if gap in {0, 12, 16, 20, 24}:
        return "the sizes after its data are missing or differ from the directory"
    return f"{count(gap, 'byte')} after it that belong to no entry"


def _inside(tree: ZipTree, entry: _Placed) -> str:
    """Return why a program that reads the zip as a stream could find the wrong end of data, or "".

    Such a program doesn't know the length of the data: it stops at the end of a compressed stream,
    and in stored data at a mark with the checksum of the bytes before it.
    """
    member = entry.member
    if member.blocked or not member.compressed:
        return ""
    if member.method == STORED:
        return _mark_inside(tree.ranges, entry)
    doubtful = member.method != DEFLATED or _contains(tree.ranges, entry, LOCAL)
    return _unpacked(tree, entry) if doubtful else ""


def _unpacked(tree: ZipTree, entry: _Placed) -> str:
    """Return why compressed data does not end where the directory says, or ""."""
    try:
        with tree.open_member(entry.member) as stream:
            while stream.read(_BLOCK):
                pass
    except BlockedError:
        return ""
    except TreeError as error:
        return f"its data does not end where it should: {error}"
    return ""


def _blocks(ranges: Ranges, entry: _Placed) -> Iterator[bytes]:
    for at in range(entry.start, entry.end, _BLOCK):
        yield ranges.read(at, min(_BLOCK, entry.end - at))


def _contains(ranges: Ranges, entry: _Placed, mark: bytes) -> bool:
    before = b""
    for block in _blocks(ranges, entry):
        if mark in block or mark in before[-3:] + block[:3]:
            return True
        before = block
    return False


def _mark_inside(ranges: Ranges, entry: _Placed) -> str:
    if entry.member.compressed > MAX_STREAMED_BYTES:
        return "its sizes follow its data, so programs can't find its end"
    crc, rest, marks = 0, b"", 0
    for block in _blocks(ranges, entry):
        data, start, at = rest + block, 0, -1
        while (at := data.find(DESCRIPTOR_MARK, at + 1, len(data) - 4)) >= 0:
            crc, start = crc32(data[start:at], crc), at
            marks += 1
            if data[at + 4 : at + 8] == crc.to_bytes(4, "little") or marks > MAX_MARKS:
                return "its sizes follow its data, and the data contains what looks like them"
        keep = max(start, len(data) - 7)
        crc, rest = crc32(data[start:keep], crc), data[keep:]
    return ""
