"""From targets to findings: which rules run, and what becomes of one that crashes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from .errors import ISSUES_URL
from .findings import INTERNAL, OWN, Finding, Problem, Severity, Stats, TargetReport
from .models.quoted_line import Sources
from .models.target import Target
from .rules import Rule


def check(target: Target, rules: Iterable[Rule], started: float) -> TargetReport:
    """Run the rules on a target. ``started`` is the ``time.perf_counter`` before it was read."""
    sources = Sources(target.subjects)
    found = [
        finding
        for rule in rules
        for subject in target.subjects
        if type(subject).__name__ == rule.subject and rule.code.startswith(target.family)
        for finding in _run(rule, subject, target, sources)
    ]
    found.sort(key=lambda f: f.severity.rank)
    stats = Stats(
        bytes_total=target.bytes_total,
        bytes_read=target.bytes_read,
        seconds=round(time.perf_counter() - started, 3),
    )
    return TargetReport(target.text, target.kind, tuple(found), stats)


def _run(rule: Rule, subject: object, target: Target, sources: Sources) -> Iterator[Finding]:
    """Run one rule; if it crashes say so with its code and let the others go on."""
    try:
        for problem in rule.check(subject):
            yield _finding(rule, problem, target, sources)
    except Exception as error:
        yield Finding(
            code=INTERNAL,
            rule=OWN[INTERNAL],
            severity=Severity.ERROR,
            message=f"{rule.code} {rule.name} crashed: {type(error).__name__}: {error}",
            location=target.text,
            line=None,
            help=f"a defect of model-lint, not of the model: please report it at {ISSUES_URL}",
            url=ISSUES_URL,
        )


def _finding(rule: Rule, problem: Problem, target: Target, sources: Sources) -> Finding:
    return Finding(
        code=rule.code,
        rule=rule.name,
        severity=problem.severity or rule.severity,
        message=problem.message,
        location=target.locate(problem.at),
        line=problem.line,
        help=problem.help or rule.fix,
        url=rule.url,
        # The line of a leak would only spread it further, into logs and job summaries.
        source=None if rule.code.startswith(("V", "R010")) else sources.line(problem),
    )
