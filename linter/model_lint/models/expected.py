"""What a check will read of a zip: a storage that is slow to ask takes it along."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Tell a storage which parts of a zip a check will read."""
    headers, texts, heads, tails = [], [], [], []
    for member in members:
        header = LOCAL_SIZE + len(member.raw_name) + _EXTRA
        headers.append((member.offset, header))
        start, end = member.offset, member.offset + header + member.compressed
        if is_checkpoint(member.path):
            heads.append((start, header + _HEAD))
            if member.method == STORED and depth is not Depth.NONE:
                tails.append((max(start, end - _EXTRA - _TAIL), _TAIL))
        elif is_text(member.path):
            if end - start <= 2 * MAX_EXCERPT_BYTES or member.method != STORED:
                texts.append((start, end - start))
            else:
                texts += [(start, header + MAX_EXCERPT_BYTES)]
                texts += [(end - _EXTRA - MAX_EXCERPT_BYTES, MAX_EXCERPT_BYTES)]
    ranges.expect(headers + texts + tails)
    ranges.expect(heads, alike=True)
