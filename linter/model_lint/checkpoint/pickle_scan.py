"""Read the pickle of a torch checkpoint without importing, calling or building anything.

A small virtual machine runs over the opcodes that ``torch.save`` writes, in one pass over a stream
that is only read forwards, until STOP. It gives plain values (dict, list, str, int, float, ...),
descriptions of tensors (`Tensor`), and a `PickleIssue` for whatever is not on the exact list of
what torch and nnU-Net write. The codes of the issues are those of the rules:

* K001 a global outside the list, K003 one whose name is no literal string;
* K002 an opcode that no nnU-Net checkpoint needs;
* K004 bytes that are no pickle, or one beyond the limits;
* K006 an allowed callable with arguments that torch does not write.

Where that makes sense the machine goes on behind an issue, with a placeholder (`OPAQUE`) as the
value, so that a file shows all of its defects. The lists were held against the allow-list of
``torch.load(weights_only=True)`` and against checkpoints of nnU-Net 2.0 to 2.8.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .pickle_allowed import (
    ALLOWED,
    DEVICES,
    ITEMSIZE,
    STORAGES,
    ArgumentsError,
    KeyTypeError,
    build,
    hashable,
    is_count,
)
from .pickle_runs import PART, read_run
from .pickle_values import OPAQUE, Global, Scalar, Storage, shown

#: Limits, several times above the largest checkpoints known (31 million parameters: 124 kB and
#: 30 000 opcodes; 16 000 epochs of log: about 5 MB and 1.5 million opcodes).
MAX_BYTES = 16 * 1024 * 1024
MAX_OPCODES = 3_000_000
MAX_STRING = 4 * 1024 * 1024
#: Lists, dicts, sets and results of calls.
MAX_CONTAINERS = 600_000
#: Tuples as keys: their hashes can be made to collide.
MAX_TUPLE_KEYS = 2_000
MAX_STACK = 250_000
MAX_MARKS = 10_000
#: Memo entries out of sequence; picklers number theirs from 0 upwards.
MAX_LOOSE_MEMO = 100_000
MAX_ISSUES = 20
MAX_MISSED_RUNS = 200
#: Bytes that are asked for at a time.
CHUNK = 16 * 1024
#: Bytes of the longest opcode with its argument of fixed length.
LONGEST_FIXED = 9


@dataclass(frozen=True, slots=True)
class PickleIssue:
    """Something in a checkpoint that torch does not write there."""

    #: The code of the rule that reports it.
    code: str
    message: str
    #: Byte of the pickle at which the opcode stands; None where the issue has no place in it.
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class PickleScan:
    """All that a pickle says."""

    #: The unpickled value; `OPAQUE` where the pickle could not be read to its end.
    value: object
    issues: tuple[PickleIssue, ...]
    #: By key, in order of appearance.
    storages: dict[str, Storage]
    #: The allowed globals that it names, as ``module.name``.
    globals: frozenset[str]
    #: The others, likewise.
    refused: frozenset[str]
    protocol: int
    #: Whether STOP was reached.
    complete: bool
    #: Bytes up to and with STOP, or those that were understood.
    size: int
    #: What was read from the stream beyond them.
    rest: bytes


def scan_pickle(read: Callable[[int], bytes]) -> PickleScan:
    """Read a pickle; never raises by itself.

    ``read(n)`` gives at most n bytes and none at the end of the stream. What it raises passes.
    """
    machine = _Machine(read)
    value = machine.run()
    return PickleScan(
        value=value,
        issues=tuple(machine.issues),
        storages=machine.storages,
        globals=frozenset(str(g) for g in machine.named),
        refused=frozenset(machine.refused),
        protocol=machine.protocol,
        complete=machine.complete,
        size=machine.base + machine.pos,
        rest=machine.buffer[machine.pos :],
    )


class _RefusedError(Exception):
    """Ends the scan."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _StopError(Exception):
    """The STOP opcode: the scan is complete."""


def _malformed(message: str) -> _RefusedError:
    return _RefusedError("K004", message)


