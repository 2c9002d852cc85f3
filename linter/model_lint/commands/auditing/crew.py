"""Threads that do tasks; more tasks may be added while they work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

Tool = TypeVar("Tool")
Result = TypeVar("Result")


class _Failure(NamedTuple):
    error: BaseException


class Crew(Generic[Tool, Result]):
    """Threads that each have a tool of their own."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tasks: SimpleQueue[Callable[[Tool], Result] | None] = SimpleQueue()
        self._done: SimpleQueue[Result | _Failure] = SimpleQueue()
        self._pending = 0
        self._size = len(tools)
        self._is_over = False
        for tool in tools:
            # A daemon: a program that is stopped does not wait for a server.
            threading.Thread(target=self._work, args=(tool,), daemon=True).start()

    def add(self, task: Callable[[Tool], Result]) -> None:
        """Give the crew another task, from the thread that reads the results."""
        self._pending += 1
        self._tasks.put(task)

    def results(self) -> Iterator[Result]:
        """Yield the results of all tasks as they come; raise what a task raises."""
        try:
            while self._pending:
                result = self._done.get()
                self._pending -= 1
                if isinstance(result, _Failure):
                    raise result.error
                yield result
        finally:
            self._is_over = True
            for _ in range(self._size):
                self._tasks.put(None)

    def _work(self, tool: Tool) -> None:
        while (task := self._tasks.get()) and not self._is_over:
            self._done.put(self._result(task, tool))

    def _result(self, task: Callable[[Tool], Result], tool: Tool) -> Result | _Failure:
        try:
            return task(tool)
        except BaseException as error:
            return _Failure(error)
