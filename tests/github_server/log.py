"""What was asked, in the order in which it came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Entry:
    """A request.

    Attributes:
        number: which it was since the log was cleared, from 1 on.
        port: ``api`` or ``storage``.
        method: its method.
        path: its path and what follows.
        headers: its headers, with names in lower case.
        token: the secret that came along, or None.
        route: the route that answered, as ``GET /repos/{owner}/{repo}``.
        status: the answer's; 0 if there was none.
        received: bytes of its body that were read.
        sent: bytes of the answer's body that were sent.
    """

    number: int
    port: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    route: str = ""
    status: int = 0
    received: int = 0
    sent: int = 0

    def __str__(self) -> str:
        return f"{self.number} {self.port} {self.method} {self.path} {self.status}"


class Log:
    """All requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = Lock()

    def add(self, port: str, method: str, path: str, headers: dict[str, str]) -> Entry:
        """Begin an entry."""
        with self._lock:
            entry = Entry(len(self._entries) + 1, port, method, path, headers)
            self._entries.append(entry)
            return entry

    def clear(self) -> None:
        """Forget all; the next request is number 1."""
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]
