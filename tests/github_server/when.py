"""Times as GitHub writes them."""

from __future__ import annotations

from datetime import datetime, timezone


def stamp(at: datetime) -> str:
    """Write a time."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Read a day, or a time."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)
