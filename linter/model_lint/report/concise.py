"""One line per finding, for grep and editors: ``location:line:column: severity CODE message``."""

from __future__ import annotations

from ..findings import Finding, Report
from ..wording import inert, printable


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one line per finding."""
    return inert("".join(f"{_line(finding)}\n" for finding in report.findings))


def _line(finding: Finding) -> str:
    place = finding.location
    if finding.line:
        place += f":{finding.line}"
        if finding.source and finding.source.column:
            place += f":{finding.source.column}"
    return printable(f"{place}: {finding.severity.value} {finding.code} {finding.message}")
