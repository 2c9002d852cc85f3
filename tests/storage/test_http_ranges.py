"""Ranges of a file on a server: the bytes are right, and few requests ask for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.storage.http import Part, Server
from model_lint.storage.http_ranges import HttpRanges

SIZE = 1_000_000
DATA = bytes(range(256)) * (SIZE // 256) + bytes(SIZE % 256)


class Memory(Server):
    """A server without a network."""

    def __init__(self, data: bytes = DATA) -> None:
        super().__init__("https://example.org/x.zip")
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def part(self, start: int, length: int, version: str = "") -> Part:
        assert 0 <= start < len(self.data)
        assert length > 0
        self.requests += 1
        data = self.data[start : start + length]
        self.asked.append((start, start + len(data)))
        return Part(start, data, len(self.data), version)


PLACES = st.integers(0, SIZE + 1000)
LENGTHS = st.integers(0, 200_000)
PARTS = st.lists(st.tuples(st.integers(-1000, SIZE + 1000), LENGTHS), max_size=30)


@given(
    st.lists(st.tuples(PARTS, st.booleans()), max_size=4),
    st.lists(st.tuples(PLACES, LENGTHS, st.none() | PLACES), max_size=20),
)
def test_any_reads_are_right(
    expected: list[tuple[list[tuple[int, int]], bool]],
    reads: list[tuple[int, int, int | None]],
) -> None:
    ranges = HttpRanges(Memory())
    for parts, alike in expected:
        ranges.expect(parts, alike=alike)
    for at, length, until in reads:
        assert ranges.read(at, length, until) == DATA[at : at + length]


def asked(reads: list[tuple[int, int]], parts: list[tuple[int, int]], **how: bool) -> list[int]:
    """Return the bytes of each request after the first, which is for the beginning."""
    server = Memory()
    ranges = HttpRanges(server)
    ranges.expect(parts, **how)
    for at, length in reads:
        ranges.read(at, length, SIZE)
    return [stop - start for start, stop in server.asked[1:]]


def test_what_was_read_is_not_asked_for_again() -> None:
    assert asked([(0, 5000), (10, 100), (500_000, 10), (500_010, 90), (500_000, 100)], []) == [8202]


def test_expected_parts_that_are_near_come_together() -> None:
    near = [(300_000, 10_000), (320_000, 10_000), (360_000, 10_000)]
    assert len(asked([(300_000, 100), (320_000, 100), (365_000, 100)], near)) == 1


def test_expected_parts_that_are_far_do_not() -> None:
    far = [(300_000, 1000), (600_000, 1000)]
    assert asked([(300_000, 100)], far) == [8292]
    assert len(asked([(300_000, 100), (600_000, 100)], far)) == 2


def test_more_at_one_of_alike_parts_means_more_at_the_others() -> None:
    heads = [(100_000, 500), (400_000, 500), (700_000, 500)]
    reads = [(at + skip, 30_000) for at, _ in heads for skip in (0, 30_000, 60_000)]
    learned = asked(reads, heads, alike=True)
    assert len(learned) < len(asked(reads, heads))
    assert len(learned) == 2 + len(heads)


def test_reading_in_sequence_takes_ever_larger_parts() -> None:
    sizes = asked([(at, 8192) for at in range(16_384, SIZE - 8192, 8192)], [])
    assert sizes[:-1] == sorted(sizes[:-1])
    assert len(sizes) < 10


def test_nothing_is_read_ahead_of_where_the_sequence_ends() -> None:
    server = Memory()
    ranges = HttpRanges(server)
    for at in range(16_384, 400_000, 8192):
        ranges.read(at, min(8192, 400_000 - at), 400_000)
    assert max(stop for _, stop in server.asked) <= 400_000 + 8192


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385])
def test_small_files(size: int) -> None:
    ranges = HttpRanges(Memory(DATA[:size])) if size else None
    if ranges:
        assert ranges.read(0, 10**9) == DATA[:size]
        assert ranges.requests == 1 + (size > 16_384)
