"""Remove the notes from a PNG: texts, dates and camera data."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: How the first chunk begins: with its 13 bytes are the width and the height.
_HEADER = b"\0\0\0\rIHDR"
#: Optional chunks that change how the picture looks; names of required ones begin with a capital.
_PICTURE = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"iCCP"})


def strip_notes(data: bytes) -> bytes:
    """Return the PNG with only its pixels and colours.

    Raises:
        ValueError: the data is not a complete PNG.
    """
    if not data.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    if not data.startswith(_HEADER, len(_SIGNATURE)):
        raise ValueError("the PNG has no header")
    kept = [chunk for name, chunk in _chunks(data) if name[:1].isupper() or name in _PICTURE]
    return _SIGNATURE + b"".join(kept)


def notes_in(data: bytes) -> str:
    """Return the texts that `strip_notes` removes from a complete PNG, as far as they are plain."""
    chunks = (c for name, c in _chunks(data) if not (name[:1].isupper() or name in _PICTURE))
    return b"\n".join(chunk[8:-4] for chunk in chunks).replace(b"\0", b" ").decode("latin1")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and all bytes of each chunk, up to the one that ends the picture."""
    at = len(_SIGNATURE)
    name = b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise ValueError("the PNG is cut off")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("the PNG is cut off")
        yield name, data[at:end]
        at = end
