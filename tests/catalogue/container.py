"""How it is zipped: methods, flags, names, headers, and what only looks like a zip."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

from build import CHECKPOINT, NAME, Case, Files, full, inside, judged, move, of_bytes, put, zipped

CENTRAL, END = b"PK\1\2", b"PK\5\6"
PLAIN = NAME.removesuffix(".zip")
WEIGHTS, DATASET = full(CHECKPOINT), full("dataset.json")


def stored(files: Files) -> bytes:
    return zipped(files.items())


def deflated(files: Files) -> bytes:
    return zipped(files.items(), zipfile.ZIP_DEFLATED)


def each(**fields: Any) -> Callable[[Files], bytes]:
    """Zip the files with these fields of ``ZipInfo`` in every entry."""

    def make(files: Files) -> bytes:
        entries: list[tuple[str | zipfile.ZipInfo, bytes]] = []
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            for field, value in fields.items():
                setattr(info, field, value)
            entries.append((info, data))
        return zipped(entries)

    return make


def overwritten(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def record(data: bytes, name: str) -> int:
    """Return where the record of an entry begins in the directory."""
    return data.rindex(CENTRAL, 0, data.rindex(name.encode()))


def of_another_size(files: Files) -> bytes:
    data = stored(files)
    short = struct.pack("<I", len(files[WEIGHTS]) - 100)
    return overwritten(data, record(data, WEIGHTS) + 20, short + short)


def at_another_place(files: Files) -> bytes:
    data = deflated(files)
    return overwritten(data, record(data, WEIGHTS) + 42, struct.pack("<I", 7))


def of_two_disks(files: Files) -> bytes:
    data = deflated(files)
    return overwritten(data, data.rindex(END) + 4, struct.pack("<HH", 1, 1))


def holed(files: Files) -> bytes:
    data = stored(files)
    return overwritten(data, data.index(files[WEIGHTS]) + len(files[WEIGHTS]) // 2, bytes(1000))


def tarred(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), 1)


def swapped(files: Files) -> tuple[str, bytes]:
    """Return another ``dataset.json``, in which the labels have the values of each other."""
    data = files[DATASET].replace(b'"sc": 1', b'"sc": 2').replace(b'"gm": 2', b'"gm": 1')
    return DATASET, data


CASES: list[Case] = [
    # Other tools, other settings.
    of_bytes("zip-stored", "nothing compressed", stored),
    of_bytes("zip-reversed", "entries in reverse order",
             lambda files: deflated(dict(reversed(files.items())))),
    of_bytes("zip-mode-000", "files without any permission",
             each(external_attr=stat.S_IFREG << 16)),
    of_bytes("zip-timestamps", "extended time stamps, as Info-ZIP writes",
             each(extra=struct.pack("<HHBI", 0x5455, 5, 1, 1726400000))),
    of_bytes("zip-entry-comments", "a comment on every entry", each(comment=b"from the release")),
    judged("zip-dot-slash", "names that start with ./", inside(".")),
    judged("zip-upper-case", "an ending in capitals: .ZIP", zip_name=f"{PLAIN}.ZIP"),
    judged("zip-utf8-name", "a file with an accent in its name",
           put("fold_0/r\u00e9sum\u00e9.txt", "notes\n")),
    judged("zip-wrapper-nfd", "a wrapper with a decomposed accent in its name",
           inside("mode\u0300le")),
    # Not a zip, or not a whole one.
    of_bytes("tar-gz", "a tar.gz", tarred, zip_name=f"{PLAIN}.tar.gz"),
    of_bytes("zip-of-zip", "a zip that holds the zip",
             lambda files: zipped([("model.zip", deflated(files))])),
    of_bytes("zip-start-missing", "the first 1000 bytes are missing",
             lambda files: deflated(files)[1000:]),
    of_bytes("zip-hole", "a thousand zeros in the middle of the checkpoint", holed),
    of_bytes("zip-size-differs", "a smaller size of the checkpoint in the directory",
             of_another_size),
    of_bytes("zip-offset-wrong", "the directory points to a wrong place", at_another_place),
    of_bytes("zip-two-disks", "the directory says that there are two disks", of_two_disks),
    # Names.
    judged("name-absolute", "names that start with /", inside("")),
    judged("name-parent-hides", "dataset.json under a name with ..",
           *(move(name, f"x/../{name}") for name in ("dataset.json", "dataset_fingerprint.json"))),
    judged("name-drive", "names that start with a drive", inside("C:")),
    of_bytes(
        "name-double-slash",
        "names with two slashes",
        lambda files: deflated({path.replace("/", "//"): data for path, data in files.items()}),
    ),
    judged("name-deep", "a path of 60 folders", put("d/" * 60 + "notes.txt", "deep\n")),
    of_bytes("name-twice-same", "dataset.json twice, the same",
             lambda files: zipped([*files.items(), (DATASET, files[DATASET])])),
    of_bytes("name-twice-bad-last", "dataset.json twice, the last one with swapped labels",
             lambda files: zipped([*files.items(), swapped(files)])),
    of_bytes("name-twice-bad-first", "dataset.json twice, the first one with swapped labels",
             lambda files: zipped([swapped(files), *files.items()])),
    of_bytes("zip-bomb", "100 MB of zeros in 100 kB",
             lambda files: deflated({**files, full("fold_0/notes.txt"): bytes(100 << 20)})),
    judged("zip-many-entries", "two thousand empty files",
           *(put(f"notes/{i}.txt") for i in range(2000))),
]  # fmt: skip
