"""Run the commands that the guides show: all output in the guides is real, with its colours."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from html import escape
from pathlib import Path
from unittest.mock import patch

from model_lint import terminal
from model_lint.cli import main
from model_lint.terminal import STYLES

ROOT = Path(__file__).parent.parent
#: Columns of the terminal: what a code block of the site shows without scrolling.
WIDTH = 79
#: The same for a terminal that fits a phone.
NARROW = 60


_STYLED = re.compile(r"(\033\[[\d;]*m)")
_NAMES = {code: name for name, code in STYLES.items()}


def console(
    command: str, folder: Path, *, statuses: tuple[int, ...] = (0, 1), width: int = WIDTH
) -> str:
    """Run a `model-lint` command line in a folder; return it and its output as HTML.

    Raises ValueError if it ends with another exit status than expected.
    """
    status, text = output(command, folder, color=True, width=width)
    if status not in statuses:
        raise ValueError(f"`{command}` ends with {status}:\n{text}")
    return _html(command, text)


def refused_answers(answers: str) -> str:
    """Return, as HTML, how the template refuses answers."""
    words = [sys.executable, "-m", "cookiecutter", str(ROOT), *answers.split()]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 1:
        raise ValueError(f"{answers!r} ends with {done.returncode}:\n{done.stderr}")
    address = "gh:ivadomed/model-template"
    return _html(f"cookiecutter {address} {answers}", done.stderr.replace(str(ROOT), address))


def _html(command: str, text: str) -> str:
    shown = "".join(_span(part, style) for part, style in styled(text.rstrip()))
    prompt = f'<span class="gp">$ </span>{escape(command, quote=False)}'
    return f'<div class="highlight"><pre><code>{prompt}\n{shown}</code></pre></div>'


def styled(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a coloured output, each with the name of its style; "" for none."""
    style = ""
    for part in _STYLED.split(text):
        if _STYLED.fullmatch(part):
            style = _NAMES.get(part, "")
        elif part:
            yield part, style


def _span(text: str, style: str) -> str:
    shown = escape(text, quote=False)
    return f'<span class="t-{style}">{shown}</span>' if style else shown


def output(
    command: str, folder: Path, *, color: bool = False, width: int = WIDTH
) -> tuple[int, str]:
    """Return the exit status of a `model-lint` command line and what it prints."""
    program, *words = shlex.split(command)
    if program != "model-lint":
        raise ValueError(f"only model-lint is run: {command}")
    text = io.StringIO()
    with _inside(folder, color=color, width=width), redirect_stdout(text), redirect_stderr(text):
        try:
            status = main(words)
        except SystemExit as end:  # --help
            status = int(end.code or 0)
    return status, text.getvalue()


def block(language: str, text: str) -> str:
    """Return a fenced code block."""
    return f"```{language}\n{text.rstrip()}\n```"


@contextmanager
def _inside(folder: Path, *, color: bool, width: int) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    chosen = {"NO_COLOR": "", "FORCE_COLOR": "1"} if color else {"NO_COLOR": "1"}
    variables = {"COLUMNS": str(width)} | chosen
    try:
        with patch.dict(os.environ, variables), patch.object(terminal, "WIDTH", width):
            yield
    finally:
        os.chdir(before)
