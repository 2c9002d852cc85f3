"""Locks on what the steps write, so that a step never runs into one that is still running.

When Snakemake is killed, the steps that it started may go on; Snakemake, started again, starts them
a second time. A lock of the operating system ends with the process that holds it, however it ends;
on shared storage it counts on all machines.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from common import UNSUPPORTED

try:
    import fcntl
except ModuleNotFoundError:
    raise SystemExit(f"error: {UNSUPPORTED}") from None

_WAIT = "{}: another process uses this; waiting until it ends ({})"
_WITHOUT = "{}: this disk has no locks; make sure that nothing else works in this folder"


@contextlib.contextmanager
def holding(
    work: Path, *, change: tuple[str, ...] = (), read: tuple[str, ...] = ()
) -> Iterator[None]:
    """Hold locks on parts of the work folder; wait while another process holds them otherwise.

    Args:
        work: the work folder.
        change: the parts that are written; nobody else may read or write them.
        read: the parts that are read; others may read them too.
    """
    kinds = dict.fromkeys(read, fcntl.LOCK_SH) | dict.fromkeys(change, fcntl.LOCK_EX)
    with contextlib.ExitStack() as stack:
        # All processes take them in the same order, so that none waits for the other.
        for part in sorted(kinds, key=lambda part: (_ORDER.index(part.split("/")[0]), part)):
            stack.enter_context(_lock(work / "locks" / part, kinds[part]))
        yield


#: raw: the converted dataset; preprocessed: nnU-Net's; model: one fold each; the others by name.
_ORDER = ("raw", "preprocessed", "model", "predictions", "release")


@contextlib.contextmanager
def _lock(path: Path, kind: int) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.lockf(descriptor, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            owner = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "unknown"
            print(_WAIT.format(path, owner), flush=True)
            fcntl.lockf(descriptor, kind)
        except OSError as error:
            if error.errno not in {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}:
                raise
            print(_WITHOUT.format(path), flush=True)
        if kind == fcntl.LOCK_EX:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _owner().encode(), 0)
        yield
    finally:
        os.close(descriptor)  # releases the lock


def _owner() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    return f"pid {os.getpid()} on {socket.gethostname()}{f', job {job}' if job else ''}"
