"""Write a copy of a checkpoint with only what inference reads, without torch.

The numbers are copied bit for bit; only their description (``data.pkl``) is new. Tensors that
shared a storage still do. Only the part of a storage that its tensors use is kept. Storages of a
GPU are marked as ``cpu``, so that the file loads on any machine. The layout is that of
``torch.save``, except that large storages are compressed, which every torch from 2.2 on reads. The
same input gives the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, NamedTuple

from .model import BadCheckpoint, Checkpoint
from .pickle_values import Ordered, Tensor
from .pickle_writer import Part, UnwritableError, tensors, write_pickle
from .reader import File, read_checkpoint
from .record_writer import ALIGNMENT, RecordWriter
from .torch_zip import ContainerError, CountedStream, Record, open_record

#: Called with the bytes copied so far and their total.
Progress = Callable[[int, int], None]

#: Parts of storages begin at multiples of this: the size of the longest dtype.
_CUT = 16
_CHUNK = 1024 * 1024
#: Storages of at least this size are compressed; the others are a hundredth of a network.
_LARGE = 256 * 1024
#: Threads that compress.
_WORKERS = 2


class CheckpointError(Exception):
    """The source can't be copied; the message says why in one line."""


def write_checkpoint(
    source: File,
    target: IO[bytes],
    *,
    keep_training_state: bool = False,
    replaced: Mapping[str, object] = MappingProxyType({}),
    progress: Progress | None = None,
) -> int:
    """Write a slim copy of a checkpoint and return its size in bytes.

    Args:
        source: the checkpoint; it must be seekable.
        target: the stream to write to; it need not be seekable.
        keep_training_state: keep everything that resuming a training reads, with numpy scalars as
            numbers and the device as text, so that ``torch.load(weights_only=True)`` loads it.
        replaced: values of the copy in place of those of the source, by their key.
        progress: called after each storage that is copied.

    Raises:
        CheckpointError: the source is not a valid checkpoint of nnU-Net, or contains values other
            than numbers, texts and tensors.
        OSError: the target can't be written to.
    """
    checkpoint = _read(source, whole=keep_training_state)
    content = dict(checkpoint.content) if keep_training_state else _slim(checkpoint)
    content |= {"network_weights": _unwrapped(checkpoint), **replaced}
    parts = _parts(content)
    pickle = _pickle(content, parts, checkpoint)
    records = {record.name: record for record in checkpoint.records}
    try:
        with source.open() as stream, ThreadPoolExecutor(_WORKERS) as workers:
            copied = _Copies(CountedStream(stream), records, checkpoint, parts, progress)
            return _write_zip(RecordWriter(target, workers), pickle, copied)
    except ContainerError as error:
        raise CheckpointError(error.reason) from error


def _read(source: File, *, whole: bool) -> Checkpoint:
    """Read a checkpoint that can be copied, as a ``whole`` or in part. Raises CheckpointError."""
    checkpoint = read_checkpoint(source)
    if isinstance(checkpoint, BadCheckpoint):
        raise CheckpointError(checkpoint.reason)
    # A global that is not on the list was never built: it can be left out, but not copied.
    grave = [issue for issue in checkpoint.issues if whole or issue.code != "K001"]
    if grave:
        inside = "data.pkl: " if grave[0].code.startswith("K") else ""
        raise CheckpointError(inside + grave[0].message)
    if checkpoint.missing_keys:
        raise CheckpointError(f"missing keys: {', '.join(checkpoint.missing_keys)}")
    return checkpoint


def _pickle(
    content: Mapping[str, object], parts: Mapping[str, Part], checkpoint: Checkpoint
) -> bytes:
    try:
        return write_pickle(content, parts)
    except UnwritableError as error:
        first = next((f"data.pkl: {issue.message}" for issue in checkpoint.issues), None)
        raise CheckpointError(first or f"it contains {error}, which can't be copied") from error


def _slim(checkpoint: Checkpoint) -> dict[str, object]:
    """Return the keys that nnU-Net's predictor and its loader of pretrained weights read."""
    content: dict[str, object] = {
        "network_weights": None,
        "init_args": {"configuration": checkpoint.configuration},
        "trainer_name": checkpoint.trainer_name,
    }
    axes = "inference_allowed_mirroring_axes"
    if axes in checkpoint.content:
        content[axes] = checkpoint.content[axes]
    return content


