"""Do the same with many cases in several processes: what fails or is killed costs no other case.

The processes come from one that has loaded the slow libraries once (a fork server), so they share
them, and end when the process that started them ends, however it does.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
WAITING = 4
"""Cases per process that are handed over before they are needed; all at once would need memory."""


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """A case, and what came of it."""

    case: T
    result: R | None
    error: str = ""
    """Why there is no result, in lines that name the case."""


def each(
    task: Callable[[T], R],
    cases: Sequence[T],
    jobs: int,
    *,
    name: Callable[[T], str],
    load: Sequence[str] = (),
) -> Iterator[Done[T, R]]:
    """Call a function with each case; yield what came of it in the order in which they finish.

    An error is of its case alone, but for those of the system, such as a full disk.

    Args:
        task: a function of a module, or a ``functools.partial`` of one.
        cases: its arguments.
        jobs: the number of processes; 1 for none besides this one.
        name: returns the name of a case.
        load: modules that all processes need and that are slow to load.

    Raises:
        RuntimeError: with one line, if a process was killed.
        OSError: if the system refuses something.
    """
    jobs = min(jobs, len(cases))
    if jobs <= 1:
        for case in cases:
            yield _done(case, name, partial(task, case))
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*load])
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare)
    pending: dict[Future[R], T] = {}
    left = iter(cases)
    try:
        while True:
            for case in islice(left, WAITING * jobs - len(pending)):
                pending[pool.submit(task, case)] = case
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield _done(pending.pop(future), name, future.result)
    except BrokenProcessPool:
        raise RuntimeError(
            "a process was killed while it worked, as systems do when memory runs out; what is "
            "finished is kept: run the same command again, with more memory or fewer processes "
            "(resources.other in config.yaml)"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _done(case: T, name: Callable[[T], str], result: Callable[[], R]) -> Done[T, R]:
    try:
        return Done(case, result())
    except ValueError as error:
        return Done(case, None, str(error))
    except (OSError, BrokenProcessPool):
        raise
    except Exception as error:  # noqa: BLE001 - of one case: the others go on, and its line says it
        return Done(case, None, f"{name(case)}: {type(error).__name__}: {error}")


def _prepare() -> None:
    """Let a process end with its parent, not with Ctrl-C, and use one processor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