class _Machine:
    """The state of a scan. Handlers of opcodes are methods; the opcode itself is already read."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._ended = False
        self.buffer = b""
        #: Position in the buffer, and the offset of the buffer in the pickle.
        self.pos = 0
        self.base = 0
        #: Where in the buffer the opcode at work stands.
        self.at = 0
        #: Up to here the buffer holds an opcode's fixed argument for sure, and no frame ends.
        self._safe = -1
        #: Where in the pickle the frame at work ends; 0 outside of frames.
        self._frame_end = 0
        self.stack: list[object] = []
        self.marks: list[list[object]] = []
        self.memo: list[object] = []
        self.loose_memo: dict[int, object] = {}
        self.containers = 0
        self.tuple_keys = 0
        self.issues: list[PickleIssue] = []
        self.storages: dict[str, Storage] = {}
        self.named: set[Global] = set()
        self.refused: set[str] = set()
        self.protocol = 0
        self.complete = False
        #: How often runs of numbers may still be looked for in vain: that takes time.
        self._runs = MAX_MISSED_RUNS

    def run(self) -> object:
        """Run to STOP and return the value; without STOP add the reason to the issues."""
        try:
            self._loop()
            reason = _malformed(f"more than {MAX_OPCODES} opcodes")
        except _StopError:
            self.complete = True
            return self.stack.pop()
        except _RefusedError as error:
            reason = error
        except KeyTypeError as error:
            reason = _malformed(str(error))
        except struct.error:
            reason = _malformed("ends before STOP")
        except IndexError:
            ends = self.pos >= len(self.buffer)
            reason = _malformed("ends before STOP" if ends else "takes from an empty stack")
        self.issues.append(PickleIssue(reason.code, str(reason), self.base + self.at))
        return OPAQUE

    def _loop(self) -> None:
        table = _TABLE
        for _ in range(MAX_OPCODES):
            pos = self.pos
            if pos > self._safe:
                self._leave_frame()
                if pos > self._safe:
                    self._fill(LONGEST_FIXED)
                    pos = self.pos
            self.at = pos
            self.pos = pos + 1
            table[self.buffer[pos]](self)

    def _leave_frame(self) -> None:
        """See whether the frame ends here, where an opcode begins.

        What reaches over its end is read differently by Python's two unpicklers: that in C leaves
        out the rest of the frame.
        """
        here = self.base + self.pos
        if self._frame_end and here >= self._frame_end:
            if here > self._frame_end:
                raise _malformed("an opcode reaches over the end of its frame")
            self._frame_end = 0
            self._set_safe()

    def _fill(self, need: int) -> None:
        """Read on until ``need`` bytes are there, never more than the stream really has."""
        parts = [self.buffer[self.pos :]]
        have = len(parts[0])
        while have < need and not self._ended:
            part = self._read(CHUNK)
            self._ended = not part
            parts.append(part)
            have += len(part)
            if self.base + self.pos + have > MAX_BYTES:
                raise _malformed(f"larger than {MAX_BYTES} bytes")
        self.base += self.pos
        self.at -= self.pos
        self.buffer = b"".join(parts)
        self.pos = 0
        self._set_safe()

    def _set_safe(self) -> None:
        self._safe = MAX_BYTES if self._ended else len(self.buffer) - LONGEST_FIXED
        if self._frame_end:
            self._safe = min(self._safe, self._frame_end - self.base - 1)

    def _add(self, code: str, message: str) -> None:
        """Note an issue once; the scan ends when there are too many."""
        if any((i.code, i.message) == (code, message) for i in self.issues):
            return
        if len(self.issues) == MAX_ISSUES:
            raise _malformed(f"more than {MAX_ISSUES} issues; the rest was not read")
        self.issues.append(PickleIssue(code, message, self.base + self.at))

    def _take(self, length: int) -> bytes:
        """Return the next bytes; the length is the file's claim."""
        if length > MAX_STRING:
            raise _malformed(f"a string of {length} bytes")
        if self.pos + length > len(self.buffer):
            self._fill(length)
            if length > len(self.buffer):
                raise _malformed("ends in the middle of a string")
        data = self.buffer[self.pos : self.pos + length]
        self.pos += length
        return data

    def _number(self, size: int) -> int:
        """Return an unsigned little-endian argument."""
        number = int.from_bytes(self.buffer[self.pos : self.pos + size], "little")
        self.pos += size
        if self.pos > len(self.buffer):
            raise _malformed("ends before STOP")
        return number

    def _byte(self) -> int:
        number = self.buffer[self.pos]
        self.pos += 1
        return number

    def _line(self) -> str:
        """Return a text argument up to its newline."""
        end = self.buffer.find(b"\n", self.pos)
        while end < 0 and not self._ended and len(self.buffer) - self.pos < CHUNK:
            self._fill(len(self.buffer) - self.pos + 1)
            end = self.buffer.find(b"\n", self.pos)
        if not 0 <= end - self.pos < CHUNK:
            raise _malformed("a name without an end")
        line = self._text(self._take(end - self.pos))
        self.pos += 1
        return line

    @staticmethod
    def _text(data: bytes) -> str:
        try:
            return str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise _malformed("a text that is not UTF-8") from None

    def _pop_mark(self) -> list[object]:
        if not self.marks:
            raise _malformed("a mark is missing")
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def _contained(self, value: object) -> object:
        self.containers += 1
        if self.containers > MAX_CONTAINERS:
            raise _malformed(f"more than {MAX_CONTAINERS} containers")
        return value

    def _key(self, key: object) -> object:
        if type(key) is tuple:
            self.tuple_keys += 1
            if self.tuple_keys > MAX_TUPLE_KEYS:
                raise _malformed("too many tuples as keys")
        return hashable(key)

    # Frames and ends.

    def proto(self) -> None:
        self.protocol = self._byte()
        if not 2 <= self.protocol <= 5 or self.base + self.at:
            raise _malformed(f"pickle protocol {self.protocol} at byte {self.base + self.at}")

    def frame(self) -> None:
        length = self._number(8)
        if self._frame_end:
            raise _malformed("a frame inside a frame")
        self._frame_end = self.base + self.pos + length
        self._set_safe()

    def stop(self) -> None:
        if len(self.stack) != 1 or self.marks:
            raise _malformed(f"STOP leaves {len(self.stack)} values")
        if self._frame_end and self.base + self.pos != self._frame_end:
            raise _malformed("its last frame does not end with it")
        raise _StopError

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
        self.stack.append(self._number(2))

    def int4(self) -> None:
        self.stack.append(_I32(self.buffer, self.pos)[0])
        self.pos += 4

    def long1(self) -> None:
        self.stack.append(int.from_bytes(self._take(self._byte()), "little", signed=True))

    def float8(self) -> None:
        self.stack.append(_F64(self.buffer, self.pos)[0])
        self.pos += 8

    def text1(self) -> None:
        self.stack.append(self._text(self._take(self._byte())))

    def text4(self) -> None:
        (length,) = _U32(self.buffer, self.pos)
        self.pos += 4
        end = self.pos + length
        if end > len(self.buffer):
            self.stack.append(self._text(self._take(length)))
            return
        self.stack.append(self._text(self.buffer[self.pos : end]))
        self.pos = end

    def text8(self) -> None:
        self.stack.append(self._text(self._take(self._number(8))))

    def bytes1(self) -> None:
        self.stack.append(self._take(self._byte()))

    def bytes4(self) -> None:
        self.stack.append(self._take(self._number(4)))

    def bytes8(self) -> None:
        self.stack.append(self._take(self._number(8)))

    # Containers.

    def mark(self) -> None:
        if len(self.marks) >= MAX_MARKS or len(self.stack) >= MAX_STACK:
            raise _malformed("nested too deep")
        self.marks.append(self.stack)
        self.stack = []

    def empty_tuple(self) -> None:
        self.stack.append(())

    def tuple1(self) -> None:
        self.stack[-1] = (self.stack[-1],)

    def tuple2(self) -> None:
        second = self.stack.pop()
        self.stack[-1] = (self.stack[-1], second)

    def tuple3(self) -> None:
        third, second = self.stack.pop(), self.stack.pop()
        self.stack[-1] = (self.stack[-1], second, third)

    def tuple_(self) -> None:
        items = self._pop_mark()
        self.stack.append(tuple(items))

    def empty_dict(self) -> None:
        self.stack.append(self._contained({}))

    def empty_list(self) -> None:
        self.stack.append(self._contained([]))

    def empty_set(self) -> None:
        self.stack.append(self._contained(set()))

    def frozen_set(self) -> None:
        items = self._pop_mark()
        self.stack.append(self._contained(frozenset(map(self._key, items))))

    def append_item(self) -> None:
        item = self.stack.pop()
        self._extend([item])

    def append_items(self) -> None:
        self._extend(self._pop_mark())

    def _extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
            numbers = self._runs and items and type(items[-1]) is Scalar
            if numbers and not self.loose_memo and self.buffer.startswith(b"]", self.pos):
                self._take_run()
        elif target is not OPAQUE:
            raise _malformed("appends to what is no list")

    def add_items(self) -> None:
        items = self._pop_mark()
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(map(self._key, items))
        elif target is not OPAQUE:
            raise _malformed("adds to what is no set")

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def set_items(self) -> None:
        self._update(self._pop_mark())

    def _update(self, items: list[object]) -> None:
        target = self.stack[-1]
        if len(items) % 2:
            raise _malformed("a key without a value")
        if isinstance(target, dict):
            for i in range(0, len(items), 2):
                target[self._key(items[i])] = items[i + 1]
        elif target is not OPAQUE:
            raise _malformed("sets an item of what is no dict")

    # Memo.

    def put1(self) -> None:
        self._put(self._byte())

    def put4(self) -> None:
        (index,) = _U32(self.buffer, self.pos)
        self.pos += 4
        value = self.stack[-1]
        if index == len(self.memo) and not self.loose_memo:  # nearly always
            self.memo.append(value)
            if type(value) is Scalar and self._runs and self.buffer.startswith(b"j", self.pos):
                self._take_run()
        else:
            self._put(index)

    def _take_run(self) -> None:
        """Take a run of numbers, as far as it is in the buffer."""
        run = read_run(self.buffer, self.pos, self.memo)
        if run is None:
            self._runs -= 1
            return
        self.containers += run.containers - 1
        self._contained(run)
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
        # The standard unpickler takes memory for all entries up to the highest.
        if index > MAX_OPCODES or len(self.loose_memo) > MAX_LOOSE_MEMO:
            raise _malformed(f"memo entry {index}, far out of sequence")

    def get1(self) -> None:
        self._get(self._byte())

    def get4(self) -> None:
        (index,) = _U32(self.buffer, self.pos)
        self.pos += 4
        if index < len(self.memo) and self.memo[index] is not PART:
            self.stack.append(self.memo[index])
        else:
            self._get(index)

    def _get(self, index: int) -> None:
        if index < len(self.memo):
            if self.memo[index] is PART:
                raise _malformed(f"memo entry {index}, a part of a number, is used again")
            self.stack.append(self.memo[index])
        elif index in self.loose_memo:
            self.stack.append(self.loose_memo[index])
        else:
            raise _malformed(f"memo entry {index} does not exist")

    # Globals, calls and storages.

    def global_(self) -> None:
        self.stack.append(self._find(self._line(), self._line()))

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(module) is str and type(name) is str:
            self.stack.append(self._find(module, name))
            return
        self._add("K003", "names a global by other than literal strings")
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
            raise _malformed("calls what is no global")
        self.stack[-1] = self._called(function, arguments)

    def _called(self, function: Global, arguments: tuple[object, ...]) -> object:
        if OPAQUE in arguments:
            return OPAQUE
        if function.call is None:
            self._add("K006", f"{function} is called")
            return OPAQUE
        try:
            return self._contained(function.call(arguments))
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
        match self.stack.pop():
            case ("storage", Global() as kind, str(key), str(location), int(numel)):
                storage = self._storage(kind, key, location, numel)
            case tuple() as pid if any(part is OPAQUE for part in pid):
                storage = None
            case _:
                self._add("K006", "a persistent id that is no storage of torch")
                storage = None
        self.stack.append(storage or OPAQUE)

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
            self._add("K006", f"storage {key} is declared twice and differently")
        return known

    # What no checkpoint needs: reported, and followed only to see what comes behind.

    def unknown(self) -> None:
        code = self.buffer[self.pos - 1]
        if self.base + self.at == 0:
            raise _malformed(f"does not begin as a pickle (byte {code:#04x})")
        name = _TEXT_OPCODES.get(code)
        if name is None:
            raise _malformed(f"byte {code:#04x} is no opcode")
        raise _RefusedError("K002", f"uses the opcode {name}")

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


_U32 = struct.Struct("<I").unpack_from
_I32 = struct.Struct("<i").unpack_from
_F64 = struct.Struct(">d").unpack_from

#: Real opcodes that end the scan: text forms of old protocols, text persistent ids, buffers.
_TEXT_OPCODES = {
    ord("F"): "FLOAT", ord("I"): "INT", ord("L"): "LONG", ord("S"): "STRING", ord("V"): "UNICODE",
    ord("T"): "BINSTRING", ord("U"): "SHORT_BINSTRING", ord("P"): "PERSID", ord("d"): "DICT",
    ord("l"): "LIST", ord("g"): "GET", ord("p"): "PUT", 0x8B: "LONG4", 0x96: "BYTEARRAY8",
    0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}  # fmt: skip


def _opcodes() -> Iterator[tuple[int, Callable[[_Machine], None]]]:
    m = _Machine
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
_TABLE = tuple(_BY_CODE.get(code, _Machine.unknown) for code in range(256))
