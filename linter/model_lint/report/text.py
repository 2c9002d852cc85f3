"""The report for a person at a terminal: grouped by target, worst first."""

from __future__ import annotations

import textwrap

from ..findings import Finding, Report, Severity, TargetReport

_WIDTH = 100
_RESET = "\033[0m"
_BOLD = "\033[1m"
_DIM = "\033[2m"
_COLORS = {Severity.ERROR: "\033[31m", Severity.WARNING: "\033[33m", Severity.INFO: "\033[36m"}
_GREEN = "\033[32m"


def render(report: Report, *, color: bool = False) -> str:
    """Render a report as text; ``color`` adds ANSI sequences."""
    parts = [_target(target, color=color) for target in report.targets]
    return "\n".join([*parts, _summary(report, color=color)])


def _target(target: TargetReport, *, color: bool) -> str:
    head = f"{_paint(target.target, _BOLD, color)} ({target.kind})"
    if not target.findings:
        return f"{head}: {_paint('clean', _GREEN, color)}\n"
    return "\n".join([head, *(_finding(f, target, color=color) for f in target.findings), ""])


def _finding(finding: Finding, target: TargetReport, *, color: bool) -> str:
    severity = _paint(finding.severity.value, _BOLD + _COLORS[finding.severity], color)
    head = f"  {severity} {_paint(finding.code, _BOLD, color)} {finding.rule}"
    where = finding.location.removeprefix(f"{target.target}!/").removeprefix(f"{target.target}/")
    if where == target.target:
        where = ""
    if finding.line:
        where += f":{finding.line}"
    lines = [head + (f"  {_paint(where, _DIM, color)}" if where else "")]
    lines += _wrapped(finding.message, "    ")
    lines += _wrapped(f"fix: {finding.help}", "    ", "         ")
    return "\n".join(lines)


def _wrapped(text: str, indent: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(report: Report, *, color: bool) -> str:
    counts = [(report.count(severity), severity) for severity in Severity]
    found = [
        _paint(f"{count} {severity.value}{'s' if count > 1 else ''}", _COLORS[severity], color)
        for count, severity in counts
        if count
    ]
    checked = len(report.targets)
    where = f"{checked} target{'s' if checked != 1 else ''}"
    if not found:
        return f"{_paint('All clean', _GREEN, color)} in {where}.\n"
    return f"Found {', '.join(found)} in {where}.\n"


def _paint(text: str, code: str, color: bool) -> str:  # noqa: FBT001 - private, read at a glance
    return f"{code}{text}{_RESET}" if color else text
