"""Make a seekable stream of one that can only be read forward."""

from __future__ import annotations

import io
import zlib
from collections import deque
from collections.abc import Callable
from typing import IO

from .tree import DamagedError

#: Bytes that are skipped at a time.
_BLOCK = 1 << 20


class Tail:
    """The last ``kept`` bytes of a stream."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._blocks: deque[bytes] = deque()
        self._held = 0

    def add(self, data: bytes) -> None:
        """Add the next bytes of the stream."""
        self._blocks.append(data)
        self._held += len(data)
        while self._held - len(self._blocks[0]) >= self._kept:
            self._held -= len(self._blocks.popleft())

    @property
    def bytes(self) -> bytes:
        """The last ``kept`` bytes; all if there are fewer."""
        return b"".join(self._blocks)[-self._kept :]


class RereadStream(io.RawIOBase):
    """A seekable stream of a compressed file: it reopens the file to go back, and keeps its end.

    Reading the end and then something near the start takes little more than one pass. The first
    pass to the end compares the checksum.
    """

    #: Until the file is open: a stream that could not be opened is closed too.
    _stream: IO[bytes] = io.BytesIO()

    def __init__(
        self,
        reopen: Callable[[], IO[bytes]],
        size: int,
        crc: int | None,
        kept: int,
        tail: bytes | None = None,
    ) -> None:
        """Open the file.

        Args:
            reopen: opens the file at its start.
            size: its stated bytes.
            crc: its stated checksum; None if there is none.
            kept: the bytes of its end to keep.
            tail: these bytes if they are known already; the checksum is then not compared.
        """
        super().__init__()
        self._reopen = reopen
        self._size = size
        self._crc = crc
        self._kept = kept
        self._stream = reopen()
        #: The position of ``_stream``, and the place that was asked for.
        self._read_to = 0
        self._at = 0
        self._tail = tail

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to another place; reading is delayed until bytes are asked for."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, fewer only at the end. Raises TreeError."""
        length = self._size - self._at if size < 0 else size
        start = max(0, self._size - self._kept)
        if self._at >= start:
            if self._tail is None:
                self._tail = self._read_tail()
            data = self._tail[self._at - start : self._at - start + length]
        else:
            self._go_to(self._at)
            data = self._stream.read(length)
            self._read_to += len(data)
        self._at += len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()

    def _go_to(self, place: int) -> None:
        if place < self._read_to:
            self._restart()
        while self._read_to < place:
            data = self._stream.read(min(_BLOCK, place - self._read_to))
            if not data:
                return
            self._read_to += len(data)

    def _restart(self) -> None:
        self._stream.close()
        self._stream = self._reopen()
        self._read_to = 0

    def _read_tail(self) -> bytes:
        """Read everything, and return the last bytes. Raises DamagedError."""
        if self._read_to:
            self._restart()
        tail = Tail(self._kept)
        crc = 0
        while data := self._stream.read(_BLOCK):
            crc = zlib.crc32(data, crc)
            self._read_to += len(data)
            tail.add(data)
        if self._read_to != self._size or self._crc not in {None, crc}:
            raise DamagedError("its checksum is wrong: Bad CRC-32")
        return tail.bytes
