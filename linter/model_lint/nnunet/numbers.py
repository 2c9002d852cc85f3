"""Numbers in JSON files, as nnU-Net and SCT read them."""

from __future__ import annotations

import sys
from typing import Any, TypeGuard


def whole_number(value: Any) -> int | None:
    """Return the result of ``int``, as nnU-Net and SCT read a value; None if it is not whole."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and value != number else number


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number that a float can hold.

    Python's parser also reads NaN, Infinity and integers of any size.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max
