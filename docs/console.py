"""Commands as a reader would type them, run for real: no output in these pages is made up."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from model_lint.cli import main


def console(command: str, folder: Path) -> str:
    """Run a `model-lint` command line in a folder; return it and its output as a code block."""
    return block("console", f"$ {command}\n{output(command, folder)[1]}")


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
    try:
        with patch.dict(os.environ, {"COLUMNS": "88", "NO_COLOR": "1"}):
            yield
    finally:
        os.chdir(before)
