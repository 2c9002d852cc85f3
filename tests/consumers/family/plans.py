"""plans.json: its configurations, the architecture, and what only shows in the prediction."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .sample import TRAINER, Files, at, edit_json, files_sample, moved, set_everywhere

Change = Callable[[Any], Any]


def _plans(name: str, words: str, change: Change, **options: Any) -> None:
    """Register a sample whose plans.json was edited after training."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        edit_json(files, "plans.json", change)


def _conf(name: str, words: str, change: Change, **options: Any) -> None:
    _plans(name, words, lambda plans: change(plans["configurations"]["2d"]), **options)


def _arch(name: str, words: str, change: Change, **options: Any) -> None:
    _conf(name, words, lambda conf: change(conf["architecture"]), **options)


def _args(name: str, words: str, change: Change, **options: Any) -> None:
    _arch(name, words, lambda arch: change(arch["arch_kwargs"]), **options)


def _set(key: str, value: Any) -> Change:
    return lambda holder: holder.update({key: value})


def _drop(key: str) -> Change:
    def change(holder: Any) -> None:
        del holder[key]

    return change


# Changes that nothing notices.

_plans("plans-reordered", "keys in another order", lambda p: dict(reversed(p.items())))
_plans("plans-extra-key", "a key that nobody reads", _set("comment", "trained twice"))
_plans(
    "plans-no-names",
    "no plans_name, no dataset_name",
    lambda p: (p.pop("plans_name"), p.pop("dataset_name"), None)[-1],
)
_plans("plans-no-label-manager", "no label_manager", _drop("label_manager"))
_plans("plans-other-name", "another plans_name", _set("plans_name", "nnUNetPlansSmall"))
_plans("plans-other-dataset", "another dataset_name", _set("dataset_name", "Dataset123_Cord"))
_plans(
    "plans-no-3d",
    "the 3d configuration removed",
    lambda p: (p["configurations"].pop("3d_fullres"), None)[-1],
)
_plans(
    "plans-broken-3d",
    "a broken configuration that is not this one's",
    lambda p: p["configurations"].update({"3d_fullres": {"inherits_from": "nowhere"}}),
)
_conf("plans-batch-size", "another batch_size", _set("batch_size", 12))
_conf("plans-no-batch-size", "no batch_size", _drop("batch_size"))
_conf("plans-no-median", "no median_image_size_in_voxels", _drop("median_image_size_in_voxels"))
_conf("plans-no-identifier", "no data_identifier", _drop("data_identifier"))


@files_sample("plans-one-line", "plans.json on one line")
def _(files: Files) -> None:
    files[at("plans.json")] = json.dumps(json.loads(files[at("plans.json")])).encode()


@files_sample("plans-crlf", "plans.json with Windows line ends")
def _(files: Files) -> None:
    files[at("plans.json")] = files[at("plans.json")].replace(b"\n", b"\r\n")


@files_sample("plans-inherits", "a configuration that inherits from 2d")
def _(files: Files) -> Files:
    set_everywhere(
        files,
        plans=lambda p: p["configurations"].update(
            {"2d_bs8": {"inherits_from": "2d", "batch_size": 8}}
        ),
        checkpoint=lambda c: c["init_args"].update(configuration="2d_bs8"),
    )
    return moved(files, TRAINER, f"{TRAINER}_bs8")


@files_sample("plans-inherits-twice", "a configuration that inherits through another")
def _(files: Files) -> Files:
    set_everywhere(
        files,
        plans=lambda p: p["configurations"].update(
            {"2d_a": {"inherits_from": "2d"}, "2d_b": {"inherits_from": "2d_a", "batch_size": 8}}
        ),
        checkpoint=lambda c: c["init_args"].update(configuration="2d_b"),
    )
    return moved(files, TRAINER, f"{TRAINER}_b")


@files_sample("plans-renamed", "trained with plans of another name")
def _(files: Files) -> Files:
    set_everywhere(files, plans=lambda p: p.update(plans_name="nnUNetPlansSmall"))
    return moved(files, TRAINER, TRAINER.replace("nnUNetPlans", "nnUNetPlansSmall"))


