"""The Pythons that have nnU-Net: this one, SCT's, or one that the user names."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ...errors import UsageError

#: Words in place of a path.
HERE, SCT = "here", "sct"
_MISSING = (
    "no nnU-Net to try it with: this Python has none. `pip install nnunetv2` adds the stock one, "
    "--with sct takes SCT's, and --with PYTHON that of another environment"
)


@dataclass(frozen=True)
class Environment:
    """A Python to try a package with."""

    python: Path
    #: As the user named it.
    name: str


def find_environments(words: Sequence[str], variables: Mapping[str, str]) -> list[Environment]:
    """Return the Pythons that the words name; by default this one, or SCT's if that has none.

    Raises UsageError if there is none.
    """
    if words:
        return [_named(word, variables) for word in dict.fromkeys(words)]
    if find_spec("nnunetv2"):
        return [Environment(Path(sys.executable), HERE)]
    if variables.get("SCT_DIR"):
        return [_sct(variables)]
    raise UsageError(_MISSING)


def _named(word: str, variables: Mapping[str, str]) -> Environment:
    if word == HERE:
        if not find_spec("nnunetv2"):
            raise UsageError(f"--with {word}: {_MISSING}")
        return Environment(Path(sys.executable), word)
    if word == SCT:
        return _sct(variables)
    path = Path(word).expanduser()
    found = _python_in(path) if path.is_dir() else path
    if found is None or not found.is_file():
        raise UsageError(
            f"--with {word}: no Python there; give a Python, the folder of a virtual environment, "
            f"{SCT} or {HERE}"
        )
    if not os.access(found, os.X_OK):
        raise UsageError(f"--with {word}: not a program")
    # Not resolved: the link to it is what makes a virtual environment.
    return Environment(found.absolute(), word)


def _sct(variables: Mapping[str, str]) -> Environment:
    """Return SCT's Python, where its installer puts it."""
    root = variables.get("SCT_DIR")
    if not root:
        raise UsageError("--with sct: SCT_DIR, which names SCT's folder, is not set")
    found = _python_in(Path(root) / "python" / "envs" / "venv_sct")
    if found is None:
        raise UsageError(
            f"--with sct: SCT's Python is not below {root} (python/envs/venv_sct); "
            "name it with --with PYTHON"
        )
    return Environment(found.absolute(), SCT)


def _python_in(folder: Path) -> Path | None:
    """Return the Python of a virtual or conda environment, on any system."""
    names = ("bin/python", "bin/python3", "python.exe", "Scripts/python.exe")
    return next((folder / name for name in names if (folder / name).is_file()), None)
