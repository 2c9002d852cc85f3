"""Write a small BIDS dataset of synthetic spinal cords, to try the workflow without real data.

Each image shows a slightly bent cord with butterfly-shaped grey matter, brighter fluid around it
and dim tissue outside. Label files and contrasts are those of ``config.yaml``; the files have
several orientations, and one subject has two sessions.

    python tests/phantom.py --config config.yaml tests/phantom.yaml
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from common import fail
from settings import Settings, SettingsError, load
from volumes import Volume, reorient, to_nifti

SHAPE = (40, 44, 48)
"""Voxels from right to left, posterior to anterior, inferior to superior."""
VOXEL_MM = (0.5, 0.5, 1.5)
DISK_ORIENTATIONS = ("RPI", "LPI", "AIL", "PIR", "LAS", "SRP")
"""Orientations of the files, in SCT's letters."""
CONTRASTS = {
    "bright": {"outside": 35, "fluid": 190, "white": 90, "grey": 145},
    "dark": {"outside": 60, "fluid": 20, "white": 155, "grey": 100},
}


def cord_geometry(generator: np.random.Generator) -> dict[str, float]:
    """Draw the size, bend and place of one subject's cord (voxels)."""
    return {
        "radius_x": generator.uniform(9.5, 11.5),
        "radius_y": generator.uniform(7.5, 9.0),
        "bend_x": generator.uniform(-2.0, 2.0),
        "bend_y": generator.uniform(-2.5, 2.5),
        "phase": generator.uniform(0, np.pi),
        "centre_x": SHAPE[0] / 2 + generator.uniform(-2, 2),
        "centre_y": SHAPE[1] / 2 + generator.uniform(-2, 2),
    }


def tissue(geometry: Mapping[str, float]) -> np.ndarray:
    """Paint the tissues: 0 outside, 1 fluid, 2 white matter, 3 grey matter.

    The array's axes go from right to left, posterior to anterior, inferior to superior.
    """
    x, y, z = np.meshgrid(*(np.arange(n, dtype=float) for n in SHAPE), indexing="ij")
    turn = np.sin(np.pi * z / SHAPE[2] + geometry["phase"])
    # Coordinates in units of the cord's radii, with the bent midline as origin.
    u = (x - geometry["centre_x"] - geometry["bend_x"] * turn) / geometry["radius_x"]
    v = (y - geometry["centre_y"] - geometry["bend_y"] * turn) / geometry["radius_y"]
    radius = np.hypot(u, v)
    result = np.zeros(SHAPE, np.uint8)
    result[radius < 1.45] = 1
    result[radius < 1.0] = 2
    side = np.abs(u)
    front = np.hypot((side - 0.36) / 0.20, (v - 0.30) / 0.34) < 1
    back = np.hypot((side - 0.34) / 0.15, (v + 0.30) / 0.45) < 1
    bridge = (side < 0.40) & (np.abs(v - 0.02) < 0.15)
    result[(front | back | bridge) & (radius < 0.92)] = 3
    return result


def intensities(tissues: np.ndarray, look: str, generator: np.random.Generator) -> np.ndarray:
    """Return the brightness of each tissue, with smooth shading and noise, as 16-bit integers."""
    brightness = CONTRASTS[look]
    levels = [brightness[name] for name in ("outside", "fluid", "white", "grey")]
    # Blurred, because voxels at a border contain both tissues.
    image = ndimage.gaussian_filter(np.array(levels, float)[tissues], (0.7, 0.7, 0.3))
    start, end = generator.uniform(0.92, 1.08, 2)
    shading = np.linspace(start, end, SHAPE[1])[None, :, None]
    image = image * shading + generator.normal(0, 9, SHAPE)
    return np.clip(np.rint(image * 4), 0, 4095).astype(np.int16)


def label_array(tissues: np.ndarray, position: int, number: int, name: str) -> np.ndarray:
    """Return the mask of one label.

    Cord, grey and white matter and fluid are recognised by their names. Any other label is a part
    of the cord: the whole cord for the first of ``number`` labels, and thinner and thinner cores
    for the next, which have the same brightness but can be learned by their place.
    """
    words = name.lower()
    known = {"gm": tissues == 3, "wm": tissues == 2, "sc": tissues >= 2, "cord": tissues >= 2}
    known |= {"canal": tissues >= 1, "csf": tissues == 1}
    for word, mask in known.items():
        if words.startswith(word):
            return mask
    share = 1 - position / number
    half = [n / 2 for n in SHAPE[:2]]
    x, y, _ = np.meshgrid(*(np.arange(n, dtype=float) for n in SHAPE), indexing="ij")
    near = np.hypot((x - half[0]) / half[0], (y - half[1]) / half[1]) < share
    return (tissues >= 2) & near


