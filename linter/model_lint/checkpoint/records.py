"""Compare the records of a checkpoint with what torch writes and with what its pickle declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from zlib import crc32

from ..findings import Problem
from ..storage.zip_format import LOCAL_SIZE
from .pickle_values import Storage, shown
from .torch_zip import ContainerError, Record

#: Records that torch writes, in the folder that is named after the file.
_MEMBERS = re.compile(
    r"data\.pkl|byteorder|version|\.format_version|\.storage_alignment|data/\d+"
    r"|\.data/serialization_id"
)
#: Checksums of the possible contents of two of them: torch reads versions 1 to 10 and two orders of
#: bytes.
_CHECKSUMS = {
    "version": {crc32(f"{number}{end}".encode()) for number in range(1, 11) for end in ("\n", "")},
    "byteorder": {crc32(order) for order in (b"little", b"big")},
}
_STORAGE = re.compile(r"data/\d+")
_TORCHSCRIPT = re.compile(r"constants\.pkl|code/.*")
#: Bytes between two records at most: an extra field that aligns the data, and sizes after the data.
_MAX_PADDING = 0xFFFF + 24


def common_prefix(records: tuple[Record, ...]) -> str:
    """Return the folder in which torch finds the records: that of the first one."""
    if not records:
        raise ContainerError("C001", "an empty zip")
    folder, slash, _ = records[0].name.partition("/")
    if not slash:
        found = any(r.name == "data.pkl" for r in records)
        reason = "its records are not in a folder, so torch does not find them"
        raise ContainerError("C001", reason if found else "a zip that torch.save did not write")
    return folder


def compare_records(
    records: tuple[Record, ...], prefix: str, storages: Mapping[str, Storage] | None
) -> Iterator[Problem]:
    """Compare the records of the zip with what torch writes and with what the pickle declares.

    ``storages`` is None if the pickle has no end.
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
            raise ContainerError(
                "C001", f"the record `{name}` contains something that torch does not read"
            )
    strange = [r.name for r in files if r.name[:start] != f"{prefix}/"]
    strange += [r.name for name, r in inside.items() if not _MEMBERS.fullmatch(name)]
    strange += [r.name for r in records if r.name.endswith("/") and r.size]
    if strange:
        yield Problem(f"contains {_listed(strange)}, which torch does not write", code="K005")
    if len(inside) + sum(r.name[:start] != f"{prefix}/" for r in files) < len(files):
        yield Problem("contains two records of one name", code="K005")
    yield from _gaps(records)
    if storages is not None:
        yield from _compare_storages(inside, storages)


def _gaps(records: tuple[Record, ...]) -> Iterator[Problem]:
    """Yield the first bytes that belong to no record, or to two: they could hide something."""
    place = 0
    for record in sorted(records, key=lambda r: r.offset):
        gap = record.offset - place
        if not 0 <= gap <= (_MAX_PADDING if place else 0):
            what = f"{gap} bytes of no record" if gap > 0 else "two records in one place"
            yield Problem(f"contains {what}, before {shown(record.name)}", code="K005")
            return
        place = record.offset + LOCAL_SIZE + len(record.name.encode()) + record.compressed


def _compare_storages(
    inside: Mapping[str, Record], storages: Mapping[str, Storage]
) -> Iterator[Problem]:
    declared = {f"data/{key}": storage for key, storage in storages.items()}
    missing = [name for name in declared if name not in inside]
    if missing:
        yield Problem(f"missing storages: {_listed(missing)}", code="C002")
    for name, storage in declared.items():
        record = inside.get(name)
        if record and record.size != storage.nbytes:
            reason = f"{name} has {record.size} bytes instead of {storage.nbytes}"
            yield Problem(reason, code="C002")
            break
    idle = [n for n in inside if _STORAGE.fullmatch(n) and n not in declared]
    if idle:
        yield Problem(f"contains {_listed(idle)}, which no tensor uses", code="K005")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shown, names[:3])) + more
