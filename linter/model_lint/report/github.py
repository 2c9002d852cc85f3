"""Workflow commands: each finding becomes an annotation of the run of GitHub Actions.

GitHub shows the first ten errors, warnings and notices of a step, so the worst come first.
Syntax and escapes: "Workflow commands for GitHub Actions" and the runner's ``ActionCommand``.
"""

from __future__ import annotations

from ..findings import Finding, Report, Severity, TargetReport
from ..wording import printable
from .shared import every_finding, is_on_server, split_location, taken

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one workflow command per finding, and one per package."""
    found = sorted(every_finding(report), key=lambda pair: pair[1].severity.rank)
    commands = [_command(target, finding) for target, finding in found]
    return "".join([*commands, *(_takers(target) for target in report.targets if target.takes)])


def _takers(target: TargetReport) -> str:
    """Return a command that says who takes a package; the last, so that GitHub drops it first."""
    if is_on_server(target):
        return f"::notice title=Who takes it::{_data(f'{target.target}: {taken(target)}')}\n"
    file = _property(target.target.removeprefix("./"))
    return f"::notice file={file},title=Who takes it::{_data(taken(target))}\n"


def _command(target: TargetReport | None, finding: Finding) -> str:
    properties, message = _placed(target, finding)
    properties["title"] = f"{finding.code} {finding.rule}"
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = f"{_data(message)}%0A{_data(f'Fix: {finding.help}')}"
    return f"::{_COMMANDS[finding.severity]} {listed}::{text}\n"


def _placed(target: TargetReport | None, finding: Finding) -> tuple[dict[str, str], str]:
    """Return what places a finding in a file of the checkout, and its message with the rest."""
    file, inner = split_location(target, finding)
    line = f":{finding.line}" if finding.line else ""
    if target and is_on_server(target):
        return {}, f"{finding.location}{line}: {finding.message}"
    properties = {"file": file.removeprefix("./")} if file.strip("./") else {}
    if inner:  # the line is that of a file in the zip, not of the zip
        return properties, f"{inner}{line}: {finding.message}"
    if finding.line:
        properties["line"] = str(finding.line)
        if finding.source and finding.source.column:
            properties["col"] = str(finding.source.column)
    elif not properties and target:
        return properties, f"{target.target}: {finding.message}"
    return properties, finding.message


def _data(text: str) -> str:
    # printable leaves no line breaks, which would need %0D and %0A.
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
