"""The files of this repository that are under version control."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def tracked(*paths: str) -> list[str]:
    """The files below these paths that git has, or would add."""
    options = ("--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(
        ["git", "ls-files", *options, "--", *paths], cwd=ROOT, check=True, capture_output=True
    )
    names = {name.decode() for name in listed.stdout.split(b"\0") if name}
    return sorted(name for name in names if (ROOT / name).is_file())


def copy(folder: Path, *paths: str) -> Path:
    """Copy those files, without what tools leave in a working tree; return the folder."""
    for name in tracked(*paths):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder
