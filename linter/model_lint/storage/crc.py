"""Join CRC-32 checksums of neighbouring pieces of data without reading the data again.

As zlib's ``crc32_combine``, which Python does not offer: putting n bytes behind some data
multiplies its checksum by x to the power of 8n, modulo the polynomial, over GF(2).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

#: CRC-32's polynomial with its bits reversed, as zlib keeps it; bit 31 is the power 0.
_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31


def joined(parts: Iterable[tuple[int, int]]) -> int:
    """Return the checksum of pieces in order, each given by its checksum and its length."""
    total = 0
    for checksum, length in parts:
        total = _multiplied(_shift(length), total) ^ checksum
    return total


def _multiplied(a: int, b: int) -> int:
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """Return x to the power of 8 times ``length``."""
    power, square = _ONE, _ONE >> 8
    while length:
        if length & 1:
            power = _multiplied(square, power)
        square = _multiplied(square, square)
        length >>= 1
    return power
