"""A package is there whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import LISTEN
from model_lint.ship import new_package
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

    write = new_package.write
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(number: signal.Signals, model: Path, out: Path) -> None:
    code = (
        f"{LISTEN}import os, sys\n"
        "from model_lint.ship import new_package\n"
        "from model_lint.cli import main\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["pack", str(model), "--name", NAME, "--tag", TAG]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + number
    assert done.stderr.startswith("model-lint: ")
    assert done.stderr.count("\n") == 1
    assert list(out.iterdir()) == []
