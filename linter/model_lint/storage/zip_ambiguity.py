"""Find fields of a zip that two programs could read in different ways.

Fields that state the same thing must agree, and fields that nobody needs must be empty. The layout
is that of APPNOTE 6.3.10. Which program uses which field was tested with Python's ``zipfile``,
Info-ZIP, 7-Zip, libarchive and Java (``tests/consumers/test_zip_readers.py``).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from zlib import crc32

from ..wording import count, quote
from .ranges import Ranges
from .tree import LimitError
from .zip_directory import Directory
from .zip_format import (
    ASI_UNIX,
    CENTRAL,
    DESCRIPTOR,
    ENCRYPTED,
    END,
    END_64,
    END_64_SIZE,
    END_SIZE,
    EXPERIMENTAL,
    LOCATOR,
    MAX_16,
    MAX_32,
    PATCHED,
    PKWARE_UNIX,
    SETTINGS,
    STORED,
    STRONG,
    TAIL_SIZE,
    UNICODE_PATH,
    UTF_8,
    ZIP_64,
    End,
    FormatError,
    extra_fields,
)
from .zip_member import Member

#: Flags that zip programs set; other rules report those for encrypted and patched data.
_FLAGS = SETTINGS | DESCRIPTOR | UTF_8 | ENCRYPTED | STRONG | PATCHED
#: Attributes of MS-DOS and Windows: a volume, a folder, a device, a link.
_VOLUME, _FOLDER, _DEVICE, _REPARSE = 0x8, 0x10, 0x40, 0x400
_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)
#: Bytes of PKWARE's and ASi's fields before the target of a link.
_PKWARE_SIZE, _ASI_SIZE = 12, 14


def is_plain(member: Member) -> bool:
    """Return whether an entry has no unusual field: a fast answer for nearly all entries."""
    return (
        not member.extra
        and not member.comment
        and not member.disk
        and not member.flags & ~(SETTINGS | DESCRIPTOR | UTF_8)
        and not member.attributes & (_VOLUME | _FOLDER | _DEVICE | _REPARSE)
        and (member.method != STORED or member.compressed == member.size)
        and member.mode & ~0o1777 in {0, stat.S_IFREG}
    )


def entry_defects(member: Member) -> Iterator[str]:
    """Yield what is ambiguous in an entry of the directory."""
    if member.method == STORED and member.compressed != member.size and not member.encrypted:
        sizes = f"{count(member.compressed, 'byte')} in the zip and {member.size} unpacked"
        yield f"it is not compressed, but has {sizes}"
    if member.flags & ~_FLAGS:
        yield f"it has flags that no writer sets ({member.flags & ~_FLAGS:#06x})"
    if member.disk:
        yield f"it begins on disk {member.disk}, but the zip is a single file"
    if any(mark in member.comment for mark in (CENTRAL, END, END_64, LOCATOR)):
        yield "its comment contains what looks like a record of a zip"
    if not member.is_dir:
        yield from _attributes(member)
    yield from extra_defects(member.extra, member)


def _attributes(member: Member) -> Iterator[str]:
    """Yield attributes of something other than a file; Z004 reports links and devices."""
    kind = stat.S_IFMT(member.mode)
    if member.attributes & _FOLDER or kind == stat.S_IFDIR:
        yield "it is marked as a folder, but its name is that of a file"
    if member.attributes & (_VOLUME | _DEVICE | _REPARSE):
        yield "it is marked as a link, a device or a volume of Windows"
    if kind not in _TYPES and not member.special:
        yield f"its mode {member.mode:o} is not that of any kind of file"
    if member.mode & (stat.S_ISUID | stat.S_ISGID):
        yield "it is marked to run with the rights of its owner or group (setuid)"


def extra_defects(extra: bytes, member: Member) -> Iterator[str]:
    """Yield what is ambiguous in the extra fields of either header."""
    if not extra:
        return
    seen: set[int] = set()
    end = 0
    try:
        for kind, field in extra_fields(extra):
            if kind in seen and kind in {ZIP_64, UNICODE_PATH}:
                yield f"it has two extra fields of kind {kind:04x}"
            seen.add(kind)
            end += 4 + len(field)
            yield from _field(kind, field, member)
    except (FormatError, LimitError) as error:
        yield str(error)
    else:
        if extra[end:].strip(b"\0"):
            yield "its extra fields end in the middle of one"
    if UNICODE_PATH in seen and member.flags & DESCRIPTOR:
        yield "it has a name in Unicode and sizes after its data, at which unzip stops"


def has_zip_64(extra: bytes) -> bool:
    """Return whether the extra fields of a header contain 64-bit sizes."""
    try:
        return any(kind == ZIP_64 for kind, _ in extra_fields(extra))
    except (FormatError, LimitError):
        return False


def _field(kind: int, field: bytes, member: Member) -> Iterator[str]:
    if kind == UNICODE_PATH:
        yield from _second_name(field, member)
    elif kind == ZIP_64:
        values = [int.from_bytes(field[at : at + 8], "little") for at in range(0, len(field), 8)]
        if not {0, member.size, member.compressed, member.offset}.issuperset(values):
            yield "its 64-bit sizes differ from its sizes"
    elif kind == EXPERIMENTAL:
        yield "it has attributes in an extra field (6c78) that is read only from streams"
    elif (kind == PKWARE_UNIX and len(field) > _PKWARE_SIZE) or (
        kind == ASI_UNIX and not _is_plain_asi(field)
    ):
        yield f"an extra field ({kind:04x}) makes it a link or a device"


def _is_plain_asi(field: bytes) -> bool:
    kind = stat.S_IFMT(int.from_bytes(field[4:6], "little"))
    return kind in _TYPES and not any(field[6:10]) and len(field) <= _ASI_SIZE


def _second_name(field: bytes, member: Member) -> Iterator[str]:
    """Compare Info-ZIP's name in Unicode with the name.

    It is meant for names beyond ASCII. Python 3.13 uses it; older ones, such as SCT's, do not.
    """
    version, stated, name = field[:1], field[1:5], field[5:].decode(errors="replace")
    own = member.raw_name.encode("utf-8" if member.flags & UTF_8 else "cp437", "replace")
    if name == member.raw_name:
        return
    if version != b"\1" or stated != crc32(own).to_bytes(4, "little") or "\ufffd" in name:
        yield "it has a second name that does not belong to its name"
    elif _reads_as_ascii(name) or name.count("/") != member.raw_name.count("/"):
        yield f"it has a second name: {quote(member.raw_name)} is also {quote(name)}"


def _reads_as_ascii(name: str) -> bool:
    if name.isascii():
        return True
    import unicodedata  # noqa: PLC0415 - names of models are ASCII

    return unicodedata.normalize("NFKC", name).casefold().isascii()


def end_defects(ranges: Ranges, directory: Directory, entries: int) -> Iterator[str]:
    """Yield what is ambiguous in the records at the end."""
    last, end = directory.last, directory.record
    stated = end.entries if directory.wide else last.entries
    if stated not in {entries, entries % (MAX_16 + 1)}:
        yield f"its last record counts {stated} entries, the directory has {entries}"
    if end.here != end.entries or any(end.disks) or any(last.disks):
        yield "its last record is that of an archive on several disks"
    yield from _wide_defects(directory, last, end)
    yield from _other_ends(ranges, directory)


def _wide_defects(directory: Directory, last: End, end: End) -> Iterator[str]:
    if directory.located is None:
        return
    stated, place, disks = directory.located
    if not directory.wide:
        yield "the record before its zip64 locator is missing"
        return
    if stated + directory.shift != place:
        yield "its zip64 locator does not point to the record before it"
    if disks != 1:
        yield f"its zip64 locator counts {disks} disks"
    if end.size != END_64_SIZE:
        yield f"its zip64 record has {end.size} bytes instead of {END_64_SIZE}"
    for small, large, full in (
        (last.here, end.here, MAX_16),
        (last.entries, end.entries, MAX_16),
        (last.length, end.length, MAX_32),
        (last.start, end.start, MAX_32),
    ):
        if small not in {full, large}:
            yield "its two last records contradict each other"
            return


def _other_ends(ranges: Ranges, directory: Directory) -> Iterator[str]:
    """Yield why some program could find another end of the zip."""
    size, end = ranges.size, directory.file_end
    if END in directory.last.comment:
        yield "its comment contains what looks like the end of a zip"
        return
    if end > size:
        yield "its comment is cut off"
    if end >= size:
        return
    start = max(0, size - TAIL_SIZE)
    tail = ranges.read(start, size - start)
    if tail[end - start :].strip(b"\0"):  # libarchive fills the last block with zeros
        yield f"{count(size - end, 'byte')} after the end of the zip"
        return
    at = -1
    while (at := tail.find(END, at + 1)) >= 0:
        reach = at + END_SIZE + int.from_bytes(tail[at + END_SIZE - 2 : at + END_SIZE], "little")
        if reach == len(tail):
            yield "two records could be its last one"
            return
