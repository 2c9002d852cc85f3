"""An audit as one page for a site: a table to sort and filter, whose rows open to their findings.

It is self-contained, and reads without scripts too, with every row open. No text of a repository
can act in it: every text is escaped, and the page's policy allows its own script and style alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from html import escape
from importlib.resources import files

from ... import __version__
from ...findings import Finding, Severity
from ...wording import joined
from ..html import LEGEND, stylesheet
from ..markup import markup
from ..shared import tally
from .data import Audit
from .html_rows import columns, link, row
from .wording import contents, passed_over, period

#: Rules that are shown as the most frequent ones, at most.
_FREQUENT = 8


def render(audit: Audit) -> str:
    """Render an audit as one HTML page."""
    style = stylesheet() + _source("audit.css")
    script = _source("audit.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    rows = "".join(row(one, number, audit) for number, one in enumerate(audit.repositories, 1))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="model-lint {__version__}">
<title>Models of {markup(audit.owner)}</title>
<style>{style}</style>
<script>{script}</script>
</head>
<body class="audit">
{_header(audit)}<main>
{_controls(audit)}<table>
<caption class="hidden">Model repositories. Column headers with buttons are sortable.</caption>
<thead><tr>
{columns(audit)}</tr></thead>
{rows}</table>
{_configuration(audit)}</main>
<footer>{_footer(audit)}</footer>
</body>
</html>
"""


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return what names a text in the page's policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _header(audit: Audit) -> str:
    findings = _findings(audit)
    worst = min((finding.severity for finding in findings), key=lambda s: s.rank, default=None)
    counts = [f'<span class="{severity.value}">{text}</span>' for severity, text in tally(findings)]
    verdict = joined(counts) or '<span class="clean">All clean</span>'
    owner = link(audit.url, markup(audit.owner))
    return (
        f'<header class="{worst.value if worst else "clean"}">\n'
        f'<p class="brand">model-lint</p>\n<h1>Models of {owner}</h1>\n'
        f'<p class="total">{verdict}</p>\n<p class="facts">{markup(contents(audit))} on '
        f'<time datetime="{audit.date}">{audit.date[:10]}</time>{markup(period(audit))}</p>\n'
        "</header>\n"
    )


def _findings(audit: Audit) -> list[Finding]:
    """Return the findings of the table: not those about the configuration."""
    return [finding for one in audit.repositories for finding in one.findings]


def _controls(audit: Audit) -> str:
    """Return what filters the table; without scripts it is hidden."""
    boxes = [_box(severity.value, text) for severity, text in tally(_findings(audit))]
    clean = sum(not one.findings and not one.errors for one in audit.repositories)
    boxes += [_box("clean", f"{clean} clean")] if clean else []
    return (
        '<search class="controls">\n'
        '<p class="find"><label for="find">Filter</label> '
        '<input type="search" id="find" autocomplete="off" spellcheck="false" '
        'placeholder="name, rule, tag or text"></p>\n'
        f'<div class="filters" role="group" aria-label="Show">\n{"".join(boxes)}</div>\n'
        '<button type="button" id="open-all" aria-pressed="false">Open all</button>\n'
        f'{_frequent(audit)}<p id="shown" role="status"></p>\n</search>\n'
    )


def _box(name: str, text: str) -> str:
    box = f'<input type="checkbox" id="show-{name}" checked>'
    return f'<label class="{name}">{box} {text}</label>\n'


def _frequent(audit: Audit) -> str:
    """Return buttons for the rules that most repositories break."""
    found = Counter(
        rule
        for one in audit.repositories
        for rule in {(f.code, f.rule) for f in one.findings if f.severity is not Severity.INFO}
    )
    frequent = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_FREQUENT]
    if not frequent:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-find="{escape(code)}">{escape(code)} {escape(name)} '
        f"<b>{number}</b></button></li>\n"
        for (code, name), number in frequent
    )
    label = '<p id="frequent">Most frequent, with the number of repositories</p>'
    return f'<div class="frequent">{label}\n<ul aria-labelledby="frequent">\n{buttons}</ul></div>\n'


def _configuration(audit: Audit) -> str:
    items = "".join(
        f"<li>{markup(f.code)} {markup(f.message)}; {markup(f.help)}</li>\n"
        for f in audit.configuration
    )
    return (
        f'<section class="warning">\n<h2>Configuration</h2>\n<ul>\n{items}</ul></section>\n'
        if items
        else ""
    )


def _footer(audit: Audit) -> str:
    return "\n".join(f"<p>{part}</p>" for part in _notes(audit)) + "\n"


def _notes(audit: Audit) -> Iterator[str]:
    yield LEGEND
    yield (
        "<b>SCT</b>, <b>nnU-Net</b> and <b>Slicer</b>: whether they take the packages of the "
        "newest release that has some; <b>after</b> means after a step by the user."
    )
    if audit.passed_over:
        yield markup(passed_over(audit))
    yield f"Written by model-lint {__version__}."
