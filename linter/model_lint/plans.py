"""What nnU-Net reads of ``plans.json`` when it loads a model and predicts with it.

The facts are those of ``PlansManager``, ``ConfigurationManager``, ``DefaultPreprocessor`` and
``get_network_from_plans`` of nnU-Net 2.8.1, which 2.0 to 2.6.2 (SCT's fork) share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from .json_file import Step

#: What names may stand for in both nnU-Net 2.8.1 and SCT's fork.
READERS = frozenset(
    {"SimpleITKIO", "SimpleITKIOWithReorient", "NibabelIO", "NibabelIOWithReorient"}
    | {"NaturalImage2DIO", "Tiff3DIO"}
)
NORMALIZATIONS = frozenset(
    {"ZScoreNormalization", "CTNormalization", "NoNormalization", "RescaleTo01Normalization"}
    | {"RGBTo01Normalization"}
)
RESAMPLING = frozenset(
    {"resample_data_or_seg_to_shape", "resample_data_or_seg_to_spacing", "resample_data_or_seg"}
    | {"resample_torch_simple", "resample_torch_fornnunet", "no_resampling_hack"}
)
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
class Defect:
    """Something in the plans that prediction stumbles over."""

    #: Where in the file: keys and indices from the top.
    steps: tuple[Step, ...]
    message: str


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
            known = ", ".join(configurations)
            return f"configuration {name!r} is not in `configurations` (it has {known})"
        found = configurations[name]
        if not isinstance(found, dict):
            return f"configuration {name!r} is not an object"
        visited.append(name)
        chain.append(found)
        if "inherits_from" not in found:
            break
        name = found["inherits_from"]
        if name in visited:
            return f"configuration {configuration!r} inherits from itself ({name!r})"
    merged: dict[str, Any] = {}
    for part in reversed(chain):
        merged.update(part)
    return merged


def architecture(configuration: Mapping[str, Any]) -> Architecture | None:
    """Return the network of a resolved configuration, None where it is not fully described."""
    network, kwargs = _described(configuration)
    if network not in NETWORKS:
        return None
    if kwargs.get("stem_channels") or kwargs.get("bottleneck_channels"):
        return None  # no planner of nnU-Net sets them
    features = kwargs.get("features_per_stage")
    kernels = _per_axis(kwargs.get("kernel_sizes"))
    strides = _per_axis(kwargs.get("strides"))
    if not _integers(features) or kernels is None or strides is None:
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
    if not _integers(every) or len(every) != stages or not all(0 < n < 100 for n in every):
        return ()
    return tuple(every)


def _described(configuration: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
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
    if not _integers([base, limit]) or not _integers(stages) or len(stages) > 32:
        return "", {}
    return str(configuration["UNet_class_name"]), {
        "features_per_stage": [min(base * 2**stage, limit) for stage in range(len(stages))],
        "kernel_sizes": configuration["conv_kernel_sizes"],
        "strides": configuration["pool_op_kernel_sizes"],
        "n_stages": len(stages),
        "n_conv_per_stage": stages,
        "n_blocks_per_stage": stages,
        "n_conv_per_stage_decoder": configuration["n_conv_per_stage_decoder"],
        "conv_op": f"Conv{len(configuration.get('patch_size') or [])}d",
    }


def defects(
    plans: Mapping[str, Any], name: str, configuration: Mapping[str, Any], channels: int | None
) -> Iterator[Defect]:
    """Yield what prediction would stumble over in a resolved configuration.

    ``channels`` is the number of input channels, None where it is not known.
    """
    at: tuple[Step, ...] = ("configurations", name)
    yield from _top(plans, channels)
    yield from _preprocessing(configuration, at, channels)
    yield from _network(configuration, at)
    yield from _sizes(configuration, at)


def _top(plans: Mapping[str, Any], channels: int | None) -> Iterator[Defect]:
    for key in ("transpose_forward", "transpose_backward"):
        axes = plans.get(key)
        if not _integers(axes) or sorted(axes) != [0, 1, 2]:
            yield Defect((key,), f"`{key}` must be the axes 0, 1 and 2 in some order")
            break
    else:
        yield from _transposes(plans["transpose_forward"], plans["transpose_backward"])
    key = "foreground_intensity_properties_per_channel"
    if key not in plans and "foreground_intensity_properties_by_modality" in plans:
        key = "foreground_intensity_properties_by_modality"
    properties = plans.get(key)
    if not isinstance(properties, dict):
        yield Defect((key,), f"`{key}` is missing or not an object")
    elif missing := [str(c) for c in range(channels or 0) if str(c) not in properties]:
        yield Defect((key,), f"`{key}` has no entry for channel {missing[0]}")
    reader = plans.get("image_reader_writer")
    if not _one_of(reader, READERS):
        message = f"`image_reader_writer` is {reader!r}, which nnU-Net does not have"
        yield Defect(("image_reader_writer",), message)
    manager = plans.get("label_manager", "LabelManager")
    if manager != "LabelManager":
        yield Defect(("label_manager",), f"`label_manager` is {manager!r}, not LabelManager")


def _transposes(forward: Sequence[int], backward: Sequence[int]) -> Iterator[Defect]:
    if [forward[axis] for axis in backward] != [0, 1, 2]:
        message = "`transpose_backward` does not undo `transpose_forward`: the output is transposed"
        yield Defect(("transpose_backward",), message)


def _preprocessing(
    configuration: Mapping[str, Any], at: tuple[Step, ...], channels: int | None
) -> Iterator[Defect]:
    if configuration.get("preprocessor_name") != "DefaultPreprocessor":
        value = configuration.get("preprocessor_name")
        message = f"`preprocessor_name` is {value!r}, which nnU-Net does not have"
        yield Defect((*at, "preprocessor_name"), message)
    fitting: dict[str, Callable[[object], bool]] = {
        "normalization_schemes": lambda item: _one_of(item, NORMALIZATIONS),
        "use_mask_for_norm": lambda item: isinstance(item, bool),
    }
    for key, fits in fitting.items():
        values = configuration.get(key)
        if not isinstance(values, list):
            yield Defect((*at, key), f"`{key}` is missing or not a list")
            continue
        for index, item in enumerate(values[:channels]):
            if not fits(item):
                yield Defect((*at, key, index), f"`{key}` holds {item!r}, which nnU-Net refuses")
        if len(values) < (channels or 0):
            message = f"`{key}` has {len(values)} entries for {channels} channels"
            yield Defect((*at, key), message)
    for key in ("resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities"):
        if not _one_of(configuration.get(key), RESAMPLING):
            message = f"`{key}` is {configuration.get(key)!r}, which nnU-Net does not have"
            yield Defect((*at, key), message)
        if not isinstance(configuration.get(f"{key}_kwargs"), dict):
            yield Defect((*at, f"{key}_kwargs"), f"`{key}_kwargs` is missing or not an object")


def _network(configuration: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Defect]:
    described = configuration.get("architecture")
    if "architecture" not in configuration:
        missing = [key for key in OLD_KEYS if key not in configuration]
        if missing:
            message = f"the network is not described: neither `architecture` nor {missing[0]!r}"
            yield Defect(at, message)
        elif configuration["UNet_class_name"] not in NETWORKS:
            value = configuration["UNet_class_name"]
            message = (
                f"`UNet_class_name` is {value!r}; nnU-Net converts only {' and '.join(NETWORKS)}"
            )
            yield Defect((*at, "UNet_class_name"), message)
        return
    at = (*at, "architecture")
    if not isinstance(described, dict):
        yield Defect(at, "`architecture` is not an object")
        return
    kwargs, imported = described.get("arch_kwargs"), described.get("_kw_requires_import")
    if not isinstance(described.get("network_class_name"), str):
        yield Defect(at, "`architecture` has no `network_class_name`")
    if not isinstance(kwargs, dict):
        yield Defect(at, "`architecture` has no `arch_kwargs`")
    elif not isinstance(imported, list):
        yield Defect(at, "`architecture` has no `_kw_requires_import`")
    else:
        for key in imported:
            if not _one_of(key, kwargs):
                message = f"`_kw_requires_import` names {key!r}, which `arch_kwargs` lacks"
                yield Defect((*at, "_kw_requires_import"), message)


def _sizes(configuration: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Defect]:
    patch, spacing = configuration.get("patch_size"), configuration.get("spacing")
    if not _integers(patch) or not patch or min(patch) < 1:
        yield Defect((*at, "patch_size"), "`patch_size` must be a list of positive integers")
        return
    if not isinstance(spacing, list) or not all(_is_number(s) and s > 0 for s in spacing):
        yield Defect((*at, "spacing"), "`spacing` must be a list of positive numbers (mm)")
    elif len(spacing) != len(patch):
        message = f"`spacing` has {len(spacing)} axes, `patch_size` {len(patch)}"
        yield Defect((*at, "spacing"), message)
    network, kwargs = _described(configuration)
    if network not in NETWORKS:
        return
    yield from _stages(network, kwargs, (*at, "architecture", "arch_kwargs"))
    strides = _per_axis(kwargs.get("strides"))
    if strides is None:
        return
    if any(len(stride) != len(patch) for stride in strides):
        message = f"`patch_size` has {len(patch)} axes, the network's strides have another number"
        yield Defect((*at, "patch_size"), message)
        return
    for axis, size in enumerate(patch):
        product = 1
        for stride in strides:
            product *= stride[axis]
        if product and size % product:
            message = (
                f"`patch_size` {size} on axis {axis} is not a multiple of {product}, the product "
                "of the network's strides on it"
            )
            yield Defect((*at, "patch_size", axis), message)


def _stages(network: str, kwargs: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Defect]:
    """Check that every list of ``arch_kwargs`` has as many entries as the network has stages."""
    stages = kwargs.get("n_stages")
    if not isinstance(stages, int) or isinstance(stages, bool):
        yield Defect(at, "`arch_kwargs` has no integer `n_stages`")
        return
    encoder = "n_conv_per_stage" if network == "PlainConvUNet" else "n_blocks_per_stage"
    wanted = {
        "features_per_stage": stages,
        "kernel_sizes": stages,
        "strides": stages,
        encoder: stages,
        "n_conv_per_stage_decoder": stages - 1,
    }
    for key in ("conv_op", *wanted):
        if key not in kwargs:
            yield Defect(at, f"`arch_kwargs` lacks `{key}`, which {network} needs")
        elif isinstance(kwargs[key], list) and len(kwargs[key]) != wanted.get(key):
            message = f"`{key}` has {len(kwargs[key])} entries, {wanted.get(key)} are needed"
            yield Defect((*at, key), message)


def _per_axis(value: object) -> tuple[tuple[int, ...], ...] | None:
    if not isinstance(value, list) or not all(_integers(item) and item for item in value):
        return None
    return tuple(tuple(item) for item in value) or None


def _integers(value: object) -> TypeGuard[Sequence[int]]:
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) for item in value
    )


def _one_of(value: object, names: Container[str]) -> bool:
    return isinstance(value, str) and value in names


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
