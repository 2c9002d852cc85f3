"""Compare label maps with the references of the test set, case by case, in several processes.

A case that was compared before is not compared again, unless one of its files or what is measured
changed.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bids import Sample
from journal import Journal
from listing import state
from notes import code, digest
from parallel import each
from progress import progress
from read_volume import read_volume
from results import compare
from samples import read_sample
from settings import Settings
from volumes import Volume, reorient, same_grid

Numbers = dict[str, dict[str, float]]
"""Label -> name of a number -> number."""
Source = Path | Sample
"""Where the label map of a case is: a file, or the label files of a sample."""
LIBRARIES = ("torch", "monai.metrics.utils", "nibabel", "scipy.ndimage", "scipy.optimize", "yaml")
"""What the processes load once, together: MONAI takes seconds."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A case of the test set, and a label map to compare with its reference."""

    case: str
    reference: Path
    other: Source
    key: str
    """A digest of what the numbers depend on."""


def compare_all(
    settings: Settings, others: Mapping[str, Source], jobs: int = 1, who: str = "model"
) -> dict[str, Numbers]:
    """Compare label maps with the references of their cases; return the numbers of each case.

    Args:
        settings: what is measured.
        others: the label map of each case.
        jobs: the number of processes.
        who: whose label maps these are.

    Raises:
        ValueError: with a line for each label map that is invalid or on another grid.
        RuntimeError: if a process was killed.
    """
    pairs = list(_pairs(settings, others))
    journal = Journal(settings.work / "notes" / f"compared_{who}.jsonl")
    known = {pair.key: journal.get(pair.key) for pair in pairs}
    left = [pair for pair in pairs if known[pair.key] is None]
    task, what = partial(compare_one, settings=settings), f"evaluate {who}"
    errors = []
    with progress(what, len(pairs), len(pairs) - len(left)) as count:
        for one in each(task, left, jobs, name=lambda pair: pair.case, load=LIBRARIES):
            if one.result is None:
                errors.append(one.error)
            else:
                known[one.case.key] = one.result
                journal.add(one.case.key, one.result)
            count()
    if errors:
        raise ValueError("\n".join(sorted(errors)))
    journal.keep(known)
    return {pair.case: known[pair.key] for pair in pairs}


def compare_one(pair: Pair, *, settings: Settings) -> Numbers:
    """Compare one label map with its reference.

    Raises:
        ValueError: if it is invalid, or not on the grid of its reference.
    """
    reference = read_volume(pair.reference)
    prediction = reorient(_read(pair.other, settings), settings.image_orientation)
    if gap := same_grid(reference, prediction):
        raise ValueError(f"{pair.case}: the prediction is not on the reference's grid: {gap}")
    return compare(reference.array, prediction.array, reference.spacing, settings)


def _read(source: Source, settings: Settings) -> Volume:
    if isinstance(source, Path):
        return read_volume(source)
    return read_sample(source, settings.image_orientation).label


def _pairs(settings: Settings, others: Mapping[str, Source]) -> Iterator[Pair]:
    asked = settings.evaluation
    how = digest(
        (settings.labels, settings.ignore, settings.image_orientation),
        (asked.kinds, asked.tolerance_mm, asked.lesion_overlap, asked.point_distance_mm),
        code("comparisons"),
        [importlib.metadata.version(name) for name in ("monai", "scipy")],
    )
    for case, other in others.items():
        reference = settings.raw / "labelsTs" / f"{case}.nii.gz"
        paths = [other] if isinstance(other, Path) else other.files
        files = [(str(path), *state(path)) for path in (reference, *paths)]
        labels = None if isinstance(other, Path) else other.labels
        yield Pair(case, reference, other, digest(how, case, files, labels))
