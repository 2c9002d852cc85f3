"""Faults that a test switches on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Event, Lock

from .answer import Answer, as_json, error

_LIMITS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
_ABUSE = (
    "You have triggered an abuse detection mechanism. "
    "Please wait a few minutes before you try again."
)
_UNICORN = (
    b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head>"
    b"<body><p><strong>We had issues producing the response to your request.</strong></p>"
    b"</body></html>\n"
)
#: Answers in place of the right one, without any effect; ``status-NNN`` gives any other status.
ANSWERS = ("500", "502", "503", "secondary-limit", "too-many", "abuse")
#: What happens at one step of an answer.
STEPS = {
    "reset": "the connection is reset before anything happens",
    "reset-upload": "the connection is reset after `amount` bytes of the request's body",
    "lost-answer": "what is asked takes effect, then the connection is reset",
    "truncate": "the connection is closed after `amount` bytes of the answer's body",
    "hold": "nothing more is sent after `amount` bytes of the body, until the fault is released",
    "stale": "the releases are read as they were before their last change",
    "starter": "an upload ends with 502 and stays an empty asset in the state `starter`",
    "wrong-digest": "the digest of the upload is not that of its bytes",
    "corrupt-upload": "the stored bytes of the upload are not those that were sent",
    "gzip": "something in between packs the answer's body",
    "no-ranges": "the storage sends the whole file instead of the range",
    "changed": "the storage sends another content of the same size",
}


@dataclass
class Fault:
    """A fault, and when it happens.

    Attributes:
        kind: one of ``ANSWERS`` or ``STEPS``, or ``status-NNN``.
        method: a pattern of methods.
        path: a pattern that is searched in the path and what follows.
        port: ``api``, ``storage`` or nothing for both.
        nth: the first of the matching requests that it concerns.
        times: how many it concerns from there on; 0 for all.
        amount: a number of bytes.
        retry_after: seconds in the header ``Retry-After``; None for no such header.
        hits: how often it happened.
    """

    kind: str
    method: str = ".*"
    path: str = ""
    port: str = ""
    nth: int = 1
    times: int = 1
    amount: int = 0
    retry_after: int | None = None
    hits: int = 0
    seen: int = 0
    reached: Event = field(default_factory=Event, repr=False)
    _released: Event = field(default_factory=Event, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in (*ANSWERS, *STEPS) and not re.fullmatch(r"status-\d{3}", self.kind):
            raise ValueError(f"no fault is called {self.kind}")

    def concerns(self, port: str, method: str, path: str) -> bool:
        """Count a request, and return whether the fault happens to it."""
        if self.port not in {"", port} or not re.fullmatch(self.method, method):
            return False
        if not re.search(self.path, path):
            return False
        self.seen += 1
        happens = self.seen >= self.nth and (not self.times or self.hits < self.times)
        self.hits += happens
        return happens

    def hold(self) -> None:
        """Say that it is reached, and wait until a test releases it."""
        self.reached.set()
        self._released.wait()

    def release(self) -> None:
        """Let what is held go on."""
        self._released.set()


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> Fault:
        """Switch one on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off, and let go what is held."""
        with self._lock:
            for fault in self._faults:
                fault.release()
            self._faults.clear()

    def of(self, port: str, method: str, path: str) -> dict[str, Fault]:
        """Return those that happen to a request, by kind."""
        with self._lock:
            return {f.kind: f for f in self._faults if f.concerns(port, method, path)}


def answer_of(faults: dict[str, Fault]) -> Answer | None:
    """Return the answer that a fault gives in place of the right one."""
    for kind, fault in faults.items():
        if kind not in STEPS:
            return _answer(kind, fault.retry_after)
    return None


def _answer(kind: str, retry_after: int | None) -> Answer:
    after = {} if retry_after is None else {"Retry-After": str(retry_after)}
    page = {"Content-Type": "text/html; charset=utf-8"}
    limits = {"Content-Type": "application/json; charset=utf-8", **after}
    if kind in {"500", "502"}:
        return as_json({"message": "Server Error"}, int(kind), after)
    if kind == "503":
        return Answer(503, _UNICORN, {**page, **after})
    if kind in {"secondary-limit", "too-many"}:
        status = 403 if kind == "secondary-limit" else 429
        return Answer(status, _said(_SECONDARY, f"{_LIMITS}#about-secondary-rate-limits"), limits)
    if kind == "abuse":
        return Answer(403, _said(_ABUSE, f"{_LIMITS}#about-secondary-rate-limits"), limits)
    status = int(kind.removeprefix("status-"))
    return error(status, "Not Found" if status == 404 else "Server Error").plus(
        **{name.replace("-", "_"): value for name, value in after.items()}
    )


def _said(message: str, link: str) -> bytes:
    return as_json({"documentation_url": link, "message": message}).body  # type: ignore[return-value]
