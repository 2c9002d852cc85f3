"""What is tried, with what, within which limits, and how the user is told and asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...findings import TargetReport
from ...models.target import Target
from ...models.trainer_folder import TrainerFolder

#: Bytes that a trial may write: at least, and for each byte of its images on disk.
_DISK, _DISK_PER_BYTE = 256 << 20, 20
_MAX_DISK = 8 << 30


@dataclass(frozen=True)
class Subject:
    """What is tried."""

    #: The zip or the folder, on this machine.
    path: Path
    #: What the linter read of it, and what it reports.
    target: Target
    report: TargetReport

    @property
    def trainer(self) -> TrainerFolder | None:
        """The trainer folder that is tried: the first one that a consumer loads."""
        return next(iter(self.target.package.judged), None) if self.target.package else None

    @property
    def dataset(self) -> Mapping[str, Any]:
        """Its ``dataset.json``, empty if it has none."""
        trainer = self.trainer
        return (trainer.dataset.object if trainer and trainer.dataset else None) or {}


@dataclass(frozen=True)
class Wanted:
    """What to try it with, and within which limits."""

    #: Files of each image, one for each channel; empty for a phantom.
    images: tuple[tuple[Path, ...], ...]
    seconds: int
    #: Bytes, on top of what Python and its libraries take.
    memory: int
    picture: bool
    #: Whether an image in which nothing is segmented is fine.
    allow_empty: bool
    #: What should be segmented in each image; empty if that is not known.
    references: tuple[Path, ...] = ()

    @property
    def disk(self) -> int:
        """The bytes that a trial may write: more for larger images."""
        held = sum(file.stat().st_size for image in self.images for file in image)
        return min(_MAX_DISK, _DISK + _DISK_PER_BYTE * held)


class Talk(NamedTuple):
    """What the user is told and asked while a package is tried."""

    #: Takes which limits hold, before the package's code can run; returns whether to go on.
    ask: Callable[[Mapping[str, bool]], bool]
    #: Takes what is being done.
    show: Callable[[str], None] = lambda _: None
