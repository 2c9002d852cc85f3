"""Read what a checkpoint of nnU-Net says of itself, without torch and without executing it.

It is read as torch reads it: the directory at the end says where ``data.pkl`` is. Every storage
that the pickle declares is compared with the record that holds it.

Nothing raises for what a file contains. A file that is no checkpoint gives a `BadCheckpoint`; what
is wrong inside one stands in its ``issues``, for the rules whose codes they have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast
from zlib import crc32

from ..storage.depth import Depth
from ..storage.rereading import RereadStream
from ..storage.zip_format import DEFLATED, DESCRIPTOR, ENCRYPTED, LOCAL_SIZE, STORED
from .every_byte import EveryByte, read_every_byte
from .pickle_scan import PickleIssue, PickleScan, scan_pickle
from .pickle_values import Device, Scalar, Storage, Tensor, shown
from .torch_zip import (
    LEAST_HEADERS,
    MAX_TAIL,
    ContainerError,
    Read,
    Record,
    Source,
    content_reader,
    open_record,
    read_directory,
    read_local_header,
)

#: The code of a `BadCheckpoint` whose bytes don't unpack from the package.
DAMAGED = "Z002"
#: What nnU-Net's predictor reads of a checkpoint, and can't do without.
NEEDED_KEYS = ("network_weights", "trainer_name", "init_args")
#: Prefixes that wrappers of networks leave on every weight, and that inference does not take off.
WRAPPERS = ("module.", "_orig_mod.")
#: Globals that ``torch.load(weights_only=True)`` refuses unless they are declared safe.
_UNSAFE_FOR_TORCH = re.compile(r"numpy\.|collections\.defaultdict|(builtins|__builtin__)\.(?!set)")

#: How files that are taken for a checkpoint begin, and what they are.
_FORMATS = (
    (b"PK\x05\x06", "an empty zip"),
    (
        bytes.fromhex("80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e"),
        "torch's legacy format: save it again with torch 1.6 or later",
    ),
    *((bytes([0x80, n]), "a bare pickle, not a file of torch.save") for n in range(2, 6)),
    (b"version https://git-lfs", "a git-lfs pointer, not the file itself: run git lfs pull"),
    (b"\x1f\x8b", "a gzip file, not a file of torch.save"),
)
#: Members that torch writes, below the folder that is named after the file.
_MEMBERS = re.compile(
    r"data\.pkl|byteorder|version|\.format_version|\.storage_alignment|data/\d+"
    r"|\.data/serialization_id"
)
#: Checksums of what two of them can hold: torch reads versions 1 to 10 and two orders of bytes.
_CHECKSUMS = {
    "version": {crc32(f"{number}{end}".encode()) for number in range(1, 11) for end in ("\n", "")},
    "byteorder": {crc32(order) for order in (b"little", b"big")},
}
_STORAGE = re.compile(r"data/\d+")
_TORCHSCRIPT = re.compile(r"constants\.pkl|code/.*")
#: Bytes between two records: an extra field that aligns the data, and sizes behind the data.
_MAX_PADDING = 0xFFFF + 24
#: Nodes and depth of a plain value; plans of real models have a few hundred, ten deep.
_MAX_NODES, _MAX_DEPTH = 200_000, 64


@dataclass(frozen=True)
class BadCheckpoint:
    """A file that can't be read as a checkpoint."""

    #: C001 not a torch zip, C002 incomplete, DAMAGED, or the K code of what ended the pickle.
    code: str
    #: One line.
    reason: str
    issues: tuple[PickleIssue, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """What the names and shapes of the weights tell of nnU-Net's own networks."""

    #: ``PlainConvUNet`` or ``ResidualEncoderUNet``.
    name: str
    input_channels: int
    #: Channels of the output that is used, the one of full resolution.
    output_heads: int
    #: 2 or 3.
    dimensions: int


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, as far as it says itself."""

    #: The folder of the records: the name of the file when it was saved, without ``.pth``.
    prefix: str
    #: Of the families C and K: what torch does not write, or what does not fit.
    issues: tuple[PickleIssue, ...]
    #: The top-level value as unpickled; an empty dict where it is something else.
    content: Mapping[Any, Any] = field(repr=False)
    storages: Mapping[str, Storage] = field(repr=False)
    #: Names of globals that ``torch.load(weights_only=True)`` refuses.
    weights_only_refuses: tuple[str, ...]
    bytes_read: int
    #: Bytes of ``data.pkl``.
    pickle_size: int = 0
    #: The directory at its end; empty where only the start was read.
    records: tuple[Record, ...] = field(default=(), repr=False)
    #: None unless every byte was read.
    every_byte: EveryByte | None = None

    @property
    def directory_read(self) -> bool:
        """Whether it was judged by the directory at its end, as torch reads it."""
        return bool(self.records)

    @property
    def checksums(self) -> Mapping[str, int]:
        """CRC-32 of the storages by their keys, as the directory states them.

        Empty where it was not read, or states none (``torch.serialization.set_crc32_options``).
        """
        start = f"{self.prefix}/data/"
        if not any(record.crc for record in self.records):
            return {}
        return {r.name.removeprefix(start): r.crc for r in self.records if r.name.startswith(start)}

    @property
    def keys(self) -> tuple[str, ...]:
        """The top-level keys."""
        return tuple(key for key in self.content if isinstance(key, str))

    @property
    def missing_keys(self) -> tuple[str, ...]:
        """What inference reads and does not find, or finds to be of another type."""
        found = {
            "network_weights": bool(self.weights),
            "trainer_name": self.trainer_name is not None,
            "init_args": isinstance(self.content.get("init_args"), dict),
        }
        missing = tuple(key for key in NEEDED_KEYS if not found[key])
        if found["init_args"] and self.configuration is None:
            return (*missing, "init_args['configuration']")
        return missing

    @property
    def trainer_name(self) -> str | None:
        """The class of the trainer."""
        return _text(self.content.get("trainer_name"))

    @cached_property
    def init_args(self) -> dict[str, Any] | None:
        """The trainer's arguments as plain values (a device as text, numpy scalars as numbers)."""
        return _plain_dict(self.content.get("init_args"))

    @property
    def configuration(self) -> str | None:
        """``2d``, ``3d_fullres``, ..."""
        arguments = self.content.get("init_args")
        return _text(arguments.get("configuration")) if isinstance(arguments, dict) else None

    @property
    def fold(self) -> int | str | None:
        """The number of the fold, or ``"all"``."""
        fold = (self.init_args or {}).get("fold")
        number = isinstance(fold, int) and not isinstance(fold, bool)
        return fold if number or fold == "all" else None

    @property
    def plans(self) -> dict[str, Any] | None:
        """The plans that it was trained with."""
        plans = (self.init_args or {}).get("plans")
        return plans if isinstance(plans, dict) else None

    @property
    def dataset_json(self) -> dict[str, Any] | None:
        """The ``dataset.json`` that it was trained with."""
        dataset = (self.init_args or {}).get("dataset_json")
        return dataset if isinstance(dataset, dict) else None

    @property
    def mirroring_axes(self) -> tuple[int, ...] | None:
        """The spatial axes along which inference mirrors; None where it does not."""
        axes = self.content.get("inference_allowed_mirroring_axes")
        if not isinstance(axes, tuple | list) or any(type(axis) is not int for axis in axes):
            return None
        return tuple(axes)

    @property
    def current_epoch(self) -> int | None:
        """The number of epochs that it was trained for."""
        epoch = self.content.get("current_epoch")
        return epoch if type(epoch) is int else None

    @cached_property
    def weights(self) -> Mapping[str, Tensor]:
        """The tensors of ``network_weights`` by name."""
        weights = self.content.get("network_weights")
        if not isinstance(weights, dict):
            return {}
        return {k: t for k, t in weights.items() if isinstance(k, str) and isinstance(t, Tensor)}

    @property
    def weight_names(self) -> tuple[str, ...]:
        """All keys of ``network_weights`` as text, whatever they stand for."""
        weights = self.content.get("network_weights")
        return tuple(map(str, weights)) if isinstance(weights, dict) else ()

    @property
    def wrapper_prefix(self) -> str | None:
        """The prefix of one wrapper or several (``module._orig_mod.``) that all weights have."""
        prefix = ""
        while found := next((p for p in WRAPPERS if self._all_begin(prefix + p)), None):
            prefix += found
        return prefix or None

    def _all_begin(self, prefix: str) -> bool:
        return bool(self.weights) and all(name.startswith(prefix) for name in self.weights)

    @property
    def storage_bytes(self) -> int:
        """Bytes of all storages."""
        return sum(storage.nbytes for storage in self.storages.values())

    @property
    def optimizer_bytes(self) -> int:
        """Bytes of storages in which no weight of the network lies."""
        used = {tensor.storage.key for tensor in self.weights.values()}
        return sum(s.nbytes for key, s in self.storages.items() if key not in used)

    @property
    def weights_only_loads(self) -> bool:
        """Whether ``torch.load(weights_only=True)`` takes it."""
        return not self.weights_only_refuses

    @cached_property
    def architecture(self) -> Architecture | None:
        """What the weights tell of the network; None for one that is not nnU-Net's own."""
        return _architecture(self.weights)


@dataclass(frozen=True)
class File:
    """A file to read a checkpoint from."""

    #: Opens it anew, at its start.
    open: Callable[[], IO[bytes]]
    #: Bytes.
    size: int
    #: Whether any byte can be reached without reading those before it.
    random_access: bool = True
    #: Its checksum, where the storage states one.
    crc: int | None = None

    @staticmethod
    def at(path: Path) -> File:
        """Return a file on disk."""
        return File(lambda: path.open("rb"), path.stat().st_size)


def read_checkpoint(file: File, depth: Depth = Depth.END) -> Checkpoint | BadCheckpoint:
    """Read a checkpoint as torch does: by the directory at its end.

    With ``Depth.START``, of one that has to be unpacked to get there, only the start is read and
    taken at its word, and ``directory_read`` is False: what torch reads may be something else.

    Raises TreeError where the package around it does not give its bytes.
    """
    try:
        if file.random_access:
            found = _from_directory(file.open(), file.size)
        elif depth is Depth.START and (start := _from_start(file)):
            return start
        elif depth is Depth.ALL:
            return _in_one_pass(file)
        else:
            found = _from_directory(_reread(file), file.size)
    except ContainerError as error:
        return BadCheckpoint(error.code, error.reason)
    if depth is Depth.ALL and isinstance(found, Checkpoint):
        return replace(found, every_byte=_every_byte(file, found))
    return found


def _in_one_pass(file: File) -> Checkpoint | BadCheckpoint:
    """Read a compressed checkpoint whole, and only once where its start can be taken at its word.

    What torch reads is then judged as ever, by the directory at its end.
    """
    try:
        start = _from_start(file)
    except ContainerError:
        start = None
    every = _every_byte(file, start) if isinstance(start, Checkpoint) else None
    found = _from_directory(_reread(file, every.tail if every else None), file.size)
    if isinstance(found, BadCheckpoint):
        return found
    if every is None or not isinstance(start, Checkpoint) or not _alike(start, found):
        every = _every_byte(file, found)
    return replace(found, every_byte=every)


def _alike(start: Checkpoint, found: Checkpoint) -> bool:
    """Whether the records are as long as the start alone made them out to be."""
    sizes = _sizes(found)
    return all(sizes.get(name) == size for name, size in _sizes(start).items())


def _sizes(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the bytes of records by name, as the directory says where it was read."""
    if checkpoint.records:
        return {record.name: record.size for record in checkpoint.records}
    start = f"{checkpoint.prefix}/data"
    sizes = {f"{start}/{key}": storage.nbytes for key, storage in checkpoint.storages.items()}
    return sizes | {f"{start}.pkl": checkpoint.pickle_size}


def _every_byte(file: File, checkpoint: Checkpoint) -> EveryByte:
    with file.open() as stream:
        sizes = _sizes(checkpoint)
        return read_every_byte(stream.read, checkpoint.prefix, sizes, checkpoint.weights)


def _reread(file: File, tail: bytes | None = None) -> IO[bytes]:
    stream = RereadStream(file.open, file.size, file.crc, MAX_TAIL, tail)
    return cast("IO[bytes]", stream)


def _from_start(file: File) -> Checkpoint | BadCheckpoint | None:
    """Read ``data.pkl`` where torch writes it, first of all; None where something else is first."""
    with file.open() as stream:
        source = Source(stream)
        bad = _bad(source)
        if bad:
            return bad
        header = read_local_header(source)
        prefix = _prefix(header.name)
        return _read_start(source, file.size, header, prefix) if prefix else None


def _from_directory(stream: IO[bytes], size: int) -> Checkpoint | BadCheckpoint:
    with stream:
        source = Source(stream)
        return _bad(source) or _read_directory(source, size)


def _bad(source: Source) -> BadCheckpoint | None:
    """Say what a file is that is no zip."""
    other = _other_format(source.peek(512))
    return BadCheckpoint("C001", other, _raw_pickle_issues(source)) if other else None


def _read_start(
    source: Source, size: int, header: Record, prefix: str
) -> Checkpoint | BadCheckpoint:
    """Read ``data.pkl``, the first record, and judge the rest by the size of the file."""
    _check_method(header)
    open_end = bool(header.flags & DESCRIPTOR)
    read = content_reader(source, header.method, None if open_end else header.compressed)
    scan = scan_pickle(read)
    if not scan.complete and source.count >= size:
        raise ContainerError("C002", f"the file ends inside data.pkl, after {size} bytes")
    issues = []
    if scan.complete and not _ends(source, read, scan, header, open_end=open_end):
        issues.append(PickleIssue("K004", "something follows the pickle's end", scan.size))
    needed = _least_size(scan, prefix)
    if scan.complete and header.method == STORED and size < needed:
        reason = f"the file has {size} bytes, its tensors need at least {needed}"
        issues.append(PickleIssue("C002", reason))
    return _checkpoint(source, prefix, scan, issues)


def _least_size(scan: PickleScan, prefix: str) -> int:
    """Return the bytes of a file that stores these tensors, without what aligns them."""
    names = ["data.pkl", "version", *(f"data/{key}" for key in scan.storages)]
    headers = sum(LEAST_HEADERS + 2 * len(f"{prefix}/{name}") for name in names)
    return scan.size + headers + sum(storage.nbytes for storage in scan.storages.values())


def _ends(source: Source, read: Read, scan: PickleScan, header: Record, *, open_end: bool) -> bool:
    """Say whether the record ends where the pickle does."""
    if not open_end or header.method == DEFLATED:
        return not scan.rest and not read(1)
    # A checksum and the size stand behind data of unknown length, as a rule after a signature.
    behind = (scan.rest + source.peek(16))[:16]
    return scan.size.to_bytes(4, "little") in {behind[4:8], behind[8:12]} or len(behind) < 16


def _read_directory(source: Source, size: int) -> Checkpoint | BadCheckpoint:
    """Read ``data.pkl`` where the directory says that it is, and compare all records with it."""
    records = read_directory(source, size)
    prefix = _common_prefix(records)
    pickles = [r for r in records if r.name == f"{prefix}/data.pkl"]
    if not pickles:
        raise ContainerError("C001", "a zip without data.pkl: not written by torch.save")
    _check_method(pickles[-1])
    read = open_record(source, pickles[-1])
    scan = scan_pickle(read)
    issues = list(_compare(records, prefix, scan.storages if scan.complete else None))
    if scan.complete and (scan.rest or read(1)):
        issues.append(PickleIssue("K004", "something follows the pickle's end", scan.size))
    elif scan.complete and scan.size != pickles[-1].size:
        reason = f"data.pkl has {scan.size} bytes, the directory states {pickles[-1].size}"
        issues.append(PickleIssue("C002", reason))
    found = _checkpoint(source, prefix, scan, issues)
    if isinstance(found, BadCheckpoint):
        return found
    return replace(found, records=records)


def _checkpoint(
    source: Source, prefix: str, scan: PickleScan, issues: list[PickleIssue]
) -> Checkpoint | BadCheckpoint:
    if any(name.startswith("__torch__.") for name in scan.refused):
        return BadCheckpoint("C001", "a TorchScript program, not a checkpoint", scan.issues)
    if not scan.complete:
        last = scan.issues[-1]
        return BadCheckpoint(last.code, last.message, (*scan.issues, *issues))
    refuses = [name for name in sorted(scan.globals) if _UNSAFE_FOR_TORCH.match(name)]
    if scan.protocol > 2:
        refuses.append(f"pickle protocol {scan.protocol}")
    return Checkpoint(
        prefix=prefix,
        issues=(*scan.issues, *issues),
        content=scan.value if isinstance(scan.value, dict) else {},
        storages=scan.storages,
        weights_only_refuses=tuple(refuses),
        bytes_read=source.count,
        pickle_size=scan.size,
    )


# The container.


def _other_format(head: bytes) -> str | None:
    """Say what a file that is no zip seems to be; None for a zip."""
    if head.startswith(b"PK\x03\x04"):
        return None
    for start, name in _FORMATS:
        if head.startswith(start):
            return name
    if head[257:262] == b"ustar":
        return "a tar archive, not a file of torch.save"
    if not head.strip(b"\0"):
        return "only zeros: an interrupted copy or download" if head else "an empty file"
    if head.lstrip().startswith(b"<"):
        return "a web page, not a file of torch.save: the download went wrong"
    return "not a file of torch.save (those are zip files)"


def _raw_pickle_issues(source: Source) -> tuple[PickleIssue, ...]:
    """Show dangerous globals of a file that is a row of bare pickles, as the legacy format is."""
    if source.peek(1) != b"\x80":
        return ()
    found: list[PickleIssue] = []
    for _ in range(5):
        scan = scan_pickle(source.read)
        found += [i for i in scan.issues if i.code in {"K001", "K002", "K003"}]
        if not scan.complete:
            break
        source.push_back(scan.rest)
    return tuple(found)


def _prefix(name: str) -> str | None:
    """Return the folder of ``<folder>/data.pkl``, None for any other name."""
    folder, slash, rest = name.partition("/")
    return folder if slash and folder and rest == "data.pkl" else None


def _common_prefix(records: tuple[Record, ...]) -> str:
    """Return the folder in which torch looks: that of the first record."""
    if not records:
        raise ContainerError("C001", "an empty zip")
    folder, slash, _ = records[0].name.partition("/")
    if not slash:
        found = any(r.name == "data.pkl" for r in records)
        reason = "its records are in no folder, so torch does not find them"
        raise ContainerError("C001", reason if found else "a zip that torch.save did not write")
    return folder


def _check_method(record: Record) -> None:
    if record.flags & ENCRYPTED:
        raise ContainerError("C001", "data.pkl is encrypted")
    if record.method not in {STORED, DEFLATED}:
        raise ContainerError("C001", f"compression method {record.method}, which torch can't read")


def _compare(
    records: tuple[Record, ...], prefix: str, storages: Mapping[str, Storage] | None
) -> Iterator[PickleIssue]:
    """Compare the records of the zip with what torch writes and with what the pickle declares.

    ``storages`` is None where the pickle did not come to its end.
    """
    start = len(prefix) + 1
    files = [r for r in records if not r.name.endswith("/")]
    inside = {r.name[start:]: r for r in files if r.name[:start] == f"{prefix}/"}
    if any(_TORCHSCRIPT.fullmatch(name) for name in inside):
        raise ContainerError("C001", "a TorchScript archive, not a checkpoint")
    if "version" not in inside:
        raise ContainerError("C001", "the record `version` is missing, so torch does not load it")
    for name, known in _CHECKSUMS.items():
        record = inside.get(name)
        if record and record.crc and record.crc not in known:  # 0 where torch states none
            raise ContainerError("C001", f"the record `{name}` does not hold what torch reads")
    strange = [r.name for r in files if r.name[:start] != f"{prefix}/"]
    strange += [r.name for name, r in inside.items() if not _MEMBERS.fullmatch(name)]
    strange += [r.name for r in records if r.name.endswith("/") and r.size]
    if strange:
        yield PickleIssue("K005", f"holds {_listed(strange)}, which torch does not write")
    if len(inside) + sum(r.name[:start] != f"{prefix}/" for r in files) < len(files):
        yield PickleIssue("K005", "holds two records of one name")
    yield from _gaps(records)
    if storages is not None:
        yield from _compare_storages(inside, storages)


def _gaps(records: tuple[Record, ...]) -> Iterator[PickleIssue]:
    """Yield where bytes of no record lie, or bytes of two: something could be hidden there."""
    place = 0
    for record in sorted(records, key=lambda r: r.offset):
        gap = record.offset - place
        if not 0 <= gap <= (_MAX_PADDING if place else 0):
            what = f"{gap} bytes of no record" if gap > 0 else "two records in one place"
            yield PickleIssue("K005", f"holds {what}, before {shown(record.name)}")
            return
        place = record.offset + LOCAL_SIZE + len(record.name.encode()) + record.compressed


def _compare_storages(
    inside: Mapping[str, Record], storages: Mapping[str, Storage]
) -> Iterator[PickleIssue]:
    declared = {f"data/{key}": storage for key, storage in storages.items()}
    missing = [name for name in declared if name not in inside]
    if missing:
        yield PickleIssue("C002", f"lacks the storages {_listed(missing)}")
    for name, storage in declared.items():
        record = inside.get(name)
        if record and record.size != storage.nbytes:
            reason = f"{name} has {record.size} bytes instead of {storage.nbytes}"
            yield PickleIssue("C002", reason)
            break
    idle = [n for n in inside if _STORAGE.fullmatch(n) and n not in declared]
    if idle:
        yield PickleIssue("K005", f"holds {_listed(idle)}, which no tensor uses")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shown, names[:3])) + more


# The content.


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class _NotPlainError(Exception):
    """A value with other parts than JSON has, or a cyclic or endless one."""


def _plain_dict(value: object) -> dict[str, Any] | None:
    """Copy a dict into plain values; None where it is no dict, or not plain throughout."""
    left = [_MAX_NODES]
    try:
        plain = _plain(value, left, _MAX_DEPTH)
    except _NotPlainError:
        return None
    return plain if isinstance(plain, dict) else None


def _plain(value: object, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise _NotPlainError
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Device):
        return str(value)
    if isinstance(value, dict):
        return {str(k): _plain(v, left, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = [_plain(part, left, depth - 1) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return None  # a tensor, an array or what was not built: of no interest here


def _architecture(weights: Mapping[str, Tensor]) -> Architecture | None:
    stems = {
        "ResidualEncoderUNet": weights.get("encoder.stem.convs.0.conv.weight"),
        "PlainConvUNet": weights.get("encoder.stages.0.0.convs.0.conv.weight"),
    }
    heads = [weights.get(f"decoder.seg_layers.{i}.weight") for i in range(len(weights))]
    used = next((head for head in reversed(heads) if head is not None), None)
    for name, stem in stems.items():
        if stem is None or used is None:
            continue
        dimensions = len(stem.shape) - 2
        if dimensions in {2, 3} and len(used.shape) == dimensions + 2:
            return Architecture(name, stem.shape[1], used.shape[0], dimensions)
    return None
