"""The values of a pickle: the stack with its marks, the memo, containers and plain values.

Methods without a docstring are the handlers of the opcodes of that name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from sys import getsizeof

from .limits import (
    ALONE,
    MAX_LOOSE_MEMO,
    MAX_MARKS,
    MAX_MISSED_RUNS,
    MAX_STACK,
    MAX_TUPLE_KEYS,
    Limits,
)
from .pickle_allowed import hashable
from .pickle_runs import PART, read_run
from .pickle_stream import REFERENCE, U32, PickleStream, malformed
from .pickle_values import OPAQUE, Scalar

#: Bytes of memory of a number, and of a tuple of up to three.
_NUMBER, _TUPLE = getsizeof(0.0) + REFERENCE, getsizeof((0, 0, 0)) + REFERENCE
#: Numbers of a run that is worth the search for it.
LEAST_RUN = 8

_I32 = struct.Struct("<i").unpack_from
_F64 = struct.Struct(">d").unpack_from


class PickleStack(PickleStream):
    """The state of the unpickling."""

    def __init__(self, read: Callable[[int], bytes], limits: Limits) -> None:
        super().__init__(read, limits)
        self.stack: list[object] = []
        self.marks: list[list[object]] = []
        self.memo: list[object] = []
        self.loose_memo: dict[int, object] = {}
        self.tuple_keys = 0
        #: How many more searches for runs may fail.
        self._runs = MAX_MISSED_RUNS

    def _pop_mark(self) -> list[object]:
        if not self.marks:
            raise malformed("a mark is missing")
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def _push(self, value: object) -> None:
        self.memory += getsizeof(value) + REFERENCE
        self.stack.append(value)

    def _key(self, key: object) -> object:
        if isinstance(key, tuple) and not isinstance(key, Scalar):
            self.tuple_keys += 1
            if self.tuple_keys > MAX_TUPLE_KEYS:
                raise malformed("too many tuples as keys")
        return hashable(key)

    # Plain values.

    def none(self) -> None:
        self.stack.append(None)

    def true(self) -> None:
        self.stack.append(True)

    def false(self) -> None:
        self.stack.append(False)

    def int1(self) -> None:
        self.stack.append(self.buffer[self.pos])
        self.pos += 1

    def int2(self) -> None:
        self.memory += _NUMBER
        self.stack.append(self._number(2))

    def int4(self) -> None:
        self.memory += _NUMBER
        self.stack.append(_I32(self.buffer, self.pos)[0])
        self.pos += 4

    def long1(self) -> None:
        self._push(int.from_bytes(self._take(self._byte()), "little", signed=True))

    def float8(self) -> None:
        self.memory += _NUMBER
        self.stack.append(_F64(self.buffer, self.pos)[0])
        self.pos += 8

    def text1(self) -> None:
        self._push(self._text(self._take(self._byte())))

    def text4(self) -> None:
        (length,) = U32(self.buffer, self.pos)
        self.pos += 4
        end = self.pos + length
        if end > len(self.buffer):
            self._push(self._text(self._take(length)))
            return
        self._push(self._text(self.buffer[self.pos : end]))
        self.pos = end

    def text8(self) -> None:
        self._push(self._text(self._take(self._number(8))))

    def bytes1(self) -> None:
        self._push(self._take(self._byte()))

    def bytes4(self) -> None:
        self._push(self._take(self._number(4)))

    def bytes8(self) -> None:
        self._push(self._take(self._number(8)))

    # Containers.

    def mark(self) -> None:
        if len(self.marks) >= MAX_MARKS or len(self.stack) >= MAX_STACK:
            raise malformed("nested too deep")
        self.marks.append(self.stack)
        self.stack = []

    def empty_tuple(self) -> None:
        self.stack.append(())

    def tuple1(self) -> None:
        self.memory += _TUPLE
        self.stack[-1] = (self.stack[-1],)

    def tuple2(self) -> None:
        second = self.stack.pop()
        self.memory += _TUPLE
        self.stack[-1] = (self.stack[-1], second)

    def tuple3(self) -> None:
        third, second = self.stack.pop(), self.stack.pop()
        self.memory += _TUPLE
        self.stack[-1] = (self.stack[-1], second, third)

    def tuple_(self) -> None:
        items = self._pop_mark()
        self._push(tuple(items))

    def empty_dict(self) -> None:
        self._push({})

    def empty_list(self) -> None:
        self._push([])

    def empty_set(self) -> None:
        self._push(set())

    def frozen_set(self) -> None:
        items = self._pop_mark()
        self._push(frozenset(map(self._key, items)))

    def append_item(self) -> None:
        item = self.stack.pop()
        self._extend([item])

    def append_items(self) -> None:
        self._extend(self._pop_mark())

    def _extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            before = getsizeof(target)
            target.extend(items)
            self.memory += getsizeof(target) - before
            numbers = self._runs and items and type(items[-1]) is Scalar
            if numbers and not self.loose_memo and self.buffer.startswith(b"]", self.pos):
                self._take_run()
        elif target is not OPAQUE:
            raise malformed("appends to something that is not a list")

    def add_items(self) -> None:
        items = self._pop_mark()
        target = self.stack[-1]
        if isinstance(target, set):
            before = getsizeof(target)
            target.update(map(self._key, items))
            self.memory += getsizeof(target) - before
        elif target is not OPAQUE:
            raise malformed("adds to something that is not a set")

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def set_items(self) -> None:
        self._update(self._pop_mark())

    def _update(self, items: list[object]) -> None:
        target = self.stack[-1]
        if len(items) % 2:
            raise malformed("a key without a value")
        if isinstance(target, dict):
            before = getsizeof(target)
            for i in range(0, len(items), 2):
                target[self._key(items[i])] = items[i + 1]
            self.memory += getsizeof(target) - before
        elif target is not OPAQUE:
            raise malformed("sets an item of something that is not a dict")

    # Memo.

    def put1(self) -> None:
        self._put(self._byte())

    def put4(self) -> None:
        (index,) = U32(self.buffer, self.pos)
        self.pos += 4
        value = self.stack[-1]
        if index == len(self.memo) and not self.loose_memo:  # nearly always
            self.memo.append(value)
            if type(value) is Scalar and self._runs and self.buffer.startswith(b"j", self.pos):
                self._take_run()
        else:
            self._put(index)

    def _take_run(self) -> None:
        """Read the run of numbers that begins here, as far as it is in the buffer."""
        run = read_run(self.buffer, self.pos, self.memo)
        if run is None or len(run.values) < LEAST_RUN:
            self._runs -= 1
        if run is None:
            return
        self.memory += run.memory
        self.stack.extend(run.values)
        self.memo.extend(run.memo)
        self.pos = run.end

    def memoize(self) -> None:
        self._put(len(self.memo) + len(self.loose_memo))

    def _put(self, index: int) -> None:
        value = self.stack[-1]
        if index == len(self.memo):
            self.memo.append(value)
            self.loose_memo.pop(index, None)
            return
        if index < len(self.memo):
            self.memo[index] = value
            return
        self.loose_memo[index] = value
        # The standard unpickler allocates memory for all entries up to the highest.
        if index > ALONE.opcodes or len(self.loose_memo) > MAX_LOOSE_MEMO:
            raise malformed(f"memo entry {index}, far out of sequence")

    def get1(self) -> None:
        self._get(self._byte())

    def get4(self) -> None:
        (index,) = U32(self.buffer, self.pos)
        self.pos += 4
        if index < len(self.memo) and self.memo[index] is not PART:
            self.stack.append(self.memo[index])
        else:
            self._get(index)

    def _get(self, index: int) -> None:
        if index < len(self.memo):
            if self.memo[index] is PART:
                raise malformed(f"memo entry {index}, a part of a number, is used again")
            self.stack.append(self.memo[index])
        elif index in self.loose_memo:
            self.stack.append(self.loose_memo[index])
        else:
            raise malformed(f"memo entry {index} does not exist")
