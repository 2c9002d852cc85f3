"""Convert a BIDS dataset to nnU-Net's raw layout.

Images and labels are brought to the orientation of ``config.yaml`` by flipping and swapping axes,
never by interpolation. Cases with missing files are skipped and listed in ``conversion.csv``.
Invalid files (different grids, undeclared values, unreadable files) stop the conversion, with one
line for each, and the previous result is kept.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids import Sample, find_samples
from common import add_config_argument, fail, write_json, write_text
from orientation import orientation_of, reorient_image
from settings import Settings, SettingsError, load
from splits import prepare
from volumes import VolumeError, label_values, paint, read_volume, same_grid

COLUMNS = ("case", "subject", "set", "fold", "orientation", "values", "note", "digest")


@dataclass(frozen=True)
class Row:
    """One line of ``conversion.csv``."""

    case: str
    subject: str
    set: str
    """``train``, ``test`` or ``skipped``."""
    fold: str = ""
    orientation: str = ""
    """Orientation of the first channel's file, in SCT's letters."""
    values: str = ""
    """Values of the label map besides the background: ``1 2``."""
    note: str = ""
    digest: str = ""
    """Digest of the voxels of images and label map: if it changes, a training can't continue."""


def read_sample(sample: Sample, orientation: str) -> tuple[list[Any], Any, str]:
    """Read, check and reorient one sample.

    Args:
        sample: where its files are.
        orientation: the wanted orientation, in SCT's letters.

    Returns:
        The channels (nibabel images, float32 or the integers of the file), the label map (uint8,
        on exactly the first channel's grid) and the first channel's original orientation.

    Raises:
        VolumeError: with one line that names the invalid file.
    """
    originals = [read_volume(path) for path in sample.images]
    channels = [reorient_image(image, orientation) for image in originals]
    first = channels[0]
    for path, channel in zip(sample.images[1:], channels[1:], strict=True):
        if difference := same_grid(first, channel):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
    parts = []
    for path, mapping in sample.labels:
        label = reorient_image(read_volume(path), orientation)
        if difference := same_grid(first, label):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
        parts.append((label_values(path, np.asanyarray(label.dataobj), mapping), mapping))
    images = [_clean(np.asanyarray(channel.dataobj), first.affine) for channel in channels]
    return images, _clean(paint(parts), first.affine), orientation_of(originals[0].affine)


def _clean(array: np.ndarray, affine: np.ndarray) -> nib.Nifti1Image:
    """Return an image with a new header: the old one may contain names, dates and scaling."""
    if array.dtype.kind == "f" or array.dtype.itemsize > 4:
        array = array.astype(np.float32)
    elif array.dtype.kind == "b":
        array = array.astype(np.uint8)
    image = nib.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    return image


def dataset_json(settings: Settings, training_cases: int) -> dict[str, Any]:
    """Return nnU-Net's ``dataset.json``, with the ``image_orientation`` that SCT reads."""
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
        "numTraining": training_cases,
        "file_ending": ".nii.gz",
        # A reader that does not change the axes: the orientation is exactly the one below.
        "overwrite_image_reader_writer": "NibabelIO",
        "image_orientation": settings.image_orientation,
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
        images, label, was = read_sample(sample, orientation)
    except VolumeError as error:
        return None, str(error)
    for channel, image in enumerate(images):
        nib.save(image, folder / f"images{suffix}" / f"{sample.case}_{channel:04d}.nii.gz")
    nib.save(label, folder / f"labels{suffix}" / f"{sample.case}.nii.gz")
    values = " ".join(str(value) for value in np.unique(label.dataobj) if value)
    note = "" if values else "the label map is empty"
    digest = hashlib.sha256()
    for image in (*images, label):
        digest.update(np.asanyarray(image.dataobj).tobytes())
    known = {"values": values, "note": note, "digest": digest.hexdigest()[:16]}
    return Row(sample.case, sample.subject, part, orientation=was, **known), None


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
        training = sum(row.set == "train" for row in rows)
        write_json(partial_folder / "dataset.json", dataset_json(settings, training))
        shutil.rmtree(target, ignore_errors=True)
        partial_folder.rename(target)
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)
    return rows + [Row(s.what, s.subject, "skipped", note=s.reason) for s in skipped]


def to_csv(rows: Iterable[Row]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([getattr(row, column) for column in COLUMNS])
    return text.getvalue()


def read_rows(path: Path) -> list[Row]:
    """Read ``conversion.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(*(line.get(key) or "" for key in COLUMNS)) for line in csv.DictReader(file)]


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
    lines += [f"    note: {r.case}: {r.note}" for r in rows if r.set != "skipped" and r.note]
    found = Counter(row.orientation for row in rows if row.orientation)
    lines.append(f"   files: {', '.join(f'{n} in {code}' for code, n in found.most_common())}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Convert the BIDS dataset to nnU-Net's raw layout."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--jobs", type=int, default=1, help="files converted at once (default: 1)")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        rows = convert(settings, arguments.jobs)
    except (SettingsError, ValueError, OSError, BrokenProcessPool) as error:
        return fail(error)
    write_text(settings.work / "conversion.csv", to_csv(rows))
    print(summary(rows))
    for name in never_seen(rows, settings.labels):
        print(f"    note: no training case contains the label {name}")
    print(f"{settings.raw}: all in {settings.image_orientation} (SCT's letters)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
