"""Read images of BIDS microscopy (PNG, TIFF) as volumes of one slice, in millimetres.

nnU-Net's reader for such files knows no pixel size, and SCT and the evaluation read NIfTI only, so
the workflow trains on NIfTI slices. The pixel size is that of the JSON file beside the image, or of
one for several images above it, as BIDS inherits them.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt

from common import add_config_argument, fail
from images import MICROSCOPY
from listing import time_of_change
from orientation import switch_convention
from settings import load
from volumes import Volume, VolumeError, to_nifti

_MILLIMETRES = {"mm": 1.0, "um": 1e-3, "nm": 1e-6}


def read_slice(path: Path, orientation: str, affine: np.ndarray | None = None) -> Volume:
    """Read a grey image: its columns and rows become the first two axes, its slice the third.

    Args:
        path: the file.
        orientation: the axes of the volume, in SCT's letters: the image has none of its own.
        affine: the voxel-to-world matrix; None to take the pixel size of the JSON file.

    Raises:
        VolumeError: if the file is unreadable or has colours, or its pixel size is unknown.
    """
    from skimage.io import imread

    try:
        array: Any = np.asarray(imread(path))
    except Exception as error:  # noqa: BLE001 - readers of image formats raise many kinds
        raise VolumeError(f"{path}: can't be read: {' '.join(str(error).split())}") from None
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        if np.ptp(array[..., :3], axis=-1).any():
            raise VolumeError(f"{path}: has colours; the workflow reads grey images")
        array = array[..., 0]
    if array.ndim != 2 or not array.size:
        raise VolumeError(f"{path}: is not one two-dimensional image")
    if array.dtype.kind == "b":  # NIfTI has no type for images of one bit
        array = array.astype(np.uint8)
    volume = np.ascontiguousarray(array.T[:, :, None])
    if affine is None:
        affine = _affine(pixel_size(path), orientation)
    return Volume(volume, affine)


def sidecars(path: Path) -> Iterator[Path]:
    """Yield the JSON files about an image of microscopy, the most specific first."""
    if not path.name.endswith(MICROSCOPY):
        return
    wanted = path.name.split(".")[0].split("_")
    for folder in path.parents:
        known = _json_files(folder, time_of_change(str(folder)))
        files = [file for file in known if _is_about(file, wanted)]
        yield from sorted(files, key=lambda file: -len(file.stem.split("_")))
        if (folder / "dataset_description.json").is_file():
            return


@functools.lru_cache(maxsize=256)
def _json_files(folder: Path, _changed: int) -> tuple[Path, ...]:
    """Return the JSON files in a folder: once, or the folder of all subjects is read for each."""
    return tuple(folder.glob("*.json"))


def pixel_size(path: Path) -> tuple[float, float]:
    """Return the size of a pixel (mm) along columns and rows.

    Raises:
        VolumeError: if no JSON file has it.
    """
    for file in sidecars(path):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if "PixelSize" in content:
                return _millimetres(content["PixelSize"], content["PixelSizeUnits"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise VolumeError(
                f"{file}: PixelSize must be one or two numbers, and PixelSizeUnits mm, um or nm"
            ) from None
    raise VolumeError(f"{path}: no JSON file beside it or above it has its PixelSize")


def _affine(pixel: tuple[float, float], orientation: str) -> np.ndarray:
    """Return a voxel-to-world matrix with these axes; a slice is as thick as a pixel is wide."""
    affine = np.eye(4)
    axes = axcodes2ornt(tuple(switch_convention(orientation)))
    for axis, ((world, sign), size) in enumerate(zip(axes, (*pixel, min(pixel)), strict=True)):
        affine[:3, axis] = 0
        affine[int(world), axis] = sign * size
    return affine


def _is_about(file: Path, wanted: list[str]) -> bool:
    """Return whether a JSON file counts for an image: its suffix, and some of its entities."""
    *entities, suffix = file.stem.split("_")
    return suffix == wanted[-1] and set(entities) <= set(wanted[:-1])


def _millimetres(size: Any, unit: str) -> tuple[float, float]:
    numbers = [float(n) * _MILLIMETRES[unit] for n in (size if isinstance(size, list) else [size])]
    columns, rows = (numbers * 2)[:2]
    if not (columns > 0 and rows > 0):
        raise ValueError(unit)
    return columns, rows


def main(argv: list[str] | None = None) -> int:
    """Convert an image of microscopy to the NIfTI slice that the model reads."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("image", type=Path, help="PNG or TIFF, with a JSON file of its PixelSize")
    parser.add_argument("slice", type=Path, help="the .nii.gz to write")
    arguments = parser.parse_args(argv)
    try:
        orientation = load(arguments.config).image_orientation
        nib.save(to_nifti(read_slice(arguments.image, orientation)), arguments.slice)
    except (ValueError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
