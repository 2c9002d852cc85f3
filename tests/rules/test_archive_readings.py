"""Zips that programs could read in two ways: one finding each, and none for what writers write."""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from build import NAME, TRAINER, findings, genuine, package
from raw_zip import DEFLATED, DESCRIPTOR, STORED, Entry, descriptor, extra, raw_zip, unicode_path

PLANS = f"{TRAINER}/plans.json".encode()
CHECKPOINT = f"{TRAINER}/fold_0/checkpoint_final.pth".encode()
LINK = struct.pack("<LHLHH", 0, 0o120777, 3, 0, 0) + b"abc"
Change = Callable[[Entry], Entry]


def entries(method: int = STORED, flags: int = 0) -> list[Entry]:
    return [Entry(name.encode(), data, method, flags) for name, data in genuine().items()]


def built(change: Change | None = None, method: int = STORED, flags: int = 0, **how: Any) -> bytes:
    """The genuine package with its checkpoint's entry changed."""
    found = entries(method, flags)
    return raw_zip([change(e) if change and e.name == CHECKPOINT else e for e in found], **how)


def local(**fields: Any) -> Change:
    return lambda entry: replace(entry, local=fields)


def central(**fields: Any) -> Change:
    return lambda entry: replace(entry, central=fields)


def both(**fields: Any) -> Change:
    return lambda entry: replace(entry, local=fields, central=fields)


def more(packed: bytes) -> Change:
    return lambda entry: replace(entry, packed=entry.content + packed)


def added(*new: Entry, method: int = STORED) -> bytes:
    return raw_zip([*entries(method), *new])


def of_size(amount: int) -> Change:
    return lambda entry: both(size=len(entry.data) + amount)(entry)


