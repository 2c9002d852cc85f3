"""The registry of rules: one function each, and all that is known of it.

A rule's decorator and docstring are the only source of its documentation: ``model-lint rule``, the
documentation pages and the tables are made from them.
"""

from __future__ import annotations

import enum
import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypedDict, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Unpack

from ..findings import STOCK, Consumer, Problem, Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

#: Where the documentation page of a rule lives; the rule's name is appended.
DOCS_URL = "https://ivadomed.github.io/model-template/rules/"

#: What the first letter of a code stands for, in the order in which findings of equal severity are
#: shown.
FAMILIES = {
    "N": "Repository names",
    "R": "Repositories",
    "Z": "The zip as a container",
    "L": "The layout of a package",
    "D": "dataset.json",
    "P": "plans.json",
    "C": "Checkpoints",
    "K": "Safety of checkpoints",
    "V": "Privacy",
}
_MODULES = (
    "archive",
    "checkpoint",
    "dataset",
    "entry_names",
    "extras",
    "labels",
    "layout",
    "names",
    "package_size",
    "pickle",
    "plans",
    "privacy",
    "repository",
    "slicer",
    "trainer_class",
    "trainer_folder",
    "weights",
)


class Authority(enum.Enum):
    """Who a rule speaks for: whose sentence or behaviour it enforces."""

    SPEC = "the specification"
    SCT = "SCT"
    NNUNET = "nnU-Net"
    SLICER = "3D Slicer"
    TORCH = "torch"
    ZIPFILE = "Python's zipfile"
    GITHUB = "GitHub"
    #: Nobody's sentence: what goes wrong without it.
    PRACTICE = "practice"


SPEC, SCT, NNUNET, TORCH = Authority.SPEC, Authority.SCT, Authority.NNUNET, Authority.TORCH
SLICER, ZIPFILE, GITHUB = Authority.SLICER, Authority.ZIPFILE, Authority.GITHUB
PRACTICE = Authority.PRACTICE

#: Whom a finding stops. An authority does not tell: what the specification asks for may stop SCT
#: alone, and what nnU-Net does may stop everybody.
IN_SCT, IN_NNUNET, IN_SLICER = Consumer.SCT, Consumer.NNUNET, Consumer.SLICER
IN_STOCK = STOCK
EVERYWHERE = tuple(Consumer)

Check = Callable[..., Iterator[Problem]]
AnyCheck = TypeVar("AnyCheck", bound=Check)


class Rule(NamedTuple):
    """One rule: all that is known of it, and the function that looks."""

    code: str
    #: The function's name with hyphens: the defect.
    name: str
    #: The usual severity of its findings.
    severity: Severity
    authority: Authority
    #: The sentence of the specification, or the consumer's behaviour, that the rule enforces.
    source: str
    #: What it looks at: the names of its parameters, which are attributes of the target.
    models: tuple[str, ...]
    check: Check
    #: Further severities that a finding may have.
    also: tuple[Severity, ...] = ()
    since: str = "0.1"
    #: Whether it needs every byte to be read (``--deep``).
    deep: bool = False
    #: What ``--fix`` does about it; "" where it can't be repaired.
    repair: str = ""
    #: Whether a zip with this defect is not repaired at all: damaged, hostile or ambiguous.
    blocks_repair: bool = False
    #: Whether the defect can harm whoever unpacks or loads the model.
    security: bool = False
    #: Whether the line of a finding is not shown, since it would spread what leaked.
    private: bool = False
    #: Codes of rules that report the same cause better: where one of them does, this one is silent.
    unless: tuple[str, ...] = ()
    #: Whom its findings can stop: the program fails, or silently does the wrong thing.
    stops: tuple[Consumer, ...] = ()

    @property
    def firm(self) -> bool:
        """Whether its errors are errors whomever the package is for."""
        return self.security or self.authority is SPEC

    @property
    def needed(self) -> tuple[str, ...]:
        """Those of its models without which it does not run."""
        kinds = self.check.__annotations__
        return tuple(m for m in self.models if not str(kinds.get(m)).endswith("| None"))

    @property
    def family(self) -> str:
        """The first letter of its code, one of FAMILIES."""
        return self.code[0]

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Every severity that a finding may have, the usual one first."""
        return (self.severity, *self.also)

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


class _More(TypedDict, total=False):
    also: tuple[Severity, ...]
    since: str
    deep: bool
    repair: str
    blocks_repair: bool
    security: bool
    private: bool
    unless: tuple[str, ...]
    stops: tuple[Consumer, ...]


_REGISTRY: dict[str, Rule] = {}


def rule(
    code: str, severity: Severity, authority: Authority, source: str, **more: Unpack[_More]
) -> Callable[[AnyCheck], AnyCheck]:
    """Register a rule; its parameters say at which models it looks, its docstring documents it.

    The keywords are the fields of `Rule` that have a default.
    """

    def register(check: AnyCheck) -> AnyCheck:
        if code in _REGISTRY:
            raise ValueError(f"rule {code} is registered twice")
        name = check.__name__.replace("_", "-")
        models = tuple(model for model in check.__annotations__ if model != "return")
        _REGISTRY[code] = Rule(code, name, severity, authority, source, models, check, **more)
        return check

    return register


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, ordered by family and code."""
    for module in _MODULES:
        importlib.import_module(f"{__name__}.{module}")
    families = list(FAMILIES)
    return tuple(sorted(_REGISTRY.values(), key=lambda r: (families.index(r.family), r.code)))


def name_rules() -> tuple[Rule, ...]:
    """Return the rules of the module about names; the others are not even imported."""
    module = importlib.import_module(f"{__name__}.names")
    return tuple(r for r in _REGISTRY.values() if r.check.__module__ == module.__name__)


def _sections(of: Rule) -> tuple[str, str, str, str]:
    """Split a docstring into summary, "Why:", "Fix:" and "Example:", each on one line."""
    paragraphs = (of.check.__doc__ or "").split("\n\n")
    flat = [" ".join(p.split()) for p in paragraphs]
    why, fix, example = (
        next((p.removeprefix(title) for p in flat if p.startswith(title)), "")
        for title in ("Why: ", "Fix: ", "Example: ")
    )
    return flat[0], why, fix, example
