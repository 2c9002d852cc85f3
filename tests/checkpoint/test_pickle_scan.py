"""The reader of pickles: right on what torch writes, neither fooled nor felled by anything else."""

from __future__ import annotations

import builtins
import collections
import contextlib
import copyreg
import io
import os
import pickle
import struct
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import GENUINE, Calls, dumped, genuine_pickle, member, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.checkpoint import pickle_machine, pickle_stack, pickle_stream
from model_lint.checkpoint.limits import ALONE, MAX_ISSUES
from model_lint.checkpoint.pickle_allowed import ALLOWED
from model_lint.checkpoint.pickle_scan import PickleScan, scan_pickle
from model_lint.checkpoint.pickle_values import OPAQUE, Array, Device, Ordered, Scalar, Tensor


def scan(data: bytes) -> PickleScan:
    return scan_pickle(io.BytesIO(data).read)


def value_of(data: bytes) -> Any:
    return scan(data).value


def codes(data: bytes) -> list[str]:
    return sorted({issue.code for issue in scan(data).issues})


def plain(value: Any) -> Any:  # noqa: PLR0911
    """Bring what the reader says, and what torch has loaded, to one form."""
    match value:
        case torch.Tensor():
            dtype = str(value.dtype).removeprefix("torch.")
            return (dtype, tuple(value.shape), value.stride(), value.storage_offset())
        case Tensor():
            return (value.dtype, value.shape, value.stride, value.offset)
        case np.generic():
            return value.item()
        case Scalar():
            return value.value
        case torch.device() | Device():
            return f"device {value}"
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


# What torch writes.


def test_the_genuine_checkpoint_reads_as_torch_loads_it() -> None:
    found = scan(genuine_pickle())
    loaded = torch.load(GENUINE, weights_only=False)
    assert found.issues == ()
    assert found.complete
    assert found.size == len(genuine_pickle())
    assert plain(found.value) == plain(loaded)


def test_a_state_dict_keeps_its_metadata() -> None:
    weights = value_of(genuine_pickle())["network_weights"]
    loaded = torch.load(GENUINE, weights_only=False)["network_weights"]
    assert isinstance(weights, Ordered)
    assert weights.metadata == loaded._metadata


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000, 100_000])
def test_it_does_not_matter_how_much_a_read_gives(chunk: int) -> None:
    stream = io.BytesIO(genuine_pickle())
    found = scan_pickle(lambda _: stream.read(chunk))
    assert plain(found.value) == plain(scan(genuine_pickle()).value)


def test_it_reads_little_behind_the_end() -> None:
    stream = io.BytesIO(genuine_pickle() + bytes(10_000_000))
    found = scan_pickle(stream.read)
    assert found.complete
    assert stream.tell() <= len(genuine_pickle()) + pickle_stream.CHUNK
    assert not found.rest.strip(b"\0")


