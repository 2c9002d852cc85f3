"""Numbers in JSON files, as nnU-Net and SCT read them."""

from __future__ import annotations

import sys
from typing import Any, TypeGuard


def whole_number(value: Any) -> int | None:
    """Return what ``int`` makes of a value, which is how nnU-Net and SCT read it."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and value != number else number


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number that a float can hold.

    Python's parser takes NaN and Infinity, and integers of any size.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max
