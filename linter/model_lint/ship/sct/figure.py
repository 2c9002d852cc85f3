"""The figure of a task for SCT's gallery: a PNG without notes."""

from __future__ import annotations

import io
import struct
import warnings

from ...errors import UsageError
from ..png import strip_notes

#: Pixels of a side, at least and at most: the gallery shows three figures beside each other.
_SMALLEST, _LARGEST = 100, 4000
#: Bytes of a figure.
MAX_BYTES = 10 * 1000 * 1000


def gallery_figure(data: bytes, shown: str) -> bytes:
    """Return a picture as the PNG that the gallery shows. Raises UsageError.

    Another format than PNG is converted, which takes Pillow.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"{shown}: larger than {MAX_BYTES // 10**6} MB; make it smaller")
    if not data.startswith(b"\x89PNG"):
        data = _converted(data, shown)
    try:
        data = strip_notes(data)
    except ValueError as error:
        raise UsageError(f"{shown}: {error}") from error
    width, height = struct.unpack_from(">II", data, 16)
    if not _SMALLEST <= min(width, height) <= max(width, height) <= _LARGEST:
        raise UsageError(
            f"{shown}: {width} x {height} pixels; the gallery needs {_SMALLEST} to {_LARGEST}"
        )
    return data


def _converted(data: bytes, shown: str) -> bytes:
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - few figures need it
    except ModuleNotFoundError as error:
        raise UsageError(f"{shown}: not a PNG; `pip install pillow` converts it") from error
    made = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                picture.convert("RGB").save(made, format="PNG", optimize=True)
    except (UnidentifiedImageError, OSError, ValueError, Warning, SyntaxError) as error:
        raise UsageError(f"{shown}: not a picture that can be read") from error
    return made.getvalue()
