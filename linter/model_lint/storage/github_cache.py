"""GitHub's answers, kept on disk: asked for again, an answer that did not change is not counted.

An own adapter, because CacheControl writes the user's token into its files and answers for a minute
without asking, and requests-cache is a session of its own, where PyGithub makes one itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests
from github import Github
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
)
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from .github import Hub
from .kept_files import KeptFiles

#: GitHub's secondary limit is 900 requests in a minute; a few are left for others.
_PER_WINDOW, _WINDOW = 840, 60.0
#: Headers of an answer that are kept with it.
_KEPT_HEADERS = ("Content-Type", "ETag", "Link")
#: Bytes of an answer that is kept: a page of a hundred releases has less than one million.
_LARGEST = 16 * 1000 * 1000


class _Answer(NamedTuple):
    """An answer as it was kept."""

    headers: dict[str, str]
    body: bytes


class Traffic:
    """Counts requests to the API, and slows them down to what GitHub allows."""

    def __init__(
        self,
        per_window: int = _PER_WINDOW,
        *,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._per_window = per_window
        self._now, self._wait = now, wait
        self._lock = threading.Lock()
        self._times: deque[float] = deque()
        #: Requests, and those that GitHub counts.
        self.requests = 0
        self.counted = 0
        #: How many GitHub still answers until the limit starts anew; None if it has not said so.
        self.left: int | None = None

    def enter(self) -> None:
        """Wait until another request is allowed."""
        with self._lock:
            now = self._now()
            # The oldest of the last requests must be a window ago.
            if len(self._times) == self._per_window:
                at = max(now, self._times.popleft() + _WINDOW)
            else:
                at = now
            self._times.append(at)
            self.requests += 1
        if at > now:
            self._wait(at - now)

    def leave(self, status: int, headers: Mapping[str, str]) -> None:
        """Note an answer."""
        left = headers.get("X-RateLimit-Remaining", "")
        with self._lock:
            self.counted += status != 304
            if left.isdecimal():
                self.left = int(left)


class Keeping(NamedTuple):
    """What is done with every request: it is counted, and its answer is kept."""

    traffic: Traffic
    #: None if no answer is kept.
    files: KeptFiles | None

    def twin(self, hub: Hub) -> Hub:
        """Return the same GitHub for another thread, with all requests treated so."""
        keeping = self

        class Plain(_Plain):
            adapter_of = keeping.adapter

        class Secure(_Secure):
            adapter_of = keeping.adapter

        # PyGithub takes no session and no adapter, but the classes of its connections.
        Requester.injectConnectionClasses(Plain, Secure)
        try:
            return hub._replace(api=Github(**hub.api.requester.kwargs))
        finally:
            Requester.resetConnectionClasses()

    def adapter(self, retry: Any) -> HTTPAdapter:
        """Return what sends the requests of one session."""
        return _Adapter(self, retry)


class _Adapter(HTTPAdapter):
    """Sends requests; asks for what is kept only whether it changed."""

    def __init__(self, keeping: Keeping, retry: Any) -> None:
        super().__init__(max_retries=retry)
        self._keeping = keeping

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **more: Any
    ) -> requests.Response:
        files = self._keeping.files if request.method == "GET" else None
        key = _key(request)
        kept = _read(files, key) if files else None
        if kept:
            request.headers["If-None-Match"] = kept.headers["ETag"]
        self._keeping.traffic.enter()
        answer = super().send(request, **more)
        self._keeping.traffic.leave(answer.status_code, answer.headers)
        if answer.status_code == 304 and kept:
            return self._again(request, answer, kept)
        if files and answer.status_code == 200 and answer.headers.get("ETag"):
            _write(files, key, answer)
        return answer

    def _again(
        self, request: requests.PreparedRequest, answer: requests.Response, kept: _Answer
    ) -> requests.Response:
        """Return a kept answer, with what the new one says of limits."""
        _ = answer.content  # the connection is free for the next request
        raw = HTTPResponse(
            body=io.BytesIO(kept.body),
            headers={**answer.headers, **kept.headers},
            status=200,
            reason="OK",
            preload_content=False,
        )
        return self.build_response(request, raw)


class _Plain(HTTPRequestsConnectionClass):
    adapter_of: Callable[[Any], HTTPAdapter]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.session.mount("http://", type(self).adapter_of(self.retry))


class _Secure(HTTPSRequestsConnectionClass):
    adapter_of: Callable[[Any], HTTPAdapter]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.session.mount("https://", type(self).adapter_of(self.retry))


def _key(request: requests.PreparedRequest) -> str:
    """Return what an answer depends on, as a digest: nobody reads a token in it."""
    headers = [request.headers.get(name, "") for name in ("Accept", "Authorization")]
    return hashlib.sha256("\n".join([str(request.url), *map(str, headers)]).encode()).hexdigest()


def _read(files: KeptFiles, key: str) -> _Answer | None:
    data = files.read(key)
    try:
        head, _, body = (data or b"").partition(b"\n")
        headers = json.loads(head)
        return _Answer({name: str(headers[name]) for name in headers}, body)
    except (ValueError, TypeError):
        return None


def _write(files: KeptFiles, key: str, answer: requests.Response) -> None:
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    if len(answer.content) <= _LARGEST:
        files.write(key, json.dumps(headers).encode() + b"\n" + answer.content)
