"""Models with other networks: nnU-Net's own variety, with weights that nobody trained.

Their masks mean nothing; that a model of this kind loads and predicts does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from build import TRAINER, Case, Files, drop, judged, rename_trainer, replace, trained

UNET = "dynamic_network_architectures.architectures.unet."

#: The arguments of a network in 3D.
IN_3D: dict[str, Any] = {
    "n_stages": 3,
    "features_per_stage": [4, 8, 16],
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "n_conv_per_stage": [2] * 3,
    "n_conv_per_stage_decoder": [2] * 2,
}
GETTER = "\n\ndef get_trainer_class()"

#: Changes the arguments of the network; may return the name of another class.
Change = Callable[[dict[str, Any]], "str | None"]


def fresh_weights(
    plans: dict[str, Any], configuration: str, *, built: Change | None = None
) -> dict[str, Any]:
    """Return the state of a network as plans describe it; ``built`` is what a trainer changes."""
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    arch = plans["configurations"][configuration]["architecture"]
    kwargs = dict(arch["arch_kwargs"])
    if built:
        built(kwargs)
    torch.manual_seed(0)
    network = get_network_from_plans(
        arch["network_class_name"], kwargs, arch["_kw_requires_import"], 1, 3, deep_supervision=True
    )
    return dict(network.state_dict())


def network(
    name: str,
    what: str,
    change: Change = lambda _: None,
    *,
    configuration: str = "2d",
    trainer: str = "",
    built: Change | None = None,
    source: str = "",
) -> Case:
    """Return a model whose network has other arguments, or that a trainer builds otherwise."""

    def plans(value: dict[str, Any]) -> None:
        conf = value["configurations"][configuration]
        arch = conf["architecture"]
        if configuration == "3d_fullres":
            conf["patch_size"] = [8, 32, 32]
            arch["arch_kwargs"].update(IN_3D)
        arch["network_class_name"] = change(arch["arch_kwargs"]) or arch["network_class_name"]

    def checkpoint(saved: dict[str, Any]) -> None:
        init = saved["init_args"]
        init["configuration"] = configuration
        saved["network_weights"] = fresh_weights(init["plans"], configuration, built=built)
        saved["trainer_name"] = trainer or saved["trainer_name"]

    def changes(files: Files) -> None:
        trained(plans=plans, checkpoint=checkpoint)(files)
        if trainer:
            drop("trainer_class.py")(files)
        if source:
            replace("trainer_class.py", GETTER, source + GETTER)(files)
        old, named, _ = TRAINER.split("__")
        rename_trainer(f"{trainer or old}__{named}__{configuration}")(files)

    return judged(name, what, changes, like="")


def residual(kwargs: dict[str, Any]) -> str:
    kwargs["n_blocks_per_stage"] = [1, 2, 2, 2][: kwargs["n_stages"]]
    kwargs["n_conv_per_stage_decoder"] = [1] * (kwargs["n_stages"] - 1)
    del kwargs["n_conv_per_stage"]
    return f"{UNET}ResidualEncoderUNet"


def without(*keys: str) -> Change:
    def change(kwargs: dict[str, Any]) -> None:
        for key in keys:
            del kwargs[key]

    return change


def batch_norm(kwargs: dict[str, Any]) -> None:
    kwargs["norm_op"] = "torch.nn.modules.batchnorm.BatchNorm2d"
    kwargs["norm_op_kwargs"] = {"eps": 1e-5, "affine": True}


def five_stages(kwargs: dict[str, Any]) -> None:
    kwargs.update(
        n_stages=5,
        features_per_stage=[4, 8, 16, 16, 16],
        kernel_sizes=[[3, 3]] * 5,
        strides=[[1, 1], *[[2, 2]] * 4],
        n_conv_per_stage=[2] * 5,
        n_conv_per_stage_decoder=[2] * 4,
    )


def half_features(kwargs: dict[str, Any]) -> None:
    kwargs["features_per_stage"] = [f // 2 for f in kwargs["features_per_stage"]]


CASES: list[Case] = [
    network("net-fresh", "the same network with other weights"),
    network("net-residual", "a residual encoder", residual),
    network("net-3d", "the 3d configuration", configuration="3d_fullres"),
    network("net-3d-residual", "the 3d configuration with a residual encoder", residual,
            configuration="3d_fullres"),
    network("net-five-stages", "a network of five stages", five_stages),
    network("net-no-bias", "convolutions without bias", lambda k: k.update(conv_bias=False)),
    network("net-batch-norm", "batch normalisation in the plans", batch_norm),
    network("net-no-norm", "no normalisation layers",
            lambda k: k.update(norm_op=None, norm_op_kwargs=None)),
    network("net-not-affine", "normalisation without weights",
            lambda k: k.update(norm_op_kwargs={"eps": 1e-5, "affine": False})),
    network(
        "net-dropout",
        "dropout",
        lambda k: k.update(
            dropout_op="torch.nn.modules.dropout.Dropout2d", dropout_op_kwargs={"p": 0.2}
        ),
    ),
    network("net-prelu", "activations with weights of their own",
            lambda k: k.update(nonlin="torch.nn.PReLU", nonlin_kwargs={})),
    network("net-one-conv", "one convolution in each stage",
            lambda k: k.update(n_conv_per_stage=[1] * 4, n_conv_per_stage_decoder=[1] * 3)),
    network("net-int-stages", "numbers in place of lists where one holds for all stages",
            lambda k: k.update(n_conv_per_stage=2, n_conv_per_stage_decoder=2, kernel_sizes=3)),
    network("net-int-kernels", "kernels as numbers", lambda k: k.update(kernel_sizes=[3] * 4)),
    network("net-no-optional", "arguments with defaults left out",
            without("dropout_op_kwargs", "nonlin_kwargs")),
    network("net-bias-default", "conv_bias left out", without("conv_bias")),
    network("net-trainer-bn", "nnU-Net's trainer that builds batch normalisation",
            trainer="nnUNetTrainerBN", built=batch_norm),
    network("net-trainer-no-supervision", "nnU-Net's trainer without deep supervision",
            trainer="nnUNetTrainerNoDeepSupervision"),
    network(
        "net-trainer-own",
        "a custom trainer that builds a smaller network than plans.json describes",
        built=half_features,
        source="""
    @staticmethod
    def build_network_architecture(
        architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

        features = [f // 2 for f in arch_init_kwargs["features_per_stage"]]
        return get_network_from_plans(
            architecture_class_name,
            {**arch_init_kwargs, "features_per_stage": features},
            arch_init_kwargs_req_import,
            num_input_channels,
            num_output_channels,
            deep_supervision=enable_deep_supervision,
        )
""",
    ),
]  # fmt: skip
