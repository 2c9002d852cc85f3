"""The rows of an audit's page: a repository in a line, and its findings below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...findings import Consumer, Severity, TargetReport
from ..cards import findings_of, path_markup, prose
from ..markup import markup
from ..shared import taken, tally
from .data import AFTER, NO, NONE, UNKNOWN, YES, Audit, ReleaseReport, RepositoryReport

#: The order of answers when a column is sorted, and their classes.
_ANSWERS = {NO: 0, UNKNOWN: 1, AFTER: 2, YES: 3, NONE: 4}
_CLASSES = {NO: "error", UNKNOWN: "warning", AFTER: "warning", YES: "clean", NONE: "none"}


class _Column(NamedTuple):
    title: str
    #: Its class.
    name: str


_COLUMNS = (
    _Column("Repository", "name"),
    _Column("Latest", "latest"),
    _Column("Packages", "number wide"),
    _Column("Errors", "number"),
    _Column("Warnings", "number"),
    _Column("SCT", "answer"),
    _Column("nnU-Net", "answer"),
    _Column("Slicer", "answer"),
)
_CHANGE = _Column("Change", "change")


def _columns(audit: Audit) -> tuple[_Column, ...]:
    return (*_COLUMNS, *([_CHANGE] if audit.compared else []))


def columns(audit: Audit) -> str:
    """Return the headers of the columns, which sort."""
    return "".join(_header(column) for column in _columns(audit))


def _header(column: _Column) -> str:
    button = f'<button type="button">{column.title}</button>'
    return f'<th scope="col" class="{column.name}">{button}</th>\n'


def row(one: RepositoryReport, number: int, audit: Audit) -> str:
    """Return a repository: a row, and a row with its findings."""
    counts = {severity: one.count(severity) for severity in Severity}
    data = "".join(f' data-{s.value}="{amount}"' for s, amount in counts.items())
    unread = ' data-unread=""' if one.errors else ""
    cells = "".join(_cells(one, audit))
    width = len(_columns(audit))
    detail = f'<td colspan="{width}">\n{_detail(one)}</td>'
    return (
        f'<tbody id="{markup(one.full_name)}"{data}{unread}>\n'
        f"<tr>\n{_name(one, number)}{cells}</tr>\n"
        f'<tr class="detail" id="detail-{number}">{detail}</tr>\n</tbody>\n'
    )


def link(url: str, content: str) -> str:
    """Return a link to a page, if it is one."""
    if not re.match(r"https?://", url):
        return content
    return f'<a href="{markup(url)}" rel="noreferrer">{content}</a>'


def _name(one: RepositoryReport, number: int) -> str:
    marks = "".join(f' <span class="chip none">{mark}</span>' for mark in one.marks)
    about = f'<p class="about">{markup(one.description)}</p>\n' if one.description else ""
    about += "".join(f'<p class="about error">{markup(error)}</p>\n' for error in one.errors)
    name = markup(one.name).replace("_", "_<wbr>")
    return (
        f'<th scope="row" class="name" data-sort="{markup(one.name.lower())}">'
        f'<button type="button" class="toggle" aria-expanded="true" '
        f'aria-controls="detail-{number}"><span class="path">{name}</span></button>{marks}\n{about}'
        "</th>\n"
    )


def _cells(one: RepositoryReport, audit: Audit) -> Iterator[str]:
    latest = one.latest
    shown = f"{_release_link(latest)}" if latest else "none"
    yield _cell("latest", latest.published if latest else "", shown)
    yield _cell("number wide", one.packages, str(one.packages))
    for severity in (Severity.ERROR, Severity.WARNING):
        amount = one.count(severity)
        unknown = UNKNOWN if one.errors else ""
        text = f"{amount}{unknown}" if amount or not unknown else unknown
        tone = severity.value if amount or unknown else "none"
        yield _cell("number", amount + (1e9 if one.error else 0), f'<b class="{tone}">{text}</b>')
    for consumer in Consumer:
        word = one.takes(consumer)
        yield _cell("answer", _ANSWERS[word], f'<span class="{_CLASSES[word]}">{word}</span>')
    if audit.compared:
        yield _change(one)


def _cell(name: str, key: object, content: str) -> str:
    return f'<td class="{name}" data-sort="{key}">{content}</td>\n'


def _release_link(release: ReleaseReport) -> str:
    return link(release.url, path_markup(release.tag))


def _change(one: RepositoryReport) -> str:
    change = one.change
    if change is None or not change.was_known:
        return _cell("change", 0, "new")
    new, fixed = len(change.new), change.fixed
    text = f'<span class="error">+{new}</span> ' if new else ""
    text += f'<span class="clean">&minus;{fixed}</span>' if fixed else ""
    return _cell("change", new - fixed, text or "0")


def _detail(one: RepositoryReport) -> str:
    parts = [f'<p class="facts">{link(one.url, path_markup(one.full_name))}</p>\n']
    if one.error:
        parts.append(f'<p class="unread error">Unreadable: {markup(one.error)}</p>\n')
    if one.target:
        parts.append(_target("Repository", one.target))
    parts += [part for release in one.releases for part in _release(release)]
    return "".join(parts)


def _release(release: ReleaseReport) -> Iterator[str]:
    heading = f"{_release_link(release)} <small>{markup(release.published)}</small>"
    if release.error:
        reason = f'<p class="unread error">Unreadable: {markup(release.error)}</p>\n'
        yield f'<section class="target">\n<h2>{heading}</h2>\n{reason}</section>\n'
    for target in release.targets:
        of_package = target.kind == "package"
        name = path_markup(target.target.rpartition("/")[2])
        yield _target(name if of_package else heading, target)


def _target(heading: str, target: TargetReport) -> str:
    found = tally(target.findings)
    chips = "".join(f' <span class="chip {s.value}">{text}</span>' for s, text in found)
    chips = chips or ' <span class="chip clean">clean</span>'
    who = f'<p class="facts">{prose(taken(target))}</p>\n' if target.takes else ""
    return (
        f'<section class="target">\n<h2>{heading}{chips}</h2>\n{who}{findings_of(target, {})}'
        "</section>\n"
    )
