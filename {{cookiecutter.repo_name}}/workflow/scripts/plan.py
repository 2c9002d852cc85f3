"""Run nnU-Net's planning and preprocessing, with our changes to its plans and our splits.

nnU-Net splits by file, so two sessions of one subject may be on both sides; our splits are by
subject.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from model_lint.nnunet.plans import resolve
from model_lint.nnunet.plans_problems import Use, plans_problems

from case_table import Row, read_rows
from common import add_config_argument, fail, read_json, run_nnunet, thrift, write_json
from disk import explained, preprocessing_bytes
from locks import holding
from notes import Note, add_run_argument, code, digest, is_current, remove_note, write_note
from settings import Settings, SettingsError, load, merge


def apply_overrides(
    plans: Mapping[str, Any], configuration: str, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return nnU-Net's plans with ``overrides`` in one configuration.

    Raises:
        ValueError: if nnU-Net did not plan the configuration, or could not train it.
    """
    configurations = plans["configurations"]
    if configuration not in configurations:
        raise ValueError(
            f"nnU-Net does not plan {configuration} for this dataset, only "
            f"{', '.join(configurations)}; change nnunet.configuration in config.yaml"
        )
    changed = merge(configurations[configuration], overrides)
    made = {**plans, "configurations": {**configurations, configuration: changed}}
    if overrides:
        _check(made, configuration)
    return made


def _check(plans: Mapping[str, Any], configuration: str) -> None:
    """Refuse changed plans that model-lint would refuse: nnU-Net fails with them, but later."""
    resolved = resolve(plans, configuration)
    channels = len(plans["foreground_intensity_properties_per_channel"])
    if isinstance(resolved, str):
        raise ValueError(f"nnunet.plans in config.yaml: {resolved}")
    for problem in plans_problems(plans, resolved, Use(configuration, channels)):
        where = ".".join(str(step) for step in problem.steps[1:-1])
        raise ValueError(f"nnunet.plans.{where} in config.yaml: {problem.message}")


def nnunet_splits(fold_of: Mapping[str, str]) -> list[dict[str, list[str]]]:
    """Return nnU-Net's ``splits_final.json``, which lists cases.

    Args:
        fold_of: training case -> the number of the fold that it validates, or an empty text.
    """
    result = []
    for fold in range(1 + max((int(number) for number in fold_of.values() if number), default=-1)):
        validation = sorted(case for case, number in fold_of.items() if number == str(fold))
        result.append({"train": sorted(set(fold_of) - set(validation)), "val": validation})
    return result


def depends_on(settings: Settings, training: Iterable[Row]) -> str:
    """Return a digest of what the preprocessed data depend on."""
    nnunet = settings.nnunet
    return digest(
        settings.dataset_name,
        [(row.case, row.digest) for row in training],
        read_json(settings.raw / "dataset.json"),
        [nnunet.planner, nnunet.plans_name, nnunet.configuration, nnunet.plans],
        importlib.metadata.version("nnunetv2"),
        code("plan"),
    )


def plan(settings: Settings, jobs: int, run: int = 0) -> None:
    """Fingerprint, plan and preprocess unless that is up to date; then write the splits.

    Raises:
        ValueError, RuntimeError, OSError: with one line that says what is wrong.
    """
    if settings.nnunet.network != "nnU-Net":
        raise ValueError(
            f"nnunet.network: nnU-Net has no network {settings.nnunet.network}: replace the steps "
            "plan_preprocess, train, predict and pack in workflow/Snakefile, or change this value "
            "to nnU-Net"
        )
    check_names(settings)
    rows = [row for row in read_rows(settings.work / "conversion.csv") if row.set == "train"]
    made_from = depends_on(settings, rows)
    if is_current(settings.work, "plan_preprocess", made_from, run):
        print(f"{settings.preprocessed}: is up to date")
    else:
        remove_note(settings.work, "plan_preprocess")
        _preprocess(settings, jobs)
        write_note(settings.work, "plan_preprocess", Note(made_from, {}, run), _made(settings))
    splits = nnunet_splits({row.case: row.fold for row in rows})
    write_json(settings.preprocessed / "splits_final.json", splits)


def check_names(settings: Settings) -> None:
    """Refuse what an earlier configuration left: nnU-Net takes one name for each dataset id.

    Raises:
        ValueError: with one line that names the folder.
    """
    for root in (settings.raw, settings.preprocessed, settings.model.parent):
        for other in sorted(root.parent.glob(f"Dataset{settings.dataset.id:03d}_*")):
            if other.name not in {settings.dataset_name, f"{settings.dataset_name}.part"}:
                raise ValueError(
                    f"{other}: is of an earlier dataset.name with the same id; move or delete it, "
                    "or change the name or the id in config.yaml"
                )


def _preprocess(settings: Settings, jobs: int) -> None:
    number, nnunet = str(settings.dataset.id), settings.nnunet
    environment = settings.environment() | thrift(jobs, "cpu")

    def step(name: str, *arguments: str) -> None:
        try:
            run_nnunet(name, *arguments, environment=environment)
        except RuntimeError as error:
            kept = f"the converted dataset, {settings.raw}"
            raise explained(error, settings.work, preprocessing_bytes(settings), kept) from None

    step(
        "nnUNetv2_extract_fingerprint",
        *("-d", number, "--verify_dataset_integrity", "--clean", "-np", str(jobs)),
    )
    step(
        "nnUNetv2_plan_experiment",
        *("-d", number, "-pl", nnunet.planner, "-overwrite_plans_name", nnunet.plans_name),
    )
    plans_file = settings.preprocessed / f"{nnunet.plans_name}.json"
    plans = apply_overrides(read_json(plans_file), nnunet.configuration, nnunet.plans)
    write_json(plans_file, plans)
    step(
        "nnUNetv2_preprocess",
        *("-d", number, "-plans_name", nnunet.plans_name),
        *("-c", nnunet.configuration, "-np", str(jobs)),
    )


def _made(settings: Settings) -> list[Path]:
    """Return the files that a training of this configuration reads, without the splits."""
    folder, plans_file = settings.preprocessed, f"{settings.nnunet.plans_name}.json"
    plans = resolve(read_json(folder / plans_file), settings.nnunet.configuration)
    data = plans["data_identifier"] if isinstance(plans, dict) else ""
    files = [*(folder / data).glob("*"), *(folder / "gt_segmentations").glob("*")]
    names = ("dataset.json", "dataset_fingerprint.json", plans_file)
    return [*files, *(folder / name for name in names)]


def main(argv: list[str] | None = None) -> int:
    """Plan and preprocess the converted dataset."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        with holding(settings.work, read=("raw",), change=("preprocessed",)):
            plan(settings, arguments.jobs, arguments.run)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
