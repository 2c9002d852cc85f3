"""What a checkpoint says of itself, read from every kind of file and stream."""

from __future__ import annotations

import io
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from typing import IO, Any, cast

import numpy as np
import pytest
import torch
from checkpoint_files import (
    GENUINE,
    MODEL,
    Calls,
    dumped,
    genuine,
    genuine_pickle,
    resaved,
    rezipped,
    saved,
    with_pickle,
)
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.checkpoint.model import BadCheckpoint, Checkpoint
from model_lint.checkpoint.pickle_values import Tensor
from model_lint.checkpoint.reader import File, read_checkpoint
from model_lint.storage.depth import Depth


class ForwardOnly(io.RawIOBase):
    """A stream that can't seek, and gives little at a time, as a decompressor does."""

    def __init__(self, data: bytes, most: int = 5000) -> None:
        super().__init__()
        self._stream = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(min(len(buffer), self._most))
        buffer[: len(data)] = data
        return len(data)

    @property
    def taken(self) -> int:
        return self._stream.tell()


def read(data: bytes, *, random_access: bool = True) -> Checkpoint | BadCheckpoint:
    """Read a file by its directory, or the start of one that can only be read forward."""
    opened = io.BytesIO if random_access else ForwardOnly
    file = File(lambda: cast("IO[bytes]", opened(data)), len(data), random_access)
    return read_checkpoint(file, Depth.START)


def good(data: bytes, *, random_access: bool = True) -> Checkpoint:
    found = read(data, random_access=random_access)
    assert isinstance(found, Checkpoint), found
    return found


def bad(data: bytes, *, random_access: bool = True) -> BadCheckpoint:
    found = read(data, random_access=random_access)
    assert isinstance(found, BadCheckpoint)
    return found


def codes(checkpoint: Checkpoint | BadCheckpoint) -> list[str]:
    return [issue.code for issue in checkpoint.issues]


both = pytest.mark.parametrize("random_access", [True, False], ids=["random access", "forward"])


@both
def test_the_genuine_checkpoint(random_access: bool) -> None:
    found = good(genuine(), random_access=random_access)
    assert found.issues == ()
    assert found.missing_keys == ()
    assert found.prefix == "checkpoint_final"
    assert found.trainer_name == "nnUNetTrainerTiny"
    assert found.configuration == "2d"
    assert found.fold == 0
    assert found.content["inference_allowed_mirroring_axes"] == (0, 1)
    assert found.content["current_epoch"] == 30
    assert found.plans is not None
    assert found.plans["plans_name"] == "nnUNetPlans"
    assert found.dataset_json is not None
    assert found.dataset_json["image_orientation"] == "RPI"
    assert found.init_args is not None
    assert found.init_args["device"] == "cpu"
    assert found.weights_only_refuses
    assert found.wrapper_prefix is None


def test_weights_and_sizes_are_those_that_torch_loads() -> None:
    found = good(genuine())
    content = torch.load(GENUINE, weights_only=False)
    weights = content["network_weights"]
    assert {k: t.shape for k, t in found.weights.items()} == {
        k: w.shape for k, w in weights.items()
    }
    storages = {w.untyped_storage().data_ptr(): w.untyped_storage() for w in weights.values()}
    inference = sum(storage.nbytes() for storage in storages.values())
    assert found.storage_bytes - found.optimizer_bytes == inference
    state = content["optimizer_state"]["state"].values()
    assert found.optimizer_bytes == sum(s["momentum_buffer"].nbytes for s in state)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@both
def test_other_pickle_protocols(protocol: int, random_access: bool) -> None:
    found = good(resaved(lambda _: None, protocol=protocol), random_access=random_access)
    assert found.issues == ()
    assert found.trainer_name == "nnUNetTrainerTiny"


# How much is read.


def test_a_stream_is_read_no_further_than_the_pickle() -> None:
    found = good(genuine(), random_access=False)
    assert found.bytes_read < len(genuine_pickle()) + 20_000


def test_with_random_access_only_pickle_and_directory_are_read() -> None:
    big = resaved(lambda c: c.update(more=torch.zeros(1_000_000)))
    found = good(big)
    assert found.issues == ()
    assert found.bytes_read < len(genuine_pickle()) + 40_000


