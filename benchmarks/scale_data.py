"""Write a BIDS dataset of many subjects with two sessions, and predictions of its test set.

The volumes are small (16 to 24 voxels a side): what is measured is what a subject costs, besides
its voxels. A few different visits are made, and written under the names of all subjects.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np

CONTRAST = "T2w"
LABELS = ("label-SC_seg", "label-GM_seg")
SESSIONS = ("ses-01", "ses-02")
VISITS = 40
"""Different visits."""


def write_dataset(root: Path, subjects: int) -> None:
    """Write the dataset, unless it is there."""
    if (root / "participants.tsv").exists():
        return
    visits = list(_visits())
    names = [f"sub-{number:05d}" for number in range(1, subjects + 1)]
    for number, subject in enumerate(names):
        for k, session in enumerate(SESSIONS):
            image, *labels = visits[(2 * number + k) % VISITS]
            stem = f"{subject}_{session}_{CONTRAST}"
            _write(root / subject / session / "anat" / f"{stem}.nii.gz", image)
            folder = root / "derivatives" / "labels" / subject / session / "anat"
            for suffix, label in zip(LABELS, labels, strict=True):
                _write(folder / f"{stem}_{suffix}.nii.gz", label)
    description = {"Name": "Many small volumes", "BIDSVersion": "1.9.0"}
    (root / "dataset_description.json").write_text(json.dumps(description), "utf-8")
    lines = ["participant_id\tsite", *(f"{n}\t{'abc'[k % 3]}" for k, n in enumerate(names))]
    (root / "participants.tsv").write_text("\n".join(lines) + "\n", "utf-8")


def write_predictions(references: Path, folder: Path) -> None:
    """Write the references, moved by a voxel, as the predictions of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[bytes, bytes] = {}
    for path in references.iterdir():
        content = path.read_bytes()
        if content not in known:
            image = nib.Nifti1Image.from_bytes(gzip.decompress(content))
            moved = np.roll(np.asanyarray(image.dataobj), 1, axis=0)
            known[content] = _bytes(nib.Nifti1Image(moved, image.affine))
        (folder / path.name).write_bytes(known[content])


def _bytes(image: nib.Nifti1Image) -> bytes:
    return gzip.compress(image.to_bytes(), 1)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _visits() -> Iterator[tuple[bytes, ...]]:
    """Yield an image, the cord and its grey matter."""
    generator = np.random.default_rng(0)
    for _ in range(VISITS):
        shape = generator.integers(16, 25, 3)
        x, y, _z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
        radius = np.hypot(x, y) + generator.normal(0, 0.02, x.shape)
        cord, grey = radius < 0.6, radius < 0.3
        image = (100 + 200 * cord + 100 * grey + generator.normal(0, 10, x.shape)).astype(np.int16)
        affine = np.diag([-1.0, 1.0, 1.0, 1.0])  # RPI in SCT's letters
        yield tuple(
            _bytes(nib.Nifti1Image(array, affine))
            for array in (image, cord.astype(np.uint8), grey.astype(np.uint8))
        )
