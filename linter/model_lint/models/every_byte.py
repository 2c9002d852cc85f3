"""Read every byte of a package: are its checksums right, and its weights numbers?

A checkpoint inside a package has two checksums of every byte: the package's, which unpacking
checks, and its own, which torch never looks at. Each byte is read and summed once: the checksum of
the whole is joined from those of its parts.

Several threads share the files. Each takes the next piece of a file, which only one can do at a
time (unpacking goes from front to back), and examines it while another takes the piece after it.
Inflating and summing let other threads run.
"""

from __future__ import annotations

import os
import re
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED

from ..checkpoint.finite import FLOATS, has_nonfinite, is_zero
from ..checkpoint.pieces import PIECE, Piece, Read, Records, Span, walk
from ..checkpoint.reader import BadCheckpoint, Checkpoint, directory_issues
from ..storage.crc import joined
from ..storage.tree import BlockedError, Member, Tree, ZipTree
from ..wording import listing
from .package import DeepFacts, Fold, Package, TrainerFolder

_THREADS = 4
#: Files that are read in turns.
_OPEN = 8


@dataclass(frozen=True)
class _Range:
    """Where a tensor's numbers lie in its storage, in bytes."""

    name: str
    dtype: str
    start: int
    end: int
    #: Whether zeros throughout can't be meant: of more than one dimension, and in use.
    needed: bool


@dataclass
class _File:
    """A file that is being read, and what was found so far."""

    path: str
    pieces: Iterator[Piece]
    records: Records
    #: The checksum that the zip states.
    expected: int | None
    #: The tensors of weights in each record.
    ranges: dict[str, list[_Range]]
    taken: int = 0
    error: str | None = None
    sums: dict[int, tuple[int, int]] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    #: Tensors of which some number is not zero.
    alive: set[str] = field(default_factory=set)

    def take(self) -> Piece | None:
        """Return the next piece, None at the end."""
        try:
            piece = next(self.pieces, None)
        except BlockedError:  # another rule says so
            piece, self.expected = None, None
        except Exception as error:  # what zlib and zipfile raise of damaged data
            piece, self.error = None, str(error) or type(error).__name__
        self.taken += 1
        return piece


def read_everything(package: Package, jobs: int | None = None) -> Package:
    """Return the package with what reading all of its bytes tells.

    ``jobs`` is the number of threads; by default one for each processor, up to four.
    """
    checkpoints = {
        fold.checkpoint_path: fold.checkpoint
        for trainer in package.trainers
        for fold in trainer.folds
        if fold.checkpoint is not None
    }
    known = {path for path, _ in package.damaged}
    files = list(_files(package, checkpoints, known))
    _Crew(files).work(jobs or min(_THREADS, os.cpu_count() or 1))
    checksums, weights = [], []
    for file in files:
        text = _wrong_checksum(file)
        told = file.error and isinstance(checkpoints.get(file.path), BadCheckpoint)
        if text and not told:
            checksums.append((file.path, text))
        if not text:  # else that is why the weights are no numbers
            weights += [(file.path, text) for text in _wrong_weights(file)]
    ends = {file.path: file.records for file in files if not file.error}
    trainers = tuple(_with_ends(trainer, ends) for trainer in package.trainers)
    deep = DeepFacts(tuple(checksums), tuple(weights))
    return replace(package, trainers=trainers, deep=deep)


def _with_ends(trainer: TrainerFolder, ends: Mapping[str, Records]) -> TrainerFolder:
    """Judge the directories of checkpoints of which only the start has been read so far."""

    def whole(fold: Fold) -> Fold:
        checkpoint, end = fold.checkpoint, ends.get(fold.checkpoint_path)
        if not isinstance(checkpoint, Checkpoint) or checkpoint.directory_read or not end:
            return fold
        late = directory_issues(checkpoint, end.tail, end.size)
        issues = (*checkpoint.issues, *(i for i in late if i not in checkpoint.issues))
        return replace(fold, checkpoint=replace(checkpoint, issues=issues))

    return replace(trainer, folds=tuple(map(whole, trainer.folds)))


