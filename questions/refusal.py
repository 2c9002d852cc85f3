"""Accept the answers, or refuse them and print the command that generates again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .answers import QUESTIONS, ROOT, AnswerError, Answers
from .checks import check, why_not_plain
from .suggestions import follows


def accepted(answers: Answers, raw: Mapping[str, object]) -> str:
    """Return the name of the repository's folder if all answers are valid.

    Args:
        answers: the answers, and cookiecutter's own values.
        raw: the answers before the template engine rendered them, as far as they are known.

    Raises:
        SystemExit: after one sentence on standard error about the first invalid answer, and the
            command that generates with all others. The exit status is 1.
    """
    try:
        check(answers, raw)
    except AnswerError as error:
        print(error, file=sys.stderr)
        print("Nothing was written. To go on with the other answers:", file=sys.stderr)
        print(f"  {_again(answers, error.question)}", file=sys.stderr)
        # Not an exception of cookiecutter's: cruft would print its traceback.
        raise SystemExit(1) from None
    return str(answers["repo_name"])


def _again(answers: Answers, wrong: str) -> str:
    """Return the command that asks the questions again, with all answers but the invalid one.

    Answers that follow from others are left out, because these may include the invalid one.
    """
    kept = {
        question: answers[question]
        for question in QUESTIONS
        if question != wrong
        and why_not_plain(answers[question]) is None
        and not follows(answers, question)
    }
    source = str(answers.get("_template") or ROOT)
    if "_commit" in answers:  # by cruft
        return _quoted(["cruft", "create", source, "--extra-context", json.dumps(kept)])
    given = [f"{question}={value}" for question, value in kept.items()]
    return _quoted(["cookiecutter", *_options(answers), source, *given])


def _options(answers: Answers) -> list[str]:
    """Return the options for the version of the template and the output folder."""
    options = ["--checkout", str(answers["_checkout"])] if answers.get("_checkout") else []
    output = answers.get("_output_dir")
    if output and Path(output) != Path.cwd():
        options += ["--output-dir", str(output)]
    return options


def _quoted(command: Sequence[str]) -> str:
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
