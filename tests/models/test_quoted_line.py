"""Source context: the line under a finding, with the key that it is about."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.findings import Problem, Severity, SourceLine
from model_lint.lint import Options, lint
from model_lint.models.json_file import parse_json
from model_lint.models.package import build_package
from model_lint.models.quoted_line import Sources
from model_lint.models.target import load_target
from model_lint.rules import PRACTICE, Rule
from model_lint.storage.folder import FolderTree

FOLDER = "nnUNetTrainerTiny__nnUNetPlans__2d"
GENUINE = Path(__file__).parents[1] / "data" / FOLDER
DATASET = f"{FOLDER}/dataset.json"


@pytest.fixture
def trainer(tmp_path: Path) -> Path:
    copy = tmp_path / FOLDER
    copy.mkdir()
    for name in ("dataset.json", "plans.json", "trainer_class.py"):
        shutil.copy(GENUINE / name, copy)
    return copy


def source(trainer: Path, problem: Problem) -> SourceLine | None:
    package = build_package(FolderTree(trainer.parent), file_name=None, repository=None)
    return Sources(package, None).line(problem)


def pointed(line: SourceLine | None) -> str | None:
    assert line is not None
    return None if line.start is None else line.text[line.start :][: line.length]


def test_the_only_key_of_a_line(trainer: Path) -> None:
    (trainer / "dataset.json").write_text('{\n    "labels": {"sc": 1}\n}')
    file = parse_json("x", (trainer / "dataset.json").read_bytes())
    assert file.line("labels", "sc") == 2
    (trainer / "dataset.json").write_text('{\n    "labels":\n {"sc": 1}\n}')
    assert source(trainer, Problem("wrong", DATASET, 2)) == SourceLine('"labels":', 0, 8, 5)


def test_of_several_keys_the_one_that_the_message_quotes(trainer: Path) -> None:
    (trainer / "dataset.json").write_text('{"labels": {"sc": 1, "gm": 3}, "x": [1, 2]}')
    line = source(trainer, Problem("`gm` is 3, which leaves a gap", DATASET, 1))
    assert pointed(line) == '"gm"'
    assert line is not None
    assert line.column == 22
    assert pointed(source(trainer, Problem("'labels' is wrong", DATASET, 1))) == '"labels"'
    # A caret in the wrong place is worse than none.
    assert pointed(source(trainer, Problem("something is wrong", DATASET, 1))) is None


def test_where_json_breaks(trainer: Path) -> None:
    (trainer / "dataset.json").write_text('{\n  "a": 1\n  "b": 2\n}')
    why = parse_json("x", (trainer / "dataset.json").read_bytes()).unreadable
    assert why
    line = source(trainer, Problem(f"can't be read: {why.reason}", DATASET, why.line))
    assert line == SourceLine('"b": 2', 0, 1, 3)


def test_of_code_the_line_alone(trainer: Path) -> None:
    (trainer / "trainer_class.py").write_text("x = 1\n\tif broken\n")
    problem = Problem("does not parse", f"{FOLDER}/trainer_class.py", 2)
    assert source(trainer, problem) == SourceLine("if broken")


@pytest.mark.parametrize(
    "problem",
    [
        Problem("no line", DATASET),
        Problem("beyond the end", DATASET, 10_000),
        Problem("no such file", f"{FOLDER}/other.json", 1),
        Problem("about the target", "", 1),
    ],
)
def test_nothing_to_show(trainer: Path, problem: Problem) -> None:
    assert source(trainer, problem) is None


def test_a_bracket_tells_nothing(trainer: Path) -> None:
    (trainer / "dataset.json").write_text("{\n}")
    assert source(trainer, Problem("empty", DATASET, 1)) is None


def test_one_endless_line_is_cut_around_the_key(trainer: Path) -> None:
    content: dict[str, Any] = {f"key{number}": number for number in range(10_000)}
    (trainer / "dataset.json").write_text(json.dumps(content))
    line = source(trainer, Problem("`key5000` is unknown", DATASET, 1))
    assert line is not None
    assert len(line.text) == 160
    assert line.text.startswith("...")
    assert line.text.endswith("...")
    assert pointed(line) == '"key5000"'


def test_a_huge_file_is_not_shown(trainer: Path) -> None:
    (trainer / "dataset.json").write_text('{"labels": 1}' + " " * 1024 * 1024)
    assert source(trainer, Problem("`labels`", DATASET, 1)) is None


@settings(deadline=None)
@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 60), st.integers(12, 60))
def test_cut_keeps_the_key_in_sight(text: str, start: int, length: int, width: int) -> None:
    whole = SourceLine(text, start, length) if start + length <= len(text) else SourceLine(text)
    short = whole.cut(width)
    assert len(short.text) <= width
    if whole.start is not None:
        assert short.start is not None
        assert 0 <= short.start < len(short.text)
        assert short.length >= 1
        assert short.start + short.length <= len(short.text)


def found(code: str, trainer: Path) -> Any:
    def check_labels(package: Any) -> Iterator[Problem]:
        """Labels are wrong."""
        file = package.trainers[0].dataset
        yield Problem("`labels` is wrong", file.path, file.line("labels"))

    rule = Rule(
        code,
        "labels-wrong",
        Severity.ERROR,
        PRACTICE,
        "",
        ("package",),
        check_labels,
        private=code.startswith("V"),
    )
    (finding,) = lint(load_target(str(trainer)), Options((rule,))).findings
    return finding


def test_findings_carry_their_line(trainer: Path) -> None:
    finding = found("D099", trainer)
    assert finding.location == str(trainer / "dataset.json")
    assert pointed(finding.source) == '"labels"'


def test_a_leak_is_not_repeated(trainer: Path) -> None:
    assert found("V099", trainer).source is None


def test_a_trainer_folder_named_from_inside(trainer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trainer)
    target = load_target(".")
    assert target.locate(f"{FOLDER}/dataset.json") == "./dataset.json"
    assert target.locate(FOLDER) == "."
    assert target.locate("") == "."
