"""Deflate numbers by the frequency of their bytes alone.

The numbers of a network contain no repetitions for deflate to find, but some bytes are more
frequent than others. Coding by frequency alone (``Z_HUFFMAN_ONLY``) makes a checkpoint smaller than
level 6 does, in a quarter of the time. The result is plain deflate, which every program reads. The
same input and the same zlib give the same bytes.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future

#: Bytes that are compressed at a time; the output depends on it.
BLOCK = 1024 * 1024
#: Compressed blocks that may wait to be written.
_AHEAD = 4


def deflate_numbers(data: Iterable[bytes], workers: Executor) -> Iterator[bytes]:
    """Yield the deflate stream of numbers, in blocks of fixed length that threads compress.

    Without repetitions no block refers to the one before it, so joining them gives one stream.
    """
    pending: deque[Future[bytes]] = deque()
    rest = bytearray()
    for chunk in data:
        rest += chunk
        while len(rest) >= BLOCK:
            pending.append(workers.submit(_deflate, bytes(rest[:BLOCK]), zlib.Z_SYNC_FLUSH))
            del rest[:BLOCK]
            if len(pending) > _AHEAD:
                yield pending.popleft().result()
    for block in pending:
        yield block.result()
    yield _deflate(bytes(rest), zlib.Z_FINISH)


def _deflate(block: bytes, end: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
    return deflate.compress(block) + deflate.flush(end)
