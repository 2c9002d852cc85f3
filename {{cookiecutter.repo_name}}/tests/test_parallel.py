"""Many cases in several processes: failures, killed processes, memory, progress, what is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import parallel
from journal import Journal
from parallel import Done, each
from progress import Lines, duration, progress

HERE = Path(__file__).parent
SCRIPTS = Path(parallel.__file__).parent


def half(number: int) -> int:
    """A task with every kind of end."""
    if number % 2:
        raise ValueError(f"{number}: is odd")
    if number == 4:
        raise KeyError("four")
    if number == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 8:
        raise OSError("the disk is full")
    return number // 2


def run(numbers: Sequence[int], jobs: int) -> dict[int, Done[int, int]]:
    return {done.case: done for done in each(half, numbers, jobs, name=str)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_is_of_its_case_alone_and_one_line(jobs: int) -> None:
    found = run([0, 1, 2, 3, 4, 10], jobs)
    assert {k: v.result for k, v in found.items()} == {0: 0, 1: None, 2: 1, 3: None, 4: None, 10: 5}
    errors = {k: v.error for k, v in found.items() if v.error}
    assert errors == {1: "1: is odd", 3: "3: is odd", 4: "4: KeyError: 'four'"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_system_ends_it_all(jobs: int) -> None:
    with pytest.raises(OSError, match="the disk is full"):
        run([0, 8, 10], jobs)


def test_a_process_that_is_killed_is_one_line() -> None:
    with pytest.raises(RuntimeError) as caught:
        run([2, 6, 10, 12], 2)
    (line,) = str(caught.value).splitlines()
    assert "a process was killed" in line
    assert "run the same command again" in line


class Counted(Sequence[int]):
    """Numbers that count how many of them were asked for."""

    def __init__(self, number: int) -> None:
        self.number, self.asked = number, 0

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        if place >= self.number:
            raise IndexError
        self.asked += 1
        return 10

    def __iter__(self) -> Iterator[int]:
        return (self[place] for place in range(self.number))


def test_cases_wait_with_whoever_has_them() -> None:
    """Ten thousand that are handed over at once would need memory in every process."""
    numbers = Counted(1000)
    found = each(half, numbers, 2, name=str)
    next(found)
    assert numbers.asked <= 2 * parallel.WAITING
    found.close()  # type: ignore[attr-defined]


def test_no_process_stays_when_the_first_one_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, signal, sys, time
sys.path[:0] = [{str(SCRIPTS)!r}, {str(HERE)!r}]
from parallel import each
from test_parallel import wait_for_ever
for done in each(wait_for_ever, [{str(tmp_path)!r}] * 3, 2, name=str): pass
"""
    for pipe in ("a", "b"):
        os.mkfifo(tmp_path / pipe)
    with (
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process,
        (tmp_path / "a").open() as first,
    ):
        assert first.readline() == "here\n"
        process.kill()
        assert set(first) <= {"here\n"}  # ends when all processes at the other end have ended


def wait_for_ever(folder: str) -> None:
    """Say that this process works, and go on for ever."""
    with (Path(folder) / "a").open("w") as out:
        out.write("here\n")
        out.flush()
        (Path(folder) / "b").open()  # nobody ever opens the other end


# ---------------------------------------------------------------------------------------- progress


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_from_time_to_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("convert", 20_000, 0, clock)
    for _ in range(20_000):
        clock.now += 0.5
        lines()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "convert: 20 of 20,000 cases (0 %), about 2.8 h left"
    assert 15 < len(printed) < 60
    assert all(line.endswith(" left") and "\r" not in line for line in printed)


def test_the_time_left_is_that_of_this_run(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("convert", 1000, 900, clock)
    clock.now = 10
    lines()
    assert capsys.readouterr().out == "convert: 901 of 1,000 cases (90 %), about 16 min left\n"


def test_a_short_step_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("convert", 3) as count:
        for _ in range(3):
            count()
    assert capsys.readouterr() == ("", "")


def test_a_step_that_goes_on_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("convert", 3000, 1200) as count:
        count()
    assert capsys.readouterr().out == "convert: 1,200 of 3,000 cases are finished already\n"


def test_a_bar_is_for_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("convert", 2) as count:
        count()
        count()
    printed = capsys.readouterr()
    assert "convert: 100%" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (9000, "2.5 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# ----------------------------------------------------------------------------------------- journal


@pytest.mark.parametrize(
    "cut", [lambda text: text[:-3], lambda text: text + "\n[", lambda text: text + '\n["a"]\n7\n']
)
def test_a_journal_that_was_cut_off_keeps_what_is_whole(
    cut: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "notes" / "journal.jsonl"
    journal = Journal(path)
    for name in ("a", "b", "c"):
        journal.add(name, {"of": name, "nan": float("nan")})
    path.write_text(cut(path.read_text("utf-8")), "utf-8")
    again = Journal(path)
    assert again.get("a")["of"] == "a"
    again.add("d", 4)
    assert (Journal(path).get("b") or {})["of"] == "b"
    assert Journal(path).get("d") == 4
    assert Journal(path).get("nothing") is None


def test_a_journal_forgets_what_is_no_longer_wanted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for name in ("a", "b"):
        journal.add(name, 1)
    journal.keep(["b"])
    assert json.loads((tmp_path / "journal.jsonl").read_text("utf-8")) == ["b", 1]
    journal.add("c", 2)
    assert Journal(tmp_path / "journal.jsonl").get("c") == 2
