"""The model of plans.json: inheritance, the network it describes, what prediction needs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.nnunet.networks import OLD_KEYS, network
from model_lint.nnunet.plans import resolve
from model_lint.nnunet.plans_problems import Use, plans_problems

MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
PLANS: dict[str, Any] = json.loads((MODEL / "plans.json").read_text(encoding="utf-8"))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def changed(*steps: str | int, value: Any) -> dict[str, Any]:
    plans = copy.deepcopy(PLANS)
    at: Any = plans
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] = value
    return plans


def without(*steps: str | int) -> dict[str, Any]:
    plans = changed(*steps, value=None)
    at: Any = plans
    for step in steps[:-1]:
        at = at[step]
    del at[steps[-1]]
    return plans


def messages(plans: dict[str, Any], channels: int | None = 1) -> list[str]:
    configuration = resolve(plans, "2d")
    assert isinstance(configuration, dict)
    return [
        problem.message for problem in plans_problems(plans, configuration, Use("2d", channels))
    ]


def old_format() -> dict[str, Any]:
    """The same network as nnU-Net 2.2 described it."""
    plans = copy.deepcopy(PLANS)
    configuration = plans["configurations"]["2d"]
    kwargs = configuration.pop("architecture")["arch_kwargs"]
    configuration |= {
        "UNet_class_name": "PlainConvUNet",
        "UNet_base_num_features": 4,
        "unet_max_num_features": 16,
        "n_conv_per_stage_encoder": kwargs["n_conv_per_stage"],
        "n_conv_per_stage_decoder": kwargs["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [3, 3],
        "pool_op_kernel_sizes": kwargs["strides"],
        "conv_kernel_sizes": kwargs["kernel_sizes"],
    }
    return plans


def test_genuine_plans_have_no_defect() -> None:
    assert messages(PLANS) == []


def test_a_child_overrides_its_parents() -> None:
    plans = copy.deepcopy(PLANS)
    plans["configurations"]["child"] = {"inherits_from": "2d", "batch_size": 3}
    plans["configurations"]["grandchild"] = {"inherits_from": "child", "spacing": [1, 1]}
    resolved = resolve(plans, "grandchild")
    assert isinstance(resolved, dict)
    assert (resolved["batch_size"], resolved["spacing"]) == (3, [1, 1])
    assert resolved["architecture"] == PLANS["configurations"]["2d"]["architecture"]


@pytest.mark.parametrize(
    ("configurations", "reason"),
    [
        ({"3d_fullres": {}}, "`2d` is not in"),
        ({"2d": {"inherits_from": "base"}}, "`base` is not in"),
        ({"2d": {"inherits_from": None}}, "`null` is not in"),
        ({"2d": {"inherits_from": "2d"}}, "inherits from itself"),
        ({"2d": {"inherits_from": "x"}, "x": {"inherits_from": "2d"}}, "inherits from itself"),
        ({"2d": []}, "not an object"),
    ],
)
def test_a_configuration_that_nnunet_cannot_resolve(
    configurations: dict[str, Any], reason: str
) -> None:
    resolved = resolve({"configurations": configurations}, "2d")
    assert isinstance(resolved, str)
    assert reason in resolved


def test_the_old_format_describes_the_same_network() -> None:
    new, old = resolve(PLANS, "2d"), resolve(old_format(), "2d")
    assert isinstance(new, dict)
    assert isinstance(old, dict)
    assert network(old) == network(new)
    assert messages(old_format()) == []


@pytest.mark.parametrize("key", OLD_KEYS)
def test_the_old_format_needs_all_its_keys(key: str) -> None:
    plans = old_format()
    del plans["configurations"]["2d"][key]
    assert len(messages(plans)) == 1


CONFIGURATION = ("configurations", "2d")
NETWORK = (*CONFIGURATION, "architecture")
MODULE = "dynamic_network_architectures.architectures.unet"
KWARGS = (*CONFIGURATION, "architecture", "arch_kwargs")


@pytest.mark.parametrize(
    ("plans", "part"),
    [
        (without("transpose_forward"), "transpose_forward"),
        (changed("transpose_forward", value=[1, 2, 0]), "does not undo"),
        (changed("transpose_backward", value=[0, 1]), "transpose_backward"),
        (without("foreground_intensity_properties_per_channel"), "foreground_intensity"),
        (changed("foreground_intensity_properties_per_channel", value={}), "channel 0"),
        (without("image_reader_writer"), "image_reader_writer"),
        (changed("image_reader_writer", value=["SimpleITKIO"]), "image_reader_writer"),
        (changed("label_manager", value="MyLabelManager"), "label_manager"),
        (without(*CONFIGURATION, "preprocessor_name"), "preprocessor_name"),
        (changed(*CONFIGURATION, "normalization_schemes", value=[]), "0 entries for 1"),
        (changed(*CONFIGURATION, "normalization_schemes", value=["Mine"]), "Mine"),
        (changed(*CONFIGURATION, "use_mask_for_norm", value=[0]), "contains `0`"),
        (changed(*CONFIGURATION, "resampling_fn_seg", value="mine"), "resampling_fn_seg"),
        (without(*CONFIGURATION, "resampling_fn_data_kwargs"), "resampling_fn_data_kwargs"),
        (changed(*CONFIGURATION, "patch_size", value=[40, 41]), "not a multiple of 8"),
        (changed(*CONFIGURATION, "patch_size", value=[40, 40, 40]), "axes"),
        (changed(*CONFIGURATION, "patch_size", value=[]), "patch_size"),
        (changed(*CONFIGURATION, "spacing", value=[1.0]), "1 axis"),
        (changed(*CONFIGURATION, "spacing", value=[1.0] * 4), "4 axes"),
        (changed(*CONFIGURATION, "spacing", value=[1.0, 0]), "positive"),
        (without(*CONFIGURATION, "architecture"), "not described"),
        (changed(*CONFIGURATION, "architecture", value={}), "network_class_name"),
        (without(*KWARGS, "norm_op"), "names `norm_op`"),
        (without(*KWARGS, "strides"), "`strides`"),
        (changed(*KWARGS, "depth", value=3), "PlainConvUNet does not take `depth`"),
        (changed(*KWARGS, "n_blocks_per_stage", value=[2] * 4), "does not take"),
        (changed(*KWARGS, "conv_op", value="torch.nn.modules.conv.Conv3d"), "needs Conv2d"),
        (changed(*KWARGS, "conv_op", value=None), "needs Conv2d"),
        (
            changed(*NETWORK, "_kw_requires_import", value=["conv_op", "norm_op"]),
            "does not name `nonlin`",
        ),
        (changed(*NETWORK, "network_class_name", value="my.nets.SuperUNet"), "no network"),
        (changed(*NETWORK, "network_class_name", value=f"{MODULE}.SuperUNet"), "no network"),
        (changed("foreground_intensity_properties_per_channel", value={"0": None}), "channel 0"),
        (changed(*CONFIGURATION, "resampling_fn_data", value="resample_data_or_seg"), "not have"),
        (changed(*CONFIGURATION, "resampling_fn_data_kwargs", value={"k": 1}), "does not take `k`"),
        (changed(*CONFIGURATION, "resampling_fn_data_kwargs", value={"order": 9}), "0 to 5"),
        (changed(*CONFIGURATION, "resampling_fn_data_kwargs", value={"order": 3.0}), "0 to 5"),
        (changed(*KWARGS, "n_stages", value=5), "needs 5"),
        (changed(*KWARGS, "n_conv_per_stage_decoder", value=[1]), "needs 3"),
    ],
)
def test_what_prediction_stumbles_over(plans: dict[str, Any], part: str) -> None:
    found = messages(plans)
    assert any(part in message for message in found), found


def test_more_normalizations_than_channels_are_no_defect() -> None:
    values = ["ZScoreNormalization", "anything"]
    assert messages(changed(*CONFIGURATION, "normalization_schemes", value=values)) == []


@pytest.mark.parametrize(
    "plans",
    [
        changed(*CONFIGURATION, "use_mask_for_norm", value=[None]),
        changed(*CONFIGURATION, "resampling_fn_seg_kwargs", value={"order": 9}),
        changed(*CONFIGURATION, "spacing", value=[5.0, 0.5, 0.5]),
        changed(*NETWORK, "network_class_name", value="my.nets.PlainConvUNet"),
        changed(*NETWORK, "network_class_name", value="PlainConvUNet"),
        changed(*KWARGS, "deep_supervision", value=True),
        changed(*KWARGS, "nonlin", value=None),
        changed(*CONFIGURATION, "next_stage", value="3d_cascade_fullres"),
        without("label_manager"),
        without("plans_name"),
    ],
)
def test_what_nnunet_takes_is_no_defect(plans: dict[str, Any]) -> None:
    assert messages(plans) == []


def test_normalization_of_ct_needs_the_intensities() -> None:
    plans = changed(*CONFIGURATION, "normalization_schemes", value=["CTNormalization"])
    assert messages(plans) == []
    del plans["foreground_intensity_properties_per_channel"]["0"]["percentile_99_5"]
    assert messages(plans) == [
        "CTNormalization needs finite numbers for channel 0, not `percentile_99_5: null`"
    ]


def test_a_trainer_may_build_another_network() -> None:
    plans = changed(*NETWORK, "network_class_name", value="my.nets.SuperUNet")
    configuration = resolve(plans, "2d")
    assert isinstance(configuration, dict)
    assert list(plans_problems(plans, configuration, Use("2d", 1, own_network=True))) == []


def test_a_third_party_network_is_not_judged() -> None:
    plans = changed(*CONFIGURATION, "architecture", "network_class_name", value="monai.x.OtherNet")
    configuration = resolve(plans, "2d")
    assert isinstance(configuration, dict)
    assert network(configuration) is None
    assert messages(plans) == []


@given(st.sampled_from(sorted(PLANS["configurations"]["2d"])), JSON_VALUES)
def test_any_value_ends_in_a_verdict(key: str, value: Any) -> None:
    messages(changed(*CONFIGURATION, key, value=value))


@given(st.sampled_from(sorted(PLANS)), JSON_VALUES, st.integers(0, 3))
def test_any_top_value_ends_in_a_verdict(key: str, value: Any, channels: int) -> None:
    plans = changed(key, value=value)
    configuration = resolve(plans, "2d")
    if isinstance(configuration, dict):
        list(plans_problems(plans, configuration, Use("2d", channels)))


@given(st.sampled_from(sorted(PLANS["configurations"]["2d"]["architecture"]["arch_kwargs"])))
def test_every_list_of_the_network_is_counted(key: str) -> None:
    value = PLANS["configurations"]["2d"]["architecture"]["arch_kwargs"][key]
    if isinstance(value, list):
        assert messages(changed(*KWARGS, key, value=[*value, value[-1]]))
