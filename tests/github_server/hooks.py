"""What a test does at one certain request: stop it, or kill its client."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

#: When a hook is called: before the request takes effect, in the middle of its body, or after its
#: effect and before its answer.
WHEN = ("before", "body", "after")


class Pause:
    """A request that stands still until a test releases it."""

    def __init__(self) -> None:
        self._reached = Event()
        self._released = Event()

    def __call__(self) -> None:
        self._reached.set()
        self._released.wait()

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until the request is there; return whether it came."""
        return self._reached.wait(timeout)

    def release(self) -> None:
        """Let the request go on."""
        self._released.set()


class Hooks:
    """What is called at which request."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[int, str], Callable[[], None]] = {}
        self._pauses: list[Pause] = []
        self._lock = Lock()

    def add(self, number: int, when: str, call: Callable[[], None]) -> None:
        """Call something at a request. Its thread waits for the end of the call."""
        if when not in WHEN:
            raise ValueError(f"a hook is called {', '.join(WHEN)}; not {when}")
        with self._lock:
            self._hooks[number, when] = call

    def pause(self, number: int, when: str) -> Pause:
        """Stop a request."""
        pause = Pause()
        self._pauses.append(pause)
        self.add(number, when, pause)
        return pause

    def clear(self) -> None:
        """Forget all, and let go what stands still."""
        with self._lock:
            self._hooks.clear()
            for pause in self._pauses:
                pause.release()
            self._pauses.clear()

    def get(self, number: int, when: str) -> Callable[[], None] | None:
        """Return what is to be called, once."""
        with self._lock:
            return self._hooks.pop((number, when), None)
