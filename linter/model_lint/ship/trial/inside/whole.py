"""Whether an image is whole: SimpleITK takes what is missing of a NIfTI file as 0."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

from .images import Unusable

#: Bytes of the header of NIfTI-1, where its voxels begin at the earliest, and of a read.
_HEADER, _VOXELS, _BLOCK = 348, 352, 1 << 20
#: Endings of images whose voxels are in another file, which is not given.
_HALVES = (".hdr", ".img", ".mhd", ".nhdr")


def require_whole(path: Path) -> None:
    """Raise Unusable for one of an image's two files, and for NIfTI that is damaged or cut off."""
    name = path.name.lower()
    if name.endswith(_HALVES):
        raise Unusable(f"{path}: one of the two files of an image; convert it to .nii.gz")
    if not name.endswith((".nii", ".nii.gz")):
        return
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            header = file.read(_HEADER)
            held, wanted = len(header), _size_of(header)
            while block := file.read(_BLOCK):
                held += len(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unusable(f"{path}: damaged: {error}") from error
    if held < wanted:
        raise Unusable(f"{path}: damaged: it ends after {held:,} of {wanted:,} bytes")


def _size_of(header: bytes) -> int:
    """Return the bytes that a NIfTI-1 file has, at least, by its header; 0 for another file."""
    if len(header) < _HEADER:
        return 0
    for order in "<>":
        if struct.unpack_from(f"{order}i", header) != (_HEADER,):
            continue
        axes, *sides = struct.unpack_from(f"{order}8h", header, 40)
        (bits,) = struct.unpack_from(f"{order}h", header, 72)
        size: int = math.prod(sides[: max(0, axes)]) * bits // 8
        return _VOXELS + size
    return 0