def _files(
    package: Package, checkpoints: dict[str, Checkpoint | BadCheckpoint], known: set[str]
) -> Iterator[_File]:
    """Yield what is worth reading: of a folder only checkpoints, the rest states no checksum."""
    for path, entry in package.tree.files.items():
        found = checkpoints.get(path)
        checkpoint = found if isinstance(found, Checkpoint) else None
        if path in known or (entry.crc is None and checkpoint is None):
            continue
        records = Records()
        pieces = _pieces(package.tree, path, entry.size, checkpoint, records)
        ranges = _ranges(checkpoint) if checkpoint else {}
        yield _File(path, pieces, records, entry.crc, ranges)


def _pieces(
    tree: Tree, path: str, size: int, checkpoint: Checkpoint | None, records: Records
) -> Iterator[Piece]:
    with _opened(tree, path) as whole:
        read = _at_most(whole, size)
        if checkpoint is None:
            yield from map(Piece, iter(lambda: read(PIECE), b""))
        else:
            sizes = {f"data/{key}": s.nbytes for key, s in checkpoint.storages.items()}
            yield from walk(read, records, checkpoint.prefix, sizes)


@contextmanager
def _opened(tree: Tree, path: str) -> Iterator[Read]:
    """Open a file so that others can be read in turns with it."""
    if not isinstance(tree, ZipTree):
        with tree.open(path) as stream:
            yield stream.read
        return
    with tree.lock, tree.open(path):  # refuses what can't be read
        member, start = tree.member(path), tree.data_offset(path)
    if member.method in {ZIP_STORED, ZIP_DEFLATED}:
        raw = _raw_reader(tree, member, start)
        yield raw if member.method == ZIP_STORED else _inflated(raw)
        return
    with tree.lock:
        unpacked = tree.open(path)

    def locked(length: int) -> bytes:
        with tree.lock:
            return unpacked.read(length)

    yield locked


def _at_most(read: Read, size: int) -> Read:
    """Read a file of ``size`` bytes, and one byte more where it is longer than it should be."""
    left = size + 1

    def limited(length: int) -> bytes:
        nonlocal left
        data = read(min(length, left))
        left -= len(data)
        return data

    return limited


def _raw_reader(tree: ZipTree, member: Member, at: int) -> Read:
    stream = cast("IO[bytes]", tree.archive.fp)
    left = member.compressed

    def read(length: int) -> bytes:
        nonlocal at, left
        with tree.lock:
            stream.seek(at)
            data = stream.read(min(length, left))
        at += len(data)
        left -= len(data)
        return data

    return read


def _inflated(raw: Read) -> Read:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    pending = b""

    def read(length: int) -> bytes:
        nonlocal pending
        parts: list[bytes] = []
        while length > 0 and not inflate.eof:
            compressed = pending or raw(1 << 17)
            data = inflate.decompress(compressed, length)
            pending = inflate.unconsumed_tail
            if not data and not compressed:
                break
            parts.append(data)
            length -= len(data)
        return b"".join(parts)

    return read


class _Crew:
    """Threads that take turns at files until all are read.

    A file that somebody takes a piece of is nobody else's for that time, and then goes to the end
    of the row: so as many files as there are threads are unpacked at once, up to the last.
    """

    def __init__(self, files: list[_File]) -> None:
        self._waiting = iter(sorted(files, key=lambda f: not f.ranges))  # the long ones first
        self._ready = deque(islice(self._waiting, _OPEN))
        self._busy = 0
        self._turn = threading.Condition()

    def work(self, threads: int) -> None:
        """Read everything."""
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(self._work) for _ in range(threads)]:
                future.result()

    def _work(self) -> None:
        while file := self._get():
            piece = file.take()
            number = file.taken
            self._give_back(file, more=piece is not None)
            if piece:
                _examine(file, number, piece)

    def _get(self) -> _File | None:
        with self._turn:
            while not self._ready and self._busy:
                self._turn.wait()
            if not self._ready:
                return None
            self._busy += 1
            return self._ready.popleft()

    def _give_back(self, file: _File, *, more: bool) -> None:
        with self._turn:
            self._busy -= 1
            following = file if more else next(self._waiting, None)
            if following:
                self._ready.append(following)
            self._turn.notify_all()


