"""``model-lint pack --split-folds``: one zip for each fold, all of them or none."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from build import MODEL, TRAINER
from model_lint.cli import main
from model_lint.models.package import Package
from model_lint.models.reading import Reading
from model_lint.models.release import families
from model_lint.models.release_folds import disagreements
from model_lint.models.target import Given, load_target
from model_lint.ship import pack as packing_module
from model_lint.storage import new_file
from model_lint.storage.depth import Depth
from model_lint.storage.new_file import put_in_place
from packing import NAME, TAG, ZIP, edit_json, members, run

ZIPS = [f"{NAME}-{TAG}-fold{fold}.zip" for fold in (0, 1)]


@pytest.fixture
def two(model: Path) -> Path:
    """The trainer folder with both folds."""
    shutil.copytree(MODEL / "fold_1", model / "fold_1")
    return model


def loaded(name: str) -> Package:
    package = load_target(name, Given(reading=Reading(Depth.ALL))).package
    assert package
    return package


def test_each_zip_is_complete(two: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(two, "--split-folds") == 0
    said = capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == ZIPS
    assert f"Next: model-lint try {ZIPS[0]}\n" in said
    assert said.endswith(f"      model-lint publish {' '.join(ZIPS)}\n")
    shared = ["dataset.json", "dataset_fingerprint.json", "plans.json", "trainer_class.py"]
    for number, name in enumerate(ZIPS):
        inside = {path.removeprefix(f"{TRAINER}/") for path in members(out / name)}
        assert sorted(p for p in inside if "/" not in p) == shared
        assert {p.partition("/")[0] for p in inside if "/" in p} == {f"fold_{number}"}
        assert main(["check", "--deep", name, "--fail-on", "info"]) == 0


def test_together_they_are_the_package(two: Path, out: Path) -> None:
    assert run(two) == 0
    assert run(two, "--split-folds") == 0
    parts = [members(out / name) for name in ZIPS]
    assert parts[0] | parts[1] == members(out / ZIP)


def test_they_fit_together_as_a_release(two: Path, out: Path) -> None:
    assert run(two, "--split-folds") == 0
    (family,) = families({name: loaded(name) for name in ZIPS})
    assert list(family) == ZIPS
    assert list(disagreements(family)) == []


def test_each_zip_is_for_3d_slicer_too(two: Path, out: Path) -> None:
    """Unzipped into one folder with the others, where fold 0 is."""
    assert run(two, "--split-folds", "--layout", "dataset", "--for", "sct,nnunet,slicer") == 0
    assert sorted(path.name for path in out.iterdir()) == ZIPS


def test_crop_metadata_is_in_each(two: Path, out: Path) -> None:
    sides = ("superior", "inferior", "left", "right", "anterior", "posterior")
    text = json.dumps({f"pad_{side}": 5 for side in sides})
    (two / "crop_metadata.json").write_text(text, encoding="utf-8")
    assert run(two, "--split-folds", "--layout", "dataset") == 0
    for name in ZIPS:
        assert "Dataset901_PhantomCord/crop_metadata.json" in members(out / name)


def test_fold_all_and_a_file_name(model: Path, out: Path) -> None:
    (model / "fold_0").rename(model / "fold_all")
    assert run(model, "--split-folds", "--output", "x.zip") == 0
    assert [p.name for p in out.iterdir()] == ["x-foldall.zip"]


def test_the_json_report_lists_them(
    two: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(two, "--split-folds", "--format", "json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [package["package"] for package in said["packages"]] == ZIPS
    assert said["tag"] == TAG
    assert [len(package["checkpoints"]) for package in said["packages"]] == [1, 1]
    assert run(two, "--split-folds", "--folds", "0", "--force", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)["packages"]) == 1


def test_what_is_too_large_as_one_is_packed_in_parts(
    two: Path, refused: Callable[..., str], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_module, "MAX_ASSET_BYTES", 200_000)
    assert "`model-lint pack --split-folds` writes one zip for each fold" in refused(two)
    assert run(two, "--split-folds") == 0
    assert sorted(p.name for p in out.iterdir()) == ZIPS


def test_one_that_exists_stops_all(two: Path, out: Path, refused: Callable[..., str]) -> None:
    (out / ZIPS[1]).write_bytes(b"precious")
    assert f"{ZIPS[1]} exists already; give --force to replace it" in refused(two, "--split-folds")
    assert (out / ZIPS[1]).read_bytes() == b"precious"
    assert run(two, "--split-folds", "--force") == 0
    assert members(out / ZIPS[1])


def test_one_that_appears_meanwhile_takes_all_back(
    two: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race(temporary: Path, target: Path, *, replace: bool) -> None:
        put_in_place(temporary, target, replace=replace)
        (out / ZIPS[1]).write_bytes(b"precious")

    monkeypatch.setattr(new_file, "put_in_place", race)
    assert run(two, "--split-folds") == 2
    assert [(p.name, p.read_bytes()) for p in out.iterdir()] == [(ZIPS[1], b"precious")]


def test_force_puts_the_old_ones_back_if_one_fails(
    two: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ZIPS:
        (out / name).write_bytes(b"precious")

    def full(temporary: Path, target: Path, *, replace: bool) -> None:
        if target.name == ZIPS[1]:
            raise OSError(30, "Read-only file system")
        put_in_place(temporary, target, replace=replace)

    monkeypatch.setattr(new_file, "put_in_place", full)
    assert run(two, "--split-folds", "--force") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"model-lint: {ZIPS[1]}: Read-only file system; nothing was written"
    assert [(p.name, p.read_bytes()) for p in sorted(out.iterdir())] == [
        (name, b"precious") for name in ZIPS
    ]


def test_errors_in_one_leave_none(
    two: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_json(two / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(two, "--split-folds") == 1
    captured = capsys.readouterr()
    assert "D006" in captured.out
    assert "no package was written: see the errors above" in captured.err
    assert list(out.iterdir()) == []


def test_an_unreadable_second_fold_leaves_none(
    two: Path, out: Path, refused: Callable[..., str]
) -> None:
    os.truncate(two / "fold_1" / "checkpoint_final.pth", 100_000)
    assert "cut off" in refused(two, "--split-folds")