VALUES = {
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, 2**31, -(2**31), 2**40, 2**200, 0.5, -1e300],
    "singles": [None, True, False, (), [], {}, "", "\u00e4\u4e2d", "a" * 300],
    "tuples": [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "bytes": [b"", b"abc", bytes(range(256)), b"x" * 300],
    "sets": [{1, 2}, set()],
    "ordered": OrderedDict(a=1, b=OrderedDict()),
    "keys": {1: 2, "a": 3, None: 4, (1, "a"): 5, 1.5: 6, False: 7},
    "devices": [torch.device("cpu"), torch.device("cuda"), torch.device("cuda", 3)],
    "sizes": [torch.Size([1, 2, 3]), torch.Size([])],
    "scalars": [
        np.float32(0.1), np.float64(0.1), np.float16(0.5), np.int64(-5), np.int32(7), np.uint8(200),
        np.bool_(1), np.str_("text"), np.bytes_(b"text"), np.complex64(1 + 2j), np.int8(-1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", VALUES)
def test_plain_values(name: str, protocol: int) -> None:
    found = scan(member(saved(VALUES[name], protocol=protocol), "data.pkl"))
    assert found.issues == ()
    assert plain(found.value) == plain(VALUES[name])
    assert found.protocol == protocol


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
        torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
        torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2,
    ],
)  # fmt: skip
def test_tensors_of_every_dtype(dtype: torch.dtype, protocol: int) -> None:
    whole = torch.zeros(4, 6).to(dtype)
    value = {"whole": whole, "view": whole[1:3, ::2], "transposed": whole.t(), "dtype": dtype}
    found = scan(member(saved(value, protocol=protocol), "data.pkl"))
    assert found.issues == ()
    del value["dtype"]
    content: Any = found.value
    assert str(content.pop("dtype")) == str(dtype)
    assert plain(content) == plain(value)
    assert {tensor.storage.nbytes for tensor in content.values()} == {whole.nbytes}


def test_tensors_of_odd_shapes() -> None:
    scalar, empty = torch.tensor(1.5), torch.zeros(0, 3)
    value = [scalar, empty, torch.zeros(1).expand(5, 5), torch.nn.Parameter(torch.zeros(2))]
    found = scan(member(saved(value), "data.pkl"))
    assert found.issues == ()
    assert plain(found.value) == plain(value)


def test_tied_tensors_share_their_storage() -> None:
    one = torch.zeros(3)
    first, second, third = value_of(member(saved([one, one.view(1, 3), one + 1]), "data.pkl"))
    assert first.storage is second.storage
    assert first.storage != third.storage


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_custom_trainers_save_beside(protocol: int) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    value = {"array": array, "default": defaultdict(list, a=[1]), "turned": array.T}
    found = scan(member(saved(value, protocol=protocol), "data.pkl"))
    assert found.issues == ()
    content: Any = found.value
    assert isinstance(content["array"], Array)
    assert (content["array"].shape, content["array"].data) == ((2, 3), array.tobytes())
    assert content["turned"].shape == (3, 2)
    assert content["default"] == {"a": [1]}


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, torch.optim.Adam, torch.optim.RMSprop])
def test_other_optimizers(optimizer: Any) -> None:
    layer = torch.nn.Linear(2, 2)
    used = optimizer(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    used.step()
    found = scan(member(saved(used.state_dict()), "data.pkl"))
    assert found.issues == ()


# What it must not let pass: the classes of known bypasses of scanners.


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def short(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


HEAD = b"\x80\x02"
HEAD4 = b"\x80\x04"
STOP = b"."
EXEC = b"cbuiltins\nexec\n" + text("1") + b"\x85R"


@pytest.mark.parametrize(
    "function",
    [
        os.system, eval, exec, builtins.__import__, getattr, vars(copyreg)["_reconstructor"],
        collections.Counter, os.getenv, pickle.loads, np.load, torch.load,
        torch.storage._load_from_bytes, np.save, type, print, os.posix_spawn,
    ],
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 4])
def test_no_other_callable(function: Any, protocol: int) -> None:
    data = dumped({"a": Calls(function, "x"), "b": 5}, protocol)
    assert [issue.code for issue in scan(data).issues] == ["K001"]
    assert value_of(data)["b"] == 5


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("collections", "OrderedDict.fromkeys"),
        ("torch", "_utils._rebuild_tensor_v2"),
        ("torch._utils", "evil"),
        ("torch._utils.os", "system"),
        ("numpy", "__builtins__"),
        ("numpy", "size"),
        ("numpy.core", "multiarray.scalar"),
        ("torch", "FloatStorageX"),
        ("torch", "Storage"),
        ("__main__", "Storage"),
        ("torch.floatstorage", ""),
        ("", ""),
        ("builtins", "OrderedDict"),
        ("collections ", "OrderedDict"),
        ("collections", "OrderedDict\r"),
        ("collections\u200b", "OrderedDict"),
        ("COLLECTIONS", "ORDEREDDICT"),
        ("_codecs", "decode"),
        ("posix", "system"),
        ("nt", "system"),
    ],
)
def test_no_neighbour_of_an_allowed_name(module: str, name: str) -> None:
    line = f"c{module}\n{name}\n".encode()
    assert codes(HEAD + line + STOP) == ["K001"]
    assert codes(HEAD4 + text(module) + text(name) + b"\x93" + STOP) == ["K001"]


