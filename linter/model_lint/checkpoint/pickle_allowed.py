"""The exact list of globals that a checkpoint may name, and the result of a call of each.

The list was compared with the allow-list of ``torch.load(weights_only=True)`` and with the
checkpoints of nnU-Net 2.0 to 2.8. Everything else is refused: the list consists of pairs of module
and name, without prefixes or whole modules, and a call is accepted only with arguments that torch
or numpy write. Nothing real is called: each function returns a description.
"""

from __future__ import annotations

import re
import struct
from itertools import takewhile
from math import prod

from .pickle_values import Array, Device, DType, Global, Ordered, Scalar, Storage, Tensor, shown

#: A device as torch spells it; its numbers end at 127.
_DEVICE = re.compile(r"([a-z]+)(?::(?:0|[1-9][0-9]?|1[01][0-9]|12[0-7]))?")
_MAX_DEVICE = 127
#: Types of the parts of a key that are cheap to hash.
_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})


class ArgumentsError(Exception):
    """An allowed callable has arguments that torch does not write."""


class KeyTypeError(Exception):
    """A key of a dict or an element of a set is not hashable, or costly to hash."""


def _expect(condition: object, message: str) -> None:
    if not condition:
        raise ArgumentsError(message)


def is_count(value: object) -> bool:
    """Return whether a value can be a number of elements or bytes."""
    return type(value) is int and 0 <= value < 2**63


def _is_shape(value: object) -> bool:
    """Return whether a value is a shape whose elements torch and numpy can count."""
    if type(value) is not tuple or len(value) > 64 or not all(map(is_count, value)):
        return False
    return bool(prod(takewhile(bool, value)) < 2**63)


def _ordered_dict(arguments: tuple[object, ...]) -> object:
    _expect(not arguments, "takes no arguments here")
    return Ordered()


_BUILTINS = ("__builtin__", "builtins")
_FACTORIES = frozenset({"list", "dict", "set", "int", "float", "str", "bool", "tuple"})


def _default_dict(arguments: tuple[object, ...]) -> object:
    plain = [a for a in arguments if isinstance(a, Global) and a.module in _BUILTINS]
    factories = [a for a in plain if a.name in _FACTORIES]
    _expect(len(arguments) <= 1 and len(factories) == len(arguments), "takes a plain type")
    return {}


def _set(arguments: tuple[object, ...]) -> object:
    items = arguments[0] if len(arguments) == 1 else None
    if not isinstance(items, list) or any(type(item) not in _ATOMS for item in items):
        raise ArgumentsError("takes a list of plain values")
    return set(map(hashable, items))


def _bytes(arguments: tuple[object, ...]) -> object:
    _expect(not arguments, "takes no arguments here")
    return b""


