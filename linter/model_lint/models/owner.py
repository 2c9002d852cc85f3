"""The repositories and releases of an owner on GitHub, as GitHub lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .. import naming
from ..storage.github import Hub, asking

#: Things in one answer, at most, and answers.
_PAGE, _PAGES = 100, 100
#: Names of zips that are models.
_MODEL_ZIP = re.compile(r"(model|dataset\d{3}|nnunet|.*r\d{8}).*\.zip", re.IGNORECASE)


class Listed(NamedTuple):
    """A repository, as GitHub lists it."""

    raw: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return str(self.raw["full_name"])

    @property
    def name(self) -> str:
        """Its name without the owner."""
        return str(self.raw["name"])

    @property
    def marks(self) -> tuple[str, ...]:
        """Any of archived, fork and private."""
        return tuple(mark for mark in ("archived", "fork", "private") if self.raw[mark])


class Wanted(NamedTuple):
    """Which repositories and releases are looked at."""

    #: Marks of repositories that are looked at all the same.
    marks: frozenset[str] = frozenset()
    #: Whether every repository is one of a model.
    every: bool = False
    #: Patterns of names; without any, all are meant.
    names: tuple[str, ...] = ()
    #: Whether only the newest release of each repository is looked at.
    latest: bool = False
    #: The day before which no release is looked at; "" for all.
    since: str = ""
    #: Parses names with the words of the configuration.
    parse: Callable[[str], naming.Name] = naming.parse

    def why_not(self, listed: Listed) -> str:
        """Return why a repository is not looked at, whatever it contains; "" if it may be."""
        if self.names and not any(fnmatchcase(listed.name, name) for name in self.names):
            return "other names"
        unwanted = (mark for mark in listed.marks if mark not in self.marks)
        return next(unwanted, "")

    def is_model(self, listed: Listed, releases: list[Mapping[str, Any]]) -> bool:
        """Return whether a repository is one of a model: by its name, or by what it released."""
        return self.every or self._is_named(listed.name) or any(map(_has_model, releases))

    def _is_named(self, name: str) -> bool:
        return name.lower().startswith(naming.PREFIX) or self.parse(name).suggestion is not None

    def of(self, releases: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the releases that are looked at."""
        finished = [release for release in releases if not release["prerelease"]]
        chosen = (finished or releases)[:1] if self.latest else releases
        return [release for release in chosen if release["published_at"] >= self.since]


def _has_model(release: Mapping[str, Any]) -> bool:
    return any(is_model_zip(asset["name"]) for asset in release["assets"])


def is_model_zip(name: str) -> bool:
    """Return whether an asset of this name is a model."""
    return _MODEL_ZIP.fullmatch(name) is not None


def list_repositories(hub: Hub, owner: str, *, private: bool) -> list[Listed]:
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
        return [Listed(raw) for raw in _every(hub, f"/orgs/{owner}/repos", owner)]
    repositories = [Listed(raw) for raw in _every(hub, f"/users/{owner}/repos", owner)]
    if not (private and hub.token):
        return repositories
    # The list of a user's repositories leaves out the private ones, even for the user.
    own = (Listed(raw) for raw in _every(hub, "/user/repos", owner))
    mine = [one for one in own if one.full_name.lower().startswith(f"{owner.lower()}/")]
    return list({one.full_name: one for one in [*repositories, *mine]}.values())


def list_releases(hub: Hub, full_name: str) -> list[Mapping[str, Any]]:
    """List the published releases of a repository, newest first. Raises UsageError."""
    found = _every(hub, f"/repos/{full_name}/releases", full_name)
    published = [release for release in found if not release["draft"]]
    return sorted(published, key=lambda r: str(r["published_at"]), reverse=True)


def _every(hub: Hub, path: str, about: str) -> Iterator[Mapping[str, Any]]:
    """Yield what all pages of a list contain."""
    for page in range(1, _PAGES + 1):
        asked = {"per_page": _PAGE, "page": page}
        with asking(hub, about):
            _, found = hub.api.requester.requestJsonAndCheck("GET", path, parameters=asked)
        yield from found
        if len(found) < _PAGE:
            return
