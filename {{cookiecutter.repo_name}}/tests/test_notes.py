"""Notes, locks and folds: what is up to date, what is stale, who waits for whom."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import folds
import locks
import notes
from case_table import Row, to_csv
from common import read_json, write_json, write_text
from locks import holding
from notes import Note
from settings import Settings

SCRIPTS = Path(notes.__file__).parent


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A step that made one file and is done."""
    write_text(tmp_path / "data" / "a.txt", "made")
    write_text(tmp_path / "done" / "step", "")
    notes.write_note(tmp_path, "step", Note("abc", {}, 0), [tmp_path / "data" / "a.txt"])
    return tmp_path


def test_a_step_is_current_while_nothing_changed(made: Path) -> None:
    assert notes.is_current(made, "step", "abc", 0)
    assert not notes.is_current(made, "step", "other", 0)
    assert not notes.is_current(made, "another step", "abc", 0)


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_text("longer text")])
def test_lost_files_change_the_number_of_the_run_once(
    lose: Callable[[Path], object], made: Path
) -> None:
    """Snakemake starts a step again if the number differs from that of its last run."""
    assert notes.run_number(made, "step") == 0
    lose(made / "data" / "a.txt")
    assert notes.run_number(made, "step") == 1
    assert not notes.is_current(made, "step", "abc", 1)
    write_text(made / "data" / "a.txt", "made")
    notes.write_note(made, "step", Note("abc", {}, 1), [made / "data" / "a.txt"])
    assert notes.run_number(made, "step") == 1
    # The file came back by itself: the next run finds nothing to do, and keeps its number.
    (made / "data" / "a.txt").unlink()
    assert notes.run_number(made, "step") == 2
    write_text(made / "data" / "a.txt", "made")
    assert notes.is_current(made, "step", "abc", 2)
    assert notes.run_number(made, "step") == 2


def test_a_lost_note_changes_the_number_too(made: Path) -> None:
    notes.remove_note(made, "step")
    assert notes.run_number(made, "step") == -1
    (made / "done" / "step").unlink()
    assert notes.run_number(made, "step") == 0


def test_comments_and_formatting_do_not_change_the_digest_of_code(tmp_path: Path) -> None:
    texts = ["a = [1, 2]\n", "# why\na = [\n    1,\n    2,  # two\n]\n", "a = [1, 3]\n"]
    paths = [tmp_path / f"{number}.py" for number in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    first, same, other = map(notes.code_of, paths)
    assert first == same != other


def test_the_code_of_a_step_includes_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "SCRIPTS", tmp_path)
    (tmp_path / "step.py").write_text("from inner import x\n", "utf-8")
    (tmp_path / "inner.py").write_text("import numpy\nx = 1\n", "utf-8")
    (tmp_path / "unrelated.py").write_text("y = 1\n", "utf-8")

    def digest() -> str:
        notes.code_of.cache_clear()
        return notes.code("step")

    before = digest()
    (tmp_path / "unrelated.py").write_text("y = 2\n", "utf-8")
    assert digest() == before
    (tmp_path / "inner.py").write_text("import numpy\nx = 2\n", "utf-8")
    assert digest() != before


# ------------------------------------------------------------------------------------------ locks


def waiting(work: Path, how: str) -> subprocess.Popen[str]:
    """A process that takes a lock, says so, and ends."""
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from pathlib import Path; "
    code += f"from locks import holding\nwith holding(Path({str(work)!r}), {how}):\n"
    code += "    print('free', flush=True)"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("first", ["change", "read"])
@pytest.mark.parametrize("second", ["change", "read"])
def test_a_part_is_changed_by_one_process_or_read_by_many(
    first: str, second: str, tmp_path: Path
) -> None:
    with holding(tmp_path, **{first: ("raw",)}):
        other = waiting(tmp_path, f"{second}=('raw',)")
        assert other.stdout is not None
        line = other.stdout.readline()
        assert line.startswith("free") == (first == second == "read")
    with other:
        assert other.stdout.read() in {"", "free\n"}
    assert other.returncode == 0


def test_parts_do_not_concern_each_other(tmp_path: Path) -> None:
    with (
        holding(tmp_path, change=("raw", "model/a/fold_0")),
        waiting(tmp_path, "change=('preprocessed', 'model/a/fold_1')") as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "free\n"


def test_a_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from pathlib import Path; import time; "
    )
    code += f"from locks import holding\nwith holding(Path({str(tmp_path)!r}), change=('raw',)):\n"
    code += "    print('held', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        with waiting(tmp_path, "change=('raw',)") as other:
            assert other.stdout is not None
            assert f"waiting until it ends (pid {held.pid} on " in other.stdout.readline()
            held.kill()
            assert other.stdout.readline() == "free\n"


def test_a_disk_without_locks_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some storage of clusters is mounted so."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(locks.fcntl, "lockf", refuse)
    with holding(tmp_path, change=("raw",)):
        (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path / 'locks' / 'raw'}: this disk has no locks; make sure that")


def test_a_system_without_such_locks_is_told_in_one_line() -> None:
    code = f"import sys; sys.modules['fcntl'] = None; sys.path.insert(0, {str(SCRIPTS)!r}); "
    code += "import train"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "on Windows, run it in WSL" in line


# ------------------------------------------------------------------------------------------ folds


