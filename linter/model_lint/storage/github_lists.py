"""GitHub's lists of repositories and releases, as it sends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .github import PAGE, Hub, asking

#: Answers of one list, at most.
_PAGES = 100
#: A repository or a release, as GitHub describes it in a list.
Raw = Mapping[str, Any]


def list_repositories(hub: Hub, owner: str, *, private: bool) -> list[Raw]:
    """List the repositories of an owner.

    Args:
        hub: the GitHub.
        owner: an organization or a user.
        private: whether to list also the private ones that the token sees.

    Raises:
        UsageError: GitHub can't be asked, or has no such owner.
    """
    with asking(hub, owner):
        _, found = hub.api.requester.requestJsonAndCheck("GET", f"/users/{owner}")
    if found["type"] == "Organization":
        return list(_every(hub, f"/orgs/{owner}/repos", owner))
    repositories = list(_every(hub, f"/users/{owner}/repos", owner))
    if not (private and hub.token):
        return repositories
    # The list of a user's repositories leaves out the private ones, even for the user.
    own = _every(hub, "/user/repos", owner)
    mine = [raw for raw in own if raw["owner"]["login"].lower() == owner.lower()]
    return list({raw["full_name"]: raw for raw in [*repositories, *mine]}.values())


def list_releases(hub: Hub, full_name: str) -> list[Raw]:
    """List the published releases of a repository, newest first. Raises UsageError."""
    found = _every(hub, f"/repos/{full_name}/releases", full_name)
    published = [release for release in found if not release["draft"]]
    return sorted(published, key=lambda r: str(r["published_at"]), reverse=True)


def _every(hub: Hub, path: str, about: str) -> Iterator[Raw]:
    """Yield what all pages of a list contain."""
    for page in range(1, _PAGES + 1):
        asked = {"per_page": PAGE, "page": page}
        with asking(hub, about):
            _, found = hub.api.requester.requestJsonAndCheck("GET", path, parameters=asked)
        yield from found
        if len(found) < PAGE:
            return