def _examine(file: _File, number: int, piece: Piece) -> None:
    """Sum a piece, and look at the numbers in it."""
    checksum = zlib.crc32(piece.data)
    if piece.of_file:
        file.sums[number] = checksum, len(piece.data)
    for span in piece.spans:
        whole = span.start == 0 and span.end == len(piece.data)
        data = piece.data if whole else piece.data[span.start : span.end]
        file.records.add(span.record, number, checksum if whole else zlib.crc32(data), len(data))
        _examine_numbers(file, span, data)


def _examine_numbers(file: _File, span: Span, data: bytes) -> None:
    for tensor in file.ranges.get(span.name, ()):
        start, end = max(tensor.start - span.at, 0), min(tensor.end - span.at, len(data))
        if start >= end:
            continue
        part = data if end - start == len(data) else data[start:end]
        if tensor.name not in file.bad and has_nonfinite(part, tensor.dtype):
            file.bad.add(tensor.name)
        if tensor.needed and tensor.name not in file.alive and not is_zero(part):
            file.alive.add(tensor.name)


def _wrong_checksum(file: _File) -> str | None:
    if file.error:
        return f"it does not unpack: {file.error}"
    inner = file.records.mismatches()
    if inner:
        verb = "has" if len(inner) == 1 else "have"
        return f"{listing(inner)} in it {verb} another checksum than stated"
    total = joined(file.sums[number] for number in sorted(file.sums))
    return None if file.expected in {None, total} else "its checksum is not the one stated"


def _wrong_weights(file: _File) -> Iterator[str]:
    if file.records.big_endian:
        return
    every = [tensor for ranges in file.ranges.values() for tensor in ranges]
    bad = [tensor.name for tensor in every if tensor.name in file.bad]
    if bad:
        yield f"{listing(bad)} {_hold(bad)} numbers that are infinite or none (NaN)"
    dead = [t.name for t in every if t.needed and t.name not in file.alive | file.bad]
    if dead:
        yield f"{listing(dead)} {_hold(dead)} nothing but zeros"


def _hold(names: list[str]) -> str:
    return "holds" if len(names) == 1 else "hold"


def _ranges(checkpoint: Checkpoint) -> dict[str, list[_Range]]:
    """Return the tensors of floats in each record, each under the first of its names."""
    used = _last_head(checkpoint)
    found: dict[str, dict[tuple[int, int], _Range]] = {}
    for name, tensor in checkpoint.weights.items():
        start, end = (edge * tensor.storage.itemsize for edge in tensor.extent)
        dense = prod(tensor.shape) * tensor.storage.itemsize == end - start
        if tensor.dtype not in FLOATS or tensor.dtype != tensor.storage.dtype or not dense:
            continue
        idle = ".seg_layers." in name and not name.startswith(used)
        needed = len(tensor.shape) > 1 and name.endswith(".weight") and not idle
        ranges = found.setdefault(f"data/{tensor.storage.key}", {})
        ranges.setdefault((start, end), _Range(name, tensor.dtype, start, end, needed))
    return {record: list(ranges.values()) for record, ranges in found.items()}


def _last_head(checkpoint: Checkpoint) -> str:
    """Return how the names of the head begin whose output is used; the others serve training."""
    numbers = [0]
    for name in checkpoint.weights:
        found = re.match(r"decoder\.seg_layers\.(\d{1,4})\.", name)
        numbers += [int(found[1])] if found else []
    return f"decoder.seg_layers.{max(numbers)}."
