"""Routes: which function answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from .access import Level, Token
from .answer import Answer, not_found
from .request import Request
from .state import Owner, Repository, State

#: Segments of a path: a name, a number, or all that is left.
_KINDS = {"": r"[^/]+", "int": r"\d+", "path": r".+"}


class Call(NamedTuple):
    """What a route is given."""

    state: State
    request: Request
    token: Token | None
    found: Repository | None
    words: dict[str, str]

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        assert self.found
        return self.found

    @property
    def repository_url(self) -> str:
        """The address of the repository in the API."""
        return f"{self.request.api}/repos/{self.repository.full_name}"

    @property
    def web_url(self) -> str:
        """The address of the repository for people."""
        return f"{self.request.web}/{self.repository.full_name}"

    @property
    def user(self) -> Owner:
        """Whose token it is."""
        assert self.token
        owner = self.state.owner(self.token.login)
        assert owner
        return owner

    def number(self, name: str) -> int:
        """Return a number in the path."""
        return int(self.words[name])


Handler = Callable[[Call], Answer]


class Route(NamedTuple):
    """A route. ``needs`` is the level that the repository in its path is needed at."""

    method: str
    path: str
    needs: Level
    pattern: re.Pattern[str]
    answer: Handler

    @property
    def name(self) -> str:
        """Its method and path."""
        return f"{self.method} {self.path}"


ROUTES: list[Route] = []


def route(method: str, path: str, needs: Level = Level.READ) -> Callable[[Handler], Handler]:
    """Register a function as the answer to a method and a path."""

    def pattern(found: re.Match[str]) -> str:
        name, _, kind = found[1].partition(":")
        return f"(?P<{name}>{_KINDS[kind]})"

    compiled = re.compile(re.sub(r"\{(.+?)\}", pattern, path))

    def register(answer: Handler) -> Handler:
        shown = re.sub(r":\w+\}", "}", path)
        ROUTES.append(Route(method, shown, needs, compiled, answer))
        return answer

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request, and the words in its path. Raises RefusedError."""
    method = "GET" if method == "HEAD" else method
    matches = [(r, m) for r in ROUTES if r.method == method and (m := r.pattern.fullmatch(path))]
    if not matches:
        raise not_found()
    one, found = max(matches, key=lambda match: len(re.sub(r"\{.*?\}", "", match[0].path)))
    return one, {name: unquote(word) for name, word in found.groupdict().items()}
