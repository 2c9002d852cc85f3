"""The answers to the questions: their definition, the error for an invalid one, and the linter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_lint import naming
    from model_lint.nnunet import labels, orientation, region_order
    from model_lint.wording import quote
else:
    # `template_extension` imports this folder and the linter as parts of one package.
    from ..model_lint import naming
    from ..model_lint.nnunet import labels, orientation, region_order
    from ..model_lint.wording import quote

__all__ = [
    "DEFINITION",
    "QUESTIONS",
    "ROOT",
    "AnswerError",
    "Answers",
    "labels",
    "naming",
    "orientation",
    "quote",
    "region_order",
]

#: The answers to the questions, and cookiecutter's own values, whose names begin with ``_``.
Answers = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
#: cookiecutter.json: the default or the choices of each question.
DEFINITION: Answers = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
QUESTIONS = tuple(name for name in DEFINITION if not name.startswith("_"))


class AnswerError(Exception):
    """An answer is invalid; the text is one sentence that says what to type instead."""

    def __init__(self, question: str, reason: str) -> None:
        super().__init__(f"{question}: {reason}")
        self.question = question