@dataclass(frozen=True)
class Visit:
    """One session of one subject."""

    subject: str
    session: str
    orientation: str
    """Of the files on disk, in SCT's letters."""
    geometry: Mapping[str, float]


def write_visit(settings: Settings, visit: Visit, generator: np.random.Generator) -> None:
    """Write the images and label files of one visit."""
    tissues = tissue(visit.geometry)
    # From right to left, posterior to anterior, inferior to superior: RPI in SCT's letters.
    affine = np.diag([-VOXEL_MM[0], VOXEL_MM[1], VOXEL_MM[2], 1.0])
    affine[:3, 3] = (10.0, -11.0, -36.0)
    place = Path(visit.subject, *filter(None, [visit.session]), "anat")
    data = settings.dataset
    for number, contrast in enumerate(data.contrasts):
        look = "dark" if number % 2 else "bright"
        stem = "_".join(filter(None, (visit.subject, visit.session, contrast)))
        image = intensities(tissues, look, generator)
        _save(data.bids / place / f"{stem}.nii.gz", image, affine, visit.orientation)
        for suffix, file in data.label_files.items():
            label = np.zeros(SHAPE, np.uint8)
            for value, target in file.values.items():
                label[_mask(settings, tissues, target)] = value
            path = data.bids / data.labels_folder / place / f"{stem}_{suffix}.nii.gz"
            _save(path, label, affine, visit.orientation)


def _mask(settings: Settings, tissues: np.ndarray, value: int) -> np.ndarray:
    """Return the mask of the smallest label that has a value."""
    owners = [name for name, values in settings.labels.items() if value in values]
    if not owners:
        return np.zeros(SHAPE, bool)
    names = list(settings.labels)
    owner = min(owners, key=lambda name: len(settings.labels[name]))
    return label_array(tissues, names.index(owner), len(names), owner)


def _save(path: Path, array: np.ndarray, affine: np.ndarray, orientation: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(to_nifti(reorient(Volume(array, affine), orientation)), path)


def write_dataset(settings: Settings, subjects: int, seed: int = 0) -> None:
    """Write the dataset into the BIDS folder of ``settings``; the second subject has sessions."""
    root = settings.dataset.bids
    names = [f"sub-{number:03d}" for number in range(1, subjects + 1)]
    for number, subject in enumerate(names):
        generator = np.random.default_rng([seed, number])
        geometry = cord_geometry(generator)
        orientation = DISK_ORIENTATIONS[number % len(DISK_ORIENTATIONS)]
        for session in ("ses-01", "ses-02") if number == 1 else ("",):
            write_visit(settings, Visit(subject, session, orientation, geometry), generator)
    description = {"Name": "Synthetic spinal cords", "BIDSVersion": "1.9.0"}
    for folder, kind in ((root, "raw"), (root / settings.dataset.labels_folder, "derivative")):
        text = json.dumps({**description, "DatasetType": kind}, indent=4)
        (folder / "dataset_description.json").write_text(text + "\n", encoding="utf-8")
    people = (f"{name}\tphantom\tHC\t{'ab'[k % 2]}" for k, name in enumerate(names))
    lines = ["participant_id\tspecies\tpathology\tsite", *people]
    (root / "participants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Write the phantom dataset to the BIDS folder of the configuration."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--config", type=Path, nargs="+", default=[Path("config.yaml"), Path("tests/phantom.yaml")]
    )
    parser.add_argument("--subjects", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        if (settings.dataset.bids / "participants.tsv").exists():
            print(f"{settings.dataset.bids} already exists")
            return 0
        write_dataset(settings, arguments.subjects, arguments.seed)
    except (SettingsError, OSError) as error:
        return fail(error)
    print(f"{settings.dataset.bids}: {arguments.subjects} subjects")
    return 0


if __name__ == "__main__":
    sys.exit(main())
