"""One connection: requests in, answers out, with the faults and hooks of the test."""

from __future__ import annotations

import gzip
import secrets
import socket
import struct
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from .access import secret
from .answer import Answer, Stream, as_json
from .control import answer_control
from .faults import answer_of
from .request import Body, BrokenError, Request

if TYPE_CHECKING:
    from .server import GitHubServer

#: Where the paths of the API begin, if it is not spoken to without a prefix.
_PREFIXES = ("/api/v3", "/api/uploads")
_API = ("/repos", "/repositories", "/users", "/orgs", "/user", "/rate_limit")
_HTTP = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Listener(ThreadingHTTPServer):
    """A port. It knows its connections, to end those that stay open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, server: GitHubServer, name: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.github = server
        self.name = name
        self.connections: set[socket.socket] = set()
        self.aborted: set[socket.socket] = set()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset without the usual farewell."""
        self.connections.discard(request)
        if request in self.aborted:
            self.aborted.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Remember what went wrong, unless the client went away."""
        text = traceback.format_exc()
        if not text.rstrip().endswith(_GONE):
            self.github.crashes.append(text)

    def end_connections(self) -> None:
        """End what is still open, so that its thread ends."""
        for connection in tuple(self.connections):
            with suppress(OSError):  # the other side may be faster
                connection.shutdown(socket.SHUT_RDWR)


_GONE = ("Connection reset by peer", "BrokenError pipe")


class Connection(BaseHTTPRequestHandler):
    """A connection to one of the ports."""

    protocol_version = "HTTP/1.1"
    server_version = "github.com"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = None

    def setup(self) -> None:
        """Begin."""
        self.listener = cast("Listener", self.server)
        self.listener.connections.add(self.request)
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing: the log is for tests."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/_control/") and self.listener.name == "api":
            length = int(self.headers.get("Content-Length") or 0)
            given = self.rfile.read(length)
            self._send(answer_control(self.listener.github, self.command, path, given), None)
            return
        try:
            self._answer(self._request(path, query))
        except (BrokenError, ConnectionError):
            self._abort()

    def _request(self, path: str, query: str) -> Request:
        github, port = self.listener.github, self.listener.name
        headers = {name.lower(): value for name, value in self.headers.items()}
        entry = github.log.add(port, self.command, self.path, headers)
        if "authorization" in headers:
            entry.token = secret(headers["authorization"])
        prefix = next((p for p in _PREFIXES if path.startswith(f"{p}/")), "")
        body = Body(cast("Any", self.rfile), self.headers, entry)
        request = Request(
            *(self.command, path.removeprefix(prefix), query, self.headers, body),
            *(github.url, github.storage_url, entry),
            prefix="/api/v3" if prefix else "",
        )
        request.faults = github.faults.of(port, self.command, self.path)
        if body.length:
            body.mark(body.length // 2, lambda: github.hooks.call(entry.number, "body"))
        return request

    def _answer(self, request: Request) -> None:
        github, entry = self.listener.github, request.entry
        dropped = github.hooks.call(entry.number, "before")
        if dropped or "reset" in request.faults:
            raise BrokenError
        if github.settings.latency:
            time.sleep(github.settings.latency)
        answer = answer_of(request.faults)
        if answer:
            request.body.drain()
        else:
            answer = self._right_answer(request)
        dropped = github.hooks.call(entry.number, "after")
        if dropped or "lost-answer" in request.faults:
            raise BrokenError
        github.record(entry, answer)
        self._send(answer, request)

    def _right_answer(self, request: Request) -> Answer:
        github = self.listener.github
        try:
            if self.listener.name == "storage":
                return github.answer_storage(request)
            first = "/" + request.path.split("/")[1]
            if request.prefix or first in _API:
                return github.answer_api(request)
            return github.answer_web(request)
        except (BrokenError, ConnectionError):
            raise
        except Exception:
            github.crashes.append(traceback.format_exc())
            self.close_connection = True
            return as_json({"message": "Server Error"}, 500)

    def _send(self, answer: Answer, request: Request | None) -> None:
        faults = request.faults if request else {}
        body = answer.body
        if "gzip" in faults and answer.status == 200:
            answer = answer.plus(Content_Encoding="gzip")
            body = gzip.compress(b"".join(body.pieces()) if isinstance(body, Stream) else body)
        size = len(body) if isinstance(body, bytes) else body.size
        if request:  # before the client sees it, and a test looks
            request.entry.status = answer.status
        self._head(answer, size)
        bare = self.command == "HEAD" or answer.status in {204, 304}
        pieces = [] if bare else [body] if isinstance(body, bytes) else body.pieces()
        sent = 0
        for piece in self._cut(iter(pieces), request):
            sent += len(piece)
            if request:
                request.entry.sent = sent
            self.wfile.write(piece if size is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
        if size is None and not bare and not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, answer: Answer, size: int | None) -> None:
        self.send_response(answer.status)
        self.send_header("X-GitHub-Request-Id", secrets.token_hex(8).upper())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if size is None:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status not in {204, 304}:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _cut(self, pieces: Iterator[bytes], request: Request | None) -> Iterator[bytes]:
        """Pass pieces on until a fault stops or holds them."""
        faults = request.faults if request else {}
        if not {"truncate", "hold"} & set(faults):
            yield from (piece for piece in pieces if piece)
            return
        stop = faults.get("truncate") or faults["hold"]
        left = stop.amount
        for piece in pieces:
            if piece[:left]:
                yield piece[:left]
            rest, left = piece[left:], max(left - len(piece), 0)
            if not rest:
                continue
            if stop.kind == "truncate":
                self.close_connection = True
                return
            stop.hold()
            yield rest
            yield from pieces
            return

    def _abort(self) -> None:
        """Reset the connection."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except OSError:
            return  # it is closed already
        self.listener.aborted.add(self.connection)


for _method in _HTTP:
    setattr(Connection, f"do_{_method}", Connection._serve)
