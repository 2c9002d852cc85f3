"""Inert descriptions of the values in the pickle of a torch checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Storage(NamedTuple):
    """A block of numbers that tensors point into: the record ``data/<key>`` of the file."""

    key: str
    dtype: str
    #: Bytes of one element.
    itemsize: int
    #: Elements.
    numel: int
    #: The device from which it was saved: ``cpu``, ``cuda:0``, ...
    location: str

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.numel * self.itemsize


class Tensor(NamedTuple):
    """A tensor without its numbers. Offset and strides count elements."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: Storage
    requires_grad: bool = False

    @property
    def extent(self) -> tuple[int, int]:
        """The first element of the storage that it uses, and the one after the last."""
        if 0 in self.shape:
            return self.offset, self.offset
        end = self.offset + 1
        for length, step in zip(self.shape, self.stride, strict=True):
            end += (length - 1) * step
        return self.offset, end


class Scalar(NamedTuple):
    """A numpy scalar, decoded. The dtype is numpy's short code without byte order: ``f4``."""

    dtype: str
    value: bool | int | float | complex | str | bytes


class Device(NamedTuple):
    """A ``torch.device``."""

    type: str
    number: int | None = None

    def __str__(self) -> str:
        return self.type if self.number is None else f"{self.type}:{self.number}"


class Ordered(dict[object, object]):
    """A ``collections.OrderedDict``, with the attribute of a state dict."""

    __slots__ = ("metadata",)

    def __init__(self) -> None:
        super().__init__()
        self.metadata: dict[object, object] | None = None


class DType:
    """A ``numpy.dtype`` of plain numbers or text."""

    __slots__ = ("byteorder", "code")

    def __init__(self, code: str) -> None:
        self.code = code
        self.byteorder = "<"

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        size = int(self.code[1:])
        return size * 4 if self.code[0] == "U" else size


class Array:
    """A ``numpy.ndarray`` of plain numbers."""

    __slots__ = ("data", "dtype", "fortran", "shape")

    def __init__(self) -> None:
        self.dtype = DType("i1")
        self.shape: tuple[int, ...] = (0,)
        self.fortran = False
        self.data = b""


#: Takes the positional arguments of a call, and returns the description of its result.
Call = Callable[[tuple[object, ...]], object]


class Global:
    """An allowed global: a class or a function that the pickle names."""

    __slots__ = ("call", "module", "name")

    def __init__(self, module: str, name: str, call: Call | None = None) -> None:
        self.module = module
        self.name = name
        #: Returns the value of a call; None if it is never called (storage classes, dtypes).
        self.call = call

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class PickleIssue(NamedTuple):
    """Something in a checkpoint that torch does not write there."""

    #: The code of the rule that reports it.
    code: str
    message: str
    #: Offset of the opcode in the pickle, in bytes; None if the issue is not in the pickle.
    offset: int | None = None


class Opaque:
    """The placeholder for a value that was not built, because it is not on the list."""

    __slots__ = ()


#: The only instance.
OPAQUE = Opaque()


def shown(text: str) -> str:
    """Quote text of an untrusted file for a message: one line, printable, at most 80 characters."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
