"""Compare an audit with an earlier one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import UsageError
from ...findings import Finding, Key, key_in_report
from .data import Audit, Change, RepositoryReport


class _Then(NamedTuple):
    """What an earlier report says of a repository."""

    #: The findings by target.
    reported: Mapping[str, frozenset[Key]]
    #: The same, with those that were silenced.
    found: frozenset[Key]


class Before(NamedTuple):
    """An earlier report."""

    date: str
    repositories: Mapping[str, _Then]


def read_before(path: Path) -> Before:
    """Read a report that ``audit --format json`` wrote. Raises UsageError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        targets = {target["target"]: target for target in data["targets"]}
        listed = data["audit"]["repositories"]
        return Before(
            str(data["audit"]["date"])[:10],
            {str(one["repository"]).lower(): _then(one, targets) for one in listed},
        )
    except FileNotFoundError as error:
        raise UsageError(f"{path}: neither a day, such as 2026-01-31, nor a file") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: neither a day, such as 2026-01-31, nor a report of an audit; write one with "
            "`model-lint audit OWNER --format json --output FILE`"
        ) from error


def _then(one: Mapping[str, Any], targets: Mapping[str, Any]) -> _Then:
    names = [one["target"], *(name for release in one["releases"] for name in release["targets"])]
    mine = [targets[name] for name in names if name is not None]
    reported = {t["target"]: frozenset(map(key_in_report, t["findings"])) for t in mine}
    ignored = {key_in_report(finding) for target in mine for finding in target["ignored"]}
    return _Then(reported, frozenset().union(*reported.values(), ignored))


def compare(audit: Audit, before: Before) -> Audit:
    """Add to each repository what is new, fixed and unchanged."""
    repositories = tuple(
        one._replace(change=_change(one, before.repositories.get(one.full_name.lower())))
        for one in audit.repositories
    )
    return audit._replace(repositories=repositories, since=before.date)


def _change(one: RepositoryReport, then: _Then | None) -> Change:
    findings = one.findings
    if then is None:
        return Change(findings, was_known=False)
    new: tuple[Finding, ...] = tuple(f for f in findings if f.key not in then.found)
    ignored = (item.finding for target in one.targets for item in target.ignored)
    now = {finding.key for finding in (*findings, *ignored)}
    # What is not looked at any more is not fixed.
    known = {target.target for target in one.targets}
    fixed = {key for name in known for key in then.reported.get(name, ()) if key not in now}
    return Change(new, len(fixed), len(findings) - len(new))
