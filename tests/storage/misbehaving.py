"""A web server on loopback that sends one file, and misbehaves as the test asks."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mmap import mmap
from threading import Event, Thread
from typing import NamedTuple

PATH = "/model_seg_sc_t2-r20260101.zip"


class Asked(NamedTuple):
    """One request."""

    number: int
    path: str
    start: int
    stop: int
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """What is sent: a status, headers, and as many bytes of the body as are there."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    #: What Content-Length says; None for the length of the body.
    length: int | None = None
    #: Send the body piece by piece, each when this function returns.
    between: Callable[[], object] | None = None


#: Makes the answer of a request, from the one that a well-behaved server gives.
Behaviour = Callable[[Asked, Answer], Answer]


def well_behaved(_asked: Asked, answer: Answer) -> Answer:
    return answer


class Site:
    """A running server: its address, and what it was asked."""

    def __init__(self, data: bytes | mmap, behave: Behaviour) -> None:
        self.data = data
        self.behave = behave
        self.asked: list[Asked] = []
        self.address = ""
        #: Set when the test is over, for a server that is silent until then.
        self.over = Event()

    @property
    def url(self) -> str:
        return self.address + PATH

    def plain(self, start: int, stop: int) -> Answer:
        headers = {"ETag": '"one"', "Accept-Ranges": "bytes"}
        size = len(self.data)
        if start >= size:
            return Answer(416, {**headers, "Content-Range": f"bytes */{size}"})
        stop = min(stop, size - 1)
        headers["Content-Range"] = f"bytes {start}-{stop}/{size}"
        return Answer(206, headers, self.data[start : stop + 1])


@contextmanager
def serving(data: bytes | mmap, behave: Behaviour = well_behaved) -> Iterator[Site]:
    """Serve data on a free port."""
    site = Site(data, behave)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "bytes=0-0"))
            assert found
            start, stop = int(found[1]), int(found[2])
            asked = Asked(len(site.asked) + 1, self.path, start, stop, dict(self.headers))
            site.asked.append(asked)
            answer = site.behave(asked, site.plain(start, stop))
            self.send_response(answer.status)
            length = len(answer.body) if answer.length is None else answer.length
            for name, value in {"Content-Length": str(length), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.between:
                for at in range(len(answer.body)):
                    answer.between()
                    self.wfile.write(answer.body[at : at + 1])
            else:
                self.wfile.write(answer.body)
            if length > len(answer.body):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Threads(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: clients that give up close their connections."""

    with Threads(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.over.set()
            server.shutdown()
            thread.join()


def compressed(answer: Answer) -> Answer:
    """An answer as a proxy that compresses makes it."""
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return answer._replace(headers=headers, body=gzip.compress(answer.body))
