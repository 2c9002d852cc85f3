"""A laboratory for each test, and the command run in its checkout."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from github_server import GitHubServer
from model_lint.cli import main
from publishing import ZIP, Lab, Said, make_lab, make_new_lab


class Publish(Protocol):
    """Runs the command in this process, without waiting."""

    def __call__(self, *words: str, packages: tuple[str, ...] = (f"../{ZIP}",)) -> Said: ...


def _enter(lab: Lab, patch: pytest.MonkeyPatch) -> Lab:
    for name, value in lab.environment.items():
        patch.setenv(name, value)
    patch.chdir(lab.checkout)
    return lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A GitHub with a repository, and its checkout as the current folder."""
    with GitHubServer() as server:
        yield _enter(make_lab(server, tmp_path), monkeypatch)


@pytest.fixture
def new_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A GitHub without the repository, and its checkout as the current folder."""
    with GitHubServer() as server:
        yield _enter(make_new_lab(server, tmp_path), monkeypatch)


@pytest.fixture
def publish(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publish in this process, without waiting."""
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def run(*words: str, packages: tuple[str, ...] = (f"../{ZIP}",)) -> Said:
        capsys.readouterr()
        status = main(["publish", *packages, *words])
        return Said(status, *capsys.readouterr())

    return run
