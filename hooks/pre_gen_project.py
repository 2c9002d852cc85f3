"""Check the answers before anything is generated: one wrong answer, one sentence, exit status 1.

The template engine fills in the last lines: every answer, and the naming vocabulary, arrive as
JSON, so whatever was typed is data here and never code.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

Answers = dict[str, Any]

LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later")
CONFIGURATIONS = ("2d", "3d_fullres", "3d_lowres")
# One letter of each axis, in any order: SCT's codes, e.g. RPI.
ORIENTATIONS = frozenset(
    "".join(code)
    for axes in itertools.permutations(("RL", "AP", "SI"))
    for code in itertools.product(*axes)
)
NAME_LIMIT = 100  # GitHub's own limit for a repository name
REJECTED_FOLDER = "model_rejected"


class WrongAnswer(Exception):
    """An answer that can't be used. The message says what to type instead."""


def listed(values: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Join values as a sentence does: `a, b or c`."""
    *first, last = values
    return f"{', '.join(first)} or {last}" if first else last


def nearest(value: str, known: Iterator[str] | tuple[str, ...] | list[str]) -> str | None:
    """The known value that was probably meant."""
    by_lower = {word.lower(): word for word in known}
    if value.lower() in by_lower:
        return by_lower[value.lower()]
    close = difflib.get_close_matches(value.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def one_of(answers: Answers, question: str, allowed: tuple[str, ...]) -> None:
    """Refuse an answer outside a closed list."""
    value = answers[question]
    if value in allowed:
        return
    guess = nearest(value, allowed)
    hint = f"type {guess}" if guess else f"type {listed(allowed)}"
    raise WrongAnswer(f"{question}: {shown(value)} is not one of the choices; {hint}.")


def shown(value: str) -> str:
    """Quote an answer for a message, shortened, without control characters."""
    text = value if len(value) <= 60 else value[:57] + "..."
    return json.dumps(text)


def check_plain(answers: Answers) -> None:
    """Refuse what no answer may hold: other types, line breaks, control characters, Jinja."""
    for question, value in answers.items():
        if question.startswith("_"):
            continue
        if not isinstance(value, str):
            raise WrongAnswer(f"{question}: type text instead of {json.dumps(value)}.")
        if not value.isprintable():
            raise WrongAnswer(
                f"{question}: {shown(value)} holds a line break or an invisible character; "
                "type it on one line, in plain characters."
            )
        if re.search(r"\{[%#\{]", value):
            raise WrongAnswer(
                f"{question}: {shown(value)} holds template code; type it without curly braces."
            )


def main(answers: Answers) -> int:
    """Check all answers.

    Returns:
        The exit status: 0, or 1 after one sentence on standard error.
    """
    try:
        check_plain(answers)
        for check in CHECKS:
            check(answers)
    except WrongAnswer as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


CHECKS: tuple[Callable[[Answers], None], ...] = ()

if __name__ == "__main__":
    sys.exit(main(json.loads(r"""{{ cookiecutter | tojson }}""")))
