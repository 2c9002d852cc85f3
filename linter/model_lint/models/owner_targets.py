"""The targets of an audit: what holds for a repository once, then each of its releases."""

from __future__ import annotations

from collections.abc import Iterable

from github.GitRelease import GitRelease
from github.Repository import Repository

from ..naming.tag import today_in_utc
from ..storage.github import Hub
from ..storage.github_lists import Raw
from ..storage.github_repository import Remote
from .owner import Listed
from .releases import load_release, load_repository
from .target import Given, Target


def read_repository(
    hub: Hub, listed: Listed, releases: Iterable[Raw], given: Given
) -> tuple[Target, ...]:
    """Read the default branch of a repository with these releases. Raises UsageError."""
    remote = _remote(hub, listed)
    made = (hub.api.create_from_raw_data(GitRelease, dict(raw)) for raw in releases)
    remote.listed_releases = list(made)
    return (load_repository(remote, given),)


def read_release(hub: Hub, listed: Listed, raw: Raw, given: Given) -> tuple[Target, ...]:
    """Read a release and its packages. Raises UsageError."""
    release = hub.api.create_from_raw_data(GitRelease, dict(raw))
    return load_release(_remote(hub, listed), release, given, today_in_utc())


def _remote(hub: Hub, listed: Listed) -> Remote:
    made = hub.api.create_from_raw_data(Repository, dict(listed.raw))
    return Remote(hub, listed.full_name, listed=made)
