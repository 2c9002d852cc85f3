"""One entry of a zip, and the only reader of its bytes: it unpacks as Python's ``zipfile`` does."""

from __future__ import annotations

import io
import stat
import struct
import sys
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from .limits import MAX_DICTIONARY_BYTES
from .ranges import Ranges, RangeStream
from .tree import DamagedError
from .zip_format import (
    BZIP2,
    DEFLATED,
    ENCRYPTED,
    LOCAL_SIZE,
    LZMA,
    PATCHED,
    STORED,
    STRONG,
    UTF_8,
    FormatError,
    LocalHeader,
    local_length,
    parse_local,
)

if TYPE_CHECKING:
    import lzma

    from typing_extensions import Buffer

#: The methods that ``zipfile`` unpacks in every Python that SCT and nnU-Net run on. Python 3.14
#: adds Zstandard (93); none has Deflate64 (9).
READABLE_METHODS = frozenset({STORED, DEFLATED, BZIP2, LZMA})
_SPECIAL = frozenset({stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK})
_LONGER = "it unpacks to more than stated"
#: LZMA's version, the bytes of its settings, how literals are coded, and its dictionary's size.
_LZMA_HEAD = struct.Struct("<HHBL")
#: Packed bytes that are read at a time.
_BLOCK = 1 << 17


class Member(NamedTuple):
    """One entry of a zip's central directory, as written there."""

    #: The name as stored, before it is cleaned.
    raw_name: str
    #: Where the consumers' ``zipfile`` puts it: without a drive and empty, ``.`` or ``..`` parts.
    path: str
    is_dir: bool
    size: int
    compressed: int
    method: int
    flags: int
    #: Unix mode, 0 if it was not written on Unix.
    mode: int
    crc: int
    #: Where its own header is.
    offset: int
    #: The lower half of its attributes, which MS-DOS and Windows read.
    attributes: int = 0
    extra: bytes = b""
    #: The number of the disk that it begins on.
    disk: int = 0
    comment: bytes = b""

    @property
    def random_access(self) -> bool:
        """Whether its stream is seekable."""
        return self.method == STORED

    @property
    def encrypted(self) -> bool:
        """Whether a flag for encryption is set."""
        return bool(self.flags & (ENCRYPTED | STRONG))

    @property
    def patched(self) -> bool:
        """Whether the flag for patched data is set, which ``zipfile`` refuses."""
        return bool(self.flags & PATCHED)

    @property
    def special(self) -> bool:
        """Whether it is a symbolic link, a device, a pipe or a socket."""
        return stat.S_IFMT(self.mode) in _SPECIAL

    @property
    def only_this_python(self) -> bool:
        """Whether this Python has its method, and nothing else stops consumers."""
        plain = not self.encrypted and not self.special and not self.patched
        return plain and self.method in _DECOMPRESSORS

    @property
    def blocked(self) -> str | None:
        """Why its data can't be read, as far as the directory shows; None if it can."""
        if self.encrypted:
            return "encrypted"
        if self.special:
            return "not a regular file"
        if self.method not in READABLE_METHODS or self.patched:
            return f"compressed with method {self.method}"
        return None


def read_local(ranges: Ranges, member: Member) -> LocalHeader:
    """Read the header before an entry's data. Raises FormatError and TreeError."""
    guess = LOCAL_SIZE + len(member.raw_name) + 64
    data = ranges.read(member.offset, guess) if member.offset >= 0 else b""
    if len(data) >= LOCAL_SIZE and (length := local_length(data[:LOCAL_SIZE])) > len(data):
        data += ranges.read(member.offset + len(data), length - len(data))
    return parse_local(data)


def encoding(name: bytes | str, flags: int) -> str:
    """Return the encoding of a name that ``zipfile`` chooses.

    ASCII is the same in both, and reading it as UTF-8 is ten times as fast.
    """
    return "utf-8" if flags & UTF_8 or name.isascii() else "cp437"


def decoded_name(raw: bytes, flags: int) -> str:
    """Decode a name as ``zipfile`` does, but replace invalid bytes."""
    return raw.decode(encoding(raw, flags), errors="replace")


def open_member(ranges: Ranges, member: Member) -> IO[bytes]:
    """Open the unpacked data of an entry; that of a stored entry is seekable.

    Raises TreeError: DamagedError if its header is invalid, or has another name.
    """
    try:
        header = read_local(ranges, member)
    except FormatError as error:
        raise DamagedError(str(error)) from error
    if decoded_name(header.name, member.flags) != member.raw_name:
        raise DamagedError(
            f"File name in directory {member.raw_name!r} and header "
            f"{decoded_name(header.name, member.flags)!r} differ."
        )
    start = member.offset + header.length
    if start + member.compressed > ranges.size:
        raise DamagedError("its data goes on after the end of the file")
    if member.method == STORED:
        # ``zipfile`` returns no more than the file has, and no more than the directory states.
        stream = RangeStream(ranges, start, min(member.size, member.compressed))
        return io.BufferedReader(stream)
    packed = RangeStream(ranges, start, member.compressed)
    return io.BufferedReader(_Unpacked(packed, member))


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Deflate:
    """Deflate data, unpacked in pieces of limited length."""

    marks_end = True

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, length)


