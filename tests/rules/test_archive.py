"""The rules about the zip itself: real zips of the genuine model, each broken in one way."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from build import (
    MODEL,
    NAME,
    TRAINER,
    Case,
    assert_case,
    changed,
    findings,
    genuine,
    inside,
    package,
    patch_entry,
    put,
    unpacked,
    write_zip,
)
from checkpoint_files import resaved
from model_lint.findings import Severity
from model_lint.storage import zip_directory

LOG = f"{TRAINER}/fold_0/progress.png"
PLANS = f"{TRAINER}/plans.json"
CHECKPOINT = f"{TRAINER}/fold_0/checkpoint_final.pth"


def case(code: str, what: str, build: Callable[[Path], Path], **more: Any) -> Case:
    more["also"] = frozenset(more.get("also", ()))
    return Case(code, what, build, **more)


def data(code: str, what: str, content: bytes, **more: Any) -> Case:
    def build(folder: Path) -> Path:
        (folder / NAME).write_bytes(content)
        return folder / NAME

    return case(code, what, build, **more)


def bytes_of(code: str, what: str, change: Callable[[bytes], bytes], **more: Any) -> Case:
    """A case of the genuine package whose bytes are changed."""

    def build(folder: Path) -> Path:
        path = package(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return case(code, what, build, **more)


def entries(code: str, what: str, *extra: zipfile.ZipInfo | str, **more: Any) -> Case:
    """A case of the genuine package with more entries, as they are."""

    def build(folder: Path) -> Path:
        files: list[tuple[str | zipfile.ZipInfo, bytes]] = [*genuine().items()]
        added = [(entry, b"" if str(entry).endswith("/") else b"{}") for entry in extra]
        return write_zip(folder / NAME, [*files, *added])

    return case(code, what, build, **more)


def patched(
    code: str,
    what: str,
    name: str,
    *,
    also: Iterable[str] = (),
    says: str = "",
    deep: bool = False,
    judged: str = "",
    **how: int,
) -> Case:
    def build(folder: Path) -> Path:
        return patch_entry(package(folder), name, **how)

    return case(code, what, build, also=also, says=says, deep=deep, judged=judged)


def linked(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def raw(name: str) -> zipfile.ZipInfo:
    """An entry whose name zipfile would clean."""
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    return info


def compressed(method: int) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / NAME, "w", method) as archive:
            for name, content in genuine().items():
                archive.writestr(name, content)
        return folder / NAME

    return build


def filled(folder: Path) -> Path:
    """A zip with data in the entry of a folder."""
    return write_zip(folder / NAME, [(f"{TRAINER}/fold_0/", b"hidden"), *genuine().items()])


def named_twice(name: str, second: str) -> Callable[[Path], Path]:
    """A zip with Info-ZIP's field for names beyond ASCII, which Python 3.13 reads."""
    info = zipfile.ZipInfo(name)
    told = struct.pack("<BL", 1, zlib.crc32(name.encode())) + second.encode()
    info.extra = struct.pack("<HH", 0x7075, len(told)) + told
    return lambda folder: write_zip(folder / NAME, [*genuine().items(), (info, b"")])


def streamed(folder: Path) -> Path:
    """A zip written to a pipe: sizes follow the data, as in ``torch.save`` and ``zip -``."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, block: Any) -> int:
            self.data += block
            return len(block)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in genuine().items():
            archive.writestr(name, content)
    (folder / NAME).write_bytes(bytes(pipe.data))
    return folder / NAME


def with_folders(folder: Path) -> Path:
    files = genuine()
    folders = [f"{TRAINER}/", f"{TRAINER}/fold_0/"]
    return write_zip(folder / NAME, [*((f, b"") for f in folders), *files.items()])


def of_windows(folder: Path) -> Path:
    """As Explorer writes it: no Unix modes, no entries for folders, flags for UTF-8."""
    infos = []
    for name, content in genuine().items():
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 0, 0x20
        infos.append((info, content))
    return write_zip(folder / NAME, infos)


def zip64(folder: Path) -> Path:
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        for name, content in genuine().items():
            with archive.open(name, "w", force_zip64=True) as stream:
                stream.write(content)
    return folder / NAME


def commented(folder: Path) -> Path:
    path = package(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"zipped by hand"
    return path


def aligned(folder: Path) -> Path:
    """As zipalign writes it: zeros in the extra field, shorter than a field's head."""
    infos = []
    for name, content in genuine().items():
        info = zipfile.ZipInfo(name)
        info.extra = bytes(3)
        infos.append((info, content))
    return write_zip(folder / NAME, infos)


