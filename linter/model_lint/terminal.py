"""The terminal: whether to colour what is printed, and where to wrap it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .wording import inert, printable

#: Characters of a line, at most and if there is no terminal: longer lines are hard to read.
WIDTH = 100

_RESET = "\033[0m"
#: Name of a style to the sequence that begins it.
STYLES = {
    "bold": "\033[1m",
    "dim": "\033[2m",
    "green": "\033[32m",
    "file": "\033[4m",
    "error": "\033[1;31m",
    "warning": "\033[1;33m",
    "info": "\033[1;36m",
}

#: Takes a text and the name of a style.
Paint = Callable[[str, str], str]


def complain(text: str) -> None:
    """Print a line to standard error, without control characters or workflow commands."""
    print(inert(printable(f"model-lint: {text}")), file=sys.stderr)


def show_passing(text: str) -> None:
    """Show on standard error what is being done, in place of what was; "" removes it.

    Shows nothing if that is no terminal.
    """
    if sys.stderr.isatty():
        line = printable(text)[: text_width() - 1]  # a longer one could not be removed
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


@contextmanager
def progress_bar(text: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show on standard error how many of ``total`` bytes are done, at what rate, and what is left.

    Yields a function that takes the number of further bytes. Shows nothing if that is no terminal.
    """
    from tqdm import tqdm  # noqa: PLC0415 - an extra, which only the web needs

    with tqdm(
        desc=printable(text),
        total=total,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update


@contextmanager
def progress_of(text: str, unit: str) -> Iterator[Callable[[int, int], object]]:
    """Show on standard error how many things are done, of how many that are known so far.

    Yields a function that takes both numbers. Shows nothing if that is no terminal.
    """
    from tqdm import tqdm  # noqa: PLC0415 - as above

    with tqdm(
        desc=printable(text), unit=unit, total=0, leave=False, disable=None, dynamic_ncols=True
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def painter(*, color: bool) -> Paint:
    """Return a function that puts a text in a style, or leaves it as it is."""
    return _colored if color else _plain


def use_color(choice: str = "auto") -> bool:
    """Return whether to colour standard output: ``choice`` is auto, always or never.

    For auto NO_COLOR and FORCE_COLOR decide, then whether it is a terminal with colours.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def text_width() -> int:
    """Return where to wrap standard output: at WIDTH, or at the edge of a narrower terminal."""
    if not sys.stdout.isatty():
        return WIDTH
    import shutil  # noqa: PLC0415 - not every command wraps lines

    return min(WIDTH, shutil.get_terminal_size().columns)


def _plain(text: str, _style: str) -> str:
    return text


def _colored(text: str, style: str) -> str:
    return f"{STYLES[style]}{text}{_RESET}"
