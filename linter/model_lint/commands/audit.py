"""``model-lint audit``: lint every model repository and release of an owner."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from functools import partial
from pathlib import Path

from ..config import parser_of
from ..errors import UsageError, extra
from ..models.owner import MARKS, Scope
from ..models.reading import Reading
from ..models.target import Given
from ..report.audit import FORMATS, render_audit
from ..report.audit.since import Before, compare, read_before
from ..storage.depth import Depth
from ..terminal import complain
from .auditing.plan import Plan
from .reporting import (
    Chosen,
    add_choice,
    add_color,
    add_for,
    add_known,
    add_output,
    choose,
    exit_status,
    number,
    write_reports,
)

#: Threads: most of the time they wait for a server. GitHub allows a hundred requests at once.
_JOBS, _MOST_JOBS = 12, 60
#: The owner by itself, or the address of its page.
_OWNER = re.compile(r"(?:https?://[^/]+/)?([A-Za-z0-9][\w-]{0,99})/?", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``audit``."""
    parser.add_argument("owner", metavar="OWNER", help="an organization or a user on GitHub")
    _add_selection(parser)
    add_choice(parser)
    add_for(parser)
    add_output(parser, FORMATS)
    add_known(parser)
    add_color(parser)
    _add_work(parser)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "choosing repositories and releases",
        "The default is every release of each repository that is named like a model or has\n"
        "released one, without archived ones, forks and private ones.",
    )
    for mark, text in zip(MARKS, ("archived ones", "forks", "private ones"), strict=True):
        group.add_argument(
            f"--{mark}", dest="marks", action="append_const", const=mark, help=f"{text} too"
        )
    group.add_argument("--all", action="store_true", help="repositories that are not of models too")
    group.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        default=[],
        help="only repositories with such a name: 'model_seg_*'; repeatable",
    )
    group.add_argument(
        "--latest", action="store_true", help="only the latest release of each repository"
    )
    group.add_argument(
        "--since",
        metavar="DATE|FILE",
        help="only releases since a day, such as 2026-01-31; or what is new and what is fixed "
        "since an earlier report of --format json",
    )


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        type=number,
        default=_JOBS,
        metavar="N",
        help=f"repositories and releases at once (default: {_JOBS}, at most {_MOST_JOBS})",
    )
    keeping = parser.add_mutually_exclusive_group()
    keeping.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where answers of GitHub and reports are kept (default: the user's cache folder)",
    )
    keeping.add_argument(
        "--no-cache", action="store_true", help="ask for everything, and keep nothing"
    )


def run(options: argparse.Namespace) -> int:
    """Audit an owner, write the reports, and return the exit status."""
    match = _OWNER.fullmatch(options.owner)
    if match is None:
        raise UsageError(
            f"{options.owner}: give the name of an organization or a user; `model-lint check` "
            "lints one repository"
        )
    chosen = choose(options)
    before = _before(options.since)
    with extra("what asks GitHub", "audit: "):
        from .auditing.run import audit_owner  # noqa: PLC0415 - local commands need no network
    done = audit_owner(match[1], _plan(options, chosen, before))
    audit = compare(done.audit, before) if isinstance(before, Before) else done.audit
    write_reports(options, partial(render_audit, audit))
    if ("text", None) not in (options.outputs or [("text", None)]):
        for failure in done.failures:
            complain(str(failure))
    return exit_status(audit.report, done.failures, chosen.limit, exit_zero=options.exit_zero)


def _plan(options: argparse.Namespace, chosen: Chosen, before: str | Before) -> Plan:
    parse = parser_of(chosen.config)
    scope = Scope(
        marks=frozenset(options.marks or ()),
        every=options.all,
        names=tuple(options.only),
        latest=options.latest,
        since=before if isinstance(before, str) else "",
        parse=parse,
    )
    given = Given(parse=parse, reading=Reading(Depth.START, 1))
    keep = None if options.no_cache else options.cache or ""
    return Plan(chosen.options, given, scope, min(options.jobs, _MOST_JOBS), keep)


def _before(since: str | None) -> str | Before:
    """Return the day, or the earlier report, that ``--since`` names."""
    if not since:
        return ""
    try:
        return dt.date.fromisoformat(since).isoformat()
    except ValueError:
        return read_before(Path(since))
