"""What a check will read of a zip: a storage that is slow to ask takes it along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..storage.depth import Depth
from ..storage.limits import MAX_EXCERPT_BYTES
from ..storage.ranges import Ranges
from ..storage.zip_format import LOCAL_SIZE, STORED
from ..storage.zip_member import Member
from .paths import is_checkpoint
from .text_file import is_text

#: Bytes of an entry's extra fields, and the first ones of a checkpoint.
_EXTRA, _HEAD = 128, 512
#: Bytes at the end of a checkpoint: the directory of 200 records.
_TAIL = 1 << 14


def expect_reads(ranges: Ranges, members: Sequence[Member], depth: Depth) -> None:
    """Tell a storage which parts of a zip a check will read; one that is fast does not listen."""
    ranges.expect(_parts(members, depth))
    ranges.expect(_heads(members), alike=True)


def _parts(members: Sequence[Member], depth: Depth) -> Iterator[tuple[int, int]]:
    """Yield the place and the length of headers, texts and the directories of checkpoints."""
    for member in members:
        header = _header(member)
        start, end = member.offset, member.offset + header + member.compressed
        yield start, header
        if is_checkpoint(member.path):
            if member.method == STORED and depth is not Depth.NONE:
                yield max(start, end - _EXTRA - _TAIL), _TAIL
        elif is_text(member.path):
            if end - start <= 2 * MAX_EXCERPT_BYTES or member.method != STORED:
                yield start, end - start
            else:
                yield start, header + MAX_EXCERPT_BYTES
                yield end - _EXTRA - MAX_EXCERPT_BYTES, MAX_EXCERPT_BYTES


def _heads(members: Sequence[Member]) -> Iterator[tuple[int, int]]:
    """Yield the place and the length of the beginnings of checkpoints."""
    for member in members:
        if is_checkpoint(member.path):
            yield member.offset, _header(member) + _HEAD


def _header(member: Member) -> int:
    return LOCAL_SIZE + len(member.raw_name) + _EXTRA
