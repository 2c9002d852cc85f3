"""Slim copies of checkpoints: the same numbers, nothing else, and torch's safe mode takes them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import Calls, file_of, genuine, resaved, rezipped, saved, with_pickle, wrapped
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.checkpoint.model import Checkpoint
from model_lint.checkpoint.reader import read_checkpoint
from model_lint.checkpoint.writer import CheckpointError, write_checkpoint
from model_lint.storage.depth import Depth

INFERENCE_KEYS = {
    "network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes",
}  # fmt: skip


class AppendOnly(io.BytesIO):
    """A target as a member of a zip is one: no seek, no tell."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation("seek")

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")


def written(data: bytes, *, keep: bool = False) -> bytes:
    target = AppendOnly()
    size = write_checkpoint(file_of(data), target, keep_training_state=keep)
    assert size == len(target.getvalue())
    return target.getvalue()


def load(data: bytes, *, weights_only: bool = True) -> Any:
    return torch.load(io.BytesIO(data), weights_only=weights_only)


def storage_groups(weights: dict[str, torch.Tensor]) -> set[frozenset[str]]:
    """Which names share memory."""
    groups: dict[int, set[str]] = {}
    for name, tensor in weights.items():
        groups.setdefault(tensor.untyped_storage().data_ptr(), set()).add(name)
    return {frozenset(names) for names in groups.values()}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and one.stride() == other.stride() and one.equal(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("weights_only", [False, True])
def test_the_weights_are_the_same_bit_for_bit(keep: bool, weights_only: bool) -> None:
    copy = load(written(genuine(), keep=keep), weights_only=weights_only)["network_weights"]
    original = load(genuine(), weights_only=False)["network_weights"]
    assert type(copy).__name__ == "OrderedDict"
    assert copy._metadata == original._metadata
    assert same(copy, original)
    assert storage_groups(copy) == storage_groups(original)


def test_only_what_inference_reads_is_kept() -> None:
    copy, original = load(written(genuine())), load(genuine(), weights_only=False)
    assert set(copy) == INFERENCE_KEYS
    assert copy["init_args"] == {"configuration": "2d"}
    assert copy["trainer_name"] == original["trainer_name"]
    assert copy["inference_allowed_mirroring_axes"] == original["inference_allowed_mirroring_axes"]


def test_missing_mirroring_axes_stay_missing() -> None:
    data = resaved(lambda c: c.pop("inference_allowed_mirroring_axes"))
    assert set(load(written(data))) == INFERENCE_KEYS - {"inference_allowed_mirroring_axes"}


def test_the_training_state_can_be_kept() -> None:
    copy, original = load(written(genuine(), keep=True)), load(genuine(), weights_only=False)
    assert list(copy) == list(original)
    assert same(copy["optimizer_state"], original["optimizer_state"])
    assert copy["current_epoch"] == original["current_epoch"]
    assert copy["logging"] == original["logging"]
    assert type(copy["_best_ema"]) is float
    assert copy["_best_ema"] == original["_best_ema"]
    assert copy["init_args"].pop("device") == "cpu"
    del original["init_args"]["device"]
    assert copy["init_args"] == original["init_args"]


def _parameters(weights: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    unique = {t.untyped_storage().data_ptr(): t for t in weights.values()}
    return list(unique.values())


@pytest.mark.parametrize("keep", [False, True])
def test_the_copy_is_a_sound_checkpoint(keep: bool) -> None:
    data = written(genuine(), keep=keep)
    for random_access in (True, False):
        found = read_checkpoint(file_of(data, random_access=random_access))
        assert isinstance(found, Checkpoint)
        assert found.issues == ()
        assert not found.weights_only_refuses
        assert found.missing_keys == ()
        assert bool(found.optimizer_bytes) is keep


def test_it_is_laid_out_as_torch_does() -> None:
    with zipfile.ZipFile(io.BytesIO(genuine())) as theirs:
        names = [info.filename for info in theirs.infolist()]
    data = written(genuine(), keep=True)
    with zipfile.ZipFile(io.BytesIO(data)) as ours:
        assert ours.testzip() is None
        assert [info.filename for info in ours.infolist()] == names
        for info in ours.infolist():
            start = info.header_offset
            name, extra = (
                int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28)
            )
            assert (start + 30 + name + extra) % 64 == 0
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time[0] == 1980


def test_the_same_input_gives_the_same_bytes() -> None:
    assert written(genuine()) == written(genuine())
    assert written(genuine()) == written(rezipped(genuine(), method=zipfile.ZIP_DEFLATED))
    assert written(written(genuine())) == written(genuine())
    assert written(written(genuine(), keep=True)) == written(genuine())


def test_it_shrinks_to_the_numbers() -> None:
    weights = load(genuine(), weights_only=False)["network_weights"]
    numbers = sum(t.nbytes for t in _parameters(weights))
    assert len(written(genuine())) < numbers + 250 * len(weights)


def test_storages_of_a_gpu_load_without_one() -> None:
    """No GPU is needed for the source either: only its name stands in the pickle."""
    cpu, gpu = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    with zipfile.ZipFile(io.BytesIO(genuine())) as archive:
        data = with_pickle(archive.read("checkpoint_final/data.pkl").replace(cpu, gpu))
    with pytest.raises(RuntimeError, match="CUDA"):
        load(data, weights_only=False)
    for keep in (False, True):
        copy = load(written(data, keep=keep))["network_weights"]
        assert same(copy, load(genuine(), weights_only=False)["network_weights"])


def test_of_an_inflated_storage_only_the_used_part_is_kept() -> None:
    """Averaging weights has left whole buffers behind views."""

    def inflate(content: dict[str, Any]) -> None:
        weights = content["network_weights"]
        for name in weights:
            buffer = torch.zeros(100_000)
            buffer[77 : 77 + weights[name].numel()] = weights[name].flatten()
            weights[name] = buffer[77 : 77 + weights[name].numel()].view(weights[name].shape)
        content["optimizer_state"] = {}

    data = resaved(inflate)
    copy = written(data)
    assert len(data) > 50_000_000
    assert len(copy) < 500_000
    assert same(load(copy)["network_weights"], load(data, weights_only=False)["network_weights"])


DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
    torch.uint16, torch.uint32,
]  # fmt: skip


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """A view of any dtype, shape, stride and offset."""
    dtype = draw(st.sampled_from(DTYPES))
    base = torch.arange(draw(st.integers(0, 60))).to(dtype)
    if draw(st.booleans()) and len(base) >= 12:
        base = base[draw(st.integers(0, 5)) :]
        return base[: len(base) // 3 * 3].view(3, -1).t()
    if draw(st.booleans()) and len(base) > 4:
        return base[1::3]
    if draw(st.booleans()) and len(base):
        return base[:1].expand(4, 1)
    return base


@settings(max_examples=60, deadline=None)
@given(st.lists(tensors(), min_size=1, max_size=6), st.integers(2, 5))
def test_views_of_every_kind(values: list[torch.Tensor], protocol: int) -> None:
    weights = {f"w{n}": value for n, value in enumerate(values)}
    weights |= {f"alias{n}": value.flatten()[:1] for n, value in enumerate(values)}
    content = {
        "network_weights": weights,
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "2d"},
    }
    copy = load(written(saved(content, protocol=protocol)))["network_weights"]
    assert list(copy) == list(weights)
    for name, value in weights.items():
        assert copy[name].dtype == value.dtype
        assert copy[name].stride() == value.stride()
        assert torch.equal(copy[name], value)


