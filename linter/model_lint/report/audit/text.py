"""An audit for a person at a terminal: a table of repositories, worst first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from ...findings import Consumer, Severity
from ...terminal import WIDTH, Paint, painter
from ...wording import inert, joined, printable
from ..shared import tally
from .data import AFTER, NO, NONE, UNKNOWN, YES, Audit, RepositoryReport
from .wording import contents, passed_over, period

#: Columns of the repository's name at least; a longer name has a line of its own.
_NARROWEST = 12
_STYLES = {YES: "green", NO: "error", AFTER: "warning", UNKNOWN: "warning", NONE: "dim"}


class _Column(NamedTuple):
    title: str
    width: int
    right: bool = False


_COLUMNS = (
    _Column("latest", 9),
    _Column("zips", 4, right=True),
    _Column("error", 5, right=True),
    _Column("warn", 4, right=True),
    _Column("SCT", 5),
    _Column("nnU-Net", 7),
    _Column("Slicer", 6),
)
_CHANGES = (_Column("new", 4, right=True), _Column("fixed", 5, right=True))


class _Cell(NamedTuple):
    text: str
    style: str = ""


def render(audit: Audit, *, color: bool = False, width: int = WIDTH) -> str:
    """Render an audit as text; ``color`` adds ANSI sequences, it is at most ``width`` wide."""
    paint = painter(color=color)
    head = _wrapped(f"{audit.owner}: {contents(audit)}{period(audit)}", width)
    owner = printable(audit.owner)
    parts = [paint(owner, "bold") + head.removeprefix(owner)]
    if audit.repositories:
        parts += ["\n", *_table(audit, paint, width), "\n"]
    unread = [f"{one.name}: {error}" for one, error in audit.errors]
    parts += [_wrapped(f"unreadable: {text}", width) for text in unread]
    parts += ["\n"] * bool(unread)
    for finding in audit.configuration:
        parts.append(_wrapped(f"{finding.code} {finding.message}; {finding.help}", width))
    parts += [_wrapped(text, width) for text in _ends(audit)]
    return inert("".join(parts))


def _ends(audit: Audit) -> Iterator[str]:
    if audit.passed_over:
        yield passed_over(audit)
    if not audit.repositories:
        yield "Nothing was linted."
        return
    found = joined([text for _, text in tally(audit.report.findings)])
    if found:
        yield f"Found {found}."
    elif not any(audit.errors):
        yield "All clean."
    worst = next((one for one in audit.repositories if one.findings), None)
    if worst:
        yield f"`model-lint check {_name(worst)}` shows what is wrong, `--format html` everything."


def _name(one: RepositoryReport) -> str:
    """Return what names the first part of a repository with findings."""
    if one.target and one.target.findings:
        return one.full_name
    tags = (r.tag for r in one.releases if any(target.findings for target in r.targets))
    return f"{one.full_name}@{next(tags)}"


def _table(audit: Audit, paint: Paint, width: int) -> Iterator[str]:
    columns = [*_COLUMNS, *(_CHANGES if audit.compared else ())]
    room = width - sum(column.width + 2 for column in columns)
    longest = max(len(printable(one.name)) for one in audit.repositories)
    first = max(_NARROWEST, min(room, longest))
    titles = [_Cell(column.title, "dim") for column in columns]
    yield _line(_Cell("repository", "dim"), titles, columns, first, paint)
    for one in audit.repositories:
        name = printable(one.name)
        cells = [*_cells(one), *(_changes(one) if audit.compared else ())]
        if len(name) > first:
            yield f"{name}\n"
            name = ""
        yield _line(_Cell(name), cells, columns, first, paint)


def _line(name: _Cell, cells: list[_Cell], columns: list[_Column], first: int, paint: Paint) -> str:
    parts = [_padded(name, _Column("", first), paint)]
    parts += [_padded(cell, column, paint) for cell, column in zip(cells, columns, strict=True)]
    return "  ".join(parts).rstrip() + "\n"


def _padded(cell: _Cell, column: _Column, paint: Paint) -> str:
    text = cell.text if len(cell.text) <= column.width else f"{cell.text[: column.width - 1]}~"
    space = " " * (column.width - len(text))
    shown = paint(text, cell.style) if cell.style and text else text
    return space + shown if column.right else shown + space


def _cells(one: RepositoryReport) -> Iterator[_Cell]:
    yield _Cell(printable(one.latest.tag) if one.latest else NONE)
    yield _Cell(str(one.packages))
    incomplete = UNKNOWN if one.errors else ""
    for severity in (Severity.ERROR, Severity.WARNING):
        number = one.count(severity)
        text = f"{number or incomplete or 0}{incomplete if number else ''}"
        yield _Cell(text, severity.value if number else "dim")
    for consumer in Consumer:
        word = one.takes(consumer)
        yield _Cell(word, _STYLES[word])


def _changes(one: RepositoryReport) -> Iterator[_Cell]:
    if one.change is None or not one.change.was_known:
        yield from (_Cell(NONE, "dim"), _Cell(NONE, "dim"))
        return
    new, fixed = len(one.change.new), one.change.fixed
    yield _Cell(f"+{new}" if new else "0", "error" if new else "dim")
    yield _Cell(f"-{fixed}" if fixed else "0", "green" if fixed else "dim")


def _wrapped(text: str, width: int) -> str:
    lines = textwrap.wrap(printable(text), width, subsequent_indent="  ", break_on_hyphens=False)
    return "".join(f"{line}\n" for line in lines)
