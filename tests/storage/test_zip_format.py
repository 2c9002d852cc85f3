"""Records of zips: what is packed is what is parsed again."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.storage.zip_format import (
    END_64_SIZE,
    END_SIZE,
    LOCATOR_SIZE,
    MAX_16,
    MAX_32,
    CentralHeader,
    End,
    LocalHeader,
    pack_central,
    pack_end,
    pack_local,
    parse_directory,
    parse_end,
    parse_end_64,
    parse_local,
    parse_locator,
)

SMALL = st.integers(0, MAX_16)
WIDE = st.integers(0, 2**62)
NAME = st.binary(max_size=20)


@given(st.builds(LocalHeader, SMALL, SMALL, *[st.integers(0, MAX_32 - 1)] * 3, NAME, st.just(b"")))
def test_a_local_header(header: LocalHeader) -> None:
    assert parse_local(pack_local(header)) == header


@given(
    st.builds(
        CentralHeader,
        system=st.just(3),
        flags=SMALL,
        method=SMALL,
        crc=st.integers(0, MAX_32),
        compressed=WIDE,
        size=WIDE,
        disk=st.just(0),
        attributes=st.integers(0, MAX_32),
        offset=WIDE,
        name=NAME,
        extra=st.just(b""),
        comment=st.just(b""),
    )
)
def test_an_entry_of_the_directory(header: CentralHeader) -> None:
    (found,) = parse_directory(pack_central(header))
    assert found._replace(extra=b"") == header


@pytest.mark.parametrize(
    ("entries", "start", "length", "made_by", "wide"),
    [
        (3, 100, 50, None, False),
        (3, 100, 50, 798, True),
        (MAX_16 - 1, MAX_32 - 1, 50, None, False),
        (MAX_16, 100, 50, None, True),
        (3, MAX_32, 50, None, True),
    ],
)
def test_the_end(entries: int, start: int, length: int, made_by: int | None, wide: bool) -> None:
    data = pack_end(entries, start, length, made_by=made_by)
    stated = End((0, 0), entries, entries, length, start, b"")
    assert len(data) == END_SIZE + wide * (END_64_SIZE + LOCATOR_SIZE)
    if wide:
        assert parse_end_64(data) == stated._replace(size=END_64_SIZE)
        assert parse_locator(data[END_64_SIZE:]) == (0, start + length, 1)
    else:
        assert parse_end(data, 0) == stated


def test_an_empty_zip_is_one_for_python() -> None:
    assert zipfile.ZipFile(BytesIO(pack_end(0, 0, 0))).namelist() == []