def accented(folder: Path) -> Path:
    return package(folder, put("fold_0/é.md"), put("fold_0/日本.md"))


def spliced(folder: Path, at: Callable[[zipfile.ZipFile], int], data: bytes) -> Path:
    """A package with bytes put in between, and every offset behind them corrected."""
    path = package(folder)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        place, directory = at(archive), archive.start_dir
    head, tail = bytearray(content[:directory]), bytearray(content[directory:])
    pos = 0
    while tail[pos : pos + 4] == b"PK\1\2":
        lengths = struct.unpack_from("<HHH", tail, pos + 28)
        (offset,) = struct.unpack_from("<L", tail, pos + 42)
        struct.pack_into("<L", tail, pos + 42, offset + len(data) * (offset >= place))
        pos += 46 + sum(lengths)
    struct.pack_into("<L", tail, pos + 16, directory + len(data))
    path.write_bytes(bytes(head[:place]) + data + bytes(head[place:]) + bytes(tail))
    return path


def hidden(folder: Path) -> Path:
    """An entry that only a program finds that goes from header to header."""
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 1, 1, 1, 0)
    return spliced(folder, lambda a: after(a, LOG), header + b"xx")


def padded(folder: Path) -> Path:
    return spliced(folder, lambda a: a.start_dir, bytes(64))


def marked(folder: Path) -> Path:
    return spliced(folder, lambda _: 0, b"PK00")


def after(archive: zipfile.ZipFile, name: str) -> int:
    """Where the data of an entry ends."""
    info = archive.getinfo(name)
    return info.header_offset + 30 + len(name) + info.compress_size


def local(code: str, what: str, position: int, value: int, **more: Any) -> Case:
    """A case of one byte changed in the header before an entry."""

    def build(folder: Path) -> Path:
        path = package(folder)
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            content[archive.getinfo(LOG).header_offset + position] = value
        path.write_bytes(content)
        return path

    return case(code, what, build, **more)


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(MODEL / "plans.json", PLANS)
    return out.getvalue()


def backslashes(folder: Path) -> Path:
    files = [(raw(name.replace("/", "\\")), content) for name, content in genuine().items()]
    return write_zip(folder / NAME, files)


def cut_out(content: bytes) -> bytes:
    """Lose bytes from the middle of the checkpoint."""
    return content[:60_000] + content[61_000:]


def flipped(name: str, place: int = 5) -> Callable[[Path], Path]:
    """Change one byte of an entry's data."""

    def build(folder: Path) -> Path:
        path = package(folder)
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            at = archive.getinfo(name).header_offset + 30 + len(name) + place
        content[at] ^= 1
        path.write_bytes(content)
        return path

    return build


def renamed(old: bytes, new: bytes) -> Callable[[Path], Path]:
    """Change what stands before the data of the log, but not in the directory."""

    def build(folder: Path) -> Path:
        path = package(folder)
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            (log,) = (i for i in archive.infolist() if i.filename.endswith(".txt"))
        found = content.index(old, log.header_offset)
        path.write_bytes(content[:found] + new + content[found + len(new) :])
        return path

    return build


