"""What became of a trial, as data. What the process answers is checked: a package may forge it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...findings import TargetReport
from ..png import strip_notes

_LONGEST, _MOST, _HUGE = 300, 500, 1e18


@dataclass(frozen=True)
class Defect:
    """What is wrong with one image's result, or why there is none."""

    #: empty, shape, grid, labels or finite for a result.
    kind: str
    #: One line.
    text: str


@dataclass(frozen=True)
class ImageResult:
    """What became of one image."""

    name: str
    is_phantom: bool
    shape: tuple[int, ...]
    #: Millimetres.
    spacing: tuple[float, ...]
    #: In SCT's letters.
    orientation: str
    #: Voxels of each mask.
    voxels: Mapping[str, int]
    seconds: float
    defects: tuple[Defect, ...]
    #: Overlap of each mask with the reference, 0 to 1; empty without one.
    dice: Mapping[str, float] = field(default_factory=dict)
    #: What to know about it, a line each.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a package does not work."""

    #: unpack, import, find, trainer, load, orientation, predict, save, check, ...
    stage: str
    #: One sentence for the user.
    sentence: str
    #: What was raised, on one line; "" if nothing was.
    raised: str = ""
    #: The rules that report the cause.
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """The model as it was loaded."""

    folder: str
    folds: tuple[str, ...]
    trainer: str
    network: str
    parameters: int


@dataclass(frozen=True)
class Trial:
    """A package in one nnU-Net."""

    #: As the user named the Python.
    environment: str
    #: sct or nnunet; "" if that is unknown.
    consumer: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    #: Which limits held: files, network, processes, memory.
    limits: Mapping[str, bool] = field(default_factory=dict)
    loaded: Loaded | None = None
    images: tuple[ImageResult, ...] = ()
    failures: tuple[Failure, ...] = ()
    #: As PNG; empty without one.
    picture: bytes = b""
    seconds: float = 0.0

    @property
    def works(self) -> bool:
        """Whether the package loads and predicts, and the result is as it should be."""
        return not self.failures


@dataclass(frozen=True)
class Tried:
    """A package in every nnU-Net."""

    target: str
    report: TargetReport
    #: Codes of the rules for which it was not tried: unsafe.
    refused: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    #: Where pictures were written, by the place of their trial.
    pictures: Mapping[int, str] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether it works in all of them."""
        return not self.refused and all(trial.works for trial in self.trials)


def text_of(value: Any, longest: int = _LONGEST) -> str:
    """Return a text as one short line; "" for what is none."""
    words = " ".join(value.split()) if isinstance(value, str) else ""
    return words if len(words) <= longest else f"{words[: longest - 3]}..."


def names_of(value: Any, kind: type) -> dict[str, Any]:
    """Return an object whose values have a type, without what is no such value."""
    items = value.items() if isinstance(value, dict) else ()
    good = ((text_of(k, 80), v) for k, v in items if type(v) is kind and _is_moderate(v))
    return dict(list(good)[:_MOST])


def numbers_of(value: Any) -> tuple[float, ...]:
    """Return up to four numbers."""
    held = value if isinstance(value, list) else []
    return tuple(n for n in held if type(n) in {int, float} and _is_moderate(n))[:4]


def number_of(value: Any) -> float:
    """Return a number, 0 for anything else."""
    return value if type(value) in {int, float} and _is_moderate(value) else 0


def _is_moderate(value: Any) -> bool:
    """Return whether a value, if it is a number, is one that can be shown: no NaN, none huge."""
    return not isinstance(value, int | float) or -_HUGE < value < _HUGE


def loaded_of(answer: Mapping[str, Any]) -> Loaded:
    """Return the model as it was loaded."""
    folds = answer.get("folds")
    listed = folds if isinstance(folds, list) else []
    return Loaded(
        text_of(answer.get("folder"), 100),
        tuple(text_of(fold, 20) for fold in listed[:_MOST]),
        text_of(answer.get("trainer"), 100),
        text_of(answer.get("network"), 100),
        int(number_of(answer.get("parameters"))),
    )


def image_of(answer: Any) -> ImageResult:
    """Return what became of an image."""
    held = answer if isinstance(answer, dict) else {}
    problems = held.get("problems")
    listed = problems if isinstance(problems, list) else []
    return ImageResult(
        text_of(held.get("image"), 200),
        held.get("phantom") is True,
        tuple(int(n) for n in numbers_of(held.get("shape"))),
        numbers_of(held.get("spacing")),
        text_of(held.get("orientation"), 10),
        names_of(held.get("voxels"), int),
        number_of(held.get("seconds")),
        tuple(
            Defect(text_of(p.get("kind"), 20), text_of(p.get("text")))
            for p in listed[:_MOST]
            if isinstance(p, dict)
        ),
        names_of(held.get("dice"), float),
    )


def png_of(value: Any) -> bytes:
    """Return a picture, and nothing that may be hidden in its file; empty if it is none."""
    try:
        return (
            strip_notes(base64.b64decode(value, validate=True)) if isinstance(value, str) else b""
        )
    except ValueError:
        return b""
