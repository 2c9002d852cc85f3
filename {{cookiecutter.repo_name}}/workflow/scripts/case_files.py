"""The files of one case in nnU-Net's raw layout: write them, or take them from an earlier run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids import Sample
from case_table import Row
from listing import State, state
from microscopy import sidecars
from notes import code, digest
from samples import read_sample
from volumes import to_nifti

FOLDERS = ("imagesTr", "labelsTr", "imagesTs", "labelsTs")


@dataclass(frozen=True, slots=True)
class Job:
    """A case to convert."""

    sample: Sample
    part: str
    """``train`` or ``test``."""
    key: str
    """A digest of what its files depend on."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A case that is converted."""

    row: Row
    """Without its fold."""
    files: dict[str, State]
    """Path in the raw dataset -> its state, when it was written."""

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON can express."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Converted:
        """Return what was expressed in JSON."""
        files = {place: (size, changed) for place, (size, changed) in content["files"].items()}
        return cls(Row(**content["row"]), files)


def jobs_of(samples: Iterable[Sample], test: Iterable[str], orientation: str) -> Iterator[Job]:
    """Yield the cases to convert; those of the subjects in ``test`` are the test set."""
    held_out, how = set(test), digest(orientation, code("case_files"))
    for sample in samples:
        part = "test" if sample.subject in held_out else "train"
        paths = [*sample.files, *(f for path in sample.images for f in sidecars(path))]
        files = [(str(path), *state(path)) for path in paths]
        labels = [(source.name, source.file, len(source.paths)) for source in sample.labels]
        yield Job(sample, part, digest(how, sample.case, part, files, labels))


def write_case(job: Job, *, orientation: str, folder: Path) -> Converted:
    """Write one case into ``imagesTr/labelsTr`` or ``imagesTs/labelsTs`` under ``folder``.

    Raises:
        VolumeError: with one line, if a file is invalid.
    """
    sample, suffix = job.sample, "Ts" if job.part == "test" else "Tr"
    read = read_sample(sample, orientation)
    volumes = {
        f"images{suffix}/{sample.case}_{channel:04d}.nii.gz": image
        for channel, image in enumerate(read.images)
    }
    volumes[f"labels{suffix}/{sample.case}.nii.gz"] = read.label
    for place, volume in volumes.items():
        (folder / place).unlink(missing_ok=True)  # it may be a link to the earlier result
        nib.save(to_nifti(volume), folder / place)
    row = Row(
        sample.case,
        sample.subject,
        job.part,
        orientation=read.orientation,
        values=" ".join(str(value) for value in np.unique(read.label.array) if value),
        note="; ".join(read.notes),
        digest=read.digest,
    )
    return Converted(row, {place: state(folder / place) for place in volumes})


def take(files: dict[str, State], folder: Path, earlier: Path) -> bool:
    """Return whether the files of a case are there as they were written, also in an earlier result.

    From there they are linked, not moved: the earlier result stays whole until the next one is. The
    size alone would not do: other settings, tried in between, give files of the same size.
    """
    for place, written in files.items():
        if state(folder / place) == written:
            continue
        if state(earlier / place) != written:
            return False
        (folder / place).unlink(missing_ok=True)
        try:
            os.link(earlier / place, folder / place)
        except OSError:  # not every file system has links
            shutil.copy2(earlier / place, folder / place)
    return True


def clear(folder: Path, kept: Iterable[str]) -> None:
    """Make the folders of a raw dataset, and remove all files but those to keep."""
    places = set(kept)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        with os.scandir(folder / name) as entries:
            strange = [entry.path for entry in entries if f"{name}/{entry.name}" not in places]
        for path in strange:
            os.unlink(path)  # noqa: PTH108
