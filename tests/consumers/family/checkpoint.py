"""The checkpoints: what is in them, how they are stored, and what hides in them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

from .sample import (
    CHECKPOINT,
    FINAL,
    TRAINER,
    Files,
    at,
    edit_checkpoint,
    edit_pickle,
    files_sample,
    inner,
    moved,
    set_everywhere,
    zip_sample,
    zipped,
)

NEEDED = ("network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes")


def _saved(name: str, words: str, change: Callable[[Any], Any], **options: Any) -> None:
    """Register a sample whose checkpoint holds something else."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        edit_checkpoint(files, change)


def _weights(name: str, words: str, change: Callable[[Any], Any], **options: Any) -> None:
    """Register a sample with other weights; a returned value replaces them."""

    def whole(saved: Any) -> None:
        changed = change(saved["network_weights"])
        if changed is not None:
            saved["network_weights"] = changed

    _saved(name, words, whole, **options)


def _bytes(name: str, words: str, change: Callable[[bytes], bytes], **options: Any) -> None:
    """Register a sample whose checkpoint has other bytes."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        files[CHECKPOINT] = change(files[CHECKPOINT])


def _members(
    name: str, words: str, change: Callable[[Files], Files], method: int = zipfile.ZIP_STORED
) -> None:
    """Register a sample whose checkpoint has other members."""
    _bytes(name, words, lambda data: zipped(change(inner(data)), method))


def _drop(*keys: str) -> Callable[[Any], None]:
    def change(saved: Any) -> None:
        for key in keys:
            del saved[key]

    return change


def _parameters(weights: Any) -> Any:
    import torch

    return {k: torch.nn.Parameter(v) for k, v in weights.items()}


def _plain(value: Any) -> Any:
    """Replace numpy's scalars and the device by what weights_only takes."""
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = str(item) if key == "device" else _plain(item)
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.item() if type(value).__module__ == "numpy" else value


# What torch loads as before.


@files_sample("saved-again", "the checkpoint loaded and saved again")
def _(files: Files) -> None:
    edit_checkpoint(files, lambda _: None)


_saved("slim", "what prediction reads and nothing else", lambda s: {k: s[k] for k in NEEDED})
_saved(
    "slimmer",
    "init_args with the configuration alone",
    lambda s: {
        **{k: s[k] for k in NEEDED},
        "init_args": {"configuration": s["init_args"]["configuration"]},
    },
)
_saved("no-optimizer", "no optimizer_state", _drop("optimizer_state"))
_saved("optimizer-none", "optimizer_state None", lambda s: s.update(optimizer_state=None))
_saved("no-logging", "no logging, no _best_ema", _drop("logging", "_best_ema"))
_saved(
    "no-mirroring", "no inference_allowed_mirroring_axes", _drop("inference_allowed_mirroring_axes")
)
_saved(
    "mirroring-none",
    "inference_allowed_mirroring_axes None",
    lambda s: s.update(inference_allowed_mirroring_axes=None),
)
_saved("extra-key", "a key more, with text", lambda s: s.update(note="trained twice"))
_saved("fold-number-other", "init_args with another fold", lambda s: s["init_args"].update(fold=3))
_saved(
    "fold-number-all",
    "init_args with fold 'all' in fold_0",
    lambda s: s["init_args"].update(fold="all"),
)
_saved(
    "unpack-dataset",
    "init_args as nnU-Net 2.5 wrote them",
    lambda s: s["init_args"].update(unpack_dataset=True),
)
_saved("not-finished", "current_epoch below the trainer's", lambda s: s.update(current_epoch=7))
_saved(
    "long-log",
    "a log of a thousand epochs",
    lambda s: s["logging"].update(train_losses=s["logging"]["train_losses"] * 33),
)
_weights("weights-plain-dict", "weights in a plain dict", dict)
_weights(
    "weights-cloned", "weights that share no memory", lambda w: {k: v.clone() for k, v in w.items()}
)
_weights(
    "weights-double", "weights in double precision", lambda w: {k: v.double() for k, v in w.items()}
)
_weights(
    "weights-half",
    "weights in half precision",
    lambda w: {k: v.half() for k, v in w.items()},
    like="",
)
_weights("weights-parameters", "weights as Parameters", _parameters)
_saved("scalars-plain", "Python's numbers in place of numpy's", _plain)


@files_sample("numpy-1", "saved with numpy 1")
def _(files: Files) -> None:
    edit_pickle(files, b"numpy._core.multiarray", b"numpy.core.multiarray")


