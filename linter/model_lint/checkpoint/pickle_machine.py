"""The machine that runs over the opcodes of a pickle, and builds descriptions instead of objects.

Methods without a docstring are the handlers of the opcodes of that name. After most issues the
machine goes on with a placeholder (`OPAQUE`) as the value, so that all defects of a file are found.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from sys import getsizeof

from ..findings import Problem
from .limits import MAX_ISSUES, Limits
from .pickle_allowed import (
    ALLOWED,
    DEVICES,
    ITEMSIZE,
    STORAGES,
    ArgumentsError,
    KeyTypeError,
    build,
    is_count,
)
from .pickle_stack import PickleStack
from .pickle_stream import REFERENCE, RefusedError, malformed
from .pickle_values import OPAQUE, Global, Storage, shown


class _StopError(Exception):
    """The STOP opcode was reached: the scan is complete."""


class Machine(PickleStack):
    """The state of a scan. Its methods handle opcodes; the opcode itself is already read."""

    def __init__(self, read: Callable[[int], bytes], limits: Limits) -> None:
        super().__init__(read, limits)
        self.issues: list[Problem] = []
        self.storages: dict[str, Storage] = {}
        self.named: set[Global] = set()
        self.refused: set[str] = set()
        self.protocol = 0
        self.complete = False

    def run(self) -> object:
        """Run to STOP and return the value; without STOP add an issue and return `OPAQUE`."""
        try:
            self._loop()
            reason = malformed(f"more than {self._limits.opcodes} opcodes")
        except _StopError:
            self.complete = True
            return self.stack.pop()
        except RefusedError as error:
            # With the traceback it would keep this frame, and with it every value, in memory.
            reason = error.with_traceback(None)
        except KeyTypeError as error:
            reason = malformed(str(error))
        except struct.error:
            reason = malformed("ends before STOP")
        except IndexError:
            ends = self.pos >= len(self.buffer)
            reason = malformed("ends before STOP" if ends else "takes from an empty stack")
        self.issues.append(
            Problem(str(reason), steps=("data.pkl", self.base + self.at), code=reason.code)
        )
        return OPAQUE

    def _loop(self) -> None:
        table = _TABLE
        for _ in range(self._limits.opcodes):
            pos = self.pos
            if pos > self._safe:
                self._next_opcode()
                pos = self.pos
            self.at = pos
            self.pos = pos + 1
            table[self.buffer[pos]](self)

    def _add(self, code: str, message: str) -> None:
        """Add an issue unless it is known; end the scan if there are too many."""
        if any((i.code, i.message) == (code, message) for i in self.issues):
            return
        if len(self.issues) == MAX_ISSUES:
            raise malformed(f"more than {MAX_ISSUES} issues; the rest was not read")
        self.issues.append(Problem(message, steps=("data.pkl", self.base + self.at), code=code))

    # Frames and ends.

    def proto(self) -> None:
        self.protocol = self._byte()
        if not 2 <= self.protocol <= 5 or self.base + self.at:
            raise malformed(f"pickle protocol {self.protocol} at byte {self.base + self.at}")

    def frame(self) -> None:
        self._enter_frame(self._number(8))

    def stop(self) -> None:
        if len(self.stack) != 1 or self.marks:
            raise malformed(f"STOP leaves {len(self.stack)} values")
        if self._frame_end and self.base + self.pos != self._frame_end:
            raise malformed("its last frame does not end at STOP")
        self._check_memory()
        raise _StopError

    # Globals, calls and storages.

    def global_(self) -> None:
        self.stack.append(self._find(self._line(), self._line()))

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(module) is str and type(name) is str:
            self.stack.append(self._find(module, name))
            return
        self._add("K003", "names a global with something other than literal strings")
        self.stack.append(OPAQUE)

    def _find(self, module: str, name: str) -> object:
        found = ALLOWED.get((module, name))
        if found is None:
            full = f"{module}.{name}"
            self._add("K001", f"names the global {shown(full)}")
            self.refused.add(full)
            return OPAQUE
        self.named.add(found)
        return found

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack[-1]
        if function is OPAQUE or arguments is OPAQUE:
            self.stack[-1] = OPAQUE
            return
        if not isinstance(function, Global) or type(arguments) is not tuple:
            raise malformed("calls something that is not a global")
        self.stack[-1] = result = self._called(function, arguments)
        self.memory += getsizeof(result) + REFERENCE

    def _called(self, function: Global, arguments: tuple[object, ...]) -> object:
        if OPAQUE in arguments:
            return OPAQUE
        if function.call is None:
            self._add("K006", f"{function} is called")
            return OPAQUE
        try:
            return function.call(arguments)
        except ArgumentsError as error:
            self._add("K006", f"{function}: {error}")
            return OPAQUE

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if target is OPAQUE or state is OPAQUE:
            return
        try:
            build(target, state)
        except ArgumentsError as error:
            self._add("K006", f"BUILD: {error}")

    def persistent(self) -> None:
        """Push the storage ``('storage', class, key, location, numel)``."""
        # Python matches `str() as key` in a tenth of the time of `str(key)`.
        match self.stack.pop():
            case ("storage", Global() as kind, str() as key, str() as location, int() as numel):
                storage = self._storage(kind, key, location, numel)
            case tuple() as pid if any(part is OPAQUE for part in pid):
                storage = None
            case _:
                self._add("K006", "a persistent id that is not a storage of torch")
                storage = None
        self._push(storage or OPAQUE)

    def _storage(self, kind: Global, key: str, location: str, numel: int) -> Storage | None:
        dtype = STORAGES.get((kind.module, kind.name))
        number = key.isascii() and key.isdigit() and len(key) < 20
        place = location.partition(":")[0] in DEVICES
        if dtype is None or not number or not is_count(numel) or not place or len(location) > 64:
            self._add("K006", f"a storage {shown(key)} that torch would not write")
            return None
        known = self.storages.get(key)
        if known is None:
            known = Storage(key, dtype, ITEMSIZE[dtype], numel, location)
            self.storages[key] = known
        elif (known.dtype, known.numel, known.location) != (dtype, numel, location):
            self._add("K006", f"storage {key} is declared twice, in different ways")
        return known

    # Opcodes that no checkpoint needs: reported, and followed only to see what comes after them.

    def unknown(self) -> None:
        code = self.buffer[self.pos - 1]
        if self.base + self.at == 0:
            raise malformed(f"does not begin as a pickle (byte {code:#04x})")
        name = _TEXT_OPCODES.get(code)
        if name is None:
            raise malformed(f"byte {code:#04x} is not an opcode")
        raise RefusedError("K002", f"uses the opcode {name}")

    def new_object(self) -> None:
        self._add("K002", "uses the opcode NEWOBJ")
        self.stack.pop()
        self.stack[-1] = OPAQUE

    def new_object_ex(self) -> None:
        self._add("K002", "uses the opcode NEWOBJ_EX")
        self.stack.pop()
        self.stack.pop()
        self.stack[-1] = OPAQUE

    def object_(self) -> None:
        self._add("K002", "uses the opcode OBJ")
        self._pop_mark()
        self.stack.append(OPAQUE)

    def instance(self) -> None:
        self._add("K002", "uses the opcode INST")
        self._find(self._line(), self._line())
        self._pop_mark()
        self.stack.append(OPAQUE)

    def extension1(self) -> None:
        self._extension(1)

    def extension2(self) -> None:
        self._extension(2)

    def extension4(self) -> None:
        self._extension(4)

    def _extension(self, length: int) -> None:
        self._add("K002", f"uses the opcode EXT{length}")
        self._take(length)
        self.stack.append(OPAQUE)

    def pop(self) -> None:
        self._add("K002", "uses the opcode POP")
        if self.stack:
            self.stack.pop()
        else:
            self._pop_mark()

    def pop_mark(self) -> None:
        self._add("K002", "uses the opcode POP_MARK")
        self._pop_mark()

    def duplicate(self) -> None:
        self._add("K002", "uses the opcode DUP")
        self.stack.append(self.stack[-1])


#: Real opcodes that end the scan: text forms of old protocols, text persistent ids, buffers.
_TEXT_OPCODES = {
    ord("F"): "FLOAT", ord("I"): "INT", ord("L"): "LONG", ord("S"): "STRING", ord("V"): "UNICODE",
    ord("T"): "BINSTRING", ord("U"): "SHORT_BINSTRING", ord("P"): "PERSID", ord("d"): "DICT",
    ord("l"): "LIST", ord("g"): "GET", ord("p"): "PUT", 0x8B: "LONG4", 0x96: "BYTEARRAY8",
    0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}  # fmt: skip


def _opcodes() -> Iterator[tuple[int, Callable[[Machine], None]]]:
    m = Machine
    yield from ((0x80, m.proto), (0x95, m.frame), (ord("."), m.stop))
    yield from ((ord("N"), m.none), (0x88, m.true), (0x89, m.false))
    yield from ((ord("K"), m.int1), (ord("M"), m.int2), (ord("J"), m.int4), (0x8A, m.long1))
    yield from ((ord("G"), m.float8), (0x8C, m.text1), (ord("X"), m.text4), (0x8D, m.text8))
    yield from ((ord("C"), m.bytes1), (ord("B"), m.bytes4), (0x8E, m.bytes8))
    yield from ((ord("("), m.mark), (ord(")"), m.empty_tuple), (ord("t"), m.tuple_))
    yield from ((0x85, m.tuple1), (0x86, m.tuple2), (0x87, m.tuple3))
    yield from ((ord("}"), m.empty_dict), (ord("s"), m.set_item), (ord("u"), m.set_items))
    yield from ((ord("]"), m.empty_list), (ord("a"), m.append_item), (ord("e"), m.append_items))
    yield from ((0x8F, m.empty_set), (0x90, m.add_items), (0x91, m.frozen_set))
    yield from ((ord("q"), m.put1), (ord("r"), m.put4), (0x94, m.memoize))
    yield from ((ord("h"), m.get1), (ord("j"), m.get4))
    yield from ((ord("c"), m.global_), (0x93, m.stack_global))
    yield from ((ord("R"), m.reduce), (ord("b"), m.build), (ord("Q"), m.persistent))
    yield from ((0x81, m.new_object), (0x92, m.new_object_ex), (ord("o"), m.object_))
    yield from ((ord("i"), m.instance), (ord("0"), m.pop), (ord("1"), m.pop_mark))
    yield from ((ord("2"), m.duplicate), (0x82, m.extension1))
    yield from ((0x83, m.extension2), (0x84, m.extension4))


_BY_CODE = dict(_opcodes())
_TABLE = tuple(_BY_CODE.get(code, Machine.unknown) for code in range(256))
