"""A laboratory for each test, and the command run in its checkout."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github_server import GitHubServer
from model_lint.cli import main
from publishing import ZIP, Lab, Said, make_lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A GitHub with a repository, and its checkout as the current folder."""
    with GitHubServer() as server:
        lab = make_lab(server, tmp_path)
        for name, value in lab.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path / "checkout")
        yield lab


@pytest.fixture
def publish(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Publish in this process, without waiting."""
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def run(*words: str, package: str = f"../{ZIP}") -> Said:
        capsys.readouterr()
        lab.server.log.clear()
        status = main(["publish", *([package] if package else []), *words])
        return Said(status, *capsys.readouterr())

    return run