def unsafe(what: str, name: str, says: str, **more: Any) -> Case:
    return entries("Z003", what, raw(name), says=says, **{"also": {"L015"}} | more)


Z2 = "Z002"
CASES = [
    data("Z001", "a tar", tar(), says="no zip directory"),
    data("Z001", "a tar.gz", gzip.compress(tar()), says="gzip", judged="not-a-zip-tar"),
    data("Z001", "7z", b"7z\xbc\xaf'\x1c" + bytes(100), says="7z"),
    data("Z001", "RAR", b"Rar!\x1a\x07" + bytes(100), says="RAR"),
    data(
        "Z001", "a git-lfs pointer", b"version https://git-lfs.github.com/spec/v1\n", says="git-lfs"
    ),
    data(
        "Z001",
        "a web page",
        b"<!DOCTYPE html><html>Not found</html>",
        says="web page",
        judged="not-a-zip-text",
    ),
    data("Z001", "text", b"hello", says="no zip directory"),
    changed("Z001", "a zip", fires=False),
    data(Z2, "empty", b"", says="empty", judged="not-a-zip-empty"),
    bytes_of(
        Z2,
        "truncated by a byte",
        lambda b: b[:-1],
        says="end is missing",
        judged="zip-truncated-byte",
    ),
    bytes_of(
        Z2,
        "half of it",
        lambda b: b[: len(b) // 2],
        says="end is missing",
        judged="zip-truncated",
        example=True,
    ),
    bytes_of(Z2, "only the first bytes", lambda b: b[:5], says="end is missing"),
    bytes_of(Z2, "bytes lost", cut_out),
    bytes_of(Z2, "only the directory", lambda b: b[b.index(b"PK\1\2") :]),
    bytes_of(Z2, "directory overwritten", lambda b: b.replace(b"PK\1\2", b"XX\1\2")),
    case(Z2, "a damaged plans.json", flipped(PLANS), says="CRC", at="plans.json"),
    case(
        Z2,
        "a damaged trainer_class.py",
        flipped(f"{TRAINER}/trainer_class.py"),
        at="trainer_class.py",
    ),
    case(
        Z2,
        "another name before the data",
        renamed(b"training_log", b"trainyng_log"),
        says="header",
        judged="zip-name-differs",
    ),
    case(Z2, "no header", renamed(b"PK\3\4", b"PK\3\5"), says="no entry begins"),
    changed(Z2, "a zip", fires=False),
    case(Z2, "deflated", compressed(zipfile.ZIP_DEFLATED), fires=False),
    case(Z2, "streamed", streamed, fires=False, judged="zip-streamed"),
    case(Z2, "with entries for folders", with_folders, fires=False, judged="zip-folder-entries"),
    case(Z2, "of Windows", of_windows, fires=False, judged="zip-windows"),
    case(Z2, "zip64", zip64, fires=False, judged="zip-zip64"),
    case(Z2, "with a comment", commented, fires=False, judged="zip-comment"),
    bytes_of(Z2, "with bytes before", lambda b: b"#!/bin/sh\n" + b, fires=False, also={"Z011"}),
    unsafe("an absolute path", "/etc/passwd", "absolute", at="!//etc/passwd"),
    unsafe("a name that leads out of the folder with ..", "../x.txt", "`..`", judged="name-parent"),
    unsafe(
        "a name with .. that stays inside",
        f"{TRAINER}/../x.txt",
        "`..`",
        judged="name-parent-inside",
    ),
    unsafe("a drive", "C:/x.txt", "drive letter"),
    unsafe("a backslash", f"{TRAINER}\\x.txt", "backslash", also=()),
    unsafe(
        "a name with a NUL inside",
        f"{TRAINER}/fold_0/training_log_1.txt\0.exe",
        "NUL",
        also=(),
        judged="name-nul",
    ),
    unsafe("a long name", f"{TRAINER}/{'x' * 300}", "255 bytes", judged="name-too-long"),
    case(
        "Z003", "backslashes everywhere", backslashes, says="other entries", judged="name-backslash"
    ),
    entries("Z003", "dots in a name", f"{TRAINER}/x..y", fires=False, also={"L015"}),
    entries("Z003", "a folder with dots", f"{TRAINER}/...", fires=False, also={"L015"}),
    entries(
        "Z004",
        "a symbolic link that nothing reads",
        linked(f"{TRAINER}/fold_0/training_log_1.txt"),
        judged="symlink-unused",
    ),
    case(
        "Z004",
        "a linked dataset.json",
        lambda f: replaced(f, f"{TRAINER}/dataset.json", b"../x.json"),
        judged="symlink-dataset",
    ),
    case(
        "Z004",
        "a linked checkpoint",
        lambda f: replaced(f, CHECKPOINT, b"../x.pth"),
        judged="symlink-checkpoint",
    ),
    entries(
        "Z004",
        "an entry that is a device",
        linked(f"{TRAINER}/fold_0/training_log_1.txt", stat.S_IFCHR),
        judged="device-entry",
    ),
    entries("Z004", "a pipe", linked(f"{TRAINER}/fold_0/training_log_1.txt", stat.S_IFIFO)),
    entries(
        "Z004", "a file", linked(f"{TRAINER}/fold_0/training_log_1.txt", stat.S_IFREG), fires=False
    ),
    entries("Z004", "no mode", linked(f"{TRAINER}/fold_0/training_log_1.txt", 0), fires=False),
    patched("Z005", "a picture that is encrypted", LOG, flags=1),
    patched("Z005", "plans.json", PLANS, flags=1),
    patched("Z005", "the checkpoint", CHECKPOINT, flags=1, judged="zip-encrypted"),
    patched("Z005", "strong encryption", LOG, flags=0x41),
    changed("Z005", "none", fires=False),
    patched("Z006", "Zstandard", LOG, method=93, says="Zstandard", judged="zip-zstd"),
    patched("Z006", "Deflate64", PLANS, method=9, says="Deflate64", judged="zip-deflate64"),
    patched("Z006", "unknown", CHECKPOINT, method=77, says="unknown"),
    patched("Z006", "patched data", LOG, flags=0x20, says="patched"),
    case("Z006", "bzip2", compressed(zipfile.ZIP_BZIP2), fires=False, judged="zip-bzip2"),
    case("Z006", "LZMA", compressed(zipfile.ZIP_LZMA), fires=False, judged="zip-lzma"),
    entries("Z007", "a name twice", LOG, says="more than once"),
    entries("Z007", "the same path", raw(f"{TRAINER}//plans.json"), says="more than once"),
    entries(
        "Z007",
        "two names that differ in case only",
        f"{TRAINER}/Plans.json",
        says="macOS",
        also={"L015"},
        judged="name-case-twice",
    ),
    entries("Z007", "a folder in another case", f"{TRAINER}/Fold_0/x.txt", also={"L015"}),
    entries(
        "Z007",
        "another spelling",
        f"{TRAINER}/fold_0/é.txt",
        f"{TRAINER}/fold_0/e\u0301.txt",
        also={"L015"},
    ),
    entries(
        "Z007",
        "a file and a folder",
        f"{TRAINER}/plans.json/x.txt",
        says="both",
        judged="file-and-folder",
    ),
    entries("Z007", "a folder twice", f"{TRAINER}/fold_0/", f"{TRAINER}/fold_0/", fires=False),
    changed("Z007", "none", fires=False),
    changed("Z008", ".DS_Store", put(".DS_Store"), severity=Severity.WARNING),
    changed("Z008", "at the top", put("/.DS_Store"), severity=Severity.WARNING),
    changed(
        "Z008", "__MACOSX", put(f"/__MACOSX/{TRAINER}/._plans.json"), severity=Severity.WARNING
    ),
    changed(
        "Z008",
        "a whole copy",
        *(put(f"/__MACOSX/{p}") for p in genuine()),
        severity=Severity.WARNING,
        says="8 files",
    ),
    changed("Z008", "Thumbs.db", put("fold_0/Thumbs.db")),
    changed(
        "Z008",
        "beside the wrapper",
        inside("Dataset101_x"),
        put("/.DS_Store"),
        severity=Severity.ERROR,
    ),
    changed(
        "Z008",
        "__MACOSX beside the wrapper",
        inside("Dataset101_x"),
        put("/__MACOSX/._x"),
        severity=Severity.WARNING,
        also={"L005"},
    ),
    changed("Z008", "none", fires=False),
    case(
        "Z009",
        "folders in folders",
        lambda f: write_zip(f / NAME, [("a/" * 40 + "x", b"")]),
        says="40 deep",
    ),
    changed("Z009", "none", fires=False),
    case(
        "Z010",
        "a picture",
        flipped(LOG),
        deep=True,
        says="checksum",
        at=LOG,
        judged="zip-crc-picture",
    ),
    case("Z010", "a picture not read", flipped(LOG), fires=False),
    case(
        "Z010",
        "a checkpoint",
        flipped(CHECKPOINT, 20_000),
        deep=True,
        at=".pth",
        judged="zip-crc-checkpoint",
    ),
    case("Z010", "a damaged plans.json", flipped(PLANS), deep=True, fires=False, also={Z2}),
    changed("Z010", "none", deep=True, fires=False),
    case("Z010", "deflated", compressed(zipfile.ZIP_DEFLATED), deep=True, fires=False),
    case("Z010", "LZMA", compressed(zipfile.ZIP_LZMA), deep=True, fires=False),
    case("Z010", "streamed", streamed, deep=True, fires=False),
    case("Z010", "zip64", zip64, deep=True, fires=False),
    patched("Z005", "a picture, read", LOG, flags=1, deep=True),
    bytes_of(
        "Z011",
        "a self-extracting stub before the zip",
        lambda b: b"#!/bin/sh\n" + b,
        says="10 bytes before",
        judged="zip-leading-stub",
    ),
    bytes_of("Z011", "bytes behind", lambda b: b + b"xyz", says="3 bytes after the end"),
    bytes_of("Z011", "a zip before", lambda b: b + b, says="before the first entry"),
    case("Z011", "an entry that the directory lacks", hidden, says="belong to no entry", at=LOG),
    case("Z011", "bytes before the directory", padded, says="64 bytes after it"),
    local("Z011", "method", 8, 8, says="method 8 in its header", at=LOG),
    local("Z011", "checksum", 14, 1, says="CRC 0x", at=LOG),
    local("Z011", "size", 22, 1, says="size"),
    local("Z011", "packed size", 18, 0, says="packed size"),
    local("Z011", "encrypted", 6, 1, says="encrypted"),
    bytes_of(
        "Z011", "number of entries", lambda b: b[:-12] + b"\7\0" + b[-10:], says="counts 7 entries"
    ),
    case("Z011", "a folder with data", filled, says="is a folder, but has data"),
    case("Z011", "a second name", named_twice("x.png", "y.png"), says="`y.png`", also={"L015"}),
    case("Z011", "the same name twice", named_twice("x.png", "x.png"), fires=False, also={"L015"}),
    case(
        "Z011", "its name in Unicode", named_twice("#U00e8", "\u00e8"), fires=False, also={"L015"}
    ),
    changed("Z011", "none", fires=False),
    case("Z011", "streamed", streamed, fires=False),
    case("Z011", "zip64", zip64, fires=False),
    case("Z011", "with a comment", commented, fires=False),
    bytes_of(
        "Z011",
        "filled with zeros",
        lambda b: b + bytes(5000),
        fires=False,
        judged="zip-trailing-bytes",
    ),
    case("Z011", "aligned", aligned, fires=False),
    case("Z011", "marked by a splitting tool", marked, fires=False),
    case("Z011", "of Windows", of_windows, fires=False),
    case("Z011", "names beyond ASCII", accented, fires=False, also={"L015"}),
]


def replaced(folder: Path, name: str, target: bytes) -> Path:
    """Write a package in which a file is a symbolic link."""
    files: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        (linked(name), target) if name == path else (path, content)
        for path, content in genuine().items()
    ]
    return write_zip(folder / NAME, files)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "Z", "L", "D")


