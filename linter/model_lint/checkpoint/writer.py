"""Write a checkpoint anew with what inference reads and nothing else, without torch.

The numbers are copied byte for byte; only the description of them (``data.pkl``) is written anew.
Tensors that shared a storage still do. Of a storage that is larger than its tensors need, only the
part that they touch is kept. Storages of a GPU are marked as ``cpu``, so that the file loads on any
machine. The layout is that of ``torch.save``, and the same input gives the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from .pickle_values import Tensor
from .pickle_writer import Part, UnwritableError, tensors, write_pickle
from .reader import BadCheckpoint, Checkpoint, File, read_checkpoint
from .torch_zip import ContainerError, Record, Source, open_record

#: Called now and then with the bytes copied so far and their total.
Progress = Callable[[int, int], None]

#: The folder of the records; torch names it after the file.
PREFIX = "checkpoint_final"
#: Storages begin at multiples of this, as torch writes them.
ALIGNMENT = 64
#: Parts of storages are cut at multiples of this: of the longest dtype.
_CUT = 16
_CHUNK = 1024 * 1024
_DESCRIPTOR_AND_UTF8 = 0x808
_MAX_32 = 0xFFFFFFFF


class CheckpointError(Exception):
    """The source can't be copied; the message says why in one line."""


def write_checkpoint(
    source: File,
    target: IO[bytes],
    *,
    keep_training_state: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a slim copy of a checkpoint and return its size in bytes.

    Args:
        source: the checkpoint, of which any byte can be reached.
        target: what to write to, in order; it need not be seekable.
        keep_training_state: keep all that resuming reads, with numpy scalars as numbers and the
            device as text, so that ``torch.load(weights_only=True)`` takes the file.
        progress: told about the storages that are copied.

    Raises:
        CheckpointError: the source is no sound checkpoint of nnU-Net, or holds something else than
            numbers, texts and tensors.
        OSError: the target can't be written to.
    """
    checkpoint = read_checkpoint(source)
    if isinstance(checkpoint, BadCheckpoint):
        raise CheckpointError(checkpoint.reason)
    # What is not on the list was never built: it can be left out, but not copied.
    grave = [issue for issue in checkpoint.issues if keep_training_state or issue.code != "K001"]
    if grave:
        inside = "data.pkl: " if grave[0].code.startswith("K") else ""
        raise CheckpointError(inside + grave[0].message)
    if checkpoint.missing_keys:
        raise CheckpointError(f"it lacks {', '.join(checkpoint.missing_keys)}")
    content = dict(checkpoint.content) if keep_training_state else _slim(checkpoint)
    parts = _parts(content)
    try:
        pickle = write_pickle(content, parts)
    except UnwritableError as error:
        first = next((f"data.pkl: {issue.message}" for issue in checkpoint.issues), None)
        raise CheckpointError(first or f"it holds {error}, which can't be copied") from error
    records = {record.name: record for record in checkpoint.records}
    try:
        with source.open() as stream:
            copied = _Copies(Source(stream), records, checkpoint, parts, progress)
            return _write_zip(_Zip(target), pickle, copied)
    except ContainerError as error:
        raise CheckpointError(error.reason) from error


def _slim(checkpoint: Checkpoint) -> dict[str, object]:
    """Return what nnU-Net's predictor and its loader of pretrained weights read."""
    content: dict[str, object] = {
        "network_weights": checkpoint.content["network_weights"],
        "init_args": {"configuration": checkpoint.configuration},
        "trainer_name": checkpoint.trainer_name,
    }
    axes = "inference_allowed_mirroring_axes"
    if axes in checkpoint.content:
        content[axes] = checkpoint.content[axes]
    return content


def _parts(content: Mapping[str, object]) -> dict[str, Part]:
    """Decide what is kept of each storage, numbered in order of appearance."""
    touched: dict[str, tuple[int, int]] = {}
    for tensor in tensors(content):
        start, end = _touched(tensor)
        known = touched.get(tensor.storage.key, (start, end))
        touched[tensor.storage.key] = (min(start, known[0]), max(end, known[1]))
    numbered = enumerate(touched.items())
    return {key: Part(str(i), start, end) for i, (key, (start, end)) in numbered}


def _touched(tensor: Tensor) -> tuple[int, int]:
    """Return the bytes of its storage that a tensor touches, from a multiple of `_CUT`."""
    start, end = (element * tensor.storage.itemsize for element in tensor.extent)
    return start // _CUT * _CUT, end


@dataclass(frozen=True)
class _Copies:
    """The storages to copy, and where from."""

    source: Source
    records: Mapping[str, Record]
    checkpoint: Checkpoint
    parts: Mapping[str, Part]
    progress: Progress | None

    def __iter__(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield the key of each storage and its bytes, to be taken before the next."""
        done, total = 0, sum(self._record(key).size for key in self.parts)
        for key, part in self.parts.items():
            yield part.key, self._read(self._record(key), part)
            done += self._record(key).size
            if self.progress:
                self.progress(done, total)

    def byteorder(self) -> bytes:
        """Return what the source says of the order of bytes; old files are little-endian."""
        record = self.records.get(f"{self.checkpoint.prefix}/byteorder")
        return open_record(self.source, record)(16) if record else b"little"

    def _record(self, key: str) -> Record:
        return self.records[f"{self.checkpoint.prefix}/data/{key}"]

    def _read(self, record: Record, part: Part) -> Iterator[bytes]:
        read = open_record(self.source, record)
        position, crc = 0, 0
        while data := read(_CHUNK):
            crc = zlib.crc32(data, crc)
            kept = data[max(0, part.start - position) : max(0, part.end - position)]
            position += len(data)
            yield kept
        if position != record.size:
            raise ContainerError("C002", f"{record.name} has {position} of {record.size} bytes")
        # torch can be told to write no checksums: then there is nothing to compare with.
        if self.checkpoint.checksums and crc != record.crc:
            raise ContainerError("C002", f"{record.name} is damaged: its checksum is wrong")


def _write_zip(archive: _Zip, pickle: bytes, copies: _Copies) -> int:
    archive.record("data.pkl", [pickle])
    archive.record(".format_version", [b"1"])
    archive.record(".storage_alignment", [str(ALIGNMENT).encode()])
    archive.record("byteorder", [copies.byteorder()])
    for key, data in copies:
        archive.record(f"data/{key}", data)
    archive.record("version", [b"3\n"])
    archive.record(".data/serialization_id", [archive.content_id()])
    return archive.finish()


class _Zip:
    """Writes records as torch does: stored, aligned, with sizes and checksums behind the data."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._position = 0
        self._written: list[tuple[bytes, int, int, int]] = []

    def _write(self, data: bytes) -> None:
        self._target.write(data)
        self._position += len(data)

    def record(self, name: str, data: Iterator[bytes] | list[bytes]) -> None:
        path = f"{PREFIX}/{name}".encode()
        offset = self._position
        padding = -(offset + 30 + len(path) + 4) % ALIGNMENT
        fixed = (0, _DESCRIPTOR_AND_UTF8, 0, 0, 0, 0, 0, 0, len(path), 4 + padding)
        self._write(struct.pack("<4s5H3L2H", b"PK\3\4", *fixed))
        self._write(path + struct.pack("<2sH", b"FB", padding) + b"Z" * padding)
        start, crc = self._position, 0
        for chunk in data:
            crc = zlib.crc32(chunk, crc)
            self._write(chunk)
        size = self._position - start
        if size > _MAX_32:
            raise CheckpointError(f"{name} is larger than 4 GiB")
        self._write(struct.pack("<4s3L", b"PK\7\10", crc, size, size))
        self._written.append((path, crc, size, offset))

    def content_id(self) -> bytes:
        """Return 40 digits that stand for the names and contents, as torch writes them."""
        names = zlib.crc32(b"".join(path for path, *_ in self._written))
        content = zlib.crc32(struct.pack(f"<{len(self._written)}L", *(w[1] for w in self._written)))
        return f"{names:020d}{content:020d}".encode()

    def finish(self) -> int:
        """Write the directory and return the size of the file."""
        start = self._position
        for path, crc, size, offset in self._written:
            wide = struct.pack("<2HQ", 1, 8, offset) if offset >= _MAX_32 else b""
            fixed = (0, 0, _DESCRIPTOR_AND_UTF8, 0, 0, 0, crc, size, size, len(path), len(wide))
            place = (0, 0, 0, 0, min(offset, _MAX_32))
            self._write(struct.pack("<4s6H3L5H2L", b"PK\1\2", *fixed, *place) + path + wide)
        length, end, count = self._position - start, self._position, len(self._written)
        fixed64 = (44, 798, 45, 0, 0, count, count, length, start)
        self._write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", *fixed64))
        self._write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        counts = min(count, 0xFFFF)
        last = (0, 0, counts, counts, length, min(start, _MAX_32), 0)
        self._write(struct.pack("<4s4H2LH", b"PK\5\6", *last))
        return self._position
