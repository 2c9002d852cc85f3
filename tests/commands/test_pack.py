"""The command line of ``model-lint pack``."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_lint.cli import main
from model_lint.naming.tag import today_in_utc
from packing import NAME, TAG, ZIP, run


def test_a_terminal_without_line_drawing(model: Path, out: Path) -> None:
    words = [sys.executable, "-m", "model_lint", "pack", str(model), "--name", NAME, "--tag", TAG]
    (model / os.fsdecode(b"caf\xe9")).touch()
    done = subprocess.run(
        words, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert b"    |-- fold_0\n    |   |-- checkpoint_final.pth" in done.stdout
    assert b"  caf\\udce9  0 B\n" in done.stdout


def test_progress_is_shown_at_a_terminal_only(model: Path, out: Path) -> None:
    words = [sys.executable, "-m", "model_lint", "pack", str(model), "--name", NAME, "--tag", TAG]
    master, terminal = pty.openpty()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=terminal, check=True)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # what the end of a terminal is
        while part := os.read(master, 10_000):
            shown += part
    os.close(master)
    assert b"packing " in shown
    assert shown.endswith(b"\r\x1b[K")
    piped = subprocess.run([*words, "--force"], capture_output=True, check=True)
    assert piped.stderr == b""


def test_the_current_folder_will_do(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model)
    assert run(".", "--output", out) == 0
    assert [p.name for p in out.iterdir()] == [ZIP]


def test_the_name_of_the_repository_around_the_model(model: Path, out: Path) -> None:
    git = out.parent / ".git"
    git.mkdir()
    (git / "config").write_text(f'[remote "origin"]\n\turl = git@github.com:lab/{NAME}.git\n')
    assert run(model, name=None) == 0
    assert [p.name for p in out.iterdir()] == [ZIP]


def test_the_name_of_the_current_repository(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = out / NAME
    (repository / "release").mkdir(parents=True)
    (repository / ".git").mkdir()
    monkeypatch.chdir(repository / "release")
    assert run(model, name=None) == 0
    assert [p.name for p in (repository / "release").iterdir()] == [ZIP]


@pytest.mark.parametrize("tag", [None])
def test_the_tag_of_today(tag: None, model: Path, out: Path) -> None:
    assert run(model, tag=tag) == 0
    (package,) = out.iterdir()
    assert re.fullmatch(rf"{NAME}-r2\d{{7}}\.zip", package.name)


def test_any_file_name(model: Path, out: Path) -> None:
    assert run(model, "--output", out / "x.ZIP", name=None) == 0
    assert [p.name for p in out.iterdir()] == ["x.ZIP"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": None}, "which model repository is this for?"),
        ({"name": "seg_sc"}, "--name seg_sc: "),
        ({"name": "model_seg_mice"}, "did you mean model_seg_mouse?"),
        ({"name": "../model_seg_sc"}, "--name ../model_seg_sc: "),
        ({"name": ""}, "--name"),
        ({"tag": "r20240230"}, "no such date"),
        ({"tag": "20240901"}, "rYYYYMMDD"),
        ({"tag": "r2024091"}, "rYYYYMMDD"),
        ({"tag": "r2024091\u0665"}, "rYYYYMMDD"),
        ({"tag": "r99990101"}, "is the year right?"),
        ({"tag": f"r{today_in_utc() + dt.timedelta(days=3):%Y%m%d}"}, "in the future"),
        ({"tag": ""}, "rYYYYMMDD"),
    ],
)
def test_a_wrong_name_or_tag(
    options: dict[str, str | None],
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    words = [f"--{key}={value}" for key, value in options.items() if value is not None]
    defaults: dict[str, Any] = dict.fromkeys(options)
    assert message in refused(model, *words, **defaults)


@pytest.mark.parametrize("path", ["nowhere", "nowhere/x.zip"])
def test_an_output_that_is_not_there(
    path: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    assert "make it first" in refused(model, "--output", path)


def test_a_missing_model_is_said_before_anything_else(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / ZIP).write_bytes(b"precious")
    assert run(tmp_path / "nope") == 2
    assert main(["pack", "nope", "--output", "nowhere"]) == 2
    assert capsys.readouterr().err.count("nope: no such folder") == 2