# Files that were packed anew, which torch loads all the same.


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@both
def test_packed_anew(method: int, random_access: bool) -> None:
    data = rezipped(genuine(), method=method)
    torch.load(io.BytesIO(data), weights_only=False)
    assert codes(good(data, random_access=random_access)) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("random_access", [True, False])
def test_the_pickle_may_stand_anywhere(method: int, random_access: bool) -> None:
    data = rezipped(genuine(), method=method, order=lambda name: name.endswith("data.pkl"))
    torch.load(io.BytesIO(data), weights_only=False)
    file = File(lambda: io.BytesIO(data), len(data), random_access)
    found = read_checkpoint(file, Depth.END)
    assert isinstance(found, Checkpoint)
    assert found.issues == ()
    assert found.trainer_name == "nnUNetTrainerTiny"


def test_zip64_and_trailing_bytes() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(genuine())) as source,
        zipfile.ZipFile(out, "w") as archive,
    ):
        for name in source.namelist():
            with archive.open(name, "w", force_zip64=True) as target:
                target.write(source.read(name))
    for data in (out.getvalue(), genuine() + b"\0" * 100):
        torch.load(io.BytesIO(data), weights_only=False)
        for random_access in (True, False):
            assert codes(good(data, random_access=random_access)) == []


def test_streamed_zip() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = Unseekable()
        with (
            zipfile.ZipFile(io.BytesIO(genuine())) as source,
            zipfile.ZipFile(out, "w", method) as archive,
        ):
            for name in source.namelist():
                archive.writestr(name, source.read(name))
        for random_access in (True, False):
            assert codes(good(out.getvalue(), random_access=random_access)) == []


# Files that are no checkpoint.


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(MODEL / "dataset.json", "dataset.json")
    return out.getvalue()


def legacy(value: object) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


def plain_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "text")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"\0" * 5000, "zeros"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n <html>", "web page"),
        (b"Not Found", "not a file of torch.save"),
        (b"PK", "not a file of torch.save"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (dumped({"a": 1}), "bare pickle"),
        (dumped({"a": 1}, 5), "bare pickle"),
        (legacy({"a": 1}), "legacy"),
        (tar(), "tar archive"),
        (plain_zip(), "torch.save did not write"),
        (io.BytesIO().getvalue() + b"PK\x05\x06" + bytes(18), "empty zip"),
    ],
)
@both
def test_other_files(data: bytes, reason: str, random_access: bool) -> None:
    found = bad(data, random_access=random_access)
    assert found.code == "C001"
    assert reason in found.reason


@both
def test_torchscript(random_access: bool) -> None:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is on its way out of torch
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), out)
    found = bad(out.getvalue(), random_access=random_access)
    assert found.code == "C001"
    assert "TorchScript" in found.reason


def test_dangerous_globals_of_legacy_files_are_named() -> None:
    found = bad(legacy({"a": Calls(eval, "1")}))
    assert found.code == "C001"
    assert codes(found) == ["K001"]
    assert codes(bad(dumped(Calls(eval, "1")))) == ["K001"]
    assert codes(bad(legacy(torch.nn.Linear(2, 2).state_dict()))) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": None}, "version"),
        ({"data.pkl": None}, "without data.pkl"),
        ({"code/__torch__.py": b""}, "TorchScript"),
        ({"constants.pkl": b""}, "TorchScript"),
    ],
)
def test_zips_that_torch_can_not_load(changes: dict[str, bytes | None], reason: str) -> None:
    found = bad(rezipped(genuine(), changes))
    assert found.code == "C001"
    assert reason in found.reason


def test_records_outside_a_folder() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.pkl", genuine_pickle())
        archive.writestr("version", "3")
    assert bad(out.getvalue()).code == "C001"
    assert "not in a folder" in bad(out.getvalue()).reason


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@both
def test_compression_that_torch_lacks(method: int, random_access: bool) -> None:
    found = bad(rezipped(genuine(), method=method), random_access=random_access)
    assert found.code == "C001"
    assert "compression method" in found.reason


# Incomplete files.


