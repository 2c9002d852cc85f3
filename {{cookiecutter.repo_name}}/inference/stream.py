"""Take many things through three steps at once: while one is predicted, others load and save.

Memory is bounded: things in progress together need no more than a given number of bytes, unless a
single one needs more, which then is alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Steps(Generic[T]):
    """What is done with each thing, and how many bytes it needs meanwhile.

    ``load`` and ``save`` run in threads of their own, several things at once; ``predict`` runs in
    the caller's thread, one after the other.
    """

    load: Callable[[T], Any]
    predict: Callable[[Any], Any]
    save: Callable[[Any], Any]
    memory: Callable[[T], int]


def stream(things: Iterable[T], steps: Steps[T], *, workers: int, room: int) -> Iterator[Any]:
    """Yield what ``save`` returns for each thing, in their order.

    Args:
        things: what to take through the steps.
        steps: the steps; an exception in one ends the stream.
        workers: how many things are loaded at once, and how many are saved.
        room: bytes that things in progress may need together.
    """
    waiting = deque((thing, steps.memory(thing)) for thing in things)
    loading: deque[tuple[int, Future[Any]]] = deque()
    saving: deque[tuple[int, Future[Any]]] = deque()

    def used() -> int:
        return sum(size for size, _ in (*loading, *saving))

    def load_more(current: int = 0) -> None:
        """Start to load what there is room for, beside ``current`` bytes; always one thing."""
        while waiting and len(loading) < workers:
            size = waiting[0][1]
            busy = current or loading or saving
            if busy and current + used() + size > room:
                return
            loading.append((size, loader.submit(steps.load, waiting.popleft()[0])))

    with ThreadPoolExecutor(workers) as loader, ThreadPoolExecutor(workers) as saver:
        try:
            load_more()
            while loading or saving:
                if loading and len(saving) < 2 * workers:
                    size, future = loading.popleft()
                    loaded = future.result()
                    load_more(size)
                    saving.append((size, saver.submit(steps.save, steps.predict(loaded))))
                    del loaded, future
                while saving and (saving[0][1].done() or not loading or len(saving) >= 2 * workers):
                    yield saving.popleft()[1].result()
                    load_more()
        finally:
            for pool in (loader, saver):
                pool.shutdown(cancel_futures=True)
