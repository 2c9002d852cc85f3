"""The results of the model card, in Markdown. What is not defined is a dash, never a number."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from columns import COUNTS, DISTANCE, OVERLAP, Column, labels_of, short_columns_of
from common import count, read_json
from estimates import LEAST_SUBJECTS, Estimate, difference, estimate
from results import Result
from settings import Settings

DASH = "–"  # noqa: RUF001 - a dash in an empty cell
OVERLAPPING = ("structure", "lesions")
COUNTED = ("lesions", "points")
FIGURES = {
    "metrics": "each point is a subject, the bar is the mean with its 95 % interval",
    "groups": "means of each group, with their 95 % intervals",
    "differences": "differences to the model, each point is a subject",
    "montage": "the worst cases, the median and the best: predicted in colour, reference dashed",
}


def to_markdown(
    settings: Settings,
    results: Sequence[Result],
    others: Mapping[str, Sequence[Result]],
    figures: Iterable[Path],
) -> str:
    """Return the results: what was measured, tables, figures."""
    title = dataset_title(settings.dataset.bids)
    lines = [
        f"Held-out test set of *{title}*: {_amounts(results)}. Means over subjects"
        + (" with 95 % confidence intervals (bootstrap over subjects)." if _enough(results) else
           f"; confidence intervals need {LEAST_SUBJECTS} subjects."),
    ]  # fmt: skip
    parts = [
        _overlap(settings, results),
        _counts(settings, results),
        *(_group(settings, results, name) for name in (results[0].groups if results else ())),
        *(_comparison(settings, results, name, theirs) for name, theirs in others.items()),
        _figures(settings, figures),
    ]
    return joined([*lines, *(line for part in parts for line in ("", *part))])


def cell(value: Estimate, column: Column) -> str:
    """Return an estimate with its interval, if it has one; a dash if it is not defined."""
    if not math.isfinite(value.value):
        return DASH
    number, low, high = (
        # Without the sign of a zero.
        f"{round(n, column.digits) + 0.0:.{column.digits}f}"
        for n in (value.value, value.low, value.high)
    )
    return f"{number} [{low}, {high}]" if math.isfinite(value.low) else number


def dataset_title(bids: Path) -> str:
    """Return the name of a BIDS dataset, or of its folder if it has no name."""
    try:
        name = read_json(bids / "dataset_description.json")["Name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    return plain(str(name)) or plain(bids.resolve().name)


def plain(text: str) -> str:
    """Return a text with only those characters that Markdown shows as they are."""
    return " ".join(re.sub(r"[^\w .,:()+-]|_", " ", text).split())


def joined(lines: Iterable[str]) -> str:
    """Return a text of these lines, with one empty line between its parts."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> list[str]:
    """Return a table; the first columns are texts, the others are numbers."""
    marks = [":--" if k < texts else "--:" for k in range(len(head))]
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return ["", lines[0], f"|{'|'.join(marks)}|", *lines[1:], ""]


def _overlap(settings: Settings, results: Sequence[Result]) -> list[str]:
    labels = labels_of(settings, OVERLAPPING)
    if not labels:
        return []
    rows = []
    for label in labels:
        here = [r for r in results if r.label == label]
        cells = [cell(estimate(here, column.name), column) for column in OVERLAP]
        rows.append([label, *cells, _presence(here)])
    distances = {label: f"{settings.evaluation.tolerance(label):g} mm" for label in labels}
    tolerance = ", ".join(
        [distances[labels[0]]]
        if len(set(distances.values())) == 1
        else [f"{distance} ({label})" for label, distance in distances.items()]
    )
    return [
        *table(["Label", *(c.title for c in OVERLAP), "Missed, false"], rows),
        f"Surface Dice: share of the surfaces that is at most {tolerance} from the other surface. "
        "ASSD: average symmetric surface distance; HD95: 95th percentile of the surface distances. "
        "Volume bias: predicted minus reference. A label that is only in the reference is missed, "
        "one that is only in the prediction is false: both have Dice 0 and no distance. Where a "
        "label is in neither, nothing but its volume counts.",
    ]


