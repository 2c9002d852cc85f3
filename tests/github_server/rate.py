"""GitHub's primary rate limit: so many requests an hour."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock

from .access import Token
from .answer import Answer, error
from .settings import Settings


@dataclass
class Window:
    """How much of a limit is used, and when it starts anew."""

    reset: int
    used: int = 0


@dataclass
class Rate:
    """The limits of all tokens, and of those who have none."""

    settings: Settings
    _windows: dict[str, Window] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def _window(self, token: Token | None) -> Window:
        key = token.value if token else ""
        now = int(time.time())
        window = self._windows.get(key)
        if window is None or window.reset <= now:
            window = self._windows[key] = Window(now + self.settings.limit_window)
        return window

    def _limit(self, token: Token | None) -> int:
        return self.settings.token_limit if token else self.settings.anonymous_limit

    def spend(self, token: Token | None) -> bool:
        """Count a request; return whether it is within the limit."""
        with self._lock:
            window = self._window(token)
            if window.used >= self._limit(token):
                return False
            window.used += 1
            return True

    def give_back(self, token: Token | None) -> None:
        """Don't count a request after all."""
        with self._lock:
            self._window(token).used -= 1

    def numbers(self, token: Token | None) -> dict[str, int]:
        """Return the limit, what is used and left, and when it starts anew."""
        with self._lock:
            window, limit = self._window(token), self._limit(token)
            left = max(limit - window.used, 0)
            return {"limit": limit, "remaining": left, "reset": window.reset, "used": window.used}

    def headers(self, token: Token | None) -> dict[str, str]:
        """Return the headers of an answer."""
        numbers = self.numbers(token)
        shown = {f"X-RateLimit-{name.title()}": str(value) for name, value in numbers.items()}
        return {**shown, "X-RateLimit-Resource": "core"}

    def clear(self) -> None:
        """Start all limits anew."""
        with self._lock:
            self._windows.clear()


def exceeded(token: Token | None, user: int) -> Answer:
    """Return the answer to a request beyond the limit."""
    if token:
        return error(403, f"API rate limit exceeded for user ID {user}.")
    return error(
        403,
        "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests "
        "get a higher rate limit. Check out the documentation for more details.)",
    )
