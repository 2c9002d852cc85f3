"""Answers are accepted, or refused with the command that generates again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .checkout import QUESTIONS, ROOT, Answers
from .checks import check, is_plain
from .errors import AnswerError
from .suggestions import follows


def accepted(answers: Answers, raw: Mapping[str, object]) -> str:
    """Return the name of the repository's folder if all answers are right.

    Args:
        answers: the answers, and cookiecutter's own values.
        raw: the answers before the template engine rendered them, where these are known.

    Raises:
        SystemExit: after one sentence on standard error about the first wrong answer, and the
            command that generates with all the others. The exit status is 1.
    """
    try:
        check(answers, raw)
    except AnswerError as error:
        print(error, file=sys.stderr)
        print("Nothing was written. To go on with the other answers:", file=sys.stderr)
        print(f"  {again(answers, error.question)}", file=sys.stderr)
        # Not an exception of cookiecutter's, of which cruft would print the traceback.
        raise SystemExit(1) from None
    return str(answers["repo_name"])


def again(answers: Answers, wrong: str) -> str:
    """Return the command that asks the questions again, with all answers but the wrong one.

    Answers that follow from others are left out, since the wrong one may be among these.
    """
    kept = {
        question: answers[question]
        for question in QUESTIONS
        if question != wrong and is_plain(answers[question]) and not follows(answers, question)
    }
    source = str(answers.get("_template") or ROOT)
    if "_commit" in answers:  # by cruft
        return _quoted(["cruft", "create", source, "--extra-context", json.dumps(kept)])
    given = [f"{question}={value}" for question, value in kept.items()]
    return _quoted(["cookiecutter", *_options(answers), source, *given])


def _options(answers: Answers) -> list[str]:
    """Return the options that say which template, and where its folder goes."""
    options: list[str] = []
    if answers.get("_checkout"):
        options += ["--checkout", str(answers["_checkout"])]
    output = answers.get("_output_dir")
    if output and Path(output) != Path.cwd():
        options += ["--output-dir", str(output)]
    return options


def _quoted(command: Sequence[str]) -> str:
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
