"""Read a checkpoint of nnU-Net without torch and without executing it.

It is read as torch reads it: the directory at the end says where ``data.pkl`` is. Every storage
that the pickle declares is compared with its record.

Nothing raises for the content of a file. A file that is not a checkpoint becomes a `BadCheckpoint`;
defects inside one become its ``issues``, with the codes of the rules that report them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from ..findings import Problem
from ..storage.depth import Depth
from ..storage.rereading import RereadStream
from ..storage.zip_format import CENTRAL_SIZE, DEFLATED, DESCRIPTOR, ENCRYPTED, STORED
from .limits import ALONE, MAX_PICKLES, Limits
from .model import (
    BadCheckpoint,
    Checkpoint,
    architecture_of,
    plain_dict,
    tensors_by_name,
)
from .pickle_scan import PickleScan, scan_pickle
from .records import common_prefix, compare_records
from .torch_zip import (
    LEAST_HEADERS,
    MAX_TAIL,
    ContainerError,
    CountedStream,
    Read,
    Record,
    content_reader,
    open_record,
    read_directory,
    read_local_header,
)

if TYPE_CHECKING:
    from .every_byte import EveryByte

#: Globals that ``torch.load(weights_only=True)`` refuses unless they are declared safe.
_UNSAFE_FOR_TORCH = re.compile(r"numpy\.|collections\.defaultdict|(builtins|__builtin__)\.(?!set)")

#: The beginnings of other files that people take for a checkpoint, and what they are.
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
#: Bytes of the pickle that are read at once: a server answers one request faster than many.
_AT_ONCE = 1 << 20


class File(NamedTuple):
    """A file from which a checkpoint is read."""

    #: Opens it at its start, each time that it is called.
    open: Callable[[], IO[bytes]]
    #: Bytes.
    size: int
    #: Whether the opened stream is seekable.
    random_access: bool = True
    #: Its checksum, if the storage states one.
    crc: int | None = None
    limits: Limits = ALONE

    @staticmethod
    def at(path: Path) -> File:
        """Return a file on disk."""
        return File(lambda: path.open("rb"), path.stat().st_size)


def read_checkpoint(file: File, depth: Depth = Depth.END) -> Checkpoint | BadCheckpoint:
    """Read a checkpoint as torch does: by the directory at its end.

    With ``Depth.START`` only the start of a compressed checkpoint is read, and ``directory_read``
    is False: torch may find another pickle by the directory.

    Raises TreeError if its bytes can't be read from the package.
    """
    try:
        if file.random_access:
            found = _from_directory(file.open(), file)
        elif depth is Depth.START and (start := _from_start(file)):
            return start
        elif depth is Depth.ALL:
            return _in_one_pass(file)
        else:
            found = _from_directory(_reread(file), file)
    except ContainerError as error:
        return BadCheckpoint(error.code, error.reason)
    if depth is Depth.ALL and isinstance(found, Checkpoint):
        return found._replace(every_byte=_every_byte(file, found))
    return found


def _in_one_pass(file: File) -> Checkpoint | BadCheckpoint:
    """Read a compressed checkpoint whole, in one pass if its start agrees with its directory.

    The result is always what the directory at its end says, as torch reads it.
    """
    try:
        start = _from_start(file)
    except ContainerError:
        start = None
    sizes: dict[str, int] = {}
    every = None
    if isinstance(start, Checkpoint):
        sizes, every = _sizes(start), _every_byte(file, start)
    del start  # two large ones at a time take more memory than the limits on one
    found = _from_directory(_reread(file, every.tail if every else None), file)
    if isinstance(found, BadCheckpoint):
        return found
    if every is None or not sizes.items() <= _sizes(found).items():
        every = _every_byte(file, found)
    return found._replace(every_byte=every)


def _sizes(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the bytes of records by name, from the directory if it was read, else the pickle."""
    if checkpoint.records:
        return {record.name: record.size for record in checkpoint.records}
    start = f"{checkpoint.prefix}/data"
    sizes = {f"{start}/{key}": storage.nbytes for key, storage in checkpoint.storages.items()}
    return sizes | {f"{start}.pkl": checkpoint.pickle_size}


def _every_byte(file: File, checkpoint: Checkpoint) -> EveryByte:
    from .every_byte import read_every_byte  # noqa: PLC0415 - only `--deep` needs it

    with file.open() as stream:
        sizes = _sizes(checkpoint)
        most = file.limits.directory // CENTRAL_SIZE
        return read_every_byte(stream.read, checkpoint.prefix, sizes, checkpoint.weights, most)


def _reread(file: File, tail: bytes | None = None) -> IO[bytes]:
    stream = RereadStream(file.open, file.size, file.crc, MAX_TAIL, tail)
    return cast("IO[bytes]", stream)


def _from_start(file: File) -> Checkpoint | BadCheckpoint | None:
    """Read ``data.pkl``, which torch writes first; None if another record is first."""
    with file.open() as raw:
        stream = CountedStream(raw)
        bad = _bad(stream, file.limits)
        if bad:
            return bad
        header = read_local_header(stream)
        prefix = _prefix(header.name)
        return _read_start(stream, file, header, prefix) if prefix else None


def _from_directory(raw: IO[bytes], file: File) -> Checkpoint | BadCheckpoint:
    with raw:
        stream = CountedStream(raw)
        return _bad(stream, file.limits) or _read_directory(stream, file)


def _bad(stream: CountedStream, limits: Limits) -> BadCheckpoint | None:
    """Return what a file is if it is not a zip."""
    other = _other_format(stream.peek(512))
    return BadCheckpoint("C001", other, _raw_issues(stream, limits)) if other else None


