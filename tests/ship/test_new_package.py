"""A package is there whole or not at all."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import LISTEN
from model_lint.cli import main
from model_lint.errors import UsageError
from model_lint.ship import new_package
from model_lint.ship.contents import Content, Given
from model_lint.ship.new_package import Place, write
from model_lint.storage.new_file import TEMPORARY
from model_lint.storage.zip_writer import ZipWriter
from packing import NAME, TAG, ZIP, edit_json, run


def test_an_existing_package_is_kept(
    model: Path,
    out: Path,
    refused: Callable[..., str],
) -> None:
    (out / ZIP).write_bytes(b"precious")
    assert "--force" in refused(model)
    assert (out / ZIP).read_bytes() == b"precious"
    assert run(model, "--force") == 0
    assert (out / ZIP).read_bytes() != b"precious"


def test_force_keeps_the_old_package_when_the_new_one_fails(model: Path, out: Path) -> None:
    (out / ZIP).write_bytes(b"precious")
    edit_json(model / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(model, "--force") == 1
    assert (out / ZIP).read_bytes() == b"precious"
    assert [p.name for p in out.iterdir()] == [ZIP]


def test_a_package_that_came_meanwhile_is_kept(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_by_another(*arguments: Any, **options: Any) -> Any:
        (out / ZIP).write_bytes(b"precious")
        return write(*arguments, **options)

    monkeypatch.setattr(new_package, "write", written_by_another)
    assert run(model) == 2
    assert "exists already" in capsys.readouterr().err
    assert (out / ZIP).read_bytes() == b"precious"
    assert [p.name for p in out.iterdir()] == [ZIP]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("x")]
)
def test_an_error_leaves_nothing(
    error: BaseException,
    model: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(ZipWriter, "finish", fails)
    assert run(model) == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert capsys.readouterr().err.count("\n") == 1
    assert list(out.iterdir()) == []


def stopped_by(number: signal.Signals) -> str:
    """A program that stops itself when the package is written, but not yet read back."""
    return (
        f"{LISTEN}import os, sys\n"
        "from model_lint.ship import new_package\n"
        "from model_lint.cli import main\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )


def words(model: Path) -> list[str]:
    return ["pack", str(model), "--name", NAME, "--tag", TAG]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(number: signal.Signals, model: Path, out: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", stopped_by(number), *words(model)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + number
    assert done.stderr == f"model-lint: stopped ({number.name})\n"
    assert list(out.iterdir()) == []


def test_a_kill_leaves_no_package(model: Path, out: Path) -> None:
    """Nothing can clean up then, but what is left does not have the package's name."""
    done = subprocess.run(
        [sys.executable, "-c", stopped_by(signal.SIGKILL), *words(model)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert [p.name[: len(TEMPORARY)] for p in out.iterdir()] == [TEMPORARY]
    assert run(model) == 0
    assert main(["check", ZIP]) == 0


def test_a_full_disk_is_one_line(model: Path, out: Path) -> None:
    """What a limit on the size of files gives is what a full disk gives, at any place."""
    code = (
        "import resource, sys\n"
        "from model_lint.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words(model)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"model-lint: {ZIP}: File too large; nothing was written\n"
    assert list(out.iterdir()) == []


def test_a_folder_that_can_not_be_written_to_is_one_line(
    model: Path, out: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", f"{out}/{TEMPORARY}x")

    monkeypatch.setattr(tempfile, "mkdtemp", denied)
    assert refused(model) == f"model-lint: {ZIP}: Permission denied; nothing was written\n"


# What is written


CONTENTS = (
    Content("a/", Given()),
    Content("a/x.txt", Given(b"text " * 1000)),
    Content("a/é.pth", Given(b"numbers " * 1000)),
)


def place(path: Path, *, replace: bool = False) -> Place:
    return Place(path, path.name, path.name, replace, "remove it")


def test_a_package_is_what_its_contents_say(tmp_path: Path) -> None:
    written = write(CONTENTS, tmp_path / "x.zip")
    data = (tmp_path / "x.zip").read_bytes()
    assert (written.size, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        for content, entry, info in zip(CONTENTS, written.entries, archive.infolist(), strict=True):
            unpacked = archive.read(info)
            assert content.path == entry.path == info.filename
            assert entry.sha256 == hashlib.sha256(unpacked).hexdigest()
            assert (entry.size, entry.compressed) == (info.file_size, info.compress_size)
            assert (info.compress_type == zipfile.ZIP_STORED) == info.filename.endswith(".pth")


@pytest.mark.parametrize("entry", ["x.txt", "é.pth"])
def test_a_byte_that_changes_on_its_way_to_the_disk_is_noticed(
    entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = ZipWriter.finish

    def flip(self: ZipWriter) -> dict[str, int]:
        sizes = finish(self)
        self._stream.flush()
        path = tmp_path / "x.zip"
        data = bytearray(path.read_bytes())
        data[data.index(entry.encode()) + len(entry.encode()) + 20] ^= 1
        path.write_bytes(data)
        return sizes

    monkeypatch.setattr(ZipWriter, "finish", flip)
    with pytest.raises(UsageError, match="is the disk in order"):
        write(CONTENTS, tmp_path / "x.zip")


def test_what_is_not_kept_is_removed(tmp_path: Path) -> None:
    with new_package.new_package(CONTENTS, place(tmp_path / "x.zip")) as new:
        assert new.path.is_file()
    assert list(tmp_path.iterdir()) == []


def test_what_replaces_a_file_takes_over_who_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with new_package.new_package(CONTENTS, place(target, replace=True)) as new:
        new.keep()
    assert target.stat().st_mode & 0o777 == 0o640
    assert zipfile.is_zipfile(target)
