"""The tutorial: every command of it, in its order, as its reader runs them.

GitHub is that of the tests, with this repository as the template, and pip installs no dependencies:
the environment of the tests has them. Nothing else is different.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mini_sct
import pytest
from checkout import ROOT, copy
from github_server import GitHubServer
from model_lint import __version__

TUTORIAL = ROOT / "docs" / "guides" / "tutorial.md"
#: What cookiecutter, and pip for the requirement of a generated repository, take of this one.
PARTS = (
    *("cookiecutter.json", "hooks", "questions", "template_extension.py"),
    *("{{cookiecutter.repo_name}}", "linter", "pyproject.toml", "README.md", "LICENSE"),
)


def commands() -> list[str]:
    """The blocks of commands."""
    text = TUTORIAL.read_text(encoding="utf-8")
    return re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    """A GitHub with this repository, and a small SCT."""
    source = copy(tmp_path / "template", *PARTS)
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    }
    with GitHubServer() as server:
        owner = server.add_owner("ivadomed")
        owner.add_repository("model-template", files).tag(f"v{__version__}")
        sct = server.add_owner("spinalcordtoolbox")
        sct.add_repository("spinalcordtoolbox", mini_sct.files())
        yield server


@pytest.fixture
def environment(tmp_path: Path, github: GitHubServer) -> dict[str, str]:
    """The variables of a reader, for whom github.com is that of the tests."""
    home = tmp_path / "home"
    home.mkdir()
    # Behind the standard library: one of the packages there has a module `argparse`.
    there = [path for path in sys.path if path.endswith(("site-packages", "linter"))]
    (home / "sitecustomize.py").write_text(f"import sys\nsys.path += {there!r}\n", encoding="utf-8")
    (home / ".gitconfig").write_text(
        f'[url "{github.url}/"]\n\tinsteadOf = https://github.com/\n'
        "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n",
        encoding="utf-8",
    )
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **github.environment(github.add_token("maker", {"ivadomed/*": "admin"})),
        "PATH": programs,
        "HOME": str(home),
        "PYTHONPATH": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",  # they are there, but pip overlooks `argparse`, which one of them needs
        "PIP_NO_BUILD_ISOLATION": "0",  # means: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
    }


def test_every_command_of_the_tutorial(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    script = "\n".join(["set -euxo pipefail", *commands()])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
