"""The checkpoints: what is in them, how they are stored, and what hides in them."""

from __future__ import annotations

import io
import pickle
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from build import (
    ABSENT,
    CHECKPOINT,
    SECOND,
    Case,
    Change,
    Edit,
    Files,
    applied,
    dataset,
    judged,
    of_bytes,
    rewrite,
    saved,
    trained,
    zipped,
)

#: What prediction reads.
NEEDED = ("network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes")

RESIDUAL = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
FIRST, LAST = "encoder.stages.0.0.convs.0.conv", "decoder.seg_layers.2"
BIAS = "encoder.stages.1.0.convs.0.conv.bias"
#: What changes the members of a checkpoint, by name.
Members = Callable[[Files], Files]


def content(name: str, what: str, change: Edit, **how: Any) -> Case:
    return judged(name, what, saved(change), **how)


def arguments(name: str, what: str, change: Edit) -> Case:
    return content(name, what, lambda held: applied(change, held["init_args"]) and None)


def weights(name: str, what: str, change: Edit, **how: Any) -> Case:
    def changed(held: Any) -> None:
        held["network_weights"] = applied(change, held["network_weights"])

    return content(name, what, changed, **how)


def data(name: str, what: str, change: Callable[[bytes], bytes]) -> Case:
    return judged(name, what, rewrite(CHECKPOINT, change))


def stored(name: str, what: str, change: Callable[[bytes], bytes]) -> Case:
    """Return a case that is not compressed: more can be read without reading all."""
    return of_bytes(
        name,
        f"not compressed, and {what}",
        lambda files: zipped(files.items()),
        rewrite(CHECKPOINT, change),
    )


