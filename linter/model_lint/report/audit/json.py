"""An audit as JSON: the report of `check`, version 1, with its repositories and releases."""

from __future__ import annotations

from typing import Any

from ..json import as_data, as_finding, dump
from .data import Audit, Change, ReleaseReport, RepositoryReport


def render(audit: Audit) -> str:
    """Render an audit as one JSON object, with a newline at its end."""
    return dump({**as_data(audit.report), "audit": _audit(audit)})


def _audit(audit: Audit) -> dict[str, Any]:
    return {
        "owner": audit.owner,
        "url": audit.url,
        "date": audit.date,
        "since": audit.since,
        "passed_over": dict(audit.passed_over),
        "requests": audit.requests._asdict(),
        "repositories": [_repository(one) for one in audit.repositories],
    }


def _repository(one: RepositoryReport) -> dict[str, Any]:
    return {
        "repository": one.full_name,
        "url": one.url,
        "description": one.description,
        "marks": list(one.marks),
        "error": one.error or None,
        "target": one.target.target if one.target else None,
        "releases": [_release(release) for release in one.releases],
        "change": _change(one.change) if one.change else None,
    }


def _release(release: ReleaseReport) -> dict[str, Any]:
    return {
        "tag": release.tag,
        "url": release.url,
        "published": release.published,
        "error": release.error or None,
        "targets": [target.target for target in release.targets],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "new": [as_finding(finding) for finding in change.new],
        "fixed": change.fixed,
        "unchanged": change.unchanged,
        "was_known": change.was_known,
    }
