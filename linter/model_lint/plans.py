"""What ``plans.json`` says: its configurations, and the network that one of them describes.

The facts are those of ``PlansManager`` and ``ConfigurationManager`` of nnU-Net 2.8.1, which 2.0 to
2.6.2 (SCT's fork) share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from .wording import listing, quote

#: Keys of a configuration that describe the network in plans written before nnU-Net 2.3.1.
OLD_KEYS = (
    "UNet_class_name",
    "UNet_base_num_features",
    "n_conv_per_stage_encoder",
    "n_conv_per_stage_decoder",
    "num_pool_per_axis",
    "pool_op_kernel_sizes",
    "conv_kernel_sizes",
    "unet_max_num_features",
)
NETWORKS = ("PlainConvUNet", "ResidualEncoderUNet")
#: Weights of the convolutions whose names and number the plans settle, each by one of its names.
_CONVOLUTION = re.compile(
    r"encoder\.stages\.\d+\.(0\.convs\.\d+\.conv|blocks\.\d+\.conv1\.conv)\.weight"
    r"|decoder\.(stages\.\d+\.convs\.\d+\.conv|transpconvs\.\d+|seg_layers\.\d+)\.weight"
)


@dataclass(frozen=True)
class Architecture:
    """The network that a configuration describes, where it is one of nnU-Net's two U-Nets.

    Sizes are per stage, from the input down to the bottleneck; kernels and strides per axis.
    """

    network: str
    features: tuple[int, ...]
    kernels: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    #: Convolutions (PlainConvUNet) or blocks (ResidualEncoderUNet) of each stage of the encoder,
    #: and convolutions of each stage of the decoder from the bottom up; empty where unknown.
    encoder: tuple[int, ...] = ()
    decoder: tuple[int, ...] = ()

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return len(self.strides[0])

    def shapes(self, channels: int, heads: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights that the plans settle, by their names.

        ``channels`` is the number of input channels, ``heads`` of output channels.
        """
        down, kernels = self.features, self.kernels
        stem = "encoder.stem.convs.0.conv.weight"
        if self.network == "PlainConvUNet":
            stem = "encoder.stages.0.0.convs.0.conv.weight"
        shapes = {stem: (down[0], channels, *kernels[0])}
        for stage in range(1, len(down)):
            first = f"encoder.stages.{stage}.0.convs.0.conv.weight"
            if self.network == "ResidualEncoderUNet":
                first = f"encoder.stages.{stage}.blocks.0.conv1.conv.weight"
            shapes[first] = (down[stage], down[stage - 1], *kernels[stage])
        for step, stage in enumerate(reversed(range(len(down) - 1))):
            below, here = down[stage + 1], down[stage]
            shapes[f"decoder.transpconvs.{step}.weight"] = (below, here, *self.strides[stage + 1])
            shapes[f"decoder.stages.{step}.convs.0.conv.weight"] = (here, 2 * here, *kernels[stage])
            ones = (1,) * self.dimensions
            shapes[f"decoder.seg_layers.{step}.weight"] = (heads, here, *ones)
        return shapes | self._repeated()

    def _repeated(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the convolutions that follow the first one of each stage."""
        shapes = {}
        for stage, amount in enumerate(self.encoder):
            shape = (self.features[stage], self.features[stage], *self.kernels[stage])
            plain = self.network == "PlainConvUNet"
            form = f"encoder.stages.{stage}." + ("0.convs.{}.conv" if plain else "blocks.{}.conv1")
            # The stem comes before the first block of the first stage.
            for index in range(1 if plain or stage else 0, amount):
                name = form.format(index) + ("" if plain else ".conv")
                shapes[f"{name}.weight"] = shape
        for step, amount in enumerate(self.decoder):
            stage = len(self.features) - 2 - step
            shape = (self.features[stage], self.features[stage], *self.kernels[stage])
            for index in range(1, amount):
                shapes[f"decoder.stages.{step}.convs.{index}.conv.weight"] = shape
        return shapes

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the names of convolutions that this network does not have."""
        if not self.encoder or not self.decoder:
            return []
        known = self.shapes(1, 1)
        return [name for name in names if _CONVOLUTION.fullmatch(name) and name not in known]


def resolve(plans: Mapping[str, Any], configuration: str) -> dict[str, Any] | str:
    """Return a configuration with what it inherits, or one line that says why there is none."""
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict):
        return "`configurations` is missing or not an object"
    chain: list[dict[str, Any]] = []
    name: object = configuration
    visited: list[object] = []
    while True:
        if not isinstance(name, str) or name not in configurations:
            known = f"it has {listing(configurations)}" if configurations else "it is empty"
            return f"configuration {quote(name)} is not in `configurations` ({known})"
        found = configurations[name]
        if not isinstance(found, dict):
            return f"configuration {quote(name)} is not an object"
        visited.append(name)
        chain.append(found)
        if "inherits_from" not in found:
            break
        name = found["inherits_from"]
        if name in visited:
            return f"configuration {quote(configuration)} inherits from itself ({quote(name)})"
    merged: dict[str, Any] = {}
    for part in reversed(chain):
        merged.update(part)
    return merged


