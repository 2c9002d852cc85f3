"""The rules about checkpoints: the genuine one, changed in one place and saved by torch."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from build import (
    ABSENT,
    MODEL,
    NAME,
    TRAINER,
    Case,
    Change,
    Files,
    assert_case,
    changed,
    configuration,
    dataset,
    findings,
    genuine,
    network,
    package,
    plans,
    put,
    rename_trainer,
    write_zip,
)
from checkpoint_files import changed_slim, resaved, rezipped, saved, slim
from model_lint.findings import Severity
from model_lint.rules.weights import expected_heads

FOLD_0 = "fold_0/checkpoint_final.pth"
FOLD_1 = "fold_1/checkpoint_final.pth"
Content = dict[str, Any]


def bytes_of(data: bytes, path: str = FOLD_0) -> Change:
    return put(path, data)


def content(change: Callable[[Content], object], fold: int = 0) -> Change:
    return put(f"fold_{fold}/checkpoint_final.pth", changed_slim(change, fold))


def embedded(change: Callable[[Content], object] = lambda _: None, fold: int = 0) -> Change:
    """The slim checkpoint with the plans and the dataset.json that the genuine one has."""

    def changed_arguments(found: Content) -> None:
        arguments = torch.load(MODEL / "fold_0" / "checkpoint_final.pth", weights_only=False)
        copies = {key: arguments["init_args"][key] for key in ("plans", "dataset_json")}
        found["init_args"].update(copies)
        change(found["init_args"])

    return content(changed_arguments, fold)


def edited(code: str, what: str, *changes: Change, **more: Any) -> Case:
    """A case of plans.json or dataset.json changed after the training."""
    return changed(code, what, *CLEAN, embedded(), *changes, folds=(0,), **more)


def of_2d(**values: Any) -> Change:
    return configuration(values)


def of_network(**values: Any) -> Change:
    return network(values)


#: Both folds with what inference reads, to which no rule objects.
CLEAN = (put(FOLD_0, slim(0)), put(FOLD_1, slim(1)))


def valid(folder: Path) -> Path:
    return package(folder, *CLEAN, folds=(0, 1))


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    more.setdefault("at", f"{TRAINER}/{FOLD_0}")
    return changed(code, what, *CLEAN, *changes, folds=(0, 1), valid=valid, **more)


def deflated(folder: Path) -> Path:
    """A package that is compressed, so that a checkpoint's end has to be unpacked for."""
    path = folder / NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine(*CLEAN, folds=(0, 1)).items():
            archive.writestr(name, data)
    return path


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return case(code, what, *changes, fires=False, **more)


