"""Snakemake is killed while a step works; the same command goes on, and nothing runs twice."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from template.support import TEMPLATE, bake, program, run

sys.path.insert(0, str(TEMPLATE / "workflow" / "scripts"))

from locks import holding

CONFIG = ("--configfile", "config.yaml", "tests/phantom.yaml")
COMMAND = (program("snakemake"), "--cores", "1", *CONFIG, "--until", "convert")
WAITING = "another process uses this; waiting until it ends"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = bake(tmp_path / "output")
    done = run(sys.executable, "tests/phantom.py", "--subjects", "6", cwd=made)
    assert done.returncode == 0, done.stderr
    return made


@contextlib.contextmanager
def snakemake(
    folder: Path, stdin: int | IO[str] | None = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """Start Snakemake in a terminal of its own."""
    with subprocess.Popen(
        COMMAND,
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


def until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    assert any(words in line for line in process.stdout), words


@pytest.mark.parametrize(
    ("number", "everyone"),
    [(signal.SIGKILL, False), (signal.SIGKILL, True), (signal.SIGHUP, True), (signal.SIGINT, True)],
)
def test_the_same_command_goes_on_after_snakemake_was_killed(
    number: signal.Signals, everyone: bool, repository: Path
) -> None:
    """If the step that was started works on, that of the next Snakemake waits for it."""
    work = repository / "output" / "phantom"
    with contextlib.ExitStack() as stack:
        with holding(work, change=("raw",)):
            first = stack.enter_context(snakemake(repository))
            until(first, WAITING)  # its conversion has begun
            (os.killpg if everyone else os.kill)(first.pid, number)
            second = stack.enter_context(snakemake(repository))
            until(second, WAITING)
            assert not (work / "conversion.csv").exists()
        output, _ = second.communicate()
        assert second.returncode == 0, output
        assert not re.search("lock|incomplete", output)
    assert (work / "conversion.csv").is_file()
    again = run(*COMMAND, cwd=repository)
    assert again.returncode == 0
    assert "rule convert:" not in again.stdout + again.stderr


def test_a_split_that_was_killed_is_no_incomplete_file(repository: Path) -> None:
    """Snakemake asks for an option if it finds the output of a killed step; ours are whole."""
    (repository / "datasplits" / "splits.yaml").unlink(missing_ok=True)
    slow = repository / "workflow" / "scripts" / "splits.py"
    text = slow.read_text("utf-8")
    end = 'if __name__ == "__main__":\n    sys.exit(main())\n'
    assert text.endswith(end)
    pause = 'if __name__ == "__main__":\n    main()\n    print("written", flush=True)\n'
    slow.write_text(text.removesuffix(end) + pause + "    sys.stdin.read()\n", "utf-8")
    with snakemake(repository, stdin=subprocess.PIPE) as first:
        until(first, "written")
        os.killpg(first.pid, signal.SIGKILL)
    slow.write_text(text, "utf-8")
    done = run(*COMMAND, cwd=repository)
    assert done.returncode == 0, done.stdout + done.stderr