class _Lzma:
    """LZMA data in a zip: the settings, then the data; an end mark is optional."""

    marks_end = False

    def __init__(self) -> None:
        self._head = b""
        self._unpack: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return self._unpack is not None and self._unpack.eof

    @property
    def unused_data(self) -> bytes:
        return self._unpack.unused_data if self._unpack else b""

    @property
    def needs_input(self) -> bool:
        return self._unpack is None or self._unpack.needs_input

    def decompress(self, data: bytes, length: int) -> bytes:
        if self._unpack is None:
            self._head += data
            if len(self._head) <= _LZMA_HEAD.size:
                return b""
            self._unpack = _lzma(self._head)
            data = self._head[_LZMA_HEAD.size :]
        return self._unpack.decompress(data, length)


def _lzma(head: bytes) -> lzma.LZMADecompressor:
    import lzma  # noqa: PLC0415 - hardly any zip needs it

    _, size, settings, dictionary = _LZMA_HEAD.unpack_from(head)
    if size != _LZMA_HEAD.size - 4 or dictionary > MAX_DICTIONARY_BYTES:
        raise DamagedError("its LZMA data has settings that no zip program writes")
    positions, literals = divmod(settings, 9)
    filters = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": dictionary,
        "lc": literals,
        "lp": positions % 5,
        "pb": positions // 5,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])


class _Bzip2:
    """Bzip2 or Zstandard data, unpacked in pieces of limited length."""

    marks_end = True

    def __init__(self, unpack: _Decompressor | None = None) -> None:
        import bz2  # noqa: PLC0415 - hardly any zip needs it

        self._unpack = unpack or bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        return self._unpack.eof

    @property
    def unused_data(self) -> bytes:
        return self._unpack.unused_data

    @property
    def needs_input(self) -> bool:
        return self._unpack.needs_input

    def decompress(self, data: bytes, length: int) -> bytes:
        return self._unpack.decompress(data, length)


_DECOMPRESSORS: dict[int, Callable[[], _Deflate | _Lzma | _Bzip2]] = {
    DEFLATED: _Deflate,
    BZIP2: _Bzip2,
    LZMA: _Lzma,
}
if sys.version_info >= (3, 14):
    from compression import zstd

    _DECOMPRESSORS[93] = lambda: _Bzip2(zstd.ZstdDecompressor())


class _Unpacked(io.RawIOBase):
    """The unpacked data of an entry, up to the size that the directory states."""

    def __init__(self, packed: RangeStream, member: Member) -> None:
        super().__init__()
        self._packed = packed
        self._left = member.size
        self._unpack = _DECOMPRESSORS[member.method]()
        self._ready = memoryview(b"")
        #: Whether all stated bytes were read.
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._ready and self._left:
            self._ready = memoryview(self._more(max(len(view), 1 << 12)))
            if not self._ready:
                raise DamagedError(f"it unpacks to {self._left} bytes less than stated")
            if len(self._ready) > self._left:
                raise DamagedError(_LONGER)
        length = min(len(view), len(self._ready))
        view[:length] = self._ready[:length]
        self._ready = self._ready[length:]
        self._left -= length
        if not self._left and not self._ended:
            self._ended = True
            self._expect_end()
        return length

    def _expect_end(self) -> None:
        """Raise DamagedError if packed data goes on, which some programs unpack."""
        if self._more(1):
            raise DamagedError(_LONGER)
        if self._unpack.unused_data or self._packed.read(1):
            raise DamagedError("something follows the end of its packed data")

    def _more(self, length: int) -> bytes:
        """Return the next unpacked bytes, b"" at the end. Raises DamagedError."""
        unpack = self._unpack
        while not unpack.eof:
            needs = unpack.needs_input
            packed = self._packed.read(_BLOCK) if needs else b""
            try:
                data = unpack.decompress(packed, length)
            except DamagedError:
                raise
            except Exception as error:  # zlib, bz2 and lzma each raise their own class
                raise DamagedError(str(error) or type(error).__name__) from error
            if data:
                return data
            if needs and not packed:
                if self._ended and not unpack.marks_end:
                    return b""
                raise DamagedError("its packed data ends too early")
        return b""
