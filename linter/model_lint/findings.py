"""Findings as data: what a rule yields, and what the report shows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple


class Severity(enum.Enum):
    """How bad a defect is.

    ERROR: a consumer that the package is for fails or silently does the wrong thing, the
    specification forbids it, or it is unsafe. WARNING: works today, but breaks a convention,
    wastes much space, leaks, or will fail soon. INFO: worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for an error, 1 for a warning, 2 for an info: lower is worse."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Consumer(enum.Enum):
    """A program that packages are made for."""

    SCT = "sct"
    NNUNET = "nnunet"
    SLICER = "slicer"

    @property
    def title(self) -> str:
        """Its name in prose."""
        return _TITLES[self]


_TITLES = {Consumer.SCT: "SCT", Consumer.NNUNET: "nnU-Net", Consumer.SLICER: "3D Slicer"}
#: The consumers that the specification's packages are for.
DEFAULT_CONSUMERS = (Consumer.SCT, Consumer.NNUNET)
#: The consumers that run stock nnU-Net.
STOCK = (Consumer.NNUNET, Consumer.SLICER)

#: A rule crashed; an ignore silences nothing.
INTERNAL, UNUSED = "X000", "X001"
#: `sct --check`: SCT installs something else than the package; its entry states something else.
OUTDATED, ENTRY = "S001", "S002"
#: Codes and names of model-lint's own findings, which have no rule.
OWN = {
    INTERNAL: "internal-error",
    UNUSED: "unused-ignore",
    OUTDATED: "sct-entry-outdated",
    ENTRY: "sct-entry-differs",
}


#: A step into a JSON value: a key of an object or an index of an array.
Step = str | int


class Problem(NamedTuple):
    """Something that is wrong, as a rule yields it; `lint` makes a Finding of it."""

    #: One line: what is wrong here, with the values that were found.
    message: str
    #: Path inside the target (``nnUNetTrainer__nnUNetPlans__2d/dataset.json``); "" is the target.
    at: str = ""
    #: 1-based line in that file, if known.
    line: int | None = None
    #: One line: how to fix this case. None means the rule's general advice.
    help: str | None = None
    #: The severity of this case; None means the rule's own.
    severity: Severity | None = None
    #: Where in a JSON file: keys and indices from the top, which give the line; in a checkpoint
    #: the record and the byte in it.
    steps: tuple[Step, ...] = ()
    #: The rule that reports it, if it was found while a model was built; else "".
    code: str = ""
    #: The consumers that this case stops; None means all that the rule can stop.
    stops: tuple[Consumer, ...] | None = None
    #: A step by the user after which the package works for them: "wrapping it in ...".
    step: str = ""


_CUT = "..."


class SourceLine(NamedTuple):
    """The line of a text file that a finding points at, cut to what a screen takes."""

    #: The line without its indentation; ``...`` stands for what was cut off at either end.
    text: str
    #: 0-based index in ``text`` of the key that is meant; None where only the line is known.
    start: int | None = None
    #: Characters of that key.
    length: int = 0
    #: 1-based column of the key in the file, in characters.
    column: int | None = None

    def cut(self, width: int) -> SourceLine:
        """Return at most ``width`` characters of it, with the key."""
        if len(self.text) <= width:
            return self
        start = self.start or 0
        # A third of the width is before the key, so that readers recognise the context.
        first = max(0, min(start - width // 3, len(self.text) - width))
        text = self.text[first : first + width]
        if first:
            text = _CUT + text[len(_CUT) :]
        if first + width < len(self.text):
            text = text[: -len(_CUT)] + _CUT
        if self.start is None:
            return self._replace(text=text)
        begin = start - first
        return self._replace(text=text, start=begin, length=min(self.length, width - begin))


#: What identifies a finding in a report: its code, location and message. Its line may move.
Key = tuple[str, str, str]


class Finding(NamedTuple):
    """One defect of one target, as every report format shows it."""

    code: str
    rule: str
    severity: Severity
    message: str
    location: str
    line: int | None
    help: str
    url: str
    #: The text of that line, if the target's model has it.
    source: SourceLine | None = None
    #: The consumers that it stops, whether or not the package is for them.
    stops: tuple[Consumer, ...] = ()
    #: A step by the user after which the package works for them.
    step: str = ""

    @property
    def key(self) -> Key:
        """What identifies it in a report."""
        return key_in_report(self._asdict())


def key_in_report(finding: Mapping[str, Any]) -> Key:
    """Return what identifies a finding of a JSON report. Raises KeyError and TypeError."""
    # `./model.zip` is `model.zip`.
    location = str(finding["location"]).removeprefix("./")
    return str(finding["code"]), location, str(finding["message"])


class Stats(NamedTuple):
    """What the check of one target cost."""

    bytes_total: int = 0
    bytes_read: int = 0
    requests: int = 0
    seconds: float = 0.0


class Ignored(NamedTuple):
    """A finding that the configuration or the baseline silences."""

    finding: Finding
    #: Why it is silenced; "" if the configuration gives no reason.
    reason: str


class Answer(NamedTuple):
    """Whether a consumer takes a package."""

    consumer: Consumer
    #: Codes of the findings that stop it, sorted.
    codes: tuple[str, ...] = ()
    #: A step by the user after which it takes the package.
    step: str = ""

    @property
    def verdict(self) -> str:
        """``yes``, ``no``, or ``after`` and the step."""
        if self.step:
            return f"after {self.step}"
        return "no" if self.codes else "yes"


class TargetReport(NamedTuple):
    """All findings of one target, worst first."""

    target: str
    #: package, folder, repository, release or name.
    kind: str
    findings: tuple[Finding, ...]
    stats: Stats
    ignored: tuple[Ignored, ...] = ()
    #: Codes of the rules that ran.
    looked_for: frozenset[str] = frozenset()
    #: Who takes the package; empty for other targets, and if not every rule for it ran.
    takes: tuple[Answer, ...] = ()
    #: What GitHub says of the bytes of an asset, as ``sha256:...``; "" if that is unknown.
    digest: str = ""


class Report(NamedTuple):
    """The findings of a run."""

    targets: tuple[TargetReport, ...]
    #: Findings about the configuration: ignores that silence nothing.
    configuration: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, those about the configuration last."""
        return (*(f for target in self.targets for f in target.findings), *self.configuration)

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(f.severity is severity for f in self.findings)