def legacy() -> bytes:
    out = io.BytesIO()
    torch.save({}, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


def rename_weight(old: str, new: str) -> Change:
    def change(found: Content) -> None:
        weights = found["network_weights"]
        weights[new] = weights.pop(old)

    return content(change)


def weights(change: Callable[[Content], object], fold: int = 0) -> Change:
    return content(lambda found: change(found["network_weights"]), fold)


def arguments(**values: Any) -> Change:
    return content(lambda found: found["init_args"].update(values))


def labels(values: Any) -> Change:
    return dataset({"labels": values})


def moved_to_end(found: Content) -> None:
    found[STEM] = found.pop(STEM)


def wrapped(found: Content) -> None:
    found["network_weights"] = {f"module.{k}": v for k, v in found["network_weights"].items()}


def bias_shape(files: Files) -> None:
    weights(lambda found: found.update({f"{NORM}.bias": torch.zeros(3)}))(files)


def _residual(found: Content) -> None:
    described = found["configurations"]["2d"]["architecture"]
    described["network_class_name"] = described["network_class_name"].replace(
        "PlainConvUNet", "ResidualEncoderUNet"
    )
    described["arch_kwargs"]["n_blocks_per_stage"] = described["arch_kwargs"].pop(
        "n_conv_per_stage"
    )


NORM = "encoder.stages.1.0.convs.0.norm"
HEAD = "decoder.seg_layers.2.weight"
STEM = "encoder.stages.0.0.convs.0.conv.weight"
CASES = [
    case("C001", "empty", bytes_of(b""), says="empty file"),
    case("C001", "git-lfs pointer", bytes_of(b"version https://git-lfs.github.com/spec/v1\n"),
         says="git-lfs"),
    case("C001", "web page", bytes_of(b"<html>Not found</html>"), says="web page"),
    case("C001", "legacy", bytes_of(legacy()), says="legacy", example=True),
    case("C001", "no version", bytes_of(rezipped(slim(), {"version": None})), says="version"),
    case("C001", "version 0", bytes_of(rezipped(slim(), {"version": b"0\n"})), says="version"),
    case("C001", "version 99", bytes_of(rezipped(slim(), {"version": b"99\n"})), says="version"),
    case("C001", "a line end", bytes_of(rezipped(slim(), {"byteorder": b"little\n"})),
         says="byteorder"),
    silent("C001", "version 2", bytes_of(rezipped(slim(), {"version": b"2"}))),
    silent("C001", "no byteorder", bytes_of(rezipped(slim(), {"byteorder": None}))),
    silent("C001", "the genuine one"),
    silent("C001", "packed anew", bytes_of(rezipped(slim(), method=8))),
    silent("C001", "bytes behind it", bytes_of(slim() + bytes(50))),
    case("C002", "cut off", bytes_of(slim()[:-2000]), says="cut off"),
    case("C002", "half", bytes_of(slim()[:60_000]), says="cut off"),
    case("C002", "storage missing", bytes_of(rezipped(slim(), {"data/3": None})), says="data/3"),
    case("C002", "storage too short", bytes_of(rezipped(slim(), {"data/3": b"1"})), says="1 bytes"),
    silent("C002", "the genuine one"),
    case("C003", "no trainer", content(lambda c: c.pop("trainer_name")), says="`trainer_name`"),
    case("C003", "trainer is a number", content(lambda c: c.update(trainer_name=5))),
    case("C003", "no weights", content(lambda c: c.pop("network_weights")),
         says="`network_weights`"),
    case("C003", "weights are a list", content(lambda c: c.update(network_weights=[1]))),
    case("C003", "no arguments", content(lambda c: c.pop("init_args")), says="`init_args`"),
    case("C003", "no configuration", content(lambda c: c["init_args"].pop("configuration")),
         says="configuration"),
    case("C003", "nnU-Net 1", bytes_of(saved({"state_dict": {}, "plot_stuff": [], "epoch": 1})),
         says="nnU-Net 1"),
    case("C003", "a list", bytes_of(saved([1, 2]))),
    case("C003", "wrapped network", content(wrapped), says="`module.`", also={"C009"}),
    silent("C003", "no mirroring axes",
           content(lambda c: c.pop("inference_allowed_mirroring_axes"))),
    case("C004", "other trainer", content(lambda c: c.update(trainer_name="nnUNetTrainer")),
         says="`nnUNetTrainer`"),
    case("C004", "folder renamed", rename_trainer("nnUNetTrainer__nnUNetPlans__2d"),
         at="nnUNetTrainer__nnUNetPlans__2d/fold_0/checkpoint_final.pth"),
    silent("C004", "the genuine one"),
    silent("C004", "a folder without three parts", rename_trainer("nnUNetTrainerTiny")),
    case("C005", "other configuration", arguments(configuration="3d_fullres"),
         says="`3d_fullres`", also={"C015"}),
    silent("C005", "the genuine one"),
    case("C006", "other fold", arguments(fold=3), says="fold 3"),
    case("C006", "all", arguments(fold="all"), says="fold all"),
    case("C006", "swapped", put(FOLD_0, slim(1)), says="fold 1", also={"C014"}),
    silent("C006", "the genuine one"),
    silent("C006", "fold unknown", content(lambda c: c["init_args"].pop("fold"))),
    silent("C006", "numpy fold", arguments(fold=0)),
    case("C007", "label missing", labels({"background": 0, "sc": 1}), says="the labels need 2"),
    case("C007", "label more", labels({"background": 0, "sc": 1, "gm": 2, "wm": 3})),
    case("C007", "regions", labels({"background": 0, "cord": [1, 2], "x": [2], "gm": 2, "y": 1})),
    silent("C007", "the genuine one"),
    silent("C007", "ignore", labels({"background": 0, "sc": 1, "gm": 2, "ignore": 3})),
    silent("C007", "three regions", labels({"background": 0, "a": [1, 2], "b": [1], "c": 2})),
    silent("C007", "no labels", dataset({"labels": ABSENT})),
    silent("C007", "labels without background", labels({"sc": 1, "gm": 2})),
    silent("C007", "other network", rename_weight(HEAD, "head.weight"),
           also={"C009", "C015"}),
    case("C008", "channel more", dataset({"channel_names": {"0": "T2star", "1": "T1"}}),
         says="1 input channel, but dataset.json needs 2"),
    case("C008", "text", dataset({"channel_names": "T2star"}), says="needs 6"),
    case("C008", "modality wins", dataset({"modality": {"0": "a", "1": "b"}})),
    case("C008", "cascade", plans(lambda p: p["configurations"]["2d"].update(previous_stage="x")),
         says="needs 3"),
    silent("C008", "the genuine one"),
    silent("C008", "no channels", dataset({"channel_names": ABSENT})),
    silent("C008", "channels are a number", dataset({"channel_names": 5})),
    silent("C008", "other network", rename_weight(STEM, "stem.weight"),
           also={"C009", "C015"}),
    case("C009", "other shape", weights(lambda w: w.update({STEM: torch.zeros(4, 1, 5, 5)}), 1),
         says="fold_0 in `encoder", at=f"{TRAINER}/{FOLD_1}"),
    case("C009", "other name", weights(lambda w: w.update({"more": torch.zeros(1)}), 1),
         says="`more`", at=f"{TRAINER}/{FOLD_1}"),
    silent("C009", "the genuine ones"),
    silent("C009", "other order", weights(moved_to_end, 1)),
    case("C010", "genuine", put(FOLD_0, resaved(lambda c: c.update(logging={}, _best_ema=0.0))),
         says="(50 %)"),
    case("C010", "other numbers", content(lambda c: c.update(more=torch.zeros(1000))),
         says="4 kB"),
    silent("C010", "what inference reads"),
    silent("C010", "logging only", content(lambda c: c.update(logging={"a": [1.0]}))),
    case("C011", "numpy scalar", content(lambda c: c.update(_best_ema=np.float32(1))),
         says="numpy"),
    case("C011", "protocol 4", bytes_of(saved(torch.load(io.BytesIO(slim())), protocol=4)),
         says="protocol 4"),
    silent("C011", "what inference reads"),
    edited("C012", "patch size", of_2d(patch_size=[64, 32]), says="was trained with",
           severity=Severity.ERROR, at="plans.json"),
    edited("C012", "spacing", of_2d(spacing=[1.0, 1.0]), severity=Severity.ERROR),
    edited("C012", "normalisation", of_2d(normalization_schemes=["CTNormalization"]),
           severity=Severity.ERROR),
    edited("C012", "activation", of_network(nonlin="torch.nn.ReLU"), says="arch_kwargs.nonlin",
           severity=Severity.ERROR),
    edited("C012", "normalisation's epsilon",
           of_network(norm_op_kwargs={"eps": 1.0, "affine": True}), severity=Severity.ERROR),
    edited("C012", "transposes", plans({"transpose_forward": [0, 2, 1]}), severity=Severity.ERROR),
    edited("C012", "resampling", of_2d(resampling_fn_data_kwargs={"order": 0}),
           severity=Severity.ERROR),
    edited("C012", "reader", plans({"image_reader_writer": "NibabelIO"}), severity=Severity.ERROR),
    edited("C012", "batch size", of_2d(batch_size=99), severity=Severity.WARNING),
    edited("C012", "median size",
           of_2d(median_image_size_in_voxels=[1.0, 1.0]), severity=Severity.WARNING),
    edited("C012", "intensities", plans({"foreground_intensity_properties_per_channel": {}}),
           severity=Severity.WARNING),
    edited("C012", "labels swapped", labels({"background": 0, "sc": 2, "gm": 1}),
           severity=Severity.ERROR, at="dataset.json", says="`labels.sc` is `2`"),
    edited("C012", "count of images", dataset({"numTraining": 12345}), severity=Severity.WARNING),
    changed("C012", "other cases", *CLEAN, dataset({"training_data_sha256": "a" * 64}),
            embedded(lambda a: a["dataset_json"].update(training_data_sha256="b" * 64), 0),
            folds=(0, 1), at="dataset.json", severity=Severity.WARNING,
            says="`training_data_sha256`"),
    edited("C012", "channel renamed", dataset({"channel_names": {"0": "CT"}}),
           severity=Severity.WARNING),
    changed("C012", "in the second fold", *CLEAN,
            embedded(lambda a: a["plans"]["configurations"]["2d"].update(spacing=[2.0, 2.0]), 1),
            folds=(0, 1), says="fold_1 was trained with `[2.0, 2.0]`"),
    edited("C012", "another orientation", dataset({"image_orientation": "LPI"}),
           severity=Severity.WARNING, says="trained with `RPI`"),
    edited("C012", "nothing", fires=False),
    edited("C012", "values as text", labels({"background": "0", "sc": "1", "gm": "2"}),
           fires=False),
    edited("C012", "values in lists", labels({"background": 0, "sc": [1], "gm": [2.0]}),
           fires=False),
    edited("C012", "no previous stage", of_2d(previous_stage=None), fires=False),
    edited("C012", "the usual label manager", plans({"label_manager": ABSENT}),
           fires=False),
    edited("C012", "described", dataset({"name": "x", "description": "y", "licence": "z",
           "image_orientation": "RPI", "reference": ABSENT}), fires=False),
    edited("C012", "label renamed", labels({"background": 0, "cord": 1, "gm": 2}), fires=False),
    edited("C012", "labels in another order", labels({"gm": 2, "background": 0, "sc": 1}),
           fires=False),
    edited("C012", "label less", labels({"background": 0, "sc": 1}), fires=False, also={"C007"}),
    edited("C012", "key added", plans({"comment": "x"}), fires=False),
    edited("C012", "plans in another order",
           plans(lambda p: dict(reversed(p.items()))), fires=False),
    edited("C012", "last digits",
           plans(lambda p: p["configurations"]["2d"].update(
               spacing=[s * (1 + 1e-14) for s in p["configurations"]["2d"]["spacing"]])),
           fires=False),
    edited("C012", "no plans", plans(lambda p: p.clear()), fires=False),
    silent("C012", "nothing embedded", of_2d(spacing=[1.0, 1.0])),
    case("C013", "not a number", weights(lambda w: w[STEM].fill_(float("nan"))), deep=True,
         says="contains NaN or infinite values"),
    case("C013", "zeros", weights(lambda w: w[STEM].zero_()), deep=True, says="only zeros"),
    silent("C013", "not read", weights(lambda w: w[STEM].zero_())),
    silent("C013", "the genuine one", deep=True),
    case("C014", "a copy", put(FOLD_1, slim(0)), says="as in fold_0", at=FOLD_1, also={"C006"}),
    case("C014", "a copy with another fold",
         put(FOLD_1, changed_slim(lambda c: c["init_args"].update(fold=1))), at=FOLD_1),
    silent("C014", "two folds"),
    silent("C014", "one number differs", put(FOLD_1, changed_slim(
        lambda c: c["network_weights"][STEM].view(-1)[0].add_(1.0))), also={"C006"}),
    Case("C016", "quick", deflated, quick=True, says="was not read"),
    Case("C016", "to the end", deflated, fires=False),
    Case("C016", "stored", lambda folder: package(folder, *CLEAN), quick=True, fires=False),
    case("C015", "features", of_network(features_per_stage=[4, 8, 16, 32]),
         says="plans.json needs"),
    case("C015", "kernels", of_network(kernel_sizes=[[3, 3], [3, 3], [3, 3], [1, 1]]),
         says="1 x 1"),
    case("C015", "strides", of_network(strides=[[1, 1], [2, 2], [2, 2], [4, 4]]),
         says="transpconvs"),
    case("C015", "convolution more", of_network(n_conv_per_stage=[3, 2, 2, 2]), says="are missing"),
    case("C015", "convolution less", of_network(n_conv_per_stage=[1, 2, 2, 2]),
         says="does not describe"),
    case("C015", "decoder", of_network(n_conv_per_stage_decoder=[2, 2, 3]),
         says="decoder.stages.2"),
    case("C015", "other network", plans(_residual), says="a PlainConvUNet"),
    case("C015", "bias less", of_network(conv_bias=False), says="does not describe"),
    case("C015", "normalisation gone", of_network(norm_op=None), says="does not describe"),
    case("C015", "weight missing", rename_weight(f"{NORM}.bias", f"{NORM}.b"), also={"C009"},
         says=f"`{NORM}.bias` is missing"),
    case("C015", "alias missing", rename_weight(f"decoder.{STEM}", "decoder.stem"), also={"C009"},
         says=f"`decoder.{STEM}` is missing"),
    case("C015", "bias of another shape", bias_shape, also={"C009"}, says="plans.json needs 8"),
    silent("C015", "the genuine one"),
    silent("C015", "one number for all stages", of_network(n_conv_per_stage=2)),
    silent("C015", "other channels", dataset({"channel_names": {"0": "a", "1": "b"}}),
           also={"C008"}),
    silent("C015", "unknown network", plans(lambda p: p["configurations"]["2d"]["architecture"]
           .update(network_class_name="my.Net"))),
    silent("C015", "not described", of_network(features_per_stage="x")),
    silent("C011", "device", content(lambda c: c["init_args"].update(device=torch.device("cpu")))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "C", "K")


def test_the_genuine_folds_are_told_of_their_training_state(tmp_path: Path) -> None:
    found = findings(package(tmp_path, folds=(0, 1)), "C", "K")
    assert [f.code for f in found] == ["C010", "C010", "C011", "C011"]


def test_a_copied_fold_is_seen_in_a_deflated_package(tmp_path: Path) -> None:
    import zipfile

    files = genuine(put(FOLD_0, slim()), put(FOLD_1, slim()))
    with zipfile.ZipFile(tmp_path / NAME, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    assert [f.code for f in findings(tmp_path / NAME, "C014")] == ["C014"]


def test_every_fold_is_judged(tmp_path: Path) -> None:
    wrong = {"configuration": "3d_fullres"}
    both = [content(lambda c: c["init_args"].update(wrong), fold) for fold in (0, 1)]
    found = findings(package(tmp_path, *both, folds=(0, 1)), "C005")
    assert len(found) == 2


def test_a_deflated_package_is_judged_alike(tmp_path: Path) -> None:
    change = content(lambda c: c.update(trainer_name="Other"))
    with zipfile.ZipFile(tmp_path / NAME, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine(change).items():
            archive.writestr(name, data)
    assert [f.code for f in findings(tmp_path / NAME, "C", "K")] == ["C004"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (slim()[:-1], "C002"),
        (rezipped(slim(), {"data/3": None}), "C002"),
        (rezipped(slim(), {"version": None}), "C001"),
    ],
    ids=["byte less", "storage missing", "no version"],
)
def test_a_small_checkpoint_is_read_to_its_end(data: bytes, code: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / NAME, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in genuine(put(FOLD_0, data)).items():
            archive.writestr(name, content)
    assert [f.code for f in findings(tmp_path / NAME, "C", "K")] == [code]


def test_a_damaged_package_has_no_readable_checkpoint(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, genuine(put(FOLD_0, slim())).items())
    data = bytearray(path.read_bytes())
    at = data.index(slim()[:200])
    data[at : at + 4] = b"\0\0\0\0"
    path.write_bytes(bytes(data))
    assert [f.code for f in findings(path, "C", "K")] == ["C001"]


@pytest.mark.parametrize(
    ("values", "heads"),
    [
        ({"background": 0}, 1),
        ({"background": 0, "a": 1, "b": 2}, 3),
        ({"background": 0, "a": 1, "ignore": 2}, 2),
        ({"background": 0, "a": 1, "b": 1}, 2),
        ({"background": 0, "a": [1]}, 2),
        ({"background": 0, "a": [1, 2], "b": 2}, 2),
        ({"background": 0, "a": [1, 2], "b": 2, "ignore": 3}, 2),
        ({"background": 0, "a": [1, 2]}, 1),
        ({"background": 0, "a": "1"}, None),
        ({"background": 0, "a": True}, None),
        ({"background": 0, "a": None}, None),
        ({"background": 0, "a": {}}, None),
        ({"a": 1}, None),
        ([], None),
        (None, None),
    ],
)
def test_expected_heads(values: object, heads: int | None) -> None:
    assert expected_heads(values) == heads


def test_expected_heads_are_those_of_nnunet() -> None:
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    for values in (
        {"background": 0, "a": 1, "b": 2},
        {"background": 0, "a": 1, "b": 2, "ignore": 3},
        {"background": 0, "a": [1, 2], "b": 2},
        {"background": 0, "a": [1, 2, 3], "b": [2, 3], "c": 3},
        {"background": 0, "a": [1], "b": 2},
    ):
        order = [1] * (len(values) - 1)
        manager = LabelManager(values, order)
        assert expected_heads(values) == manager.num_segmentation_heads
