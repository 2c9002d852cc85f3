"""Read many numpy numbers of a pickle at once.

The log of 1000 epochs contains 7000 numpy scalars and 1000 lists of them (the Dice of each label).
Each scalar takes 14 opcodes, together nine tenths of all opcodes of a checkpoint:

    j scalar  j dtype  j encode  X number  r  j 'latin1'  TUPLE2 r  REDUCE r  TUPLE2 r  REDUCE r

Two scalars differ only in the number, and in the indices of the memo after each ``r``, which count
up. So one regular expression finds a run of scalars, or of lists of the same length. Then the parts
that may differ are compared with what the machine would accept. Anything else is left to the
machine.

The log above takes 5 milliseconds this way, and 40 with the machine alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from functools import cache, partial
from itertools import repeat
from sys import getsizeof
from typing import NamedTuple

from .limits import MAX_ROW
from .pickle_allowed import NUMBER_FORMATS
from .pickle_stream import REFERENCE
from .pickle_values import DType, Global, Scalar

#: The memo entry of each part of a scalar (its text, a tuple, its bytes and a tuple). No pickler
#: refers to these again.
PART = object()
#: Memo entries of a scalar: its four parts, and itself.
_ENTRIES = 5
#: Bytes of memory of a scalar, its number and its memo entries.
_MEMORY = getsizeof(Scalar("c16", 1j)) + getsizeof(1j) + REFERENCE + 8 * _ENTRIES

#: ``j scalar  j dtype  j encode``, the same for all scalars of a run.
_NAMES = rb"(j.{4}j.{4}j.{4})"
#: A list, and its memo entry.
_LIST = rb"\]r.{4}"
_CHARACTER = rb"(?:[\x00-\x7f]|[\xc2\xc3][\x80-\xbf])"
#: What follows the number; the places in it where memo entries are put, and where 'latin1' is read.
_TAIL = rb"r.{4}j.{4}\x86r.{4}Rr.{4}\x86r.{4}Rr.{4}"
_PUTS, _LATIN1 = (1, 12, 18, 24, 30), slice(5, 10)


class Run(NamedTuple):
    """A run of scalars, or of lists of them."""

    #: Scalars, or lists of them.
    values: list[Scalar] | list[list[Scalar]]
    #: Their memo entries.
    memo: list[object]
    #: Bytes of memory that they take.
    memory: int
    #: Where the run ends in the buffer.
    end: int


def read_run(buffer: bytes, pos: int, memo: Sequence[object]) -> Run | None:
    """Return the run that begins at ``pos``; None without one that the machine would accept."""
    listed = buffer.startswith(b"]", pos)
    marked = listed and buffer.startswith(b"(", pos + 6)
    first = pos + 6 * listed + marked
    dtype = _dtype(buffer[first : first + 15], memo)
    if dtype is None:
        return None
    size = dtype.itemsize
    amount = _amount(buffer, first, size) if marked else 1
    if not 0 < amount <= MAX_ROW:
        return None
    around = (_LIST + rb"\(", b"e") if marked else (_LIST, b"a") if listed else (b"", b"")
    match = _run_of(size, amount, *around).match(buffer, pos)
    if match is None:
        return None
    lists, lengths, texts, tails = zip(
        *_scalar_of(size).findall(buffer, pos, match.end()), strict=True
    )
    # The memo entry of a list is before those of its scalars.
    step = listed + _ENTRIES * amount
    total = step * (len(texts) // amount)
    puts = struct.pack(f"<{total}I", *range(len(memo), len(memo) + total))
    if (
        _entry(memo, tails[0][_LATIN1]) != "latin1"
        or b"".join(lengths) != bytes(map(len, texts))
        or b"".join(lists) != (_lists(puts, step) if listed else b"")
        or b"".join(tails) != _tails(tails[0], puts, step, amount)
    ):
        return None
    scalars = _scalars(texts, dtype)
    rows = [scalars[at : at + amount] for at in range(0, len(scalars), amount)] if listed else []
    entries: list[object] = [PART] * total
    if listed:
        entries[0::step] = rows
    for place in range(amount):
        entries[listed + _ENTRIES * (place + 1) - 1 :: step] = scalars[place::amount]
    memory = len(scalars) * _MEMORY + sum(map(getsizeof, rows))
    return Run(rows or scalars, entries, memory, match.end())


def _dtype(names: bytes, memo: Sequence[object]) -> DType | None:
    """Return the type of the scalars; None if the three names are not those of a scalar."""
    scalar, dtype, encode = (_entry(memo, names[at : at + 5]) for at in (0, 5, 10))
    if not (_is(scalar, "scalar") and _is(encode, "encode") and isinstance(dtype, DType)):
        return None
    return dtype if len(NUMBER_FORMATS.get(dtype.code, "")) == 1 else None


def _amount(buffer: bytes, pos: int, size: int) -> int:
    """Count the scalars that follow each other."""
    row = _run_of(size, 1).match(buffer, pos)
    return len(_scalar_of(size).findall(buffer, pos, row.end())) if row else 0


@cache
def _run_of(
    size: int, amount: int, opening: bytes = b"", closing: bytes = b""
) -> re.Pattern[bytes]:
    """Return the pattern of scalars of ``size`` bytes, or of lists of ``amount`` of them."""
    number = rb"X.\0\0\0" + _CHARACTER + rb"{%d}" % size + _TAIL
    first = opening + _NAMES + number + rb"(?:\1%b){%d}" % (number, amount - 1) + closing
    other = opening + rb"(?:\1%b){%d}" % (number, amount) + closing
    return re.compile(first + rb"(?:%b)*" % other, re.DOTALL)


@cache
def _scalar_of(size: int) -> re.Pattern[bytes]:
    """Return the pattern of one scalar of a run.

    Its groups are the memo index of the list (only for its first scalar), the length of the
    number's text in UTF-8, that text, and what follows it.
    """
    number = rb"X(.)\0\0\0(" + _CHARACTER + rb"{%d})" % size
    return re.compile(rb"(?:\]r(.{4})\(?)?j.{14}" + number + rb"(" + _TAIL + rb")", re.DOTALL)


def _lists(puts: bytes, step: int) -> bytes:
    return b"".join(puts[at : at + 4] for at in range(0, len(puts), 4 * step))


def _tails(first: bytes, puts: bytes, step: int, amount: int) -> bytes:
    """Return what must follow the numbers: the same as after the first, with the next indices."""
    whole = bytearray(first * (len(puts) // (4 * step) * amount))
    for scalar in range(amount):
        entry = step - _ENTRIES * (amount - scalar)
        for number, at in enumerate(_PUTS):
            for byte in range(4):
                column = puts[4 * (entry + number) + byte :: 4 * step]
                whole[scalar * len(first) + at + byte :: amount * len(first)] = column
    return bytes(whole)


def _scalars(texts: Sequence[bytes], dtype: DType) -> list[Scalar]:
    data = b"".join(texts).decode("utf-8").encode("latin-1")
    order = ">" if dtype.byteorder == ">" else "<"
    values = struct.unpack(f"{order}{len(texts)}{NUMBER_FORMATS[dtype.code]}", data)
    # As Scalar(code, value) for each, in half the time.
    make = partial(tuple.__new__, Scalar)
    return [*map(make, zip(repeat(dtype.code), values))]


def _entry(memo: Sequence[object], name: bytes) -> object:
    """Return the memo entry of ``LONG_BINGET index``; None for any other opcode."""
    index = int.from_bytes(name[1:], "little")
    known = len(name) == 5 and name.startswith(b"j") and index < len(memo)
    return memo[index] if known else None


def _is(value: object, name: str) -> bool:
    return isinstance(value, Global) and value.name == name and value.call is not None
