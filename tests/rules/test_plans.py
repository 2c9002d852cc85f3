"""The rules about plans.json and the fingerprint, each on the genuine model with one change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import (
    ABSENT,
    MODEL,
    TRAINER,
    Case,
    Change,
    Files,
    architecture,
    assert_case,
    changed,
    configuration,
    dataset,
    drop,
    edit,
    findings,
    move,
    network,
    package,
    plans,
    put,
    rename_trainer,
)
from catalogue.plans import old_format
from model_lint.findings import Severity

NAN, INFINITY = float("nan"), float("inf")
W, E, I = Severity.WARNING, Severity.ERROR, Severity.INFO  # noqa: E741 (as in the table of rules)
PLANS = (MODEL / "plans.json").read_text(encoding="utf-8")
CLASS = (MODEL / "trainer_class.py").read_text(encoding="utf-8")
INTENSITIES = "foreground_intensity_properties_per_channel"


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, **more)


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, fires=False, **more)


def resampling(change: dict[str, Any]) -> Change:
    """Set arguments of the resampling of images."""
    return configuration(lambda held: held["resampling_fn_data_kwargs"].update(change))


def intensities(change: dict[str, Any]) -> Change:
    """Set intensities of the only channel."""
    return plans(lambda value: value[INTENSITIES]["0"].update(change))


def of_ct(change: dict[str, Any]) -> Callable[[Files], None]:
    """Normalise as CT, with these intensities in the plans and in the fingerprint."""

    def changes(files: Files) -> None:
        configuration({"normalization_schemes": ["CTNormalization"]})(files)
        intensities(change)(files)
        fingerprint(lambda value: value[INTENSITIES]["0"].update(change))(files)

    return changes


def fingerprint(change: Callable[[Any], Any] | dict[str, Any]) -> Change:
    return edit("dataset_fingerprint.json", change)


def inherit(name: str, **more: Any) -> Change:
    """Let the configuration inherit all it has from another."""

    def change(value: Any) -> None:
        held = value["configurations"]
        held["base"] = held["2d"]
        held["2d"] = {"inherits_from": name, **more}

    return plans(change)


def two_channels(*names: str) -> Change:
    """Say that the model reads these channels."""
    return dataset({"channel_names": {str(i): name for i, name in enumerate(names)}})


CASES = [
    silent("P001", "the genuine model"),
    case("P001", "cut off", put("plans.json", PLANS[:-3]), at="plans.json", says="can't be read"),
    case(
        "P001",
        "a list",
        put("plans.json", "[]"),
        says="must contain an object",
        line=1,
        judged="plans-list",
    ),
    case("P001", "empty", put("plans.json", ""), says="empty"),
    case("P001", "byte order mark", put("plans.json", f"\ufeff{PLANS}"), says="byte order mark"),
    case(
        "P001",
        "git-lfs pointer",
        put("plans.json", "version https://git-lfs.github.com/spec/v1\n"),
        says="git-lfs",
    ),
    case(
        "P001",
        "no configurations",
        plans({"configurations": ABSENT}),
        severity=E,
        judged="plans-no-configurations",
    ),
    case("P001", "configurations a list", plans({"configurations": []})),
    case(
        "P001",
        "key twice",
        put("plans.json", PLANS.replace("{", '{\n"plans_name": "x",', 1)),
        says="the key `plans_name` is a duplicate",
    ),
    silent(
        "P001",
        "windows line ends",
        put("plans.json", PLANS.replace("\n", "\r\n")),
        judged="plans-crlf",
    ),
    silent(
        "P001",
        "one line",
        put("plans.json", json.dumps(json.loads(PLANS))),
        judged="plans-one-line",
    ),
    silent("P001", "more keys", plans({"note": "ours"})),
    silent("P001", "no plans at all", drop("plans.json")),
    case(
        "P002",
        "a configuration of another name",
        plans({"configurations": {"3d_fullres": {}}}),
        says="`2d` is not in `configurations` (it has `3d_fullres`)",
        at="plans.json",
        severity=E,
    ),
    case("P002", "none", plans({"configurations": {}}), says="it is empty"),
    case("P002", "not an object", plans({"configurations": {"2d": []}}), says="not an object"),
    case("P002", "parent missing", inherit("nowhere"), says="`nowhere`"),
    case("P002", "parent null", configuration({"inherits_from": None}), says="`null`"),
    case(
        "P002",
        "own parent",
        configuration({"inherits_from": "2d"}),
        says="from itself",
        judged="plans-parent-self",
    ),
    silent("P002", "inherits all", inherit("base")),
    silent("P002", "inherits and overrides", inherit("base", batch_size=2)),
    silent(
        "P002",
        "another configuration is broken",
        plans(lambda p: p["configurations"].update(x={"inherits_from": "y"})),
    ),
    # The checkpoint says which configuration is loaded, not the folder (C005 compares them).
    silent("P002", "folder renamed", rename_trainer("nnUNetTrainerTiny__nnUNetPlans__2d_new")),
    case(
        "P003",
        "a folder of another name",
        rename_trainer("nnUNetTrainerTiny__nnUNetResEncMPlans__2d"),
        says="`plans_name` is `nnUNetPlans`, but the folder's name says `nnUNetResEncMPlans`",
        severity=W,
    ),
    case("P003", "name changed", plans({"plans_name": "mine"}), at="plans.json"),
    silent("P003", "no name", plans({"plans_name": ABSENT})),
    silent(
        "P003",
        "both renamed",
        plans({"plans_name": "X"}),
        rename_trainer("nnUNetTrainerTiny__X__2d"),
    ),
    case(
        "P004",
        "plans in the old format",
        plans(old_format),
        says="`2d` has `UNet_class_name`",
        severity=W,
    ),
    silent(
        "P004",
        "both formats",
        configuration({"UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 4}),
    ),
    case(
        "P005",
        "a configuration that needs a stage before",
        configuration({"previous_stage": "3d_lowres"}),
        says="`2d` needs the output of `3d_lowres`",
        severity=E,
    ),
    silent(
        "P005", "none before", configuration({"previous_stage": None}), judged="plans-cascade-null"
    ),
    silent("P005", "the first stage", configuration({"next_stage": "3d_cascade_fullres"})),
    case(
        "P006",
        "not JSON",
        put("dataset_fingerprint.json", "{"),
        at="dataset_fingerprint.json",
        says="can't be read",
        severity=W,
        judged="fingerprint-invalid",
    ),
    case("P006", "another file", put("dataset_fingerprint.json", '{"labels": {}}')),
    case("P006", "no intensities", fingerprint({INTENSITIES: ABSENT})),
    case(
        "P006",
        "one spacing more than shapes",
        fingerprint(lambda f: f["spacings"].append([1, 1, 1])),
        says="different numbers",
        example=True,
    ),
    case(
        "P006",
        "intensities of another data set",
        fingerprint(lambda f: f[INTENSITIES]["0"].update(mean=1.5)),
        says="differs from that in plans.json",
        severity=I,
    ),
    silent("P006", "none", drop("dataset_fingerprint.json")),
    silent("P006", "older keys", fingerprint({"median_relative_size_after_cropping": ABSENT})),
    case(
        "P007",
        "no `transpose_forward`",
        plans({"transpose_forward": ABSENT}),
        says="`transpose_forward`",
        at="plans.json",
        severity=E,
        judged="plans-no-transpose",
    ),
    case(
        "P007", "transposes differ", plans({"transpose_forward": [1, 0, 2]}), says="does not undo"
    ),
    silent(
        "P007",
        "transposes undo",
        plans({"transpose_forward": [1, 2, 0], "transpose_backward": [2, 0, 1]}),
    ),
    case(
        "P007",
        "no intensities",
        plans({INTENSITIES: ABSENT}),
        says="is missing",
        judged="plans-no-intensities",
    ),
    case(
        "P007",
        "no channel",
        plans({INTENSITIES: {}}),
        says="no entry for channel 0",
        also={"P006"},
        judged="plans-intensities-empty",
    ),
    case(
        "P007",
        "an unknown image_reader_writer",
        plans({"image_reader_writer": "MyIO"}),
        says="`MyIO`",
        judged="plans-reader-unknown",
    ),
    case(
        "P007",
        "no image_reader_writer",
        plans({"image_reader_writer": ABSENT}),
        says="is missing",
        judged="plans-reader-missing",
    ),
    case(
        "P007",
        "label manager",
        plans({"label_manager": "MyLabels"}),
        says="`MyLabels`",
        judged="plans-label-manager",
    ),
    case("P007", "preprocessor", configuration({"preprocessor_name": "Mine"}), says="`Mine`"),
    case("P007", "no resampling", configuration({"resampling_fn_seg": ABSENT}), says="missing"),
    *(
        case("P007", f"{what} of a CT", of_ct(values), says=f"channel 0, not `{shown}")
        for what, values, shown in (
            ("mean NaN", {"mean": NAN}, "mean: NaN"),
            ("deviation NaN", {"std": NAN}, "std: NaN"),
            ("percentile infinite", {"percentile_99_5": INFINITY}, "percentile_99_5: Infinity"),
            ("percentile minus infinite", {"percentile_00_5": -INFINITY}, "percentile_00_5: -Infi"),
            ("mean huge", {"mean": 10**400}, "mean: 1000"),
            ("all NaN", {"mean": NAN, "std": NAN}, "mean: NaN` and `std: NaN"),
            ("mean null", {"mean": None}, "mean: null"),
        )
    ),
    *(
        case("P007", f"{key} {value}", configuration({key: value}), says=f"`{key}`")
        for key, value in (
            ("spacing", [NAN, 0.5]),
            ("spacing", [0.5, INFINITY]),
            ("spacing", [10**400, 1]),
            ("spacing", [True, 1]),
            ("patch_size", [NAN, 48]),
            ("patch_size", [48, INFINITY]),
        )
    ),
    *(
        case("P007", f"{key} {value}", network({key: value}), says=f"can't compute with `{shown}`")
        for key, value, shown in (
            ("norm_op_kwargs", {"eps": NAN, "affine": True}, "NaN"),
            ("norm_op_kwargs", {"eps": INFINITY, "affine": True}, "Infinity"),
            ("nonlin_kwargs", {"negative_slope": NAN}, "NaN"),
            ("nonlin_kwargs", {"negative_slope": -INFINITY}, "-Infinity"),
            ("dropout_op_kwargs", {"p": [0, NAN]}, "NaN"),
        )
    ),
    case(
        "P007",
        "order NaN",
        resampling({"order": NAN}),
        says="`order` is `NaN`",
        judged="plans-nan-order",
    ),
    silent(
        "P007",
        "NaN for an order of resampling between slices",
        resampling({"order_z": NAN}),
        judged="plans-nan-order-z",
    ),
    silent(
        "P007",
        "NaN for the anisotropy of resampling",
        resampling({"separate_z_anisotropy_threshold": NAN}),
        judged="plans-nan-threshold",
    ),
    silent(
        "P007",
        "NaN that nothing reads",
        intensities({"mean": NAN, "std": NAN}),
        also={"P006"},
        judged="plans-nan-unread",
    ),
    silent("P007", "median NaN of a CT", of_ct({"median": NAN, "min": NAN})),
    silent("P006", "NaN in both files", of_ct({"median": NAN})),
    silent("P007", "batch size NaN", configuration({"batch_size": NAN})),
    *(
        case("P007", f"network {name}", architecture({"network_class_name": name}), says=says)
        for name, says in {
            "nnunetv2.nets.UMambaBot_2d.UMambaBot": "SCT's nnU-Net has no network",
            "nnunetv2.training.nnUNetTrainer.STUNetTrainer.STUNet": "SCT's nnU-Net has no network",
            "nnunetv2.networks.SwinUNETR": "`nnunetv2.networks.SwinUNETR`",
            "nnunetv2.MedNeXt": "`nnunetv2.MedNeXt`",
            "nnunetv2.utilities.network_initialization.Net": "has no network",
            "my.nets.UMamba": "an SCT installation has no network",
        }.items()
    ),
    case(
        "P007",
        "a part that nnU-Net lacks",
        network({"nonlin": "nnunetv2.nets.layers.Swish"}),
        says="SCT's nnU-Net has no `nnunetv2.nets.layers.Swish`",
    ),
    case("P007", "no patch", configuration({"patch_size": ABSENT}), says="patch_size"),
    case("P007", "odd patch", configuration({"patch_size": [48, 50]}), says="not a multiple of 8"),
    case("P007", "spacing", configuration({"spacing": [1.0]}), says="1 axis"),
    case(
        "P007",
        "normalisation",
        configuration({"normalization_schemes": []}),
        says="0 entries",
        judged="plans-norm-empty",
    ),
    case(
        "P007",
        "mask",
        configuration({"use_mask_for_norm": [0]}),
        says="contains `0`",
        judged="plans-mask-number",
    ),
    case(
        "P007",
        "no architecture",
        configuration({"architecture": ABSENT}),
        says="not described",
        judged="plans-no-architecture",
    ),
    case("P007", "three dimensions", network({"conv_op": "torch.nn.Conv3d"}), says="needs Conv2d"),
    case("P007", "stages", network({"n_conv_per_stage_decoder": [2]}), says="needs 3"),
    case("P007", "argument", network({"depth": 3}), says="does not take `depth`"),
    case(
        "P007",
        "unknown network",
        configuration(lambda c: c["architecture"].update(network_class_name="my.nets.SuperUNet")),
        says="no network `my.nets.SuperUNet`",
        judged="plans-class-unknown",
    ),
    silent(
        "P007",
        "a network of its own trainer",
        put("trainer_class.py", f"{CLASS}\n# build_network_architecture\n"),
        configuration(lambda c: c["architecture"].update(network_class_name="my.nets.SuperUNet")),
    ),
    case(
        "P007",
        "a channel without normalisation",
        two_channels("t1", "t2"),
        plans(lambda p: p[INTENSITIES].update({"1": {}})),
        fingerprint(lambda f: f[INTENSITIES].update({"1": {}})),
        says="1 entry for 2 channels",
    ),
    silent(
        "P007",
        "more normalisations than channels",
        configuration({"normalization_schemes": ["ZScoreNormalization", "x"]}),
    ),
    silent(
        "P007",
        "by modality",
        plans(lambda p: p.update(foreground_intensity_properties_by_modality=p.pop(INTENSITIES))),
    ),
    silent(
        "P007",
        "no label manager",
        plans({"label_manager": ABSENT}),
        judged="plans-no-label-manager",
    ),
    silent("P007", "another dataset.json", drop("dataset.json")),
    silent(
        "P007",
        "a broken one that is not loaded",
        plans(lambda p: p["configurations"].update({"3d_fullres": {"patch_size": []}})),
    ),
    *(
        case("P008", f"{key} is {name}", network({key: name}), says=f"`{key}` is `{name}`", **more)
        for key, name, more in (
            ("nonlin", "os.system", {"severity": E, "at": "plans.json"}),
            ("nonlin", "open", {}),
            ("nonlin", "torch.nn.functional.relu", {}),
            ("nonlin", "torch.nn.modules.module.functools.partial", {}),
            ("norm_op", "torch.hub.load", {}),
            ("dropout_op", "subprocess.call", {}),
            ("nonlin", "nnunetv2.paths.os.system", {}),
            ("nonlin", "nnunetv2.utilities.helpers.softmax_helper_dim1", {}),
            ("nonlin", "a_package_of_somebody.run", {}),
            ("nonlin", "nnunetv2..paths.os.system", {}),
            ("nonlin", ".os.system", {}),
        )
    ),
    *(
        case("P008", f"network {name}", architecture({"network_class_name": name}))
        for name in (
            "logging.basicConfig",
            "torch.hub.load",
            "antigravity.PlainConvUNet",
            "nnunetv2.paths.os.system",
            "nnunetv2.utilities.helpers.empty_cache",
            "nnunetv2.utilities.find_objects.os",
            "nnunetv2.dataset_conversion.convert_MSD_dataset.entry_point",
            "nnunetv2.paths",
            "nnunetv2..paths.os.system",
            "nnunetv2.paths.__builtins__.get",
            ".os.system",
        )
    ),
    case(
        "P008",
        "an argument that nobody builds",
        network({"deep_supervision": "antigravity.x"}),
        architecture(lambda a: a["_kw_requires_import"].append("deep_supervision")),
    ),
    *(
        silent("P008", f"{key} is {name}", network({key: name}))
        for key, name in (
            ("nonlin", "torch.nn.GELU"),
            ("nonlin", "torch.nn.modules.activation.ReLU"),
            ("dropout_op", "torch.nn.modules.dropout.Dropout2d"),
        )
    ),
    silent(
        "P008",
        "a wrong module before the right class",
        architecture({"network_class_name": "dynamic_network_architectures.nets.PlainConvUNet"}),
        judged="plans-class-moved",
    ),
    silent("P008", "no module", architecture({"network_class_name": "PlainConvUNet"})),
    silent(
        "P008",
        "parts of its own trainer",
        put("trainer_class.py", f"{CLASS}\n# build_network_architecture\n"),
        network({"nonlin": "monai.networks.blocks.Swish"}),
    ),
    silent(
        "P008",
        "one that is not loaded",
        plans(
            lambda p: p["configurations"]["3d_fullres"]["architecture"].update(
                network_class_name="logging.basicConfig"
            )
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "P")


@pytest.mark.parametrize("value", [None, 1, "x" * 5000, [1], {"a": {}}, [[[]]], True, float("nan")])
@pytest.mark.parametrize("key", ["plans_name", "configurations", "transpose_forward", INTENSITIES])
def test_any_value_ends_in_a_verdict_of_one_line(tmp_path: Path, key: str, value: Any) -> None:
    for finding in findings(package(tmp_path, plans({key: value})), "P"):
        assert finding.code.startswith("P")
        assert "\n" not in finding.message
        assert len(finding.message) < 300


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    (found,) = findings(package(tmp_path, configuration({"patch_size": [48, 50]})), "P")
    assert found.line is not None
    assert found.source is not None
    assert found.source.text == "50"


def test_what_is_inherited_is_shown_at_the_configuration(tmp_path: Path) -> None:
    changes = (configuration({"patch_size": [48, 50]}), inherit("base"))
    (found,) = findings(package(tmp_path, *changes), "P")
    assert found.source is not None
    assert found.source.text.startswith('"2d"')


def test_plans_beside_the_folder_are_judged_where_they_are(tmp_path: Path) -> None:
    path = package(tmp_path, move("plans.json", f"/{TRAINER}/Plans.json"))
    assert findings(path, "P") == []
