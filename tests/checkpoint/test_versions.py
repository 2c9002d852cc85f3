"""Checkpoints that torch 1.13 to 2.15 wrote, with numpy 1 and 2: see tests/data/README.md."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from build import Change, Files, findings, full, move, package, put, rename_trainer
from checkpoint_files import file_of, rezipped
from model_lint.checkpoint.model import Architecture, BadCheckpoint, Checkpoint
from model_lint.checkpoint.pickle_values import Scalar
from model_lint.checkpoint.reader import read_checkpoint
from model_lint.checkpoint.writer import CheckpointError, write_checkpoint
from model_lint.storage.depth import Depth
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

FOLDER = Path(__file__).parents[1] / "data" / "checkpoints"
FILES = sorted(path.name for path in FOLDER.iterdir() if ".pth" in path.suffixes)
NEWEST = "torch2.15.0-numpy2.4.6-{}.pth"
#: What a training of each kind says of itself.
EXPECTED = {
    "plain": ("3d_fullres", Architecture("PlainConvUNet", 1, 3, 3), 0, (0, 1, 2), "cpu"),
    "residual": ("2d", Architecture("ResidualEncoderUNet", 1, 3, 2), "all", (0, 1), "cuda"),
}

every = pytest.mark.parametrize("name", FILES)
both = pytest.mark.parametrize("random_access", [True, False], ids=["random access", "forward"])


@cache
def content(name: str) -> bytes:
    data = (FOLDER / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def kind(name: str) -> str:
    return next(kind for kind in EXPECTED if kind in name)


def read(data: bytes, *, random_access: bool = True) -> Checkpoint:
    found = read_checkpoint(file_of(data, random_access=random_access), Depth.START)
    assert isinstance(found, Checkpoint), found
    return found


def load(data: bytes, *, weights_only: bool) -> dict[str, Any]:
    """What the installed torch makes of it, without a GPU."""
    loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=weights_only)
    return cast("dict[str, Any]", loaded)


def written(data: bytes, *, keep: bool = False) -> bytes:
    target = io.BytesIO()
    write_checkpoint(file_of(data), target, keep_training_state=keep)
    return target.getvalue()


def bits(tensor: torch.Tensor) -> tuple[object, ...]:
    return tensor.dtype, tensor.shape, tensor.stride(), tensor.numpy().tobytes()


def test_old_and_new_ones_are_there() -> None:
    torches = {name.partition("-")[0] for name in FILES}
    assert {"torch1.13.1", "torch2.0.1", "torch2.2.2", "torch2.6.0", "torch2.15.0"} <= torches
    assert {name.split("-")[1][:6] for name in FILES} == {"numpy1", "numpy2"}
    assert sum("1000epochs" in name for name in FILES) == 2


@every
@both
def test_what_it_says_of_itself(name: str, random_access: bool) -> None:
    configuration, architecture, fold, axes, device = EXPECTED[kind(name)]
    long = "1000epochs" in name
    found = read(content(name), random_access=random_access)
    assert found.issues == ()
    assert found.missing_keys == ()
    assert found.prefix == "checkpoint_final"
    assert found.trainer_name == ("nnUNetTrainer" if long else "nnUNetTrainer_5epochs")
    assert found.configuration == configuration
    assert found.architecture == architecture
    assert found.fold == fold
    assert found.content["inference_allowed_mirroring_axes"] == axes
    assert found.content["current_epoch"] == (1000 if long else 5)
    assert found.wrapper_prefix is None
    assert found.plans is not None
    assert list(found.plans["configurations"]) == [configuration]
    assert found.dataset_json is not None
    assert found.dataset_json["image_orientation"] == "RPI"
    assert (found.init_args or {})["device"] == device
    core = "numpy.core" if "numpy1" in name else "numpy._core"
    assert found.weights_only_refuses == (f"{core}.multiarray.scalar", "numpy.dtype")
    where = "cuda:0" if device == "cuda" else "cpu"
    assert {storage.location for storage in found.storages.values()} == {where}


@every
def test_weights_and_logged_numbers_are_those_that_torch_loads(name: str) -> None:
    found, loaded = read(content(name)), load(content(name), weights_only=False)
    weights = loaded["network_weights"]
    assert {k: (t.shape, t.stride, t.dtype) for k, t in found.weights.items()} == {
        k: (tuple(w.shape), w.stride(), str(w.dtype).removeprefix("torch."))
        for k, w in weights.items()
    }
    assert len({w.data_ptr() for w in weights.values()}) == len(
        {t.storage.key for t in found.weights.values()}
    )
    momentum = [s["momentum_buffer"] for s in loaded["optimizer_state"]["state"].values()]
    assert found.optimizer_bytes == sum(buffer.nbytes for buffer in momentum) > 0
    for key, theirs in loaded["logging"].items():
        ours = found.content["logging"][key]
        assert plain(ours) == plain(theirs), key
        assert len(ours) == loaded["current_epoch"]
    assert isinstance(found.content["_best_ema"], Scalar)
    assert plain(found.content["_best_ema"]) == plain(loaded["_best_ema"])


def plain(value: object) -> object:
    """A scalar of numpy, and what the reader makes of it, as its dtype and its number."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Scalar):
        return value.dtype, value.value
    if isinstance(value, np.generic):
        return value.dtype.str[1:], value.item()
    return value


