"""Files that are there whole or not at all, whatever interrupts the program that makes them."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

#: How the name of a temporary folder begins, beside the place of the file that is made in it.
TEMPORARY = ".model-lint-"


def publish(temporary: Path, target: Path) -> None:
    """Give a finished file its name, never taking that of another that came meanwhile.

    Raises:
        FileExistsError: where there is such a file.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        temporary.rename(target)  # a file system without hard links


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to stop unwind the program, so that it removes what it began."""

    def stop(number: int, _frame: FrameType | None) -> None:
        print(f"model-lint: stopped ({signal.Signals(number).name})", file=sys.stderr)
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
