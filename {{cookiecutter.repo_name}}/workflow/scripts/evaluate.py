"""Compare the predictions of the test set with the references.

Writes a table with one line per case and label, two figures, and the results in the README between
``<!-- results:begin -->`` and ``<!-- results:end -->``.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import re
import statistics
import sys
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from common import add_config_argument, fail, read_json, write_text
from convert import read_rows
from figures import Case, draw_metrics, draw_montage
from metrics import Agreement, agreement
from settings import Settings, SettingsError, load

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


@dataclass(frozen=True)
class Result:
    """Agreement of one label in one case."""

    case: str
    subject: str
    label: str
    agreement: Agreement


def compare(
    reference: np.ndarray,
    prediction: np.ndarray,
    spacing: tuple[float, ...],
    labels: Mapping[str, tuple[int, ...]],
    ignore: int | None = None,
) -> dict[str, Agreement]:
    """Compare two label maps, label by label; a region is the union of its values.

    Voxels whose reference is the ignore label are ignored in both maps.
    """
    if ignore is not None:
        prediction = np.where(reference == ignore, 0, prediction)
    return {
        name: agreement(np.isin(reference, values), np.isin(prediction, values), spacing)
        for name, values in labels.items()
    }


def evaluate(settings: Settings) -> list[Result]:
    """Compare every test case.

    Raises:
        ValueError: if a prediction is missing or has another shape than its reference.
    """
    results = []
    for row in read_rows(settings.work / "conversion.csv"):
        if row.set != "test":
            continue
        reference: Any = nib.load(settings.raw / "labelsTs" / f"{row.case}.nii.gz")
        path = settings.work / "predictions" / f"{row.case}.nii.gz"
        if not path.is_file():
            raise ValueError(f"{path} is missing; run the prediction again")
        prediction: Any = nib.load(path)
        if prediction.shape != reference.shape:
            raise ValueError(f"{path}: shape {prediction.shape}, reference {reference.shape}")
        found = compare(
            np.asanyarray(reference.dataobj),
            np.asanyarray(prediction.dataobj),
            tuple(float(size) for size in reference.header.get_zooms()),
            settings.labels,
            settings.ignore,
        )
        results += [Result(row.case, row.subject, name, value) for name, value in found.items()]
    if not results:
        raise ValueError("the test set is empty; see conversion.csv in the work folder")
    return results


def to_csv(results: Iterable[Result]) -> str:
    """Return results as the text of a CSV file; a distance that does not exist is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["case", "subject", "label", *(field.name for field in fields(Agreement))])
    for result in results:
        numbers = ["" if math.isnan(n) else f"{n:.4f}" for n in astuple(result.agreement)]
        writer.writerow([result.case, result.subject, result.label, *numbers])
    return text.getvalue()


def mean_dice(results: Iterable[Result]) -> dict[str, float]:
    """Return the mean Dice of each label over all cases."""
    values: dict[str, list[float]] = {}
    for result in results:
        values.setdefault(result.label, []).append(result.agreement.dice)
    return {label: statistics.fmean(numbers) for label, numbers in values.items()}


def to_markdown(results: Iterable[Result], data: str, figures: Iterable[Path] = ()) -> str:
    """Return the results in Markdown: one sentence, a table, the figures."""
    results = list(results)
    cases, subjects = {r.case for r in results}, {r.subject for r in results}
    lines = [
        f"Held-out test set of *{data}*: {_count(len(subjects), 'subject')}, "
        f"{_count(len(cases), 'image')} (mean ± standard deviation over images).",
        "",
        "| Label | Dice | ASSD (mm) | HD95 (mm) | Volume error (%) | Missed or false |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for label in dict.fromkeys(r.label for r in results):
        here = [r.agreement for r in results if r.label == label]
        one_sided = sum(math.isnan(a.assd_mm) for a in here)
        errors = [
            100 * (a.prediction_mm3 - a.reference_mm3) / a.reference_mm3
            for a in here
            if a.reference_mm3 > 0
        ]
        cells = [
            label,
            _spread((a.dice for a in here), 3),
            _spread((a.assd_mm for a in here), 2),
            _spread((a.hd95_mm for a in here), 2),
            _spread(errors, 1),
            f"{one_sided} of {len(here)}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "ASSD: average symmetric surface distance; HD95: 95th percentile of the surface distances. "
        "A label that is only in the reference is missed, one that is only in the prediction is "
        "false: both have Dice 0 and no distance. A label in neither has Dice 1 and distance 0.",
    ]
    for figure in figures:
        lines += ["", f"![{figure.stem.replace('_', ' ')}]({figure.as_posix()})"]
    return "\n".join(lines)


def fill_readme(text: str, results: str) -> str:
    """Return the text of a README with ``results`` between its two marks.

    Raises:
        ValueError: unless each mark is there once, in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"needs the lines {BEGIN} and {END} once, for the results between them")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{results}\n\n{END}{rest.split(END)[1]}"


def update_readme(path: Path, results: str) -> None:
    """Put the results into a README; print a note if it has no marks."""
    try:
        write_text(path, fill_readme(path.read_text(encoding="utf-8"), results))
    except ValueError as error:
        print(f"note: {path} is left as it is: it {error}", file=sys.stderr)


def dataset_title(bids: Path) -> str:
    """Return the name of a BIDS dataset, or of its folder if it has no name."""
    try:
        name = read_json(bids / "dataset_description.json")["Name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    # Only characters that Markdown shows as they are.
    return " ".join(re.sub(r"[^\w .,:()+-]", " ", str(name)).split()) or bids.resolve().name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spread(numbers: Iterable[float], digits: int) -> str:
    values = [number for number in numbers if not math.isnan(number)]
    if not values:
        return "–"  # noqa: RUF001 - a dash in an empty cell
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def _cases(settings: Settings, results: Iterable[Result]) -> list[Case]:
    names = dict.fromkeys(result.case for result in results)
    raw, predictions = settings.raw, settings.work / "predictions"
    return [
        Case(
            raw / "imagesTs" / f"{name}_0000.nii.gz",
            raw / "labelsTs" / f"{name}.nii.gz",
            predictions / f"{name}.nii.gz",
            statistics.fmean(r.agreement.dice for r in results if r.case == name),
        )
        for name in names
    ]


def main(argv: list[str] | None = None) -> int:
    """Compare the predictions of the test set with the references."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        results = evaluate(settings)
        wanted = settings.evaluation
        write_text(wanted.results / "test_metrics.csv", to_csv(results))
        metrics, montage = wanted.figures / "metrics.png", wanted.figures / "montage.png"
        by_label = {
            label: [r.agreement for r in results if r.label == label] for label in settings.labels
        }
        draw_metrics(by_label, metrics)
        draw_montage(_cases(settings, results), settings.labels, montage)
        shown = [
            Path(os.path.relpath(p, (wanted.readme or Path()).parent)) for p in (montage, metrics)
        ]
        text = to_markdown(results, dataset_title(settings.dataset.bids), shown)
        write_text(wanted.results / "test_metrics.md", text + "\n")
        print(text)
        if wanted.readme is not None and wanted.readme.is_file():
            update_readme(wanted.readme, text)
        low = {
            label: dice
            for label, dice in mean_dice(results).items()
            if dice < wanted.minimum_dice.get(label, 0)
        }
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)
    for label, dice in low.items():
        fail(
            f"mean Dice of {label} is {dice:.3f}, below {wanted.minimum_dice[label]} of config.yaml"
        )
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
