"""One line per finding, for grep and for editors: ``location:line: severity CODE message``."""

from __future__ import annotations

from ..findings import Report


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one line per finding."""
    lines = [
        f"{f.location}{f':{f.line}' if f.line else ''}: {f.severity.value} {f.code} {f.message}\n"
        for target in report.targets
        for f in target.findings
    ]
    return "".join(lines)
