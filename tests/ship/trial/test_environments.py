"""Which Python a package is tried with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from model_lint.errors import UsageError
from model_lint.ship.trial import environments
from model_lint.ship.trial.environments import find_environments


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python has no nnU-Net."""
    monkeypatch.setattr(environments, "find_spec", lambda _: None)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python has one."""
    monkeypatch.setattr(environments, "find_spec", lambda _: object())


def python(folder: Path, name: str = "bin/python") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.symlink_to(sys.executable)
    return path


def pythons(words: list[str], variables: dict[str, str] | None = None) -> list[Path]:
    return [one.python for one in find_environments(words, variables or {})]


def test_the_default_is_this_one(installed: None, tmp_path: Path) -> None:
    assert pythons([]) == [Path(sys.executable)]
    assert pythons([], {"SCT_DIR": str(tmp_path)}) == [Path(sys.executable)]


def test_or_that_of_sct(without: None, tmp_path: Path) -> None:
    path = python(tmp_path / "python/envs/venv_sct")
    variables = {"SCT_DIR": str(tmp_path)}
    assert pythons([], variables) == pythons(["sct"], variables) == [path]


def test_a_python_or_its_folder(without: None, tmp_path: Path) -> None:
    path = python(tmp_path / "venv")
    conda = python(tmp_path / "conda", "python.exe")
    words = [str(path), str(tmp_path / "conda"), str(path)]
    assert pythons(words) == [path, conda]  # the link, which makes it an environment, once


def test_both(installed: None, tmp_path: Path) -> None:
    path = python(tmp_path / "python/envs/venv_sct")
    found = pythons(["here", "sct"], {"SCT_DIR": str(tmp_path)})
    assert found == [Path(sys.executable), path]


@pytest.mark.parametrize(
    ("words", "variables", "line"),
    [
        ([], {}, "`pip install nnunetv2`"),
        (["here"], {}, "`pip install nnunetv2`"),
        (["sct"], {}, "SCT_DIR"),
        (["sct"], {"SCT_DIR": "/nowhere"}, "not below /nowhere"),
        (["/nowhere/python"], {}, "no Python there"),
        (["/etc"], {}, "no Python there"),
        ([__file__], {}, "not a program"),
    ],
)
def test_there_is_none(
    words: list[str], variables: dict[str, str], line: str, without: None
) -> None:
    with pytest.raises(UsageError, match=line) as error:
        find_environments(words, variables)
    assert "\n" not in str(error.value)
