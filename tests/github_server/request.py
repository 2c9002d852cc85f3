"""A request as it comes in, and its body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl

from .answer import RefusedError, error
from .faults import Fault
from .log import Entry

PIECE = 1 << 16


class BrokenError(Exception):
    """The connection ends here, without an answer."""


class Body:
    """The body of a request, read in pieces."""

    def __init__(self, source: BufferedIOBase, headers: Message, entry: Entry) -> None:
        self._source = source
        self._entry = entry
        self.chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
        length = headers.get("Content-Length")
        self.length = int(length) if length and length.isdigit() else None
        self._left = 0 if self.chunked else self.length or 0
        self._ended = False
        self._marks: list[tuple[int, Callable[[], bool]]] = []

    def mark(self, at: int, call: Callable[[], bool]) -> None:
        """Call something when so many bytes were read; if it returns True, the rest never comes."""
        self._marks.append((at, call))

    def pieces(self) -> Iterator[bytes]:
        """Read what is left. Raises BrokenError where the sender stops too early."""
        if self.chunked:
            yield from self._chunks()
            return
        while self._left:
            self._pass_marks()
            piece = self._read(min(self._left, PIECE, self._until_mark()))
            self._left -= len(piece)
            yield piece
        self._pass_marks()

    def read(self) -> bytes:
        """Return what is left."""
        return b"".join(self.pieces())

    def drain(self) -> None:
        """Read what is left and forget it, so that the sender gets to read the answer."""
        for _ in self.pieces():
            pass

    def _read(self, length: int) -> bytes:
        piece = self._source.read(length)
        self._entry.received += len(piece)
        if len(piece) < length:
            raise BrokenError
        return piece

    def _chunks(self) -> Iterator[bytes]:
        while not self._ended:
            size = int(self._source.readline().split(b";")[0] or b"0", 16)
            self._ended = not size
            if size:
                yield self._read(size)
            self._source.readline()

    def _until_mark(self) -> int:
        ahead = [at - self._entry.received for at, _ in self._marks]
        return min([PIECE, *(distance for distance in ahead if distance > 0)])

    def _pass_marks(self) -> None:
        for mark in [mark for mark in self._marks if mark[0] <= self._entry.received]:
            self._marks.remove(mark)
            if mark[1]():
                raise BrokenError


@dataclass
class Request:
    """A request.

    Attributes:
        method: its method.
        path: its path, as it was sent.
        query: its parameters.
        headers: its headers.
        body: its body.
        web: the address of the server's first port.
        storage: that of the storage.
        entry: its entry in the log.
        faults: the faults that concern it, by kind.
        prefix: what precedes the paths of the API.
    """

    method: str
    path: str
    query_text: str
    headers: Message
    body: Body
    web: str
    storage: str
    entry: Entry
    faults: dict[str, Fault] = field(default_factory=dict)
    prefix: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters behind the path."""
        return dict(parse_qsl(self.query_text, keep_blank_values=True))

    @property
    def api(self) -> str:
        """The address of the API, as the client knows it."""
        return self.web + self.prefix

    @property
    def uploads(self) -> str:
        """The address that takes uploads."""
        return f"{self.web}/api/uploads"

    @property
    def accept(self) -> str:
        """What it wants to get."""
        return str(self.headers.get("Accept", "*/*"))

    def json(self) -> dict[str, Any]:
        """Return the body's object. Raises RefusedError."""
        text = self.body.read()
        try:
            value = json.loads(text or b"{}")
        except ValueError as problem:
            raise RefusedError(error(400, "Problems parsing JSON")) from problem
        if not isinstance(value, dict):
            raise RefusedError(error(400, "Body should be a JSON object"))
        return value