# Written anew, as for a package.


@every
@pytest.mark.parametrize("keep", [False, True])
def test_torch_loads_the_copy_with_the_same_bits(name: str, keep: bool) -> None:
    """With weights_only=True, although it refuses every one of the originals."""
    copy = load(written(content(name), keep=keep), weights_only=True)
    original = load(content(name), weights_only=False)
    assert copy["network_weights"]._metadata == original["network_weights"]._metadata
    assert list(copy["network_weights"]) == list(original["network_weights"])
    for key, weight in original["network_weights"].items():
        assert bits(copy["network_weights"][key]) == bits(weight)
    assert copy["trainer_name"] == original["trainer_name"]
    if keep:
        assert copy["logging"] == original["logging"]
        assert copy["grad_scaler_state"] == original["grad_scaler_state"]
        assert (
            copy["optimizer_state"]["param_groups"] == original["optimizer_state"]["param_groups"]
        )
        for key, state in original["optimizer_state"]["state"].items():
            buffer = copy["optimizer_state"]["state"][key]["momentum_buffer"]
            assert bits(buffer) == bits(state["momentum_buffer"])


@every
@pytest.mark.filterwarnings(
    "ignore:Detected old nnU-Net plans format",
    "ignore:Network class .*residual_unet",
    "ignore::FutureWarning",  # of torch, on the way of nnU-Net's search for that class
)
def test_the_copy_fits_into_the_network_of_its_plans(name: str) -> None:
    data = content(name)
    arguments = load(data, weights_only=False)["init_args"]
    configuration = PlansManager(arguments["plans"]).get_configuration(arguments["configuration"])
    network = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        1,
        3,
    )
    network.load_state_dict(load(written(data), weights_only=True)["network_weights"])


@every
def test_the_copy_does_not_depend_on_how_it_was_zipped(name: str) -> None:
    once = written(content(name))
    assert written(rezipped(content(name), method=zipfile.ZIP_DEFLATED)) == once
    assert written(once) == once
    assert not read(once).weights_only_refuses
    assert {storage.location for storage in read(once).storages.values()} == {"cpu"}


@every
@both
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zipped_anew(name: str, method: int, random_access: bool) -> None:
    found = read(rezipped(content(name), method=method), random_access=random_access)
    assert found.issues == ()
    assert found.architecture == EXPECTED[kind(name)][1]


# In a package.


def model(data: bytes) -> Change:
    """Make the model that of a checkpoint."""
    found = read(data)
    fold = f"fold_{found.fold}"
    trainer = f"{found.trainer_name}__nnUNetPlans__{found.configuration}"

    def change(files: Files) -> None:
        move("fold_0", fold)(files)
        for path in ("trainer_class.py", f"{fold}/debug.json"):
            files.pop(full(path))
        put(f"{fold}/checkpoint_final.pth", data)(files)
        put("plans.json", json.dumps(found.plans))(files)
        put("dataset.json", json.dumps(found.dataset_json))(files)
        rename_trainer(trainer)(files)

    return change


def stored(path: Path) -> Path:
    return path


