"""The registry of rules: each is one function with its metadata.

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

#: The address of the rules' documentation pages; the rule's name is appended.
DOCS_URL = "https://ivadomed.github.io/model-template/rules/"

#: What the first letter of a code stands for, in the order in which findings of equal severity are
#: shown.
FAMILIES = {
    "N": "Repository names",
    "R": "Repositories",
    "T": "Releases",
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
    "release",
    "repository",
    "slicer",
    "trainer_class",
    "trainer_folder",
    "weights",
)


class Authority(enum.Enum):
    """Whose sentence or behaviour a rule enforces."""

    SPEC = "the specification"
    SCT = "SCT"
    NNUNET = "nnU-Net"
    SLICER = "3D Slicer"
    TORCH = "torch"
    ZIPFILE = "Python's zipfile"
    GITHUB = "GitHub"
    #: None of these: the source says what goes wrong otherwise.
    PRACTICE = "practice"


SPEC, SCT, NNUNET, TORCH = Authority.SPEC, Authority.SCT, Authority.NNUNET, Authority.TORCH
SLICER, ZIPFILE, GITHUB = Authority.SLICER, Authority.ZIPFILE, Authority.GITHUB
PRACTICE = Authority.PRACTICE

#: The consumers that a finding stops. They do not follow from the authority: what the specification
#: asks for may stop only SCT, and what nnU-Net does may stop all of them.
IN_SCT, IN_SLICER = Consumer.SCT, Consumer.SLICER
IN_STOCK = STOCK
EVERYWHERE = tuple(Consumer)

Check = Callable[..., Iterator[Problem]]
AnyCheck = TypeVar("AnyCheck", bound=Check)


class Rule(NamedTuple):
    """One rule: its metadata, and the function that looks for the defect."""

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
    #: What ``--fix`` does about it; "" if it can't be repaired.
    repair: str = ""
    #: Whether a zip with this defect is not repaired at all: damaged, hostile or ambiguous.
    blocks_repair: bool = False
    #: Whether the defect can harm the machine that unpacks or loads the model.
    security: bool = False
    #: Whether the line of a finding is not shown, because it would repeat the leak.
    private: bool = False
    #: Codes of rules that report the same cause better: if one of them does, this one is silent.
    unless: tuple[str, ...] = ()
    #: The consumers that its findings can stop: they fail, or silently do the wrong thing.
    stops: tuple[Consumer, ...] = ()

    @property
    def firm(self) -> bool:
        """Whether its errors are errors in every package, whichever consumers it is for."""
        return self.security or self.authority is SPEC

    @property
    def needed(self) -> tuple[str, ...]:
        """The models that must be there for it to run."""
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
        """An invalid and a valid example, in one sentence; "" if the docstring has none."""
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
    """Register a rule: its parameters name the models it looks at, its docstring documents it.

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
    """Return the rules of the module about names, without importing the others."""
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
