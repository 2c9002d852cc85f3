"""Compare the predictions of the test set with the references.

Writes tables (one line for each image and label; one for each label and group), figures, and the
results of the model card. ``evaluation`` in config.yaml says what each label is, the tolerances,
the groups, and other models or raters to compare with.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bids import find_samples
from case_table import Row, read_rows
from common import add_config_argument, fail, stopped, write_text
from comparisons import Source, compare_all
from estimates import estimate
from evaluation_settings import MODEL
from groups import find_groups
from locks import holding
from report import to_markdown
from results import Result, main_number, to_csv
from settings import Settings, SettingsError, load
from summary import summary_csv

Volumes = Mapping[str, Source]
"""Where the label map of each case is."""
NAMED = 3
"""How many of the worst cases are named at the end."""


def test_rows(settings: Settings) -> list[Row]:
    """Return the cases of the test set.

    Raises:
        ValueError: if there is none.
    """
    rows = [row for row in read_rows(settings.work / "conversion.csv") if row.set == "test"]
    if not rows:
        raise ValueError("the test set is empty; see conversion.csv in the work folder")
    return rows


def evaluate(
    settings: Settings,
    volumes: Volumes,
    groups: Mapping[str, Mapping[str, str]],
    jobs: int = 1,
    who: str = MODEL,
) -> list[Result]:
    """Compare label maps with the references of the test set.

    Args:
        settings: what is measured.
        volumes: the label maps; cases without one are left out.
        groups: case -> name of the group -> value.
        jobs: the number of processes.
        who: whose label maps these are.

    Raises:
        ValueError: with a line for each that is invalid, or not on the grid of its reference.
        RuntimeError: if a process was killed; what it finished is kept.
    """
    rows = [row for row in test_rows(settings) if row.case in volumes]
    found = compare_all(settings, {row.case: volumes[row.case] for row in rows}, jobs, who)
    return [
        Result(row.case, row.subject, label, numbers, groups.get(row.case, {}))
        for row in rows
        for label, numbers in found[row.case].items()
    ]


def own_volumes(settings: Settings) -> Volumes:
    """Return the predictions of the model.

    Raises:
        ValueError: if one is missing.
    """
    folder = settings.work / "predictions"
    paths = {row.case: folder / f"{row.case}.nii.gz" for row in test_rows(settings)}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise ValueError(f"{missing[0]} is missing; run the prediction again")
    return paths


def other_volumes(settings: Settings, folder: Path) -> Volumes:
    """Return the label maps of another model or rater.

    The folder has one file for each case (``CASE.nii.gz``, with the values of ``labels``), or label
    files as those of the dataset (``sub-001/anat/sub-001_T2w_label-SC_seg.nii.gz``).

    Raises:
        ValueError: if it has none of the test set.
    """
    cases = {row.case for row in test_rows(settings)}
    found: Volumes
    if any(folder.glob("sub-*/")):
        dataset = replace(settings.dataset, labels_folder=str(folder.resolve()))
        samples = [sample for sample in find_samples(dataset)[0] if sample.case in cases]
        found = {sample.case: sample for sample in samples}
    else:
        paths = {case: folder / f"{case}.nii.gz" for case in sorted(cases)}
        found = {case: path for case, path in paths.items() if path.is_file()}
    if not found:
        raise ValueError(
            f"{folder}: has no label map of the test set, as {min(cases)}.nii.gz or as label files "
            "in folders of subjects; see evaluation.compare in config.yaml"
        )
    return found


def rank(results: Iterable[Result]) -> dict[str, float]:
    """Return the mean over labels of each case's main number, the worst case first.

    Cases in which no label has one (nothing is there, and nothing is predicted) are left out.
    """
    by_case: dict[str, list[float]] = {}
    for result in results:
        if np.isfinite(number := main_number(result)):
            by_case.setdefault(result.case, []).append(number)
    means = {case: statistics.fmean(numbers) for case, numbers in by_case.items()}
    return dict(sorted(means.items(), key=lambda item: item[1]))


def write_outputs(
    settings: Settings, results: list[Result], others: Mapping[str, list[Result]]
) -> None:
    """Write the tables, the figures and the results of the model card."""
    # Here, because each process of the comparison loads this module, and needs no Matplotlib.
    from figures import draw_differences, draw_groups, draw_metrics
    from montage import draw_montage

    tables, figures = settings.evaluation.results, settings.evaluation.figures
    write_text(tables / "test_metrics.csv", to_csv(results))
    for name, theirs in others.items():
        write_text(tables / f"test_metrics_{name}.csv", to_csv(theirs))
    write_text(tables / "test_summary.csv", summary_csv(settings, results, others))
    drawn = [
        draw_metrics(settings, results, figures / "metrics.svg"),
        draw_groups(settings, results, figures / "groups.svg"),
        draw_differences(settings, results, others, figures / "differences.svg"),
        draw_montage(settings, rank(results), figures / "montage.png"),
    ]
    shown = [path for path in drawn if path is not None]
    write_text(tables / "test_results.md", to_markdown(settings, results, others, shown) + "\n")


def _evaluate_all(settings: Settings, jobs: int) -> tuple[list[Result], list[str]]:
    """Evaluate the model and what it is compared with, write all; return the model's results."""
    groups, notes = find_groups(settings, {r.case: r.subject for r in test_rows(settings)})
    results = evaluate(settings, own_volumes(settings), groups, jobs)
    others = {
        name: evaluate(settings, other_volumes(settings, folder), groups, jobs, name)
        for name, folder in settings.evaluation.compare.items()
    }
    write_outputs(settings, results, others)
    return results, notes


def too_low(settings: Settings, results: list[Result]) -> list[str]:
    """Return a line for each label whose mean Dice is lower than config.yaml requires."""
    lines = []
    for label, least in settings.evaluation.minimum_dice.items():
        value = estimate([r for r in results if r.label == label], "dice").value
        if not value >= least:  # true also if it is not defined
            what = f"is {value:.3f}" if np.isfinite(value) else "is not defined"
            lines.append(f"mean Dice of {label} {what}; config.yaml requires {least}")
    return lines


def main(argv: list[str] | None = None) -> int:
    """Compare the predictions of the test set with the references."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        with holding(settings.work, read=("raw", "predictions")):
            results, notes = _evaluate_all(settings, arguments.jobs)
        low = too_low(settings, results)
    except (SettingsError, ValueError, OSError, RuntimeError) as error:
        return fail(error)
    except KeyboardInterrupt:
        return stopped()
    print((settings.evaluation.results / "test_results.md").read_text(encoding="utf-8"))
    for case, number in list(rank(results).items())[:NAMED]:
        print(f"among the worst: {case} ({number:.3f})")
    for note in notes:
        print(f"note: {note}")
    for line in low:
        fail(line)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
