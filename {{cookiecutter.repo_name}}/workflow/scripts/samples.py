"""Read one sample: images and label map on one grid, in the wanted orientation, with notes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids import Sample
from label_maps import label_values, majority, paint
from labels import Source
from read_volume import read_volume
from volumes import Volume, VolumeError, reorient, same_grid


class ReadSample(NamedTuple):
    """A sample, as nnU-Net gets it."""

    images: Sequence[Volume]
    """The channels (float32, or the integers of the file)."""
    label: Volume
    """The label map (uint8), on exactly the first channel's grid."""
    orientation: str
    """The orientation of the first channel's file, in SCT's letters."""
    notes: tuple[str, ...]
    """What is unusual."""

    @property
    def digest(self) -> str:
        """A digest of the voxels and grids of images and label map, as they are written."""
        found = hashlib.sha256()
        for volume in (*self.images, self.label):
            array, grid = volume.array, volume.affine.astype(np.float32).tolist()  # as in NIfTI
            found.update(f"{array.shape} {array.dtype.str} {grid}".encode())
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
    channels = [reorient(original, orientation) for original in originals]
    first = channels[0]
    for path, channel in zip(sample.images[1:], channels[1:], strict=True):
        if difference := same_grid(first, channel):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
    notes = [original.note for original in originals]
    notes += [
        f"{path.name}: every voxel is {channel.array.flat[0]}"
        for path, channel in zip(sample.images, channels, strict=True)
        if np.ptp(channel.array) == 0
    ]
    parts = []
    for source in sample.labels:
        array, remarks = _read_source(sample, source, originals[0], first, orientation)
        notes += remarks
        parts.append((array, source.file.values))
    images = [Volume(_storable(channel.array), first.affine) for channel in channels]
    label = Volume(paint(parts), first.affine)
    if not label.array.any():
        notes.append("the label map is empty")
    return ReadSample(images, label, originals[0].orientation, tuple(filter(None, notes)))


def _read_source(
    sample: Sample, source: Source, original: Volume, first: Volume, orientation: str
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
        label = reorient(volume, orientation)
        if difference := same_grid(first, label):
            raise VolumeError(
                f"{path}: is not on the grid of {sample.images[0].name}: {difference}"
            )
        array, note = label_values(path, label.array, source.file)
        arrays.append(array)
        notes += [volume.note, note]
    if not arrays:
        nothing = f"no {source.name} file, which counts as empty"
        return np.zeros(first.array.shape, np.int32), [nothing]
    if len(arrays) == 1:
        return arrays[0], notes
    notes.append(f"{source.paths[0].name}: majority of {len(arrays)} raters")
    return majority(arrays, source.file.values), notes


def _storable(array: np.ndarray) -> np.ndarray:
    """Return an array whose type NIfTI and nnU-Net know: floats and integers of at most 32 bits."""
    if array.dtype.kind == "f" or array.dtype.itemsize > 4:
        return array.astype(np.float32, copy=False)
    return array
