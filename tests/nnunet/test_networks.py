"""The weights that plans describe are those of the networks that are built from them."""

from __future__ import annotations

import pydoc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.nnunet.networks import network

UNET = "dynamic_network_architectures.architectures.unet."
IMPORTED = ("conv_op", "norm_op", "dropout_op", "nonlin")


@st.composite
def described(draw: st.DrawFn) -> dict[str, Any]:
    """Return the ``architecture`` of a configuration as planners and people write it."""
    name = draw(st.sampled_from(["PlainConvUNet", "ResidualEncoderUNet"]))
    dimensions, stages = draw(st.sampled_from([2, 3])), draw(st.integers(2, 4))
    sizes = st.lists(st.sampled_from([1, 3]), min_size=dimensions, max_size=dimensions)
    steps = st.lists(st.sampled_from([1, 2]), min_size=dimensions, max_size=dimensions)
    amounts = st.integers(1, 3)

    def each(values: st.SearchStrategy[Any], number: int = stages) -> list[Any]:
        return draw(st.lists(values, min_size=number, max_size=number))

    own = "n_conv_per_stage" if name == "PlainConvUNet" else "n_blocks_per_stage"
    norm = draw(st.sampled_from(["instancenorm.InstanceNorm", "batchnorm.BatchNorm", None]))
    keys = st.sampled_from(["affine", "track_running_stats"])
    kwargs = {
        "n_stages": stages,
        "features_per_stage": each(st.sampled_from([2, 4])),
        "conv_op": f"torch.nn.modules.conv.Conv{dimensions}d",
        "kernel_sizes": each(sizes),
        "strides": each(steps),
        own: draw(amounts | st.just(each(amounts))),
        "n_conv_per_stage_decoder": draw(amounts | st.just(each(amounts, stages - 1))),
        "conv_bias": draw(st.booleans()),
        "norm_op": norm and f"torch.nn.modules.{norm}{dimensions}d",
        "norm_op_kwargs": draw(st.none() | st.dictionaries(keys, st.booleans())),
        "dropout_op": draw(st.sampled_from([None, f"torch.nn.Dropout{dimensions}d"])),
        "dropout_op_kwargs": {"p": 0.1},
        "nonlin": draw(st.sampled_from([None, "torch.nn.LeakyReLU", "torch.nn.ReLU"])),
        "nonlin_kwargs": {"inplace": True},
    }
    if name == "PlainConvUNet":
        kwargs["nonlin_first"] = draw(st.booleans())
    for key in draw(st.sets(st.sampled_from(["conv_bias", "dropout_op", "nonlin_first"]))):
        kwargs.pop(key, None)
    return {"network_class_name": UNET + name, "arch_kwargs": kwargs}


@settings(max_examples=60)
@given(described(), st.integers(1, 3), st.integers(2, 5))
def test_weights_are_those_of_the_real_network(
    architecture: dict[str, Any], channels: int, heads: int
) -> None:
    kwargs = dict(architecture["arch_kwargs"])
    kwargs.update({key: kwargs.get(key) and pydoc.locate(kwargs[key]) for key in IMPORTED})
    build: Any = pydoc.locate(architecture["network_class_name"])
    real = build(channels, num_classes=heads, deep_supervision=True, **kwargs)
    planned = network({"architecture": architecture})
    assert planned is not None
    assert planned.weights(channels, heads) == {
        name: tuple(weight.shape) for name, weight in real.state_dict().items()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"nonlin": "torch.nn.PReLU"},
        {"norm_op": "torch.nn.GroupNorm"},
        {"norm_op_kwargs": {"unheard": 1}},
        {"conv_bias": "yes"},
    ],
)
def test_what_is_not_certain_leaves_the_convolutions(change: dict[str, Any]) -> None:
    kwargs = {
        "features_per_stage": [2, 4],
        "kernel_sizes": [[3, 3], [3, 3]],
        "strides": [[1, 1], [2, 2]],
        "n_conv_per_stage": [1, 1],
        "n_conv_per_stage_decoder": 1,
        "norm_op": "torch.nn.InstanceNorm2d",
        "nonlin": "torch.nn.ReLU",
    }
    described = {"network_class_name": "x.PlainConvUNet", "arch_kwargs": kwargs | change}
    planned = network({"architecture": described})
    assert planned is not None
    assert planned.unit is None
    assert planned.weights(1, 3) == {
        "encoder.stages.0.0.convs.0.conv.weight": (2, 1, 3, 3),
        "encoder.stages.1.0.convs.0.conv.weight": (4, 2, 3, 3),
        "decoder.transpconvs.0.weight": (4, 2, 2, 2),
        "decoder.stages.0.convs.0.conv.weight": (2, 4, 3, 3),
        "decoder.seg_layers.0.weight": (3, 2, 1, 1),
    }
