"""The model of a package: what SCT and nnU-Net would find in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from build import (
    MODEL,
    NAME,
    STOCK,
    TRAINER,
    drop,
    inside,
    move,
    package,
    put,
    rename_trainer,
    unpacked,
    write_zip,
)
from hypothesis import given
from hypothesis import strategies as st
from model_lint.checkpoint.model import Checkpoint
from model_lint.models.package import Package, build_package
from model_lint.models.paths import FolderName, fold_number, is_image, is_junk, parse_folder_name
from model_lint.storage.folder import FolderTree
from model_lint.storage.ranges import of_bytes
from model_lint.storage.zip import open_zip


def of(path: Path) -> Package:
    tree = open_zip(of_bytes(path.read_bytes())) if path.is_file() else FolderTree(path)
    return build_package(tree, file_name=path.name, repository=None)


def paths(folder: Path, *names: str) -> list[str]:
    """The trainer folders found in a zip of these files."""
    return [t.path for t in of(write_zip(folder / NAME, [(n, b"{}") for n in names])).trainers]


def test_the_genuine_model(tmp_path: Path) -> None:
    for model in (of(package(tmp_path, folds=(0, 1))), of(unpacked(tmp_path / "x", folds=(0, 1)))):
        (trainer,) = model.trainers
        assert model.judged == model.trainers
        assert model.found == (TRAINER,)
        assert model.wrapper == ""
        assert trainer.parts == FolderName("nnUNetTrainerTiny", "nnUNetPlans", "2d")
        assert [(f.name, f.number) for f in trainer.folds] == [("fold_0", 0), ("fold_1", 1)]
        assert [f.name for f, c in trainer.checkpoints if c.trainer_name] == ["fold_0", "fold_1"]
        assert trainer.trainer_class is not None
        assert trainer.trainer_class.text == (MODEL / "trainer_class.py").read_text()
        assert model.damaged == ()


def test_a_wrapper_is_what_sct_strips(tmp_path: Path) -> None:
    model = of(package(tmp_path, inside("Dataset101_x"), put("/__MACOSX/._x")))
    assert (model.wrapper, model.top) == ("Dataset101_x", ("Dataset101_x",))
    assert model.found == (f"Dataset101_x/{TRAINER}",)
    assert len(model.judged) == 1


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["t/plans.json"], ["t"]),
        (["t/dataset.json"], ["t"]),
        (["t/fold_0/x"], ["t"]),
        (["t/fold_all/x"], ["t"]),
        (["a__b__c/x"], ["a__b__c"]),
        (["nnUNetTrainer/x"], ["nnUNetTrainer"]),
        (["plans.json", "x/y"], [""]),
        (["plans.json", "t/plans.json"], ["", "t"]),
        (["w/dataset.json", "w/t/plans.json"], ["w/t"]),
        (["w/plans.json", f"w/{STOCK}/fold_0/x"], [f"w/{STOCK}"]),
        (["w/plans.json", "w/dataset.json", f"w/{STOCK}/x"], [f"w/{STOCK}"]),
        (["plans.json", f"{STOCK}/fold_0/x"], [STOCK]),
        (["w/fold_0/x", f"w/{STOCK}/plans.json"], [f"w/{STOCK}"]),
        (["w/fold_0/x", f"v/{STOCK}/plans.json"], [f"v/{STOCK}"]),
        (["w/plans.json", "w/fold_0/x", f"w/old/{STOCK}/plans.json"], ["w"]),
        (["w/plans.json", "w/fold_0/x", f"{STOCK}/plans.json"], [STOCK, "w"]),
        (["a__b__c/a__b__c/plans.json"], ["a__b__c/a__b__c"]),
        (["t/plans.json", "t/crossval_results/plans.json"], ["t"]),
        (["t/plans.json", "t/fold_0/dataset.json"], ["t"]),
        (["t/fold_0/x", "t/a__b__c/x"], ["t"]),
        (["__MACOSX/t/plans.json"], []),
        (["w/__MACOSX/x", "t/plans.json"], ["t"]),
        (["README.md", "x/fold_x/y"], []),
        ([], []),
    ],
)
def test_trainer_folders_are_found_by_evidence(
    tmp_path: Path, names: list[str], found: list[str]
) -> None:
    assert paths(tmp_path, *names) == found


def test_what_can_not_be_read_is_a_value(tmp_path: Path) -> None:
    model = of(package(tmp_path, put("plans.json", "{"), put("trainer_class.py", b"'\xff'")))
    (trainer,) = model.trainers
    assert trainer.plans is not None
    assert trainer.plans.unreadable
    assert trainer.trainer_class is not None
    assert trainer.trainer_class.unreadable
    assert "utf-8" in trainer.trainer_class.unreadable.reason
    (other,) = of(package(tmp_path, drop("plans.json", "dataset.json"))).trainers
    assert other.plans is None
    assert other.dataset is None


def test_an_empty_zip_is_a_package(tmp_path: Path) -> None:
    model = of(write_zip(tmp_path / NAME, []))
    assert (model.top, model.found, model.trainers) == ((), (), ())


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nnUNetTrainer__nnUNetPlans__2d", FolderName("nnUNetTrainer", "nnUNetPlans", "2d")),
        (
            "nnUNetTrainer_5epochs__P__3d_fullres",
            FolderName("nnUNetTrainer_5epochs", "P", "3d_fullres"),
        ),
        ("nnUNetTrainer___P__2d", FolderName("nnUNetTrainer", "_P", "2d")),
        ("nnUNetTrainer__2d", None),
        ("a__b__c__d", None),
        ("____2d", None),
        ("", None),
    ],
)
def test_folder_names_split_as_in_nnunet(name: str, parts: FolderName | None) -> None:
    assert parse_folder_name(name) == parts


@given(st.integers(0, 10**9 - 1))
def test_fold_numbers(number: int) -> None:
    assert fold_number(f"fold_{number}") == number


@pytest.mark.parametrize(
    "name",
    [
        *(
            "fold_",
            "fold_00",
            "fold_01",
            "fold_-1",
            "fold_+1",
            "fold_1 ",
            "fold_1_0",
            "fold_\u0663",
        ),
        *("fold_best", "fold_ALL", "fold_1\n", "fold_99999999999"),
    ],
)
def test_other_fold_names_are_none(name: str) -> None:
    assert fold_number(name) is None


def test_fold_all() -> None:
    assert fold_number("fold_all") == "all"


def test_junk() -> None:
    assert is_junk("a/.DS_Store")
    assert is_junk("__MACOSX/a/b")
    assert is_junk("a/._b.json")
    assert not is_junk("a/.hidden")


def test_images() -> None:
    assert is_image("a/b.NII.gz")
    assert is_image("dicomdir")
    assert not is_image("a.nii/b")
    assert not is_image("progress.png")


def test_names_do_not_decide_what_is_a_fold(tmp_path: Path) -> None:
    model = of(package(tmp_path, put("fold_1"), put("fold_x/"), rename_trainer("x")))
    folds = {f.name: (f.is_file, f.number) for f in model.trainers[0].folds}
    assert folds == {"fold_0": (False, 0), "fold_1": (True, None), "fold_x": (False, None)}


def test_checkpoints_are_read_from_the_zip_in_parts(tmp_path: Path) -> None:
    path = package(tmp_path)
    tree = open_zip(of_bytes(path.read_bytes()))
    (trainer,) = build_package(tree, file_name=None, repository=None).trainers
    assert isinstance(trainer.folds[0].checkpoint, Checkpoint)
    assert tree.bytes_read < path.stat().st_size * 0.7


@pytest.mark.parametrize(
    ("names", "misplaced"),
    [
        ((), {}),
        (("plans.json",), {"plans.json": "a/plans.json"}),
        (("fold_0",), {"fold_0": "a/fold_0"}),
        (("fold_0/checkpoint_final.pth",), {"fold_0/checkpoint_final.pth": "checkpoint_final.pth"}),
    ],
)
def test_what_is_missing_is_found_elsewhere(
    tmp_path: Path, names: tuple[str, ...], misplaced: dict[str, str]
) -> None:
    moves = (move(name, misplaced[name]) for name in names)
    model = of(package(tmp_path, *moves))
    expected = {f"{TRAINER}/{place}": f"{TRAINER}/{path}" for place, path in misplaced.items()}
    assert model.misplaced == expected


def test_any_number_of_folders_may_be_meant(tmp_path: Path) -> None:
    """Of very many only some are considered, which is enough for an advice."""
    folds = (put(f"{place}{n}/model.pth") for n in range(300) for place in ("/x/y", "fold "))
    misplaced = of(package(tmp_path, drop("fold_0"), *folds)).misplaced
    assert 100 <= len(misplaced) <= 300
    assert len(set(misplaced.values())) == len(misplaced)
