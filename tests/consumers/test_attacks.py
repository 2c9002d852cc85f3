"""Packages with a checkpoint that runs code in torch: each is an error, and each does run it."""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from build import NAME, TRAINER, findings, genuine
from checkpoint_files import Calls, dumped
from model_lint.findings import Severity
from raw_zip import DEFLATED, STORED, Entry, packed, raw_zip
from zip_tricks import PATH, checkpoint_subject


def records() -> list[Entry]:
    """The records of a checkpoint but its pickle."""
    return [Entry(name, data) for name, data in checkpoint_subject().others.items()]


def pickle(data: bytes, *, listed: bool = True) -> Entry:
    return Entry(checkpoint_subject().name, data, listed=listed)


def harmless() -> bytes:
    return checkpoint_subject().good


def size_of_directory(entries: list[Entry]) -> int:
    return sum(len(entry.central_bytes(0)) for entry in entries) + 22


def decoy(evil: bytes) -> bytes:
    """A checkpoint whose first record is a harmless pickle that its directory does not have."""
    return raw_zip([pickle(harmless(), listed=False), *records(), pickle(evil)])


def decoy_with_locator(evil: bytes) -> bytes:
    """Two directories: the last record is that of the harmless one, torch goes by zip64's."""
    entries = [pickle(harmless()), *records(), pickle(evil, listed=False)]
    data = b"".join(entry.local_bytes() for entry in entries)
    place, places = 0, []
    for entry in entries:
        places.append(place)
        place += len(entry.local_bytes())
    meant = [*zip(entries[1:], places[1:], strict=True)]
    directory = b"".join(entry.central_bytes(at) for entry, at in meant)
    wide = struct.pack(
        "<4sQ2H2L4Q",
        *(b"PK\6\6", 44, 45, 45, 0, 0, len(meant), len(meant), len(directory), len(data)),
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(data) + len(directory), 1)
    return raw_zip(entries, gap=directory + wide, between=locator)


def package(checkpoint: Entry, *more: Entry) -> bytes:
    beside = [Entry(n.encode(), d, DEFLATED) for n, d in genuine().items() if n != PATH]
    return raw_zip([checkpoint, *more, *beside])


def compressed(checkpoint: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda evil: package(Entry(PATH.encode(), checkpoint(evil), DEFLATED))


def stored(checkpoint: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda evil: package(Entry(PATH.encode(), checkpoint(evil)))


def too_large(evil: bytes) -> bytes:
    """A stored entry whose size reaches over the next entry, which ends in another directory."""
    data = raw_zip([*records(), pickle(evil)])
    name = f"{TRAINER}/fold_0/progress.png".encode()
    begin = len(data) + 30 + len(name)
    good = pickle(harmless())
    places = [len(raw_zip(records()[:n])) - size_of_directory(records()[:n]) for n in range(99)]
    directory = b"".join(
        [
            *(entry.central_bytes(at) for entry, at in zip(records(), places, strict=False)),
            good.central_bytes(begin),
        ]
    )
    start = begin + len(good.local_bytes())
    amount = len(records()) + 1
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, amount, amount, len(directory), start, 0)
    second = Entry(name, good.local_bytes() + directory + end)
    entry = Entry(PATH.encode(), data)
    size = {"size": begin + len(second.data)}
    return package(replace(entry, local=size, central=size), second)


def second_stream(evil: bytes) -> bytes:
    """A compressed entry that is the evil checkpoint, with a harmless one behind it."""
    data = raw_zip([*records(), pickle(evil)])
    both = packed(data, DEFLATED) + packed(raw_zip([pickle(harmless()), *records()]), DEFLATED)
    return package(replace(Entry(PATH.encode(), data, DEFLATED), packed=both))


ATTACKS: dict[str, Callable[[bytes], bytes]] = {
    "no trick at all": compressed(lambda evil: raw_zip([pickle(evil), *records()])),
    "a decoy at the front": compressed(decoy),
    "a decoy at the front, stored": stored(decoy),
    "a decoy at the front, and a locator": compressed(decoy_with_locator),
    "a decoy at the front, and a locator, stored": stored(decoy_with_locator),
    "a size that is too large": too_large,
    "two streams": second_stream,
}


@pytest.mark.parametrize("what", ATTACKS)
def test_what_runs_code_in_torch_is_an_error(what: str, tmp_path: Path) -> None:
    marker = tmp_path / "was-here"
    path = tmp_path / NAME
    path.write_bytes(ATTACKS[what](dumped(Calls(os.mkdir, str(marker)))))
    for deep in (False, True):
        found = findings(path, "Z", "C", "K", deep=deep)
        assert any(f.severity is Severity.ERROR for f in found), found
    quick = findings(path, "Z", "C", "K", quick=True)
    assert {f.code for f in quick} & {"C016", "K001", "K005", "Z002", "Z011"}, quick
    with zipfile.ZipFile(path) as archive:
        checkpoint = archive.extract(PATH, tmp_path)
    with contextlib.suppress(Exception):  # what it returned is no checkpoint
        torch.load(checkpoint, weights_only=False)
    assert marker.is_dir()


def test_the_same_without_evil_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / NAME
    data = raw_zip([pickle(harmless()), *records()])
    path.write_bytes(package(Entry(PATH.encode(), data, STORED)))
    assert findings(path, "Z", "C", "K") == []
