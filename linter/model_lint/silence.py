"""What becomes of findings that the configuration or a baseline silences."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .config import Config
from .errors import UsageError
from .findings import OWN, UNUSED, Finding, Ignored, Severity, TargetReport
from .models.target import Target
from .rules import DOCS_URL, Rule
from .selection import DEEP, match

#: What makes a finding the same as one of the baseline: its line may have moved.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Silencer:
    """The ignores of a configuration, with their reasons, and the findings of a baseline."""

    rules: tuple[Rule, ...]
    config: Config
    known: frozenset[Key] = frozenset()

    def apply(self, report: TargetReport) -> TargetReport:
        """Move the silenced findings of a target aside, each with its reason."""
        reasons = self._reasons(report.target)
        kept: list[Finding] = []
        ignored: list[Ignored] = []
        for finding in report.findings:
            if finding.code in reasons:
                ignored.append(Ignored(finding, reasons[finding.code]))
            elif _key(finding) in self.known:
                ignored.append(Ignored(finding, "in the baseline"))
            else:
                kept.append(finding)
        return replace(report, findings=tuple(kept), ignored=tuple(ignored))

    def _reasons(self, target: str) -> dict[str, str]:
        tables = [self.config.ignore]
        for glob, table in self.config.per_target_ignores.items():
            if fnmatchcase(target, glob) or fnmatchcase(Path(target).name, glob):
                tables.append(table)
        return {
            code: reason
            for table in tables
            for selector, reason in table.items()
            for code in match(self.rules, selector)
        }

    def unused(self, targets: Iterable[Target], reports: Iterable[TargetReport]) -> list[Finding]:
        """Return a finding for every ignore that silences nothing.

        Only where a target was of the kind that the ignored rule looks at: a repository's
        configuration also serves the check of its packages, with ``--deep`` and without.
        """
        subjects = [subject for target in targets for subject in target.subjects]
        looked_at = {type(subject).__name__ for subject in subjects}
        passed_over = frozenset() if any(getattr(s, "deep", None) for s in subjects) else DEEP
        silenced = {item.finding.code for report in reports for item in report.ignored}
        by_code = {rule.code: rule for rule in self.rules}
        return [
            self._unused(selector)
            for selector in self.config.ignore
            for codes in [match(self.rules, selector)]
            if not codes & silenced
            and any(by_code[c].subject in looked_at for c in codes - passed_over)
        ]

    def _unused(self, selector: str) -> Finding:
        return Finding(
            code=UNUSED,
            rule=OWN[UNUSED],
            severity=Severity.WARNING,
            message=f"the configuration ignores {selector}, but nothing was found that it silences",
            location=str(self.config.path),
            line=None,
            help=f"remove {selector} from `ignore`",
            url=f"{DOCS_URL}{OWN[UNUSED]}/",
        )


def load_baseline(path: Path) -> frozenset[Key]:
    """Read a baseline: a report that ``--format json`` wrote. Raises UsageError."""
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(
            (str(f["code"]), _place(str(f["location"])), str(f["message"]))
            for target in data["targets"]
            for f in target["findings"]
        )
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: not a baseline; write one with `model-lint check --format json --output`"
        ) from error


def _key(finding: Finding) -> Key:
    return finding.code, _place(finding.location), finding.message


def _place(location: str) -> str:
    return location.removeprefix("./")  # `./model.zip` is `model.zip`
