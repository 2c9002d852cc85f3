"""Convert a BIDS dataset to nnU-Net's raw layout.

Images and labels are brought to the orientation of ``config.yaml`` by flipping and swapping axes,
never by interpolation. Cases with missing files are skipped and listed in ``conversion.csv``.
Invalid files (different grids, undeclared values, unreadable files) end the conversion, with one
line for each, after all others are converted; the previous result is kept. A conversion that was
stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bids import Found, find_samples
from case_files import Converted, Job, clear, jobs_of, take, write_case
from case_table import Row, read_rows, to_csv
from common import add_config_argument, fail, stopped, write_json, write_text
from disk import explained
from journal import Journal
from listing import Listing
from locks import holding
from notes import Note, add_run_argument, code, digest, is_current, remove_note, write_note
from parallel import each
from progress import progress
from settings import Settings, SettingsError, load
from sources import sources
from split_files import Splits
from splits import prepare
from volumes import VolumeError

__all__ = [
    "Row",
    "convert",
    "dataset_json",
    "never_seen",
    "read_rows",
    "summary",
    "to_csv",
    "twins",
]

LIBRARIES = ("nibabel", "scipy.ndimage", "yaml", "jsonschema", "model_lint.nnunet.plans")
"""What the processes load once, together."""
_VISIT = re.compile(r"sub-[^_\s]+(_ses-[^_\s]+)?")
"""What differs in the same note about the files of two cases."""


def dataset_json(settings: Settings, training: Iterable[Row]) -> dict[str, Any]:
    """Return nnU-Net's ``dataset.json``, with the ``image_orientation`` that SCT reads.

    nnU-Net copies it into each checkpoint: so each says by itself which data it was trained on.
    """
    cases = sorted((row.case, row.digest) for row in training)
    contrasts = settings.dataset.contrasts
    names = list(contrasts) if settings.dataset.as_channels else ["-".join(contrasts)]
    labels: dict[str, int | list[int]] = {"background": 0}
    for name, values in settings.labels.items():
        labels[name] = values[0] if len(values) == 1 else sorted(values)
    if settings.ignore is not None:
        labels["ignore"] = settings.ignore
    content: dict[str, Any] = {
        "name": settings.dataset.name,
        "channel_names": {str(k): name for k, name in enumerate(names)},
        "labels": labels,
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
        # A reader that does not change the axes: the orientation is exactly the one below.
        "overwrite_image_reader_writer": "NibabelIO",
        "image_orientation": settings.image_orientation,
        "training_data_sha256": digest(cases),
    }
    if settings.regions_class_order is not None:
        content["regions_class_order"] = list(settings.regions_class_order)
    return content


def convert(settings: Settings, jobs: int = 1, found: Found | None = None) -> list[Row]:
    """Convert the dataset of ``settings``; return a row for each case, converted or skipped.

    What is finished stays: a run that was stopped goes on where it was, and a case that did not
    change is not converted again.

    Args:
        settings: what is converted.
        jobs: the number of processes.
        found: the samples of the dataset, if they are known already.

    Raises:
        VolumeError: with a line for each invalid file; the earlier result is kept then.
        ValueError, OSError: if the dataset or the splits are invalid.
        RuntimeError: if a process was killed.
    """
    samples, skipped = found or find_samples(settings.dataset)
    splits, _ = prepare(settings, (samples, skipped))
    fold_of = {s: str(k) for k, fold in enumerate(splits.folds) for s in fold}
    work = list(jobs_of(samples, splits.test, settings.image_orientation))
    target = settings.raw
    begun = target.with_name(f"{target.name}.part")
    rows = [
        replace(case.row, fold=fold_of.get(case.row.subject, ""))
        for case in _write(settings, work, begun, jobs)
    ]
    training = [row for row in rows if row.set == "train"]
    if not any(row.values for row in training):
        raise ValueError(
            f"none of the {len(training)} training cases has any label: all label maps are "
            "empty, so there is nothing to train; see dataset.label_files in config.yaml"
        )
    write_json(begun / "dataset.json", dataset_json(settings, training))
    shutil.rmtree(target, ignore_errors=True)
    begun.rename(target)
    return rows + [Row(s.what, s.subject, "skipped", note=s.reason) for s in skipped]


def _write(settings: Settings, work: list[Job], folder: Path, jobs: int) -> list[Converted]:
    """Write the files of all cases into a folder; return what was converted, in their order."""
    journal = Journal(settings.work / "notes" / "converted.jsonl")
    known = {job.key: Converted.from_json(line) for job in work if (line := journal.get(job.key))}
    clear(folder, (place for case in known.values() for place in case.files))
    done = {key: case for key, case in known.items() if take(case.files, folder, settings.raw)}
    left = [job for job in work if job.key not in done]
    task = partial(write_case, orientation=settings.image_orientation, folder=folder)
    errors = {}
    with progress("convert", len(work), len(done)) as count:
        for one in each(task, left, jobs, name=lambda job: job.sample.case, load=LIBRARIES):
            if one.result is None:
                errors[one.case.key] = one.error
            else:
                journal.add(one.case.key, one.result.to_json())
                done[one.case.key] = one.result
            count()
    if errors:
        raise VolumeError("\n".join(errors[job.key] for job in work if job.key in errors))
    journal.keep(done)
    return [done[job.key] for job in work]


def never_seen(rows: Iterable[Row], labels: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the labels that no training case contains: the network can't learn them."""
    seen = {int(value) for row in rows if row.set == "train" for value in row.values.split()}
    return [name for name, values in labels.items() if seen.isdisjoint(values)]


