"""Zips in which two programs may find two different checkpoints: one trick each, and mixtures."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from build import TRAINER, genuine
from checkpoint_files import rezipped, slim
from raw_zip import (
    BZIP2,
    DEFLATED,
    DESCRIPTOR,
    STORED,
    Entry,
    descriptor,
    extra,
    packed,
    raw_zip,
    unicode_path,
)

PATH = f"{TRAINER}/fold_0/checkpoint_final.pth"
#: A pickle that calls a function when torch loads it.
EVIL_PICKLE = b"\x80\x02cposix\ngetpid\n)R."


@dataclass(frozen=True)
class Subject:
    """A file in a zip that somebody wants to be taken for another."""

    name: bytes
    #: What is meant to be judged, and what is meant to be loaded.
    good: bytes
    evil: bytes
    #: The name of another file beside it, and the content of all others.
    other: bytes
    others: Mapping[bytes, bytes]


@cache
def package_subject() -> Subject:
    """The checkpoint in a package."""
    evil = rezipped(slim(), {"data.pkl": EVIL_PICKLE})
    beside = {path.encode(): data for path, data in genuine().items() if path != PATH}
    other = f"{TRAINER}/fold_0/progress.png".encode()
    return Subject(PATH.encode(), slim(), evil, other, beside)


@cache
def checkpoint_subject() -> Subject:
    """The pickle in a checkpoint."""
    with zipfile.ZipFile(io.BytesIO(slim())) as archive:
        members = {name.encode(): archive.read(name) for name in archive.namelist()}
    name, *_ = members
    good = members.pop(name)
    return Subject(name, good, EVIL_PICKLE, name.replace(b"data.pkl", b"byteorder"), members)


@dataclass(frozen=True)
class Style:
    """How the entries of a zip are written."""

    name: str
    method: int
    flags: int = 0
    subject: Subject = field(default_factory=package_subject)

    def entry(self, name: bytes, data: bytes, **more: Any) -> Entry:
        """Return an entry of this style."""
        return Entry(name, data, self.method, self.flags, **more)


def styles(subject: Subject | None = None) -> tuple[Style, ...]:
    """Return the ways in which entries are written."""
    of = subject or package_subject()
    return (
        Style("stored", STORED, 0, of),
        Style("deflated", DEFLATED, 0, of),
        Style("streamed", DEFLATED, DESCRIPTOR, of),
        Style("streamed stored", STORED, DESCRIPTOR, of),
        Style("bzip2", BZIP2, 0, of),
    )


def others(style: Style) -> list[Entry]:
    """Return what a package holds beside its checkpoint."""
    return [style.entry(name, data) for name, data in style.subject.others.items()]


def besides(style: Style) -> list[Entry]:
    """Return the same without the one whose place a trick takes."""
    return [entry for entry in others(style) if entry.name != style.subject.other]


def package(style: Style, *checkpoint: Entry, last: bool = True, **how: Any) -> bytes:
    """Return a package with these entries for a checkpoint."""
    rest = others(style)
    return raw_zip([*rest, *checkpoint] if last else [*checkpoint, *rest], **how)


Trick = Callable[[Style], bytes]
_TRICKS: dict[str, Trick] = {}


def trick(build: Trick) -> Trick:
    """Register a trick under the name of its function."""
    _TRICKS[build.__name__.replace("_", " ")] = build
    return build


# ------------------------------------------------------------------------------ sizes and data


def _both(style: Style, first: bytes, second: bytes, size: int, crc: bytes) -> bytes:
    """Two checkpoints in one entry."""
    data = packed(first, style.method) + packed(second, style.method)
    entry = style.entry(style.subject.name, first, packed=data)
    fields = {"size": size, "crc": zlib.crc32(crc)}
    return package(style, replace(entry, central=fields, local={} if style.flags else fields))


@trick
def another_behind_it(style: Style) -> bytes:
    return _both(
        style, style.subject.good, style.subject.evil, len(style.subject.good), style.subject.good
    )


@trick
def another_before_it(style: Style) -> bytes:
    return _both(
        style, style.subject.evil, style.subject.good, len(style.subject.good), style.subject.good
    )


@trick
def another_behind_it_and_the_size_of_both(style: Style) -> bytes:
    return _both(
        style,
        style.subject.good,
        style.subject.evil,
        len(style.subject.good + style.subject.evil),
        style.subject.good + style.subject.evil,
    )


@trick
def more_bytes_than_said(style: Style) -> bytes:
    return _both(style, style.subject.good, b"x", len(style.subject.good), style.subject.good)


@trick
def fewer_bytes_than_said(style: Style) -> bytes:
    return _both(style, style.subject.good, b"", len(style.subject.good) + 10, style.subject.good)


@trick
def a_size_that_is_too_large(style: Style) -> bytes:
    """The judged bytes reach into the next entry, which holds another directory."""
    entry = style.entry(style.subject.name, style.subject.evil)
    size = {"size": len(style.subject.evil) + 5000}
    return package(
        style,
        replace(entry, central=size, local={} if style.flags else size),
        style.entry(style.subject.other, style.subject.good),
        last=False,
    )


@trick
def garbage_behind_the_data(style: Style) -> bytes:
    data = packed(style.subject.good, style.method) + b"garbage"
    return package(style, style.entry(style.subject.name, style.subject.good, packed=data))


@trick
def no_end_of_the_data(style: Style) -> bytes:
    return package(
        style,
        style.entry(
            style.subject.name,
            style.subject.good,
            packed=packed(style.subject.good, style.method)[:-1],
        ),
    )


@trick
def a_wrong_checksum(style: Style) -> bytes:
    return package(style, style.entry(style.subject.name, style.subject.good, central={"crc": 1}))


@trick
def hidden_behind_another_entry(style: Style) -> bytes:
    """Within the packed data of a picture stands another entry."""
    data = (
        packed(b"png", style.method)
        + style.entry(style.subject.name, style.subject.evil).local_bytes()
    )
    png = style.entry(style.subject.other, b"png", packed=data)
    return raw_zip([*besides(style), png, style.entry(style.subject.name, style.subject.good)])


@trick
def hidden_behind_the_sizes_of_another_entry(style: Style) -> bytes:
    inner = Entry(b"x", b"png", style.method)
    data = packed(b"png", style.method) + descriptor(inner)
    data += style.entry(style.subject.name, style.subject.evil).local_bytes()
    png = Entry(style.subject.other, b"png", style.method, DESCRIPTOR)
    png = replace(png, packed=data)
    return raw_zip([*besides(style), style.entry(style.subject.name, style.subject.good), png])


@trick
def a_false_end_in_stored_data(style: Style) -> bytes:
    inner = Entry(b"x", b"png")
    data = (
        b"png"
        + descriptor(inner)
        + style.entry(style.subject.name, style.subject.evil).local_bytes()
        + b"rest"
    )
    png = Entry(style.subject.other, data, STORED, DESCRIPTOR)
    return raw_zip([*besides(style), style.entry(style.subject.name, style.subject.good), png])


# ------------------------------------------------------------------------- records of one entry


def _for(style: Style, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields; some depend on the name."""
    name = style.subject.name
    return {key: value(name) if callable(value) else value for key, value in fields.items()}