def test_every_allowed_global_is_what_it_is_called() -> None:
    stand_ins = {"torch.complex32"}  # exist in torch, but not as a thing that pickles
    for module, name in ALLOWED:
        where = {"__builtin__": "builtins", "numpy.core.multiarray": "numpy._core.multiarray"}
        full = f"{module}.{name}"
        found = getattr(__import__(where.get(module, module), fromlist=[name]), name, None)
        assert found is not None or full in stand_ins, full


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Names that are not literal strings: bytes, numbers, what a call gave.
        (HEAD4 + b"C\x02os" + b"C\x06system" + b"\x93" + STOP, ["K003"]),
        (HEAD4 + b"K\x01K\x02\x93" + STOP, ["K003"]),
        (HEAD4 + b"c_codecs\nencode\n" + short("os") + short("latin1") + b"\x86R"
         + short("system") + b"\x93" + STOP, ["K003"]),
        # Memo confusion: a memo entry is overwritten between its use as a harmless name.
        (HEAD4 + short("collections") + b"q\x00" + short("os") + b"q\x00" + b"00"
         + b"h\x00" + short("system") + b"\x93" + STOP, ["K001", "K002"]),
        (HEAD4 + b"]" + short("os") + b"r\x00\x00\x01\x00" + b"a" + b"j\x00\x00\x01\x00"
         + short("system") + b"\x93\x86" + STOP, ["K001"]),
        (HEAD4 + b"Nr\xff\xff\xff\xff" + STOP, ["K004"]),
        # Hidden behind POP, in a branch that nothing uses, and after the first STOP.
        (HEAD + EXEC + b"0N" + STOP, ["K001", "K002"]),
        (HEAD + b"(" + EXEC + b"1N" + STOP, ["K001", "K002"]),
        (HEAD + EXEC + b"N" + STOP, ["K001", "K004"]),
        # Opcodes that build in other ways.
        (HEAD + b"(S'ls'\nios\nsystem\n" + STOP, ["K002"]),
        (HEAD + b"(" + text("ls") + b"ios\nsystem\n" + STOP, ["K001", "K002"]),
        (HEAD + b"(cos\nsystem\n" + text("ls") + b"o" + STOP, ["K001", "K002"]),
        (HEAD + b"cos\nsystem\n)\x81" + STOP, ["K001", "K002"]),
        (HEAD + b"ccollections\nOrderedDict\n)\x81" + STOP, ["K002"]),
        (HEAD4 + b"ccollections\nOrderedDict\n)}\x92" + STOP, ["K002"]),
        (HEAD + b"\x82\x01" + STOP, ["K002"]),
        (HEAD + b"\x83\x01\x00" + STOP, ["K002"]),
        (HEAD + b"\x84\x01\x00\x00\x00" + STOP, ["K002"]),
        (HEAD + b"Pid\n" + STOP, ["K002"]),
        (HEAD + b"\x97" + STOP, ["K002"]),
        (HEAD + b"I1\n" + STOP, ["K002"]),
        (b"cos\nsystem\n(S'ls'\ntR.", ["K001", "K002"]),
        # Storages that are none.
        (HEAD + text("id") + b"Q" + STOP, ["K006"]),
        (HEAD + b"K\x01Q" + STOP, ["K006"]),
        (HEAD + b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("../../x")
         + text("cpu") + b"K\x01tQ" + STOP, ["K006"]),
        (HEAD + b"(" + text("storage") + b"ctorch\nfloat32\n" + text("0") + text("cpu")
         + b"K\x01tQ" + STOP, ["K006"]),
        (HEAD + b"(" + text("storage") + b"cos\nsystem\n" + text("0") + text("cpu")
         + b"K\x01tQ" + STOP, ["K001"]),
        # Calls of what is no callable, and of what is only ever named.
        (HEAD + text("x") + b")R" + STOP, ["K004"]),
        (HEAD + b"ctorch\nFloatStorage\n)R" + STOP, ["K006"]),
        (HEAD + b"c__builtin__\nlist\n)R" + STOP, ["K006"]),
        (HEAD + b"ccollections\nOrderedDict\n]R" + STOP, ["K004"]),
        # BUILD of a state that changes more than data.
        (HEAD + b"ccollections\nOrderedDict\n)R}" + text("items") + b"K\x01sb" + STOP, ["K006"]),
        (HEAD + b"}}b" + STOP, ["K006"]),
        (HEAD + b"ccollections\nOrderedDict\n}b" + STOP, ["K006"]),
    ],
)  # fmt: skip
def test_crafted_pickles(body: bytes, expected: list[str]) -> None:
    assert codes(body) == expected


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("_codecs.encode", ("aa", "rot13")),
        ("_codecs.encode", ("aa", "latin1", "ignore")),
        ("_codecs.encode", ("\u4e2d", "latin1")),
        ("numpy.dtype", ("O8", False, True)),
        ("numpy.dtype", ("V8", False, True)),
        ("numpy.dtype", ("f4",)),
        ("numpy.dtype", ([("a", "O")], False, True)),
        ("torch.device", (5,)),
        ("torch.device", ("cpu", -1)),
        ("torch.device", ("cpu", "x")),
        ("torch.Size", ([1, 2],)),
        ("torch.Size", ((-1,),)),
        ("collections.OrderedDict", ([["a", 1]],)),
        ("collections.defaultdict", (5,)),
        ("builtins.set", (5,)),
        ("builtins.bytes", (10**10,)),
        ("torch._utils._rebuild_tensor_v2", (1, 0, (1,), (1,), False, {})),
        ("torch._utils._rebuild_tensor_v2", ()),
        ("torch._utils._rebuild_parameter", (1, True, {})),
        ("numpy._core.multiarray.scalar", (1, b"x")),
        ("numpy._core.multiarray._reconstruct", (list, (0,), b"b")),
        ("numpy.core.multiarray._reconstruct", (list, (0,), b"b")),
    ],
)
def test_allowed_callables_with_other_arguments(function: str, arguments: Any) -> None:
    module, _, name = function.rpartition(".")
    body = dumped(arguments)[2:-1]
    assert codes(HEAD + f"c{module}\n{name}\n".encode() + body + b"R" + STOP) == ["K006"]