def dimensions(plans: Mapping[str, Any], configuration: str | None) -> int | None:
    """Return whether a configuration is of 2 or 3 dimensions; None where that is not certain.

    Its name and the patch in the plans have to agree.
    """
    if configuration is None:
        return None
    named = {"2d": 2, "3d": 3}.get(configuration.partition("_")[0])
    resolved = resolve(plans, configuration)
    patch = resolved.get("patch_size") if isinstance(resolved, dict) else None
    planned = len(patch) if isinstance(patch, list) and len(patch) in (2, 3) else None
    if named and planned and named != planned:
        return None
    return planned or named


def architecture(configuration: Mapping[str, Any]) -> Architecture | None:
    """Return the network of a resolved configuration, None where it is not fully described."""
    network, kwargs = described_network(configuration)
    if network not in NETWORKS:
        return None
    if kwargs.get("stem_channels") or kwargs.get("bottleneck_channels"):
        return None  # no planner of nnU-Net sets them
    features = kwargs.get("features_per_stage")
    kernels = per_axis(kwargs.get("kernel_sizes"))
    strides = per_axis(kwargs.get("strides"))
    if not integers(features) or kernels is None or strides is None:
        return None
    if not len(features) == len(kernels) == len(strides) or len(features) < 2:
        return None
    if len({len(part) for part in (*kernels, *strides)}) != 1:
        return None
    encoder = "n_conv_per_stage" if network == "PlainConvUNet" else "n_blocks_per_stage"
    return Architecture(
        network,
        tuple(features),
        kernels,
        strides,
        _amounts(kwargs.get(encoder), len(features)),
        _amounts(kwargs.get("n_conv_per_stage_decoder"), len(features) - 1),
    )


def _amounts(value: object, stages: int) -> tuple[int, ...]:
    """Return the number of convolutions of each stage; a single number holds for all of them."""
    every = [value] * stages if isinstance(value, int) else value
    if not integers(every) or len(every) != stages or not all(0 < n < 100 for n in every):
        return ()
    return tuple(every)


def described_network(configuration: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the class name and the arguments of the network, translating the old format."""
    described = configuration.get("architecture")
    if isinstance(described, dict):
        kwargs = described.get("arch_kwargs")
        network = str(described.get("network_class_name")).rpartition(".")[2]
        return network, kwargs if isinstance(kwargs, dict) else {}
    if described is not None or any(key not in configuration for key in OLD_KEYS):
        return "", {}
    base, limit = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
    stages = configuration["n_conv_per_stage_encoder"]
    if not integers([base, limit]) or not integers(stages) or len(stages) > 32:
        return "", {}
    network = str(configuration["UNet_class_name"])
    return network, {
        "features_per_stage": [min(base * 2**stage, limit) for stage in range(len(stages))],
        "kernel_sizes": configuration["conv_kernel_sizes"],
        "strides": configuration["pool_op_kernel_sizes"],
        "n_stages": len(stages),
        "n_blocks_per_stage" if network == "ResidualEncoderUNet" else "n_conv_per_stage": stages,
        "n_conv_per_stage_decoder": configuration["n_conv_per_stage_decoder"],
        "conv_op": f"Conv{len(configuration.get('patch_size') or [])}d",
    }


def per_axis(value: object) -> tuple[tuple[int, ...], ...] | None:
    """Return integers per stage and axis, None where a value is anything else."""
    if not isinstance(value, list) or not all(integers(item) and item for item in value):
        return None
    return tuple(tuple(item) for item in value) or None


def integers(value: object) -> TypeGuard[Sequence[int]]:
    """Whether a value is a list of integers."""
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) for item in value
    )
