"""Show how far a step is: a bar on a terminal, else a line from time to time.

Snakemake's jobs write into a pipe (and so into the log), where a bar would be thousands of bars.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from tqdm import tqdm

FIRST_SECONDS = 10.0
"""Time to the first line; then the pauses grow, so that a long step doesn't fill the log."""
LONGEST_SECONDS = 300.0
LOOK_SECONDS = 1.0


@contextlib.contextmanager
def progress(what: str, total: int, finished: int = 0) -> Iterator[Callable[[], object]]:
    """Show the progress of a step; yield the function to call after each case.

    Args:
        what: the step, such as ``convert``.
        total: the number of all cases.
        finished: how many of them an earlier run finished.
    """
    _resumed(what, total, finished)
    if sys.stderr.isatty():
        with tqdm(desc=what, total=total, initial=finished, unit="case") as bar:
            yield bar.update
    else:
        yield Lines(what, total, finished, time.monotonic)


@contextlib.contextmanager
def watching(what: str, total: int, finished: int, count: Callable[[], int]) -> Iterator[None]:
    """Print how far another program is while it works, unless its own bars are on a terminal.

    Args:
        what: the step.
        total: the number of all cases.
        finished: how many of them an earlier run finished.
        count: returns how many are finished now.
    """
    _resumed(what, total, finished)
    done = threading.Event()
    lines = Lines(what, total, finished, time.monotonic)

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            lines.at(count())

    thread = threading.Thread(target=look, daemon=True)
    if not sys.stderr.isatty():
        thread.start()
    try:
        yield
    finally:
        done.set()


def _resumed(what: str, total: int, finished: int) -> None:
    if 0 < finished < total:
        print(f"{what}: {finished:,} of {total:,} cases are finished already", flush=True)


class Lines:
    """Prints a line from time to time: at first each ten seconds, in the end each five minutes."""

    def __init__(self, what: str, total: int, finished: int, clock: Callable[[], float]) -> None:
        self._what, self._total, self._before = what, total, finished
        self._done = finished
        self._clock = clock
        self._start = clock()
        self._next = self._start + FIRST_SECONDS

    def __call__(self) -> None:
        """Count a case."""
        self.at(self._done + 1)

    def at(self, done: int) -> None:
        """Say how many cases are done, if it is time for a line."""
        self._done = done
        now = self._clock()
        if now < self._next or not self._before < done < self._total:
            return
        passed = now - self._start
        self._next = now + min(max(FIRST_SECONDS, passed / 4), LONGEST_SECONDS)
        left = passed / (self._done - self._before) * (self._total - self._done)
        print(
            f"{self._what}: {self._done:,} of {self._total:,} cases "
            f"({100 * self._done // self._total} %), about {duration(left)} left",
            flush=True,
        )


def duration(seconds: float) -> str:
    """Return ``40 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
