"""Parts of a file on a server, by HTTP: with retries, deadlines, and one line for each failure."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from .. import __version__
from ..errors import NotThere, UsageError
from ..wording import size as shown_size
from ..wording import without_password
from .limits import MAX_WHOLE_ANSWER

#: Seconds until a connection is made, and between two pieces of an answer.
_TIMEOUT = (10, 30)
#: Seconds that an answer may take, plus one for each of these bytes.
_PATIENCE, _SLOWEST = 60, 20_000
#: Requests for one part at most, and seconds to wait after each that fails. A server may ask for
#: more, up to the limit.
_ATTEMPTS, _FIRST_WAIT, _LONGEST_WAIT = 5, 1.0, 60.0
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_BLOCK = 1 << 16
#: How this program names itself to servers.
USER_AGENT = f"model-lint/{__version__}"
CHANGED = "the file changed while it was read; run again"

_REFUSED = {
    401: "the server asks for a login",
    403: "the server refuses access",
    404: "there is no such file on the server",
    410: "the file was removed from the server",
}


class Part(NamedTuple):
    """A part of a file, and what the answer says about the file."""

    #: Where it begins.
    start: int
    data: bytes
    #: Bytes of the file.
    size: int
    #: The state of the file: its ETag, or when it was changed; "" if the server does not say.
    version: str


class _TemporaryError(Exception):
    """A failure after which the same request may succeed."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Server:
    """Asks a server for parts of one file."""

    def __init__(
        self,
        url: str,
        *,
        auth: AuthBase | None = None,
        headers: dict[str, str] | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._given = self._url = url
        self._session = requests.Session()
        self._session.headers.update(
            {"Accept-Encoding": "identity", "User-Agent": USER_AGENT} | (headers or {})
        )
        self._auth = auth
        self._wait = wait
        self.requests = 0
        #: The address that the server says is the file's from now on; "" if it says none.
        self.moved_to = ""

    def part(self, start: int, length: int, version: str = "") -> Part:
        """Return a part, shorter only at the end of the file; the whole file if it is small.

        Args:
            start: where it begins.
            length: its bytes.
            version: the version of the file that is meant; "" for any.

        Raises:
            UsageError: the server does not send it, or has another version by now.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._try(start, length, version)
            except _TemporaryError as error:  # noqa: PERF203 - waiting takes longer
                wait = _FIRST_WAIT * 2 ** (attempt - 1) if error.wait is None else error.wait
                self._wait(min(wait, _LONGEST_WAIT))
        try:
            return self._try(start, length, version)
        except _TemporaryError as error:
            raise UsageError(f"{error}, {_ATTEMPTS} times; try again later") from error

    def _try(self, start: int, length: int, version: str) -> Part:
        """Ask once. Raises UsageError, and _TemporaryError if it is worth another try."""
        try:
            return self._ask(start, length, version)
        except requests.Timeout as error:
            raise _TemporaryError("the server does not answer") from error
        except requests.TooManyRedirects as error:
            raise UsageError("the server redirects in circles") from error
        except requests.exceptions.SSLError as error:
            raise UsageError(f"no secure connection: {cause(error)}") from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise UsageError(f"not an address of the web: {cause(error)}") from error
        except requests.RequestException as error:
            raise _TemporaryError(f"the connection fails ({cause(error)})") from error

    def _ask(self, start: int, length: int, version: str) -> Part:
        self.requests += 1
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        if version.startswith('"'):  # a weak ETag can't be sent back
            headers["If-Range"] = version
        # A token is for the address that was given. Where that redirects to another host, requests
        # removes it.
        auth = self._auth if self._url == self._given else None
        with self._session.get(
            self._url, headers=headers, auth=auth, stream=True, timeout=_TIMEOUT
        ) as answer:
            self.requests += len(answer.history)
            self._note_move(answer)
            self._refuse(answer)
            begin, size = _place(answer, start)
            found = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            if version and found != version:
                raise UsageError(CHANGED)
            expected = min(length, size - start) if answer.status_code == 206 else size
            data = _body(answer, max(0, expected))
        # The storage that a redirect leads to answers the next request by itself.
        self._url = answer.url
        return Part(begin, data, size, found)

    def _note_move(self, answer: requests.Response) -> None:
        for redirect in answer.history:
            if redirect.status_code in {301, 308}:
                self.moved_to = urljoin(redirect.url, redirect.headers.get("Location", ""))

    def _refuse(self, answer: requests.Response) -> None:
        """Raise if an answer is neither a part nor a whole file."""
        status = answer.status_code
        if status in {200, 206} or (status == 416 and _total(answer) is not None):
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise UsageError("something in between compresses the file; download it")
            return
        if self._url != self._given and status in {401, 403, 404, 410}:
            self._url = self._given  # the address of a redirect expires
            raise _TemporaryError(f"the storage answers {status}", 0.0)
        if status in _TEMPORARY:
            after = answer.headers.get("Retry-After", "")
            raise _TemporaryError(
                f"the server answers {status} {answer.reason}",
                float(after) if after.isdecimal() else None,
            )
        reason = _REFUSED.get(status, "the server does not send the file")
        kind = NotThere if status == 404 else UsageError
        raise kind(f"{reason} ({status} {answer.reason})")


def _place(answer: requests.Response, start: int) -> tuple[int, int]:
    """Return where an answer begins in the file, and the bytes of the file. Raises UsageError."""
    total = _total(answer)
    if answer.status_code == 416:
        if total and start < total:
            raise UsageError("the server refuses a part that the file has")
        return start, total or 0
    if answer.status_code == 206:
        stated = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
        if total is None or not stated or int(stated[1]) != start:
            raise UsageError("the server sends another part than it was asked for")
        return start, total
    length = answer.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > MAX_WHOLE_ANSWER:
        much = f" of {shown_size(int(length))}" if length.isdecimal() else ""
        raise UsageError(f"the server sends only the whole file{much}, no parts of it; download it")
    return 0, int(length)


def _total(answer: requests.Response) -> int | None:
    stated = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", answer.headers.get("Content-Range", ""))
    return int(stated[1]) if stated else None


def _body(answer: requests.Response, expected: int) -> bytes:
    """Return the bytes of an answer. Raises _TemporaryError if it is cut off, or too slow."""
    if answer.status_code == 416:
        return b""
    deadline = time.monotonic() + _PATIENCE + expected / _SLOWEST
    parts = []
    left = expected
    try:
        while left > 0 and (data := answer.raw.read1(min(left, _BLOCK))):
            parts.append(data)
            left -= len(data)
            if time.monotonic() > deadline:
                raise _TemporaryError("its answer comes too slowly")
    except (OSError, HTTPError) as error:
        raise _TemporaryError("the connection broke in the middle of an answer") from error
    if left:
        raise _TemporaryError("its answer ends too early")
    return b"".join(parts)


def cause(error: requests.RequestException) -> str:
    """Return the innermost cause of an error of requests, without the objects that it names.

    It has no address with a password, or with the key that the address of an archive contains.
    """
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    inner: object = error
    while isinstance(inner, Exception):
        deeper = getattr(inner, "reason", None) or next(iter(inner.args), None)
        if not isinstance(deeper, Exception | str):
            break
        inner = deeper
    text = re.sub(r"^.*>, |<[^>]*>:? ?|^HTTPS?Connection\([^)]*\): ", "", str(inner))
    return without_password(text.strip("'\"()"))
