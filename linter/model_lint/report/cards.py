"""Findings as HTML: a card for each rule, with every place that it reports.

Every text is escaped. The style sheet is ``html.css``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby

from ..findings import Finding, Ignored, Severity, SourceLine, TargetReport
from ..rules import Rule
from ..wording import count
from .markup import markup
from .shared import path_inside, pieces

_TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.INFO: "Infos"}


def findings_of(target: TargetReport, rules: Mapping[str, Rule]) -> str:
    """Return the findings of a target, worst first, and those that are ignored.

    ``rules`` contains the rules whose reasons are shown.
    """
    groups = groupby(_worst_first(target.findings), key=lambda f: f.severity)
    sections = "".join(_severity(severity, [*found], target, rules) for severity, found in groups)
    return sections + _ignored(target.ignored)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity.rank)


def _severity(
    severity: Severity, findings: list[Finding], target: TargetReport, rules: Mapping[str, Rule]
) -> str:
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault((finding.code, finding.help), []).append(finding)
    cards = "".join(
        _card(found, target.target, rules.get(code)) for (code, _), found in by_rule.items()
    )
    title = f"{_TITLES[severity]} <small>{len(findings)}</small>"
    return f'<section class="{severity.value}">\n<h3>{title}</h3>\n{cards}</section>\n'


def _card(findings: list[Finding], target: str, rule: Rule | None) -> str:
    """Return a card for one rule, with every place that it reports."""
    first = findings[0]
    places = "".join(f"<li>{_place(finding, target)}</li>\n" for finding in findings)
    return (
        '<article class="card">\n'
        f'<h4><a class="code" href="{escape(first.url)}" rel="noreferrer">{escape(first.code)}</a>'
        f" {escape(first.rule)}</h4>\n"
        f'<ul class="places">\n{places}</ul>\n'
        f'<p class="fix"><b>Fix</b> {prose(first.help)}</p>\n'
        f"{_why(rule)}</article>\n"
    )


def _why(rule: Rule | None) -> str:
    if rule is None or not rule.why:
        return ""
    return (
        f"<details><summary>Why it matters</summary>\n"
        f"<p>{prose(rule.summary)}</p>\n<p><b>Why</b> {prose(rule.why)}</p>\n"
        f"<p><b>Source</b> {prose(rule.source)}</p>\n</details>\n"
    )


def _place(finding: Finding, target: str) -> str:
    where = path_inside(target, finding)
    line = f"<span>line {finding.line}</span>" if finding.line else ""
    head = f'<p class="where">{path_markup(where)} {line}</p>\n' if where else ""
    context = ""
    if finding.source and finding.line:
        shown = f"<i>{finding.line}</i>{_marked(finding.source)}"
        context = f'<pre tabindex="0">{shown}</pre>\n'
    return f"{head}<p>{prose(finding.message)}</p>\n{context}"


def _marked(source: SourceLine) -> str:
    if source.start is None:
        return markup(source.text)
    end = source.start + source.length
    before, after = source.text[: source.start], source.text[end:]
    return f"{markup(before)}<mark>{markup(source.text[source.start : end])}</mark>{markup(after)}"


def _ignored(ignored: tuple[Ignored, ...]) -> str:
    if not ignored:
        return ""
    rows = "".join(
        f"<li><b>{escape(i.finding.code)}</b> {prose(i.finding.message)}"
        f"{f' <em>({markup(i.reason)})</em>' if i.reason else ''}</li>\n"
        for i in ignored
    )
    title = f"{count(ignored, 'finding')} ignored"
    return f'<details class="ignored"><summary>{title}</summary>\n<ul>\n{rows}</ul></details>\n'


def prose(text: str) -> str:
    """Escape a text, and show text between backticks as code."""
    parts: Iterable[str] = (
        f"<code>{markup(piece)}</code>" if code else markup(piece) for code, piece in pieces(text)
    )
    return "".join(parts)


def path_markup(path: str) -> str:
    """Escape a path, and let it break after each slash."""
    return f'<span class="path">{markup(path).replace("/", "/<wbr>")}</span>'
