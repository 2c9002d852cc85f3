"""Runs of numpy numbers that are read at once give what the machine gives one by one."""

from __future__ import annotations

import gzip
import io
import pickle
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.checkpoint import pickle_stack, pickle_stream
from model_lint.checkpoint.limits import MAX_MISSED_RUNS
from model_lint.checkpoint.pickle_runs import Run, read_run
from model_lint.checkpoint.pickle_scan import PickleScan, scan_pickle
from model_lint.checkpoint.pickle_values import Scalar

LOGS = sorted((Path(__file__).parents[1] / "data" / "checkpoints").glob("*1000epochs.pth.gz"))
#: So many entries of the memo make its indices four bytes long.
MANY = [str(number) for number in range(300)]
DTYPES = ("f4", "f8", "i8", "u2", "b1", ">f8", "f2")


def log(path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        return archive.read(name)


def scanned(data: bytes) -> PickleScan:
    return scan_pickle(io.BytesIO(data).read)


def one_by_one(data: bytes) -> PickleScan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pickle_stack, "MAX_MISSED_RUNS", 0)
        return scanned(data)


def told(scan: PickleScan) -> tuple[object, ...]:
    value = re.sub(r" at 0x[0-9a-f]+", "", repr(scan.value))  # not where objects are in memory
    return value, scan.issues, scan.complete, scan.size, scan.globals, scan.refused


def taken(data: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many scalars are read in runs."""
    amounts: list[int] = []

    def counted(*arguments: Any) -> Run | None:
        run = read_run(*arguments)
        rows = run.values if run else []
        amounts.extend(len(row) if type(row) is list else 1 for row in rows)
        return run

    monkeypatch.setattr(pickle_stack, "read_run", counted)
    scanned(data)
    return sum(amounts)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_nearly_all_of_a_log_is_read_in_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = log(path)
    assert told(scanned(data)) == told(one_by_one(data))
    assert taken(data, monkeypatch) > 5000


def test_a_log_of_as_many_labels_as_the_largest_model_is_read_in_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [[np.float32(n * k) for k in range(117)] for n in range(100)]
    data = pickle.dumps([MANY, rows], protocol=2)
    assert told(scanned(data)) == told(one_by_one(data))
    assert taken(data, monkeypatch) > 117 * 95


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_a_changed_log_is_read_alike(path: Path) -> None:
    data = log(path)
    for seed in range(60):
        draw = random.Random(seed)
        changed = bytearray(data)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(data) // 3, len(data))] = draw.choice(
                [0, 1, 0x28, 0x5D, 0x6A, 0x72, 0x80, 0xC3, 0xFF, draw.randrange(256)]
            )
        fast, slow = scanned(bytes(changed)), one_by_one(bytes(changed))
        if not any("a part of a number" in issue.message for issue in fast.issues):
            assert told(fast) == told(slow)


values = st.floats(width=16) | st.integers(0, 1)


@settings(max_examples=150)
@given(
    st.sampled_from(DTYPES),
    st.lists(st.lists(values, min_size=1, max_size=4), min_size=1, max_size=60),
    st.booleans(),
    st.sampled_from([100, 1000, 16 * 1024]),
)
def test_numbers_are_those_that_were_written(
    dtype: str, rows: list[list[float]], listed: bool, chunk: int
) -> None:
    whole = dtype not in {"f4", "f8", ">f8", "f2"}
    make = np.dtype(dtype).type
    numbers: Any = [[make(bool(v) if whole else v) for v in row] for row in rows]
    if dtype == ">f8":
        numbers = [[np.array([v], ">f8")[0] for v in row] for row in numbers]
    if not listed:
        numbers = [number for row in numbers for number in row]
    same = numbers[-1]
    data = pickle.dumps([MANY, numbers, same], protocol=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pickle_stream, "CHUNK", chunk)
        scan = scanned(data)
    assert told(scan) == told(one_by_one(data))
    assert not scan.issues

    def plain(value: Any) -> Any:
        if isinstance(value, Scalar):
            return repr(make(value.value))
        return [plain(part) for part in value] if isinstance(value, list) else repr(value)

    def expected(value: Any) -> Any:
        return [expected(part) for part in value] if isinstance(value, list) else repr(make(value))

    found: Any = scan.value
    assert plain(found[1]) == expected(numbers)
    assert found[2] is found[1][-1]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["f4", "f8", "i2"]),
    st.lists(st.integers(1, 3), min_size=2, max_size=30),
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=2),
)
def test_whatever_is_changed_the_machine_gives_the_same(
    dtype: str, amounts: list[int], even: bool, changes: list[tuple[float, int]]
) -> None:
    make = np.dtype(dtype).type
    rows = [[make(300 + n) for n in range(2 if even else amount)] for amount in amounts]
    data = bytearray(pickle.dumps([MANY, rows, [make(n) for n in range(20)], "end"], protocol=2))
    start = data.index(b"scalar")
    for place, byte in changes:
        data[start + int(place * (len(data) - start))] = byte
    fast, slow = scanned(bytes(data)), one_by_one(bytes(data))
    if not any("a part of a number" in issue.message for issue in fast.issues):
        assert told(fast) == told(slow)


def test_short_runs_are_not_looked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a run takes longer than reading a short one."""
    rows = [[np.float32(n + k) for k in range(1 + n % 3)] for n in range(3000)]
    calls: list[int] = []

    def counted(*arguments: Any) -> Run | None:
        calls.append(1)
        return read_run(*arguments)

    monkeypatch.setattr(pickle_stack, "read_run", counted)
    data = pickle.dumps([MANY, rows], protocol=2)
    assert not scanned(data).issues
    assert len(calls) == MAX_MISSED_RUNS


def test_an_index_out_of_sequence_is_no_part_of_a_run() -> None:
    """A pickle that overwrites an entry of the memo has to be followed to the letter."""
    numbers = [np.float64(number) for number in range(20)]
    data = pickle.dumps([MANY, numbers, "end"], protocol=2)
    at = data.rindex(b"R\x72")
    changed = data[: at + 2] + (7).to_bytes(4, "little") + data[at + 6 :]
    scan = scanned(changed)
    assert told(scan) == told(one_by_one(changed))
    fetch = changed.replace(b"X\x03\0\0\0end", b"j\x07\0\0\0")
    found: Any = scanned(fetch).value
    assert type(found) is list or scanned(fetch).issues
    assert told(scanned(fetch)) == told(one_by_one(fetch))


def test_a_part_of_a_number_is_not_used_again() -> None:
    numbers = [np.float64(number) for number in range(20)]
    data = pickle.dumps([MANY, numbers, "end"], protocol=2)
    at = data.rindex(b"X\x08\0\0\0")
    part = data[data.index(b"r", at + 5) + 1 :][:4]
    fetch = data.replace(b"X\x03\0\0\0end", b"j" + part)
    (issue,) = scanned(fetch).issues
    assert (issue.code, "a part of a number" in issue.message) == ("K004", True)
