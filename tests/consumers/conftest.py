"""The family of packages, written once for the tests that only lint it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with every package."""
    folder = tmp_path_factory.mktemp("family")
    # In a process of its own: torch is imported there.
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "family", str(folder)], check=True, cwd=HERE
    )
    return folder