def members(change: Members, method: int = zipfile.ZIP_STORED) -> Callable[[bytes], bytes]:
    """Change the members of a checkpoint."""

    def changed(checkpoint: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        return zipped(change(found).items(), method)

    return changed


def without(ending: str) -> Callable[[bytes], bytes]:
    return members(lambda found: {n: d for n, d in found.items() if not n.endswith(ending)})


def with_member(ending: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change the bytes of the member whose name ends so."""
    return members(lambda m: {n: change(d) if n.endswith(ending) else d for n, d in m.items()})


def in_pickle(name: str, what: str, old: bytes, new: bytes, count: int = -1) -> Case:
    """Return a case of bytes replaced in the pickle of the checkpoint."""

    def changed(pickle: bytes) -> bytes:
        assert old in pickle
        return pickle.replace(old, new, count)

    return data(name, what, with_member("/data.pkl", changed))


def parameters(weights: Any) -> Any:
    import torch

    return {k: torch.nn.Parameter(v) for k, v in weights.items()}


def plain(value: Any) -> Any:
    """Replace numpy's scalars and the device by what weights_only takes."""
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = str(item) if key == "device" else plain(item)
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.item() if type(value).__module__ == "numpy" else value


def filled(key: str, value: str, part: slice = slice(None)) -> Callable[[Any], None]:
    """Set numbers of a weight."""

    def change(found: Any) -> None:
        found[key][part].fill_(float(value))

    return change


def zeroed(found: Any) -> None:
    for tensor in found.values():
        tensor.zero_()


def heads(rows: slice) -> Callable[[Any], None]:
    """Keep some of the network's outputs."""

    def change(held: Any) -> None:
        found = held["network_weights"]
        for key in [key for key in found if ".seg_layers." in key]:
            found[key] = found[key][rows].clone()

    return change


def regions(order: list[int] | None, *changes: Change) -> tuple[Change, ...]:
    """Let the model be trained with regions, and this order of them."""
    found = {"labels": {"background": 0, "sc": [1, 2], "gm": 2}, "regions_class_order": order}
    given = {key: value for key, value in found.items() if value}
    return trained(dataset=given, checkpoint=heads(slice(1, 3))), *changes


def two_channels() -> Change:
    """Let the model be trained with two channels."""

    def plans(held: Any) -> None:
        configuration = held["configurations"]["2d"]
        configuration["normalization_schemes"] = ["ZScoreNormalization"] * 2
        configuration["use_mask_for_norm"] = [False] * 2
        properties = held["foreground_intensity_properties_per_channel"]
        properties["1"] = properties["0"]

    def checkpoint(held: Any) -> None:
        for key, tensor in held["network_weights"].items():
            if tuple(tensor.shape) == (4, 1, 3, 3):
                held["network_weights"][key] = tensor.repeat(1, 2, 1, 1) / 2

    channels = {"channel_names": {"0": "T2star", "1": "T1w"}}
    return trained(plans=plans, dataset=channels, checkpoint=checkpoint)


def legacy(checkpoint: bytes) -> bytes:
    """Save a checkpoint in the format before torch 1.6."""
    import torch

    out = io.BytesIO()
    held = torch.load(io.BytesIO(checkpoint), weights_only=False)
    torch.save(held, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


def with_wrong_bit(checkpoint: bytes) -> bytes:
    """Flip the exponent's high bit of the second weight."""
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        storage = archive.read("checkpoint_final/data/0")
    at = checkpoint.index(storage) + 7
    return checkpoint[:at] + bytes([checkpoint[at] ^ 0x40]) + checkpoint[at + 1 :]


def begun(name: str, what: str, opcodes: bytes) -> Case:
    """Return a case with opcodes at the start of the pickle; what they leave is dropped."""
    return in_pickle(name, what, b"\x80\x02", b"\x80\x02" + opcodes + b"0", 1)


def called(name: str, what: str, function: bytes, argument: bytes) -> Case:
    """Return a case that calls a function at the start of the pickle."""
    text = b"X" + len(argument).to_bytes(4, "little") + argument
    return begun(name, what, b"c" + function + b"\n(" + text + b"tR")


def of_numpy(held: Any) -> None:
    import numpy as np

    held["lrs"] = np.arange(4.0)


def of_torch(held: Any) -> None:
    import torch

    held["counts"] = torch.arange(4)


def copies(name: str, what: str, **changes: Edit) -> Case:
    """Return a case of other copies of the JSON files in the checkpoint."""

    def change(held: Any) -> None:
        for key, one in changes.items():
            applied(one, held["init_args"][key])

    return content(name, what, change)


CASES: list[Case] = [
    # What torch loads as before.
    judged("saved-again", "the checkpoint loaded and saved again", saved(lambda _: None)),
    content("slim", "what prediction reads and nothing else", lambda s: {k: s[k] for k in NEEDED}),
    content(
        "slimmer",
        "init_args with the configuration alone",
        lambda s: {
            **{k: s[k] for k in NEEDED},
            "init_args": {"configuration": s["init_args"]["configuration"]},
        },
    ),
    content("no-optimizer", "no optimizer_state", {"optimizer_state": ABSENT}),
    content("optimizer-none", "optimizer_state None", {"optimizer_state": None}),
    content("no-logging", "no logging, no _best_ema", {"logging": ABSENT, "_best_ema": ABSENT}),
    content("no-mirroring", "no inference_allowed_mirroring_axes",
            {"inference_allowed_mirroring_axes": ABSENT}),
    content("mirroring-none", "inference_allowed_mirroring_axes None",
            {"inference_allowed_mirroring_axes": None}),
    content("extra-key", "a key more, with text", {"note": "trained twice"}),
    arguments("fold-number-other", "init_args with another fold", {"fold": 3}),
    arguments("fold-number-all", "init_args with fold 'all' in fold_0", {"fold": "all"}),
    arguments("unpack-dataset", "init_args as nnU-Net 2.5 wrote them", {"unpack_dataset": True}),
    content("not-finished", "current_epoch below the trainer's", {"current_epoch": 7}),
    content("long-log", "a log of a thousand epochs",
            lambda s: s["logging"].update(train_losses=s["logging"]["train_losses"] * 33)),
    weights("weights-plain-dict", "weights in a plain dict", dict),
    weights("weights-cloned", "weights that share no memory",
            lambda w: {k: v.clone() for k, v in w.items()}),
    weights("weights-double", "weights in double precision",
            lambda w: {k: v.double() for k, v in w.items()}),
    weights("weights-half", "weights in half precision",
            lambda w: {k: v.half() for k, v in w.items()}, like=""),
    weights("weights-parameters", "weights as Parameters", parameters),
    content("scalars-plain", "Python's numbers in place of numpy's", plain),
    in_pickle("numpy-1", "saved with numpy 1", b"numpy._core.multiarray", b"numpy.core.multiarray"),
    in_pickle("cuda-saved", "saved on a GPU", b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"),
    data("legacy-format", "saved in torch's old format", legacy),
    data("rezipped", "the checkpoint unzipped and zipped again", members(lambda m: m)),
    data("rezipped-deflated", "the checkpoint zipped again, deflated",
         members(lambda m: m, zipfile.ZIP_DEFLATED)),
    data("rezipped-bzip2", "the checkpoint zipped again, with bzip2",
         members(lambda m: m, zipfile.ZIP_BZIP2)),
    data("rezipped-pkl-last", "data.pkl last in the checkpoint",
         members(lambda m: dict(sorted(m.items(), key=lambda item: item[0].endswith("data.pkl"))))),
    data("rezipped-prefix", "another name of the inner folder",
         members(lambda m: {f"archive/{n.partition('/')[2]}": d for n, d in m.items()})),
    data("rezipped-no-byteorder", "no byteorder in the checkpoint", without("byteorder")),
    data(
        "rezipped-torch-1",
        "the members that torch 1.13 writes",
        members(
            lambda m: {
                n: d
                for n, d in m.items()
                if n.rpartition("/")[2] in {"data.pkl", "version"} or "/data/" in n
            }
        ),
    ),
    data("rezipped-no-prefix", "no inner folder in the checkpoint",
         members(lambda m: {n.partition("/")[2]: d for n, d in m.items()})),
    data("rezipped-no-version", "no version in the checkpoint", without("/version")),
    data("rezipped-extra", "a file more in the checkpoint",
         members(lambda m: {**m, f"{next(iter(m)).partition('/')[0]}/notes.txt": b"hello\n"})),
    data("rezipped-big-endian", "a checkpoint that says it is big-endian",
         with_member("byteorder", lambda _: b"big")),
    data("pth-trailing", "bytes after the end of the checkpoint", lambda d: d + b"\0" * 64),
    data("pth-leading", "bytes before the start of the checkpoint", lambda d: b"junk" * 16 + d),
    # Regions, one label, two channels: models of other kinds.
    judged("model-one-label", "a model of the cord alone",
           trained(dataset={"labels": {"background": 0, "sc": 1}}, checkpoint=heads(slice(0, 2))),
           like="model-one-label"),
    judged("model-regions", "a model trained with regions", *regions([1, 2]), like="model-regions"),
    judged("model-regions-no-order", "regions without regions_class_order", *regions(None),
           like="model-regions"),
    judged("model-regions-short-order", "too short a regions_class_order", *regions([1]),
           like="model-regions"),
    judged("model-regions-swapped", "regions_class_order edited after training",
           *regions([1, 2], dataset({"regions_class_order": [2, 1]})), like="model-regions"),
    judged("model-two-channels", "a model of two channels", two_channels(),
           like="model-two-channels"),
    # What inference misses.
    *(
        content(f"no-{key.replace('_', '-')}", f"no {key}", {key: ABSENT})
        for key in ("network_weights", "trainer_name", "init_args")
    ),
    arguments("no-configuration", "init_args without configuration", {"configuration": ABSENT}),
    content("weights-alone", "the weights alone, as torch.save(model.state_dict()) writes",
            lambda s: s["network_weights"]),
    content("state-dict-key", "state_dict in place of network_weights",
            lambda s: s.update(state_dict=s.pop("network_weights"))),
    arguments("configuration-3d", "the configuration 3d_fullres in the checkpoint",
              {"configuration": "3d_fullres"}),
    arguments("configuration-unknown", "a configuration that plans.json lacks",
              {"configuration": "3d_lowres"}),
    content("trainer-name-none", "trainer_name None", {"trainer_name": None}),
    content("checkpoint-list", "a list in place of the dict", lambda s: [s]),
    # Weights.
    weights("weights-module", "names that start with module.",
            lambda w: {f"module.{k}": v for k, v in w.items()}),
    weights("weights-compiled", "names that start with _orig_mod.",
            lambda w: {f"_orig_mod.{k}": v for k, v in w.items()}),
    weights("weights-missing", "one tensor is missing", {f"{LAST}.bias": ABSENT}),
    weights(
        "weights-no-aliases",
        "every tensor under one name only",
        lambda w: {
            k: v
            for k, v in w.items()
            if "all_modules" not in k and not k.startswith("decoder.encoder")
        },
    ),
    weights(
        "weights-no-supervision",
        "the heads of deep supervision removed",
        lambda w: {
            k: v for k, v in w.items() if ".seg_layers.0." not in k and ".seg_layers.1." not in k
        },
    ),
    weights("weights-extra", "one tensor more",
            lambda w: w.update(temperature=w[f"{LAST}.bias"].clone())),
    weights("weights-transposed", "a tensor of another shape",
            lambda w: w.update({f"{LAST}.weight": w[f"{LAST}.weight"].transpose(0, 1).clone()})),
    weights("weights-bias-shape", "a bias of another shape",
            lambda w: w.update({BIAS: w[BIAS][:4].clone()})),
    weights("weights-empty", "no weights", lambda _: {}),
    weights("weights-numpy", "weights as numpy arrays",
            lambda w: {k: v.numpy() for k, v in w.items()}),
    weights("weights-nan", "a weight that is not a number", filled(f"{FIRST}.weight", "nan")),
    weights("weights-infinite", "an infinite weight in the last layer",
            filled(f"{LAST}.bias", "inf", slice(1))),
    weights("weights-zero", "weights that are all zero", zeroed),
    content("heads-fewer", "a network of two outputs where three are labelled", heads(slice(0, 2))),
    judged("folds-shapes", "folds of different networks", saved(heads(slice(0, 2)), SECOND),
           folds=(0, 1)),
    judged("folds-configuration", "a fold of another configuration",
           saved(lambda s: s["init_args"].update(configuration="3d_fullres"), SECOND), folds=(0, 1),
           like="two-folds"),
    judged("folds-trainer", "a fold of another trainer",
           saved({"trainer_name": "nnUNetTrainer"}, SECOND), folds=(0, 1), like="two-folds"),
    judged("folds-one-truncated", "two folds, one truncated", rewrite(SECOND, lambda d: d[:-2000]),
           folds=(0, 1)),
    judged("folds-no-trainer-name", "two folds, the second one without trainer_name",
           saved({"trainer_name": ABSENT}, SECOND), folds=(0, 1), like="two-folds"),
    # Bytes that are not a checkpoint, or no longer.
    data("pth-empty", "an empty checkpoint", lambda _: b""),
    data("pth-truncated", "the second half of the checkpoint is missing",
         lambda d: d[: len(d) // 2]),
    data("pth-truncated-byte", "the last byte of the checkpoint is missing", lambda d: d[:-1]),
    data("pth-lfs-pointer", "a Git LFS pointer in place of the checkpoint",
         lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 247391\n"),
    data("pth-html", "a web page in place of the checkpoint", lambda _: b"<!DOCTYPE html>\n"),
    data("pth-pickle", "a plain pickle in place of the checkpoint", lambda _: pickle.dumps({}, 2)),
    data("pth-random", "a file of another kind in place of the checkpoint",
         lambda _: b"\x89PNG" * 99),
    data("pth-zip-of-text", "a zip of something else",
         lambda _: zipped([("a/notes.txt", b"hello\n")])),
    data("storage-missing", "one storage is missing", without("/data/3")),
    data("storage-short", "one storage is too short", with_member("/data/0", lambda d: d[:-8])),
    data("storage-long", "one storage is too long",
         with_member("/data/0", lambda d: d + bytes(64))),
    data("pkl-missing", "no data.pkl", without("data.pkl")),
    data("pkl-truncated", "data.pkl is truncated", with_member("data.pkl", lambda d: d[:-100])),
    data("pkl-trailing", "bytes after the end of data.pkl",
         with_member("data.pkl", lambda d: d + b"cos\nsystem\n.")),
    data("weight-bit", "one bit of a weight flipped inside the checkpoint: torch checks no CRC",
         with_wrong_bit),
    # Code in the pickle.
    called("pickle-getenv", "the checkpoint calls os.getenv", b"os\ngetenv", b"HOME"),
    called("pickle-eval", "the checkpoint calls eval", b"builtins\neval", b"1 + 1"),
    called("pickle-system", "the checkpoint runs a command", b"posix\nsystem", b"true"),
    called("pickle-import", "the checkpoint imports a module that nobody has",
           b"importlib\nimport_module", b"no_such_module_of_the_lab"),
    begun("pickle-unknown-class", "the checkpoint holds a class that nobody has",
          b"cmy_lab.utils\nEpoch\n"),
    content("pickle-path", "the checkpoint holds a pathlib path",
            {"output": PurePosixPath("results/fold_0")}),
    content("pickle-argparse", "the checkpoint holds the arguments of a command line",
            {"args": Namespace(lr=0.01)}),
    content("pickle-numpy-array", "the checkpoint holds a numpy array", of_numpy),
    content("pickle-tensor", "the checkpoint holds another tensor", of_torch),
    # Copies of the JSON in the checkpoint.
    copies("embedded-labels", "other labels in the checkpoint's dataset.json",
           dataset_json={"labels": {"background": 0, "gm": 1, "sc": 2}}),
    copies("embedded-no-orientation", "no image_orientation in the checkpoint's dataset.json",
           dataset_json={"image_orientation": ABSENT}),
    arguments("embedded-plans-none", "no plans in the checkpoint", {"plans": ABSENT}),
    copies("embedded-batch-size", "another batch_size in the checkpoint's plans",
           plans=lambda p: p["configurations"]["2d"].update(batch_size=12)),
    copies("embedded-spacing", "another spacing in the checkpoint's plans",
           plans=lambda p: p["configurations"]["2d"].update(spacing=[0.8, 0.8])),
    judged(
        "residual-encoder-name",
        "plans that say a residual network trained it",
        trained(
            plans=lambda p: p["configurations"]["2d"]["architecture"].update(
                network_class_name=RESIDUAL
            )
        ),
    ),
    # The same in packages that are not compressed, where more can be read without reading all.
    stored("stored-truncated", "the second half of the checkpoint is missing",
           lambda d: d[: len(d) // 2]),
    stored("stored-truncated-little", "the last 2000 bytes of the checkpoint are missing",
           lambda d: d[:-2000]),
    stored("stored-truncated-byte", "the last byte of the checkpoint is missing", lambda d: d[:-1]),
    stored("stored-storage-missing", "one storage is missing", without("/data/3")),
    stored("stored-no-version", "no version in the checkpoint", without("/version")),
    stored("stored-no-pkl", "no data.pkl", without("/data.pkl")),
]  # fmt: skip
