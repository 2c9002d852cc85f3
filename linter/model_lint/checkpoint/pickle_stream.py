"""The bytes of a pickle, read only forward: arguments of opcodes, frames, limits."""

from __future__ import annotations

import struct
from collections.abc import Callable

from .limits import MAX_STRING, Limits

#: Bytes that are asked for at a time.
CHUNK = 64 * 1024
#: Bytes of the longest opcode with its argument of fixed length.
LONGEST_FIXED = 9

#: About the bytes of memory that an object takes in addition to its own: what refers to it, and
#: what is left empty between two.
REFERENCE = 24

U32 = struct.Struct("<I").unpack_from


class RefusedError(Exception):
    """Ends the scan."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def malformed(message: str) -> RefusedError:
    """Return the error for bytes that are not a pickle, or a pickle above the limits."""
    return RefusedError("K004", message)


class PickleStream:
    """A pickle as far as it was read, and the place in it."""

    def __init__(self, read: Callable[[int], bytes], limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self._ended = False
        self.buffer = b""
        #: Position in the buffer, and the offset of the buffer in the pickle.
        self.pos = 0
        self.base = 0
        #: Bytes of memory that all values took so far, about.
        self.memory = 0
        #: Position of the current opcode in the buffer.
        self.at = 0
        #: For an opcode up to this position, the buffer has its fixed argument, and no frame ends.
        self._safe = -1
        #: Offset in the pickle at which the current frame ends; 0 outside of frames.
        self._frame_end = 0

    def _next_opcode(self) -> None:
        """Make sure that the next opcode and its fixed argument, or the end, is in the buffer."""
        self._leave_frame()
        if self.pos > self._safe:
            self._fill(LONGEST_FIXED)

    def _leave_frame(self) -> None:
        """End the frame if it ends at this opcode.

        Python's two unpicklers read an opcode that goes beyond the end differently: the one in C
        skips the rest of the frame.
        """
        here = self.base + self.pos
        if self._frame_end and here >= self._frame_end:
            if here > self._frame_end:
                raise malformed("an opcode goes beyond the end of its frame")
            self._frame_end = 0
            self._set_safe()

    def _fill(self, need: int) -> None:
        """Read until the buffer has ``need`` bytes, or the stream ends."""
        parts = [self.buffer[self.pos :]]
        have = len(parts[0])
        while have < need and not self._ended:
            part = self._read(CHUNK)
            self._ended = not part
            parts.append(part)
            have += len(part)
            if self.base + self.pos + have > self._limits.pickle:
                raise malformed(f"larger than {self._limits.pickle} bytes")
        self._check_memory()
        self.base += self.pos
        self.at -= self.pos
        self.buffer = b"".join(parts)
        self.pos = 0
        self._set_safe()

    def _check_memory(self) -> None:
        if self.memory > self._limits.memory:
            raise malformed(f"its values take more than {self._limits.memory} bytes of memory")

    def _set_safe(self) -> None:
        self._safe = len(self.buffer) - (0 if self._ended else LONGEST_FIXED)
        if self._frame_end:
            self._safe = min(self._safe, self._frame_end - self.base - 1)

    def _take(self, length: int) -> bytes:
        """Return the next bytes; the length is what the file claims."""
        if length > MAX_STRING:
            raise malformed(f"a string of {length} bytes")
        if self.pos + length > len(self.buffer):
            self._fill(length)
            if length > len(self.buffer):
                raise malformed("ends in the middle of a string")
        data = self.buffer[self.pos : self.pos + length]
        self.pos += length
        return data

    def _number(self, size: int) -> int:
        """Return an unsigned little-endian argument."""
        number = int.from_bytes(self.buffer[self.pos : self.pos + size], "little")
        self.pos += size
        if self.pos > len(self.buffer):
            raise malformed("ends before STOP")
        return number

    def _byte(self) -> int:
        number = self.buffer[self.pos]
        self.pos += 1
        return number

    def _line(self) -> str:
        """Return a text argument up to its newline."""
        end = self.buffer.find(b"\n", self.pos)
        while end < 0 and not self._ended and len(self.buffer) - self.pos < CHUNK:
            self._fill(len(self.buffer) - self.pos + 1)
            end = self.buffer.find(b"\n", self.pos)
        if not 0 <= end - self.pos < CHUNK:
            raise malformed("a name without an end")
        line = self._text(self._take(end - self.pos))
        self.pos += 1
        return line

    @staticmethod
    def _text(data: bytes) -> str:
        try:
            return str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise malformed("a text that is not UTF-8") from None

    def _enter_frame(self, length: int) -> None:
        if self._frame_end:
            raise malformed("a frame inside a frame")
        self._frame_end = self.base + self.pos + length
        self._set_safe()
