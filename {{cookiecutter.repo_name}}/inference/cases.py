"""Which images to segment, and where the results go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import count

ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class Case:
    """One image to segment: its channels in order, and where the result goes."""

    images: tuple[Path, ...]
    output: Path


def plan_cases(inputs: Sequence[Path], output: Path, channels: int) -> list[Case]:
    """Return the cases that the arguments name.

    Args:
        inputs: one folder, or the channels of one image.
        output: a folder, or the file of the result.
        channels: how many channels the model takes.

    Raises:
        ValueError: with one line that says what is wrong with the arguments.
    """
    absent = [path for path in inputs if not path.exists()]
    if absent:
        raise ValueError(f"{absent[0]} does not exist")
    if len(inputs) == 1 and inputs[0].is_dir():
        return _folder_cases(inputs[0], output, channels)
    folders = [path for path in inputs if path.is_dir()]
    if folders:
        raise ValueError(
            f"{folders[0]} is a folder; give either one folder or the files of one image"
        )
    if len(inputs) != channels:
        more = "; to segment several images, give a folder" if channels == 1 else ""
        raise ValueError(
            f"{count(len(inputs), 'channel')} given, but the model takes "
            f"{count(channels, 'channel')}{more}"
        )
    if output.is_dir():
        output = output / _stem(inputs[0], channels)
    if not output.name.endswith(ENDINGS):
        raise ValueError(f"{output}: the result is a NIfTI file; its name must end in .nii.gz")
    if output.resolve() in {path.resolve() for path in inputs}:
        raise ValueError(f"{output}: would overwrite the input; choose another name")
    return [Case(tuple(inputs), output)]


def _folder_cases(folder: Path, output: Path, channels: int) -> list[Case]:
    files = sorted(p for p in folder.iterdir() if p.name.endswith(ENDINGS) and p.name[0] != ".")
    if not files:
        raise ValueError(f"{folder} contains no .nii.gz or .nii file")
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file; a folder of images needs a folder for the results")
    if output.resolve() == folder.resolve():
        raise ValueError(f"{output}: would overwrite the inputs; choose another folder")
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(_stem(path, channels), []).append(path)
    for name, group in groups.items():
        numbers = [_channel_number(path) for path in group]
        if channels > 1 and numbers != list(range(channels)):
            raise ValueError(
                f"{group[0]}: the model takes {count(channels, 'channel')}, named NAME_0000.nii.gz "
                f"to NAME_{channels - 1:04d}.nii.gz; of {name.removesuffix('.nii.gz')} there "
                f"{'is' if len(group) == 1 else 'are'} {', '.join(path.name for path in group)}"
            )
        if channels == 1 and len(group) > 1:
            raise ValueError(
                f"{group[0].name} and {group[1].name} in {folder} have the same name; keep one"
            )
    return [Case(tuple(group), output / name) for name, group in groups.items()]


def _stem(path: Path, channels: int) -> str:
    """Return the name of the result: the input's as ``.nii.gz``, without its channel number."""
    stem = re.sub(r"\.nii(\.gz)?$", "", path.name)
    numbered = re.sub(r"_\d{4}$", "", stem) if channels > 1 else stem.removesuffix("_0000")
    return f"{numbered or stem}.nii.gz"


def _channel_number(path: Path) -> int | None:
    match = re.search(r"_(\d{4})\.nii(\.gz)?$", path.name)
    return int(match[1]) if match else None
