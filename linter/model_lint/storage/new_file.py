"""Files that are complete or missing, even if the program that makes them is interrupted."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import Stopped

#: How the name of a temporary folder begins, beside the place of the file that is made in it.
TEMPORARY = ".model-lint-"


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Make a folder in which a file is made, on the same disk; it is always removed."""
    import tempfile  # noqa: PLC0415 - most runs make no file, and it takes a thirtieth of a short one

    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=target.parent) as folder:
        yield Path(folder)


def publish(temporary: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name; without ``replace`` never that of another file.

    Raises:
        FileExistsError: where there is such a file, even if it came meanwhile.
    """
    if replace:
        temporary.replace(target)
        return
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
    """Turn a request to stop into `Stopped`, so that what was begun is removed."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
