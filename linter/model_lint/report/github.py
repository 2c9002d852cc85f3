"""Workflow commands: each finding becomes an annotation of the run of GitHub Actions.

GitHub shows the first ten errors, warnings and notices of a step, so the worst come first.
Syntax and escapes: "Workflow commands for GitHub Actions" and the runner's ``ActionCommand``.
"""

from __future__ import annotations

from ..findings import Finding, Report, Severity, TargetReport
from ..wording import printable
from .shared import ADDRESSES, every_finding, split_location, taken

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one workflow command per finding, and one per package."""
    found = sorted(every_finding(report), key=lambda pair: pair[1].severity.rank)
    commands = [_command(target, finding) for target, finding in found]
    return "".join([*commands, *(_takers(target) for target in report.targets if target.takes)])


def _takers(target: TargetReport) -> str:
    """Return a command that says who takes a package; the last, so that GitHub drops it first."""
    place, about = f"file={_property(target.target.removeprefix('./'))},", ""
    if target.target.startswith(ADDRESSES):
        place, about = "", f"{target.target}: "
    return f"::notice {place}title=Who takes it::{_data(about + taken(target))}\n"


def _command(target: TargetReport | None, finding: Finding) -> str:
    file, inner = split_location(target, finding)
    is_here = file.strip("./") and not file.startswith(ADDRESSES)
    properties = {"file": file.removeprefix("./")} if is_here else {}
    message = finding.message
    if inner:  # the line is that of a file in the zip, not of the zip
        message = f"{inner}{f':{finding.line}' if finding.line else ''}: {message}"
    elif finding.line and is_here:
        properties["line"] = str(finding.line)
        if finding.source and finding.source.column:
            properties["col"] = str(finding.source.column)
    if not is_here and target:
        message = f"{target.target}: {message}"
    properties["title"] = f"{finding.code} {finding.rule}"
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = f"{_data(message)}%0A{_data(f'Fix: {finding.help}')}"
    return f"::{_COMMANDS[finding.severity]} {listed}::{text}\n"


def _data(text: str) -> str:
    # printable leaves no line breaks, which would need %0D and %0A.
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