def preprocessed(settings: Settings) -> Settings:
    """Write what a training depends on."""
    folder, nnunet = settings.preprocessed, settings.nnunet
    plans = {"configurations": {nnunet.configuration: {"batch_size": 2}}}
    write_json(folder / f"{nnunet.plans_name}.json", plans)
    write_json(folder / "dataset.json", {"labels": {}})
    write_json(folder / "dataset_fingerprint.json", {"spacings": [[1, 1, 1]]})
    split = {"train": ["a"], "val": ["b"]}
    write_json(folder / "splits_final.json", [split, {"train": ["b"], "val": ["a"]}])
    rows = [Row(case, case, "train", digest=f"of {case}") for case in "ab"]
    write_text(settings.work / "conversion.csv", to_csv(rows))
    trainer = settings.work / "own_trainer.py"
    write_text(trainer, "epochs = 1\n")
    return replace(settings, nnunet=replace(nnunet, trainer_file=trainer, folds=("0", "1")))


def finish(settings: Settings, fold: str) -> Path:
    """Write a trained fold and its note; return its folder."""
    folder = settings.model / f"fold_{fold}"
    folder.mkdir(parents=True)
    checkpoint = folder / "checkpoint_final.pth"
    with zipfile.ZipFile(checkpoint, "w") as archive:
        archive.writestr("data.pkl", folds.depends_on(settings, fold))
    note = Note(folds.depends_on(settings, fold), {}, 0)
    notes.write_note(settings.work, folds.step_name(settings, fold), note, [checkpoint])
    return folder


def new_plans(settings: Settings) -> None:
    path = settings.preprocessed / f"{settings.nnunet.plans_name}.json"
    plans = read_json(path)
    plans["configurations"][settings.nnunet.configuration]["batch_size"] = 3
    write_json(path, plans)


CHANGES: dict[str, Callable[[Settings], None]] = {
    "labels": lambda s: write_json(s.preprocessed / "dataset.json", {"labels": {"sc": 1}}),
    "spacings": lambda s: write_json(s.preprocessed / "dataset_fingerprint.json", {}),
    "plans": new_plans,
    "voxels": lambda s: write_text(
        s.work / "conversion.csv", to_csv([Row(c, c, "train", digest="other") for c in "ab"])
    ),
    "trainer": lambda s: write_text(s.work / "own_trainer.py", "epochs = 3\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_training_on_other_data_is_set_aside_and_taken_back(
    change: Callable[[Settings], None], settings: Settings
) -> None:
    settings = preprocessed(settings)
    folder = finish(settings, "0")
    finish(settings, "1")
    before = folds.depends_on(settings, "0")
    text = (folder / "checkpoint_final.pth").read_bytes()
    assert folds.stale(settings) == ""
    assert list(folds.set_aside(settings, "0", before)) == []
    files = {path: path.read_bytes() for path in settings.work.rglob("*") if path.is_file()}
    change(settings)
    notes.code_of.cache_clear()
    assert f"{folder}: was trained on other data" in folds.stale(settings)
    (line,) = folds.set_aside(settings, "0", folds.depends_on(settings, "0"))
    assert "is now" in line
    assert not folder.exists()
    finish(settings, "0")
    assert f"{settings.model / 'fold_1'}: was trained on other data" in folds.stale(settings)
    # The change is undone.
    for path in settings.preprocessed.rglob("*.json"):
        path.write_bytes(files[path])
    for name in ("conversion.csv", "own_trainer.py"):
        (settings.work / name).write_bytes(files[settings.work / name])
    notes.code_of.cache_clear()
    moved, back = folds.set_aside(settings, "0", before)
    assert moved.endswith(folds.depends_on(settings, "0")[:12]) is False
    assert back.endswith(f"it is now {folder}")
    assert (folder / "checkpoint_final.pth").read_bytes() == text


def test_a_split_concerns_its_fold_alone(settings: Settings) -> None:
    settings = preprocessed(settings)
    before = [folds.depends_on(settings, fold) for fold in ("0", "1", "all")]
    splits = read_json(settings.preprocessed / "splits_final.json")
    splits[1] = {"train": ["b", "c"], "val": ["a"]}
    write_json(settings.preprocessed / "splits_final.json", splits)
    after = [folds.depends_on(settings, fold) for fold in ("0", "1", "all")]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_a_training_of_which_nothing_is_known_is_not_touched(settings: Settings) -> None:
    settings = preprocessed(settings)
    folder = finish(settings, "0")
    notes.remove_note(settings.work, folds.step_name(settings, "0"))
    with pytest.raises(ValueError, match="nothing says what it was trained on; move or delete it"):
        list(folds.set_aside(settings, "0", folds.depends_on(settings, "0")))
    assert folder.is_dir()


def test_what_is_not_one_whole_training_is_not_packed(settings: Settings) -> None:
    settings = preprocessed(settings)
    folder = finish(settings, "0")
    assert folds.stale(settings) == f"{settings.model / 'fold_1'}: is not trained to the end"
    finish(settings, "1")
    assert folds.stale(settings) == ""
    (folder / "checkpoint_final.pth").write_bytes(b"another one")
    assert "is missing, or another file than the training wrote" in folds.stale(settings)


def test_a_fold_that_the_data_are_not_divided_into(settings: Settings) -> None:
    with pytest.raises(ValueError, match="fold 2 does not exist: the data are divided into 2"):
        folds.depends_on(preprocessed(settings), "2")
