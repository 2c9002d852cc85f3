"""Checks of ``config.yaml`` beyond its schema: labels, orientation, dates, files, consistency.

Labels, regions and orientations are valid if ``model-lint`` accepts them, because it checks the
trained model later.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from model_lint.nnunet.labels import has_regions, label_problems
from model_lint.nnunet.region_order import class_order, larger_first

from config_schema import SettingsError, hint, listed
from evaluation_settings import FIRST, MODEL, NUMBERS
from nnunet_checks import check_nnunet
from orientation import switch_convention

if TYPE_CHECKING:
    from settings import Settings

Labels = dict[str, tuple[int, ...]]


def read_labels(
    config: Mapping[str, Any], given: list[int] | None
) -> tuple[Labels, int | None, tuple[int, ...] | None]:
    """Return the labels, the ignore label and ``regions_class_order`` (None for plain labels).

    Without an order in the configuration (``given``), larger regions come first, each with a value
    that no smaller one has.

    Raises:
        SettingsError: if nnU-Net can't train the labels, or if its output has other masks.
    """
    entries = {n: tuple(v) if isinstance(v, list) else (v,) for n, v in config.items()}
    names = [name for name in entries if name not in {"background", "ignore"}]
    labels: Labels = {name: entries[name] for name in names}
    regions = has_regions({name: list(values) for name, values in labels.items()})
    if given is not None and not regions:
        raise SettingsError(
            "regions_class_order: is only for regions, and every label has one value"
        )
    if regions and given is None:
        labels = larger_first(labels)
    order = None if not regions else tuple(class_order(labels) if given is None else given)
    _check_labels(config, labels, order)
    ignore = entries.get("ignore")
    return labels, None if ignore is None else ignore[0], order


def _check_labels(config: Mapping[str, Any], labels: Labels, order: tuple[int, ...] | None) -> None:
    written = {"background": 0, **{name: config[name] for name in labels}}
    fixed = {name: config[name] for name in ("background", "ignore") if name in config}
    data: dict[str, Any] = {"labels": written | fixed}
    if order is not None:
        data["regions_class_order"] = list(order)
    for problem in label_problems(data):
        if problem.severity is None:  # not only a warning
            advice = f"; {problem.help}" if problem.help else ""
            raise SettingsError(f"{problem.steps[0]}: {problem.message}{advice}")


def check_orientation(code: str) -> str:
    """Return the orientation.

    Raises:
        SettingsError: if it is not one of the 48 codes.
    """
    try:
        switch_convention(code)
    except ValueError as error:
        raise SettingsError(f"image_orientation: {error}") from None
    return code


def check_tag(tag: str) -> str:
    """Return the tag of the release, or ``today``.

    Raises:
        SettingsError: if its date is not in the calendar.
    """
    if tag == "today":
        return tag
    try:
        datetime.datetime.strptime(tag[1:], "%Y%m%d").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise SettingsError(f"release.tag: {tag} is not a calendar date") from None
    return tag


def check_together(s: Settings) -> None:
    """Check values that depend on each other.

    Raises:
        SettingsError: for the first that contradict each other.
    """
    _check_label_files(s)
    _check_folds(s)
    check_nnunet(s.nnunet)
    if s.nnunet.device in {"cuda", "mps"} and not s.train.gpus:
        raise SettingsError(f"resources.train.gpus: is 0, but nnunet.device is {s.nnunet.device}")
    _check_evaluation(s)
    _check_places(s)


def _check_label_files(s: Settings) -> None:
    for suffix, file in s.dataset.label_files.items():
        wrong = sorted(set(file.values.values()) - s.values)
        if wrong:
            raise SettingsError(
                f"dataset.label_files.{suffix}: value {wrong[0]} belongs to no label; "
                f"labels has {listed(sorted(s.values - {0}))}"
            )
    painted = {v for file in s.dataset.label_files.values() for v in file.values.values()}
    for name, values in s.labels.items():
        if painted.isdisjoint(values):
            raise SettingsError(f"dataset.label_files: no file gives a value of {name}")


def _check_folds(s: Settings) -> None:
    if "all" in s.nnunet.folds and len(s.nnunet.folds) > 1:
        raise SettingsError("nnunet.folds: all can't be combined with numbered folds")
    high = [fold for fold in s.nnunet.folds if fold != "all" and int(fold) >= s.splits.folds]
    if high:
        raise SettingsError(
            f"nnunet.folds: fold {high[0]} does not exist: splits.folds is "
            f"{s.splits.folds}, so folds are 0 to {s.splits.folds - 1}"
        )


def _check_evaluation(s: Settings) -> None:
    wanted = s.evaluation
    by_label: dict[str, Mapping[str, Any]] = {
        "kinds": wanted.kinds,
        "minimum_dice": wanted.minimum_dice,
    }
    if isinstance(wanted.tolerance_mm, Mapping):
        by_label["tolerance_mm"] = wanted.tolerance_mm
    for key, values in by_label.items():
        for name in sorted(set(values) - set(s.labels)):
            raise SettingsError(f"evaluation.{key}: {name} is not a label{hint(name, s.labels)}")
    taken = sorted(set(wanted.groups) & {*FIRST, *NUMBERS})
    if taken:
        raise SettingsError(
            f"evaluation.groups: {taken[0]} is not a group: the results have a column of this name"
        )
    if MODEL in wanted.compare:
        raise SettingsError(f"evaluation.compare: {MODEL} is this model; give another name")
    for label in wanted.minimum_dice:
        if wanted.kind(label) == "points":
            raise SettingsError(f"evaluation.minimum_dice: {label} marks points and has no Dice")
    for name, folder in wanted.compare.items():
        if not folder.is_dir():
            raise SettingsError(f"evaluation.compare.{name}: {folder} is not a folder")


def _check_places(s: Settings) -> None:
    """Refuse a file where a folder is made, and a folder where a file is written."""
    wanted = s.evaluation
    folders = {"evaluation.figures": wanted.figures, "evaluation.results": wanted.results}
    for key, path in {**folders, "work": s.work}.items():
        if path.exists() and not path.is_dir():
            raise SettingsError(f"{key}: {path} is a file, not a folder")
    files = {"splits.file": s.splits.file, "evaluation.readme": wanted.readme}
    for key, file in files.items():
        if file is not None and file.is_dir():
            raise SettingsError(f"{key}: {file} is a folder, not a file")
