"""One page that a person reads: self-contained, without scripts, in light and dark, and on paper.

No text of a package can act in it: every text is escaped, and the page's own policy forbids scripts
and external resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from itertools import groupby

from .. import __version__
from ..findings import Finding, Ignored, Report, Severity, SourceLine, Stats, TargetReport
from ..rules import Rule, all_rules
from ..wording import count, size
from .markup import markup
from .shared import joined, path_inside, pieces, taken, tally

_TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.INFO: "Infos"}
_LEGEND = (
    "<b>Errors</b> fail or are silently wrong in a consumer of the package, break the "
    "specification, or are unsafe. <b>Warnings</b> work today, but break a convention, waste "
    "space, leak, or will fail soon. <b>Infos</b> are worth knowing."
)
#: The verdict without findings, by whether anything was checked.
_CLEAN = {True: "All clean", False: "Nothing checked"}
_CLEAN_CHIP = '<span class="chip clean">clean</span>'


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as one HTML page."""
    rules = {rule.code: rule for rule in all_rules()}
    targets = list(report.targets)
    if report.configuration:
        targets.append(TargetReport("configuration", "", report.configuration, Stats()))
    verdict = joined([text for _, text in tally(report.findings)]) or _CLEAN[bool(targets)].lower()
    body = "".join(_target(target, rules, number) for number, target in enumerate(targets, 1))
    style = files(__package__).joinpath("html.css").read_text(encoding="utf-8")
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="model-lint {__version__}">
<title>model-lint: {verdict}</title>
<style>
{style}</style>
</head>
<body>
{_header(report, targets)}<main>
{body}</main>
<footer><p>{_LEGEND}</p>
<p>Written by model-lint {__version__}.</p></footer>
</body>
</html>
"""


def _header(report: Report, targets: list[TargetReport]) -> str:
    clean = sum(not target.findings for target in report.targets)
    note = f"{count(report.targets, 'target')} checked"
    if report.findings:
        note += f", {clean} clean"
    return (
        f'<header class="{_tone(report)}">\n'
        '<p class="brand">model-lint</p>\n'
        f"<h1>{_headline(report)}</h1>\n"
        f"<p>{note}</p>\n"
        f"{_filters(report)}{_contents(targets)}"
        "</header>\n"
    )


def _tone(report: Report) -> str:
    """Return the class that gives the whole page its colour."""
    worst = min((f.severity for f in report.findings), key=lambda s: s.rank, default=None)
    return worst.value if worst else "clean" if report.targets else "info"


def _headline(report: Report) -> str:
    counts = tally(report.findings)
    found = [f'<span class="{severity.value}">{text}</span>' for severity, text in counts]
    return joined(found) or _CLEAN[bool(report.targets)]


def _filters(report: Report) -> str:
    """Return checkboxes that show or hide a severity, by the style sheet alone."""
    boxes = [
        f'<label class="{name}"><input type="checkbox" id="show-{name}" checked> {number}</label>\n'
        for severity, number in tally(report.findings)
        for name in [severity.value]
    ]
    if not boxes:
        return ""
    return f'<div class="filters" role="group" aria-label="Show">\n{"".join(boxes)}</div>\n'


def _contents(targets: list[TargetReport]) -> str:
    if len(targets) < 2:
        return ""
    rows = []
    for number, target in enumerate(targets, 1):
        found = tally(target.findings)
        chips = [f'<span class="chip {severity.value}">{text}</span>' for severity, text in found]
        link = f'<a href="#target-{number}">{_path(target.target)}</a>'
        verdict = "".join(chips) or _CLEAN_CHIP
        rows.append(f'<li>{link} <span class="chips">{verdict}</span></li>\n')
    return f'<nav aria-label="Targets"><ol>\n{"".join(rows)}</ol></nav>\n'


def _target(target: TargetReport, rules: dict[str, Rule], number: int) -> str:
    groups = groupby(_worst_first(target.findings), key=lambda f: f.severity)
    sections = "".join(_severity(severity, [*found], target, rules) for severity, found in groups)
    clean = "" if target.findings else '<p class="verdict">No findings.</p>\n'
    facts = " &middot; ".join(_facts(target))
    about = f'<p class="facts">{facts}</p>\n' if facts else ""
    about += f'<p class="facts">{_prose(taken(target))}</p>\n' if target.takes else ""
    return (
        f'<section class="target" id="target-{number}">\n'
        f"<h2>{_path(target.target)}</h2>\n{about}{clean}{sections}{_ignored(target.ignored)}"
        "</section>\n"
    )


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity.rank)


def _facts(target: TargetReport) -> Iterator[str]:
    stats = target.stats
    if target.kind:
        yield escape(target.kind)
    if stats.bytes_total:
        yield f"{size(stats.bytes_total)}, {size(stats.bytes_read)} read"
    if stats.requests:
        yield count(stats.requests, "request")
    if stats.seconds:
        yield f"{stats.seconds:.2f} s"


def _severity(
    severity: Severity, findings: list[Finding], target: TargetReport, rules: dict[str, Rule]
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
        f'<p class="fix"><b>Fix</b> {_prose(first.help)}</p>\n'
        f"{_why(rule)}</article>\n"
    )


def _why(rule: Rule | None) -> str:
    if rule is None or not rule.why:
        return ""
    return (
        f"<details><summary>Why it matters</summary>\n"
        f"<p>{_prose(rule.summary)}</p>\n<p><b>Why</b> {_prose(rule.why)}</p>\n"
        f"<p><b>Source</b> {_prose(rule.source)}</p>\n</details>\n"
    )


def _place(finding: Finding, target: str) -> str:
    where = path_inside(target, finding)
    line = f"<span>line {finding.line}</span>" if finding.line else ""
    head = f'<p class="where">{_path(where)} {line}</p>\n' if where else ""
    context = ""
    if finding.source and finding.line:
        shown = f"<i>{finding.line}</i>{_marked(finding.source)}"
        context = f'<pre tabindex="0">{shown}</pre>\n'
    return f"{head}<p>{_prose(finding.message)}</p>\n{context}"


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
        f"<li><b>{escape(i.finding.code)}</b> {_prose(i.finding.message)}"
        f"{f' <em>({markup(i.reason)})</em>' if i.reason else ''}</li>\n"
        for i in ignored
    )
    title = f"{count(ignored, 'finding')} ignored"
    return f'<details class="ignored"><summary>{title}</summary>\n<ul>\n{rows}</ul></details>\n'


def _prose(text: str) -> str:
    """Escape a text, and show text between backticks as code."""
    parts: Iterable[str] = (
        f"<code>{markup(piece)}</code>" if code else markup(piece) for code, piece in pieces(text)
    )
    return "".join(parts)


def _path(path: str) -> str:
    """Escape a path, and let it break after each slash."""
    return f'<span class="path">{markup(path).replace("/", "/<wbr>")}</span>'
