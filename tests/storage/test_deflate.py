"""Deflate by frequency alone: plain deflate, and the same bytes however the data arrives."""

from __future__ import annotations

import random
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from model_lint.storage.deflate import BLOCK, deflate_numbers


def deflated(*chunks: bytes) -> bytes:
    with ThreadPoolExecutor(2) as workers:
        return b"".join(deflate_numbers(chunks, workers))


def numbers(count: int) -> bytes:
    source = random.Random(0)
    return struct.pack(f"<{count}f", *(source.gauss(0, 0.05) for _ in range(count)))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 7 * BLOCK + 12])
def test_it_is_plain_deflate(size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    assert unpack.decompress(deflated(data)) == data
    assert unpack.eof
    assert unpack.unused_data == b""


def test_the_bytes_do_not_depend_on_how_the_data_arrives() -> None:
    data = numbers(700_000)
    pieces = [data[at : at + 99_991] for at in range(0, len(data), 99_991)]
    assert deflated(*pieces) == deflated(data) == deflated(b"", data, b"")


def test_it_makes_weights_smaller_than_the_usual_level_does() -> None:
    data = numbers(300_000)
    assert len(deflated(data)) < len(zlib.compress(data, 6)) < len(data)
