"""The report as JSON, version 1: a contract, so fields are added but never changed.

``schemas/report.schema.json`` describes it.
"""

from __future__ import annotations

import json
from typing import Any

from .. import __version__
from ..findings import Finding, Report, Severity, TargetReport


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one JSON object, with a newline at its end."""
    return dump(as_data(report))


def as_data(report: Report) -> dict[str, Any]:
    """Return a report as a JSON object."""
    return {
        "version": 1,
        "tool": {"name": "model-lint", "version": __version__},
        "targets": [_target(target) for target in report.targets],
        "configuration": [as_finding(finding) for finding in report.configuration],
        "summary": {severity.value: report.count(severity) for severity in Severity},
    }


def dump(data: dict[str, Any]) -> str:
    """Return JSON in ASCII, without control characters, so that it is safe in any terminal."""
    # The replacement: see ``wording.inert``.
    return json.dumps(data, indent=2).replace("##[", "##\\u005b") + "\n"


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "target": target.target,
        "kind": target.kind,
        "findings": [as_finding(finding) for finding in target.findings],
        "ignored": [{**as_finding(i.finding), "reason": i.reason} for i in target.ignored],
        "takes": takes(target),
        "stats": {
            "bytes_total": target.stats.bytes_total,
            "bytes_read": target.stats.bytes_read,
            "requests": target.stats.requests,
            "seconds": target.stats.seconds,
        },
    }


def takes(target: TargetReport) -> dict[str, Any]:
    """Return who takes a package: an answer for each consumer, empty for other targets."""
    return {
        answer.consumer.value: {"verdict": answer.verdict, "codes": list(answer.codes)}
        for answer in target.takes
    }


def as_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as a JSON object."""
    return {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "location": finding.location,
        "line": finding.line,
        "column": finding.source.column if finding.source else None,
        "help": finding.help,
        "url": finding.url,
        "stops": [consumer.value for consumer in finding.stops],
    }
