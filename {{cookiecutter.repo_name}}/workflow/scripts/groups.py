"""Groups of test images: by contrast, by a BIDS entity, or by a column of participants.tsv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from settings import Settings

MOST_VALUES = 12
"""A column with more values identifies subjects rather than groups of them."""
_ENTITIES = {"session": "ses", "acquisition": "acq"}


def find_groups(
    settings: Settings, subjects: Mapping[str, str]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return the groups of each case, and notes on groups that are left out.

    Args:
        settings: ``evaluation.groups`` names the groups.
        subjects: case -> subject.

    Returns:
        case -> name of the group -> value, which is empty where it is not known.
    """
    table = _participants(settings.dataset.bids / "participants.tsv")
    found: dict[str, dict[str, str]] = {case: {} for case in subjects}
    notes = []
    for name in settings.evaluation.groups:
        values = {
            case: _value(name, case, table.get(subject, {}), settings.dataset.contrasts)
            for case, subject in subjects.items()
        }
        number = len(set(values.values()) - {""})
        if number == 0:
            notes.append(
                f"group {name}: no test image has this entity, and participants.tsv has no value"
            )
        elif number > MOST_VALUES:
            notes.append(f"group {name}: left out, because it has {number} values")
        else:
            for case, value in values.items():
                found[case][name] = value
    return found, notes


def _value(name: str, case: str, row: Mapping[str, str], contrasts: Iterable[str]) -> str:
    parts = case.split("_")
    if name == "contrast":
        return next((c for c in contrasts if set(c.split("_")) <= set(parts)), "")
    entity = f"{_ENTITIES.get(name, name)}-"
    value = next((part.removeprefix(entity) for part in parts if part.startswith(entity)), "")
    value = value or row.get(name, "").strip()
    return "" if value.lower() == "n/a" else value


def _participants(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file, delimiter="\t", restval=""))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {line.get("participant_id", ""): line for line in lines}
