"""What several formats of an audit say."""

from __future__ import annotations

from ...wording import count, joined
from .data import Audit


def contents(audit: Audit) -> str:
    """Return ``14 model repositories, 41 releases and 38 packages``."""
    repositories = count(audit.repositories, "model repository", "model repositories")
    return joined(
        [repositories, count(audit.releases, "release"), count(audit.packages, "package")]
    )


def period(audit: Audit) -> str:
    """Return what it is compared with, or since when releases are shown; "" for neither."""
    if audit.compared:
        return f", compared with {audit.since}"
    return f", releases since {audit.since}" if audit.since else ""


def passed_over(audit: Audit) -> str:
    """Return how many repositories were not looked at, and why."""
    parts = [
        count(number, why) if why == "fork" else f"{number} {why}"
        for why, number in audit.passed_over.items()
    ]
    return f"Not looked at: {joined(parts)}."
