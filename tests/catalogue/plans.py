"""plans.json: its configurations, the architecture, and what only shows in the prediction."""

from __future__ import annotations

from typing import Any

from build import (
    ABSENT,
    TRAINER,
    Case,
    Change,
    Edit,
    Files,
    applied,
    architecture,
    configuration,
    copy,
    judged,
    network,
    plans,
    rename_trainer,
    rewrite,
    trained,
)

UNET = "dynamic_network_architectures.architectures.unet."
NAN, INFINITY = float("nan"), float("inf")
CHANNELS = "foreground_intensity_properties_per_channel"
#: Without any of these, loading or predicting fails.
NEEDED = (
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
)


def old_format(plans: Any) -> None:
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


def whole(name: str, what: str, change: Edit) -> Case:
    return judged(name, what, plans(change))


def conf(name: str, what: str, change: Edit) -> Case:
    return judged(name, what, configuration(change))


def arch(name: str, what: str, change: Edit) -> Case:
    return judged(name, what, architecture(change))


def args(name: str, what: str, change: Edit) -> Case:
    return judged(name, what, network(change))


def configurations(change: dict[str, Any]) -> Change:
    """Add configurations, or take them out."""
    return plans(lambda value: applied(change, value["configurations"]) and None)


def inheriting(name: str, **added: Any) -> Change:
    """Let a configuration that inherits be the one that was trained."""

    def change(files: Files) -> None:
        trained(
            plans=lambda value: value["configurations"].update(added),
            checkpoint=lambda held: held["init_args"].update(configuration=name),
        )(files)
        rename_trainer(TRAINER.replace("__2d", f"__{name}"))(files)

    return change


def old_but(key: str) -> Change:
    """Write plans in the old format, without a key."""

    def change(value: Any) -> None:
        old_format(value)
        del value["configurations"]["2d"][key]

    return trained(plans=change)


def intensities(value: float, *keys: str, ct: bool = True) -> Change:
    """Set intensities of the only channel, which is that of a CT."""

    def change(held: Any) -> None:
        held[CHANNELS]["0"].update(dict.fromkeys(keys, value))
        if ct:
            held["configurations"]["2d"]["normalization_schemes"] = ["CTNormalization"]

    return plans(change)


def resampling(**values: Any) -> Change:
    """Set arguments of the resampling of images."""
    return configuration(lambda held: held["resampling_fn_data_kwargs"].update(values))


