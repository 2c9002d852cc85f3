"""The server: two ports, their state, and what a test does with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from .access import Level, Token
from .answer import Answer
from .api import answer_api
from .builder import OwnerBuilder
from .faults import Fault, Faults
from .handler import Listener
from .hooks import Hook, Hooks, Pause
from .log import Entry, Log
from .rate import Rate
from .request import Request
from .settings import Settings
from .state import State
from .storage import answer_storage
from .web import answer_web

if TYPE_CHECKING:
    from typing_extensions import Self

#: Is called with each request and its answer.
Listening = Callable[[Entry, Answer], None]


class Ended(NamedTuple):
    """A process that has ended, and whether the server killed it."""

    killed: bool
    status: int
    output: str
    errors: str


class GitHubServer:
    """A GitHub on this machine.

    Attributes:
        state: owners, repositories, releases.
        settings: limits and habits.
        log: the requests.
        faults: the faults that are switched on.
        rate: the rate limits.
        crashes: the server's own failures; leaving ``with`` raises them.
        listeners: are called with each request and its answer.
    """

    def __init__(self, *, port: int = 0, storage_port: int = 0) -> None:
        self.settings = Settings()
        self.root = Path(tempfile.mkdtemp(prefix="github-server-"))
        (self.root / "assets").mkdir()
        self.state = State(self.root, self.settings)
        self.log, self.faults, self.hooks = Log(), Faults(), Hooks()
        self.rate = Rate(self.settings)
        self.crashes: list[str] = []
        self.listeners: list[Listening] = []
        self._listeners = (Listener(self, "api", port), Listener(self, "storage", storage_port))
        self._threads = [Thread(target=one.serve_forever, args=(0.01,)) for one in self._listeners]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hooks.clear()
        self.faults.clear()
        for listener in self._listeners:
            listener.shutdown()
            listener.end_connections()
            listener.server_close()
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self.root, ignore_errors=True)
        if self.crashes:
            failures = "\n".join(self.crashes)
            raise AssertionError(f"the server failed:\n{failures}") from error

    @property
    def url(self) -> str:
        """Its address: for people, for git and, without a prefix, for the API."""
        return f"http://127.0.0.1:{self._listeners[0].server_port}"

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return f"{self.url}/api/v3"

    @property
    def storage_url(self) -> str:
        """The address of the storage."""
        return f"http://127.0.0.1:{self._listeners[1].server_port}"

    def environment(self, token: str = "") -> dict[str, str]:
        """Return the variables with which `model-lint` asks it, with a token or without."""
        return {"GITHUB_API_URL": self.api_url, "GITHUB_SERVER_URL": "", "GH_TOKEN": token}

    def answer_api(self, request: Request) -> Answer:
        """Answer a request for the API."""
        return answer_api(self.state, self.rate, request)

    def answer_web(self, request: Request) -> Answer:
        """Answer any other request."""
        return answer_web(self.state, request)

    def answer_storage(self, request: Request) -> Answer:
        """Answer a request for a file."""
        return answer_storage(self.state, request)

    def record(self, entry: Entry, answer: Answer) -> None:
        """Tell those who listen."""
        for listener in self.listeners:
            listener(entry, answer)

    def add_owner(
        self, login: str, *, user: bool = False, date: str = "2020-01-01"
    ) -> OwnerBuilder:
        """Add an organization, or a user."""
        return OwnerBuilder.add(self.state, login, user=user, date=date)

    def add_token(
        self,
        login: str,
        permissions: Mapping[str, str] | None = None,
        *,
        kind: str = "classic",
        scopes: Sequence[str] = ("repo", "workflow"),
        value: str = "",
    ) -> str:
        """Make a token of a user, who is added if needed; return the secret.

        Args:
            login: the user.
            permissions: ``OWNER/REPO``, ``OWNER/*`` or ``*``, and read, push or admin.
            kind: classic, fine-grained or actions.
            scopes: those of a classic token.
            value: the secret; one is made up if it is empty.
        """
        if self.state.owner(login) is None:
            self.add_owner(login, user=True)
        prefix = {"classic": "ghp", "fine-grained": "github_pat", "actions": "ghs"}[kind]
        value = value or f"{prefix}_{len(self.state.tokens):036d}"
        levels = {name: Level[word.upper()] for name, word in (permissions or {}).items()}
        self.state.tokens[value] = Token(value, login, levels, kind, tuple(scopes))
        return value

    def fault(
        self,
        kind: str,
        *,
        method: str = ".*",
        path: str = "",
        port: str = "",
        nth: int = 1,
        times: int = 1,
        amount: int = 0,
        retry_after: int | None = None,
    ) -> Fault:
        """Switch a fault on."""
        fault = Fault(kind, method, path, port, nth, times, amount, retry_after)
        return self.faults.add(fault)

    def at(self, number: int, when: str, hook: Hook) -> None:
        """Call something at a request: ``before`` it, in its ``body`` or ``after`` its effect.

        The request is dropped if it returns True.
        """
        self.hooks.add(number, when, hook)

    def pause_at(self, number: int, when: str = "before") -> Pause:
        """Stop a request until the pause is released."""
        return self.hooks.pause(number, when)

    def run_killed(
        self,
        command: Sequence[str | Path],
        number: int,
        when: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Ended:
        """Run a program and kill it at one of its requests, counted from 1.

        ``before``: the request never takes effect. ``body``: half of its body was read, and the
        rest never comes; a request without a body does not count. ``after``: it has taken effect,
        and its answer is never seen.
        """
        started = Event()
        processes: list[subprocess.Popen[str]] = []

        def kill() -> bool:
            started.wait()
            processes[0].kill()
            processes[0].wait()
            return True

        self.log.clear()
        self.at(number, when, kill)
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        processes.append(process)
        started.set()
        output, errors = process.communicate()
        killed = not self.hooks.remove(number, when)
        return Ended(killed, process.returncode, output, errors)
