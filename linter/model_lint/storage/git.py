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
#: The beginnings of lines that say why a command failed, the most exact first in git's output.
_REASONS = ("! [", "fatal:", "error:")


def ask_git(root: Path, *arguments: str) -> str | None:
    """Return the text that git prints about a checkout; None if git is missing or says no."""
    found = read_git(root, *arguments)
    return None if found is None else found.decode(errors="replace")


def read_git(root: Path, *arguments: str, standard_input: bytes = b"") -> bytes | None:
    """Return the bytes that git prints about a checkout; None if git is missing or says no."""
    try:
        done = _run(root, arguments, {"GIT_NO_LAZY_FETCH": "1"}, _PATIENCE, standard_input)
    except OSError:
        return None
    return None if done.returncode else done.stdout


def run_git(
    root: Path,
    *arguments: str,
    environment: Mapping[str, str] = MappingProxyType({}),
    standard_input: bytes = b"",
) -> str:
    """Run a command that changes something, and return the text that it prints.

    Raises UsageError with the reason that git gives.
    """
    more = {"GIT_TERMINAL_PROMPT": "0", **environment}
    try:
        done = _run(root, arguments, more, _LONG_PATIENCE, standard_input)
    except OSError as error:
        raise UsageError(f"git {arguments[0]}: {error.strerror or error}") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines()]
        reasons = [line for line in lines if line.startswith(_REASONS)] or lines
        raise UsageError(f"git {arguments[0]}: {reasons[0] if reasons else 'failed'}")
    return done.stdout.decode(errors="replace")


def _run(
    root: Path,
    arguments: tuple[str, ...],
    more: Mapping[str, str],
    patience: int,
    standard_input: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    # A checkout is data: its owner does not matter, and programs that its configuration names must
    # not run. In a hook, git's environment variables may name another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"LC_ALL": "C", **more}
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(root)]
    try:
        return subprocess.run(  # noqa: S603
            [*command, *arguments],
            input=standard_input,
            capture_output=True,
            env=environment,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git {arguments[0]}: no answer in {patience} seconds") from error
