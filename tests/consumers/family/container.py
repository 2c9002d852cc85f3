"""How it is zipped: methods, flags, names, headers, and what only looks like a zip."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable

from .sample import CHECKPOINT, DATE, FINAL, TRAINER, Files, at, zip_sample, zipped

CENTRAL, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"


def _with_infos(files: Files, change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            change(info)
            archive.writestr(info, data)
    return buffer.getvalue()


def _patched(data: bytes, name: str, *, central: int, local: int, value: bytes) -> bytes:
    """Overwrite a field of a member in both of its headers."""
    out = bytearray(data)
    for signature, offset, name_at in ((CENTRAL, central, 46), (LOCAL, local, 30)):
        start = _header(data, signature, name_at, name)
        out[start + offset : start + offset + len(value)] = value
    return bytes(out)


def _header(data: bytes, signature: bytes, name_at: int, name: str) -> int:
    start = data.find(signature)
    while data[start + name_at : start + name_at + len(name)] != name.encode():
        start = data.find(signature, start + 1)
        if start < 0:
            raise ValueError(f"no header of {name}")
    return start


def _raw(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Write a stored zip by hand, with names that zipfile would not write."""
    import binascii

    body, directory = b"", b""
    for name, data in entries:
        crc = binascii.crc32(data)
        common = struct.pack("<HHHHIII", 0, 0, 0, 0x21, crc, len(data), len(data))
        directory += CENTRAL + struct.pack("<HH", 20, 20) + common
        directory += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, len(body)) + name
        body += LOCAL + struct.pack("<H", 20) + common + struct.pack("<HH", len(name), 0)
        body += name + data
    count = len(entries)
    end = END + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


