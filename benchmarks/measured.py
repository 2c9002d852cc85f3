"""Run a command, and measure its seconds and the peak of its memory.

Linux counts the memory of the process that starts a command as if it were the command's. So a small
process starts it, which is this module as a program, and not the benchmark. Less than the 13 MB of
that process can't be measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Measured(NamedTuple):
    """What a run of a command took."""

    seconds: float
    #: Its memory at the peak.
    megabytes: float
    #: Its exit status.
    status: int


def measured(command: Sequence[str | Path], environment: Mapping[str, str]) -> Measured:
    """Run a command, without its output, and return what it took."""
    launcher = [sys.executable, "-IS", __file__, *map(str, command)]
    done = subprocess.run(launcher, env=environment, stdout=subprocess.PIPE, check=True)
    seconds, kilobytes, status = done.stdout.split()
    return Measured(float(seconds), int(kilobytes) * 1024 / 1e6, int(status))


def _launch(command: list[str]) -> None:
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    started = time.perf_counter()
    number = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(number, 0)
    print(time.perf_counter() - started, usage.ru_maxrss, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    _launch(sys.argv[1:])
