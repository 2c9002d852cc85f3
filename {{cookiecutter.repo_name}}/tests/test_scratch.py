"""The copy of the preprocessed data on the disk of the machine that trains."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

import scratch
from notes import Note, write_note
from settings import Settings

INSTEAD = "reading the preprocessed data from where they are"


@pytest.fixture
def preprocessed(settings: Settings) -> Settings:
    """Settings whose data count as preprocessed, beside those of another configuration."""
    folder = settings.preprocessed
    files = [folder / "nnUNetPlans_2d" / "case.b2nd", folder / "dataset.json"]
    for path in (*files, folder / "nnUNetPlans_3d" / "case.b2nd", folder / "splits_final.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name * 10)
    write_note(settings.work, "plan_preprocess", Note("it", {}), files)
    return settings


def test_what_a_training_reads_is_copied_and_removed_after_it(
    preprocessed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setenv("DISK", str(disk))
    with scratch.preprocessed_at(preprocessed, "$DISK") as variables:
        copy = Path(variables["nnUNet_preprocessed"])
        assert copy.parent == disk
        found = {path.relative_to(copy).as_posix() for path in copy.rglob("*.*") if path.is_file()}
        names = ("nnUNetPlans_2d/case.b2nd", "dataset.json", "splits_final.json")
        assert found == {f"{preprocessed.dataset_name}/{name}" for name in names}
        copied = copy / preprocessed.dataset_name / "dataset.json"
        assert copied.read_text() == (preprocessed.preprocessed / "dataset.json").read_text()
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("folder", ["", " "])
def test_without_a_disk_nothing_is_copied_or_said(
    folder: str, preprocessed: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with scratch.preprocessed_at(preprocessed, folder) as variables:
        assert variables == {}
    assert capsys.readouterr().out == ""


def test_too_little_room_is_one_line(
    preprocessed: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(scratch, "_SPARE", 1e15)
    with scratch.preprocessed_at(preprocessed, str(tmp_path)) as variables:
        assert variables == {}
    line = capsys.readouterr().out
    assert line.startswith(f"scratch {tmp_path}: ")
    assert line.endswith(f" GB free; {INSTEAD}\n")
    assert line.count("\n") == 1


def test_a_disk_that_is_not_there_is_one_line(
    preprocessed: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "absent"
    with scratch.preprocessed_at(preprocessed, str(folder)) as variables:
        assert variables == {}
    assert capsys.readouterr().out == f"scratch {folder}: No such file or directory; {INSTEAD}\n"


def test_a_disk_that_fills_up_is_one_line_and_is_left_empty(
    preprocessed: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()

    def copy(source: Path, target: Path) -> None:
        target.write_text("a part")
        if source.name == "splits_final.json":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch.shutil, "copyfile", copy)
    with scratch.preprocessed_at(preprocessed, str(disk)) as variables:
        assert variables == {}
    assert capsys.readouterr().out == f"scratch {disk}: No space left on device; {INSTEAD}\n"
    assert list(disk.iterdir()) == []
