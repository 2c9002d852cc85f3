"""The second of two checksums of the same bytes, without summing them again.

A CRC-32 is what is left of a polynomial over GF(2), divided by another. Of two sums that run over
the same bytes only the starts differ, and that difference is multiplied by ``x**8`` for each byte:

    crc32(data, a) ^ crc32(data, b) == moved(a ^ b, len(data))
"""

from __future__ import annotations

from functools import cache

#: The divisor, and ``x**0`` and ``x**8``: the highest power is the lowest bit.
_DIVISOR, _ONE, _BYTE = 0xEDB88320, 0x80000000, 0x00800000


def moved(difference: int, length: int) -> int:
    """Return what a difference of two sums becomes over so many bytes.

    It takes some microseconds for a length that was asked for before, else a quarter of a
    millisecond: only long pieces of few lengths are worth it.
    """
    return _times(difference, _power(length))


@cache
def _power(length: int) -> int:
    """Return ``x**(8 * length)``."""
    power, square = _ONE, _BYTE
    while length:
        if length & 1:
            power = _times(power, square)
        square = _times(square, square)
        length >>= 1
    return power


def _times(a: int, b: int) -> int:
    """Multiply two polynomials, and divide."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = b >> 1 ^ (_DIVISOR if b & 1 else 0)
    return product