def storage(key: str = "0", numel: int = 4, kind: str = "FloatStorage") -> bytes:
    named = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
    return b"(" + named + dumped(numel)[2:-1] + b"tQ"


@pytest.mark.parametrize(
    ("place", "found"),
    [("cpu", []), ("cuda:0", []), ("mps", []), ("xpu:1", []), ("gpu", ["K006"]), ("", ["K006"])],
)
def test_a_storage_is_on_a_device_that_torch_knows(place: str, found: list[str]) -> None:
    assert codes(HEAD + storage().replace(text("cpu"), text(place)) + STOP) == found


def tensor(*, offset: int = 0, size: Any = (4,), stride: Any = (1,), hooks: bytes = b"") -> bytes:
    none = b"ccollections\nOrderedDict\n)R"
    rest = dumped(offset)[2:-1] + dumped(size)[2:-1] + dumped(stride)[2:-1] + b"\x89"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage() + rest + (hooks or none) + b"tR"


@pytest.mark.parametrize(
    ("body", "fine"),
    [
        (tensor(), True),
        (tensor(offset=1, size=(3,)), True),
        (tensor(size=(10**9,), stride=(0,)), True),
        (tensor(size=(0, 10**9), stride=(1, 1)), True),
        (tensor(offset=1), False),
        (tensor(size=(5,)), False),
        (tensor(size=(2, 3), stride=(2, 1)), False),
        (tensor(size=(4,), stride=(1, 1)), False),
        (tensor(size=(-1,)), False),
        (tensor(size=(2**63,), stride=(0,)), False),
        (tensor(offset=-1), False),
        (tensor(size=[4]), False),
        (tensor(hooks=b"ccollections\nOrderedDict\n)R" + b"K\x01K\x02s"), False),
        (tensor(hooks=b"N"), False),
        (b"(" + storage("0", 4) + storage("0", 4) + b"t", True),
        (b"(" + storage("0", 4) + storage("0", 5) + b"t", False),
        (b"(" + storage("0", 4) + storage("0", 4, "IntStorage") + b"t", False),
        (storage("0", -1), False),
        (storage("x"), False),
        (storage("\u0661"), False),
    ],
)
def test_tensors_fit_their_storages(body: bytes, fine: bool) -> None:
    assert codes(HEAD + body + STOP) == ([] if fine else ["K006"])


