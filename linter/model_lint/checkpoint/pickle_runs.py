"""Read many numpy numbers of a pickle at once.

The log of 1000 epochs holds 7000 numpy scalars and 1000 lists of them (the Dice of each label).
A scalar takes 14 opcodes, together nine tenths of all that a checkpoint has, and from one to the
next only the number and the indices of the memo differ:

    j scalar  j dtype  j encode  X number  r  j 'latin1'  TUPLE2 r  REDUCE r  TUPLE2 r  REDUCE r

A run of scalars, or of lists of equally many, is taken only where its opcodes are these to the last
byte, and its indices go on from the memo's end. All else is left to the machine, which gives the
same values for a run.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import NamedTuple

from .pickle_allowed import NUMBER_FORMATS
from .pickle_values import DType, Global, Scalar

#: Stands in the memo for the parts of a scalar (its text, a tuple, its bytes and a tuple), to
#: which no pickler refers again.
PART = object()
#: Memo entries of a scalar: these, and itself.
_ENTRIES = 5
#: Where their indices stand behind the number, in so many bytes.
_FIELDS, _TAIL = (1, 12, 18, 24, 30), 34
#: Scalars of a list, at most: one for each label.
_MAX_ROW = 64
_LATIN1 = rb"(?:[\x00-\x7f]|[\xc2\xc3][\x80-\xbf])"


class Run(NamedTuple):
    """What stands in a pickle from a place on."""

    #: Scalars, or lists of them.
    values: list[Scalar] | list[list[Scalar]]
    #: What they leave in the memo.
    memo: list[object]
    #: How many lists, calls and scalars were made.
    containers: int
    #: Where the run ends in the buffer.
    end: int


def read_run(buffer: bytes, pos: int, memo: Sequence[object]) -> Run | None:
    """Return the run that begins at ``pos`` with a scalar, or with a list of scalars."""
    listed = buffer.startswith(b"]", pos)
    marked = buffer.startswith(b"(", pos + 6)
    first = pos + (6 + marked) * listed
    names = buffer[first : first + 15]
    dtype = _dtype(names, memo)
    if dtype is None:
        return None
    wrap = (b"(" if marked else b"a") if listed else b""
    amount = _amount(buffer, first, names, dtype.itemsize) if wrap == b"(" else 1
    found, end = [], pos
    for match in _pattern(names, dtype.itemsize, wrap, amount).finditer(buffer, pos):
        if match.start() != end:
            break
        end = match.end()
        found.append(match.groups())
    parts = list(chain.from_iterable(groups[listed:] for groups in found))
    lengths, texts, tails = b"".join(parts[0::3]), parts[1::3], b"".join(parts[2::3])
    # Each list has an entry too, before those of its scalars.
    step = listed + _ENTRIES * amount
    starts = range(len(memo), len(memo) + step * len(found), step)
    heads = b"".join(groups[0] for groups in found) if listed else b""
    in_sequence = heads == _packed(starts if listed else ()) and _follow(
        tails, chain.from_iterable(range(start + listed, start + step) for start in starts), memo
    )
    if not found or lengths != bytes(map(len, texts)) or not in_sequence:
        return None
    scalars = _scalars(texts, dtype)
    rows = [scalars[at : at + amount] for at in range(0, len(scalars), amount)] if listed else []
    entries: list[object] = [PART] * (step * len(found))
    if listed:
        entries[0::step] = rows
    for place in range(amount):
        entries[listed + _ENTRIES * place + _ENTRIES - 1 :: step] = scalars[place::amount]
    return Run(rows or scalars, entries, 2 * len(scalars) + len(rows), end)


def _dtype(names: bytes, memo: Sequence[object]) -> DType | None:
    """Return the type of the scalars, None where the three names are not those of a scalar."""
    scalar, dtype, encode = (_entry(memo, names[at : at + 5]) for at in (0, 5, 10))
    if not (_is(scalar, "scalar") and _is(encode, "encode") and isinstance(dtype, DType)):
        return None
    return dtype if len(NUMBER_FORMATS.get(dtype.code, "")) == 1 else None


def _amount(buffer: bytes, pos: int, names: bytes, size: int) -> int:
    """Count the scalars that stand one behind the other, up to the limit of a list."""
    item = _pattern(names, size, b"", 1)
    for amount in range(_MAX_ROW):
        match = item.match(buffer, pos)
        if match is None:
            return max(amount, 1)
        pos = match.end()
    return _MAX_ROW


@lru_cache(maxsize=32)
def _pattern(names: bytes, size: int, wrap: bytes, amount: int) -> re.Pattern[bytes]:
    """Return what matches a scalar of ``size`` bytes, or a list of some of them.

    Its groups are the memo index of the list, and of each scalar the length of the number's text
    in UTF-8, that text, and what follows it.
    """
    tail = rb"(r.{4}j.{4}\x86r.{4}Rr.{4}\x86r.{4}Rr.{4})"
    item = re.escape(names) + rb"X(.)\0\0\0(" + _LATIN1 + rb"{%d})" % size + tail
    form = {b"": item, b"a": rb"\]r(.{4})" + item + b"a"}
    listed = rb"\]r(.{4})\(" + item * amount + b"e"
    return re.compile(form.get(wrap, listed), re.DOTALL)


def _follow(tails: bytes, indices: Iterable[int], memo: Sequence[object]) -> bool:
    """Say whether all memo indices are in sequence, and the text is that of latin1."""
    wanted = _packed(indices)
    in_sequence = all(
        tails[at + byte :: _TAIL] == wanted[4 * number + byte :: 4 * _ENTRIES]
        for number, at in enumerate(_FIELDS)
        for byte in range(4)
    )
    names = {tails[start + 5 : start + 10] for start in range(0, len(tails), _TAIL)}
    return in_sequence and all(_entry(memo, name) == "latin1" for name in names)


def _packed(indices: Iterable[int]) -> bytes:
    numbers = [*indices]
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _scalars(texts: Sequence[bytes], dtype: DType) -> list[Scalar]:
    data = b"".join(texts).decode("utf-8").encode("latin-1")
    order = ">" if dtype.byteorder == ">" else "<"
    values = struct.unpack(f"{order}{len(texts)}{NUMBER_FORMATS[dtype.code]}", data)
    return [*map(Scalar, repeat(dtype.code), values)]


def _entry(memo: Sequence[object], name: bytes) -> object:
    """Return what ``LONG_BINGET index`` gets."""
    index = int.from_bytes(name[1:], "little")
    known = len(name) == 5 and name.startswith(b"j") and index < len(memo)
    return memo[index] if known else None


def _is(value: object, name: str) -> bool:
    return isinstance(value, Global) and value.name == name and value.call is not None
