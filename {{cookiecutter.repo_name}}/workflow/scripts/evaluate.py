"""Compare the predictions of the test set with the references.

Writes tables (one line for each image and label; one for each label and group), figures, and the
results of the model card. ``evaluation`` in config.yaml says what each label is, the tolerances,
the groups, and other models or raters to compare with.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bids import Sample, find_samples
from common import add_config_argument, fail, write_text
from convert import Row, read_rows, read_sample
from estimates import estimate
from figures import draw_differences, draw_groups, draw_metrics
from groups import find_groups
from montage import draw_montage
from orientation import reorient_image
from report import to_markdown
from results import Result, compare, main_number, to_csv
from settings import Settings, SettingsError, load
from summary import summary_csv
from volumes import read_volume, same_grid

Volumes = Mapping[str, Callable[[], Any]]
"""For each case, a function that reads its label map; only one is in memory at a time."""
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
    settings: Settings, volumes: Volumes, groups: Mapping[str, Mapping[str, str]]
) -> list[Result]:
    """Compare label maps with the references of the test set.

    Raises:
        ValueError: if one is invalid, or not on the grid of its reference.
    """
    results = []
    for row in test_rows(settings):
        if row.case not in volumes:
            continue
        reference = read_volume(settings.raw / "labelsTs" / f"{row.case}.nii.gz")
        prediction = reorient_image(volumes[row.case](), settings.image_orientation)
        if gap := same_grid(reference, prediction):
            raise ValueError(f"{row.case}: the prediction is not on the reference's grid: {gap}")
        arrays = (np.asanyarray(image.dataobj) for image in (reference, prediction))
        spacing = tuple(float(size) for size in reference.header.get_zooms())
        results += [
            Result(row.case, row.subject, label, numbers, groups.get(row.case, {}))
            for label, numbers in compare(*arrays, spacing, settings).items()
        ]
    return results


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
    return {case: partial(read_volume, path) for case, path in paths.items()}


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
        found = {sample.case: partial(_label_map, sample, settings) for sample in samples}
    else:
        paths = {case: folder / f"{case}.nii.gz" for case in sorted(cases)}
        found = {case: partial(read_volume, path) for case, path in paths.items() if path.is_file()}
    if not found:
        raise ValueError(
            f"{folder}: has no label map of the test set, as {min(cases)}.nii.gz or as label files "
            "in folders of subjects; see evaluation.compare in config.yaml"
        )
    return found


def _label_map(sample: Sample, settings: Settings) -> Any:
    return read_sample(sample, settings.image_orientation)[1]


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
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        groups, notes = find_groups(settings, {r.case: r.subject for r in test_rows(settings)})
        results = evaluate(settings, own_volumes(settings), groups)
        others = {
            name: evaluate(settings, other_volumes(settings, folder), groups)
            for name, folder in settings.evaluation.compare.items()
        }
        write_outputs(settings, results, others)
        low = too_low(settings, results)
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)
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