def test_a_folder_with_junk_is_told(tmp_path: Path) -> None:
    found = findings(unpacked(tmp_path, put("fold_0/.DS_Store")), "Z", "L")
    assert [(f.code, f.severity) for f in found] == [("Z008", Severity.WARNING)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: [(f"{n}", b"") for n in range(101)], "more than 100 entries"),
        (lambda: [("a/" * 40 + "x", b"")], "nested 40 deep"),
    ],
)
def test_a_zip_beyond_the_limits_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any], reason: str
) -> None:
    monkeypatch.setattr(zip_directory, "MAX_ENTRIES", 100)
    found = findings(write_zip(tmp_path / NAME, change()))
    assert [f.code for f in found] == ["Z009"]
    assert reason in found[0].message


def deflated(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("entries", [1, 10])
def test_what_swells_beyond_the_limits_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr(zip_directory, "MAX_DENSE_BYTES", 1 << 20)
    bomb = [(f"{TRAINER}/{n}", bytes((1 << 20) // entries + 1000)) for n in range(entries)]
    found = findings(deflated(tmp_path / NAME, [*genuine().items(), *bomb]))
    assert [(f.code, "200th" in f.message) for f in found] == [("Z009", True)]


def test_nothing_genuine_swells_like_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even an optimizer's state of zeros, a log of one line again and again."""
    monkeypatch.setattr(zip_directory, "MAX_DENSE_BYTES", 0)

    def idle(checkpoint: dict[str, Any]) -> None:
        for state in checkpoint["optimizer_state"]["state"].values():
            state["momentum_buffer"].zero_()

    line = "2026-11-23 14:06:03.123456: train_loss -0.5 \n"
    log = "".join(line.replace("06:03", f"{n // 60:02}:{n % 60:02}") for n in range(3600))
    changes = (
        put("fold_0/checkpoint_final.pth", resaved(idle)),
        put("fold_0/training_log_1.txt", log),
    )
    assert findings(deflated(tmp_path / NAME, genuine(*changes).items()), "Z") == []


def test_entries_that_share_their_data_are_told(tmp_path: Path) -> None:
    """A bomb of one block of data that many records of the directory point at."""
    path = package(tmp_path, put("a", bytes(1000)), put("b"))
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo(f"{TRAINER}/a")
    start = raw.rindex(f"{TRAINER}/b".encode()) - 46  # its record in the directory
    record = bytearray(raw[start : start + 46])
    struct.pack_into("<LLL", record, 16, first.CRC, first.compress_size, first.file_size)
    struct.pack_into("<L", record, 42, first.header_offset)
    path.write_bytes(raw[:start] + record + raw[start + 46 :])
    found = findings(path, "Z")
    assert {f.code for f in found} == {"Z002", "Z011"}
    assert any("overlaps that of other entries" in f.message for f in found)


def test_many_entries_take_no_quadratic_time(tmp_path: Path) -> None:
    """Names that differ in case, in one folder: each rule walks them once."""
    names = [f"{TRAINER}/{'A' if n % 2 else 'a'}{n // 2}.txt" for n in range(20_000)]
    files = [*genuine().items(), *((name, b"") for name in names)]
    found = findings(write_zip(tmp_path / NAME, files), "Z", "L", "D")
    assert {f.code for f in found} == {"Z007", "L015"}
    assert len(found) < 50
