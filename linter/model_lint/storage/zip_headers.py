"""Compare the directory of a zip with the headers before its entries, and with what lies between.

A reader that goes by the directory (``zipfile``, nnU-Net, SCT) and one that goes from entry to
entry (a stream, some scanners) must find the same files in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..wording import count, quote
from .ranges import Ranges
from .tree import TreeError
from .zip import ZipTree
from .zip_format import DESCRIPTOR, DESCRIPTOR_MARK, FormatError, LocalHeader, extra_fields
from .zip_member import Member, decoded_name, read_local

_UNICODE_PATH = 0x7075
#: How long what follows the data may be: a checksum and two sizes of 4 or 8 bytes, a signature.
_DESCRIPTORS = (12, 16, 20, 24)
#: What splitting tools put before the first entry of an archive that then needed no splitting.
_MARKERS = (b"PK00", DESCRIPTOR_MARK)


@dataclass(frozen=True)
class Headers:
    """What the headers say of entries, by their paths; "" is the zip as a whole."""

    #: Entries at which ``zipfile`` stops: no header, or another entry's.
    broken: tuple[tuple[str, str], ...] = ()
    #: What ``zipfile`` passes over.
    differing: tuple[tuple[str, str], ...] = ()


def read_headers(tree: ZipTree) -> Headers:
    """Read the header of every entry of a zip.

    It takes one read for each entry, so it is not for archives on a server.
    """
    broken: list[tuple[str, str]] = []
    found: list[tuple[Member, LocalHeader]] = []
    differing: list[tuple[str, str]] = []
    lost = False
    for member in tree.members:
        local = _local(tree.ranges, member)
        if local is None:
            lost = True
            if member.offset >= 0:  # the directory alone tells of the others
                broken.append((member.path, "no entry begins where the directory says"))
            continue
        found.append((member, local))
        name = decoded_name(local.name, member.flags)
        if name != member.raw_name:
            text = f"the directory calls it {quote(member.raw_name)}, its own header {quote(name)}"
            broken.append((member.path, text))
            continue
        text = ", ".join(_differing(member, local))
        if text:
            differing.append((member.path, f"{text} in its header, other than in the directory"))
    for member in tree.members:
        other = _second_name(member.extra)
        if other.isascii() and other not in {"", member.raw_name}:
            names = quote(member.raw_name), quote(other)
            differing.append((member.path, f"it has a second name: {names[0]} is also {names[1]}"))
    if not lost:
        differing += _between(tree, found)
        differing += _at_the_end(tree)
    return Headers(tuple(broken), tuple(differing))


def _local(ranges: Ranges, member: Member) -> LocalHeader | None:
    try:
        return read_local(ranges, member)
    except (FormatError, TreeError):
        return None


def _differing(member: Member, local: LocalHeader) -> Iterator[str]:
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
        follows = local.flags & DESCRIPTOR and ours in {0, 0xFFFFFFFF}
        if ours != theirs and not follows:
            yield f"{name} {ours:#010x}" if name == "CRC" else f"{name} {ours}"


def _second_name(extra: bytes) -> str:
    """Return the name that Info-ZIP's field for Unicode paths gives, "" without one.

    It serves names beyond ASCII. Python 3.13 goes by it, and older ones, as SCT's, do not.
    """
    try:
        fields = dict(extra_fields(extra)) if extra else {}
    except FormatError:
        return ""
    return fields.get(_UNICODE_PATH, b"")[5:].decode(errors="replace")


def _between(tree: ZipTree, found: list[tuple[Member, LocalHeader]]) -> Iterator[tuple[str, str]]:
    """Yield the places where something lies between entries, or where two of them overlap."""
    directory = tree.directory.start
    placed = sorted(found, key=lambda pair: pair[0].offset)
    first = placed[0][0].offset if placed else directory
    if first and not (first == 4 and tree.ranges.read(0, 4) in _MARKERS):
        yield "", f"{count(first, 'byte')} before the first entry"
    ends = [(m, m.offset + local.length + m.compressed) for m, local in placed]
    starts = [m.offset for m, _ in placed[1:]]
    for (member, end), start in zip(ends, [*starts, directory], strict=False):
        gap = start - end
        if gap and not _is_descriptor(tree.ranges, end, gap, member.crc):
            text = f"{count(gap, 'byte')} after it that belong to no entry"
            yield member.path, text if gap > 0 else "its data runs into what follows it"


def _is_descriptor(ranges: Ranges, at: int, length: int, crc: int) -> bool:
    """Return whether these bytes are the checksum and the sizes that follow streamed data."""
    if length not in _DESCRIPTORS:
        return False
    data = ranges.read(at, length)
    stated = crc.to_bytes(4, "little")
    return data.startswith((stated, DESCRIPTOR_MARK + stated))


def _at_the_end(tree: ZipTree) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the record at the end, which ``zipfile`` looks for backwards."""
    directory, entries = tree.directory, len(tree.members)
    left = tree.ranges.size - directory.file_end
    # libarchive fills the last block with zeros
    if left > 0 and tree.ranges.read(directory.file_end, left).strip(b"\0"):
        yield "", f"{count(left, 'byte')} after the end of the zip"
    if directory.entries not in {0xFFFF, entries % 65536, entries}:
        text = f"its last record counts {directory.entries} entries, the directory has {entries}"
        yield "", text
