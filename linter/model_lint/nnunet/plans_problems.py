"""The problems of ``plans.json`` that make prediction fail.

The facts are those of ``PlansManager``, ``ConfigurationManager``, ``DefaultPreprocessor`` and
``get_network_from_plans`` of nnU-Net 2.8.1; they are the same in 2.0 to 2.6.2 (SCT's fork). nnU-Net
checks nothing when it loads a model, so most problems appear only with the first image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..findings import STOCK, Problem, Step
from ..wording import count, json_like, listing, quote
from .image_readers import IMAGE_READERS
from .networks import NETWORKS, OLD_KEYS, described_network, integers, per_axis
from .numbers import is_number
from .sct_modules import is_locatable, is_missing_part

#: The names that nnU-Net knows; since 2.0, its lists have only grown.
_NORMALIZATIONS = frozenset(
    {"ZScoreNormalization", "CTNormalization", "NoNormalization", "RescaleTo01Normalization"}
    | {"RGBTo01Normalization"}
)
#: The intensity properties of its channel that CTNormalization reads.
_CT_PROPERTIES = ("mean", "std", "percentile_00_5", "percentile_99_5")
#: The resampling functions that can be called as nnU-Net calls them, and their other arguments.
_ANISOTROPY = frozenset({"force_separate_z", "separate_z_anisotropy_threshold"})
_TORCH = frozenset({"num_threads", "device", "memefficient_seg_resampling", "mode"})
_RESAMPLING = {
    "resample_data_or_seg_to_shape": _ANISOTROPY | {"is_seg", "order", "order_z"},
    "resample_torch_fornnunet": _ANISOTROPY | _TORCH | {"is_seg", "aniso_axis_mode"},
    "no_resampling_hack": frozenset(),
}
#: The arguments of both U-Nets, without the number of channels, which nnU-Net gives itself.
_ARGUMENTS = frozenset(
    {"n_stages", "features_per_stage", "conv_op", "kernel_sizes", "strides", "conv_bias"}
    | {"n_conv_per_stage_decoder", "norm_op", "norm_op_kwargs", "dropout_op", "dropout_op_kwargs"}
    | {"nonlin", "nonlin_kwargs", "deep_supervision"}
)
_OWN_ARGUMENTS = {
    "PlainConvUNet": frozenset({"n_conv_per_stage", "nonlin_first"}),
    "ResidualEncoderUNet": frozenset(
        {"n_blocks_per_stage", "block", "bottleneck_channels", "stem_channels"}
    ),
}
#: The networks of dynamic_network_architectures; nnU-Net finds them under any module name.
_FOUND = re.compile(
    r"(PlainConv|Residual|ResidualEncoder)UNet|Primus(V[23])?[XSBML]?|VGG\w*|ResNet\w+", re.ASCII
)
#: Arguments that are names of classes, and must be imported before the network is built.
_CLASSES = ("conv_op", "norm_op", "dropout_op", "nonlin")


class Use(NamedTuple):
    """How a model uses its plans."""

    #: The name of the configuration that is loaded.
    configuration: str
    #: Input channels, None if the number is not known.
    channels: int | None
    #: Whether the model's trainer builds the network itself, and not as the plans say.
    own_network: bool = False


def plans_problems(
    plans: Mapping[str, Any], configuration: Mapping[str, Any], use: Use
) -> Iterator[Problem]:
    """Yield the problems that make prediction fail; the configuration is resolved."""
    at: tuple[Step, ...] = ("configurations", use.configuration)
    yield from _top(plans)
    yield from _intensities(plans, configuration, use.channels)
    yield from _channels(configuration, at, use.channels)
    yield from _preprocessing(configuration, at)
    yield from _network(configuration, at, use)
    yield from _sizes(configuration, at)


def _top(plans: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("transpose_forward", "transpose_backward"):
        axes = plans.get(key)
        if not integers(axes) or sorted(axes) != [0, 1, 2]:
            yield Problem(f"`{key}` must be the axes 0, 1 and 2 in some order", steps=(key,))
            break
    else:
        yield from _transposes(plans["transpose_forward"], plans["transpose_backward"])
    if not _one_of(plans.get("image_reader_writer"), frozenset(IMAGE_READERS)):
        # SCT reads images itself.
        yield _unknown(plans, "image_reader_writer", ())._replace(stops=STOCK)
    if plans.get("label_manager", "LabelManager") != "LabelManager":
        yield _unknown(plans, "label_manager", ())


def _transposes(forward: Sequence[int], backward: Sequence[int]) -> Iterator[Problem]:
    if [forward[axis] for axis in backward] != [0, 1, 2]:
        message = "`transpose_backward` does not undo `transpose_forward`: the output is transposed"
        yield Problem(message, steps=("transpose_backward",))


def _intensities(
    plans: Mapping[str, Any], configuration: Mapping[str, Any], channels: int | None
) -> Iterator[Problem]:
    key = "foreground_intensity_properties_per_channel"
    if key not in plans and "foreground_intensity_properties_by_modality" in plans:
        key = "foreground_intensity_properties_by_modality"
    properties = plans.get(key)
    if not isinstance(properties, dict):
        yield Problem(_missing(plans, key, "an object"), steps=(key,))
        return
    schemes = configuration.get("normalization_schemes")
    for channel in range(channels or 0):
        values = properties.get(str(channel))
        if not isinstance(values, dict):
            yield Problem(f"`{key}` has no entry for channel {channel}", steps=(key,))
            return
        if _item(schemes, channel) == "CTNormalization":
            missing = [name for name in _CT_PROPERTIES if not is_number(values.get(name))]
            if missing:
                shown = [f"{name}: {json_like(values.get(name))}" for name in missing]
                message = f"CTNormalization needs finite numbers for channel {channel}, not"
                yield Problem(f"{message} {listing(shown, shown=4)}", steps=(key, str(channel)))


def _channels(
    configuration: Mapping[str, Any], at: tuple[Step, ...], channels: int | None
) -> Iterator[Problem]:
    fitting: dict[str, Callable[[object], bool]] = {
        "normalization_schemes": lambda item: _one_of(item, _NORMALIZATIONS),
        "use_mask_for_norm": lambda item: item is None or isinstance(item, bool),
    }
    for key, fits in fitting.items():
        values = configuration.get(key)
        if not isinstance(values, list):
            yield Problem(_missing(configuration, key, "a list"), steps=(*at, key))
            continue
        for index, item in enumerate(values[:channels]):
            if not fits(item):
                message = f"`{key}` contains {quote(item)}, which nnU-Net refuses"
                yield Problem(message, steps=(*at, key, index))
        if len(values) < (channels or 0):
            entries = count(values, "entry", "entries")
            message = f"`{key}` has {entries} for {count(channels or 0, 'channel')}"
            yield Problem(message, steps=(*at, key))


def _preprocessing(configuration: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Problem]:
    if configuration.get("preprocessor_name") != "DefaultPreprocessor":
        yield _unknown(configuration, "preprocessor_name", at)
    patch = configuration.get("patch_size")
    orders = ("order", "order_z") if isinstance(patch, list) and len(patch) == 3 else ("order",)
    for key in ("resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities"):
        name, kwargs = configuration.get(key), configuration.get(f"{key}_kwargs")
        if not isinstance(name, str) or name not in _RESAMPLING:
            yield _unknown(configuration, key, at)
        elif not isinstance(kwargs, dict):
            message = _missing(configuration, f"{key}_kwargs", "an object")
            yield Problem(message, steps=(*at, f"{key}_kwargs"))
        elif surplus := [argument for argument in kwargs if argument not in _RESAMPLING[name]]:
            message = f"{quote(name)} does not take {listing(surplus)}"
            yield Problem(message, steps=(*at, f"{key}_kwargs", surplus[0]))
        elif key != "resampling_fn_seg":
            for order in orders:
                if not _is_order(kwargs.get(order, 0)):
                    message = f"`{order}` is {quote(kwargs[order])}; orders of splines are 0 to 5"
                    yield Problem(message, steps=(*at, f"{key}_kwargs", order))


def _network(configuration: Mapping[str, Any], at: tuple[Step, ...], use: Use) -> Iterator[Problem]:
    if "architecture" not in configuration:
        yield from _old_network(configuration, at)
        return
    described = configuration["architecture"]
    at = (*at, "architecture")
    if not isinstance(described, dict):
        yield Problem("`architecture` is not an object", steps=at)
        return
    name, kwargs = described.get("network_class_name"), described.get("arch_kwargs")
    imported = described.get("_kw_requires_import")
    if not isinstance(name, str):
        yield Problem(_missing(described, "network_class_name", "a string"), steps=at)
    elif not use.own_network and not _is_found(name):
        whose = "SCT's nnU-Net" if name.startswith("nnunetv2.") else "an SCT installation"
        message = f"{whose} has no network {quote(name)}"
        yield Problem(message, steps=(*at, "network_class_name"))
    if not isinstance(kwargs, dict):
        yield Problem(_missing(described, "arch_kwargs", "an object"), steps=at)
    elif not isinstance(imported, list):
        yield Problem(_missing(described, "_kw_requires_import", "a list"), steps=at)
    else:
        yield from _imports(configuration, kwargs, imported, at)
        if not use.own_network:
            yield from _endless(kwargs, (*at, "arch_kwargs"))


def _imports(
    configuration: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    imported: list[Any],
    at: tuple[Step, ...],
) -> Iterator[Problem]:
    """Check the arguments that are names of classes, and the list of these arguments."""
    if absent := [key for key in imported if not _one_of(key, kwargs)]:
        message = f"`_kw_requires_import` names {listing(absent)}, missing in `arch_kwargs`"
        yield Problem(message, steps=(*at, "_kw_requires_import"))
    named = [kwargs[key] for key in imported if _one_of(key, kwargs)]
    if missing := [name for name in named if isinstance(name, str) and is_missing_part(name)]:
        yield Problem(f"SCT's nnU-Net has no {listing(missing)}", steps=(*at, "arch_kwargs"))
    network, _ = described_network(configuration)
    texts = [key for key in _CLASSES if isinstance(kwargs.get(key), str)]
    if network in NETWORKS and (left := [key for key in texts if key not in imported]):
        message = (
            f"`_kw_requires_import` does not name {listing(left)}, so nnU-Net does not import it"
        )
        yield Problem(message, steps=(*at, "_kw_requires_import"))


def _is_found(name: str) -> bool:
    module, _, network = name.rpartition(".")
    if _FOUND.fullmatch(network):
        return True
    if f"{module}.".startswith("dynamic_network_architectures."):
        return False
    return bool(module) and is_locatable(name)


def _old_network(configuration: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Problem]:
    missing = [key for key in OLD_KEYS if key not in configuration]
    if missing:
        either = f"`architecture` and {quote(missing[0])} are missing"
        yield Problem(f"the network is not described: {either}", steps=at)
    elif configuration["UNet_class_name"] not in NETWORKS:
        value = quote(configuration["UNet_class_name"])
        message = f"`UNet_class_name` is {value}; nnU-Net converts only {' and '.join(NETWORKS)}"
        yield Problem(message, steps=(*at, "UNet_class_name"))


def _sizes(configuration: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Problem]:
    patch, spacing = configuration.get("patch_size"), configuration.get("spacing")
    if not integers(patch) or not patch or min(patch) < 1:
        yield Problem("`patch_size` must be a list of positive integers", steps=(*at, "patch_size"))
        return
    if not isinstance(spacing, list) or not all(is_number(s) and s > 0 for s in spacing):
        yield Problem("`spacing` must be a list of positive numbers (mm)", steps=(*at, "spacing"))
    elif not len(patch) <= len(spacing) <= 3:  # a third one in 2d resamples the slices too
        message = f"`spacing` has {count(spacing, 'axis', 'axes')}, `patch_size` {len(patch)}"
        yield Problem(message, steps=(*at, "spacing"))
    network, kwargs = described_network(configuration)
    if network not in NETWORKS:
        return
    yield from _arguments(network, kwargs, (*at, "architecture", "arch_kwargs"))
    yield from _dimensions(kwargs, patch, at)


def _arguments(network: str, kwargs: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Problem]:
    """Check that the network takes the arguments, and each list has an entry for every stage."""
    surplus = [key for key in kwargs if key not in _ARGUMENTS | _OWN_ARGUMENTS[network]]
    if surplus:
        yield Problem(f"{network} does not take {listing(surplus)}", steps=(*at, surplus[0]))
    stages = kwargs.get("n_stages")
    if not isinstance(stages, int) or isinstance(stages, bool):
        yield Problem("`arch_kwargs` has no integer `n_stages`", steps=at)
        return
    encoder = "n_conv_per_stage" if network == "PlainConvUNet" else "n_blocks_per_stage"
    wanted = dict.fromkeys(("features_per_stage", "kernel_sizes", "strides", encoder), stages)
    wanted["n_conv_per_stage_decoder"] = stages - 1
    for key, amount in wanted.items():
        if key not in kwargs:
            yield Problem(f"`{key}`, which {network} needs, is missing in `arch_kwargs`", steps=at)
        elif isinstance(kwargs[key], list) and len(kwargs[key]) != amount:
            entries = count(kwargs[key], "entry", "entries")
            yield Problem(f"`{key}` has {entries}, the network needs {amount}", steps=(*at, key))


def _dimensions(
    kwargs: Mapping[str, Any], patch: Sequence[int], at: tuple[Step, ...]
) -> Iterator[Problem]:
    operator = kwargs.get("conv_op")
    wanted = f"Conv{len(patch)}d"
    if not isinstance(operator, str) or operator.rpartition(".")[2] != wanted:
        message = f"`conv_op` is {quote(operator)}, a patch of {count(patch, 'axis', 'axes')} needs"
        yield Problem(f"{message} {wanted}", steps=(*at, "architecture", "arch_kwargs", "conv_op"))
    strides = per_axis(kwargs.get("strides"))
    if strides is None:
        return
    if any(len(stride) != len(patch) for stride in strides):
        message = (
            f"`patch_size` has {len(patch)} axes, the network's strides have a different number"
        )
        yield Problem(message, steps=(*at, "patch_size"))
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
            yield Problem(message, steps=(*at, "patch_size", axis))


def _unknown(holder: Mapping[str, Any], key: str, at: tuple[Step, ...]) -> Problem:
    if key not in holder:
        return Problem(f"`{key}` is missing", steps=(*at, key))
    return Problem(
        f"`{key}` is {quote(holder[key])}, which nnU-Net does not have", steps=(*at, key)
    )


def _missing(holder: Mapping[str, Any], key: str, wanted: str) -> str:
    return f"`{key}` is not {wanted}" if key in holder else f"`{key}` is missing"


def _is_order(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= 5


def _item(values: object, index: int) -> object:
    return values[index] if isinstance(values, list) and index < len(values) else None


def _one_of(value: object, names: object) -> bool:
    return isinstance(value, str) and isinstance(names, (frozenset, dict)) and value in names


def _endless(value: object, at: tuple[Step, ...]) -> Iterator[Problem]:
    """Yield a problem for each NaN, Infinity or number beyond any float in a value."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in pairs:
            yield from _endless(inner, (*at, step))
    elif isinstance(value, float) and not is_number(value):
        yield Problem(
            f"the network can't compute with {quote(value)} for {quote(at[-1])}", steps=at
        )