def test_numpy_scalars_of_objects_and_of_wrong_length() -> None:
    good = dumped(np.float64(1.5))
    assert codes(good) == []
    assert codes(good.replace(b"f8", b"O8")) == ["K006"]
    assert codes(good.replace(b"f8", b"f4")) == ["K006"]
    objects = dumped(np.array([{}], dtype=object))
    assert codes(objects) == ["K006"]
    assert codes(dumped(np.zeros(3, dtype=[("a", "f4")]))) == ["K006"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x80",
        HEAD,
        b"\x80\x63N.",
        b"\x80\x01N.",
        b"hello",
        HEAD + b"N",
        HEAD + STOP,
        HEAD + b"NN" + STOP,
        HEAD + b"(" + STOP,
        HEAD + b"N" + HEAD + STOP,
        HEAD + b"X\xff\xff\xff\xffabc",
        HEAD + b"X\x05\x00\x00\x00abc",
        HEAD4 + b"\x8d" + b"\xff" * 8 + b"abc",
        HEAD4 + b"\x8e" + b"\xff" * 8 + b"abc",
        HEAD + b"X\x02\x00\x00\x00\xff\xfe" + STOP,
        HEAD + b"h\x05" + STOP,
        HEAD + b"q\x00" + STOP,
        HEAD + b"t" + STOP,
        HEAD + b"\x86" + STOP,
        HEAD + b"R" + STOP,
        HEAD + b"b" + STOP,
        HEAD + b"Na" + STOP,
        HEAD + b"NNNs" + STOP,
        HEAD + b"}(Nu" + STOP,
        HEAD + b"}]Ns" + STOP,
        HEAD + b"}}Ns" + STOP,
        HEAD + b"]NNe" + STOP,
        HEAD + b"c" + b"a" * 100_000,
        HEAD + b"cos\nsystem",
        HEAD + b"G\x00\x00",
        HEAD + b"\x8a\xff\x01",
        HEAD + b"\xff" + STOP,
        HEAD + b"(" * 100_000,
    ],
)
def test_malformed(body: bytes) -> None:
    found = scan(body)
    assert "K004" in {issue.code for issue in found.issues}
    assert found.value is OPAQUE
    assert not found.complete


# Resources.


def test_a_cyclic_value_ends() -> None:
    found = scan(HEAD + b"]q\x00h\x00a" + STOP)
    assert found.complete
    content: Any = found.value
    assert content[0] is content


def test_the_billion_laughs_stay_small() -> None:
    laughs = b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(100))
    assert scan(HEAD + laughs + STOP).complete
    # As a key they would be hashed for longer than anyone waits.
    assert codes(HEAD + b"}" + laughs + b"Ns" + STOP) == ["K004"]


def test_deep_nesting_ends() -> None:
    assert scan(HEAD + b")" + b"\x85" * 200_000 + STOP).complete


@pytest.mark.parametrize(
    ("limit", "value", "body"),
    [
        ("MAX_STRING", 100, text("x" * 2 * pickle_stream.CHUNK)),
        ("MAX_LOOSE_MEMO", 10, b"N" + b"".join(b"q" + bytes([2 * n]) for n in range(1, 100))),
        ("MAX_TUPLE_KEYS", 10, b"}(" + b"".join(b"K" + bytes([n]) + b"\x85N" for n in range(50))
         + b"u"),
    ],
)  # fmt: skip
def test_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: int, body: bytes) -> None:
    assert codes(HEAD + body + STOP) in ([], ["K004"])
    for module in (pickle_stream, pickle_stack, pickle_machine):
        if hasattr(module, limit):
            monkeypatch.setattr(module, limit, value)
    found = scan(HEAD + body + STOP)
    assert not found.complete
    assert found.issues[-1].code == "K004"


@pytest.mark.parametrize(
    ("limit", "body"),
    [
        ("opcodes", b"N" * 200),
        ("pickle", text("x" * 200)),
        ("memory", b"(" + b"}" * 200 + b"t"),
    ],
)
def test_limits_of_a_checkpoint(limit: str, body: bytes) -> None:
    data = HEAD + body + STOP
    assert codes(data) in ([], ["K004"])
    found = scan_pickle(io.BytesIO(data).read, ALONE._replace(**{limit: 100}))
    assert not found.complete
    assert found.issues[-1].code == "K004"


def test_issues_are_counted_once_and_not_without_end() -> None:
    repeated = scan(HEAD + b"(" + b"cos\nsystem\n" * 50 + b"t" + STOP)
    assert len(repeated.issues) == 1
    many = b"".join(f"cos\nsystem{n}\n".encode() for n in range(50))
    assert len(scan(HEAD + b"(" + many + b"t" + STOP).issues) == MAX_ISSUES + 1


def test_an_issue_says_where() -> None:
    (issue,) = scan(HEAD + b"NcA\nB\n\x86" + STOP).issues
    assert issue.steps == ("data.pkl", 3)
    assert issue.message == "names the global 'A.B'"


def test_messages_stay_on_one_line() -> None:
    (issue,) = scan(
        HEAD4 + text("a\nb\x1b[31m" + "\u202e") + text("x" * 500) + b"\x93" + STOP
    ).issues
    assert issue.message.isprintable()
    assert len(issue.message) < 120


# Whatever the bytes are.


