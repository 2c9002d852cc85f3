"""The part of the configuration about the BIDS dataset: images, label files, raters, exclusions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config_schema import SettingsError, hint, local_path

RATER = "{rater}"
"""In the suffix of a label file: the place of a rater's name."""


@dataclass(frozen=True)
class LabelFile:
    """How the files of one suffix are read."""

    values: Mapping[int, int]
    """Value in the file -> value for training."""
    missing_is_empty: bool = False
    """Whether an image without the file has nothing of its labels (otherwise it is skipped)."""
    threshold: float | None = None
    """The least value of a voxel that belongs to the label, in files with probabilities."""


@dataclass(frozen=True)
class Dataset:
    """Where the BIDS dataset is and which of its files to use."""

    id: int
    name: str
    bids: Path
    labels_folder: str
    contrasts: tuple[str, ...]
    as_channels: bool
    label_files: Mapping[str, LabelFile]
    """For each suffix of a label file."""
    exclude: Mapping[str, str]
    """Subjects, sessions and images that are left out -> why."""
    exclude_file: Path | None = None
    exclude_groups: tuple[str, ...] = ()
    """The groups of ``exclude_file`` that count; empty for all of them."""
    labels_of: str | None = None
    """The contrast whose label files are those of all images of a visit."""
    raters: tuple[str, ...] = ()
    raters_as: str = "one"
    """``one``, ``majority`` or ``each``."""


def read_dataset(content: Mapping[str, Any]) -> Dataset:
    """Return the section ``dataset``, which agrees with the schema.

    Raises:
        SettingsError: if its values contradict each other.
    """
    dataset = Dataset(
        id=content["id"],
        name=content["name"],
        bids=local_path(content["bids"]),
        labels_folder=str(local_path(content["labels_folder"])),
        contrasts=tuple(content["contrasts"]),
        as_channels=content["contrasts_as"] == "channels",
        label_files={name: _label_file(entry) for name, entry in content["label_files"].items()},
        exclude=content["exclude"],
        exclude_file=local_path(content["exclude_file"]) if content["exclude_file"] else None,
        exclude_groups=tuple(content["exclude_groups"]),
        labels_of=content["labels_of"],
        raters=tuple(content["raters"]),
        raters_as=content["raters_as"],
    )
    _check(dataset)
    return dataset


def _label_file(entry: int | Mapping[str, Any]) -> LabelFile:
    if isinstance(entry, int):
        return LabelFile({1: entry})
    if "values" not in entry:
        return LabelFile({int(key): value for key, value in entry.items()})
    inner = _label_file(entry["values"])
    return LabelFile(inner.values, entry.get("missing") == "empty", entry.get("threshold"))


def _check(dataset: Dataset) -> None:
    for suffix, file in dataset.label_files.items():
        if file.threshold is not None and list(file.values) != [1]:
            raise SettingsError(
                f"dataset.label_files.{suffix}: with a threshold, the file has one label: give "
                "values one number, its value in training"
            )
    named = [suffix for suffix in dataset.label_files if RATER in suffix]
    if named and not dataset.raters:
        raise SettingsError(f"dataset.label_files.{named[0]}: list the raters in dataset.raters")
    if dataset.raters and not named:
        raise SettingsError(
            f"dataset.raters: no label file has {RATER} in its name, such as desc-{RATER}_seg"
        )
    if dataset.exclude_file is not None and not dataset.exclude_file.is_file():
        raise SettingsError(f"dataset.exclude_file: {dataset.exclude_file} does not exist")
    if dataset.exclude_groups and dataset.exclude_file is None:
        raise SettingsError("dataset.exclude_groups: is only for an exclude_file")
    if dataset.labels_of is not None and dataset.as_channels:
        wanted = dataset.labels_of
        if wanted not in dataset.contrasts:
            raise SettingsError(
                f"dataset.labels_of: {wanted} is not a channel{hint(wanted, dataset.contrasts)}"
            )
