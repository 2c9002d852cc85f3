"""Settings of the whole test suite, and the model that is packed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import MODEL, TRAINER
from hypothesis import settings
from packing import run

# How long an example takes says more about the machine than about the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The trainer folder of one fold below nnU-Net's results, as a training leaves it."""
    folder = tmp_path / "results" / "Dataset901_PhantomCord" / TRAINER
    shutil.copytree(MODEL, folder, ignore=shutil.ignore_patterns("fold_1"))
    return folder


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty current folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], out: Path) -> Callable[..., str]:
    """Run into an error, and return its one line."""

    def refuse(*words: str | Path, **options: Any) -> str:
        before = sorted(p.name for p in out.iterdir())
        assert run(*words, **options) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("model-lint: ")
        assert captured.err.count("\n") == 1
        assert sorted(p.name for p in out.iterdir()) == before
        return captured.err

    return refuse


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration of this repository applies."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