def _encode(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (str() as text, "latin1"):
            pass
        case _:
            raise ArgumentsError("takes a text and 'latin1'")
    try:
        return text.encode("latin1")
    except UnicodeEncodeError:
        raise ArgumentsError("the text is not latin1") from None


def _device(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (str() as name,) if match := _DEVICE.fullmatch(name):
            _expect(match[1] in DEVICES, f"torch refuses the device {shown(name)}")
            return Device(name)
        case (str() as kind, int() as index) if kind in DEVICES and type(index) is int:
            _expect(0 <= index <= _MAX_DEVICE, f"torch refuses the device {index}")
            return Device(kind, index)
    raise ArgumentsError("torch refuses anything but a kind of device and a number")


def _size(arguments: tuple[object, ...]) -> object:
    _expect(len(arguments) == 1 and _is_shape(arguments[0]), "takes a tuple of sizes")
    return arguments[0]


def _rebuild_tensor(arguments: tuple[object, ...]) -> Tensor:
    """``_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])``."""
    _expect(len(arguments) in {6, 7}, "takes 6 or 7 arguments")
    storage, offset, shape, stride, requires_grad, hooks = arguments[:6]
    if not isinstance(storage, Storage):
        raise ArgumentsError("the first argument is not a storage")
    if not (isinstance(offset, int) and isinstance(shape, tuple) and isinstance(stride, tuple)):
        raise ArgumentsError("offset, size or stride is of a wrong type")
    _expect(is_count(offset) and _is_shape(shape) and _is_shape(stride), "negative or too large")
    _expect(len(shape) == len(stride), "size and stride differ in length")
    _expect(isinstance(requires_grad, bool), "requires_grad is not a boolean")
    _expect(type(hooks) is Ordered and not hooks, "backward hooks are given")
    _expect(len(arguments) == 6 or not arguments[6], "a conjugated or negated view")
    tensor = Tensor(storage.dtype, shape, stride, offset, storage, bool(requires_grad))
    _expect(tensor.extent[1] <= storage.numel, "the tensor reaches beyond its storage")
    return tensor


def _rebuild_tensor_v3(arguments: tuple[object, ...]) -> object:
    """Like v2, but with the dtype before the metadata, and a storage of bytes."""
    _expect(len(arguments) in {7, 8}, "takes 7 or 8 arguments")
    storage, dtype = arguments[0], arguments[6]
    if not (isinstance(storage, Storage) and isinstance(dtype, Global)):
        raise ArgumentsError("storage or dtype is of a wrong type")
    itemsize = ITEMSIZE.get(dtype.name, 0)
    _expect(itemsize and storage.itemsize == 1, "takes an untyped storage and a dtype")
    typed = Storage(storage.key, dtype.name, itemsize, storage.nbytes // itemsize, storage.location)
    return _rebuild_tensor((typed, *arguments[1:6], *arguments[7:]))


def _rebuild_parameter(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (Tensor() as tensor, bool(), Ordered() as hooks) if not hooks:
            return tensor
    raise ArgumentsError("takes a tensor, a boolean and no hooks")


def _numpy_dtype(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (str() as code, 0 | 1, 0 | 1):
            pass
        case _:
            raise ArgumentsError("takes a type code and two flags")
    sized_text = code[:1] in {"U", "S"} and code[1:].isascii() and code[1:].isdigit()
    _expect(code in NUMBER_FORMATS or (sized_text and len(code) < 6), f"type {shown(code)}")
    return DType(code)


def _numpy_scalar(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (DType() as dtype, bytes() as data):
            return Scalar(dtype.code, _decoded(dtype, data))
    raise ArgumentsError("takes a dtype of numbers or text, and bytes")


def _decoded(dtype: DType, data: bytes) -> bool | int | float | complex | str | bytes:
    _expect(len(data) == dtype.itemsize, "the bytes don't fit the dtype")
    order = ">" if dtype.byteorder == ">" else "<"
    if dtype.code[0] == "S":
        return data.rstrip(b"\0")
    if dtype.code[0] == "U":
        encoding = "utf-32-be" if order == ">" else "utf-32-le"
        try:
            return data.decode(encoding, "surrogatepass").rstrip("\0")
        except UnicodeDecodeError:
            raise ArgumentsError("numpy refuses a text with an invalid character") from None
    numbers = struct.unpack(order + NUMBER_FORMATS[dtype.code], data)
    number: bool | int | float = numbers[0]
    return number if len(numbers) == 1 else complex(number, numbers[1])


def _numpy_reconstruct(arguments: tuple[object, ...]) -> object:
    match arguments:
        case (Global(name="ndarray"), (0,), b"b"):
            return Array()
    raise ArgumentsError("takes numpy.ndarray, (0,) and b'b'")


def build(target: object, state: object) -> None:
    """Apply BUILD as torch and numpy use it. Raises ArgumentsError for any other use."""
    if isinstance(target, Ordered):
        metadata = state.get("_metadata") if isinstance(state, dict) and len(state) == 1 else None
        if isinstance(metadata, dict):
            target.metadata = metadata
            return
        raise ArgumentsError("an OrderedDict with attributes other than _metadata")
    if isinstance(target, DType):
        size = target.itemsize if target.code[0] in "US" else -1
        match state:
            case (3 | 4, "<" | "|" | ">" as order, None, None, None, int() as n, int(), 0 | 8) if (
                n == size
            ):
                target.byteorder = order
                return
        raise ArgumentsError("a numpy dtype that is not a plain number or text")
    if isinstance(target, Array):
        match state:
            case (1, tuple() as shape, DType() as dtype, bool() as fortran, bytes() as data) if (
                _is_shape(shape) and len(data) == prod(shape) * dtype.itemsize
            ):
                target.shape, target.dtype = shape, dtype
                target.fortran, target.data = fortran, data
                return
        raise ArgumentsError("a numpy array of something other than plain numbers")
    raise ArgumentsError(f"on a {type(target).__name__.lower()}")


def hashable(key: object) -> object:
    """Return a key in the form that goes into a dict. Raises KeyTypeError."""
    kind = type(key)
    if kind is str:
        return key
    if isinstance(key, int) and not -(2**63) <= key < 2**63:
        raise KeyTypeError("a huge number as a key")  # their hashes can be made to collide
    if type(key) is tuple and any(type(part) not in _ATOMS for part in key):
        raise KeyTypeError("a nested tuple as a key")  # these can be costly to hash
    if isinstance(key, Scalar):
        return key.value
    if isinstance(key, list | dict | set):
        raise KeyTypeError(f"a {kind.__name__} as a key")
    return key


#: numpy's codes of plain numbers, and those of ``struct``.
NUMBER_FORMATS = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I",
    "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "c8": "ff", "c16": "dd",
}  # fmt: skip

#: torch's dtypes and the bytes of an element.
ITEMSIZE = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2,
    "int8": 1, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "bool": 1, "complex32": 4,
    "complex64": 8, "complex128": 16, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1,
    "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
}  # fmt: skip

#: Kinds of devices that a storage may name; torch refuses any other.
DEVICES = frozenset(
    """
    cpu cuda fpga hip hpu ideep ipu lazy maia meta mkldnn mps mtia opencl opengl ort privateuseone
    ve vulkan xla xpu
    """.split()  # noqa: SIM905 (data reads best without quotes)
)

#: torch's storage classes and the dtype of their elements.
STORAGES = {
    ("torch", "DoubleStorage"): "float64",
    ("torch", "FloatStorage"): "float32",
    ("torch", "HalfStorage"): "float16",
    ("torch", "BFloat16Storage"): "bfloat16",
    ("torch", "LongStorage"): "int64",
    ("torch", "IntStorage"): "int32",
    ("torch", "ShortStorage"): "int16",
    ("torch", "CharStorage"): "int8",
    ("torch", "ByteStorage"): "uint8",
    ("torch", "BoolStorage"): "bool",
    ("torch", "ComplexFloatStorage"): "complex64",
    ("torch", "ComplexDoubleStorage"): "complex128",
    ("torch.storage", "UntypedStorage"): "uint8",
}

#: Every global that a checkpoint may name, by module and name.
ALLOWED = {
    (g.module, g.name): g
    for g in (
        Global("collections", "OrderedDict", _ordered_dict),
        Global("collections", "defaultdict", _default_dict),
        Global("torch", "device", _device),
        Global("torch", "Size", _size),
        Global("torch._utils", "_rebuild_tensor_v2", _rebuild_tensor),
        Global("torch._utils", "_rebuild_tensor_v3", _rebuild_tensor_v3),
        Global("torch._utils", "_rebuild_parameter", _rebuild_parameter),
        Global("numpy", "dtype", _numpy_dtype),
        Global("numpy", "ndarray"),
        Global("numpy.core.multiarray", "scalar", _numpy_scalar),
        Global("numpy._core.multiarray", "scalar", _numpy_scalar),
        Global("numpy.core.multiarray", "_reconstruct", _numpy_reconstruct),
        Global("numpy._core.multiarray", "_reconstruct", _numpy_reconstruct),
        Global("_codecs", "encode", _encode),
        *(Global(module, "set", _set) for module in ("__builtin__", "builtins")),
        *(Global(module, "bytes", _bytes) for module in ("__builtin__", "builtins")),
        *(
            Global(module, name)
            for module in ("__builtin__", "builtins")
            for name in sorted(_FACTORIES - {"set"})
        ),
        *(Global("torch", name) for name in ITEMSIZE),
        *(Global(module, name) for module, name in STORAGES),
    )
}
