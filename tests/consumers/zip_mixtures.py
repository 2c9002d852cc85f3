"""Zips of several tricks at once, drawn at random."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raw_zip import Entry, descriptor, extra, packed, raw_zip, unicode_path
from zip_tricks import Style, others

_ENDS = {"entries": (0, 1, 0xFFFF), "here": (0, 0xFFFF), "disk": (1,), "start": (0, 0xFFFFFFFF)}
_WIDES = {"at": (0, 100), "size": (44, 52), "entries": (1,), "disks": (0, 1)}
#: Names, and fields of headers, by the name that is meant.
_NAMES = (
    lambda name: name,
    lambda name: name + b".",
    lambda name: name + b"/",
    lambda name: name.replace(b"/", b"//"),
    lambda name: b"./" + name,
    lambda _: b"x.txt",
)
_FIELDS: dict[str, tuple[Any, ...]] = {
    "flags": (0, 1, 8, 0x800, 0x2000, 0x808),
    "method": (0, 8, 12),
    "size": (0, 10, 0xFFFFFFFF),
    "compressed": (0, 10, 0xFFFFFFFF),
    "extra": (extra(1, bytes(16)), extra(1, b"\1" * 8), b"xyz"),
    "disk": (0, 1),
    "attributes": (0x10, 0o120777 << 16, 0o040755 << 16),
}


def mixture(draw: random.Random, ways: tuple[Style, ...]) -> bytes:
    """Return a zip with several fields that are wrong."""
    style = draw.choice(ways)
    subject = style.subject
    first = _wrong(draw, draw.choice(ways), subject.name, subject.good)
    second = _wrong(draw, draw.choice(ways), draw.choice(_NAMES)(subject.name), subject.evil)
    entries = [first, *([second] if draw.random() < 0.7 else [])]
    draw.shuffle(entries)
    if draw.random() < 0.2:
        place = draw.randrange(10_000)
        entries.append(replace(second, there=False, central={"offset": place}))
    end = _pick(draw, _ENDS, 0.1)
    wide = _pick(draw, _WIDES, 0.5) if draw.random() < 0.3 else None
    return raw_zip([*others(style), *entries], end=end, wide=wide)


def _wrong(draw: random.Random, style: Style, name: bytes, data: bytes) -> Entry:
    entry = style.entry(name, data, local=_fields(draw, name), central=_fields(draw, name))
    roll = draw.random()
    if roll < 0.1:
        return replace(entry, packed=entry.content + packed(style.subject.evil, entry.method))
    if roll < 0.2:
        return replace(entry, after=descriptor(entry))
    if roll < 0.25:
        return replace(entry, listed=False)
    return replace(entry, before=b"PK\3\4") if roll < 0.3 else entry


def _fields(draw: random.Random, name: bytes) -> dict[str, Any]:
    if draw.random() < 0.6:
        return {}
    more = {"name": draw.choice(_NAMES)(name)} if draw.random() < 0.2 else {}
    if draw.random() < 0.2:
        more["extra"] = unicode_path(name, b"x.txt")
    return _pick(draw, _FIELDS, 0.1) | more


def _pick(
    draw: random.Random, values: Mapping[str, tuple[Any, ...]], share: float
) -> dict[str, Any]:
    return {key: draw.choice(some) for key, some in values.items() if draw.random() < share}