class _Stub:
    """Takes the place of every allowed global in the standard unpickler."""

    def __init__(self, *_arguments: object) -> None:
        self.items: list[object] = []

    def __setstate__(self, _state: object) -> None:
        pass

    def __setitem__(self, _key: object, _value: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """The standard unpickler; what it is asked for is written down, and nothing is imported."""

    asked: set[tuple[str, str]]

    def find_class(self, module: str, name: str) -> Any:
        self.asked.add((module, name))
        return _Stub

    def persistent_load(self, _pid: object) -> Any:
        return _Stub()


def _asked(data: bytes) -> set[tuple[str, str]]:
    """The globals that the standard unpickler looks up, as far as it gets."""
    unpickler = _Unpickler(io.BytesIO(data))
    unpickler.asked = set()
    with contextlib.suppress(Exception):  # whatever a broken pickle raises
        unpickler.load()
    return unpickler.asked


SMALL = member(
    saved(
        {
            "a": torch.zeros(2, 3),
            "b": OrderedDict(x=np.float32(1)),
            "c": [1, 2.5, "t", (None, True)],
        }
    ),
    "data.pkl",
)
SMALL4 = member(saved({"a": torch.zeros(2), "b": np.float64(2), "c": {1}}, protocol=4), "data.pkl")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from([SMALL, SMALL4, dumped(Calls(os.system, "true"), 4)])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["set", "cut", "insert", "copy"]))
        if kind == "set" and data:
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 8))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=6))
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 30))]
    return bytes(data)


@settings(max_examples=200, deadline=None)
@given(mutated() | st.binary(max_size=60).map(lambda tail: HEAD + tail))
def test_any_bytes_end_in_a_verdict_that_the_unpickler_confirms(data: bytes) -> None:
    found = scan(data)
    if found.issues:
        assert all(issue.code in {"K001", "K002", "K003", "K004", "K006"} for issue in found.issues)
        assert len({(i.code, i.message) for i in found.issues}) == len(found.issues)
    else:
        # Clean: then the standard unpickler asks for nothing that is not on the list.
        assert found.complete
        renamed = {(m.replace("__builtin__", "builtins"), n) for m, n in ALLOWED}
        assert _asked(data) <= renamed | set(ALLOWED)


# Frames.


def framed(inside: bytes, behind: bytes = b"", length: int | None = None) -> bytes:
    """A pickle with one frame, which says its own length or another."""
    size = len(inside) if length is None else length
    return b"\x80\x04\x95" + struct.pack("<Q", size) + inside + behind


def test_an_opcode_over_the_end_of_a_frame_is_refused(tmp_path: Path) -> None:
    """Python's unpickler in C leaves out the rest of the frame, and runs what looks like a text."""
    made = tmp_path / "made"
    command = f"touch {made}".encode()
    code = b"cposix\nsystem\n(B" + struct.pack("<I", len(command)) + command + b"tR"
    inside = b"X\x08\0\0\0AAAAA"
    data = framed(inside, b"BBBX" + struct.pack("<I", len(code)) + code + b"\x86.")
    text = scan(data.replace(framed(inside), b"\x80\x04" + inside))
    assert (text.complete, text.issues) == (True, ())
    assert pickle.Unpickler(io.BytesIO(data)).load()[1] == 0
    assert made.exists()
    assert codes(data) == ["K004"]


@pytest.mark.parametrize("chunk", [1, 5, 16 * 1024])
@pytest.mark.parametrize(
    ("data", "right"),
    [
        (framed(b"]K\x01a."), True),
        (framed(b"]", b"K\x01a."), True),
        (framed(b"", b"N."), True),
        (framed(b"]", framed(b"K\x01a.")[2:]), True),
        (framed(b"]", b"K\x01a.", length=2), False),
        (framed(b"N", b".", length=3), False),
        (framed(b"N.", length=1 << 62), False),
        (framed(framed(b"N")[2:], b"."), False),
    ],
)
def test_frames_end_where_opcodes_do(data: bytes, right: bool, chunk: int) -> None:
    stream = io.BytesIO(data)
    found = scan_pickle(lambda _: stream.read(chunk))
    assert found.complete is right
    assert [issue.code for issue in found.issues] == ([] if right else ["K004"])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_is_read(protocol: int) -> None:
    value = {"numbers": [*range(100)], "text": "x" * 100_000, "parts": [["y" * 70] for _ in "ab"]}
    found = scan(pickle.dumps([value] * 3 + ["z" * n for n in range(2000)], protocol))
    assert (found.issues, found.complete) == ((), True)
