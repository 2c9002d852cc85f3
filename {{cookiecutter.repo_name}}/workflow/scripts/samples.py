"""Read one sample: images and label map on one grid, in the wanted orientation, with notes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np

from bids import Sample
from labels import Source
from orientation import orientation_of, reorient_image
from volumes import VolumeError, label_values, majority, paint, read_volume, same_grid


class ReadSample(NamedTuple):
    """A sample, as nnU-Net gets it."""

    images: Sequence[Any]
    """The channels (nibabel images, float32 or the integers of the file)."""
    label: Any
    """The label map (uint8), on exactly the first channel's grid."""
    orientation: str
    """The orientation of the first channel's file, in SCT's letters."""
    notes: tuple[str, ...]
    """What is unusual."""

    @property
    def digest(self) -> str:
        """A digest of the voxels and grids of images and label map."""
        found = hashlib.sha256()
        for image in (*self.images, self.label):
            array = np.asanyarray(image.dataobj)
            found.update(f"{array.shape} {array.dtype.str} {image.affine.tolist()}".encode())
            found.update(array.tobytes())
        return found.hexdigest()[:16]


def read_sample(sample: Sample, orientation: str) -> ReadSample:
    """Read, check and reorient one sample.

    Args:
        sample: where its files are.
        orientation: the wanted orientation, in SCT's letters.

    Raises:
        VolumeError: with one line that names the invalid file.
    """
    originals = [read_volume(path, orientation) for path in sample.images]
    channels = [reorient_image(image, orientation) for image in originals]
    first = channels[0]
    for path, channel in zip(sample.images[1:], channels[1:], strict=True):
        if difference := same_grid(first, channel):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
    notes = [image.extra["note"] for image in originals]
    notes += [
        f"{path.name}: every voxel is {np.asanyarray(image.dataobj).flat[0]}"
        for path, image in zip(sample.images, channels, strict=True)
        if np.ptp(np.asanyarray(image.dataobj)) == 0
    ]
    parts = []
    for source in sample.labels:
        array, remarks = _read_source(sample, source, originals[0], first, orientation)
        notes += remarks
        parts.append((array, source.file.values))
    images = [_clean(np.asanyarray(channel.dataobj), first.affine) for channel in channels]
    label = _clean(paint(parts), first.affine)
    if not np.any(label.dataobj):
        notes.append("the label map is empty")
    was = orientation_of(originals[0].affine)
    return ReadSample(images, label, was, tuple(filter(None, notes)))


def _read_source(
    sample: Sample, source: Source, original: Any, first: Any, orientation: str
) -> tuple[np.ndarray, list[str]]:
    """Return the whole numbers of a label file, or of the majority of several, and notes.

    Args:
        sample: what it belongs to.
        source: the files.
        original: the first channel as it is in its file.
        first: the same in the wanted orientation.
        orientation: the wanted orientation, in SCT's letters.
    """
    arrays, notes = [], []
    for path in source.paths:
        volume = read_volume(path, orientation, original.affine)
        label = reorient_image(volume, orientation)
        if difference := same_grid(first, label):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
        array, note = label_values(path, np.asanyarray(label.dataobj), source.file)
        arrays.append(array)
        notes += [volume.extra["note"], note]
    if not arrays:
        nothing = f"no {source.name} file, which counts as empty"
        return np.zeros(first.shape, np.int32), [nothing]
    if len(arrays) == 1:
        return arrays[0], notes
    notes.append(f"{source.paths[0].name}: majority of {len(arrays)} raters")
    return majority(arrays, source.file.values), notes


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
