"""The directory of a zip as ``zipfile`` reads it: the same members, a refusal, or an error."""

from __future__ import annotations

import io
import os
import random
import zipfile

import pytest
from build import NAME
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.findings import Severity
from model_lint.lint import Options, lint
from model_lint.models.archive import read_archive, with_headers
from model_lint.models.target import Target
from model_lint.rules import all_rules
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import TreeError
from model_lint.storage.zip import open_zip
from raw_zip import DEFLATED, DESCRIPTOR, STORED, Entry, extra, raw_zip

#: The rules that a zip by itself is judged by.
ARCHIVE = tuple(rule for rule in all_rules() if set(rule.needed) == {"archive"})
SEEDS = (
    raw_zip([]),
    raw_zip([Entry(b"a/b.txt", b"text"), Entry(b"a/", b""), Entry(b"c", b"x" * 99, DEFLATED)]),
    raw_zip([Entry(b"a", b"text", DEFLATED, DESCRIPTOR), Entry(b"b", b"y")], comment=b"by hand"),
    raw_zip([Entry(b"a", b"text", central={"extra": extra(0x5455, bytes(5))})], wide={}),
    raw_zip([Entry("é".encode(), b"text", flags=0x800), Entry(b"\x82", b"")], before=b"#!"),
)


def theirs(data: bytes) -> dict[str, tuple[int, bytes | None]] | None:
    """Return path, size and data of each file as ``zipfile`` unpacks it; None where it refuses."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception:
        return None
    found: dict[str, tuple[int, bytes | None]] = {}
    for info in archive.infolist():
        parts = os.path.splitdrive(info.filename)[1].split("/")
        path = "/".join(part for part in parts if part not in {"", ".", ".."})
        if path and not info.is_dir():
            found[path] = info.file_size, _content(archive, info)
    return found


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    try:
        return archive.read(info)
    except Exception:
        return None


def ours(data: bytes) -> dict[str, tuple[int, bytes | None]] | None:
    """Return the same as model-lint reads it."""
    try:
        tree = open_zip(of_bytes(data))
    except TreeError:
        return None
    found: dict[str, tuple[int, bytes | None]] = {}
    for path, entry in tree.files.items():
        try:
            content = b"".join(tree.blocks(entry))
        except TreeError:
            content = None
        found[path] = entry.size, content
    return found


def has_error(data: bytes) -> bool:
    archive = with_headers(read_archive(NAME, of_bytes(data)))
    report = lint(Target(NAME, "package", archive=archive), Options(ARCHIVE))
    return any(f.severity is Severity.ERROR for f in report.findings)


def agree(data: bytes) -> bool:
    """Whether both refuse, both unpack the same, or an error says that they may not."""
    expected, found = theirs(data), ours(data)
    if expected == found or has_error(data):
        return True
    if expected is None or found is None or expected.keys() != found.keys():
        return False
    # What is damaged is reported by whoever reads it; nobody may read something else.
    return all(found[path][1] in {None, expected[path][1]} for path in expected)


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Change a few bytes, more often in the directory at the end."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        at = max(0, len(out) - 1 - int(draw.expovariate(1 / 60)))
        if draw.random() < 0.3:
            at = draw.randrange(len(out))
        change = draw.randrange(4)
        if change == 0:
            out[at] = draw.choice([0, 1, 0xFF, draw.randrange(256)])
        elif change == 1:
            del out[at : at + draw.randint(1, 4)]
        elif change == 2:
            out[at:at] = draw.choice([b"\0", b"PK\5\6", b"PK\1\2", b"\xff\xff\xff\xff"])
        else:
            out[at : at + 4] = draw.choice([b"\xff\xff\xff\xff", bytes(4), b"PK\3\4"])
        out = out or bytearray(b"x")
    return bytes(out)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_seeds_are_read_alike(seed: bytes) -> None:
    assert theirs(seed) == ours(seed)
    assert theirs(seed) is not None


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_mutations_are_read_alike(seed: bytes) -> None:
    draw = random.Random(len(seed))
    wrong = [data for _ in range(2000) if not agree(data := mutated(seed, draw))]
    assert wrong == []


PARTS = st.sampled_from([b"a", b"b", b"..", b".", b"", b"\xc3\xa9", b"\xff", b"a\0b", b"C:"])
NUMBERS = st.sampled_from([0, 1, 4, 0xFFFF, 0xFFFFFFFF])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "flags": st.sampled_from([0, 1, 8, 0x20, 0x40, 0x800]),
        "method": st.sampled_from([STORED, DEFLATED, 12, 77]),
        "size": NUMBERS,
        "compressed": NUMBERS,
        "version": st.sampled_from([20, 63, 64]),
        "extra": st.sampled_from([extra(1, bytes(8)), extra(1, bytes(24)), b"\1\0\1", bytes(5)]),
    },
)
ENTRIES = st.lists(
    st.builds(
        Entry,
        st.lists(PARTS, min_size=1, max_size=3).map(b"/".join),
        st.sampled_from([b"", b"text"]),
        st.sampled_from([STORED, DEFLATED]),
        local=FIELDS | st.just({}),
        central=FIELDS | st.just({}),
    ),
    max_size=3,
)
ENDS = st.fixed_dictionaries(
    {}, optional={"entries": st.integers(0, 3), "start": NUMBERS, "comment": st.integers(0, 9)}
)


@given(ENTRIES, ENDS, st.none() | ENDS.map(lambda d: {**d}), st.sampled_from([b"", b"xyz"]))
@settings(max_examples=400, deadline=None)
def test_any_zip_is_read_alike(
    entries: list[Entry], end: dict[str, int], wide: dict[str, int] | None, around: bytes
) -> None:
    assert agree(raw_zip(entries, end=end, wide=wide, before=around, after=around))


@given(st.binary(max_size=80), st.binary(max_size=30))
def test_any_bytes_are_read_alike(data: bytes, end: bytes) -> None:
    assert agree(b"PK\1\2" + data + b"PK\5\6" + end)


def test_the_rules_about_archives_are_those_of_this_test() -> None:
    assert {rule.code for rule in ARCHIVE} >= {
        "Z001",
        "Z002",
        "Z003",
        "Z005",
        "Z006",
        "Z007",
        "Z009",
        "Z011",
    }
