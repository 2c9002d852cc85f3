"""Get a zip from a server, and compare it with the digest that GitHub states."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import UsageError
from ..models.target import Target
from ..storage.ranges import Ranges, of_file
from ..storage.zip import ZipTree
from ..wording import size
from .new_package import sha256

_BLOCK = 4 << 20

#: Takes a text and a number of bytes; yields a function that takes further bytes.
Watch = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


def download(target: Target, tree: ZipTree, path: Path, watch: Watch) -> None:
    """Write a zip to a file.

    Args:
        target: what is read on the server, with the digest that is stated there, if any.
        tree: its zip.
        path: the file.
        watch: shows how much of it is done.

    Raises:
        UsageError: there is no room for it, or what comes is not all of it or has another digest.
    """
    require_room(target.text, tree.ranges.size, path.parent)
    with path.open("wb") as file, watch(target.text, tree.ranges.size) as further:
        for block in blocks(tree.ranges):
            file.write(block)
            further(len(block))
        if file.tell() < tree.ranges.size:
            raise UsageError(f"{target.text}: its end is missing; try again")
    with path.open("rb", buffering=0) as raw:
        if target.digest and target.digest != f"sha256:{sha256(blocks(of_file(raw)))}":
            raise UsageError(
                f"{target.text}: what was downloaded has another digest than GitHub states; try "
                "again"
            )


def require_room(shown: str, needed: int, folder: Path) -> None:
    """Raise UsageError unless so many bytes are free where a folder is."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UsageError(
            f"{shown}: takes {size(needed)}, but only {size(free)} are free in {folder.parent}: "
            "make room there, or choose another folder"
        )


def blocks(ranges: Ranges) -> Iterator[bytes]:
    """Yield all bytes in turn."""
    at = 0
    while at < ranges.size and (data := ranges.read(at, _BLOCK, ranges.size)):
        yield data
        at += len(data)
