"""The parts of the model card: the data, the limits, the training and how to repeat it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

import numpy as np

import records
from columns import labels_of
from common import count
from convert import Row
from estimates import LEAST_SUBJECTS, subject_values
from groups import find_groups
from report import dataset_title, joined, plain, table
from results import Result
from settings import Settings

SETS = ("train", "test")
PACKAGES = ("nnunetv2", "torch", "numpy", "nibabel", "monai")


def data_part(settings: Settings, rows: Sequence[Row]) -> str:
    """Summarize the data in numbers, without anything that identifies a subject."""
    used = [row for row in rows if row.set in SETS]
    groups, _ = find_groups(settings, {row.case: row.subject for row in used})
    lines = [_counts("Subjects", used), ["Images", *(str(_number(used, s)) for s in SETS)]]
    for name in groups[used[0].case] if used else ():
        for value in sorted({own[name] for own in groups.values()} - {""}):
            own = [row for row in used if groups[row.case][name] == value]
            lines.append(_counts(f"Subjects with {plain(name)} {plain(value)}", own))
    for label, values in settings.labels.items():
        own = [row for row in used if {*row.values.split()} & {str(v) for v in values}]
        lines.append([f"Images with {label}", *(str(_number(own, s)) for s in SETS)])
    head = ["", "Training and validation", "Test"]
    text = [f"*{dataset_title(settings.dataset.bids)}*, divided by subject.", *table(head, lines)]
    return joined([*text, _sizes(settings), "", _skipped(rows)])


def _counts(what: str, rows: Sequence[Row]) -> list[str]:
    return [what, *(str(len({row.subject for row in rows if row.set == s})) for s in SETS)]


def _number(rows: Sequence[Row], part: str) -> int:
    return sum(row.set == part for row in rows)


def _sizes(settings: Settings) -> str:
    sizes = records.spacings(settings)
    if not sizes.size:
        return ""
    middle, low, high = (
        " × ".join(f"{side:.3g}" for side in sides)  # noqa: RUF001 - a multiplication
        for sides in (np.median(sizes, axis=0), sizes.min(axis=0), sizes.max(axis=0))
    )
    between = "" if low == high else f" (from {low} to {high})"
    axes = settings.image_orientation
    return f"Voxels of the training images: {middle} mm{between}, in the axes of `{axes}`."


def _skipped(rows: Sequence[Row]) -> str:
    number = sum(row.set == "skipped" for row in rows)
    return f"Left out: {number}, for a missing image or label, or by choice." if number else ""


def limits_part(settings: Settings, results: Sequence[Result]) -> str:
    """Say what the evaluation does not show, and where the model failed in it."""
    return "\n".join(f"- {line}" for line in _limits(settings, results))


def _limits(settings: Settings, results: Sequence[Result]) -> Iterator[str]:
    subjects = len({r.subject for r in results})
    yield (
        f"The test set has {count(subjects, 'subject')} of *{dataset_title(settings.dataset.bids)}*"
        ": nothing is known of other scanners, contrasts, resolutions or diseases than those of the"
        " data."
    )
    for label in labels_of(settings, ("structure", "lesions")):
        here = [r for r in results if r.label == label]
        worst = min(subject_values(here, "dice").values(), default=math.nan)
        missed = sum(r.number("reference_mm3") > 0 and r.number("dice") == 0 for r in here)
        if math.isfinite(worst):
            failed = f"; no overlap in {count(missed, 'image')}" if missed else ""
            yield f"`{label}`: the lowest Dice of a subject is {worst:.3f}{failed}."
    for label in labels_of(settings, ("lesions", "points")):
        here = [r for r in results if r.label == label]
        missed = round(sum(r.number("reference") - r.number("found") for r in here))
        false = round(sum(r.number("prediction") - r.number("found") for r in here))
        total = round(sum(r.number("reference") for r in here))
        yield f"`{label}`: {missed} of {total} were missed, and {false} of the predicted are false."
    small = [
        f"{plain(name)} {plain(value)}"
        for name in (results[0].groups if results else ())
        for value in sorted({r.groups[name] for r in results} - {""})
        if len({r.subject for r in results if r.groups[name] == value}) < LEAST_SUBJECTS
    ]
    if small:
        yield f"Fewer than {LEAST_SUBJECTS} test subjects: {', '.join(small)}."


def training_part(settings: Settings) -> str:
    """Say what was trained, on what, and how to repeat it."""
    rows = [[what, value] for what, value in _training(settings) if value]
    lines = table(["", ""], rows, texts=2)
    code = records.commit(records.repository())
    steps = ["python -m pip install .", "snakemake --profile workflow/profiles/local"]
    if code:
        steps.insert(0, f"git checkout {code.split()[0]}")
    lines += ["To repeat it, with the data in place:", "", "```bash", *steps, "```"]
    return joined(lines)


def _training(settings: Settings) -> Iterator[tuple[str, str]]:
    nnunet, folds = settings.nnunet, records.read_folds(settings)
    plan = records.configuration(settings)
    yield (
        "Training",
        f"nnU-Net `{nnunet.configuration}`, trainer `{nnunet.trainer}`, planner `{nnunet.planner}`",
    )
    patch, spacing = (_times(plan.get(key, ())) for key in ("patch_size", "spacing"))
    batch = plan.get("batch_size", "")
    yield "Input", f"patches of {patch} voxels of {spacing} mm, {batch} in a batch" if patch else ""
    epochs = ", ".join(dict.fromkeys(fold.epochs for fold in folds if fold.epochs))
    names = ", ".join(fold.name for fold in folds)
    yield "Folds", f"{names}{f'; {epochs} epochs each' if epochs else ''}"
    dice = [fold.validation_dice for fold in folds if fold.validation_dice is not None]
    yield "Validation", f"mean Dice {statistics.fmean(dice):.3f} over the folds" if dice else ""
    hours = [fold.hours for fold in folds if fold.hours]
    yield "Time", f"{_duration(statistics.fmean(hours))} for a fold" if hours else ""
    yield "Hardware", plain(", ".join(dict.fromkeys(fold.device for fold in folds if fold.device)))
    found = records.versions(PACKAGES)
    torch = next((fold.torch for fold in folds if fold.torch), found.get("torch", ""))
    yield "Software", ", ".join(f"{n} {v}" for n, v in (found | {"torch": torch}).items() if v)
    yield "Code", records.commit(records.repository())
    yield "Data", records.data_commit(settings.dataset.bids)
    yield "Splits", f"`{settings.splits.file.name}`, seed {settings.splits.seed}"


def _duration(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.1f} hours"
    return count(round(60 * hours), "minute") if hours >= 1 / 60 else "less than a minute"


def _times(numbers: Sequence[float]) -> str:
    return " × ".join(f"{number:.3g}" for number in numbers)  # noqa: RUF001 - a multiplication
