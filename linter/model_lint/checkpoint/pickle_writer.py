"""Write the pickle of a checkpoint in protocol 2, which every torch from 2.2 on reads.

The values are those of `pickle_values`. A value that ``torch.load(weights_only=True)`` refuses is
written as a plain one: a numpy scalar as a number, an array as a list, a device as its name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .limits import MAX_WRITTEN, MAX_WRITTEN_DEPTH
from .pickle_allowed import NUMBER_FORMATS, STORAGES
from .pickle_values import Array, Device, Global, Ordered, Scalar, Tensor

_STORAGE_OF = {dtype: pair for pair, dtype in STORAGES.items() if pair[0] == "torch"}
_UNTYPED = ("torch.storage", "UntypedStorage")


class UnwritableError(Exception):
    """A value can't be written; the message names its kind, in one line."""


@dataclass(frozen=True)
class Part:
    """The part of a storage that is kept, and its new key."""

    key: str
    #: The first byte of the source storage that is kept, and the one after the last.
    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes that are kept."""
        return self.end - self.start


def tensors(value: object) -> Iterator[Tensor]:
    """Yield every tensor inside a value, in the order in which it is written."""
    pending = [value]
    seen: set[int] = set()
    while pending:
        item = pending.pop()
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, dict | list | tuple) and id(item) not in seen:
            seen.add(id(item))
            parts = item.values() if isinstance(item, dict) else item
            pending += reversed(list(parts))


def write_pickle(value: object, parts: Mapping[str, Part]) -> bytes:
    """Return the pickle of a value. ``parts`` has the kept part of each storage, by its key.

    Raises UnwritableError.
    """
    writer = _Writer(parts)
    writer.value(value, 0)
    return b"\x80\x02" + b"".join(writer.out) + b"."


class _Writer:
    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.out: list[bytes] = []
        self._parts = parts
        #: Memo numbers of texts and globals by themselves, of containers by identity.
        self._memo: dict[object, int] = {}
        #: Containers in the memo, kept alive: Python reuses the identity of a freed object.
        self._owners: list[object] = []

    def value(self, value: object, depth: int) -> None:
        if depth > MAX_WRITTEN_DEPTH or len(self.out) > MAX_WRITTEN:
            raise UnwritableError("values are nested too deep, or there are too many")
        write = _WRITERS.get(type(value))
        if write is None:
            raise UnwritableError(f"a value of type {type(value).__name__}")
        write(self, value, depth)

    def _put(self, key: object) -> None:
        number = self._memo[key] = len(self._memo)
        small = number < 256
        self.out.append(bytes([0x71, number]) if small else struct.pack("<cI", b"r", number))

    def _get(self, key: object) -> bool:
        number = self._memo.get(key)
        if number is None:
            return False
        small = number < 256
        self.out.append(bytes([0x68, number]) if small else struct.pack("<cI", b"j", number))
        return True

    def _own(self, container: object) -> None:
        self._owners.append(container)
        self._put(id(container))

    def none(self, _value: object, _depth: int) -> None:
        self.out.append(b"N")

    def boolean(self, value: bool, _depth: int) -> None:  # noqa: FBT001
        self.out.append(b"\x88" if value else b"\x89")

    def integer(self, value: int, _depth: int) -> None:
        if 0 <= value < 256:
            self.out.append(struct.pack("<cB", b"K", value))
        elif -(2**31) <= value < 2**31:
            self.out.append(struct.pack("<ci", b"J", value))
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            if len(data) > 255:
                raise UnwritableError("a huge number")
            self.out.append(struct.pack("<cB", b"\x8a", len(data)) + data)

    def real(self, value: float, _depth: int) -> None:
        self.out.append(struct.pack(">cd", b"G", value))

    def text(self, value: str, _depth: int) -> None:
        if self._get(value):
            return
        data = value.encode("utf-8", "surrogatepass")
        self.out.append(struct.pack("<cI", b"X", len(data)) + data)
        self._put(value)

    def binary(self, value: bytes, depth: int) -> None:
        self.call("_codecs", "encode", (value.decode("latin1"), "latin1"), depth)

    def named(self, module: str, name: str) -> None:
        if not self._get((module, name)):
            self.out.append(f"c{module}\n{name}\n".encode())
            self._put((module, name))

    def global_(self, value: Global, _depth: int) -> None:
        self.named(value.module, value.name)

    def call(self, module: str, name: str, arguments: tuple[object, ...], depth: int) -> None:
        self.named(module, name)
        self.tuple_(arguments, depth)
        self.out.append(b"R")

    def tuple_(self, value: tuple[object, ...], depth: int) -> None:
        ends = {0: b")", 1: b"\x85", 2: b"\x86", 3: b"\x87"}
        end = ends.get(len(value))
        if end is None:
            self.out.append(b"(")
        for item in value:
            self.value(item, depth + 1)
        self.out.append(end or b"t")

    def list_(self, value: list[object], depth: int) -> None:
        if self._get(id(value)):
            return
        self.out.append(b"]")
        self._own(value)
        if value:
            self.out.append(b"(")
            for item in value:
                self.value(item, depth + 1)
            self.out.append(b"e")

    def dict_(self, value: dict[object, object], depth: int) -> None:
        if self._get(id(value)):
            return
        self.out.append(b"}")
        self._own(value)
        self._items(value, depth)

    def ordered(self, value: Ordered, depth: int) -> None:
        if self._get(id(value)):
            return
        self.call("collections", "OrderedDict", (), depth)
        self._own(value)
        self._items(value, depth)
        if value.metadata is not None:
            self.dict_({"_metadata": value.metadata}, depth + 1)
            self.out.append(b"b")

    def _items(self, value: dict[object, object], depth: int) -> None:
        if not value:
            return
        self.out.append(b"(")
        for key, item in value.items():
            self.value(key, depth + 1)
            self.value(item, depth + 1)
        self.out.append(b"u")

    def set_(self, value: set[object], depth: int) -> None:
        items = sorted(value, key=lambda item: (type(item).__name__, repr(item)))
        self.call("__builtin__", "set", (items,), depth)

    def scalar(self, value: Scalar, depth: int) -> None:
        self.value(value.value, depth)

    def device(self, value: Device, depth: int) -> None:
        self.text(str(value), depth)

    def array(self, value: Array, depth: int) -> None:
        numbers = NUMBER_FORMATS.get(value.dtype.code)
        if numbers is None or len(numbers) > 1 or (value.fortran and len(value.shape) > 1):
            raise UnwritableError("a numpy array of something other than plain numbers")
        order = ">" if value.dtype.byteorder == ">" else "<"
        flat = [number for (number,) in struct.iter_unpack(order + numbers, value.data)]
        self.value(_nested(flat, value.shape), depth)

    def tensor(self, value: Tensor, depth: int) -> None:
        typed = value.dtype in _STORAGE_OF
        self.named("torch._utils", f"_rebuild_tensor_v{2 if typed else 3}")
        self.out.append(b"(")
        start = self._storage(value, typed=typed)
        self.integer(value.offset - start // value.storage.itemsize, depth)
        self.tuple_(value.shape, depth)
        self.tuple_(value.stride, depth)
        self.boolean(value.requires_grad, depth)
        self.named("collections", "OrderedDict")  # the hooks: empty
        self.out.append(b")R")
        if not typed:
            self.named("torch", value.dtype)
        self.out.append(b"tR")

    def _storage(self, value: Tensor, *, typed: bool) -> int:
        """Write the storage of a tensor and return the first byte of it that is kept."""
        part = self._parts[value.storage.key]
        self.out.append(b"(")
        self.text("storage", 0)
        self.named(*_STORAGE_OF[value.dtype] if typed else _UNTYPED)
        self.text(part.key, 0)
        self.text("cpu", 0)
        self.integer(part.size // (value.storage.itemsize if typed else 1), 0)
        self.out.append(b"tQ")
        return part.start


def _nested(flat: list[object], shape: tuple[int, ...]) -> object:
    """Turn numbers in C order into lists of the shape."""
    for length in reversed(shape[1:]):
        flat = [flat[i : i + length] for i in range(0, len(flat), length)] if length else []
    return flat if shape else flat[0]


_WRITERS: dict[type, Callable[[_Writer, Any, int], None]] = {
    type(None): _Writer.none,
    bool: _Writer.boolean,
    int: _Writer.integer,
    float: _Writer.real,
    str: _Writer.text,
    bytes: _Writer.binary,
    tuple: _Writer.tuple_,
    list: _Writer.list_,
    dict: _Writer.dict_,
    Ordered: _Writer.ordered,
    set: _Writer.set_,
    Scalar: _Writer.scalar,
    Device: _Writer.device,
    Array: _Writer.array,
    Tensor: _Writer.tensor,
    Global: _Writer.global_,
}
