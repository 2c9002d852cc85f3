"""The estimates of all labels, groups and comparisons as one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from columns import columns_of
from estimates import Estimate, difference, estimate
from evaluation_settings import MODEL
from results import Result, shown
from settings import Settings

HEAD = ("label", "number", "of", "group", "value", "low", "high", "sd", "subjects", "images")


def summary_csv(
    settings: Settings, results: Sequence[Result], others: Mapping[str, Sequence[Result]]
) -> str:
    """Return one line for each label and number: the model, its groups, others, differences.

    ``of`` is ``model``, the name of another model or rater, or ``NAME - model``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for label in settings.labels:
        for column in columns_of(settings, label):
            here = [r for r in results if r.label == label]
            lines = [*_groups(here, column.name), *_others(here, others, label, column.name)]
            for who, group, found in lines:
                numbers = (found.value, found.low, found.high, found.spread)
                own = [label, column.name, who, group, *map(shown, numbers)]
                writer.writerow([*own, found.subjects, found.images])
    return text.getvalue()


def _groups(results: Sequence[Result], number: str) -> Iterator[tuple[str, str, Estimate]]:
    yield MODEL, "", estimate(results, number)
    for name in results[0].groups if results else ():
        for value in sorted({r.groups[name] for r in results} - {""}):
            here = [r for r in results if r.groups[name] == value]
            yield MODEL, f"{name}={value}", estimate(here, number)


def _others(
    results: Sequence[Result], others: Mapping[str, Sequence[Result]], label: str, number: str
) -> Iterator[tuple[str, str, Estimate]]:
    for name, all_theirs in others.items():
        theirs = [r for r in all_theirs if r.label == label]
        yield name, "", estimate(theirs, number)
        yield f"{name} - {MODEL}", "", difference(results, theirs, number)
