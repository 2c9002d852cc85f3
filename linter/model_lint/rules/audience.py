"""The consumers of a package: how bad a finding is for them, and which of them take the package."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..findings import Answer, Consumer, Finding, Problem, Severity
from . import Rule


def stopped(rule: Rule, problem: Problem) -> tuple[Consumer, ...]:
    """Return the consumers that a problem stops: all that its rule can stop, if it is an error."""
    if problem.stops is not None:
        return problem.stops
    return rule.stops if (problem.severity or rule.severity) is Severity.ERROR else ()


def severity(rule: Rule, problem: Problem, wanted: Collection[Consumer]) -> Severity:
    """Return how bad a problem is in a package for these consumers.

    A problem that stops one of them is an error; one that stops only others is an info, unless the
    specification forbids it or it is unsafe.
    """
    own = problem.severity or rule.severity
    stops = stopped(rule, problem)
    if any(consumer in wanted for consumer in stops):
        return Severity.ERROR
    if stops and own is Severity.ERROR and not rule.firm:
        return Severity.INFO
    return own


def reach(rule: Rule) -> str:
    """Return which consumers a rule's findings can stop, in one sentence; "" if none."""
    if not rule.stops:
        return ""
    if set(rule.stops) == set(Consumer):
        return "It can stop SCT, nnU-Net and 3D Slicer."
    named = " and ".join(consumer.title for consumer in rule.stops)
    if rule.firm:
        return f"It stops {named}, and is an error in every package."
    them = "them" if len(rule.stops) > 1 else "it"
    return f"It stops {named}: an error in packages for {them}, an info in others."


def concerns(finding: Finding, wanted: Collection[Consumer]) -> bool:
    """Return whether a finding is reported: a step for other consumers is only in the verdict."""
    return not finding.step or any(consumer in wanted for consumer in finding.stops)


def answers(findings: Iterable[Finding]) -> Iterator[Answer]:
    """Yield for each consumer whether it takes a package with these findings."""
    found = list(findings)
    for consumer in Consumer:
        mine = [finding for finding in found if consumer in finding.stops]
        final = [finding for finding in mine if not finding.step]
        codes = sorted({finding.code for finding in final or mine})
        steps = [] if final else list(dict.fromkeys(finding.step for finding in mine))
        yield Answer(consumer, tuple(codes), " and ".join(steps))
