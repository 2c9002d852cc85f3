"""An audit as GitHub's Markdown: the table, for the summary of a job or an issue."""

from __future__ import annotations

from collections.abc import Iterator

from ...findings import Consumer, Severity
from ...wording import joined
from ..markdown import code, escape
from ..shared import tally
from .data import NONE, UNKNOWN, Audit, RepositoryReport
from .wording import contents, passed_over, period

#: Bytes of table rows, at most: GitHub refuses a summary of more than 1 MiB.
_BUDGET = 900_000
_COLUMNS = ("Repository", "Latest", "Packages", "Errors", "Warnings", "SCT", "nnU-Net", "Slicer")
_CHANGES = ("New", "Fixed")


def render(audit: Audit) -> str:
    """Render an audit as Markdown."""
    found = joined([text for _, text in tally(audit.report.findings)]) or "all clean"
    verdict = found if audit.repositories else "nothing was linted"
    parts = [f"## Models of {escape(audit.owner)}: {verdict}\n\n"]
    parts.append(f"{contents(audit)} on {audit.date[:10]}{escape(period(audit))}.\n")
    if audit.repositories:
        parts += ["\n", *_table(audit)]
    unread = [f"- {code(one.name)}: {escape(error)}\n" for one, error in audit.errors]
    parts += ["\nUnreadable:\n\n", *unread] if unread else []
    configuration = [
        f"- {f.code} {escape(f.message)}; {escape(f.help)}\n" for f in audit.configuration
    ]
    parts += ["\nConfiguration:\n\n", *configuration] if configuration else []
    if audit.passed_over:
        parts.append(f"\n{passed_over(audit)}\n")
    return "".join(parts)


def _table(audit: Audit) -> Iterator[str]:
    columns = [*_COLUMNS, *(_CHANGES if audit.compared else ())]
    yield _row(columns)
    yield _row(["---"] * len(columns))
    room = _BUDGET
    for number, one in enumerate(audit.repositories):
        row = _row([*_cells(one), *(_changes(one) if audit.compared else ())])
        room -= len(row.encode())
        if room < 0:
            yield f"\n{len(audit.repositories) - number} more would not fit here.\n"
            return
        yield row


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cells(one: RepositoryReport) -> Iterator[str]:
    yield f"[{escape(one.name)}]({one.url})" if _is_plain(one.url) else escape(one.name)
    yield escape(one.latest.tag) if one.latest else NONE
    yield str(one.packages)
    unknown = UNKNOWN if one.errors else ""
    for severity in (Severity.ERROR, Severity.WARNING):
        number = one.count(severity)
        yield f"**{number}**{unknown}" if number else unknown or "0"
    yield from (one.takes(consumer) for consumer in Consumer)


def _changes(one: RepositoryReport) -> Iterator[str]:
    if one.change is None or not one.change.was_known:
        yield from (NONE, NONE)
        return
    yield str(len(one.change.new))
    yield str(one.change.fixed)


def _is_plain(url: str) -> bool:
    """Return whether an address can stand in a link, in a table."""
    return url.startswith("https://") and not set(url) & set("()<>|\\ `\"'")
