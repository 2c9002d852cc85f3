"""A file on a server as ranges: few requests, each for what is needed and what will be near it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import attrgetter
from threading import Lock
from typing import NamedTuple

from ..errors import UsageError
from .http import CHANGED, Server
from .limits import MAX_REQUESTS

#: Bytes of the first request, which also shows the size of the file, and of the end that is asked
#: for next: the directory of a zip with a hundred files.
_FIRST = 1 << 14
#: Bytes that are asked for at least.
_LEAST = 1 << 13
#: Bytes that nobody asked for but that are taken along: another request costs more time.
_GAP = 1 << 16
#: Bytes of a request at most, unless one read needs more, and bytes that are kept.
_LONGEST, _KEPT = 1 << 22, 1 << 25


class _Kind:
    """Parts that are alike: as much as was read from one of them is expected of the others."""

    def __init__(self, length: int) -> None:
        self.length = length


class _Expected(NamedTuple):
    """A part that will be read."""

    start: int
    kind: _Kind

    @property
    def end(self) -> int:
        return self.start + self.kind.length


class _Span:
    """Bytes that were read."""

    def __init__(
        self, start: int, data: bytes, last: _Expected | None = None, streak: int = 0
    ) -> None:
        self.start = start
        self.data = data
        self.end = start + len(data)
        #: The last of the expected parts in it: a read that goes on after the end shows its length.
        self.last = last
        #: How many spans before it were read in sequence.
        self.streak = streak


class HttpRanges:
    """A file on a server. A read that fails ends the run: nothing is judged from half a file."""

    def __init__(self, server: Server, *, whole: bool = False) -> None:
        """Ask for the beginning of the file. Raises UsageError.

        Args:
            server: asks for its parts.
            whole: whether all of it is read, in as many requests as that takes.
        """
        self._server = server
        self._lock = Lock()
        first = server.part(0, _FIRST)
        self.size = first.size
        self.bytes_read = len(first.data)
        self._version = first.version
        #: The last used stands last.
        self._spans = [_Span(first.start, first.data)]
        #: In order, without those in a span.
        self._expected: list[_Expected] = []
        self._limited = not whole
        #: Called with the number of bytes of each answer.
        self.watch: Callable[[int], object] | None = None
        self.expect([(max(0, self.size - _FIRST), _FIRST)])

    @property
    def requests(self) -> int:
        """The number of requests so far, redirects included."""
        return self._server.requests

    def expect(self, parts: Iterable[tuple[int, int]], *, alike: bool = False) -> None:
        """Say which parts will be read, each as a place and a length.

        The request for another part takes those along that are near it. If parts are ``alike``, and
        more is read from one of them, more is expected of the others too.
        """
        shared = _Kind(0)
        for start, length in parts:
            if not 0 <= start < self.size:
                continue
            shared.length = max(shared.length, length)
            part = _Expected(start, shared if alike else _Kind(length))
            span = self._find(start)
            if span is None:
                self._expected.append(part)
            elif span.last is None or span.last.start <= start:
                span.last = part
        self._expected.sort(key=attrgetter("start"))

    def read(self, at: int, length: int, until: int | None = None) -> bytes:
        """Return ``length`` bytes from a place on, fewer only at the end of the file.

        Args:
            at: the place.
            length: the number of bytes.
            until: where the part ends that is read in sequence, if it is known: it is read ahead.

        Raises:
            UsageError: the server does not send them.
        """
        end = min(at + length, self.size)
        pieces = []
        while at < end:
            span = self._find(at) or self._fetch(at, end, until)
            pieces.append(span.data[at - span.start : end - span.start])
            at += len(pieces[-1])
        return b"".join(pieces)

    def _find(self, at: int) -> _Span | None:
        with self._lock:
            for index in range(len(self._spans) - 1, -1, -1):
                span = self._spans[index]
                if span.start <= at < span.end:
                    self._spans.append(self._spans.pop(index))
                    return span
        return None

    def _fetch(self, at: int, end: int, until: int | None) -> _Span:
        with self._lock:
            before = next((span for span in self._spans if span.end == at), None)
            if before:
                end = _further(before, end, until)
            start, end, last = self._with_expected(at, end + _LEAST)
        if self._limited and self._server.requests >= MAX_REQUESTS:
            raise UsageError(f"its parts take more than {MAX_REQUESTS} requests; download it")
        part = self._server.part(start, min(end, self.size) - start, self._version)
        if part.size != self.size:
            raise UsageError(CHANGED)
        if before is None:
            span = _Span(part.start, part.data, last)
        else:
            span = _Span(part.start, part.data, last or before.last, before.streak + 1)
        with self._lock:
            self.bytes_read += len(part.data)
            if self.watch:
                self.watch(len(part.data))
            self._spans.append(span)
            kept = sum(len(old.data) for old in self._spans)
            while kept > _KEPT and len(self._spans) > 1:
                kept -= len(self._spans.pop(0).data)
        return span

    def _with_expected(self, start: int, end: int) -> tuple[int, int, _Expected | None]:
        """Widen a part by what is expected near it, and return the last of that too."""
        expected = self._expected
        first = after = bisect_left(expected, start, key=attrgetter("start"))
        while after < len(expected) and expected[after].start <= end + _GAP:
            if expected[after].end - start > _LONGEST:
                break
            end = max(end, expected[after].end)
            after += 1
        while first and expected[first - 1].end >= start - _GAP:
            if end - expected[first - 1].start > _LONGEST:
                break
            first -= 1
            start = min(start, expected[first].start)
        taken = expected[first:after]
        del expected[first:after]
        return start, end, taken[-1] if taken else None


def _further(before: _Span, end: int, until: int | None) -> int:
    """Return where to read to if a read goes on where an earlier one ended."""
    if before.last:
        kind = before.last.kind
        kind.length = max(kind.length, end + _LEAST - before.last.start)
    ahead = before.end + min(_LEAST << before.streak, _LONGEST)
    return max(end, min(ahead, until or end))