WRONG: dict[str, tuple[bytes, str, str]] = {
    "stored, size too large": (built(of_size(50)), "Z011", "it is not compressed"),
    "stored, size too small": (built(of_size(-50)), "Z011", "it is not compressed"),
    "deflated, more behind it": (
        built(lambda e: both(compressed=len(e.content) + 3)(more(b"xyz")(e)), DEFLATED),
        "Z002",
        "follows the end",
    ),
    "deflated, size too small": (built(of_size(-50), DEFLATED), "Z002", "more than stated"),
    "deflated, size too large": (built(of_size(50), DEFLATED), "Z002", "50 bytes less"),
    "deflated, no end": (
        built(lambda e: replace(e, packed=e.content[:-2]), DEFLATED),
        "Z002",
        "too early",
    ),
    "two zip64 fields": (built(central(extra=extra(1, b"") * 2)), "Z011", "two extra fields"),
    "zip64 that contradicts": (built(central(extra=extra(1, b"\1" * 8))), "Z011", "64-bit"),
    "a second name before the data": (
        built(local(extra=unicode_path(CHECKPOINT, b"x.txt"))),
        "Z011",
        "`x.txt`",
    ),
    "a second name of other letters": (
        built(central(extra=unicode_path(CHECKPOINT, "\uff58.txt".encode()))),
        "Z011",
        "second name",
    ),
    "a second name of another name": (
        built(central(extra=unicode_path(b"y", b"x.txt"))),
        "Z011",
        "second name",
    ),
    "a folder": (built(central(attributes=0x10, system=0)), "Z011", "marked as a folder"),
    "a folder of Unix": (built(central(attributes=0o040755 << 16)), "Z011", "marked as a folder"),
    "a reparse point": (built(central(attributes=0x420, system=0)), "Z011", "marked as a link"),
    "setuid": (built(central(attributes=0o104755 << 16)), "Z011", "setuid"),
    "no kind of file": (
        built(central(attributes=0o030644 << 16)),
        "Z011",
        "not that of any kind of file",
    ),
    "a link of PKWARE": (
        built(both(extra=extra(13, bytes(12) + b"/etc/passwd"))),
        "Z011",
        "a link or a device",
    ),
    "a link of ASi": (built(local(extra=extra(0x756E, LINK))), "Z011", "a link or a device"),
    "attributes for streams": (built(local(extra=extra(0x6C78, b"\7"))), "Z011", "6c78"),
    "masked headers": (built(both(flags=0x2000)), "Z011", "flags that no writer sets"),
    "disk 7": (built(central(disk=7)), "Z011", "on disk 7"),
    "disk 7 at the end": (built(end={"disk": 7}), "Z011", "several disks"),
    "an end in the comment": (
        raw_zip(entries(), comment=b"PK\5\6 and more", after=b""),
        "Z002",
        "can't be read",
    ),
    "a locator to elsewhere": (
        built(wide={"at": 0}),
        "Z011",
        "does not point to the record before it",
    ),
    "zip64 that says more": (built(wide={"size": 60}), "Z011", "72 bytes instead of 56"),
    "zip64 that contradicts the end": (built(wide={}, end={"here": 2}), "Z011", "contradict"),
    "places that are moved": (built(shift=-10), "Z011", "not at the place that its last record"),
    "sizes behind the data that differ": (
        built(lambda e: replace(e, after=bytes(16)), DEFLATED, DESCRIPTOR),
        "Z011",
        "the sizes after its data",
    ),
    "a false end in stored data": (
        added(Entry(f"{TRAINER}/fold_0/x.png".encode(), b"x" + descriptor(Entry(b"", b"x")), 0, 8)),
        "Z011",
        "looks like them",
    ),
    "a device of Windows": (added(Entry(f"{TRAINER}/aux.txt".encode())), "Z003", "device"),
    "a stream of Windows": (added(Entry(CHECKPOINT + b"::$DATA")), "Z007", "are the same name"),
    "a dot at the end": (added(Entry(CHECKPOINT + b".")), "Z007", "are the same name"),
    "a blank at the end": (added(Entry(CHECKPOINT + b" ")), "Z007", "are the same name"),
    "dots at the end of a folder": (
        added(Entry(CHECKPOINT.replace(b"fold_0", b"fold_0.."))),
        "Z007",
        "are the same name",
    ),
    "a name that Python alters on Windows": (
        added(Entry(b"a/x?y"), Entry(b"a/x_y")),
        "Z007",
        "are the same name",
    ),
    "a short name": (
        added(Entry(CHECKPOINT.replace(b"checkpoint_final", b"CHECKP~1"))),
        "Z007",
        "are the same name",
    ),
    "letters that HFS+ passes over": (
        added(Entry(CHECKPOINT.replace(b"final", "fi\u200cnal".encode()), flags=0x800)),
        "Z007",
        "are the same name",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_can_be_read_in_two_ways_is_one_error(what: str, tmp_path: Path) -> None:
    data, code, says = WRONG[what]
    (tmp_path / NAME).write_bytes(data)
    found = findings(tmp_path / NAME, "Z")
    assert [f.code for f in found] == [code], found
    assert says in found[0].message


def of_explorer() -> bytes:
    """As Windows Explorer zips a folder: attributes of MS-DOS, and no entries for folders."""
    return raw_zip(
        replace(e, central={"system": 0, "attributes": 0x20, "version": 20})
        for e in entries(DEFLATED)
    )


def of_macos() -> bytes:
    """As macOS' ditto and Archive Utility: sizes behind the data, times and owners beside it."""
    times = extra(0x5855, bytes(8) + b"\xf5\1\x14\0")
    folder = Entry(f"{TRAINER}/".encode(), local={"extra": times}, central={"extra": times[:-4]})
    folder = replace(folder, central={"extra": extra(0x5855, bytes(8))})
    files = [
        replace(
            entry,
            local={"extra": times},
            central={"extra": extra(0x5855, bytes(8)), "system": 3, "attributes": 0o100644 << 16},
        )
        for entry in entries(DEFLATED, DESCRIPTOR)
    ]
    return raw_zip([folder, *files])


def of_java() -> bytes:
    """As Java's and Go's writers: streams, and folders that are compressed too."""
    folder = Entry(f"{TRAINER}/".encode(), b"", DEFLATED, DESCRIPTOR | 0x800)
    files = entries(DEFLATED, DESCRIPTOR | 0x800)
    return raw_zip(replace(e, central={"system": 0, "attributes": 0}) for e in [folder, *files])


def with_times() -> bytes:
    """As Info-ZIP: times and owners of Unix."""
    fields = extra(0x5455, b"\3" + bytes(8)) + extra(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0")
    short = extra(0x5455, b"\3" + bytes(4)) + extra(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0")
    return raw_zip(
        replace(e, local={"extra": fields}, central={"extra": short}) for e in entries(DEFLATED)
    )


def wide() -> bytes:
    """As a writer that knows no sizes before: 64 bits in fields and behind the data."""
    zeros = extra(1, bytes(16))
    return raw_zip(
        (
            replace(
                e,
                local={"extra": zeros, "size": 0xFFFFFFFF, "compressed": 0xFFFFFFFF},
                after=descriptor(e, form="<LQQ"),
            )
            for e in entries(DEFLATED, DESCRIPTOR)
        ),
        wide={},
    )


def of_python(method: int, *, pipe: bool = False, large: bool = False) -> bytes:
    out = _Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = b"by hand"
        for name, data in genuine().items():
            with archive.open(name, "w", force_zip64=large) as stream:
                stream.write(data)
    return out.getvalue()


class _Pipe(io.BytesIO):
    """What can't be sought."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


RIGHT: dict[str, Callable[[], bytes]] = {
    "Explorer": of_explorer,
    "macOS": of_macos,
    "Java and Go": of_java,
    "Info-ZIP's times": with_times,
    "64 bits": wide,
    "zip64 without need": lambda: built(wide={}),
    "zip64 with full fields": lambda: built(
        wide={}, end={"start": 0xFFFFFFFF, "length": 0xFFFFFFFF, "here": 0xFFFF, "entries": 0xFFFF}
    ),
    "a group's folder": lambda: added(
        Entry(f"{TRAINER}/".encode(), central={"attributes": 0o042775 << 16 | 0x10})
    ),
    "attributes of Windows": lambda: built(central(attributes=0x2027, system=0)),
    "PKWARE's times": lambda: built(both(extra=extra(13, bytes(12)))),
    "sizes without a mark": lambda: built(
        lambda e: replace(e, after=descriptor(e, b"")), DEFLATED, DESCRIPTOR
    ),
    "Python": lambda: of_python(DEFLATED),
    "Python, stored": lambda: of_python(STORED),
    "Python, LZMA": lambda: of_python(zipfile.ZIP_LZMA),
    "Python, bzip2": lambda: of_python(zipfile.ZIP_BZIP2),
    "Python, a stream": lambda: of_python(DEFLATED, pipe=True),
    "Python, a stored stream": lambda: of_python(STORED, pipe=True),
    "Python, a stream of LZMA": lambda: of_python(zipfile.ZIP_LZMA, pipe=True),
    "Python, 64 bits": lambda: of_python(DEFLATED, large=True),
    "Python, a stream of 64 bits": lambda: of_python(DEFLATED, pipe=True, large=True),
}


@pytest.mark.parametrize("what", RIGHT)
@pytest.mark.parametrize("deep", [False, True])
def test_what_writers_write_is_silent(what: str, deep: bool, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(RIGHT[what]())
    assert findings(tmp_path / NAME, "Z", deep=deep) == []


PROGRAMS = {
    "zip": "zip -qr {zip} .",
    "zip without folders": "zip -qrD {zip} .",
    "zip, stored": "zip -qr0 {zip} .",
    "zip, bzip2": "zip -qr -Z bzip2 {zip} .",
    "zip, a comment": "echo by hand | zip -qrz {zip} .",
    "zip, a stream": "zip -qr - . | cat > {zip}",
    "zip, 64 bits": "zip -qr -fz {zip} .",
    "7z": "7z a -bd -tzip {zip} . > log",
    "7z, LZMA": "7z a -bd -tzip -mm=LZMA {zip} . > log",
    "bsdtar": "bsdtar -acf {zip} *",
    "bsdtar, a stream": "bsdtar --format zip -cf - * | cat > {zip}",
    "jar": "jar cfM {zip} *",
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_what_programs_write_is_silent(what: str, tmp_path: Path) -> None:
    program = re.match(r"\w+", what)
    if os.name == "nt" or not program or shutil.which(program[0]) is None:
        pytest.skip("the program is not here; tests/consumers fails without them")
    folder = tmp_path / "files"
    with zipfile.ZipFile(package(tmp_path, name="source.zip")) as archive:
        archive.extractall(folder)
    command = PROGRAMS[what].format(zip=tmp_path / NAME)
    subprocess.run(command, shell=True, check=True, cwd=folder)
    (folder / "log").unlink(missing_ok=True)
    assert findings(tmp_path / NAME, "Z") == []
    assert findings(tmp_path / NAME, "Z", deep=True) == []
