"""The rules about what 3D Slicer needs, each on the genuine model with one change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from build import Case, assert_case, changed, drop, findings, inside, move, package
from model_lint.findings import Consumer, Severity


def dataset_folder(*changes: Any) -> tuple[Any, ...]:
    """Change the model, then put it into a dataset folder: paths are relative to the trainer's."""
    return (*changes, inside("Dataset101_Cord"))


def valid(folder: Path) -> Path:
    return package(folder, *dataset_folder())


def case(code: str, what: str, *changes: Any, **more: Any) -> Case:
    return changed(code, what, *changes, consumers=(Consumer.SLICER,), valid=valid, **more)


def silent(code: str, what: str, *changes: Any, **more: Any) -> Case:
    return case(code, what, *changes, fires=False, **more)


CASES = [
    case("L027", "no dataset folder", severity=Severity.ERROR, says="is at the top"),
    case("L027", "another wrapper", inside("model"), says="is in `model`"),
    case("L027", "small letters", inside("dataset101_Cord"), says="is in `dataset101_Cord`"),
    case("L027", "a wrapper inside", *dataset_folder(inside("model")), says="is in `model`"),
    silent("L027", "in DatasetNNN_NAME", *dataset_folder()),
    silent("L027", "in DatasetNNN_NAME, in a wrapper", *dataset_folder(), inside("model")),
    case("L028", "fold 4 alone", *dataset_folder(move("fold_0", "fold_4")), says="only `fold_4`"),
    case(
        "L028",
        "fold_all alone",
        *dataset_folder(move("fold_0", "fold_all")),
        says="only `fold_all`",
    ),
    silent(
        "L028",
        "one of several zips",
        *dataset_folder(move("fold_0", "fold_4")),
        zip_name="model_seg_t2-r20260101-fold4.zip",
    ),
    silent("L028", "fold 0", *dataset_folder()),
    silent("L028", "fold 0 and another", *dataset_folder(), folds=(0, 1)),
    silent("L028", "no fold, which L008 reports", *dataset_folder(drop("fold_0"))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, case.code)


@pytest.mark.parametrize("case", [case for case in CASES if case.fires], ids=str)
def test_a_package_for_others_is_not_bothered(case: Case, tmp_path: Path) -> None:
    assert findings(case.build(tmp_path), case.code) == []


def test_the_paths_name_the_trainer_folder(tmp_path: Path) -> None:
    (found,) = findings(package(tmp_path), "L027", consumers=(Consumer.SLICER,))
    assert found.location.endswith("nnUNetTrainerTiny__nnUNetPlans__2d")