class _Stream(io.RawIOBase):
    """A sink that can't seek, so that zipfile writes data descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


# Other tools, other settings.


@zip_sample("zip-stored", "nothing compressed")
def _(files: Files) -> bytes:
    return zipped(files, zipfile.ZIP_STORED)


@zip_sample("zip-bzip2", "compressed with bzip2")
def _(files: Files) -> bytes:
    return zipped(files, zipfile.ZIP_BZIP2)


@zip_sample("zip-lzma", "compressed with LZMA")
def _(files: Files) -> bytes:
    return zipped(files, zipfile.ZIP_LZMA)


@zip_sample("zip-streamed", "streamed: sizes in data descriptors")
def _(files: Files) -> bytes:
    stream = _Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.writestr(name, data)
    return bytes(stream.data)


@zip_sample("zip-zip64", "ZIP64 headers")
def _(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    return buffer.getvalue()


@zip_sample("zip-folder-entries", "an entry for every folder, as the Finder and zip -r write")
def _(files: Files) -> bytes:
    return zipped({f"{TRAINER}/": b"", at("fold_0/"): b"", **files})


@zip_sample("zip-empty-folder", "an empty folder in the trainer folder")
def _(files: Files) -> bytes:
    return zipped({**files, at("empty/"): b""})


@zip_sample("zip-reversed", "entries in reverse order")
def _(files: Files) -> bytes:
    return zipped(dict(reversed(files.items())))


@zip_sample("zip-comment", "a comment on the zip")
def _(files: Files) -> bytes:
    data = zipped(files)
    comment = b"model_seg_sc-gm_t2star r20240915"
    return data[:-2] + struct.pack("<H", len(comment)) + comment


@zip_sample("zip-windows", "written on Windows: no Unix modes")
def _(files: Files) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        info.create_system, info.external_attr = 0, 0x20

    return _with_infos(files, change)


@zip_sample("zip-mode-000", "files without any permission")
def _(files: Files) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = stat.S_IFREG << 16

    return _with_infos(files, change)


@zip_sample("zip-timestamps", "extended time stamps, as Info-ZIP writes")
def _(files: Files) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        info.extra = struct.pack("<HHBI", 0x5455, 5, 1, 1726400000)

    return _with_infos(files, change)


@zip_sample("zip-entry-comments", "a comment on every entry")
def _(files: Files) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        info.comment = b"from the release"

    return _with_infos(files, change)


@zip_sample("zip-dot-slash", "names that start with ./")
def _(files: Files) -> bytes:
    return zipped({f"./{path}": data for path, data in files.items()})


@zip_sample("zip-upper-case", "an ending in capitals: .ZIP", suffix=".ZIP")
def _(files: Files) -> bytes:
    return zipped(files)


@zip_sample("zip-utf8-name", "a file with an accent in its name")
def _(files: Files) -> bytes:
    return zipped({**files, at("fold_0/r\u00e9sum\u00e9.txt"): b"notes\n"})


@zip_sample("zip-wrapper-nfd", "a wrapper with a decomposed accent in its name")
def _(files: Files) -> bytes:
    return zipped({f"mode\u0300le/{path}": data for path, data in files.items()})


@zip_sample("zip-leading-stub", "a self-extracting stub before the zip")
def _(files: Files) -> bytes:
    return b'#!/bin/sh\nexec unzip -q "$0"\n' + zipped(files)


@zip_sample("zip-trailing-bytes", "bytes after the end of the zip")
def _(files: Files) -> bytes:
    return zipped(files) + b"\0" * 16


# Not a zip, or not a whole one.


@zip_sample("not-a-zip-text", "a page of text in place of the zip")
def _(files: Files) -> bytes:
    return b"<!DOCTYPE html><title>404</title>Not Found\n"


@zip_sample("not-a-zip-empty", "an empty file in place of the zip")
def _(files: Files) -> bytes:
    return b""


@zip_sample("not-a-zip-tar", "a tar.gz that is called .zip")
def _(files: Files) -> bytes:
    return _tar(files)


@zip_sample("tar-gz", "a tar.gz", suffix=".tar.gz")
def _(files: Files) -> bytes:
    return _tar(files)


def _tar(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), 1)


@zip_sample("zip-of-zip", "a zip that holds the zip")
def _(files: Files) -> bytes:
    return zipped({"model.zip": zipped(files)})


@zip_sample("zip-empty", "a zip without entries")
def _(files: Files) -> bytes:
    return zipped({})


@zip_sample("zip-truncated", "the last third is missing")
def _(files: Files) -> bytes:
    data = zipped(files)
    return data[: len(data) * 2 // 3]


@zip_sample("zip-truncated-byte", "the last byte is missing")
def _(files: Files) -> bytes:
    return zipped(files)[:-1]


@zip_sample("zip-start-missing", "the first 1000 bytes are missing")
def _(files: Files) -> bytes:
    return zipped(files)[1000:]


@zip_sample("zip-hole", "a thousand zeros in the middle of the checkpoint")
def _(files: Files) -> bytes:
    data = zipped(files, zipfile.ZIP_STORED)
    middle = data.index(files[CHECKPOINT]) + len(files[CHECKPOINT]) // 2
    return data[:middle] + bytes(1000) + data[middle + 1000 :]


@zip_sample("zip-crc-checkpoint", "one bit of the checkpoint flipped: its CRC is wrong")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files, zipfile.ZIP_STORED))
    data[data.index(files[CHECKPOINT]) + len(files[CHECKPOINT]) // 2] ^= 1
    return bytes(data)


@zip_sample("zip-crc-picture", "one bit of progress.png flipped: its CRC is wrong")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files, zipfile.ZIP_STORED))
    data[data.index(files[at("fold_0/progress.png")]) + 600] ^= 1
    return bytes(data)


@zip_sample("zip-zstd", "a member said to be compressed with Zstandard")
def _(files: Files) -> bytes:
    return _patched(zipped(files), CHECKPOINT, central=10, local=8, value=b"\x5d\0")


@zip_sample("zip-deflate64", "a member said to be compressed with Deflate64")
def _(files: Files) -> bytes:
    return _patched(zipped(files), CHECKPOINT, central=10, local=8, value=b"\x09\0")


@zip_sample("zip-encrypted", "a member said to be encrypted")
def _(files: Files) -> bytes:
    return _patched(zipped(files), CHECKPOINT, central=8, local=6, value=b"\x01\0")


@zip_sample("zip-name-differs", "another name in the local header than in the directory")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files))
    start = _header(bytes(data), LOCAL, 30, CHECKPOINT)
    data[start + 30 + len(CHECKPOINT) - 1] = ord("X")
    return bytes(data)


@zip_sample("zip-size-differs", "a smaller size of the checkpoint in the directory")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files, zipfile.ZIP_STORED))
    start = _header(bytes(data), CENTRAL, 46, CHECKPOINT)
    short = struct.pack("<I", len(files[CHECKPOINT]) - 100)
    data[start + 20 : start + 28] = short + short
    return bytes(data)


@zip_sample("zip-offset-wrong", "the directory points to a wrong place")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files))
    start = _header(bytes(data), CENTRAL, 46, CHECKPOINT)
    data[start + 42 : start + 46] = struct.pack("<I", 7)
    return bytes(data)


@zip_sample("zip-two-disks", "the directory says that there are two disks")
def _(files: Files) -> bytes:
    data = bytearray(zipped(files))
    end = data.rindex(END)
    data[end + 4 : end + 8] = struct.pack("<HH", 1, 1)
    return bytes(data)


# Names.


@zip_sample("name-backslash", "backslashes in the names, as old Windows tools write")
def _(files: Files) -> bytes:
    return _raw([(path.replace("/", "\\").encode(), data) for path, data in files.items()])


@zip_sample("name-absolute", "names that start with /")
def _(files: Files) -> bytes:
    return zipped({f"/{path}": data for path, data in files.items()})


@zip_sample("name-parent", "a name that leads out of the folder with ..")
def _(files: Files) -> bytes:
    return zipped({**files, f"{TRAINER}/../../evil.txt": b"out\n"})


@zip_sample("name-parent-inside", "a name with .. that stays inside")
def _(files: Files) -> bytes:
    return zipped({**files, f"{TRAINER}/fold_0/../notes.txt": b"in\n"})


@zip_sample("name-parent-hides", "dataset.json under a name with ..")
def _(files: Files) -> bytes:
    changed = {p.replace(at("dataset"), at("x/../dataset")): d for p, d in files.items()}
    return zipped(changed)


@zip_sample("name-drive", "names that start with a drive")
def _(files: Files) -> bytes:
    return zipped({f"C:/{path}": data for path, data in files.items()})


@zip_sample("name-double-slash", "names with two slashes")
def _(files: Files) -> bytes:
    return zipped({path.replace("/", "//"): data for path, data in files.items()})


@zip_sample("name-nul", "a name with a NUL inside")
def _(files: Files) -> bytes:
    return _raw([*((p.encode(), d) for p, d in files.items()), (b"notes\0.txt", b"in\n")])


@zip_sample("name-too-long", "a name of 300 characters")
def _(files: Files) -> bytes:
    return zipped({**files, at("x" * 300): b"long\n"})


@zip_sample("name-deep", "a path of 60 folders")
def _(files: Files) -> bytes:
    return zipped({**files, at("d/" * 60 + "notes.txt"): b"deep\n"})


@zip_sample("name-twice-same", "dataset.json twice, the same")
def _(files: Files) -> bytes:
    entry = (at("dataset.json").encode(), files[at("dataset.json")])
    return _raw([*((p.encode(), d) for p, d in files.items()), entry])


@zip_sample("name-twice-bad-last", "dataset.json twice, the last one with swapped labels")
def _(files: Files) -> bytes:
    good = files[at("dataset.json")]
    bad = good.replace(b'"sc": 1', b'"sc": 2').replace(b'"gm": 2', b'"gm": 1')
    entry = (at("dataset.json").encode(), bad)
    return _raw([*((p.encode(), d) for p, d in files.items()), entry])


@zip_sample("name-twice-bad-first", "dataset.json twice, the first one with swapped labels")
def _(files: Files) -> bytes:
    good = files[at("dataset.json")]
    bad = good.replace(b'"sc": 1', b'"sc": 2').replace(b'"gm": 2', b'"gm": 1')
    entry = (at("dataset.json").encode(), bad)
    return _raw([entry, *((p.encode(), d) for p, d in files.items())])


@zip_sample("name-case-twice", "two names that differ in case only")
def _(files: Files) -> bytes:
    return zipped({**files, at("Plans.json"): b"{}"})


@zip_sample("file-and-folder", "a file and a folder of one name")
def _(files: Files) -> bytes:
    return _raw([(at("fold_0").encode(), b""), *((p.encode(), d) for p, d in files.items())])


@zip_sample("symlink-checkpoint", "the checkpoint is a symbolic link")
def _(files: Files) -> bytes:
    return _link(files, CHECKPOINT, b"../../elsewhere/checkpoint_final.pth")


@zip_sample("symlink-dataset", "dataset.json is a symbolic link")
def _(files: Files) -> bytes:
    return _link(files, at("dataset.json"), b"../dataset.json")


@zip_sample("symlink-unused", "a symbolic link that nothing reads")
def _(files: Files) -> bytes:
    return _link({**files, at("fold_0/latest"): b""}, at("fold_0/latest"), FINAL.encode())


def _link(files: Files, name: str, target: bytes) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        if info.filename == name:
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    return _with_infos({**files, name: target}, change)


@zip_sample("device-entry", "an entry that is a device")
def _(files: Files) -> bytes:
    def change(info: zipfile.ZipInfo) -> None:
        if info.filename == at("null"):
            info.create_system, info.external_attr = 3, (stat.S_IFCHR | 0o666) << 16

    return _with_infos({**files, at("null"): b""}, change)


@zip_sample("zip-bomb", "100 MB of zeros in 100 kB")
def _(files: Files) -> bytes:
    return zipped({**files, at("fold_0/notes.txt"): bytes(100 << 20)})


@zip_sample("zip-many-entries", "two thousand empty files")
def _(files: Files) -> bytes:
    return zipped({**files, **{at(f"notes/{i}.txt"): b"" for i in range(2000)}})
