"""A checksum that is derived from another of the same bytes is the one that zlib computes."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st
from model_lint.checkpoint.crc import moved

SUMS = st.integers(0, 2**32 - 1)


@given(st.binary(max_size=2000), SUMS, SUMS)
def test_two_sums_of_the_same_bytes(data: bytes, a: int, b: int) -> None:
    assert zlib.crc32(data, a) ^ moved(a ^ b, len(data)) == zlib.crc32(data, b)


def test_a_long_block() -> None:
    data = bytes(range(256)) * (1 << 12)
    whole, own = zlib.crc32(b"what is before"), 0
    assert zlib.crc32(data, whole) ^ moved(whole ^ own, len(data)) == zlib.crc32(data)
