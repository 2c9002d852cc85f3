"""Threads that do tasks, of which there may be more while they work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

Tool = TypeVar("Tool")
Result = TypeVar("Result")


class _Failure(NamedTuple):
    error: BaseException


class Crew(Generic[Tool, Result]):
    """Threads that each have a tool of their own. They end with the program, at any time."""

    def __init__(self, tools: list[Tool]) -> None:
        self._tasks: SimpleQueue[Callable[[Tool], Result]] = SimpleQueue()
        self._done: SimpleQueue[Result | _Failure] = SimpleQueue()
        self._pending = 0
        for tool in tools:
            # A daemon: a program that is stopped does not wait for a server.
            threading.Thread(target=self._work, args=(tool,), daemon=True).start()

    def add(self, task: Callable[[Tool], Result]) -> None:
        """Give the crew another task, from the thread that reads the results."""
        self._pending += 1
        self._tasks.put(task)

    def results(self) -> Iterator[Result]:
        """Yield the results of all tasks as they come; raise what a task raises."""
        while self._pending:
            result = self._done.get()
            self._pending -= 1
            if isinstance(result, _Failure):
                raise result.error
            yield result

    def _work(self, tool: Tool) -> None:
        while True:
            task = self._tasks.get()
            try:
                self._done.put(task(tool))
            except BaseException as error:
                self._done.put(_Failure(error))