def _unwrapped(checkpoint: Checkpoint) -> object:
    """Return the weights with the names that nnU-Net loads, without the prefix of a wrapper."""
    weights = checkpoint.content["network_weights"]
    prefix = checkpoint.wrapper_prefix
    if prefix is None:
        return weights
    named = Ordered()
    named.update((name.removeprefix(prefix), tensor) for name, tensor in weights.items())
    modules = weights.metadata if isinstance(weights, Ordered) else None
    if modules is not None:  # its keys are names of modules, without the dot at the end
        dotted = {f"{module}.": version for module, version in modules.items()}
        inside = {m: version for m, version in dotted.items() if m.startswith(prefix)}
        named.metadata = {m.removeprefix(prefix)[:-1]: v for m, v in inside.items()}
    return named


def _parts(content: Mapping[str, object]) -> dict[str, Part]:
    """Return the part of each storage that is kept, numbered in order of appearance."""
    touched: dict[str, tuple[int, int]] = {}
    for tensor in tensors(content):
        start, end = _touched(tensor)
        known = touched.get(tensor.storage.key, (start, end))
        touched[tensor.storage.key] = (min(start, known[0]), max(end, known[1]))
    numbered = enumerate(touched.items())
    return {key: Part(str(i), start, end) for i, (key, (start, end)) in numbered}


def _touched(tensor: Tensor) -> tuple[int, int]:
    """Return start and end of a tensor in its storage, in bytes; the start is cut to `_CUT`."""
    start, end = (element * tensor.storage.itemsize for element in tensor.extent)
    return start // _CUT * _CUT, end


def _compressed(part: Part) -> int:
    """Return the number of bytes of a storage that are compressed: all or none."""
    return part.size if part.size >= _LARGE else 0


class _Copy(NamedTuple):
    """A storage to write."""

    key: str
    #: Whether it is compressed.
    large: bool
    data: Iterable[bytes]


@dataclass(frozen=True)
class _Copies:
    """The storages to copy, and where they are read from."""

    stream: CountedStream
    records: Mapping[str, Record]
    checkpoint: Checkpoint
    parts: Mapping[str, Part]
    progress: Progress | None

    def __iter__(self) -> Iterator[_Copy]:
        """Yield each storage; read its bytes before asking for the next.

        Compressed ones come last, in order of size. ``torch.load(mmap=True)`` ignores compression
        and maps the unpacked size: for the last and largest storage that goes beyond the end of the
        file, so torch fails instead of loading compressed bytes as numbers.
        """
        done, total = 0, sum(self._record(key).size for key in self.parts)
        for key, part in sorted(self.parts.items(), key=lambda item: _compressed(item[1])):
            large = bool(_compressed(part))
            yield _Copy(part.key, large, self._read(self._record(key), part))
            done += self._record(key).size
            if self.progress:
                self.progress(done, total)

    @property
    def plain(self) -> bool:
        """Whether no storage is compressed."""
        return not any(map(_compressed, self.parts.values()))

    def byteorder(self) -> bytes:
        """Return the byte order that the source states; old files without one are little-endian."""
        record = self.records.get(f"{self.checkpoint.prefix}/byteorder")
        return open_record(self.stream, record)(16) if record else b"little"

    def _record(self, key: str) -> Record:
        return self.records[f"{self.checkpoint.prefix}/data/{key}"]

    def _read(self, record: Record, part: Part) -> Iterator[bytes]:
        read = open_record(self.stream, record)
        position, crc = 0, 0
        while data := read(_CHUNK):
            crc = zlib.crc32(data, crc)
            kept = data[max(0, part.start - position) : max(0, part.end - position)]
            position += len(data)
            yield kept
        if position != record.size:
            raise ContainerError("C002", f"{record.name} has {position} of {record.size} bytes")
        # `torch.serialization.set_crc32_options(False)` writes no checksums.
        if self.checkpoint.checksums and crc != record.crc:
            raise ContainerError("C002", f"{record.name} is damaged: its checksum is wrong")


def _write_zip(archive: RecordWriter, pickle: bytes, copies: _Copies) -> int:
    archive.record("data.pkl", [pickle])
    if copies.plain:  # newer versions of torch compute the start of each storage from these
        archive.record(".format_version", [b"1"])
        archive.record(".storage_alignment", [str(ALIGNMENT).encode()])
    archive.record("byteorder", [copies.byteorder()])
    for copy in copies:
        archive.record(f"data/{copy.key}", copy.data, large=copy.large)
    archive.record("version", [b"3\n"])
    archive.record(".data/serialization_id", [archive.content_id()])
    return archive.finish()