def _field(where: str, **fields: Any) -> Trick:
    """Other fields in a header of the checkpoint."""

    def build(style: Style) -> bytes:
        values = _for(style, fields)
        local = values if where != "central" else {}
        central = values if where != "local" else {}
        return package(
            style, style.entry(style.subject.name, style.subject.good, local=local, central=central)
        )

    return build


def _flag(bit: int, where: str) -> Trick:
    def build(style: Style) -> bytes:
        return _field(where, flags=style.flags ^ 1 << bit)(style)

    return build


for _where in ("local", "central", "both"):
    for _bit in range(16):
        _TRICKS[f"flag {_bit} {_where}"] = _flag(_bit, _where)
    for _kind in (0o120777, 0o040755, 0o020666, 0o060666, 0o010666, 0o140777, 0o104755, 0o102755):
        if _where == "central":
            _TRICKS[f"mode {_kind:o}"] = _field(_where, attributes=_kind << 16)
    for _method in (STORED, DEFLATED, BZIP2, 14, 9, 93, 99, 1, 77):
        _TRICKS[f"method {_method} {_where}"] = _field(_where, method=_method)
    _values: dict[str, dict[str, Any]] = {
        "size 0": {"size": 0},
        "size 1": {"size": 1},
        "packed size 0": {"compressed": 0},
        "packed size 1": {"compressed": 1},
        "checksum 0": {"crc": 0},
        "version 64": {"version": 64},
        "version 45": {"version": 45},
        "no size": {"size": 0xFFFFFFFF},
        "no packed size": {"compressed": 0xFFFFFFFF},
        "another name": {"name": lambda n: n.replace(b"final", b"other")},
        "a name in another case": {"name": lambda n: n.upper()},
        "a name with a blank": {"name": lambda n: n + b" "},
        "a name with a NUL": {"name": lambda n: n + b"\0.txt"},
        "a name with a slash": {"name": lambda n: n + b"/"},
        "a name with backslashes": {"name": lambda n: n.replace(b"/", b"\\")},
        "a name upwards": {"name": lambda n: b"x/../" + n},
        "a name with a dot": {"name": lambda n: b"./" + n},
        "a name with two slashes": {"name": lambda n: n.replace(b"/", b"//")},
        "an absolute name": {"name": lambda n: b"/" + n},
        "a long name": {"name": lambda n: b"a/" * 200 + n},
        "no name": {"name": b""},
    }
    for _name, _value in _values.items():
        _TRICKS[f"{_name} {_where}"] = _field(_where, **_value)
