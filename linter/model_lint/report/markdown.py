"""GitHub's Markdown, for ``$GITHUB_STEP_SUMMARY`` and for comments: a table per target."""

from __future__ import annotations

import re

from ..findings import Finding, Report, Severity, TargetReport
from ..wording import count, joined, printable
from .shared import path_inside, pieces, taken, tally

#: Bytes of table rows, at most: GitHub refuses a summary of more than 1 MiB.
_BUDGET = 900_000
#: Characters that are markup inside a table's cell, or from which GitHub makes links.
_SPECIAL = re.compile(r"[\\`*_\[\]|~#$]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as Markdown."""
    none = "all clean" if report.targets else "nothing checked"
    verdict = joined([text for _, text in tally(report.findings)]) or none
    parts = [f"## model-lint: {verdict}\n"]
    clean = [target for target in report.targets if not target.findings and not target.ignored]
    if clean:
        names = "".join(f"- {code(t.target)} ({t.kind}){_takers('. ', t)}\n" for t in clean)
        parts.append(f"{count(clean, 'clean target')}:\n\n{names}")
    room = _BUDGET
    for target in report.targets:
        if target.findings or target.ignored:
            section = _target(target, room)
            room -= len(section.encode())
            parts.append(section)
    if report.configuration:
        parts.append(_section("### configuration\n", "", report.configuration, room))
    return "\n".join(parts)


def _target(target: TargetReport, room: int) -> str:
    found = joined([text for _, text in tally(target.findings)]) or "clean"
    head = f"### {code(target.target)} ({target.kind}): {found}\n"
    section = _section(head + _takers("\n", target, "\n"), target.target, target.findings, room)
    if not target.ignored:
        return section
    reasons = sorted({(f"{i.finding.code} {i.finding.rule}", i.reason) for i in target.ignored})
    listed = [f"{rule}{f': {_prose(why)}' if why else ''}" for rule, why in reasons]
    number = count(target.ignored, "finding")
    return f"{section}\n{number} ignored ({'; '.join(listed)}).\n"


def _takers(before: str, target: TargetReport, after: str = "") -> str:
    return f"{before}{_prose(taken(target))}{after}" if target.takes else ""


def _section(head: str, target: str, findings: tuple[Finding, ...], room: int) -> str:
    if not findings:
        return head
    rows = []
    for finding in findings:
        row = _row(finding, target)
        room -= len(row.encode())
        if room < 0:
            break
        rows.append(row)
    table = f"\n| | rule | where | what |\n|---|---|---|---|\n{''.join(rows)}" if rows else ""
    left = len(findings) - len(rows)
    more = f"\n{count(left, 'more finding')} would not fit here.\n" if left else ""
    return head + table + more


def _row(finding: Finding, target: str) -> str:
    where = path_inside(target, finding)
    if finding.line:
        where += f":{finding.line}"
    rule = f"{finding.code} {finding.rule}"
    severity = finding.severity.value
    cells = [
        f"**{severity}**" if finding.severity is Severity.ERROR else severity,
        f"[{rule}]({finding.url})",
        code(where) if where else "",
        f"{_prose(finding.message)}<br>Fix: {_prose(finding.help)}",
    ]
    return f"| {' | '.join(cells)} |\n"


def _prose(text: str) -> str:
    """Escape a text, and show text between backticks as code."""
    return "".join(code(piece) if is_code else escape(piece) for is_code, piece in pieces(text))


def code(text: str) -> str:
    """Show a text as code."""
    # Not backticks: they can't contain a backtick, and in a table a pipe would still end the cell.
    return f"<code>{escape(text)}</code>"


def escape(text: str) -> str:
    """Escape for HTML and Markdown; an empty comment keeps @names from being notified."""
    safe = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda match: "\\" + match[0], safe).replace("@", "@<!-- -->")
