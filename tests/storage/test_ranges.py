"""A zip whose bytes come from somewhere else is judged as the file is, rule by rule."""

from __future__ import annotations

from pathlib import Path

import catalogue
import pytest
from build import Case, load, package
from hypothesis import given
from hypothesis import strategies as st
from model_lint.errors import UsageError
from model_lint.findings import Finding
from model_lint.lint import Options, lint
from model_lint.models.reading import Reading
from model_lint.models.target import Given, Target, load_zip
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth
from model_lint.storage.ranges import CallableRanges, RangeStream, of_bytes
from model_lint.storage.tree import TreeError


class Server:
    """Gives ranges of a file and counts how often it is asked, as one over HTTP would."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.requests = 0

    def ranges(self) -> CallableRanges:
        def read(at: int, length: int) -> bytes:
            assert length > 0
            assert at + length <= len(self.data)
            self.requests += 1
            return self.data[at : at + length]

        return CallableRanges(read, len(self.data))


def from_afar(path: Path, case: Case) -> Target:
    reading = Reading(Depth.ALL if case.deep else Depth.END)
    return load_zip(str(path), Server(path).ranges(), Given(case.name, reading=reading))


def findings(target: Target) -> tuple[Finding, ...]:
    return lint(target, Options(all_rules())).findings


@pytest.mark.parametrize("case", catalogue.of_rules(), ids=str)
def test_the_verdict_is_that_on_the_file(case: Case, tmp_path: Path) -> None:
    path = case.build(tmp_path)
    if not path.is_file() or path.suffix == ".json":
        return  # a folder, or a dataset.json alone
    try:
        here = load(path, name=case.name, deep=case.deep)
    except UsageError as error:
        with pytest.raises((UsageError, TreeError), match=r"\w"):
            from_afar(path, case)
        assert str(error)
        return
    assert findings(from_afar(path, case)) == findings(here)


def test_what_a_server_does_not_give_is_one_line(tmp_path: Path) -> None:
    path = package(tmp_path)

    def refuse(_at: int, _length: int) -> bytes:
        raise TimeoutError(110, "Connection timed out")

    with pytest.raises(TreeError, match=r"^Connection timed out$"):
        load_zip(str(path), CallableRanges(refuse, 1000))


@given(st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20))))
def test_a_part_reads_as_the_bytes_do(data: bytes, steps: list[tuple[int, int]]) -> None:
    stream = RangeStream(of_bytes(b"before" + data + b"behind"), 6, len(data))
    for at, length in steps:
        stream.seek(at)
        assert stream.read(length) == data[at : at + length]
