"""Run nnU-Net's planning and preprocessing, with our changes to its plans and our splits.

nnU-Net splits by file, so two sessions of one subject may be on both sides; our splits are by
subject.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from common import add_config_argument, fail, read_json, run_nnunet, thrift, write_json
from convert import read_rows
from settings import Settings, SettingsError, load, merge
from splits import nnunet_splits, prepare


def apply_overrides(
    plans: Mapping[str, Any], configuration: str, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return nnU-Net's plans with ``overrides`` in one configuration.

    Raises:
        ValueError: if nnU-Net did not plan the configuration, or the network's numbers per stage
            no longer agree.
    """
    configurations = plans["configurations"]
    if configuration not in configurations:
        raise ValueError(
            f"nnU-Net does not plan {configuration} for this dataset, only "
            f"{', '.join(configurations)}; change nnunet.configuration in config.yaml"
        )
    changed = merge(configurations[configuration], overrides)
    _check_stages(changed, configuration)
    return {**plans, "configurations": {**configurations, configuration: changed}}


def _check_stages(configuration: Mapping[str, Any], name: str) -> None:
    arguments = configuration.get("architecture", {}).get("arch_kwargs", {})
    stages = arguments.get("n_stages")
    if stages is None:
        return
    wanted = {
        "features_per_stage": stages,
        "kernel_sizes": stages,
        "strides": stages,
        "n_conv_per_stage": stages,
        "n_blocks_per_stage": stages,
        "n_conv_per_stage_decoder": stages - 1,
    }
    for key, length in wanted.items():
        value = arguments.get(key)
        if isinstance(value, list) and len(value) != length:
            raise ValueError(
                f"nnunet.plans.{name}.architecture.arch_kwargs in config.yaml: {key} has "
                f"{len(value)} entries, but with n_stages {stages} it needs {length}"
            )


def plan(settings: Settings, jobs: int) -> None:
    """Fingerprint, plan, preprocess; write ``splits_final.json`` last.

    Raises:
        ValueError, RuntimeError, OSError: with one line that says what is wrong.
    """
    number = str(settings.dataset.id)
    environment = settings.environment() | thrift(jobs, "cpu")
    nnunet = settings.nnunet
    run_nnunet(
        "nnUNetv2_extract_fingerprint",
        *("-d", number, "--verify_dataset_integrity", "--clean", "-np", str(jobs)),
        environment=environment,
    )
    run_nnunet(
        "nnUNetv2_plan_experiment",
        *("-d", number, "-pl", nnunet.planner, "-overwrite_plans_name", nnunet.plans_name),
        environment=environment,
    )
    plans_file = settings.preprocessed / f"{nnunet.plans_name}.json"
    plans = apply_overrides(read_json(plans_file), nnunet.configuration, nnunet.plans)
    write_json(plans_file, plans)
    run_nnunet(
        "nnUNetv2_preprocess",
        *("-d", number, "-plans_name", nnunet.plans_name),
        *("-c", nnunet.configuration, "-np", str(jobs)),
        environment=environment,
    )
    splits, _ = prepare(settings)
    rows = read_rows(settings.work / "conversion.csv")
    cases = {row.case: row.subject for row in rows if row.set == "train"}
    write_json(settings.preprocessed / "splits_final.json", nnunet_splits(splits, cases))


def main(argv: list[str] | None = None) -> int:
    """Plan and preprocess the converted dataset."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    arguments = parser.parse_args(argv)
    try:
        plan(load(arguments.config), arguments.jobs)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
