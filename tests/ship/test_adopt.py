"""Old packages become packages that lint clean, and every change is told."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

import pytest
from adopting import CASES, FINAL, NEW, RPI, UNORIENTED, Old, adopt, refused, report
from build import (
    NAME,
    TRAINER,
    Change,
    dataset,
    drop,
    edit,
    findings,
    genuine,
    inside,
    move,
    package,
    put,
    rename_trainer,
    rewrite,
    unpacked,
    write_zip,
)
from catalogue.layout import IN_3D, LOG
from catalogue.trainer import SOURCE
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.cli import main
from model_lint.findings import Severity
from repairing import contents, digest

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_old_package_becomes_one_that_lints_clean(
    case: Old, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, *case.changes, folds=case.folds, name="old.zip")
    before = digest(source)
    told = report(capsys, source, *case.options)
    assert digest(source) == before
    left = [f for f in findings(tmp_path / NEW, deep=True) if f.severity is not Severity.INFO]
    assert {f.code for f in left} == case.remain, left
    assert {one["code"] for one in told["remains"]} >= case.remain
    codes = {code for change in told["changes"] for code in change["codes"]}
    assert codes >= case.says
    check_changes(told, contents(source), contents(tmp_path / NEW))
    again = report(capsys, tmp_path / NEW)
    assert again["same"]
    assert not again["changes"]


def check_changes(told: Any, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Each entry of both zips is in the list of changes, or is the same in both."""
    changes = told["changes"]
    dropped = [c["old"] for c in changes if c["kind"] == "drop"]
    folders = {c["new"]: c["old"] for c in changes if c["kind"] == "move" and c["new"][-1] == "/"}
    moved = {c["new"]: c["old"] for c in changes if c["kind"] == "move"}
    edited = {c["new"] for c in changes if c["kind"] == "edit"}
    added = {c["new"] for c in changes if c["kind"] == "add"}
    origins = {}
    for path in after:
        around = next((new for new in folders if path.startswith(new)), "")
        start = folders.get(around, "").removeprefix("./")
        origins[path] = moved.get(path, start + path.removeprefix(around))
    for path in after.keys() - added:
        same = before[origins[path]] == after[path]
        assert same is (path not in edited), path
    gone = {p for p in before if any(p == d or p.startswith(f"{d.rstrip('/')}/") for d in dropped)}
    kept = {origins[path] for path in after.keys() - added}
    assert gone | kept == before.keys()
    assert not gone & kept


def test_two_folds_of_two_zips_become_one_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="model_fold0.zip")
    package(tmp_path, drop("trainer_class.py"), folds=(1,), name="model_fold1.zip")
    told = report(capsys, "model_fold0.zip", "model_fold1.zip")
    assert {path.split("/")[1] for path in contents(Path(NEW)) if "/fold_" in path} == {
        "fold_0",
        "fold_1",
    }
    assert len([c for c in told["changes"] if c["new"].endswith(FINAL)]) == 2
    assert not [f for f in findings(Path(NEW), deep=True) if f.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([], "`fold_0/"),
        ([edit("plans.json", {"plans_name": "Other"}), move("fold_0", "fold_1")], "`plans.json`"),
        ([rename_trainer(IN_3D), move(f"/{IN_3D}/fold_0", f"/{IN_3D}/fold_1")], "not folds of one"),
    ],
    ids=["the same fold", "other plans", "another model"],
)
def test_zips_that_are_not_folds_of_one_model(
    changes: list[Change], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="a.zip")
    package(tmp_path, rewrite(f"{LOG}.txt", lambda d: d + b"x"), *changes, name="b.zip")
    refused("a.zip", says, capsys, "b.zip")


def test_a_folder_and_its_zip_give_the_same_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, UNORIENTED, name="old.zip")
    unpacked(tmp_path / "old", UNORIENTED)
    assert adopt("old.zip", *RPI, "--output", "a.zip") == 0
    assert adopt("old", *RPI, "--output", "b.zip") == 0
    assert adopt(f"old/{TRAINER}", *RPI, "--output", "c.zip") == 0
    assert len({digest(tmp_path / f"{name}.zip") for name in "abc"}) == 1
    assert "L015" not in capsys.readouterr().out


def test_the_difference_is_shown_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, UNORIENTED, inside("old"), name="old.zip")
    before = sorted(tmp_path.iterdir())
    told = report(capsys, source, *RPI, "--diff", status=1)
    assert sorted(tmp_path.iterdir()) == before
    assert told["package"] is None
    done = report(capsys, source, *RPI)
    assert done["changes"] == told["changes"]
    assert done["sha256"] == told["sha256"] == digest(tmp_path / NEW)
    assert adopt(NEW, "--diff") == 0
    assert capsys.readouterr().out == f"{NEW}: nothing to change\n"


def test_the_difference_is_shown_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, UNORIENTED, name="old.zip")
    made: list[Path] = []

    def temporary(**options: Any) -> Any:
        made.append(Path(options["dir"]))
        return folder(**options)

    folder = tempfile.TemporaryDirectory
    monkeypatch.setattr(tempfile, "TemporaryDirectory", temporary)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    report(capsys, "old.zip", *RPI, "--diff", status=1)
    assert made
    assert not [path for path in made if path.resolve() == tmp_path.resolve()]


