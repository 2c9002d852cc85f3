"""Images of microscopy become NIfTI slices, with the pixel size of their JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from skimage import io

from bids import find_samples
from microscopy import main, read_slice, sidecars
from orientation import ORIENTATIONS
from samples import read_sample
from settings import LabelFile
from test_bids import dataset
from volumes import VolumeError, to_nifti

PLACE = Path("sub-01/micr")
NAME = "sub-01_sample-A_SEM"
GREY = np.arange(35, dtype=np.uint8).reshape(5, 7)
"""Five rows of seven columns."""


def micr(root: Path, ending: str = ".png", **sidecar: Any) -> Path:
    """Write an image with its label file, and a JSON file."""
    labels = root / "derivatives" / "labels" / PLACE
    for folder in (root / PLACE, labels):
        folder.mkdir(parents=True, exist_ok=True)
    io.imsave(root / PLACE / f"{NAME}{ending}", GREY, check_contrast=False)
    mask = np.where(GREY > 8, 255, np.where(GREY > 4, 127, 0)).astype(np.uint8)
    io.imsave(labels / f"{NAME}_seg.png", mask, check_contrast=False)
    (root / "dataset_description.json").write_text("{}", "utf-8")
    if sidecar:
        (root / PLACE / f"{NAME}.json").write_text(json.dumps(sidecar), "utf-8")
    return root / PLACE / f"{NAME}{ending}"


@pytest.mark.parametrize("ending", [".png", ".tif", ".ome.tif"])
def test_a_sample_of_microscopy(ending: str, tmp_path: Path) -> None:
    micr(tmp_path, ending, PixelSize=[0.2, 0.1], PixelSizeUnits="um")
    files = {"seg": LabelFile({127: 1, 255: 2})}
    (sample,), skipped = find_samples(dataset(tmp_path, [], contrasts=("SEM",), label_files=files))
    assert skipped == []
    read = read_sample(sample, "RPI")
    (image,) = read.images
    assert image.array.shape == (7, 5, 1)
    assert np.array_equal(image.array[:, :, 0], GREY.T)
    assert np.allclose(image.spacing, (2e-4, 1e-4, 1e-4))
    assert image.orientation == read.orientation == "RPI"
    assert np.array_equal(read.label.array[:, :, 0], ((GREY > 4).astype(int) + (GREY > 8)).T)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_a_slice_has_the_wanted_axes(code: str, tmp_path: Path) -> None:
    path = micr(tmp_path, PixelSize=0.5, PixelSizeUnits="mm")
    image = read_slice(path, code)
    assert image.orientation == code
    assert np.array_equal(image.array[:, :, 0], GREY.T)


def test_the_pixel_size_is_inherited(tmp_path: Path) -> None:
    path = micr(tmp_path)
    for name, size in {"SEM.json": 1, "sub-01_SEM.json": 2, "TEM.json": 3}.items():
        folder = tmp_path / "sub-01" if name.startswith("sub") else tmp_path
        text = json.dumps({"PixelSize": size, "PixelSizeUnits": "mm"})
        (folder / name).write_text(text, "utf-8")
    assert [file.name for file in sidecars(path)] == ["sub-01_SEM.json", "SEM.json"]
    assert read_slice(path, "RPI").spacing == (2, 2, 2)


@pytest.mark.parametrize(
    ("sidecar", "message"),
    [
        ({}, "no JSON file beside it or above it has its PixelSize"),
        ({"PixelSize": [0.1, 0.1]}, "PixelSize must be one or two numbers"),
        ({"PixelSize": 0.1, "PixelSizeUnits": "inch"}, "PixelSize must be one or two numbers"),
        ({"PixelSize": 0, "PixelSizeUnits": "um"}, "PixelSize must be one or two numbers"),
    ],
)
def test_a_pixel_size_that_is_not_known(
    sidecar: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = micr(tmp_path, **sidecar)
    with pytest.raises(VolumeError, match=message):
        read_slice(path, "RPI")


def test_images_with_colours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    colours = np.stack([GREY, GREY, GREY], axis=-1)
    io.imsave(path, colours, check_contrast=False)
    assert np.array_equal(read_slice(path, "RPI", np.eye(4)).array[:, :, 0], GREY.T)
    colours[0, 0, 0] = 9
    io.imsave(path, colours, check_contrast=False)
    with pytest.raises(VolumeError, match="has colours"):
        read_slice(path, "RPI", np.eye(4))
    path.write_bytes(b"no image")
    with pytest.raises(VolumeError, match="can't be read"):
        read_slice(path, "RPI", np.eye(4))


def test_an_image_of_one_bit_can_be_written(tmp_path: Path) -> None:
    path = micr(tmp_path, PixelSize=0.1, PixelSizeUnits="um")
    Image.fromarray(GREY > 9).save(path)
    nib.save(to_nifti(read_slice(path, "RPI")), tmp_path / "slice.nii.gz")
    written = np.asanyarray(nib.load(tmp_path / "slice.nii.gz").dataobj)
    assert np.array_equal(written[:, :, 0] > 0, GREY.T > 9)


def test_an_image_is_converted_for_the_model(tmp_path: Path) -> None:
    path = micr(tmp_path, PixelSize=0.2, PixelSizeUnits="um")
    config = str(Path(__file__).resolve().parent.parent / "config.yaml")
    target = tmp_path / "slice.nii.gz"
    assert main([str(path), str(target), "--config", config]) == 0
    assert nib.load(target).shape == (7, 5, 1)
    assert main([str(tmp_path / "absent.png"), str(target), "--config", config]) == 1