def deflated(path: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@every
def test_the_rules_about_checkpoints_find_nothing_wrong(name: str, tmp_path: Path) -> None:
    path = package(tmp_path, model(content(name)))
    for pack, deep in ((stored, False), (deflated, False), (deflated, True)):
        codes = [f.code for f in findings(pack(path), "C", "K", "Z010", deep=deep)]
        assert codes == ["C010", "C011"]  # the state of the training, and the scalars of numpy


@every
def test_the_rules_about_checkpoints_are_silent_about_the_copy(name: str, tmp_path: Path) -> None:
    path = package(tmp_path, model(written(content(name))))
    assert findings(path, "C", "K", "Z010", deep=True) == []


# A GPU's.


@pytest.mark.parametrize("name", [name for name in FILES if "residual" in name])
def test_without_a_gpu_torch_needs_to_be_told_where(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(io.BytesIO(content(name)), weights_only=False)
    torch.load(io.BytesIO(written(content(name), keep=True)), weights_only=True)


# What torch can be told about writing.


@contextmanager
def unchecked() -> Iterator[None]:
    torch.serialization.set_crc32_options(compute_crc32=False)
    try:
        yield
    finally:
        torch.serialization.set_crc32_options(compute_crc32=True)


def saved(**options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(load(content(NEWEST.format("plain")), weights_only=False), out, **options)
    return out.getvalue()


def assert_sound(data: bytes) -> None:
    for random_access in (True, False):
        found = read(data, random_access=random_access)
        assert found.issues == ()
        assert found.missing_keys == ()
    assert written(data) == written(content(NEWEST.format("plain")))


def test_written_into_memory() -> None:
    assert read(saved()).prefix == "archive"
    assert_sound(saved())


def test_without_checksums(tmp_path: Path) -> None:
    with unchecked():
        data = saved()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(info.CRC for info in archive.infolist())
    assert read(data).checksums == {}
    assert_sound(data)
    path = package(tmp_path, model(data))
    assert [f.code for f in findings(path, "C", "K", "Z010", deep=True)] == ["C010", "C011"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("storage_alignment", value) for value in (1, 8, 512, 4096, 65536)),
        ("use_pinned_memory_for_d2h", True),
    ],
)
def test_options(option: str, value: object) -> None:
    from torch.utils.serialization import config

    patch = cast("Any", config).patch
    with patch(f"save.{option}", value):
        assert_sound(saved())


def test_read_through_a_private_map(tmp_path: Path) -> None:
    """An option of loading, which needs storages that lie in the file as they are."""
    from mmap import MAP_PRIVATE

    path = tmp_path / "checkpoint_final.pth"
    path.write_bytes(written(content(NEWEST.format("plain"))))
    original = load(content(NEWEST.format("plain")), weights_only=False)["network_weights"]
    with torch.serialization.set_default_mmap_options(MAP_PRIVATE):
        mapped = torch.load(path, mmap=True, weights_only=True)["network_weights"]
        assert all(bits(mapped[key]) == bits(weight) for key, weight in original.items())


def test_numbers_that_were_skipped(tmp_path: Path) -> None:
    """torch leaves room for them: every storage has its size, but no checksum of the zeros in it.

    torch loads them without a word, so only looking at every byte shows that they are missing.
    """
    with torch.serialization.skip_data():
        data = saved()
    weights = load(data, weights_only=False)["network_weights"]
    assert not any(weight.any() for weight in weights.values())
    for random_access in (True, False):
        assert read(data, random_access=random_access).issues == ()
    path = package(tmp_path, model(data))
    assert "Z010" in [f.code for f in findings(path, "Z010", deep=True)]
    with pytest.raises(CheckpointError, match="damaged"):
        written(data)


@both
def test_the_legacy_format(random_access: bool) -> None:
    data = saved(_use_new_zipfile_serialization=False)
    found = read_checkpoint(file_of(data, random_access=random_access), Depth.START)
    assert isinstance(found, BadCheckpoint)
    assert found.code == "C001"
    assert "legacy" in found.reason
    assert found.issues == ()


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("checkpoint_best.pth", "checkpoint_best"),
        ("a.b.c.pth", "a.b.c"),
        ("with space.pth", "with space"),
        ("no_ending", "no_ending"),
        ("data.pkl", "data"),
        ("modèle.pth", "archive"),
        (f"{'x' * 200}.pth", "x" * 200),
    ],
)
def test_names_at_the_time_of_saving(name: str, prefix: str, tmp_path: Path) -> None:
    original = load(content(NEWEST.format("plain")), weights_only=False)
    torch.save(original, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert read(data).prefix == prefix
    assert_sound(data)