KEYS = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=5) | KEYS, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_plain_values_come_back(value: object) -> None:
    content = {
        "network_weights": {"w": torch.zeros(1)},
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "2d"},
        "logging": value,
    }
    assert load(written(saved(content), keep=True))["logging"] == value


def test_shared_and_cyclic_containers() -> None:
    def tie(content: dict[str, Any]) -> None:
        one: list[Any] = [1]
        one.append(one)
        content["logging"] = {"a": one, "b": one}

    copy = load(written(resaved(tie), keep=True))["logging"]
    assert copy["a"] is copy["b"]
    assert copy["a"][1] is copy["a"]


def test_numpy_values_become_plain() -> None:
    values = {
        "array": np.arange(6, dtype=np.float32).reshape(2, 3) / 2,
        "column": np.array([[1], [2]], dtype=np.int64),
        "empty": np.zeros((0, 3)),
        "point": np.array(2.5),
        "scalars": [np.float32(0.1), np.int64(3), np.bool_(1), np.str_("a")],
        "set": {3, 1},
        "ordered": OrderedDict(b=1, a=2),
        "dtype": torch.float32,
        "device": torch.device("cuda", 1),
    }
    copy = load(written(resaved(lambda c: c.update(logging=values)), keep=True))["logging"]
    assert copy == {
        "array": [[0, 0.5, 1], [1.5, 2, 2.5]],
        "column": [[1], [2]],
        "empty": [],
        "point": 2.5,
        "scalars": [float(np.float32(0.1)), 3, True, "a"],
        "set": {1, 3},
        "ordered": OrderedDict(b=1, a=2),
        "dtype": torch.float32,
        "device": "cuda:1",
    }


def test_progress() -> None:
    steps: list[tuple[int, int]] = []
    write_checkpoint(
        file_of(genuine()),
        AppendOnly(),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] > 50_000


# What can't be copied.


