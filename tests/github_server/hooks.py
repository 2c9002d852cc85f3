"""What a test does at one certain request: stop it, or kill its client."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

#: When a hook is called: before the request takes effect, in the middle of its body, or after its
#: effect and before its answer.
WHEN = ("before", "body", "after")


#: What is called. If it returns True, the request is dropped: before, it never came; in its body,
#: the rest never comes; after, its answer is lost.
Hook = Callable[[], bool]


class Pause:
    """A request that stands still until a test releases it."""

    def __init__(self) -> None:
        self._reached = Event()
        self._released = Event()
        self._drop = False

    def __call__(self) -> bool:
        self._reached.set()
        self._released.wait()
        return self._drop

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until the request is there; return whether it came."""
        return self._reached.wait(timeout)

    def release(self, *, drop: bool = False) -> None:
        """Let the request go on, or drop it."""
        self._drop = drop
        self._released.set()


class Hooks:
    """What is called at which request."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[int, str], Hook] = {}
        self._pauses: dict[tuple[int, str], Pause] = {}
        self._lock = Lock()

    def add(self, number: int, when: str, hook: Hook) -> None:
        """Call something at a request. The request waits for the end of the call."""
        if when not in WHEN:
            raise ValueError(f"a hook is called {', '.join(WHEN)}; not {when}")
        with self._lock:
            self._hooks[number, when] = hook

    def remove(self, number: int, when: str) -> bool:
        """Forget one; return whether it was still to come."""
        with self._lock:
            return self._hooks.pop((number, when), None) is not None

    def pause(self, number: int, when: str) -> Pause:
        """Stop a request."""
        pause = self._pauses[number, when] = Pause()
        self.add(number, when, pause)
        return pause

    def paused(self, number: int, when: str) -> Pause:
        """Return the pause at a request. Raises KeyError."""
        return self._pauses[number, when]

    def clear(self) -> None:
        """Forget all, and let go what stands still."""
        with self._lock:
            self._hooks.clear()
            for pause in self._pauses.values():
                pause.release()
            self._pauses.clear()

    def call(self, number: int, when: str) -> bool:
        """Call what is to be called, once; return whether the request is dropped."""
        with self._lock:
            hook = self._hooks.pop((number, when), None)
        return hook is not None and hook()