@pytest.mark.parametrize("share", [0.0005, 0.1, 0.24, 0.3, 0.6, 0.9, 0.99, 0.9999])
@pytest.mark.parametrize("random_access", [True, False])
def test_truncated(share: float, random_access: bool) -> None:
    data = genuine()[: int(share * len(genuine()))]
    with pytest.raises((RuntimeError, EOFError, ValueError)):
        torch.load(io.BytesIO(data), weights_only=False)
    found = read(data, random_access=random_access)
    if random_access or len(data) < len(genuine_pickle()):
        assert isinstance(found, BadCheckpoint)
        assert found.code == "C002"
    elif share < 0.9:  # the directory at the end is beyond what a stream shows
        assert codes(found) == ["C002"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data/3": None}, "data/3"),
        ({"data/3": b"1234"}, "data/3 has 4 bytes"),
        ({"data/0": bytes(100_000)}, "data/0 has 100000 bytes"),
        ({f"data/{n}": None for n in range(10)}, "7 more"),
    ],
)
def test_storages_that_differ(changes: dict[str, bytes | None], message: str) -> None:
    (issue,) = good(rezipped(genuine(), changes)).issues
    assert issue.code == "C002"
    assert message in issue.message


def test_a_stream_that_fails() -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    found = read_checkpoint(File(Failing, 100))
    assert isinstance(found, BadCheckpoint)
    assert "Input/output error" in found.reason


# Strange members and pickles.


@pytest.mark.parametrize(
    "name", ["evil.py", "data/x", "data/0.bak", "/other/data.pkl", "/x", "data.pkl2", ".data/x"]
)
def test_members_that_torch_does_not_write(name: str) -> None:
    (issue,) = good(rezipped(genuine(), {name: b"x"})).issues
    assert issue.code == "K005"


def test_a_storage_that_no_tensor_uses() -> None:
    assert codes(good(rezipped(genuine(), {"data/999": b"x"}))) == ["K005"]


def test_two_records_of_one_name() -> None:
    out = io.BytesIO(genuine())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("checkpoint_final/data.pkl", dumped(Calls(eval, "1")))
    found = good(out.getvalue())
    assert set(codes(found)) >= {"K001", "K005"}


def test_a_harmless_first_record_does_not_hide_the_real_one() -> None:
    """A decoy data.pkl at the start, of which the directory knows nothing."""
    decoy = genuine()
    evil = io.BytesIO()
    evil.write(decoy)
    with zipfile.ZipFile(evil, "a") as archive:
        archive.filelist.clear()
        archive.NameToInfo.clear()
        archive.writestr("checkpoint_final/data.pkl", dumped(Calls(eval, "1")))
        archive.writestr("checkpoint_final/version", b"3\n")
    assert "K001" in codes(good(evil.getvalue()))


@both
def test_globals_show_through_the_container(random_access: bool) -> None:
    data = resaved(lambda c: c.update(logging=Calls(eval, "1")))
    found = good(data, random_access=random_access)
    assert codes(found) == ["K001"]
    assert found.trainer_name == "nnUNetTrainerTiny"


@both
def test_something_behind_the_pickle(random_access: bool) -> None:
    found = good(with_pickle(genuine_pickle() + b"more"), random_access=random_access)
    assert codes(found) == ["K004"]


def test_a_pickle_without_end() -> None:
    found = bad(with_pickle(genuine_pickle()[:-1]))
    assert found.code == "K004"
    assert "K004" in codes(found)


# Content of other kinds.


@pytest.mark.parametrize("value", [[], 5, None, "text", torch.zeros(3), {}, {1: 2}])
def test_other_top_level_values(value: object) -> None:
    found = good(saved(value))
    assert found.missing_keys == ("network_weights", "trainer_name", "init_args")
    assert found.architecture is None
    assert found.optimizer_bytes == found.storage_bytes


@pytest.mark.parametrize("wrong", [None, 5, "x", [1], {"a": 1}, {1: 2}, torch.zeros(2)])
@pytest.mark.parametrize(
    "key",
    ["network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes",
     "current_epoch", "logging", "_best_ema", "optimizer_state"],
)  # fmt: skip
def test_values_of_other_types(key: str, wrong: object) -> None:
    found = good(resaved(lambda c: c.update({key: wrong})))
    facts = (
        found.keys, found.trainer_name, found.configuration, found.fold, found.plans,
        found.dataset_json, found.architecture, found.weights, found.init_args,
        found.wrapper_prefix,
    )  # fmt: skip
    assert len(facts) == 10
    assert (key in found.missing_keys) == (
        key in {"network_weights", "trainer_name", "init_args"}
        and not (key == "trainer_name" and wrong == "x")
        and not (key == "init_args" and isinstance(wrong, dict))
    )


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (3, 3),
        ("all", "all"),
        (np.int64(2), 2),
        ("0", None),
        (True, None),
        (None, None),
        (1.0, None),
    ],
)
def test_fold(fold: object, expected: int | str | None) -> None:
    assert good(resaved(lambda c: c["init_args"].update(fold=fold))).fold == expected


