"""Models with other networks: nnU-Net's own variety, with weights that nobody trained.

Their masks mean nothing; that a model of this kind loads and predicts does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sample import TRAINER, Files, at, files_sample, moved, set_everywhere

UNET = "dynamic_network_architectures.architectures.unet."
CONFIGURATION_3D: dict[str, Any] = {
    "patch_size": [8, 32, 32],
    "features_per_stage": [4, 8, 16],
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
}

#: Changes the arguments of the network; may return the name of another class.
Change = Callable[[dict[str, Any]], "str | None"]


def _fresh_weights(
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


def _network(
    name: str,
    words: str,
    change: Change = lambda _: None,
    *,
    configuration: str = "2d",
    trainer: str = "",
    built: Change | None = None,
    source: str = "",
) -> None:
    """Register a model whose network has other arguments, or that a trainer builds otherwise."""

    @files_sample(name, words, like="")
    def _(files: Files) -> Files:
        def plans(value: dict[str, Any]) -> None:
            conf = value["configurations"][configuration]
            arch = conf["architecture"]
            if configuration == "3d_fullres":
                conf["patch_size"] = CONFIGURATION_3D["patch_size"]
                arch["arch_kwargs"].update(
                    {k: v for k, v in CONFIGURATION_3D.items() if k != "patch_size"},
                    n_stages=3,
                    n_conv_per_stage=[2] * 3,
                    n_conv_per_stage_decoder=[2] * 2,
                )
            arch["network_class_name"] = change(arch["arch_kwargs"]) or arch["network_class_name"]

        def checkpoint(saved: dict[str, Any]) -> None:
            init = saved["init_args"]
            init["configuration"] = configuration
            saved["network_weights"] = _fresh_weights(init["plans"], configuration, built=built)
            saved["trainer_name"] = trainer or saved["trainer_name"]

        set_everywhere(files, plans=plans, checkpoint=checkpoint)
        name_parts = TRAINER.split("__")
        if trainer:
            del files[at("trainer_class.py")]
            name_parts[0] = trainer
        if source:
            old = "\n\ndef get_trainer_class()"
            text = files[at("trainer_class.py")].decode().replace(old, source + old)
            files[at("trainer_class.py")] = text.encode()
        return moved(files, TRAINER, "__".join([*name_parts[:2], configuration]))


def _residual(kwargs: dict[str, Any]) -> str:
    kwargs["n_blocks_per_stage"] = [1, 2, 2, 2][: kwargs["n_stages"]]
    kwargs["n_conv_per_stage_decoder"] = [1] * (kwargs["n_stages"] - 1)
    del kwargs["n_conv_per_stage"]
    return f"{UNET}ResidualEncoderUNet"


def _batch_norm(kwargs: dict[str, Any]) -> None:
    kwargs["norm_op"] = "torch.nn.modules.batchnorm.BatchNorm2d"
    kwargs["norm_op_kwargs"] = {"eps": 1e-5, "affine": True}


def _five_stages(kwargs: dict[str, Any]) -> None:
    kwargs.update(
        n_stages=5,
        features_per_stage=[4, 8, 16, 16, 16],
        kernel_sizes=[[3, 3]] * 5,
        strides=[[1, 1], *[[2, 2]] * 4],
        n_conv_per_stage=[2] * 5,
        n_conv_per_stage_decoder=[2] * 4,
    )


def _half_features(kwargs: dict[str, Any]) -> None:
    kwargs["features_per_stage"] = [f // 2 for f in kwargs["features_per_stage"]]


_network("net-fresh", "the same network with other weights")
_network("net-residual", "a residual encoder", _residual)
_network("net-3d", "the 3d configuration", configuration="3d_fullres")
_network(
    "net-3d-residual",
    "the 3d configuration with a residual encoder",
    _residual,
    configuration="3d_fullres",
)
_network("net-five-stages", "a network of five stages", _five_stages)
_network("net-no-bias", "convolutions without bias", lambda k: k.update(conv_bias=False))
_network("net-batch-norm", "batch normalisation in the plans", _batch_norm)
_network(
    "net-no-norm", "no normalisation layers", lambda k: k.update(norm_op=None, norm_op_kwargs=None)
)
_network(
    "net-not-affine",
    "normalisation without weights",
    lambda k: k.update(norm_op_kwargs={"eps": 1e-5, "affine": False}),
)
_network(
    "net-dropout",
    "dropout",
    lambda k: k.update(
        dropout_op="torch.nn.modules.dropout.Dropout2d", dropout_op_kwargs={"p": 0.2}
    ),
)
_network(
    "net-prelu",
    "activations with weights of their own",
    lambda k: k.update(nonlin="torch.nn.PReLU", nonlin_kwargs={}),
)
_network(
    "net-one-conv",
    "one convolution in each stage",
    lambda k: k.update(n_conv_per_stage=[1] * 4, n_conv_per_stage_decoder=[1] * 3),
)
_network(
    "net-int-stages",
    "numbers in place of lists where one holds for all stages",
    lambda k: k.update(n_conv_per_stage=2, n_conv_per_stage_decoder=2, kernel_sizes=3),
)
_network("net-int-kernels", "kernels as numbers", lambda k: k.update(kernel_sizes=[3] * 4))
_network(
    "net-no-optional",
    "arguments with defaults left out",
    lambda k: [k.pop(key) for key in ("dropout_op_kwargs", "nonlin_kwargs")] and None,
)
_network("net-bias-default", "conv_bias left out", lambda k: k.pop("conv_bias") and None)
_network(
    "net-trainer-bn",
    "nnU-Net's trainer that builds batch normalisation",
    trainer="nnUNetTrainerBN",
    built=_batch_norm,
)
_network(
    "net-trainer-no-supervision",
    "nnU-Net's trainer without deep supervision",
    trainer="nnUNetTrainerNoDeepSupervision",
)
_network(
    "net-trainer-own",
    "a custom trainer that builds a smaller network than plans.json describes",
    built=_half_features,
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
)