@files_sample("cuda-saved", "saved on a GPU")
def _(files: Files) -> None:
    edit_pickle(files, b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")


@files_sample("legacy-format", "saved in torch's old format")
def _(files: Files) -> None:
    import torch

    saved = torch.load(io.BytesIO(files[CHECKPOINT]), weights_only=False)
    buffer = io.BytesIO()
    torch.save(saved, buffer, _use_new_zipfile_serialization=False)
    files[CHECKPOINT] = buffer.getvalue()


_members("rezipped", "the checkpoint unzipped and zipped again", lambda m: m)
_members(
    "rezipped-deflated", "the checkpoint zipped again, deflated", lambda m: m, zipfile.ZIP_DEFLATED
)
_members(
    "rezipped-bzip2", "the checkpoint zipped again, with bzip2", lambda m: m, zipfile.ZIP_BZIP2
)
_members(
    "rezipped-pkl-last",
    "data.pkl last in the checkpoint",
    lambda m: dict(sorted(m.items(), key=lambda item: item[0].endswith("data.pkl"))),
)
_members(
    "rezipped-prefix",
    "another name of the inner folder",
    lambda m: {f"archive/{n.partition('/')[2]}": d for n, d in m.items()},
)
_members(
    "rezipped-no-byteorder",
    "no byteorder in the checkpoint",
    lambda m: {n: d for n, d in m.items() if not n.endswith("byteorder")},
)
_members(
    "rezipped-torch-1",
    "the members that torch 1.13 writes",
    lambda m: {
        n: d
        for n, d in m.items()
        if n.rpartition("/")[2] in {"data.pkl", "version"} or "/data/" in n
    },
)
_members(
    "rezipped-no-prefix",
    "no inner folder in the checkpoint",
    lambda m: {n.partition("/")[2]: d for n, d in m.items()},
)
_members(
    "rezipped-no-version",
    "no version in the checkpoint",
    lambda m: {n: d for n, d in m.items() if not n.endswith("/version")},
)
_members(
    "rezipped-extra",
    "a file more in the checkpoint",
    lambda m: {**m, f"{next(iter(m)).partition('/')[0]}/notes.txt": b"hello\n"},
)
_members(
    "rezipped-big-endian",
    "a checkpoint that says it is big-endian",
    lambda m: {n: (b"big" if n.endswith("byteorder") else d) for n, d in m.items()},
)
_bytes("pth-trailing", "bytes after the end of the checkpoint", lambda d: d + b"\0" * 64)
_bytes("pth-leading", "bytes before the start of the checkpoint", lambda d: b"junk" * 16 + d)

# Regions, one label, two channels: models of other kinds.


def _heads(saved: Any, rows: slice) -> None:
    weights = saved["network_weights"]
    for key in [k for k in weights if ".seg_layers." in k]:
        weights[key] = weights[key][rows].clone()


@files_sample("model-one-label", "a model of the cord alone", like="model-one-label")
def _(files: Files) -> None:
    set_everywhere(
        files,
        dataset=lambda d: d.update(labels={"background": 0, "sc": 1}),
        checkpoint=lambda c: _heads(c, slice(0, 2)),
    )


@files_sample("model-regions", "a model trained with regions", like="model-regions")
def _(files: Files) -> None:
    set_everywhere(
        files,
        dataset=lambda d: d.update(
            labels={"background": 0, "sc": [1, 2], "gm": 2}, regions_class_order=[1, 2]
        ),
        checkpoint=lambda c: _heads(c, slice(1, 3)),
    )


@files_sample("model-regions-no-order", "regions without regions_class_order", like="model-regions")
def _(files: Files) -> None:
    set_everywhere(
        files,
        dataset=lambda d: d.update(labels={"background": 0, "sc": [1, 2], "gm": 2}),
        checkpoint=lambda c: _heads(c, slice(1, 3)),
    )


@files_sample("model-regions-short-order", "too short a regions_class_order", like="model-regions")
def _(files: Files) -> None:
    set_everywhere(
        files,
        dataset=lambda d: d.update(
            labels={"background": 0, "sc": [1, 2], "gm": 2}, regions_class_order=[1]
        ),
        checkpoint=lambda c: _heads(c, slice(1, 3)),
    )


@files_sample(
    "model-regions-swapped", "regions_class_order edited after training", like="model-regions"
)
def _(files: Files) -> None:
    set_everywhere(
        files,
        dataset=lambda d: d.update(
            labels={"background": 0, "sc": [1, 2], "gm": 2}, regions_class_order=[1, 2]
        ),
        checkpoint=lambda c: _heads(c, slice(1, 3)),
    )
    text = files[at("dataset.json")].decode()
    files[at("dataset.json")] = text.replace(
        "1,\n        2\n    ]", "2,\n        1\n    ]"
    ).encode()


@files_sample("model-two-channels", "a model of two channels", like="model-two-channels")
def _(files: Files) -> None:
    def plans(value: Any) -> None:
        conf = value["configurations"]["2d"]
        conf["normalization_schemes"] = ["ZScoreNormalization"] * 2
        conf["use_mask_for_norm"] = [False] * 2
        properties = value["foreground_intensity_properties_per_channel"]
        properties["1"] = properties["0"]

    def checkpoint(saved: Any) -> None:
        weights = saved["network_weights"]
        for key, tensor in weights.items():
            if tuple(tensor.shape) == (4, 1, 3, 3):
                weights[key] = tensor.repeat(1, 2, 1, 1) / 2

    set_everywhere(
        files,
        plans=plans,
        dataset=lambda d: d.update(channel_names={"0": "T2star", "1": "T1w"}),
        checkpoint=checkpoint,
    )


# What inference misses.

for key in ("network_weights", "trainer_name", "init_args"):
    _saved(f"no-{key.replace('_', '-')}", f"no {key}", _drop(key))
_saved(
    "no-configuration",
    "init_args without configuration",
    lambda s: (s["init_args"].pop("configuration"), None)[-1],
)
_saved(
    "weights-alone",
    "the weights alone, as torch.save(model.state_dict()) writes",
    lambda s: s["network_weights"],
)
_saved(
    "state-dict-key",
    "state_dict in place of network_weights",
    lambda s: s.update(state_dict=s.pop("network_weights")),
)
_saved(
    "configuration-3d",
    "the configuration 3d_fullres in the checkpoint",
    lambda s: s["init_args"].update(configuration="3d_fullres"),
)
_saved(
    "configuration-unknown",
    "a configuration that plans.json lacks",
    lambda s: s["init_args"].update(configuration="3d_lowres"),
)
_saved("trainer-name-none", "trainer_name None", lambda s: s.update(trainer_name=None))
_saved("checkpoint-list", "a list in place of the dict", lambda s: [s])

# Weights.

_weights(
    "weights-module",
    "names that start with module.",
    lambda w: {f"module.{k}": v for k, v in w.items()},
)
_weights(
    "weights-compiled",
    "names that start with _orig_mod.",
    lambda w: {f"_orig_mod.{k}": v for k, v in w.items()},
)
_weights(
    "weights-missing",
    "one tensor is missing",
    lambda w: (w.pop("decoder.seg_layers.2.bias"), None)[-1],
)
_weights(
    "weights-no-aliases",
    "every tensor under one name only",
    lambda w: {
        k: v for k, v in w.items() if "all_modules" not in k and not k.startswith("decoder.encoder")
    },
)
_weights(
    "weights-no-supervision",
    "the heads of deep supervision removed",
    lambda w: {
        k: v for k, v in w.items() if ".seg_layers.0." not in k and ".seg_layers.1." not in k
    },
)
_weights(
    "weights-extra",
    "one tensor more",
    lambda w: w.update(temperature=w["decoder.seg_layers.2.bias"].clone()),
)
_weights(
    "weights-transposed",
    "a tensor of another shape",
    lambda w: w.update(
        {"decoder.seg_layers.2.weight": w["decoder.seg_layers.2.weight"].transpose(0, 1).clone()}
    ),
)
_weights(
    "weights-bias-shape",
    "a bias of another shape",
    lambda w: w.update(
        {
            "encoder.stages.1.0.convs.0.conv.bias": w["encoder.stages.1.0.convs.0.conv.bias"][
                :4
            ].clone()
        }
    ),
)
_weights("weights-empty", "no weights", lambda _: {})
_weights("weights-numpy", "weights as numpy arrays", lambda w: {k: v.numpy() for k, v in w.items()})
_weights(
    "weights-nan",
    "a weight that is not a number",
    lambda w: (w["encoder.stages.0.0.convs.0.conv.weight"].fill_(float("nan")), None)[-1],
)
_weights(
    "weights-infinite",
    "an infinite weight in the last layer",
    lambda w: (w["decoder.seg_layers.2.bias"][:1].fill_(float("inf")), None)[-1],
)
_weights(
    "weights-zero",
    "weights that are all zero",
    lambda w: ([v.zero_() for v in w.values()], None)[-1],
)


@files_sample("heads-fewer", "a network of two outputs where three are labelled")
def _(files: Files) -> None:
    edit_checkpoint(files, lambda s: _heads(s, slice(0, 2)))


@files_sample("folds-shapes", "folds of different networks", folds=(0, 1))
def _(files: Files) -> None:
    edit_checkpoint(files, lambda s: _heads(s, slice(0, 2)), at(f"fold_1/{FINAL}"))


@files_sample(
    "folds-configuration", "a fold of another configuration", folds=(0, 1), like="two-folds"
)
def _(files: Files) -> None:
    edit_checkpoint(
        files, lambda s: s["init_args"].update(configuration="3d_fullres"), at(f"fold_1/{FINAL}")
    )


@files_sample("folds-trainer", "a fold of another trainer", folds=(0, 1), like="two-folds")
def _(files: Files) -> None:
    edit_checkpoint(files, lambda s: s.update(trainer_name="nnUNetTrainer"), at(f"fold_1/{FINAL}"))


@files_sample("folds-one-truncated", "two folds, one truncated", folds=(0, 1))
def _(files: Files) -> None:
    files[at(f"fold_1/{FINAL}")] = files[at(f"fold_1/{FINAL}")][:-2000]


@files_sample(
    "folds-no-trainer-name",
    "two folds, the second one without trainer_name",
    folds=(0, 1),
    like="two-folds",
)
def _(files: Files) -> None:
    edit_checkpoint(files, _drop("trainer_name"), at(f"fold_1/{FINAL}"))


# Bytes that are not a checkpoint, or no longer.

_bytes("pth-empty", "an empty checkpoint", lambda _: b"")
_bytes("pth-truncated", "the second half of the checkpoint is missing", lambda d: d[: len(d) // 2])
_bytes("pth-truncated-byte", "the last byte of the checkpoint is missing", lambda d: d[:-1])
_bytes(
    "pth-lfs-pointer",
    "a Git LFS pointer in place of the checkpoint",
    lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 247391\n",
)
_bytes("pth-html", "a web page in place of the checkpoint", lambda _: b"<!DOCTYPE html>\n")
_bytes("pth-pickle", "a plain pickle in place of the checkpoint", lambda _: pickle.dumps({}, 2))
_bytes("pth-random", "a file of another kind in place of the checkpoint", lambda _: b"\x89PNG" * 99)
_bytes("pth-zip-of-text", "a zip of something else", lambda _: zipped({"a/notes.txt": b"hello\n"}))
_members(
    "storage-missing",
    "one storage is missing",
    lambda m: {n: d for n, d in m.items() if not n.endswith("/data/3")},
)
_members(
    "storage-short",
    "one storage is too short",
    lambda m: {n: (d[:-8] if n.endswith("/data/0") else d) for n, d in m.items()},
)
_members(
    "storage-long",
    "one storage is too long",
    lambda m: {n: (d + bytes(64) if n.endswith("/data/0") else d) for n, d in m.items()},
)
_members(
    "pkl-missing",
    "no data.pkl",
    lambda m: {n: d for n, d in m.items() if not n.endswith("data.pkl")},
)
_members(
    "pkl-truncated",
    "data.pkl is truncated",
    lambda m: {n: (d[:-100] if n.endswith("data.pkl") else d) for n, d in m.items()},
)
_members(
    "pkl-trailing",
    "bytes after the end of data.pkl",
    lambda m: {n: (d + b"cos\nsystem\n." if n.endswith("data.pkl") else d) for n, d in m.items()},
)


@files_sample(
    "weight-bit", "one bit of a weight flipped inside the checkpoint: torch checks no CRC"
)
def _(files: Files) -> None:
    data = bytearray(files[CHECKPOINT])
    storage = inner(bytes(data))["checkpoint_final/data/0"]
    data[data.index(storage) + 7] ^= 0x40  # the exponent's high bit of the second weight
    files[CHECKPOINT] = bytes(data)


# Code in the pickle.


def _start(opcodes: bytes) -> Callable[[Files], None]:
    """Put opcodes at the start of the pickle; what they leave is dropped."""
    return lambda files: edit_pickle(files, b"\x80\x02", b"\x80\x02" + opcodes + b"0", 1)


def _call(function: bytes, argument: bytes) -> Callable[[Files], None]:
    """Call a function at the start of the pickle."""
    text = b"X" + len(argument).to_bytes(4, "little") + argument
    return _start(b"c" + function + b"\n(" + text + b"tR")


for name, words, change in (
    ("pickle-getenv", "the checkpoint calls os.getenv", _call(b"os\ngetenv", b"HOME")),
    ("pickle-eval", "the checkpoint calls eval", _call(b"builtins\neval", b"1 + 1")),
    ("pickle-system", "the checkpoint runs a command", _call(b"posix\nsystem", b"true")),
    (
        "pickle-import",
        "the checkpoint imports a module that nobody has",
        _call(b"importlib\nimport_module", b"no_such_module_of_the_lab"),
    ),
    (
        "pickle-unknown-class",
        "the checkpoint holds a class that nobody has",
        _start(b"cmy_lab.utils\nEpoch\n"),
    ),
):
    files_sample(name, words)(change)


@files_sample("pickle-path", "the checkpoint holds a pathlib path")
def _(files: Files) -> None:
    import pathlib

    edit_checkpoint(files, lambda s: s.update(output=pathlib.PurePosixPath("results/fold_0")))


@files_sample("pickle-argparse", "the checkpoint holds the arguments of a command line")
def _(files: Files) -> None:
    import argparse

    edit_checkpoint(files, lambda s: s.update(args=argparse.Namespace(lr=0.01)))


@files_sample("pickle-numpy-array", "the checkpoint holds a numpy array")
def _(files: Files) -> None:
    import numpy as np

    edit_checkpoint(files, lambda s: s.update(lrs=np.arange(4.0)))


@files_sample("pickle-tensor", "the checkpoint holds another tensor")
def _(files: Files) -> None:
    import torch

    edit_checkpoint(files, lambda s: s.update(counts=torch.arange(4)))


# Copies of the JSON in the checkpoint.

_saved(
    "embedded-labels",
    "other labels in the checkpoint's dataset.json",
    lambda s: s["init_args"]["dataset_json"].update(labels={"background": 0, "gm": 1, "sc": 2}),
)
_saved(
    "embedded-no-orientation",
    "no image_orientation in the checkpoint's dataset.json",
    lambda s: (s["init_args"]["dataset_json"].pop("image_orientation"), None)[-1],
)
_saved(
    "embedded-plans-none",
    "no plans in the checkpoint",
    lambda s: (s["init_args"].pop("plans"), None)[-1],
)
_saved(
    "embedded-batch-size",
    "another batch_size in the checkpoint's plans",
    lambda s: s["init_args"]["plans"]["configurations"]["2d"].update(batch_size=12),
)
_saved(
    "embedded-spacing",
    "another spacing in the checkpoint's plans",
    lambda s: s["init_args"]["plans"]["configurations"]["2d"].update(spacing=[0.8, 0.8]),
)


@files_sample("residual-encoder-name", "plans that say a residual network trained it")
def _(files: Files) -> Files:
    set_everywhere(
        files,
        plans=lambda p: p["configurations"]["2d"]["architecture"].update(
            network_class_name="dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
        ),
    )
    return moved(files, TRAINER, TRAINER)


# The same in packages that are not compressed, where more can be read without reading all.


def _stored(name: str, words: str, change: Callable[[bytes], bytes]) -> None:
    @zip_sample(name, f"not compressed, and {words}")
    def _(files: Files) -> bytes:
        return zipped({**files, CHECKPOINT: change(files[CHECKPOINT])}, zipfile.ZIP_STORED)


def _without(ending: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        kept = {n: d for n, d in inner(data).items() if not n.endswith(ending)}
        return zipped(kept, zipfile.ZIP_STORED)

    return change


_stored(
    "stored-truncated", "the second half of the checkpoint is missing", lambda d: d[: len(d) // 2]
)
_stored(
    "stored-truncated-little",
    "the last 2000 bytes of the checkpoint are missing",
    lambda d: d[:-2000],
)
_stored("stored-truncated-byte", "the last byte of the checkpoint is missing", lambda d: d[:-1])
_stored("stored-storage-missing", "one storage is missing", _without("/data/3"))
_stored("stored-no-version", "no version in the checkpoint", _without("/version"))
_stored("stored-no-pkl", "no data.pkl", _without("/data.pkl"))