def test_the_text_says_what_is_changed_and_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"background": 0, "sc": 1, "canal_seg": 2}
    package(tmp_path, dataset({"labels": labels}), inside("old"), put("/x.txt"), name="old.zip")
    assert adopt("old.zip") == 0
    told = capsys.readouterr().out
    text = told.splitlines()
    assert text[0] == f"old.zip -> {NEW}: 4 changes"
    assert "- x.txt (L015)" in text
    assert f"> old/{TRAINER}/ -> {TRAINER}/ (L001)" in text
    assert "~ fold_0/checkpoint_final.pth (C010 C011)" in text
    left = " ".join(told.partition("Left as it is:")[2].partition("\n\n")[0].split())
    assert left.startswith("D008 the label `canal_seg` gives files that end in")
    assert left.endswith("; --label canal_seg=canal changes it")
    assert all(len(line) <= 100 for line in text)


def test_a_label_that_sct_knows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = {"background": 0, "sc": 1, "canal_seg": 2}
    package(tmp_path, dataset({"labels": labels}), name="old.zip")
    told = report(capsys, "old.zip", "--label", "canal_seg=canal")
    (change,) = [c for c in told["changes"] if c["new"].endswith("dataset.json")]
    assert change["details"] == [
        'label: "canal_seg" -> "canal"',
        "SCT's files end in `_sc_seg` and `_canal_seg`, not `_sc_seg` and `_canal_seg_seg`",
        "SCT keeps the largest object of a label `canal_seg`: from now on all objects stay",
    ]


def test_the_name_is_that_in_the_zips_name(tmp_path: Path) -> None:
    package(tmp_path, put("/x.txt"))
    assert main(["adopt", NAME, "--tag", "r20261124"]) == 0
    assert (tmp_path / NEW).exists()


def test_a_clean_package_with_another_name_gets_one(tmp_path: Path) -> None:
    package(tmp_path, name="old.zip")
    assert adopt("old.zip", "--output", "model.zip") == 0
    assert adopt("model.zip") == 0
    assert digest(tmp_path / NEW) == digest(tmp_path / "model.zip")


def test_a_dataset_folder_stays_unless_asked(tmp_path: Path) -> None:
    package(tmp_path, inside("Dataset901_PhantomCord"), name="old.zip")
    assert adopt("old.zip", "--output", "a.zip") == 0
    assert adopt("old.zip", "--output", "b.zip", "--layout", "spec") == 0
    assert {path.split("/")[0] for path in contents(Path("a.zip"))} == {"Dataset901_PhantomCord"}
    assert {path.split("/")[0] for path in contents(Path("b.zip"))} == {TRAINER}


def test_a_picture_that_is_none_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, put("fold_0/progress.png", "none"), name="old.zip")
    told = report(capsys, "old.zip")
    assert {c["old"] for c in told["changes"] if c["kind"] == "drop"} == {
        f"{TRAINER}/fold_0/progress.png"
    }


def test_equal_entries_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [*genuine().items(), (f"{TRAINER}/plans.json", genuine()[f"{TRAINER}/plans.json"])]
    write_zip(tmp_path / "old.zip", files)
    told = report(capsys, "old.zip")
    assert [c["codes"] for c in told["changes"] if c["kind"] == "drop"] == [["Z007"]]


def test_a_package_for_nnunet_alone(tmp_path: Path) -> None:
    """What stops only SCT is then not in the way."""
    package(tmp_path, rewrite(SOURCE, lambda d: d.replace(b"get_trainer_class", b"get")),
            name="old.zip")  # fmt: skip
    assert adopt("old.zip") == 1
    assert adopt("old.zip", "--for", "nnunet") == 0


@settings(max_examples=15)
@given(st.lists(st.sampled_from(CASES), min_size=2, max_size=4, unique_by=str), st.booleans())
def test_any_mixture_is_adopted_or_refused_in_one_line(cases: list[Old], two: bool) -> None:
    files, options = genuine(folds=(0, 1) if two else (0,)), list[str]()
    for case in cases:
        with suppress(KeyError, AssertionError, ValueError):  # what it changes is gone, or no JSON
            for change in case.changes:
                change(files)
            options += case.options
    with tempfile.TemporaryDirectory() as name, redirect_stderr(io.StringIO()) as errors:
        source, new = write_zip(Path(name, "old.zip"), files.items()), Path(name, NEW)
        status = adopt(source, *options, "--output", name)
        assert new.exists() == (status == 0)
        assert errors.getvalue().count("\n") == bool(status)
        assert "internal error" not in errors.getvalue()
        if new.exists():
            assert not [f for f in findings(new, deep=True) if f.severity is Severity.ERROR]
            assert adopt(new, "--output", name) == 0
        assert {path.name for path in Path(name).iterdir()} <= {"old.zip", NEW}