for _bits in (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x400, 0x1000, 0x4000, 0x8000):
    for _made_by in (0, 3, 10, 11, 14, 19):
        _TRICKS[f"attributes {_bits:x} of system {_made_by}"] = _field(
            "central", attributes=_bits, system=_made_by
        )
for _disk in (1, 7, 0xFFFF):
    _TRICKS[f"disk {_disk}"] = _field("central", disk=_disk)
_LINK = struct.pack("<LHLHH", 0, 0o120777, 3, 0, 0) + b"abc"
for _field_name, _data in {
    "zip64 of zeros": extra(1, bytes(24)),
    "zip64 of ones": extra(1, b"\1" * 24),
    "zip64 too short": extra(1, b"\1" * 3),
    "two zip64": extra(1, bytes(16)) + extra(1, b"\1" * 16),
    "pkware": extra(0x000D, bytes(12)),
    "pkware link": extra(0x000D, bytes(12) + b"/etc/passwd"),
    "asi": extra(0x756E, struct.pack("<LHLHH", 0, 0o100644, 0, 0, 0)),
    "asi link": extra(0x756E, struct.pack("<L", zlib.crc32(_LINK[4:])) + _LINK[4:]),
    "unicode path": lambda n: unicode_path(n, b"harmless.txt"),
    "unicode path of its own": lambda n: unicode_path(n, n),
    "unicode path of another": unicode_path(b"other", b"harmless.txt"),
    "two unicode paths": lambda n: unicode_path(n, n) + unicode_path(n, b"x.txt"),
    "unicode path of no UTF-8": lambda n: unicode_path(n, b"\xff\xfe"),
    "unicode path cut off": extra(0x7075, b"\1"),
    "libarchive's": extra(0x6C78, b"\7\0\3\0\0\0\0\0\xff\xa1"),
    "times": extra(0x5455, b"\1\0\0\0\0"),
    "unix": extra(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0"),
    "AES": extra(0x9901, b"\2\0AE\3\0\0"),
    "strong encryption": extra(0x0017, b"\2\0\1\2\3\4\5\6"),
    "cut off": b"\x55\x54\xff\0x",
    "three bytes": b"xyz",
    "zeros": bytes(9),
}.items():
    for _where in ("local", "central", "both"):
        _TRICKS[f"extra field, {_field_name} {_where}"] = _field(_where, extra=_data)


# --------------------------------------------------------------------------- two of one name


def _pair(
    second: bytes | Callable[[bytes], bytes], local: Mapping[str, Any], central: Mapping[str, Any]
) -> Trick:
    """Another entry whose name is nearly that of the checkpoint."""

    def build(style: Style) -> bytes:
        name = second(style.subject.name) if callable(second) else second
        return package(
            style,
            style.entry(style.subject.name, style.subject.good),
            style.entry(
                name, style.subject.evil, local=_for(style, local), central=_for(style, central)
            ),
        )

    return build


for _name, _second in {
    "twice": lambda n: n,
    "twice, with a dot": lambda n: b"./" + n,
    "twice, with two slashes": lambda n: n.replace(b"/", b"//"),
    "twice, upwards": lambda n: b"x/../" + n,
    "twice, absolute": lambda n: b"/" + n,
    "twice, backslashes": lambda n: n.replace(b"/", b"\\"),
    "twice, a NUL": lambda n: n + b"\0",
    "twice, in another case": lambda n: n.replace(b"final", b"FINAL"),
    "twice, a drive": lambda n: b"C:/" + n,
}.items():
    _TRICKS[_name] = _pair(_second, {}, {})
for _where in ("local", "central", "both"):
    _both_names = {"extra": lambda n: unicode_path(b"harmless.txt", n)}
    _TRICKS[f"a second name of another entry {_where}"] = _pair(
        b"harmless.txt",
        local=_both_names if _where != "central" else {},
        central=_both_names if _where != "local" else {},
    )


@trick
def the_checkpoint_of_another_entry(style: Style) -> bytes:
    """The directory places the checkpoint inside the data of a picture."""
    hidden = style.entry(style.subject.name, style.subject.good).local_bytes()
    name = style.subject.other
    png = Entry(name, hidden)
    place = len(raw_zip(besides(style))) - _directory(besides(style))
    inside = place + 30 + len(name)
    return raw_zip(
        [
            *besides(style),
            png,
            style.entry(
                style.subject.name, style.subject.good, there=False, central={"offset": inside}
            ),
        ]
    )


def _directory(entries: list[Entry]) -> int:
    return len(b"".join(entry.central_bytes(0) for entry in entries)) + 22


@trick
def two_records_of_one_header(style: Style) -> bytes:
    first = style.entry(style.subject.name, style.subject.good)
    place = len(raw_zip(others(style))) - _directory(others(style))
    return package(style, first, replace(first, there=False, central={"offset": place}))


@trick
def not_in_the_directory(style: Style) -> bytes:
    return package(
        style,
        style.entry(style.subject.name, style.subject.evil, listed=False),
        style.entry(style.subject.name, style.subject.good),
    )


@trick
def not_in_the_directory_under_another_name(style: Style) -> bytes:
    name = style.subject.name.replace(b"fold_0", b"fold_1")
    return package(
        style,
        style.entry(name, style.subject.evil, listed=False),
        style.entry(style.subject.name, style.subject.good),
    )


@trick
def bytes_before_an_entry(style: Style) -> bytes:
    return package(
        style, style.entry(style.subject.name, style.subject.good, before=b"PK\3\4garbage")
    )


@trick
def behind_the_data_another(style: Style) -> bytes:
    entry = style.entry(style.subject.name, style.subject.good)
    after = (descriptor(entry) if style.flags else b"") + style.entry(
        style.subject.name, style.subject.evil
    ).local_bytes()
    return package(style, replace(entry, after=after))


def _after(change: Callable[[Entry], bytes]) -> Trick:
    """Other bytes behind the data: the checksum and the sizes, right or wrong."""

    def build(style: Style) -> bytes:
        entry = style.entry(style.subject.name, style.subject.good)
        return package(style, replace(entry, after=change(entry)))

    return build


_TRICKS |= {
    "sizes without a mark": _after(lambda e: descriptor(e, b"")),
    "sizes of 64 bits": _after(lambda e: descriptor(e, form="<LQQ")),
    "no sizes": _after(lambda _: b""),
    "wrong sizes": _after(lambda e: descriptor(replace(e, data=b"x"))),
    "zeros for sizes": _after(lambda _: bytes(16)),
    "sizes of no entry": _after(lambda _: b"PK\7\x08" + bytes(12)),
    "a byte behind": _after(lambda e: (descriptor(e) if e.flags else b"") + b"x"),
}


# ------------------------------------------------------------------------------- the end


def _whole(**how: Any) -> Trick:
    def build(style: Style) -> bytes:
        return package(style, style.entry(style.subject.name, style.subject.good), **how)

    return build


_TRICKS |= {
    "bytes before": _whole(before=b"#!/bin/sh\n"),
    "bytes before, places moved": _whole(before=b"#!/bin/sh\n", shift=10),
    "places moved": _whole(shift=-10),
    "a gap": _whole(gap=b"xxxx"),
    "bytes before the end": _whole(between=b"xxxx"),
    "bytes in the directory": _whole(tail=b"xxxx"),
    "a digital signature": _whole(tail=b"PK\5\5\4\0abcd"),
    "bytes after": _whole(after=b"xxxx"),
    "zeros after": _whole(after=bytes(64)),
    "a comment": _whole(comment=b"by hand"),
    "a comment that is cut off": _whole(end={"comment": 10}),
    "a comment that is too long": _whole(comment=b"by hand", end={"comment": 2}),
    "a comment with an end": _whole(comment=b"PK\5\6" + bytes(18)),
    "a comment with half an end": _whole(comment=b"xPK\5\6"),
    "too many entries said": _whole(end={"entries": 99}),
    "too few entries said": _whole(end={"entries": 1, "here": 1}),
    "no entries said": _whole(end={"entries": 0, "here": 0}),
    "65535 entries said": _whole(end={"entries": 0xFFFF, "here": 0xFFFF}),
    "entries on another disk": _whole(end={"here": 1}),
    "disk 7 at the end": _whole(end={"disk": 7}),
    "first disk 7": _whole(end={"first": 7}),
    "all disks full": _whole(end={"disk": 0xFFFF, "first": 0xFFFF}),
    "a directory too short": _whole(end={"length": 100}),
    "a directory too long": _whole(end={"length": 10**6}),
    "a directory at 0": _whole(end={"start": 0}),
    "zip64": _whole(wide={}),
    "zip64 alone": _whole(
        wide={}, end={"start": 0xFFFFFFFF, "length": 0xFFFFFFFF, "entries": 0xFFFF, "here": 0xFFFF}
    ),
    "zip64 elsewhere": _whole(wide={"at": 0}),
    "zip64 with disks": _whole(wide={"disk": 1}),
    "zip64 on several disks": _whole(wide={"disks": 2}),
    "zip64 of no disks": _whole(wide={"disks": 0}),
    "zip64 with more": _whole(wide={"size": 52, "more": bytes(8)}),
    "zip64 that says more": _whole(wide={"size": 100}),
    "zip64 that says less": _whole(wide={"size": 10}),
    "zip64 with other entries": _whole(wide={"entries": 1}),
    "zip64 with other places": _whole(wide={"start": 0}),
    "zip64 with another length": _whole(wide={"length": 46}),
    "full fields without zip64": _whole(end={"start": 0xFFFFFFFF}),
}


def _twin(style: Style, checkpoint: bytes) -> bytes:
    return package(style, style.entry(style.subject.name, checkpoint))


@trick
def one_zip_behind_another(style: Style) -> bytes:
    return _twin(style, style.subject.evil) + _twin(style, style.subject.good)


@trick
def one_zip_in_the_comment_of_another(style: Style) -> bytes:
    inner = _twin(Style("", STORED), b"evil")[-400:]
    return package(style, style.entry(style.subject.name, style.subject.good), comment=inner)


@trick
def a_whole_zip_in_the_comment(style: Style) -> bytes:
    inner = raw_zip([Entry(style.subject.name, b"evil"), Entry(b"x", b"y")])
    return package(style, style.entry(style.subject.name, style.subject.good), comment=inner)


@trick
def a_locator_to_another_record(style: Style) -> bytes:
    """The kind of CVE-2025-8291: the other record and directory lie in the data of an entry."""
    evil_entry = Entry(style.subject.name, style.subject.evil)
    name = style.subject.other
    before = [e for e in others(style) if e.name != name]
    place = len(raw_zip(before)) - _directory(before) + 30 + len(name)
    head = evil_entry.local_bytes()
    directory = evil_entry.central_bytes(place)
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), place + len(head)
    )
    png = Entry(name, head + directory + record)
    return raw_zip(
        [*before, png, style.entry(style.subject.name, style.subject.good)],
        wide={"at": place + len(head) + len(directory)},
        end={"start": 0xFFFFFFFF, "length": 0xFFFFFFFF, "entries": 0xFFFF, "here": 0xFFFF},
    )


@trick
def an_end_within_zeros(style: Style) -> bytes:
    """The comment of a checkpoint's own directory reaches to the end of the file."""
    out = bytearray(_twin(style, style.subject.good) + bytes(300))
    at = out.rfind(b"PK\5\6", 0, out.rfind(b"PK\5\6"))
    if at > 0:
        struct.pack_into("<H", out, at + 20, min(len(out) - at - 22, 0xFFFF))
    return bytes(out)


@trick
def a_comment_of_an_entry_that_is_an_end(style: Style) -> bytes:
    return package(
        style,
        style.entry(
            style.subject.name,
            style.subject.good,
            central={"comment": b"PK\5\6" + bytes(18) + b"PK\1\2"},
        ),
    )


@trick
def an_entry_in_the_directory(style: Style) -> bytes:
    inner = Entry(style.subject.name, style.subject.evil).central_bytes(0)
    return package(
        style, style.entry(style.subject.name, style.subject.good, central={"comment": inner})
    )


def single(ways: tuple[Style, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield every trick with entries of every style."""
    for name, build in _TRICKS.items():
        for style in ways:
            yield f"{name}, {style.name}", build(style)
