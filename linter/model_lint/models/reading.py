"""Read the long files of a package in parallel: checkpoints, and with ``--deep`` all others."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from ..checkpoint.limits import Limits, limits_of_each
from ..checkpoint.model import DAMAGED, BadCheckpoint, Checkpoint
from ..checkpoint.reader import File, read_checkpoint
from ..storage.depth import Depth
from ..storage.tree import BlockedError, DamagedError, Tree, TreeError
from ..wording import listing
from .paths import FINAL_CHECKPOINT

#: Threads at most. By default there is one more than processors, which evens out the end: two
#: processors unpack five folds in the time of two and a half, not of three.
_THREADS = 4
#: Bytes to unpack or sum above which threads are used: starting them takes a tenth of the time of
#: a small package.
_MANY_BYTES = 1 << 24
_BLOCK = 1 << 20

AnyResult = TypeVar("AnyResult")
#: A path, and one line that says what is wrong there.
Place = tuple[str, str]


class Reading(NamedTuple):
    """How much of a package is read, in how many threads, and which checkpoint of each fold."""

    depth: Depth = Depth.END
    #: None for one thread more than processors, up to four.
    jobs: int | None = None
    checkpoint: str = FINAL_CHECKPOINT


#: What a plain check reads.
NORMAL = Reading()


def read_checkpoints(
    tree: Tree, paths: Iterable[str], reading: Reading
) -> dict[str, Checkpoint | BadCheckpoint | None]:
    """Read checkpoints by their paths.

    None stands for one that can't be read for a reason that an archive rule reports.
    """
    paths = tuple(paths)
    limits = limits_of_each(max(1, len(paths)))
    return _each(partial(_checkpoint, tree, reading.depth, limits), tree, paths, reading)


def wrong_checksums(tree: Tree, paths: Iterable[str], reading: Reading) -> tuple[Place, ...]:
    """Read files whole, and return those whose checksum differs from the zip's."""
    found = _each(partial(_wrong, tree), tree, paths, reading)
    return tuple((path, text) for path, text in found.items() if text)


def wrong_bytes(checkpoint: Checkpoint, stated: int | None) -> str | None:
    """Return which checksums of a checkpoint that was read whole are wrong; None if none is."""
    every = checkpoint.every_byte
    if every is None:
        return None
    inner = every.mismatches(checkpoint.records)
    if inner:
        verb = "has" if len(inner) == 1 else "have"
        return f"{listing(inner)} in it {verb} another checksum than stated"
    return None if stated in {None, every.crc} else "its checksum is not the one stated"


def _each(
    read: Callable[[str], AnyResult], tree: Tree, paths: Iterable[str], reading: Reading
) -> dict[str, AnyResult]:
    """Read files, in threads if much is unpacked or summed: Python runs only that in parallel."""
    entries = [tree.files[path] for path in paths]
    paths = [entry.path for entry in entries]
    whole = [e.size for e in entries if reading.depth is Depth.ALL or not e.random_access]
    threads = min(len(whole), reading.jobs or min(_THREADS, 1 + (os.cpu_count() or 1)))
    if threads < 2 or sum(whole) < _MANY_BYTES:
        return {path: read(path) for path in paths}
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most packages do without

    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(paths, pool.map(read, paths), strict=True))


def _checkpoint(
    tree: Tree, depth: Depth, limits: Limits, path: str
) -> Checkpoint | BadCheckpoint | None:
    if depth is Depth.NONE:
        return BadCheckpoint("C002", "not looked into")
    entry = tree.files[path]
    file = File(partial(tree.open, path), entry.size, entry.random_access, entry.crc, limits)
    try:
        return read_checkpoint(file, depth)
    except BlockedError:
        return None
    except DamagedError as error:
        return BadCheckpoint(DAMAGED, str(error))
    except TreeError as error:
        return BadCheckpoint("C002", str(error))


def _wrong(tree: Tree, path: str) -> str | None:
    entry = tree.files[path]
    crc = size = 0
    try:
        with tree.open(path) as stream:
            while data := stream.read(_BLOCK):
                crc = zlib.crc32(data, crc)
                size += len(data)
    except BlockedError:  # an archive rule reports it
        return None
    except TreeError as error:
        return f"it does not unpack: {error}"
    return None if (crc, size) == (entry.crc, entry.size) else "its checksum is not the one stated"
