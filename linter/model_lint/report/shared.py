"""What several formats need: where a finding is, words for counts, code in prose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..findings import Answer, Finding, Report, Severity, TargetReport
from ..wording import count, joined

#: How the location of a file on a server begins.
ADDRESSES = ("https://", "http://")
_CODE = re.compile(r"`([^`]+)`")
#: How many codes of what stops a consumer are shown; the rest is counted.
_CODES_SHOWN = 3


def path_inside(target: str, finding: Finding) -> str:
    """Return a finding's path inside its target, "" if it is about the target itself."""
    if finding.location == target:
        return ""
    folder = target.rstrip("/")
    return finding.location.removeprefix(f"{folder}!/").removeprefix(f"{folder}/")


def split_location(target: TargetReport | None, finding: Finding) -> tuple[str, str]:
    """Return the path of a finding's file on disk, and the path inside it if it is a zip.

    The first is "" for a name and for a release, which are no files; the second is then the path in
    the repository of the release.
    """
    if target is None:
        return finding.location, ""
    if target.kind == "name":
        return "", ""
    if target.kind == "release":
        return "", path_inside(target.target, finding)
    archive = f"{target.target}!/"
    if finding.location.startswith(archive):
        return target.target, finding.location.removeprefix(archive)
    return finding.location, ""


def every_finding(report: Report) -> Iterator[tuple[TargetReport | None, Finding]]:
    """Yield all findings with their targets; those about the configuration have none."""
    for target in report.targets:
        for finding in target.findings:
            yield target, finding
    for finding in report.configuration:
        yield None, finding


def taken(target: TargetReport) -> str:
    """Return who takes a package: ``SCT: no (D009), nnU-Net: yes, ...``; "" for other targets."""
    return ", ".join(f"{answer.consumer.title}: {_verdict(answer)}" for answer in target.takes)


def _verdict(answer: Answer) -> str:
    if answer.verdict != "no":
        return answer.verdict
    shown, left = answer.codes[:_CODES_SHOWN], len(answer.codes[_CODES_SHOWN:])
    return f"no ({joined([*shown, *([f'{left} more'] if left else [])])})"


def tally(findings: Iterable[Finding]) -> list[tuple[Severity, str]]:
    """Return ``3 errors``, ``1 warning`` ... for the severities that occur, worst first."""
    numbers = dict.fromkeys(Severity, 0)
    for finding in findings:
        numbers[finding.severity] += 1
    return [(severity, words(severity, n)) for severity, n in numbers.items() if n]


def words(severity: Severity, number: int) -> str:
    """Return ``1 error``, ``2 warnings``, ``3 infos``."""
    return count(number, severity.value)


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split prose at its backticks: yield whether a piece is code, and the piece."""
    for position, piece in enumerate(_CODE.split(text)):
        if piece:
            yield position % 2 == 1, piece
