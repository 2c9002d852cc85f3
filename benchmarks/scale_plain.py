"""The obvious script: one subject after the other, in one process, with no record of what is done.

    python benchmarks/scale_plain.py convert BIDS OUTPUT
    python benchmarks/scale_plain.py evaluate REFERENCES PREDICTIONS RESULTS.csv

It does what the workflow does (test set and folds by subject, one orientation, one label map, the
same numbers by MONAI), without its checks, digests, intervals and figures.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from scale_data import CONTRAST, LABELS

TO = axcodes2ornt(("L", "A", "S"))
NAMES = ("sc", "gm")


def convert(bids: Path, output: Path) -> None:
    """Write nnU-Net's raw dataset."""
    subjects = sorted(path.name for path in bids.glob("sub-*"))
    random.Random(42).shuffle(subjects)
    held_out = len(subjects) // 5
    test, training = subjects[:held_out], subjects[held_out:]
    folds = {fold: sorted(training[fold::5]) for fold in range(5)}
    for part in ("Tr", "Ts"):
        (output / f"images{part}").mkdir(parents=True)
        (output / f"labels{part}").mkdir()
    for part, names in (("Tr", training), ("Ts", test)):
        for subject in names:
            for path in sorted((bids / subject).rglob(f"*_{CONTRAST}.nii.gz")):
                _convert_one(bids, path, output, part)
    (output / "splits.json").write_text(json.dumps({"test": test, "folds": folds}), "utf-8")


def _convert_one(bids: Path, path: Path, output: Path, part: str) -> None:
    stem = path.name.removesuffix(".nii.gz")
    image = _turned(path)
    labels = bids / "derivatives" / "labels" / path.parent.relative_to(bids)
    merged = np.zeros(image.shape, np.uint8)
    for value, suffix in enumerate(LABELS, start=1):
        label = _turned(labels / f"{stem}_{suffix}.nii.gz")
        merged[np.asarray(label.dataobj) > 0] = value
    nib.save(image, output / f"images{part}" / f"{stem}_0000.nii.gz")
    nib.save(nib.Nifti1Image(merged, image.affine), output / f"labels{part}" / f"{stem}.nii.gz")


def _turned(path: Path) -> nib.Nifti1Image:
    image = nib.load(path)
    return image.as_reoriented(ornt_transform(io_orientation(image.affine), TO))


def evaluate(references: Path, predictions: Path, table: Path) -> None:
    """Write a table of metrics."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "label", "dice", "surface dice", "assd", "hd95"])
        for path in sorted(references.iterdir()):
            for label, numbers in _compare(path, predictions / path.name):
                writer.writerow([path.name, label, *numbers])


def _compare(reference: Path, prediction: Path) -> Iterable[tuple[str, list[float]]]:
    # Only here: the conversion needs none of these, which are slow to load.
    import torch  # noqa: PLC0415
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance  # noqa: PLC0415
    from monai.metrics.meandice import compute_dice  # noqa: PLC0415
    from monai.metrics.surface_dice import compute_surface_dice  # noqa: PLC0415
    from monai.metrics.surface_distance import compute_average_surface_distance  # noqa: PLC0415

    image = nib.load(reference)
    spacing = [float(size) for size in image.header.get_zooms()]
    maps = [np.asarray(i.dataobj) for i in (image, nib.load(prediction))]
    for value, name in enumerate(NAMES, start=1):
        true, found = (torch.from_numpy(array == value)[None, None] for array in maps)
        how: dict[str, Any] = {"include_background": True, "spacing": spacing}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = [
                compute_dice(found, true),
                compute_surface_dice(found, true, [1.0], use_subvoxels=True, **how),
                compute_average_surface_distance(found, true, symmetric=True, **how),
                compute_hausdorff_distance(found, true, percentile=95, **how),
            ]
        yield name, [float(number) for number in numbers]


if __name__ == "__main__":
    steps: dict[str, Callable[..., None]] = {"convert": convert, "evaluate": evaluate}
    steps[sys.argv[1]](*map(Path, sys.argv[2:]))
