"""The rules of the template's questions: defaults, checks, and what follows from the answers."""

from __future__ import annotations

from .answers import AnswerError
from .checks import check
from .facts import Facts, facts, notes
from .refusal import accepted
from .suggestions import suggested

__all__ = ["FILTERS", "AnswerError", "Facts", "accepted", "check", "facts", "notes", "suggested"]

#: The filters of cookiecutter.json, the template's files and the hooks.
FILTERS = {"accepted": accepted, "facts": facts, "notes": notes, "suggested": suggested}
