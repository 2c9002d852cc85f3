"""Where the repaired copy of a zip goes, and when there is none."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from build import (
    LISTEN,
    NAME,
    TRAINER,
    genuine,
    inside,
    move,
    network,
    package,
    patch_entry,
    put,
    write_zip,
)
from checkpoint_files import with_pickle
from model_lint.storage.new_file import TEMPORARY
from model_lint.storage.zip_writer import ZipWriter
from repairing import FINAL, FIXED, check, contents, digest

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_the_same_zip_gives_the_same_bytes(tmp_path: Path) -> None:
    source = package(tmp_path, put(".DS_Store"), inside("model"))
    os.utime(source, (0, 0))
    for name in ("a.zip", "b.zip"):
        assert check(source, "--fix", "--fix-output", tmp_path / name) == 0
    assert digest(tmp_path / "a.zip") == digest(tmp_path / "b.zip")


def test_in_place(tmp_path: Path) -> None:
    source = package(tmp_path, put(".DS_Store"))
    source.chmod(0o640)
    link = tmp_path / "link" / NAME
    link.parent.mkdir()
    link.symlink_to(source)
    assert check(link, "--fix", "--in-place") == 0
    assert link.is_symlink()
    assert contents(source) == genuine()
    assert source.stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / FIXED).exists()


def test_what_is_missing_elsewhere_stays(tmp_path: Path) -> None:
    source = package(
        tmp_path, put(".DS_Store"), move("plans.json", "crossval_results_x/plans.json")
    )
    assert check(source, "--fix", "--in-place") == 1
    kept = genuine(move("plans.json", "crossval_results_x/plans.json"))
    assert contents(source) == kept


def test_into_a_folder_under_its_own_name(tmp_path: Path) -> None:
    one = package(tmp_path, put(".DS_Store"))
    two = package(tmp_path, put("._x"), name="model_seg_sc_t2-r20261123.zip")
    (tmp_path / "out").mkdir()
    assert check(one, two, "--fix", "--fix-output", tmp_path / "out") == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted([one.name, two.name])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--in-place"], "need --fix: add it"),
        (["--fix-output", "a.zip"], "need --fix: add it"),
        (["--fix", "--in-place", "--fix-output", "a.zip"], "give only one of them"),
        (["--diff", "--format", "json"], "leave out --format"),
        (["--fix", "--fix-output", "no/a.zip"], "no folder no; make it first"),
        (["--fix", "--fix-output", NAME], "is the zip itself: give --in-place"),
        (["other.zip", "--fix", "--fix-output", "a.zip"], "for several targets"),
        (["--fix", "--fix-output", "taken.zip"], "taken.zip exists already"),
    ],
)
def test_wrong_usage_is_one_line(
    tmp_path: Path, options: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    (tmp_path / "taken.zip").write_bytes(b"mine")
    assert check(source, *options) == 2
    error = capsys.readouterr().err
    assert part in error
    assert len(error.splitlines()) == 1
    assert (tmp_path / "taken.zip").read_bytes() == b"mine"
    assert len(list(tmp_path.glob("*.zip"))) == 2


def test_only_zips_are_repaired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / TRAINER
    with zipfile.ZipFile(package(tmp_path)) as archive:
        archive.extractall(tmp_path)
    for target in (folder, folder / "dataset.json"):
        assert check(target, "--fix") == 2
        error = capsys.readouterr().err
        assert "only zips are repaired" in error
        assert len(error.splitlines()) == 1


def _unsafe(path: Path) -> Path:
    return write_zip(path / NAME, [*genuine().items(), ("../evil.txt", b"x"), (".DS_Store", b"x")])


def _link(path: Path) -> Path:
    link = zipfile.ZipInfo(f"{TRAINER}/link")
    link.external_attr = 0o120777 << 16
    return write_zip(path / NAME, [*genuine(put(".DS_Store")).items(), (link, b"/etc/passwd")])


def _cut(path: Path) -> Path:
    source = package(path, put(".DS_Store"))
    source.write_bytes(source.read_bytes()[:2000])
    return source


def _evil(path: Path) -> Path:
    evil = with_pickle(b"cos\nsystem\n(S'true'\ntR.")
    return package(path, put(".DS_Store"), put("fold_0/checkpoint_final.pth", evil))


def _code(path: Path) -> Path:
    return package(path, put(".DS_Store"), network({"nonlin": "os.system"}))


def _differing(path: Path) -> Path:
    files = [*genuine(put(".DS_Store")).items(), (f"{TRAINER}/plans.json", b"{}")]
    return write_zip(path / NAME, files)


def _damaged(path: Path) -> Path:
    source = package(path, put(".DS_Store"), put("fold_0/progress.png", b"unique content"))
    source.write_bytes(source.read_bytes().replace(b"unique content", b"eunique conten"))
    return source


def _garbage(path: Path) -> Path:
    (path / NAME).write_bytes(b"no zip")
    return path / NAME


@pytest.mark.parametrize(
    ("build", "part"),
    [
        (_unsafe, "(Z003)"),
        (_link, "(Z004)"),
        (_cut, "(Z002)"),
        (_garbage, "(Z001)"),
        (_evil, "(K001)"),
        (_code, "(P008)"),
        (_differing, "with different content (Z007)"),
        (_damaged, "progress.png does not unpack"),
        (lambda p: patch_entry(package(p), FINAL, flags=1), "(Z005)"),
        (lambda p: patch_entry(package(p), FINAL, method=9), "(Z006)"),
    ],
)
def test_a_hostile_or_damaged_zip_is_refused(
    tmp_path: Path,
    build: Callable[[Path], Path],
    part: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = build(tmp_path)
    before = digest(source)
    for options in (["--fix"], ["--fix", "--in-place"], ["--fix", "--select", "Z008"]):
        assert check(source, *options) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"model-lint: {source}: not repaired: ")
        assert part in error
        assert len(error.splitlines()) == 1
        assert digest(source) == before
        assert not (tmp_path / FIXED).exists()
        assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    before = digest(source)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ZipWriter, "finish", full)
    assert check(source, "--fix", "--in-place") == 2
    assert "No space left on device" in capsys.readouterr().err
    assert digest(source) == before
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_byte_that_changes_on_the_way_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from model_lint.storage.zip_writer import MemberStream

    source = package(tmp_path, put(".DS_Store"))
    original = MemberStream.write
    monkeypatch.setattr(
        MemberStream, "write", lambda self, data: original(self, bytes(data)[:-1] + b"?")
    )
    assert check(source, "--fix") == 2
    assert "does not contain what was written" in capsys.readouterr().err
    assert not (tmp_path / FIXED).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    source = package(tmp_path, put(".DS_Store"))
    before = digest(source)
    code = (
        f"{LISTEN}import os, sys\n"
        "from model_lint import cli\n"
        "from model_lint.ship import new_package\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        f"sys.exit(cli.main(['check', '--fix', '--in-place', {str(source)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert len(done.stderr.splitlines()) == 1
    assert digest(source) == before
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
