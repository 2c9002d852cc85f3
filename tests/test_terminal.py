from __future__ import annotations

import sys

import pytest
from model_lint.terminal import WIDTH, painter, text_width, use_color


class Stream:
    def __init__(self, *, tty: bool) -> None:
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("choice", "tty", "environment", "expected"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_color(
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    tty: bool,
    environment: dict[str, str],
    expected: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Stream(tty=tty))
    assert use_color(choice) is expected


@pytest.mark.parametrize(
    ("tty", "columns", "expected"),
    [(True, "60", 60), (True, "250", WIDTH), (False, "60", WIDTH)],
)
def test_width(monkeypatch: pytest.MonkeyPatch, tty: bool, columns: str, expected: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", Stream(tty=tty))
    assert text_width() == expected


def test_painter() -> None:
    assert painter(color=False)("x", "error") == "x"
    assert painter(color=True)("x", "error") == "\033[1;31mx\033[0m"
