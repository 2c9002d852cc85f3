"""Write files that are complete or missing, even if the program is interrupted."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import Stopped

#: The beginning of the name of a temporary folder.
TEMPORARY = ".model-lint-"


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Make a temporary folder next to a file to be written, so on the same disk; remove it."""
    import tempfile  # noqa: PLC0415 - rarely needed; importing takes a thirtieth of a short run

    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=target.parent) as folder:
        yield Path(folder)


def put_in_place(temporary: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name; overwrite a file of that name only with ``replace``.

    Raises:
        FileExistsError: a file of that name exists, even if it was made meanwhile.
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
    """Raise `Stopped` on a signal to stop, so that unfinished files are removed."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