def test_a_missing_configuration() -> None:
    found = good(resaved(lambda c: c["init_args"].pop("configuration")))
    assert found.missing_keys == ("init_args['configuration']",)


def test_a_cyclic_init_args_is_no_plain_value() -> None:
    def tie(content: dict[str, Any]) -> None:
        content["init_args"]["plans"]["plans"] = content["init_args"]["plans"]

    assert good(resaved(tie)).init_args is None


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_names_of_a_wrapper(prefix: str) -> None:
    def wrap(content: dict[str, Any]) -> None:
        weights = content["network_weights"]
        content["network_weights"] = {prefix + key: weight for key, weight in weights.items()}

    assert good(resaved(wrap)).wrapper_prefix == prefix


def test_weights_only() -> None:
    def harmless(content: dict[str, Any]) -> None:
        content["_best_ema"] = float(content["_best_ema"])
        del content["logging"]

    for change in (harmless, lambda _: None):
        data = resaved(change)
        try:
            torch.load(io.BytesIO(data), weights_only=True)
            loads = True
        except pickle.UnpicklingError:
            loads = False
        assert (not good(data).weights_only_refuses) is loads


# Networks.


def network(kind: Callable[..., torch.nn.Module], dimensions: int, **extra: Any) -> torch.nn.Module:
    convolution = torch.nn.Conv3d if dimensions == 3 else torch.nn.Conv2d
    norm = torch.nn.InstanceNorm3d if dimensions == 3 else torch.nn.InstanceNorm2d
    sizes: dict[str, Any] = {"n_stages": 3, "features_per_stage": [2, 4, 6], "kernel_sizes": 3}
    return kind(
        input_channels=5, num_classes=7, conv_op=convolution, strides=[1, 2, 2], conv_bias=True,
        n_conv_per_stage_decoder=1, norm_op=norm, nonlin=torch.nn.ReLU, **sizes, **extra,
    )  # fmt: skip


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("kind", [PlainConvUNet, ResidualEncoderUNet])
@pytest.mark.parametrize("supervision", [True, False])
def test_architecture(kind: Any, dimensions: int, supervision: bool) -> None:
    blocks = "n_conv_per_stage" if kind is PlainConvUNet else "n_blocks_per_stage"
    unet = network(kind, dimensions, deep_supervision=supervision, **{blocks: 1})
    found = good(saved({"network_weights": unet.state_dict()})).architecture
    assert found is not None
    assert found.name == kind.__name__
    assert (found.input_channels, found.output_heads, found.dimensions) == (5, 7, dimensions)


def test_an_unknown_architecture() -> None:
    found = good(saved({"network_weights": torch.nn.Linear(2, 2).state_dict()}))
    assert found.architecture is None
    assert all(isinstance(tensor, Tensor) for tensor in found.weights.values())


# Whatever the bytes are.


SMALL = saved(
    {
        "network_weights": {"encoder.stages.0.0.convs.0.conv.weight": torch.zeros(2, 1, 3, 3)},
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "2d", "fold": 0},
    }
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from([SMALL, rezipped(SMALL, method=8)])))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data) - 1))
        if draw(st.booleans()):
            data[at] = draw(st.sampled_from([0, 1, 8, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        elif draw(st.booleans()):
            del data[at : at + draw(st.integers(1, 40))]
        else:
            data[at:at] = draw(st.binary(max_size=10))
    return bytes(data)


@settings(max_examples=150, deadline=None)
@given(mutated() | st.binary(max_size=80).map(lambda tail: b"PK\x03\x04" + tail), st.booleans())
def test_any_bytes_end_in_a_verdict(data: bytes, random_access: bool) -> None:
    found = read(data, random_access=random_access)
    if isinstance(found, Checkpoint):
        assert isinstance(found.keys, tuple)
        assert found.architecture is None or found.architecture.dimensions == 2
        assert isinstance(found.missing_keys, tuple)
    else:
        assert found.code in {"C001", "C002", "K001", "K002", "K003", "K004", "K006"}
        assert found.reason.isprintable()
