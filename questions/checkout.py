"""What the questions take from the checkout that they are in: their definition and the linter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_lint import naming
    from model_lint.nnunet import labels, orientation, region_order
else:
    # `template_extension` makes both packages children of one.
    from ..model_lint import naming
    from ..model_lint.nnunet import labels, orientation, region_order

__all__ = [
    "DEFINITION",
    "QUESTIONS",
    "ROOT",
    "Answers",
    "labels",
    "naming",
    "orientation",
    "region_order",
]

#: The answers to the questions, and cookiecutter's own values, whose names begin with ``_``.
Answers = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
#: cookiecutter.json: for each question its default, or its choices.
DEFINITION: Answers = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
QUESTIONS = tuple(name for name in DEFINITION if not name.startswith("_"))