CASES: list[Case] = [
    # Changes that nothing notices.
    whole("plans-reordered", "keys in another order", lambda p: dict(reversed(p.items()))),
    whole("plans-extra-key", "a key that nobody reads", {"comment": "trained twice"}),
    whole("plans-no-names", "no plans_name, no dataset_name",
          {"plans_name": ABSENT, "dataset_name": ABSENT}),
    whole("plans-other-name", "another plans_name", {"plans_name": "nnUNetPlansSmall"}),
    whole("plans-other-dataset", "another dataset_name", {"dataset_name": "Dataset123_Cord"}),
    judged("plans-no-3d", "the 3d configuration removed", configurations({"3d_fullres": ABSENT})),
    judged("plans-broken-3d", "a broken configuration that is not this one's",
           configurations({"3d_fullres": {"inherits_from": "nowhere"}})),
    conf("plans-batch-size", "another batch_size", {"batch_size": 12}),
    conf("plans-no-batch-size", "no batch_size", {"batch_size": ABSENT}),
    conf("plans-no-median", "no median_image_size_in_voxels",
         {"median_image_size_in_voxels": ABSENT}),
    conf("plans-no-identifier", "no data_identifier", {"data_identifier": ABSENT}),
    judged("plans-inherits", "a configuration that inherits from 2d",
           inheriting("2d_bs8", **{"2d_bs8": {"inherits_from": "2d", "batch_size": 8}})),
    judged(
        "plans-inherits-twice",
        "a configuration that inherits through another",
        inheriting(
            "2d_b",
            **{"2d_a": {"inherits_from": "2d"}, "2d_b": {"inherits_from": "2d_a", "batch_size": 8}},
        ),
    ),
    judged("plans-renamed", "trained with plans of another name",
           trained(plans={"plans_name": "nnUNetPlansSmall"}),
           rename_trainer(TRAINER.replace("nnUNetPlans", "nnUNetPlansSmall"))),
    judged("plans-old-format", "plans in the format of nnU-Net 2.2", trained(plans=old_format)),
    judged("plans-old-format-key", "plans in the old format, without one of its keys",
           old_but("conv_kernel_sizes")),
    # Plans that can't be loaded.
    judged("plans-not-json", "plans.json is not JSON",
           rewrite("plans.json", lambda data: data[:-2])),
    judged("plans-dataset-json", "plans.json is a copy of dataset.json",
           copy("dataset.json", "plans.json")),
    judged("plans-fingerprint", "plans.json is a copy of the fingerprint",
           copy("dataset_fingerprint.json", "plans.json")),
    judged("plans-no-2d", "the configuration was removed", configurations({"2d": ABSENT})),
    whole("plans-conf-renamed", "the configuration has another name",
          lambda p: p["configurations"].update({"2D": p["configurations"].pop("2d")})),
    conf("plans-parent-missing", "inherits from a configuration that is not there",
         {"inherits_from": "2d_lowres"}),
    arch("plans-class-other", "the residual network in place of the plain one",
         {"network_class_name": f"{UNET}ResidualEncoderUNet"}),
    arch("plans-no-import-list", "no _kw_requires_import", {"_kw_requires_import": ABSENT}),
    arch("plans-import-list-short", "conv_op is not in _kw_requires_import",
         {"_kw_requires_import": ["norm_op", "dropout_op", "nonlin"]}),
    arch("plans-import-list-long", "_kw_requires_import names what is not there",
         {"_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin", "pool_op"]}),
    args("plans-no-stages", "no n_stages", {"n_stages": ABSENT}),
    args("plans-no-kernels", "no kernel_sizes", {"kernel_sizes": ABSENT}),
    args("plans-no-nonlin", "no nonlin", {"nonlin": ABSENT}),
    args("plans-stages", "another n_stages", {"n_stages": 3}),
    args("plans-features", "other features_per_stage", {"features_per_stage": [8, 16, 32, 32]}),
    args("plans-kernels", "other kernel_sizes", {"kernel_sizes": [[5, 5]] * 4}),
    args("plans-strides", "other strides", {"strides": [[1, 1], [2, 2], [2, 2], [1, 1]]}),
    args("plans-convs", "more convolutions in a stage", {"n_conv_per_stage": [3, 2, 2, 2]}),
    args("plans-convs-decoder", "more convolutions in the decoder",
         {"n_conv_per_stage_decoder": [3, 2, 2]}),
    args("plans-conv-3d", "three-dimensional convolutions",
         {"conv_op": "torch.nn.modules.conv.Conv3d"}),
    args("plans-conv-unknown", "an unknown convolution", {"conv_op": "torch.nn.Conv9d"}),
    args("plans-no-bias", "convolutions without bias", {"conv_bias": False}),
    args("plans-norm-batch", "batch normalisation",
         {"norm_op": "torch.nn.modules.batchnorm.BatchNorm2d"}),
    args("plans-norm-not-affine", "a normalisation without weights",
         {"norm_op_kwargs": {"eps": 1e-05, "affine": False}}),
    args("plans-extra-argument", "an argument that the network does not know", {"depth": 4}),
    # Plans that fail at the prediction.
    *(
        judged(f"plans-no-{key.replace('_', '-')}", f"no {key}", configuration({key: ABSENT}))
        for key in NEEDED
    ),
    whole("plans-no-transpose-back", "no transpose_backward", {"transpose_backward": ABSENT}),
    conf("plans-preprocessor", "an unknown preprocessor", {"preprocessor_name": "MyPreprocessor"}),
    conf("plans-resampling", "an unknown resampling function", {"resampling_fn_data": "resample"}),
    conf("plans-norm-unknown", "an unknown normalisation", {"normalization_schemes": ["MyNorm"]}),
    conf("plans-norm-two", "two normalisations for one channel",
         {"normalization_schemes": ["ZScoreNormalization"] * 2}),
    conf("plans-mask-empty", "an empty use_mask_for_norm", {"use_mask_for_norm": []}),
    conf("plans-patch-odd", "a patch that the strides do not divide", {"patch_size": [50, 50]}),
    conf("plans-patch-three", "a patch of three numbers", {"patch_size": [8, 48, 48]}),
    conf("plans-patch-text", "a patch as text", {"patch_size": "48x48"}),
    conf("plans-patch-zero", "a patch of 0", {"patch_size": [0, 0]}),
    conf("plans-spacing-three", "a spacing of three numbers", {"spacing": [5.0, 0.5, 0.5]}),
    conf("plans-spacing-zero", "a spacing of 0", {"spacing": [0.0, 0.0]}),
    conf("plans-cascade", "needs a previous stage", {"previous_stage": "2d_lowres"}),
    # Plans that predict something else, silently.
    args("plans-eps", "another eps", {"norm_op_kwargs": {"eps": 0.1, "affine": True}}),
    args("plans-nonlin", "ReLU in place of LeakyReLU", {"nonlin": "torch.nn.ReLU"}),
    args("plans-slope", "another slope of LeakyReLU",
         {"nonlin_kwargs": {"inplace": True, "negative_slope": 0.3}}),
    args("plans-dropout", "dropout, which prediction leaves out",
         {"dropout_op": "torch.nn.Dropout2d", "dropout_op_kwargs": {"p": 0.1}}),
    conf("plans-spacing", "another spacing", {"spacing": [0.8, 0.8]}),
    conf("plans-patch", "another patch", {"patch_size": [32, 32]}),
    conf("plans-norm-none", "no normalisation", {"normalization_schemes": ["NoNormalization"]}),
    conf("plans-norm-ct", "the normalisation of CT",
         {"normalization_schemes": ["CTNormalization"]}),
    judged("plans-order", "another order of resampling", resampling(order=0)),
    whole("plans-transpose-one", "axes swapped and not swapped back",
          {"transpose_forward": [0, 2, 1]}),
    whole("plans-transpose-both", "axes swapped and swapped back",
          {"transpose_forward": [0, 2, 1], "transpose_backward": [0, 2, 1]}),
    # Numbers that nothing can be computed with.
    judged("plans-nan-ct", "NaN for the mean and deviation of a CT",
           intensities(NAN, "mean", "std")),
    judged("plans-nan-percentile", "NaN for a percentile of a CT",
           intensities(NAN, "percentile_99_5")),
    judged("plans-infinite-ct", "infinity for the mean of a CT", intensities(INFINITY, "mean")),
    conf("plans-nan-spacing", "NaN for a spacing", {"spacing": [NAN, 0.5]}),
    conf("plans-infinite-spacing", "infinity for a spacing", {"spacing": [INFINITY, 0.5]}),
    conf("plans-huge-spacing", "a spacing beyond any float", {"spacing": [10**400, 1]}),
    conf("plans-nan-patch", "NaN for a patch", {"patch_size": [NAN, 48]}),
    args("plans-nan-eps", "NaN for eps", {"norm_op_kwargs": {"eps": NAN, "affine": True}}),
    args("plans-infinite-eps", "an infinite eps",
         {"norm_op_kwargs": {"eps": INFINITY, "affine": True}}),
    args("plans-nan-slope", "NaN for a slope", {"nonlin_kwargs": {"negative_slope": NAN}}),
    arch("plans-class-nnunetv2", "a network of a module that no nnU-Net has",
         {"network_class_name": "nnunetv2.nets.UMambaBot_2d.UMambaBot"}),
    arch("plans-class-nnunetv2-moved", "a module that no nnU-Net has before the right class",
         {"network_class_name": "nnunetv2.nets.PlainConvUNet"}),
]  # fmt: skip
