"""The files that list which subject is in which part of a split: ours, and those of papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_HEADER = """\
# Which subject is in the test set and in which fold. Fold k is validated on the subjects listed
# under its number and trained on all others, except the test set. Drawn once, as below; new
# subjects join the folds. Edit it, or delete it to draw it again, before training, never after.
"""
# The parser of libyaml, if PyYAML has it: ten thousand subjects take it a tenth of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DRAWN = ("seed", "share", "fixed")


@dataclass(frozen=True)
class Splits:
    """Subjects of the test set, and of each fold."""

    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]
    """The subjects that each fold is validated on."""
    train: tuple[str, ...] = ()
    """Subjects that every fold is trained on, in a split that a paper fixed."""

    @property
    def subjects(self) -> list[str]:
        """All subjects, duplicates included."""
        return [*self.test, *self.train, *(s for fold in self.folds for s in fold)]


def read(path: Path) -> Splits:
    """Read a splits file.

    Raises:
        ValueError: if it is invalid.
    """
    content = _read_yaml(path)
    folds = content.get("folds")
    if isinstance(folds, dict):
        folds = list(folds.values()) if list(folds) == list(range(len(folds))) else None
    usable = isinstance(folds, list) and folds
    lists = [content.get("test"), content.get("train", []), *(folds or ())] if usable else []
    if not lists or not all(map(_is_names, lists)):
        paper = "; the split of a paper goes into splits.fixed" if "train" in content else ""
        raise ValueError(
            "must contain test: [subjects] and folds: {0: [subjects], 1: [subjects]}" + paper
        )
    return Splits(tuple(lists[0]), tuple(map(tuple, lists[2:])), tuple(lists[1]))


def read_fixed(path: Path) -> Splits:
    """Read a split that a paper fixed: lists ``test``, and ``train`` and ``val`` if it has them.

    They name subjects or their files (``sub-01_ses-02_T2w.nii.gz``).

    Raises:
        ValueError: if it is invalid, or a subject is on two sides.
    """
    content = _read_yaml(path)
    lists = {key: content.get(key) or [] for key in ("test", "train", "val")}
    if not lists["test"] or not all(map(_is_names, lists.values())):
        raise ValueError("must contain test: [subjects], and may contain train and val")
    if lists["train"] and not lists["val"]:
        lists["train"] = []  # the others, which are divided into folds
    parts = {
        key: {entry.split("/")[-1].split("_")[0].split(".")[0] for entry in entries}
        for key, entries in lists.items()
    }
    for first, second in (("test", "train"), ("test", "val"), ("train", "val")):
        both = sorted(parts[first] & parts[second])
        if both:
            raise ValueError(f"{both[0]} is in {first} and in {second}")
    test, train, val = (tuple(sorted(parts[key])) for key in ("test", "train", "val"))
    return Splits(test, (val,) if val else (), train if val else ())


def read_drawn(path: Path) -> dict[str, Any]:
    """Return how the splits of a file were drawn: the settings that it records."""
    return {key: value for key, value in _read_yaml(path).items() if key in _DRAWN}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - safe
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"can't be read: {' '.join(str(error).split())}") from None
    return content if isinstance(content, dict) else {}


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def to_yaml(splits: Splits, drawn: Mapping[str, Any]) -> str:
    """Return splits as the text of a splits file, with how they were drawn."""
    content: dict[str, Any] = {
        **drawn,
        "test": list(splits.test),
        "folds": {k: list(fold) for k, fold in enumerate(splits.folds)},
    }
    if splits.train:
        content["train"] = list(splits.train)
    return _HEADER + yaml.dump(content, Dumper=_Dumper, sort_keys=False)
