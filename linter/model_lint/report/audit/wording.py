"""What several formats of an audit say."""

from __future__ import annotations

from ...wording import count
from ..shared import joined
from .data import Audit


def contents(audit: Audit) -> str:
    """Return ``14 model repositories, 41 releases and 38 packages``."""
    repositories = count(audit.repositories, "model repository", "model repositories")
    parts = [repositories, count(audit.releases, "release"), count(audit.packages, "package")]
    since = f", compared with {audit.since}" if audit.compared else ""
    since = since or (f" since {audit.since}" if audit.since else "")
    return joined(parts) + since


def passed_over(audit: Audit) -> str:
    """Return how many repositories were not looked at, and why; "" if there is none."""
    if not audit.passed_over:
        return ""
    parts = [f"{number} {why}" for why, number in audit.passed_over.items()]
    return f"Not looked at: {joined(parts)}."
