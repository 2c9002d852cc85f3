"""Find and read the directory of a zip as Python's ``zipfile`` does, with limits."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..wording import quote
from .limits import (
    MAX_DENSE_BYTES,
    MAX_DIRECTORY_BYTES,
    MAX_ENTRIES,
    MAX_NAME_LENGTH,
    MAX_RATIO,
    MAX_UNPACKED_BYTES,
)
from .ranges import Ranges
from .tree import LimitError, TreeError, refuse_depth
from .zip_format import (
    END,
    END_64_SIZE,
    END_SIZE,
    LOCATOR_SIZE,
    UTF_8,
    CentralHeader,
    End,
    FormatError,
    parse_directory,
    parse_end,
    parse_end_64,
    parse_locator,
)
from .zip_member import Member, decoded_name, encoding

#: The message of ``zipfile`` if it finds no end of a directory.
NO_ZIP = "File is not a zip file"
#: Bytes of the end that are searched for the last record: without a comment, and with one.
_FIRST, _LAST = 1 << 12, END_SIZE + (1 << 16)


class Directory(NamedTuple):
    """Where the directory is, and the records at the end of the zip."""

    start: int
    length: int
    #: Bytes before the zip; ``zipfile`` adds them to every stated offset.
    shift: int
    #: Where the very last record ends, by its stated length.
    file_end: int
    #: The record that is used: that of zip64 if there is one.
    record: End
    #: The very last record.
    last: End
    #: The zip64 locator: the stated place of its record, the place where that must be, and the
    #: number of disks; None without a locator.
    located: tuple[int, int, int] | None = None

    @property
    def wide(self) -> bool:
        """Whether the record that is used is that of zip64."""
        return self.record is not self.last


def find_directory(ranges: Ranges) -> Directory:
    """Find the directory. Raises TreeError with the reason if there is none."""
    at, tail, tail_start = _last_record(ranges)
    record = last = parse_end(tail, at)
    place = tail_start + at
    file_end = place + END_SIZE + last.comment_length
    located = None
    around = ranges.read(max(0, place - LOCATOR_SIZE - END_64_SIZE), LOCATOR_SIZE + END_64_SIZE)
    locator = parse_locator(around[-LOCATOR_SIZE:])
    if locator and place >= LOCATOR_SIZE + END_64_SIZE:
        disk, stated, disks = locator
        if disk or disks > 1:
            raise TreeError("zipfiles that span multiple disks are not supported")
        located = stated, place - len(around), disks
        wide = parse_end_64(around)
        if wide:
            record = wide
            place -= len(around)
    shift = place - record.length - record.start
    if record.start + shift < 0:
        raise TreeError("Bad offset for central directory")
    start = record.start + shift
    return Directory(start, record.length, shift, file_end, record, last, located)


def _last_record(ranges: Ranges) -> tuple[int, bytes, int]:
    """Return the place of the last record in the tail, the tail, and its place in the file."""
    size = ranges.size
    tail = ranges.read(size - min(size, _FIRST), _FIRST)
    at = len(tail) - END_SIZE
    if not (at >= 0 and tail.startswith(END, at) and tail.endswith(b"\0\0")):
        # It has a comment, or is missing: search as far back as the longest comment.
        tail = ranges.read(size - min(size, _LAST), _LAST)
        at = tail.rfind(END)
    if not 0 <= at <= len(tail) - END_SIZE:
        raise TreeError(NO_ZIP)
    return at, tail, size - len(tail)


def read_members(ranges: Ranges, directory: Directory) -> tuple[Member, ...]:
    """Read every entry of the directory. Raises TreeError, and LimitError above the limits.

    The stated number of entries is checked before they are read.
    """
    if directory.record.entries > MAX_ENTRIES:
        raise LimitError(f"more than {MAX_ENTRIES} entries")
    if directory.length > MAX_DIRECTORY_BYTES:
        raise LimitError(f"a directory of more than {MAX_DIRECTORY_BYTES >> 20} MiB")
    data = ranges.read(directory.start, directory.length)
    members: list[Member] = []
    try:
        for header in parse_directory(data):
            members.append(_member(header, directory.shift))
            if len(members) > MAX_ENTRIES:
                raise LimitError(f"more than {MAX_ENTRIES} entries")
    except FormatError as error:
        raise TreeError(str(error)) from error
    _refuse_bombs(members)
    return tuple(members)


def _member(header: CentralHeader, shift: int) -> Member:
    if len(header.name) > MAX_NAME_LENGTH:
        raise LimitError(f"a name of {len(header.name)} bytes, more than {MAX_NAME_LENGTH}")
    try:
        raw_name = header.name.decode(encoding(header.name, header.flags))
    except UnicodeDecodeError as error:
        raise TreeError(
            f"a name is not UTF-8: {quote(decoded_name(header.name, UTF_8))}"
        ) from error
    # ``zipfile`` cuts a name at a NUL.
    name = raw_name.partition("\0")[0] if "\0" in raw_name else raw_name
    path = name if _is_plain(name) else _cleaned(name)
    return Member(
        raw_name,
        path,
        name.endswith("/"),
        header.size,
        header.compressed,
        header.method,
        header.flags,
        header.attributes >> 16,
        header.crc,
        header.offset + shift,
        header.attributes & 0xFFFF,
        header.extra,
        header.disk,
        header.comment,
    )


def _is_plain(name: str) -> bool:
    return (
        bool(name)
        and "//" not in name
        and "." not in name[:1]
        and "/." not in name
        and (name[0] != "/" and name[-1] != "/" and name[1:2] != ":")
    )


def _cleaned(name: str) -> str:
    parts = os.path.splitdrive(name)[1].split("/")
    return "/".join(p for p in parts if p not in {"", ".", ".."})


def _refuse_bombs(members: list[Member]) -> None:
    unpacked = sum(member.size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        raise LimitError(f"it unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB")
    if unpacked > MAX_DENSE_BYTES and _dense(members) > MAX_DENSE_BYTES:
        raise LimitError(
            f"entries compressed to less than a {MAX_RATIO}th of their size unpack to more than "
            f"{MAX_DENSE_BYTES >> 20} MiB"
        )
    refuse_depth(max((member.path.count("/") for member in members), default=0))


def _dense(members: list[Member]) -> int:
    return sum(m.size for m in members if m.size > MAX_RATIO * m.compressed)