def _old_format(plans: Any) -> None:
    """Write a configuration as nnU-Net 2.0 to 2.3 did."""
    for conf in plans["configurations"].values():
        args = conf.pop("architecture")["arch_kwargs"]
        conf.update(
            UNet_class_name="PlainConvUNet",
            UNet_base_num_features=args["features_per_stage"][0],
            unet_max_num_features=args["features_per_stage"][-1],
            n_conv_per_stage_encoder=args["n_conv_per_stage"],
            n_conv_per_stage_decoder=args["n_conv_per_stage_decoder"],
            num_pool_per_axis=[3] * len(args["kernel_sizes"][0]),
            pool_op_kernel_sizes=args["strides"],
            conv_kernel_sizes=args["kernel_sizes"],
        )


@files_sample("plans-old-format", "plans in the format of nnU-Net 2.2")
def _(files: Files) -> None:
    set_everywhere(files, plans=_old_format)


@files_sample("plans-old-format-key", "plans in the old format, without one of its keys")
def _(files: Files) -> None:
    def change(plans: Any) -> None:
        _old_format(plans)
        del plans["configurations"]["2d"]["conv_kernel_sizes"]

    set_everywhere(files, plans=change)


# Plans that can't be loaded.


@files_sample("plans-not-json", "plans.json is not JSON")
def _(files: Files) -> None:
    files[at("plans.json")] = files[at("plans.json")][:-2]


@files_sample("plans-list", "plans.json is a list")
def _(files: Files) -> None:
    files[at("plans.json")] = b"[]"


@files_sample("plans-dataset-json", "plans.json is a copy of dataset.json")
def _(files: Files) -> None:
    files[at("plans.json")] = files[at("dataset.json")]


@files_sample("plans-fingerprint", "plans.json is a copy of the fingerprint")
def _(files: Files) -> None:
    files[at("plans.json")] = files[at("dataset_fingerprint.json")]


