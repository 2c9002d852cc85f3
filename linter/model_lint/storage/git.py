"""Run git in a checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ..errors import UsageError

#: Seconds that a command may take, and one that sends or fetches.
_PATIENCE, _LONG_PATIENCE = 60, 900


def ask_git(root: Path, *arguments: str) -> str | None:
    """Return what git prints about a checkout; None if git is missing or says no."""
    try:
        done = _run(root, arguments, {"GIT_NO_LAZY_FETCH": "1"}, _PATIENCE)
    except OSError:
        return None
    return None if done.returncode else done.stdout


def run_git(
    root: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Run a command that changes something. Raises UsageError with git's last line."""
    quiet = {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = _run(root, arguments, {**quiet, **environment}, _LONG_PATIENCE)
    except OSError as error:
        raise UsageError(f"git {arguments[0]}: {error.strerror or error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["failed"]
        told = next(
            (line for line in lines if line.startswith(("fatal", "error", "!", " !"))), lines[-1]
        )
        raise UsageError(f"git {arguments[0]}: {told.strip()}")


def _run(
    root: Path, arguments: tuple[str, ...], more: Mapping[str, str], patience: int
) -> subprocess.CompletedProcess[str]:
    # In a hook, git's environment variables may name another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"LC_ALL": "C", **more}
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(root)]
    try:
        return subprocess.run(  # noqa: S603
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git {arguments[0]}: no answer in {patience} seconds") from error
