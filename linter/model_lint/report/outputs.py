"""Outputs of a step of GitHub Actions: ``NAME=VALUE`` lines for ``$GITHUB_OUTPUT``.

The counts, and the packages with the digest that GitHub gives them, as JSON on one line.
"""

from __future__ import annotations

import json

from ..findings import Report, Severity


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render the counts of a report, and the packages whose digest is known."""
    counts = [f"{severity.value}s={report.count(severity)}" for severity in Severity]
    packages = [
        {"name": target.target.rpartition("/")[2], "digest": target.digest}
        for target in report.targets
        if target.digest
    ]
    # JSON escapes line breaks, which would begin another output.
    return "\n".join([*counts, f"packages={json.dumps(packages)}", ""])
