"""Every test of the template runs with git settings of its own, not with the machine's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The template's scripts are imported where they stand, and cookiecutter stops at bytecode there.
sys.dont_write_bytecode = True

IDENTITY = "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"


@pytest.fixture(scope="session", autouse=True)
def git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A git configuration with an identity and nothing else; return the file."""
    file = tmp_path_factory.mktemp("git") / "config"
    file.write_text(IDENTITY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(file))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for name in ("NAME", "EMAIL"):
            patch.delenv(f"GIT_AUTHOR_{name}", raising=False)
            patch.delenv(f"GIT_COMMITTER_{name}", raising=False)
        patch.delenv("EMAIL", raising=False)
        patch.delenv("MODEL_TEMPLATE_NO_GIT", raising=False)
        yield file
