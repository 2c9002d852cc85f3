"""Which model, which folds and which files of nnU-Net's results folder are packed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from build import MODEL, TRAINER
from packing import ZIP, edit_json, members, run

Change = Callable[[Path], None]


@pytest.mark.parametrize(
    "name",
    [
        "fold_0/checkpoint_best.pth",
        "fold_0/checkpoint_latest.pth",
        "fold_0/validation/summary.json",
        "fold_0/network_architecture.pdf",
        "fold_0/.DS_Store",
        "fold_0_old/checkpoint_final.pth",
        "fold_00/checkpoint_final.pth",
        "crossval_results_folds_0_1/postprocessing.pkl",
        "predicted_next_stage/x/sub-01.npz",
        "postprocessing.json",
        "README.md",
        ".ipynb_checkpoints/plans.json",
    ],
)
def test_what_the_specification_does_not_show_stays_behind(
    name: str, model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_bytes(b"x" * 1500)
    assert run(model, "--format", "json") == 0
    assert not any(path.endswith(name) for path in members(out / ZIP))
    (left,) = json.loads(capsys.readouterr().out)["left_out"]
    assert name.startswith(left["path"])
    assert (left["files"], left["bytes"]) == (1, 1500)


def test_all_folds_are_packed_in_order(out: Path) -> None:
    assert run(MODEL) == 0
    checkpoints = [path for path in members(out / ZIP) if path.endswith(".pth")]
    assert checkpoints == [f"{TRAINER}/fold_{i}/checkpoint_final.pth" for i in (0, 1)]


@pytest.mark.parametrize(
    ("option", "folds"), [("1", {"fold_1"}), ("fold_0, 1", {"fold_0", "fold_1"})]
)
def test_folds_can_be_chosen(option: str, folds: set[str], out: Path) -> None:
    assert run(MODEL, "--folds", option) == 0
    assert {path.split("/")[1] for path in members(out / ZIP) if "fold_" in path} == folds


def test_fold_all(model: Path, out: Path) -> None:
    (model / "fold_0").rename(model / "fold_all")
    assert run(model) == 0
    assert f"{TRAINER}/fold_all/checkpoint_final.pth" in members(out / ZIP)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda m: (m / "fold_0").rename(m / "x"), [], "no fold_0, fold_1, ... or fold_all in it"),
        (lambda m: (m / "fold_all").mkdir(), [], "choose with --folds all or --folds 0"),
        (lambda _: None, ["--folds", "0,3"], "no fold_3 in it; --folds can name 0"),
        (lambda _: None, ["--folds", "a"], "--folds a: write numbers with commas"),
        (lambda _: None, ["--folds", ""], "write numbers with commas"),
        (lambda m: (m / "fold_1").mkdir(), [], "pack the others with --folds 0"),
        (
            lambda m: (m / "fold_0/checkpoint_final.pth").rename(m / "fold_0/checkpoint_best.pth"),
            [],
            "its training isn't finished (fold_0 has only checkpoint_best.pth, of epoch 30 of 30); "
            "finish it (nnUNetv2_train ... --c), or take "
            "checkpoint_best.pth with --checkpoint checkpoint_best.pth",
        ),
        (
            lambda _: None,
            ["--checkpoint", "checkpoint_best.pth"],
            "no checkpoint_best.pth in fold_0",
        ),
        (lambda _: None, ["--checkpoint", "../x.pth"], "give a file's name"),
        (lambda _: None, ["--checkpoint", "x.txt"], "give a file's name"),
    ],
)
def test_folds_that_can_not_be_packed(
    change: Change,
    options: list[str],
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    change(model)
    assert message in refused(model, *options)


def test_an_unfinished_fold_can_be_left_out(model: Path, out: Path) -> None:
    (model / "fold_1").mkdir()
    assert run(model, "--folds", "0") == 0


def test_a_link_without_its_content(
    model: Path,
    refused: Callable[..., str],
) -> None:
    checkpoint = model / "fold_0" / "checkpoint_final.pth"
    checkpoint.unlink()
    checkpoint.symlink_to("../../.git/annex/objects/nothing")
    assert "git annex get" in refused(model)


@pytest.mark.parametrize("where", [".", "..", "../.", "../../Dataset901_PhantomCord"])
def test_the_folder_that_holds_the_model_will_do(where: str, model: Path, out: Path) -> None:
    assert run(f"{model}/{where}") == 0
    assert set(members(out / ZIP)) == {
        f"{TRAINER}/{p.relative_to(model).as_posix()}" for p in model.rglob("*") if p.is_file()
    }


def test_a_link_to_the_model_will_do(model: Path, out: Path) -> None:
    (out.parent / "link").symlink_to(model)
    said = out.parent / "nnUNetTrainerTiny__nnUNetPlans__2d"
    said.symlink_to(model)
    assert run(said) == 0


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (lambda _: None, "nothing", "no such folder"),
        (lambda _: None, "plans.json", "not a folder"),
        (lambda _: None, "fold_0", "one fold of a model; give the folder above it"),
        (lambda m: m.rename(m.parent / "my_model"), "../my_model", "not named TRAINER__PLANS"),
        (
            lambda m: m.rename(m.parent / os.fsdecode(b"nnUNetTrainer\xe9__nnUNetPlans__2d")),
            os.fsdecode(b"../nnUNetTrainer\xe9__nnUNetPlans__2d"),
            "its name has characters that are not printable",
        ),
        (lambda m: (m / "../plans.pkl").touch() or m.rename(m / "../x"), "..", "made by nnU-Net 1"),
        (
            lambda m: (m.parent / "nnUNetTrainer__nnUNetPlans__2d").mkdir(),
            "..",
            "contains several models; give one of nnUNetTrainerTiny__nnUNetPlans__2d, "
            "nnUNetTrainer__nnUNetPlans__2d",
        ),
    ],
)
def test_a_folder_that_is_no_model(
    change: Change,
    where: str,
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    change(model)
    assert message in refused(os.path.normpath(model / where))


def test_the_layout_for_slicer(model: Path, out: Path) -> None:
    assert run(model, "--layout", "dataset") == 0
    assert all(p.startswith(f"Dataset901_PhantomCord/{TRAINER}/") for p in members(out / ZIP))


def test_the_dataset_is_named_in_plans(model: Path, out: Path) -> None:
    elsewhere = out.parent / TRAINER
    model.rename(elsewhere)
    assert run(elsewhere, "--layout", "dataset") == 0
    assert all(p.startswith(f"Dataset901_PhantomCord/{TRAINER}/") for p in members(out / ZIP))


def test_a_dataset_without_name(
    model: Path,
    out: Path,
    refused: Callable[..., str],
) -> None:
    model = model.rename(out.parent / TRAINER)
    edit_json(model / "plans.json", dataset_name="Cord")
    assert "DatasetNNN_NAME" in refused(model, "--layout", "dataset")