_plans("plans-no-configurations", "no configurations", _drop("configurations"))
_plans(
    "plans-no-2d",
    "the configuration was removed",
    lambda p: (p["configurations"].pop("2d"), None)[-1],
)
_plans(
    "plans-conf-renamed",
    "the configuration has another name",
    lambda p: p["configurations"].update({"2D": p["configurations"].pop("2d")}),
)
_conf(
    "plans-parent-missing",
    "inherits from a configuration that is not there",
    _set("inherits_from", "2d_lowres"),
)
_conf("plans-parent-self", "inherits from itself", _set("inherits_from", "2d"))
_conf("plans-no-architecture", "no architecture", _drop("architecture"))
_arch("plans-class-unknown", "an unknown network", _set("network_class_name", "my.nets.SuperUNet"))
_arch(
    "plans-class-other",
    "the residual network in place of the plain one",
    _set(
        "network_class_name", "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    ),
)
_arch(
    "plans-class-moved",
    "a wrong module before the right class",
    _set("network_class_name", "dynamic_network_architectures.nets.PlainConvUNet"),
)
_arch("plans-no-import-list", "no _kw_requires_import", _drop("_kw_requires_import"))
_arch(
    "plans-import-list-short",
    "conv_op is not in _kw_requires_import",
    _set("_kw_requires_import", ["norm_op", "dropout_op", "nonlin"]),
)
_arch(
    "plans-import-list-long",
    "_kw_requires_import names what is not there",
    _set("_kw_requires_import", ["conv_op", "norm_op", "dropout_op", "nonlin", "pool_op"]),
)
_args("plans-no-stages", "no n_stages", _drop("n_stages"))
_args("plans-no-kernels", "no kernel_sizes", _drop("kernel_sizes"))
_args("plans-no-nonlin", "no nonlin", _drop("nonlin"))
_args("plans-stages", "another n_stages", _set("n_stages", 3))
_args("plans-features", "other features_per_stage", _set("features_per_stage", [8, 16, 32, 32]))
_args("plans-kernels", "other kernel_sizes", _set("kernel_sizes", [[5, 5]] * 4))
_args("plans-strides", "other strides", _set("strides", [[1, 1], [2, 2], [2, 2], [1, 1]]))
_args("plans-convs", "more convolutions in a stage", _set("n_conv_per_stage", [3, 2, 2, 2]))
_args(
    "plans-convs-decoder",
    "more convolutions in the decoder",
    _set("n_conv_per_stage_decoder", [3, 2, 2]),
)
_args(
    "plans-conv-3d",
    "three-dimensional convolutions",
    _set("conv_op", "torch.nn.modules.conv.Conv3d"),
)
_args("plans-conv-unknown", "an unknown convolution", _set("conv_op", "torch.nn.Conv9d"))
_args("plans-no-bias", "convolutions without bias", _set("conv_bias", False))
_args(
    "plans-norm-batch",
    "batch normalisation",
    _set("norm_op", "torch.nn.modules.batchnorm.BatchNorm2d"),
)
_args(
    "plans-norm-not-affine",
    "a normalisation without weights",
    _set("norm_op_kwargs", {"eps": 1e-05, "affine": False}),
)
_args("plans-extra-argument", "an argument that the network does not know", _set("depth", 4))
_plans("plans-label-manager", "an unknown label_manager", _set("label_manager", "MyLabels"))
_plans(
    "plans-reader-unknown", "an unknown image_reader_writer", _set("image_reader_writer", "MyIO")
)
_plans("plans-reader-missing", "no image_reader_writer", _drop("image_reader_writer"))
_plans(
    "plans-reader-nibabel",
    "the reader NibabelIO, of the same axes",
    _set("image_reader_writer", "NibabelIO"),
)
_plans(
    "plans-reader-reorients",
    "a reader that reorients every image",
    _set("image_reader_writer", "NibabelIOWithReorient"),
)

# Plans that fail at the prediction.

_plans("plans-no-transpose", "no transpose_forward", _drop("transpose_forward"))
_plans("plans-no-transpose-back", "no transpose_backward", _drop("transpose_backward"))
_plans(
    "plans-no-intensities",
    "no foreground_intensity_properties_per_channel",
    _drop("foreground_intensity_properties_per_channel"),
)
_plans(
    "plans-intensities-empty",
    "no channel in the intensity properties",
    _set("foreground_intensity_properties_per_channel", {}),
)
for key in (
    "preprocessor_name",
    "patch_size",
    "spacing",
    "normalization_schemes",
    "use_mask_for_norm",
    "resampling_fn_data",
    "resampling_fn_data_kwargs",
    "resampling_fn_probabilities",
    "resampling_fn_probabilities_kwargs",
    "resampling_fn_seg",
    "resampling_fn_seg_kwargs",
):
    _conf(f"plans-no-{key.replace('_', '-')}", f"no {key}", _drop(key))
_conf("plans-preprocessor", "an unknown preprocessor", _set("preprocessor_name", "MyPreprocessor"))
_conf("plans-resampling", "an unknown resampling function", _set("resampling_fn_data", "resample"))
_conf("plans-norm-unknown", "an unknown normalisation", _set("normalization_schemes", ["MyNorm"]))
_conf("plans-norm-empty", "no normalisation for the channel", _set("normalization_schemes", []))
_conf(
    "plans-norm-two",
    "two normalisations for one channel",
    _set("normalization_schemes", ["ZScoreNormalization"] * 2),
)
_conf("plans-mask-number", "0 for false in use_mask_for_norm", _set("use_mask_for_norm", [0]))
_conf("plans-mask-empty", "an empty use_mask_for_norm", _set("use_mask_for_norm", []))
_conf("plans-patch-odd", "a patch that the strides do not divide", _set("patch_size", [50, 50]))
_conf("plans-patch-three", "a patch of three numbers", _set("patch_size", [8, 48, 48]))
_conf("plans-patch-text", "a patch as text", _set("patch_size", "48x48"))
_conf("plans-patch-zero", "a patch of 0", _set("patch_size", [0, 0]))
_conf("plans-spacing-three", "a spacing of three numbers", _set("spacing", [5.0, 0.5, 0.5]))
_conf("plans-spacing-zero", "a spacing of 0", _set("spacing", [0.0, 0.0]))
_conf("plans-cascade", "needs a previous stage", _set("previous_stage", "2d_lowres"))
_conf("plans-cascade-null", "previous_stage null", _set("previous_stage", None))

# Plans that predict something else, silently.

_args("plans-eps", "another eps", _set("norm_op_kwargs", {"eps": 0.1, "affine": True}))
_args("plans-nonlin", "ReLU in place of LeakyReLU", _set("nonlin", "torch.nn.ReLU"))
_args(
    "plans-slope",
    "another slope of LeakyReLU",
    _set("nonlin_kwargs", {"inplace": True, "negative_slope": 0.3}),
)
_args(
    "plans-dropout",
    "dropout, which prediction leaves out",
    lambda a: a.update(dropout_op="torch.nn.Dropout2d", dropout_op_kwargs={"p": 0.1}),
)
_conf("plans-spacing", "another spacing", _set("spacing", [0.8, 0.8]))
_conf("plans-patch", "another patch", _set("patch_size", [32, 32]))
_conf("plans-norm-none", "no normalisation", _set("normalization_schemes", ["NoNormalization"]))
_conf(
    "plans-norm-ct", "the normalisation of CT", _set("normalization_schemes", ["CTNormalization"])
)
_conf(
    "plans-order",
    "another order of resampling",
    lambda c: c["resampling_fn_data_kwargs"].update(order=0),
)
_plans(
    "plans-transpose-one", "axes swapped and not swapped back", _set("transpose_forward", [0, 2, 1])
)
_plans(
    "plans-transpose-both",
    "axes swapped and swapped back",
    lambda p: p.update(transpose_forward=[0, 2, 1], transpose_backward=[0, 2, 1]),
)

# Numbers that nothing can be computed with.

NAN, INFINITY = float("nan"), float("inf")


def _intensities(name: str, words: str, value: float, *keys: str, ct: bool = True) -> None:
    def change(plans: Any) -> None:
        channel = plans["foreground_intensity_properties_per_channel"]["0"]
        channel.update(dict.fromkeys(keys, value))
        if ct:
            plans["configurations"]["2d"]["normalization_schemes"] = ["CTNormalization"]

    _plans(name, words, change)


_intensities("plans-nan-ct", "NaN for the mean and deviation of a CT", NAN, "mean", "std")
_intensities("plans-nan-percentile", "NaN for a percentile of a CT", NAN, "percentile_99_5")
_intensities("plans-infinite-ct", "infinity for the mean of a CT", INFINITY, "mean")
_intensities("plans-nan-unread", "NaN for what nothing reads", NAN, "mean", "std", ct=False)
_conf("plans-nan-spacing", "NaN for a spacing", _set("spacing", [NAN, 0.5]))
_conf("plans-infinite-spacing", "infinity for a spacing", _set("spacing", [INFINITY, 0.5]))
_conf("plans-huge-spacing", "a spacing beyond any float", _set("spacing", [10**400, 1]))
_conf("plans-nan-patch", "NaN for a patch", _set("patch_size", [NAN, 48]))
_args("plans-nan-eps", "NaN for eps", _set("norm_op_kwargs", {"eps": NAN, "affine": True}))
_args(
    "plans-infinite-eps",
    "an infinite eps",
    _set("norm_op_kwargs", {"eps": INFINITY, "affine": True}),
)
_args("plans-nan-slope", "NaN for a slope", _set("nonlin_kwargs", {"negative_slope": NAN}))
_conf(
    "plans-nan-order",
    "NaN for an order of resampling",
    lambda c: c["resampling_fn_data_kwargs"].update(order=NAN),
)
_conf(
    "plans-nan-order-z",
    "NaN for an order of resampling between slices",
    lambda c: c["resampling_fn_data_kwargs"].update(order_z=NAN),
)
_conf(
    "plans-nan-threshold",
    "NaN for the anisotropy of resampling",
    lambda c: c["resampling_fn_data_kwargs"].update(separate_z_anisotropy_threshold=NAN),
)
_arch(
    "plans-class-nnunetv2",
    "a network of a module that no nnU-Net has",
    _set("network_class_name", "nnunetv2.nets.UMambaBot_2d.UMambaBot"),
)
_arch(
    "plans-class-nnunetv2-moved",
    "a module that no nnU-Net has before the right class",
    _set("network_class_name", "nnunetv2.nets.PlainConvUNet"),
)
