"""Look for numbers that are none in raw arrays, as fast as the standard library can.

A float is not a number or infinite exactly where all bits of its exponent are set. Those bits lie
in its last byte and, but for half precision, in the one before: both are cut out of the data.
"""

from __future__ import annotations

import re

#: The bytes at a time that stay in a processor's cache.
_BLOCK = 1 << 18
#: Bytes of one number, and the smallest byte before the last that has the exponent's other bits
#: set, apart from its sign; 0 where the last byte holds all of them.
_FORMATS = {
    "float16": (2, 0),
    "bfloat16": (2, 0x80),
    "float32": (4, 0x80),
    "float64": (8, 0xF0),
}
FLOATS = frozenset(_FORMATS)
_HALF = re.compile(rb"[\x7c-\x7f\xfc-\xff]")
_LAST = bytes(int(byte & 0x7F == 0x7F) for byte in range(256))
_BEFORE = {limit: bytes(int(byte >= limit) for byte in range(256)) for limit in (0x80, 0xF0)}


def has_nonfinite(data: bytes, dtype: str) -> bool:
    """Return whether any little-endian number is not a number or infinite.

    ``dtype`` is one of FLOATS; ``data`` begins with a whole number.
    """
    size, limit = _FORMATS[dtype]
    for start in range(0, len(data), _BLOCK):
        end = start + _BLOCK
        last = data[start + size - 1 : end : size]
        if not limit:
            if _HALF.search(last):
                return True
        elif b"\x7f" in last or b"\xff" in last:
            before = data[start + size - 2 : end : size].translate(_BEFORE[limit])
            both = int.from_bytes(before, "little") & int.from_bytes(
                last.translate(_LAST), "little"
            )
            if both:
                return True
    return False


def is_zero(data: bytes) -> bool:
    """Return whether all numbers are zero, of either sign."""
    return not data[:64].strip(b"\0\x80") and not data.strip(b"\0\x80")