def _read_start(
    stream: CountedStream, file: File, header: Record, prefix: str
) -> Checkpoint | BadCheckpoint:
    """Read ``data.pkl``, the first record, and check only the size of the rest."""
    _check_method(header)
    open_end = bool(header.flags & DESCRIPTOR)
    read = content_reader(stream, header.method, None if open_end else header.compressed)
    scan = scan_pickle(read, file.limits)
    if not scan.complete and stream.count >= file.size:
        raise ContainerError("C002", f"the file ends inside data.pkl, after {file.size} bytes")
    issues = []
    if scan.complete and not _ends(stream, read, scan, header, open_end=open_end):
        issues.append(_follows(scan))
    needed = _least_size(scan, prefix)
    if scan.complete and header.method == STORED and file.size < needed:
        reason = f"the file has {file.size} bytes, its tensors need at least {needed}"
        issues.append(Problem(reason, code="C002"))
    return _checkpoint(stream, file, prefix, scan, issues)


def _follows(scan: PickleScan) -> Problem:
    message = "something follows the pickle's end"
    return Problem(message, steps=("data.pkl", scan.size), code="K004")


def _least_size(scan: PickleScan, prefix: str) -> int:
    """Return the size of a file that stores these tensors, without the bytes that align them."""
    names = ["data.pkl", "version", *(f"data/{key}" for key in scan.storages)]
    headers = sum(LEAST_HEADERS + 2 * len(f"{prefix}/{name}") for name in names)
    return scan.size + headers + sum(storage.nbytes for storage in scan.storages.values())


def _ends(
    stream: CountedStream, read: Read, scan: PickleScan, header: Record, *, open_end: bool
) -> bool:
    """Return whether the record ends where the pickle does."""
    if not open_end or header.method == DEFLATED:
        return not scan.rest and not read(1)
    # A checksum and the size follow data of unknown length, usually after a signature.
    after = (scan.rest + stream.peek(16))[:16]
    return scan.size.to_bytes(4, "little") in {after[4:8], after[8:12]} or len(after) < 16


def _read_directory(stream: CountedStream, file: File) -> Checkpoint | BadCheckpoint:
    """Read ``data.pkl`` where the directory says that it is, and compare all records with it."""
    records = read_directory(stream, file.size, file.limits.directory)
    prefix = common_prefix(records)
    pickles = [r for r in records if r.name == f"{prefix}/data.pkl"]
    if not pickles:
        raise ContainerError("C001", "a zip without data.pkl: not written by torch.save")
    _check_method(pickles[-1])
    read = open_record(stream, pickles[-1])
    stream.peek(min(pickles[-1].compressed, _AT_ONCE))
    scan = scan_pickle(read, file.limits)
    issues = list(compare_records(records, prefix, scan.storages if scan.complete else None))
    if scan.complete and (scan.rest or read(1)):
        issues.append(_follows(scan))
    elif scan.complete and scan.size != pickles[-1].size:
        reason = f"data.pkl has {scan.size} bytes, the directory states {pickles[-1].size}"
        issues.append(Problem(reason, code="C002"))
    found = _checkpoint(stream, file, prefix, scan, issues)
    if isinstance(found, BadCheckpoint):
        return found
    return found._replace(records=records)


def _checkpoint(
    stream: CountedStream, file: File, prefix: str, scan: PickleScan, issues: list[Problem]
) -> Checkpoint | BadCheckpoint:
    if any(name.startswith("__torch__.") for name in scan.refused):
        return BadCheckpoint("C001", "a TorchScript program, not a checkpoint", scan.issues)
    if not scan.complete:
        last = scan.issues[-1]
        return BadCheckpoint(last.code, last.message, (*scan.issues, *issues))
    refuses = [name for name in sorted(scan.globals) if _UNSAFE_FOR_TORCH.match(name)]
    if scan.protocol > 2:
        refuses.append(f"pickle protocol {scan.protocol}")
    content = scan.value if isinstance(scan.value, dict) else {}
    weights = tensors_by_name(content.get("network_weights"))
    return Checkpoint(
        prefix=prefix,
        issues=(*scan.issues, *issues),
        content=content,
        storages=scan.storages,
        weights_only_refuses=tuple(refuses),
        bytes_read=stream.count,
        weights=weights,
        init_args=plain_dict(content.get("init_args"), file.limits.nodes),
        architecture=architecture_of(weights),
        pickle_size=scan.size,
    )


# The container.


def _other_format(head: bytes) -> str | None:
    """Return what a file seems to be if it is not a zip; None for a zip."""
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


def _raw_issues(stream: CountedStream, limits: Limits) -> tuple[Problem, ...]:
    """Return the dangerous globals of a file of bare pickles, such as the legacy format."""
    if stream.peek(1) != b"\x80":
        return ()
    found: list[Problem] = []
    for _ in range(MAX_PICKLES):
        scan = scan_pickle(stream.read, limits.shared(MAX_PICKLES))
        found += [i for i in scan.issues if i.code in {"K001", "K002", "K003"}]
        if not scan.complete:
            break
        stream.push_back(scan.rest)
    return tuple(found)


def _prefix(name: str) -> str | None:
    """Return the folder of ``<folder>/data.pkl``; None for any other name."""
    folder, slash, rest = name.partition("/")
    return folder if slash and folder and rest == "data.pkl" else None


def _check_method(record: Record) -> None:
    if record.flags & ENCRYPTED:
        raise ContainerError("C001", "data.pkl is encrypted")
    if record.method not in {STORED, DEFLATED}:
        raise ContainerError("C001", f"compression method {record.method}, which torch can't read")