def flipped(data: bytes) -> bytes:
    """One bit of a weight is flipped, which torch does not notice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read("checkpoint_final/data/0")
    at = data.index(content)
    return data[: at + 5] + bytes([data[at + 5] ^ 1]) + data[at + 6 :]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "empty file"),
        (lambda: b"<html>", "web page"),
        (lambda: genuine()[:100_000], "cut off"),
        (lambda: rezipped(genuine(), {"data/3": None}), "data/3"),
        (lambda: rezipped(genuine(), {"data/3": b"x"}), "data/3"),
        (lambda: flipped(genuine()), "damaged"),
        (lambda: saved({"state_dict": {}}), "missing keys: network_weights"),
        (lambda: resaved(lambda c: c.pop("trainer_name")), "missing keys: trainer_name"),
        (
            lambda: resaved(lambda c: c["network_weights"].update(x=Calls(eval, "1"))),
            "builtin__.eval",
        ),
    ],
)
def test_what_can_not_be_copied(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(CheckpointError) as error:
        written(make())
    assert reason in str(error.value)


def test_foreign_objects_outside_the_weights_are_left_behind() -> None:
    data = resaved(lambda c: c["init_args"].update(callback=Calls(eval, "1")))
    assert same(load(written(data)), load(written(genuine())))
    with pytest.raises(CheckpointError, match="names the global"):
        written(data, keep=True)


@pytest.mark.parametrize("value", [np.zeros(2, dtype="U3"), 1 + 2j, np.complex64(1)])
def test_values_without_a_plain_form(value: object) -> None:
    data = resaved(lambda c: c.update(logging=value))
    with pytest.raises(CheckpointError):
        written(data, keep=True)
    assert written(data) == written(genuine())


# Names that wrappers of networks leave


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "module.module."])
def test_the_prefix_of_wrappers_is_taken_off(prefix: str, keep: bool) -> None:
    data = resaved(lambda content: wrapped(content, prefix))
    copy = load(written(data, keep=keep))["network_weights"]
    original = load(genuine(), weights_only=False)["network_weights"]
    assert copy._metadata == original._metadata
    assert same(copy, original)
    assert storage_groups(copy) == storage_groups(original)


def test_what_a_real_wrapper_names_is_what_the_network_names() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    compiled: Any = torch.compile(network, backend="eager")
    weights = torch.nn.DataParallel(compiled).state_dict()
    assert next(iter(weights)).startswith("module._orig_mod.")
    copy = load(written(resaved(lambda c: c.update(network_weights=weights))))["network_weights"]
    plain: Any = network.state_dict()
    assert same(copy, plain)
    assert copy._metadata == plain._metadata


@pytest.mark.parametrize("name", ["module.extra", "a.module.b", "modules.0", "_orig_module.x"])
def test_a_prefix_that_not_all_have_is_a_name(name: str) -> None:
    def add(content: dict[str, Any]) -> None:
        content["network_weights"][name] = torch.ones(3)

    assert name in load(written(resaved(add)))["network_weights"]


# Large storages


def large(*sizes: int) -> bytes:
    """A checkpoint with storages of so many KiB, of numbers as weights have them."""
    numbers = torch.Generator().manual_seed(0)
    weights = {
        f"w{n}": torch.randn(size * 256, generator=numbers) * 0.05 for n, size in enumerate(sizes)
    }
    return resaved(lambda content: content["network_weights"].update(weights))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("weights_only", [False, True])
def test_torch_reads_what_is_compressed(keep: bool, weights_only: bool) -> None:
    data = large(300, 2000, 255, 256)
    copy = load(written(data, keep=keep), weights_only=weights_only)["network_weights"]
    assert same(copy, load(data, weights_only=False)["network_weights"])


def test_large_storages_are_compressed_and_the_others_can_be_reached() -> None:
    data = written(large(300, 2000, 255, 256, 40))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        deflated = [i for i in archive.infolist() if i.compress_type == zipfile.ZIP_DEFLATED]
    assert [info.file_size for info in deflated] == [256 * 1024, 300 * 1024, 2000 * 1024]
    assert all(info.compress_size < 0.94 * info.file_size for info in deflated)


def test_a_copy_with_compressed_storages_is_sound() -> None:
    data = written(large(300, 2000))
    for random_access in (True, False):
        found = read_checkpoint(file_of(data, random_access=random_access), Depth.ALL)
        assert isinstance(found, Checkpoint)
        assert found.issues == ()
        assert found.every_byte is not None
        assert found.every_byte.weights == ()
        assert found.every_byte.mismatches(found.records) == []
    assert written(data) == data


@pytest.mark.parametrize("sizes", [(256,), (256, 300, 256), (5000, 256), (256,) * 40])
def test_mapping_what_is_compressed_fails_instead_of_giving_wrong_numbers(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    path = tmp_path / "checkpoint_final.pth"
    path.write_bytes(written(large(*sizes)))
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        torch.load(path, mmap=True, weights_only=True)


def test_a_small_checkpoint_can_be_mapped(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint_final.pth"
    path.write_bytes(written(genuine()))
    mapped = torch.load(path, mmap=True, weights_only=True)["network_weights"]
    assert same(mapped, load(genuine(), weights_only=False)["network_weights"])
