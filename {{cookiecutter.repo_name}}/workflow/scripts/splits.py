"""Divide subjects into a test set and folds, and keep the division in a file.

The file, ``datasplits/splits.yaml``, is drawn once and then belongs to the repository, so the test
set never changes by itself. New subjects join the folds; no subject that is listed ever moves. No
subject is on both sides of a split: all of its sessions and contrasts are on the same side.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bids import Found, find_samples
from common import add_config_argument, count, fail, write_text
from notes import Note, add_run_argument, write_note
from settings import Settings, SettingsError, SplitSettings, load
from split_files import Splits, read, read_drawn, read_fixed, to_yaml

_NAMED = 10
"""So many new subjects are named."""


def draw(
    subjects: Iterable[str], *, test: float, folds: int, seed: int, fixed: Splits | None = None
) -> Splits:
    """Divide subjects at random, the same way for the same seed.

    Args:
        subjects: subject names; their order does not matter.
        test: share of the subjects to hold out, at least one subject.
        folds: number of folds for the other subjects.
        seed: seed of the random generator.
        fixed: a split that a paper fixed: its test set is taken, and its fold if it has one.

    Raises:
        ValueError: if there are too few subjects for that many folds.
    """
    names = sorted(set(subjects))
    if fixed is not None and fixed.folds:
        return fixed
    held_out = max(1, round(test * len(names))) if fixed is None else len(fixed.test)
    if len(names) - held_out < folds:
        advice = "lower splits.folds in config.yaml" if len(names) > 2 else "three are the least"
        raise ValueError(
            f"{len(names)} subjects are too few: {held_out} for the test set leaves "
            f"{max(0, len(names) - held_out)} for {folds} folds; {advice}"
        )
    random.Random(seed).shuffle(names)  # noqa: S311 - a reproducible draw, not a secret
    if fixed is not None:
        held = set(fixed.test)
        names = [*fixed.test, *(name for name in names if name not in held)]
    rest = names[held_out:]
    return Splits(
        test=tuple(sorted(names[:held_out])),
        folds=tuple(tuple(sorted(rest[k::folds])) for k in range(folds)),
    )


def join(splits: Splits, subjects: Iterable[str]) -> tuple[Splits, list[str]]:
    """Return splits with the subjects that are not listed yet, and these subjects.

    Each joins the smallest fold, or the training subjects of a split that a paper fixed. The test
    set stays as it is.
    """
    new = sorted(set(subjects) - set(splits.subjects))
    if splits.train:
        return replace(splits, train=tuple(sorted([*splits.train, *new]))), new
    folds = [list(fold) for fold in splits.folds]
    for subject in new:
        min(folds, key=len).append(subject)
    return replace(splits, folds=tuple(tuple(sorted(fold)) for fold in folds)), new


def check(
    splits: Splits,
    subjects: Iterable[str],
    *,
    excluded: Iterable[str],
    folds: int,
    why: Mapping[str, str] = MappingProxyType({}),
) -> Splits:
    """Check splits against the subjects of the dataset; return them without the excluded ones.

    Args:
        splits: what is checked.
        subjects: those that can be used.
        excluded: those that may be listed and are left out.
        folds: the number of folds that is wanted.
        why: why a subject can't be used, as far as that is known.

    Raises:
        ValueError: with one line, if a subject is duplicate or unknown, a part is empty, or the
            number of folds is not ``folds``.
    """
    known, out = set(subjects), set(excluded)
    listed = splits.subjects
    if len(splits.folds) != folds and not splits.train:
        raise ValueError(
            f"has {len(splits.folds)} folds, but splits.folds in config.yaml is {folds}"
        )
    twice = sorted(name for name, number in Counter(listed).items() if number > 1)
    if twice:
        raise ValueError(f"{twice[0]} is listed twice")
    unknown = sorted(set(listed) - known - out)
    if unknown:
        reason = f" ({why[unknown[0]]})" if unknown[0] in why else ""
        raise ValueError(
            f"{', '.join(unknown)}: listed, but the dataset has no usable image and label of it"
            f"{reason}; bring it back, or exclude it in config.yaml"
        )
    kept = Splits(
        tuple(s for s in splits.test if s not in out),
        tuple(tuple(s for s in fold if s not in out) for fold in splits.folds),
        tuple(s for s in splits.train if s not in out),
    )
    empty = [f"fold {k}" for k, fold in enumerate(kept.folds) if not fold]
    if not kept.test:
        empty.insert(0, "the test set")
    if empty:
        raise ValueError(f"{empty[0]} has no subject")
    return kept


def prepare(settings: Settings, found: Found | None = None) -> tuple[Splits, list[str]]:
    """Read the splits file, or draw it if it is missing; add new subjects to it.

    Args:
        settings: the splits file, and how it is drawn.
        found: the samples of the dataset, if they are known already.

    Returns:
        The splits, without excluded subjects, and what to tell about the file.

    Raises:
        ValueError: if the file or the dataset is invalid.
    """
    samples, skipped = found or find_samples(settings.dataset)
    subjects = {sample.subject for sample in samples}
    if not subjects:
        reason = f"; for example {skipped[0].what}: {skipped[0].reason}" if skipped else ""
        raise ValueError(f"{settings.dataset.bids}: no subject has an image and labels{reason}")
    out = {item.subject for item in skipped if item.reason.startswith("excluded")} - subjects
    file, fixed = settings.splits.file, settings.splits.fixed
    is_new = not file.exists()
    try:
        known = _draw(settings.splits, subjects) if is_new else read(file)
        known, joined = join(known, subjects)
        why = {item.subject: f"{item.what}: {item.reason}" for item in reversed(skipped)}
        splits = check(known, subjects, excluded=out, folds=settings.splits.folds, why=why)
        _check_trained(splits, settings.nnunet.folds)
    except ValueError as error:
        raise ValueError(f"{(fixed or file) if is_new else file}: {error}") from None
    how = _how(settings.splits)
    before = how if is_new else read_drawn(file)
    if is_new or joined:
        write_text(file, to_yaml(known, before))
    if is_new:
        return splits, ["drawn"]
    lines = _joined(joined)
    if any(before.get(key, value) != value for key, value in how.items()):
        lines.append(
            "splits.test, seed or fixed changed in config.yaml, but the test set stays as it was "
            "drawn; delete this file to draw anew"
        )
    return splits, lines or ["kept as it is"]


def _joined(subjects: Sequence[str]) -> list[str]:
    if len(subjects) > _NAMED:
        return [
            f"{len(subjects)} new subjects, {subjects[0]} to {subjects[-1]}, join the folds; the "
            "test set stays as it is"
        ]
    return [f"{name} joins the folds; the test set stays as it is" for name in subjects]


def _check_trained(splits: Splits, folds: Iterable[str]) -> None:
    beyond = [fold for fold in folds if fold != "all" and int(fold) >= len(splits.folds)]
    if beyond:
        raise ValueError(
            f"has {count(len(splits.folds), 'fold')}, so fold "
            f"{beyond[0]} can't be trained; change nnunet.folds in config.yaml"
        )


def _draw(wanted: SplitSettings, subjects: Iterable[str]) -> Splits:
    fixed = None if wanted.fixed is None else read_fixed(wanted.fixed)
    return draw(subjects, test=wanted.test, folds=wanted.folds, seed=wanted.seed, fixed=fixed)


def _how(wanted: SplitSettings) -> dict[str, float | int | str]:
    """Return the settings of a draw, which the file records."""
    fixed = {} if wanted.fixed is None else {"fixed": str(wanted.fixed)}
    return {"seed": wanted.seed, "share": wanted.test, **fixed}


def main(argv: list[str] | None = None) -> int:
    """Draw the splits file, or check the existing one and add new subjects."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        splits, lines = prepare(settings)
        write_note(settings.work, "split", Note("", {}, arguments.run), [settings.splits.file])
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)
    for line in lines:
        print(f"{settings.splits.file}: {line}")
    print(
        f"{settings.splits.file}: {len(splits.test)} test subjects, {len(splits.folds)} folds of "
        f"{', '.join(str(len(fold)) for fold in splits.folds)} subjects"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
