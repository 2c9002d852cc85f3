"""What ``check --fix`` leaves out, and what it never does."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from build import (
    TRAINER,
    genuine,
    move,
    package,
    patch_entry,
    put,
    write_zip,
)
from repairing import FINAL, FIXED, check, codes, contents, wrapped

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_without_a_final_checkpoint_the_others_stay(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_best.pth"),
        put(".DS_Store"),
        put("fold_0/validation/summary.json", "{}"),
    )
    check(source, "--fix")
    assert f"{TRAINER}/fold_0/checkpoint_best.pth" in contents(tmp_path / FIXED)


def test_beside_a_final_checkpoint_that_is_broken_the_others_stay(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        put("fold_0/checkpoint_final.pth", b"cut off"),
        put("fold_0/checkpoint_best.pth", b"best"),
    )
    assert check(source, "--diff") == 0


def test_a_fold_of_another_name_keeps_its_checkpoint(tmp_path: Path) -> None:
    source = package(tmp_path, move("fold_0", "fold_00"), put(".DS_Store"))
    check(source, "--fix")
    path = f"{TRAINER}/fold_00/checkpoint_final.pth"
    assert contents(tmp_path / FIXED)[path] == genuine()[FINAL]


def test_a_fold_of_which_nothing_is_left_stays_as_a_folder(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_1/validation/case.nii.gz", b"x"), put("fold_2/"))
    assert check(source, "--fix") == 1
    after = contents(tmp_path / FIXED)
    assert {f"{TRAINER}/fold_1/", f"{TRAINER}/fold_2/"} <= after.keys()
    assert "L011" in codes(tmp_path / FIXED)


def test_folders_are_unpacked_as_folders(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_2/"), put(".DS_Store"))
    check(source, "--fix")
    with zipfile.ZipFile(tmp_path / FIXED) as archive:
        info = archive.getinfo(f"{TRAINER}/fold_2/")
        assert info.is_dir()
        assert info.external_attr >> 16 == 0o040755
        archive.extractall(tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / TRAINER / "fold_2").is_dir()


def test_a_model_in_a_folder_named_like_validation_stays(tmp_path: Path) -> None:
    source = package(tmp_path, wrapped(["a", "validation_study"]))
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()


def test_a_data_set_keeps_its_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = "Dataset101_Cord/imagesTr/a_0000.nii.gz"
    source = write_zip(
        tmp_path / "data.zip",
        [("Dataset101_Cord/dataset.json", b"{}"), (image, b"x"), (".DS_Store", b"x")],
    )
    check(source, "--diff")
    shown = capsys.readouterr().out
    assert "imagesTr" not in shown
    assert "- .DS_Store" in shown


def test_what_is_left_out_need_not_be_readable(tmp_path: Path) -> None:
    source = package(tmp_path, put("._x", b"x"))
    patch_entry(source, f"{TRAINER}/._x", method=9)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
