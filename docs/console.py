"""Run the commands that the guides show: all output in the guides is real."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from model_lint import terminal
from model_lint.cli import main

#: Columns of the terminal: what a code block of the site shows without scrolling.
WIDTH = 79


def console(command: str, folder: Path, *, statuses: tuple[int, ...] = (0, 1)) -> str:
    """Run a `model-lint` command line in a folder; return it and its output as a code block.

    Raises ValueError if it ends with another exit status than expected.
    """
    status, text = output(command, folder)
    if status not in statuses:
        raise ValueError(f"`{command}` ends with {status}:\n{text}")
    return block("console", f"$ {command}\n{text}")


def output(command: str, folder: Path) -> tuple[int, str]:
    """Return the exit status of a `model-lint` command line and what it prints."""
    program, *words = shlex.split(command)
    if program != "model-lint":
        raise ValueError(f"only model-lint is run: {command}")
    text = io.StringIO()
    with _inside(folder), redirect_stdout(text), redirect_stderr(text):
        try:
            status = main(words)
        except SystemExit as end:  # --help
            status = int(end.code or 0)
    return status, text.getvalue()


def block(language: str, text: str) -> str:
    """Return a fenced code block."""
    return f"```{language}\n{text.rstrip()}\n```"


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    variables = {"COLUMNS": str(WIDTH), "NO_COLOR": "1"}
    try:
        with patch.dict(os.environ, variables), patch.object(terminal, "WIDTH", WIDTH):
            yield
    finally:
        os.chdir(before)
