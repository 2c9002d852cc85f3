"""Convert a BIDS dataset to nnU-Net's raw layout.

Images and labels are brought to the orientation of ``config.yaml`` by flipping and swapping axes,
never by interpolation. Cases with missing files are skipped and listed in ``conversion.csv``.
Invalid files (different grids, undeclared values, unreadable files) stop the conversion, with one
line for each, and the previous result is kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids import Sample, find_samples
from case_table import Row, read_rows, to_csv
from common import add_config_argument, fail, write_json, write_text
from disk import explained
from locks import holding
from notes import Note, add_run_argument, code, digest, is_current, remove_note, sources, write_note
from samples import read_sample
from settings import Settings, SettingsError, load
from split_files import Splits
from splits import prepare
from volumes import VolumeError

__all__ = ["Row", "convert", "dataset_json", "never_seen", "read_rows", "summary", "to_csv"]


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


def convert_one(
    job: tuple[Sample, str], *, orientation: str, folder: Path
) -> tuple[Row | None, str | None]:
    """Write one sample into ``imagesTr/labelsTr`` or ``imagesTs/labelsTs`` under ``folder``.

    Returns a row (without its fold) or an error line, so that all invalid files are reported.
    """
    sample, part = job
    suffix = "Ts" if part == "test" else "Tr"
    try:
        read = read_sample(sample, orientation)
    except VolumeError as error:
        return None, str(error)
    for channel, image in enumerate(read.images):
        nib.save(image, folder / f"images{suffix}" / f"{sample.case}_{channel:04d}.nii.gz")
    nib.save(read.label, folder / f"labels{suffix}" / f"{sample.case}.nii.gz")
    values = " ".join(str(value) for value in np.unique(read.label.dataobj) if value)
    known = {"values": values, "note": "; ".join(read.notes), "digest": read.digest}
    return Row(sample.case, sample.subject, part, orientation=read.orientation, **known), None


def convert(settings: Settings, jobs: int = 1) -> list[Row]:
    """Convert the dataset of ``settings``; return a row for each case, converted or skipped.

    Raises:
        VolumeError: with one line per invalid file; nothing is changed then.
        ValueError, OSError: if the dataset or the splits are invalid.
    """
    splits, _ = prepare(settings)
    samples, skipped = find_samples(settings.dataset)
    fold_of = {s: str(k) for k, fold in enumerate(splits.folds) for s in fold}
    work = [(sample, "test" if sample.subject in splits.test else "train") for sample in samples]
    target = settings.raw
    partial_folder = target.with_name(f"{target.name}.part")
    shutil.rmtree(partial_folder, ignore_errors=True)
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (partial_folder / name).mkdir(parents=True)
    try:
        task = partial(convert_one, orientation=settings.image_orientation, folder=partial_folder)
        if jobs > 1:
            with ProcessPoolExecutor(jobs) as pool:
                results = list(pool.map(task, work))
        else:
            results = [task(job) for job in work]
        errors = [error for _, error in results if error is not None]
        if errors:
            raise VolumeError("\n".join(errors))
        rows = [replace(r, fold=fold_of.get(r.subject, "")) for r, _ in results if r is not None]
        training = [row for row in rows if row.set == "train"]
        if not any(row.values for row in training):
            raise ValueError(
                f"none of the {len(training)} training cases has any label: all label maps are "
                "empty, so there is nothing to train; see dataset.label_files in config.yaml"
            )
        write_json(partial_folder / "dataset.json", dataset_json(settings, training))
        shutil.rmtree(target, ignore_errors=True)
        partial_folder.rename(target)
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)
    return rows + [Row(s.what, s.subject, "skipped", note=s.reason) for s in skipped]


def never_seen(rows: Iterable[Row], labels: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the labels that no training case contains: the network can't learn them."""
    seen = {int(value) for row in rows if row.set == "train" for value in row.values.split()}
    return [name for name, values in labels.items() if seen.isdisjoint(values)]


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
            notes.setdefault(note, []).append(row.case)
    for note, cases in notes.items():
        who = cases[0] if len(cases) == 1 else f"{len(cases)} cases, such as {cases[0]}"
        lines.append(f"    note: {who}: {note}")
    found = Counter(row.orientation for row in rows if row.orientation)
    lines.append(f"   files: {', '.join(f'{n} in {code}' for code, n in found.most_common())}")
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
    return 0


def _convert_if_changed(settings: Settings, jobs: int, run: int) -> None:
    splits, _ = prepare(settings)
    seen = sources(settings)
    made_from = depends_on(settings, splits, seen)
    if is_current(settings.work, "convert", made_from, run):
        print(f"{settings.raw}: is up to date")
        return
    remove_note(settings.work, "convert")
    try:
        rows = convert(settings, jobs)
    except OSError as error:
        raise explained(error, settings.work, None, "an earlier conversion, if any") from None
    table = settings.work / "conversion.csv"
    write_text(table, to_csv(rows))
    made = [path for path in settings.raw.rglob("*") if path.is_file()]
    write_note(settings.work, "convert", Note(made_from, {}, run, seen), [table, *made])
    print(summary(rows))
    for name in never_seen(rows, settings.labels):
        print(f"    note: no training case contains the label {name}")
    print(f"{settings.raw}: all in {settings.image_orientation} (SCT's letters)")


if __name__ == "__main__":
    sys.exit(main())
