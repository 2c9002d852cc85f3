"""One page that a person reads: self-contained, without scripts, in light and dark, and on paper.

No text of a package can act in it: every text is escaped, and the page's own policy forbids scripts
and external resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from .. import __version__
from ..findings import Report, Stats, TargetReport
from ..rules import Rule, all_rules
from ..wording import count, joined, size
from .cards import findings_of, path_markup, prose
from .shared import taken, tally

#: What the severities mean.
LEGEND = (
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
{stylesheet()}</style>
</head>
<body>
{_header(report, targets)}<main>
{body}</main>
<footer><p>{LEGEND}</p>
<p>Written by model-lint {__version__}.</p></footer>
</body>
</html>
"""


def stylesheet() -> str:
    """Return the style of findings, in light and dark, and on paper."""
    return files(__package__).joinpath("html.css").read_text(encoding="utf-8")


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
        link = f'<a href="#target-{number}">{path_markup(target.target)}</a>'
        verdict = "".join(chips) or _CLEAN_CHIP
        rows.append(f'<li>{link} <span class="chips">{verdict}</span></li>\n')
    return f'<nav aria-label="Targets"><ol>\n{"".join(rows)}</ol></nav>\n'


def _target(target: TargetReport, rules: dict[str, Rule], number: int) -> str:
    clean = "" if target.findings else '<p class="verdict">No findings.</p>\n'
    facts = " &middot; ".join(_facts(target))
    about = f'<p class="facts">{facts}</p>\n' if facts else ""
    about += f'<p class="facts">{prose(taken(target))}</p>\n' if target.takes else ""
    return (
        f'<section class="target" id="target-{number}">\n'
        f"<h2>{path_markup(target.target)}</h2>\n{about}{clean}{findings_of(target, rules)}"
        "</section>\n"
    )


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