def twins(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return the test cases that are in the training too, and under which name.

    That is a subject who has two names, for example since it was renamed.
    """
    rows = list(rows)
    trained = {row.digest: row.case for row in rows if row.set == "train"}
    return [(r.case, trained[r.digest]) for r in rows if r.set == "test" and r.digest in trained]


def summary(rows: Iterable[Row]) -> str:
    """Return the result in a few lines, with every skipped item and why."""
    rows = list(rows)
    lines = []
    for part in ("train", "test"):
        here = [row for row in rows if row.set == part]
        lines.append(
            f"{part:>8}: {len(here)} cases of {len({row.subject for row in here})} subjects"
        )
    skipped = [row for row in rows if row.set == "skipped"]
    lines.append(f" skipped: {len(skipped)}")
    lines += [f"          {row.case}: {row.note}" for row in skipped]
    notes: dict[str, list[str]] = {}
    for row in rows:
        for note in row.note.split("; ") if row.note and row.set != "skipped" else ():
            notes.setdefault(_VISIT.sub("", note), []).append(f"{row.case}: {note}")
    for found in notes.values():
        who = f"{len(found)} cases, such as " if len(found) > 1 else ""
        lines.append(f"    note: {who}{found[0]}")
    files = Counter(row.orientation for row in rows if row.orientation)
    lines.append(f"   files: {', '.join(f'{n} in {code}' for code, n in files.most_common())}")
    return "\n".join(lines)


def depends_on(settings: Settings, splits: Splits, seen: str) -> str:
    """Return a digest of what the converted dataset depends on."""
    parts = (settings.dataset, settings.labels, settings.ignore, settings.regions_class_order)
    return digest(parts, settings.image_orientation, splits, seen, code("convert"))


def main(argv: list[str] | None = None) -> int:
    """Convert the BIDS dataset to nnU-Net's raw layout."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    parser.add_argument("--jobs", type=int, default=1, help="files converted at once (default: 1)")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        with holding(settings.work, change=("raw",)):
            _convert_if_changed(settings, arguments.jobs, arguments.run)
    except (SettingsError, ValueError, OSError, RuntimeError) as error:
        return fail(error)
    except KeyboardInterrupt:
        return stopped()
    return 0


def _convert_if_changed(settings: Settings, jobs: int, run: int) -> None:
    listing = Listing()
    found = find_samples(settings.dataset, listing)
    splits, _ = prepare(settings, found)
    seen = sources(settings, found, listing)
    del listing  # else its memory grows with the dataset for as long as files are converted
    made_from = depends_on(settings, splits, seen)
    if is_current(settings.work, "convert", made_from, run):
        print(f"{settings.raw}: is up to date")
        return
    remove_note(settings.work, "convert")
    try:
        rows = convert(settings, jobs, found)
    except OSError as error:
        raise explained(error, settings.work, None, "all cases that are converted") from None
    table = settings.work / "conversion.csv"
    write_text(table, to_csv(rows))
    made = [path for path in settings.raw.rglob("*") if path.is_file()]
    write_note(settings.work, "convert", Note(made_from, {}, run, seen), [table, *made])
    print(summary(rows))
    for name in never_seen(rows, settings.labels):
        print(f"    note: no training case contains the label {name}")
    for case, other in twins(rows)[:1]:
        print(f"    note: {case} (test) and {other} (training) are the same image and labels")
    print(f"{settings.raw}: all in {settings.image_orientation} (SCT's letters)")


if __name__ == "__main__":
    sys.exit(main())
