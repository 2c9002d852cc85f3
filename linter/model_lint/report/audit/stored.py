"""Reports of targets that are kept from one audit to the next: a report as JSON, and back."""

from __future__ import annotations

import json
from typing import Any

from ...findings import Answer, Consumer, Finding, Severity, SourceLine, Stats, TargetReport


def pack(reports: tuple[TargetReport, ...]) -> bytes:
    """Write reports in which nothing is silenced yet."""
    return json.dumps([_report(report) for report in reports]).encode()


def unpack(data: bytes) -> tuple[TargetReport, ...] | None:
    """Read reports; None for anything else."""
    try:
        return tuple(_read_report(*report) for report in json.loads(data))
    except (ValueError, TypeError, KeyError):
        return None


def _report(report: TargetReport) -> list[Any]:
    return [
        report.target,
        report.kind,
        [_finding(finding) for finding in report.findings],
        list(report.stats),
        sorted(report.looked_for),
        [[a.consumer.value, a.codes, a.step] for a in report.takes],
    ]


def _read_report(*parts: Any) -> TargetReport:
    target, kind, findings, stats, looked_for, takes = parts
    return TargetReport(
        target,
        kind,
        tuple(_read_finding(**finding) for finding in findings),
        Stats(*stats),
        looked_for=frozenset(looked_for),
        takes=tuple(Answer(Consumer(name), tuple(codes), step) for name, codes, step in takes),
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        **finding._asdict(),
        "severity": finding.severity.value,
        "stops": [consumer.value for consumer in finding.stops],
    }


def _read_finding(
    *, severity: str, stops: list[str], source: list[Any] | None, **more: Any
) -> Finding:
    return Finding(
        severity=Severity(severity),
        stops=tuple(map(Consumer, stops)),
        source=SourceLine(*source) if source else None,
        **more,
    )
