"""Divide subjects into a test set and folds, and keep the division in a file.

The file, ``datasplits/splits.yaml``, is drawn once and then belongs to the repository, so the test
set never changes by itself. No subject is on both sides of a split: all of its sessions and
contrasts are on the same side.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bids import find_samples
from common import add_config_argument, fail, write_text
from settings import Settings, SettingsError, load

_HEADER = """\
# Which subject is in the test set and in which fold. Fold k is validated on the subjects listed
# under its number and trained on those of all other folds. Drawn once with the seed below; edit it
# or delete it (to draw it again) before training, never after.
"""


@dataclass(frozen=True)
class Splits:
    """Subjects of the test set, and of each fold."""

    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]

    @property
    def subjects(self) -> list[str]:
        """All subjects, duplicates included."""
        return [*self.test, *(subject for fold in self.folds for subject in fold)]


def draw(subjects: Iterable[str], *, test: float, folds: int, seed: int) -> Splits:
    """Divide subjects at random, the same way for the same seed.

    Args:
        subjects: subject names; their order does not matter.
        test: share of the subjects to hold out, at least one subject.
        folds: number of folds for the other subjects.
        seed: seed of the random generator.

    Raises:
        ValueError: if there are too few subjects for that many folds.
    """
    names = sorted(set(subjects))
    held_out = max(1, round(test * len(names)))
    if len(names) - held_out < folds:
        advice = "lower splits.folds in config.yaml" if len(names) > 2 else "three are the least"
        raise ValueError(
            f"{len(names)} subjects are too few: {held_out} for the test set leaves "
            f"{max(0, len(names) - held_out)} for {folds} folds; {advice}"
        )
    random.Random(seed).shuffle(names)  # noqa: S311 - a reproducible draw, not a secret
    rest = names[held_out:]
    return Splits(
        test=tuple(sorted(names[:held_out])),
        folds=tuple(tuple(sorted(rest[k::folds])) for k in range(folds)),
    )


def check(
    splits: Splits, subjects: Iterable[str], *, excluded: Iterable[str], folds: int
) -> Splits:
    """Check splits against the subjects of the dataset; return them without the excluded ones.

    Raises:
        ValueError: with one line, if a subject is duplicate, unknown or missing, a part is empty,
            or the number of folds is not ``folds``.
    """
    known, out = set(subjects), set(excluded)
    listed = splits.subjects
    if len(splits.folds) != folds:
        raise ValueError(
            f"has {len(splits.folds)} folds, but splits.folds in config.yaml is {folds}"
        )
    twice = sorted({s for s in listed if listed.count(s) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is listed twice")
    unknown = sorted(set(listed) - known - out)
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: listed, but the dataset has no usable image and label of it"
        )
    unlisted = sorted(known - set(listed))
    if unlisted:
        raise ValueError(
            f"{', '.join(unlisted)}: in the dataset, but not listed; add it to a fold or the test "
            "set, or exclude it in config.yaml, or delete the file to draw it again"
        )
    kept = Splits(
        tuple(s for s in splits.test if s not in out),
        tuple(tuple(s for s in fold if s not in out) for fold in splits.folds),
    )
    empty = [f"fold {k}" for k, fold in enumerate(kept.folds) if not fold]
    if not kept.test:
        empty.insert(0, "the test set")
    if empty:
        raise ValueError(f"{empty[0]} has no subject")
    return kept


def nnunet_splits(splits: Splits, subject_of: Mapping[str, str]) -> list[dict[str, list[str]]]:
    """Return nnU-Net's ``splits_final.json``, which lists cases, for folds of subjects.

    Args:
        splits: the splits by subject.
        subject_of: case -> subject, of the training cases only.
    """
    result = []
    for fold in splits.folds:
        validation = sorted(case for case, subject in subject_of.items() if subject in fold)
        training = sorted(set(subject_of) - set(validation))
        result.append({"train": training, "val": validation})
    return result


def read(path: Path) -> Splits:
    """Read a splits file.

    Raises:
        ValueError: if it is invalid.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"can't be read: {' '.join(str(error).split())}") from None
    test = content.get("test") if isinstance(content, dict) else None
    folds = content.get("folds") if isinstance(content, dict) else None
    if isinstance(folds, dict):
        folds = list(folds.values()) if list(folds) == list(range(len(folds))) else None
    lists: list[Any] = [test, *folds] if isinstance(folds, list) else [None]
    if not all(isinstance(part, list) and all(isinstance(s, str) for s in part) for part in lists):
        raise ValueError("must contain test: [subjects] and folds: {0: [subjects], 1: [subjects]}")
    return Splits(tuple(lists[0]), tuple(tuple(fold) for fold in lists[1:]))


def to_yaml(splits: Splits, seed: int) -> str:
    """Return splits as the text of a splits file."""
    content = {
        "seed": seed,
        "test": list(splits.test),
        "folds": {k: list(fold) for k, fold in enumerate(splits.folds)},
    }
    return _HEADER + yaml.safe_dump(content, sort_keys=False)


def prepare(settings: Settings) -> tuple[Splits, bool]:
    """Read the splits file, or draw it if it is missing; return also whether it was drawn.

    Raises:
        ValueError: if the file or the dataset is invalid.
    """
    samples, skipped = find_samples(settings.dataset)
    subjects = {sample.subject for sample in samples}
    if not subjects:
        raise ValueError(
            f"{settings.dataset.bids}: no subject has both a NIfTI image and labels; for example "
            f"{skipped[0].what}: {skipped[0].reason}"
        )
    wanted = settings.splits
    if not wanted.file.exists():
        drawn = draw(subjects, test=wanted.test, folds=wanted.folds, seed=wanted.seed)
        write_text(wanted.file, to_yaml(drawn, wanted.seed))
        return drawn, True
    try:
        return check(
            read(wanted.file), subjects, excluded=settings.dataset.exclude, folds=wanted.folds
        ), False
    except ValueError as error:
        raise ValueError(f"{wanted.file}: {error}") from None


def main(argv: list[str] | None = None) -> int:
    """Draw the splits file, or check the existing one."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        splits, drawn = prepare(settings)
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)
    print(
        f"{settings.splits.file}: {'drawn' if drawn else 'kept as it is'}: "
        f"{len(splits.test)} test subjects, {len(splits.folds)} folds of "
        f"{', '.join(str(len(fold)) for fold in splits.folds)} subjects"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
