"""The registry of rules: one function each, and all that is known of it.

A rule's decorator and docstring are the only source of its documentation: ``model-lint rule``, the
documentation pages and the tables are made from them.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..findings import Problem, Severity

#: Where the documentation page of a rule lives; the rule's name is appended.
DOCS_URL = "https://ivadomed.github.io/model-template/rules/"

#: One module per family, in the order in which findings of equal severity are shown.
FAMILIES = (
    "names",
    "repository",
    "archive",
    "layout",
    "dataset",
    "plans",
    "checkpoint",
    "pickle",
    "privacy",
)

Check = Callable[[Any], Iterator[Problem]]
AnyCheck = TypeVar("AnyCheck", bound=Callable[..., Iterator[Problem]])


@dataclass(frozen=True)
class Rule:
    """One rule: its identity, what it enforces and the function that looks."""

    code: str
    name: str
    severity: Severity
    since: str
    #: The sentence of the specification, or the consumer's behaviour, that the rule enforces.
    source: str
    #: The name of the model class that the function takes (``Package``, ``Name``, ...).
    subject: str
    check: Check

    @property
    def summary(self) -> str:
        """The first line of the docstring: what is wrong."""
        return _sections(self)[0]

    @property
    def why(self) -> str:
        """Why it matters."""
        return _sections(self)[1]

    @property
    def fix(self) -> str:
        """How to repair it."""
        return _sections(self)[2]

    @property
    def example(self) -> str:
        """What is wrong and what is right, in one sentence; "" where the docstring has none."""
        return _sections(self)[3]

    @property
    def url(self) -> str:
        """The rule's documentation page."""
        return f"{DOCS_URL}{self.name}/"


_REGISTRY: dict[str, Rule] = {}


def rule(
    code: str, name: str, *, severity: Severity, since: str, source: str
) -> Callable[[AnyCheck], AnyCheck]:
    """Register a rule; its only parameter's annotation says which model it looks at."""

    def register(check: AnyCheck) -> AnyCheck:
        if code in _REGISTRY:
            raise ValueError(f"rule {code} is registered twice")
        subject = next(iter(check.__annotations__.values()))
        _REGISTRY[code] = Rule(code, name, severity, since, source, subject, check)
        return check

    return register


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, ordered by family and code."""
    for family in FAMILIES:
        importlib.import_module(f"{__name__}.{family}")
    order = {code: position for position, code in enumerate(_REGISTRY)}
    return tuple(sorted(_REGISTRY.values(), key=lambda r: order[r.code]))


def family_rules(family: str) -> tuple[Rule, ...]:
    """Return the rules of one family; the others are not even imported."""
    module = importlib.import_module(f"{__name__}.{family}")
    return tuple(r for r in _REGISTRY.values() if r.check.__module__ == module.__name__)


def _sections(of: Rule) -> tuple[str, str, str, str]:
    """Split a docstring into summary, "Why:", "Fix:" and "Example:", each on one line."""
    paragraphs = inspect.cleandoc(of.check.__doc__ or "").split("\n\n")
    flat = [" ".join(p.split()) for p in paragraphs]
    why, fix, example = (
        next((p.removeprefix(title) for p in flat if p.startswith(title)), "")
        for title in ("Why: ", "Fix: ", "Example: ")
    )
    return flat[0], why, fix, example
