"""Write files that are complete or missing, even if the program is interrupted."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import Stopped, UsageError

#: The beginning of the name of a temporary folder.
TEMPORARY = ".model-lint-"
#: What a file system without hard links answers.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


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
        if error.errno not in _NO_LINKS:
            raise
        temporary.rename(target)


def put_all_in_place(files: Sequence[tuple[Path, Path]], *, replace: bool) -> None:
    """Give finished files their names, as `put_in_place` does; all of them or none.

    If one can't have its name, or a signal stops the program, those before it are taken away again,
    and what they replaced is put back. Only a program that is killed has no time for that.

    Args:
        files: each finished file, in a temporary folder on the same disk, with its name.
        replace: whether files of these names are replaced.

    Raises:
        FileExistsError: a file of one of the names exists.
        UsageError: some could not be taken back; the message names them.
    """
    if len(files) == 1:  # that is one step
        put_in_place(*files[0], replace=replace)
        return
    begun: list[tuple[Path, Path]] = []
    try:
        for temporary, target in files:
            begun.append((temporary, target))
            if replace and target.is_file():
                _set_aside(target, _old(temporary))
            put_in_place(temporary, target, replace=replace)
    except BaseException as error:
        new = [str(target) for temporary, target in begun if not _taken_back(temporary, target)]
        if new:
            why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            raise UsageError(f"{', '.join(new)}: new, and can't be taken back ({why})") from error
        raise


def _old(temporary: Path) -> Path:
    """Return where the file is kept that a new one replaces: on the same disk."""
    return temporary.with_name(f"{temporary.name}.old")


def _set_aside(target: Path, old: Path) -> None:
    try:
        os.link(target, old)  # so that there is a file of this name at any time
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        target.rename(old)


def _taken_back(temporary: Path, target: Path) -> bool:
    """Undo what was done to give a file its name; return whether all is as before."""
    old = _old(temporary)
    try:
        if old.exists():
            old.replace(target)
        elif target.is_file() and (not temporary.exists() or temporary.samefile(target)):
            target.unlink()
    except OSError:
        return False
    return True


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