def _presence(results: Iterable[Result]) -> str:
    """Return how often a label is only in the reference, or only in the prediction."""
    volumes = [(r.number("reference_mm3"), r.number("prediction_mm3")) for r in results]
    missed = sum(true > 0 and found == 0 for true, found in volumes)
    false = sum(true == 0 and found > 0 for true, found in volumes)
    return f"{missed}, {false} of {len(volumes)}"


def _counts(settings: Settings, results: Sequence[Result]) -> list[str]:
    lines: list[str] = []
    for kind in COUNTED:
        columns = (*COUNTS, DISTANCE) if kind == "points" else COUNTS
        rows = []
        for label in labels_of(settings, [kind]):
            here = [r for r in results if r.label == label]
            total = {n: round(sum(r.number(n) for r in here)) for n in ("reference", "prediction")}
            cells = [cell(estimate(here, column.name), column) for column in columns]
            rows.append([label, str(total["reference"]), str(total["prediction"]), *cells])
        if rows:
            head = ["Label", f"{kind.capitalize()} in the reference", "in the prediction"]
            lines += [*table([*head, *(c.title for c in columns)], rows), _matching(settings, kind)]
    return lines


def _matching(settings: Settings, kind: str) -> str:
    if kind == "points":
        close = (
            "the centres of mass are at most "
            f"{settings.evaluation.point_distance_mm:g} mm apart; the distance is that of points "
            "that are found"
        )
    else:
        close = f"intersection over union is at least {settings.evaluation.lesion_overlap:g}"
    return (
        f"A connected part (26 neighbours) of the label is one of the {kind}. One of the reference "
        f"is found by at most one of the prediction, if {close}. Sensitivity: share of the "
        "reference that is found; precision: share of the prediction that finds one; F1: both."
    )


def _group(settings: Settings, results: Sequence[Result], name: str) -> list[str]:
    lines: list[str] = []
    for kind in ("structure", "lesions", "points"):
        rows = []
        for label in labels_of(settings, [kind]):
            columns = short_columns_of(settings, label)
            head = [c.title for c in columns]
            for value in sorted({r.groups[name] for r in results} - {""}):
                here = [r for r in results if r.label == label and r.groups[name] == value]
                cells = [cell(estimate(here, column.name), column) for column in columns]
                rows.append([plain(value), label, _amounts(here), *cells])
        if rows:
            lines += table([plain(name).capitalize(), "Label", "Images", *head], rows, texts=3)
    return lines


def _comparison(
    settings: Settings, results: Sequence[Result], name: str, theirs: Sequence[Result]
) -> list[str]:
    cases = {r.case for r in theirs}
    rows = []
    for label in settings.labels:
        for column in short_columns_of(settings, label):
            mine = [r for r in results if r.label == label and r.case in cases]
            other = [r for r in theirs if r.label == label]
            gap = difference(mine, other, column.name)
            values = (estimate(mine, column.name), estimate(other, column.name), gap)
            rows.append([label, column.title, *(cell(v, column) for v in values)])
    return [
        *table(["Label", "", "Model", name, "Difference"], rows, texts=2),
        f"*{name}* against the same references, in {_amounts(theirs)}. The difference is that of "
        f"pairs: *{name}* minus the model.",
    ]


def _figures(settings: Settings, figures: Iterable[Path]) -> Iterator[str]:
    base = (settings.evaluation.readme or Path()).parent
    for figure in figures:
        place = Path(os.path.relpath(figure, base)).as_posix()
        yield from ["", f"![{figure.stem.capitalize()}: {FIGURES[figure.stem]}]({place})"]


def _amounts(results: Iterable[Result]) -> str:
    results = list(results)
    subjects, images = {r.subject for r in results}, {r.case for r in results}
    return f"{count(len(subjects), 'subject')}, {count(len(images), 'image')}"


def _enough(results: Iterable[Result]) -> bool:
    return len({r.subject for r in results}) >= LEAST_SUBJECTS
