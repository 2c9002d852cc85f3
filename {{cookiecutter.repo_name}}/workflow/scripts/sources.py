"""Whether the files of the BIDS dataset are the same as in the last run.

Each start of Snakemake asks this, so it must be cheap for tens of thousands of files. What was
seen is kept in the work folder: the files that are used, with their sizes and times, and the
folders that were read, with their times. While all of these are the same, nothing is read or listed
again. It relies on this: a file that changes gets another size or another time of change, and a
folder gets another time when a name in it comes, goes or changes. (The time of its inode is not
asked for, because copies and links change it too.)
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from bids import Found, find_samples
from common import read_json, write_text
from dataset_settings import Dataset
from images import ENDINGS
from listing import Listing, State, state, time_of_change
from microscopy import sidecars
from notes import code, digest, note_of
from settings import Settings

_TICK = 2 * 10**9
"""Nanoseconds in which a second change may leave the same time: two seconds on the oldest disks."""


@dataclass(frozen=True)
class _Seen:
    """What a search for samples looked at."""

    asked: str
    """A digest of what was searched, and by which code."""
    folders: dict[str, int]
    files: dict[str, State]
    digest: str


def sources(settings: Settings, found: Found | None = None, listing: Listing | None = None) -> str:
    """Return a digest of the files of the BIDS dataset that are used: names, sizes and times.

    A dataset that is no longer there, on a machine that only trains, counts as unchanged.

    Args:
        settings: where the dataset is.
        found: the samples of the dataset, if they are known already.
        listing: the folders that were read to find them.
    """
    dataset = settings.dataset
    note = note_of(settings.work, "convert")
    if not dataset.bids.is_dir() and note is not None:
        return note.sources
    memory = settings.work / "notes" / "sources.json"
    asked = digest(dataset, _text(dataset.exclude_file), code("sources"))
    known = _recall(memory)
    if known is not None and known.asked == asked and _is_as_it_was(known):
        return known.digest
    listing = listing or Listing()
    try:
        seen = _seen(found or find_samples(dataset, listing), listing, dataset, asked)
    except (OSError, ValueError) as error:
        return digest(str(error))
    _remember(memory, seen, listing.since)
    return seen.digest


def compared(settings: Settings) -> str:
    """Return a digest of what the evaluation reads besides predictions and references.

    That is the table of participants, if results are grouped, and the label maps to compare with. A
    dataset that is no longer there counts as unchanged.
    """
    memory = settings.work / "notes" / "compared.txt"
    dataset, asked = settings.dataset, settings.evaluation
    if not dataset.bids.is_dir() and memory.is_file():
        return memory.read_text(encoding="utf-8")
    paths = [dataset.bids / "participants.tsv"] if asked.groups else []
    for folder in asked.compare.values():
        paths += sorted(path for path in folder.rglob("*") if path.name.endswith(ENDINGS))
    found = digest([(str(path), *state(path)) for path in paths])
    if memory.parent.is_dir():
        _keep(memory, found)
    return found


def _seen(found: Found, listing: Listing, dataset: Dataset, asked: str) -> _Seen:
    samples, skipped = found
    paths = {path for sample in samples for path in sample.files}
    paths |= {file for sample in samples for path in sample.images for file in sidecars(path)}
    files = {str(path): state(path) for path in paths}
    root = f"{dataset.bids}/"
    named = sorted((path.removeprefix(root), *known) for path, known in files.items())
    reasons = [(item.what, item.reason) for item in skipped]
    return _Seen(asked, listing.changed, files, digest(named, reasons))


def _is_as_it_was(known: _Seen) -> bool:
    folders = all(time_of_change(path) == then for path, then in known.folders.items())
    return folders and all(state(path) == tuple(then) for path, then in known.files.items())


def _recall(memory: Path) -> _Seen | None:
    try:
        return _Seen(**read_json(memory))
    except (OSError, ValueError, TypeError):
        return None


def _remember(memory: Path, seen: _Seen, since: int) -> None:
    """Keep what was seen, unless so little time has passed that the next change may not show.

    The first dry run finds no work folder, and leaves none.
    """
    newest = max([*seen.folders.values(), *(changed for _, changed in seen.files.values())])
    if newest < since - _TICK and memory.parent.is_dir():
        _keep(memory, json.dumps(vars(seen)))


def _keep(memory: Path, text: str) -> None:
    with contextlib.suppress(OSError):  # a work folder that can't be written is no reason to stop
        write_text(memory, text)


def _text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path else ""
    except OSError:
        return ""
