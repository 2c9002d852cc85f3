"""The links to releases and assets in a README: which of them lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from github import UnknownObjectException

from ..findings import Problem
from ..storage.github import asking
from ..storage.github_place import Place, read_place
from ..storage.github_repository import Remote
from ..wording import quote
from .release import Links, Release
from .repository import Repository

#: Links, and releases of other repositories, that are looked at.
_MAX_LINKS, _MAX_OTHERS = 200, 3


class _Link(NamedTuple):
    line: int
    place: Place


def check_links(remote: Remote, repository: Repository, release: Release | None) -> Links:
    """Ask GitHub for the releases that the README links to. Raises UsageError.

    Args:
        remote: the repository.
        repository: its files.
        release: the release that is known already; None if there is none.
    """
    path, text = repository.readme or ("", "")
    known = _Known(remote, release)
    links = list(_find(text, remote.hub.web))[:_MAX_LINKS]
    missing = (Problem(known.missing(link.place), path, link.line) for link in links)
    return Links(tuple(problem for problem in missing if problem.message))


def _find(text: str, web: str) -> Iterator[_Link]:
    host = re.escape(urlsplit(web).netloc)
    pattern = re.compile(rf"https?://(?:www\.)?{host}/[^\s/()]+/[^\s/()]+/releases/[^\s<>\"'`)\]]+")
    for number, line in enumerate(text.split("\n"), 1):
        for match in pattern.finditer(line):
            url = match[0].rstrip(".,;:!?*_")
            place = read_place(url.partition("#")[0].partition("?")[0], web)
            if place and (place.tag or place.asset):
                yield _Link(number, place)


class _Known:
    """The releases that GitHub was asked for: each repository and tag once."""

    def __init__(self, remote: Remote, release: Release | None) -> None:
        self._remote = remote
        #: The names of the assets by repository and tag; None if there is no such release.
        self._assets: dict[tuple[str, str], set[str] | None] = {}
        self._others = 0
        if release:
            names = {asset.name for asset in release.assets}
            self._assets[remote.full_name.lower(), release.tag] = names

    def missing(self, place: Place) -> str:
        """Return what is missing at a place; "" if nothing is, or if it is not known."""
        key = place.full_name.lower(), place.tag
        own = key[0] == self._remote.full_name.lower()
        if key not in self._assets and own and place.tag:
            self._assets[key] = self._own.get(place.tag)
        elif key not in self._assets and (own or self._others < _MAX_OTHERS):
            self._others += not own
            self._assets[key] = self._ask(place)
        names = self._assets.get(key, {place.asset})
        if names is None:
            which = f"release {quote(place.tag)}" if place.tag else "release"
            return f"{quote(place.full_name)} has no {which}"
        if not place.asset or place.asset in names:
            return ""
        release = f"the release {quote(place.tag)}" if place.tag else "the latest release"
        return f"{release} of {quote(place.full_name)} has no asset {quote(place.asset)}"

    @cached_property
    def _own(self) -> dict[str, set[str]]:
        """The published releases of the repository."""
        found = (release for release in self._remote.releases() if not release.draft)
        return {release.tag_name: {asset.name for asset in release.assets} for release in found}

    def _ask(self, place: Place) -> set[str] | None:
        """Ask for one release, for the latest or for that of another repository."""
        self._remote.requests += 1
        repository = self._remote.hub.api.withLazy(lazy=True).get_repo(place.full_name)
        with asking(self._remote.hub, place.full_name):
            try:
                if place.tag:
                    release = repository.get_release(place.tag)
                else:
                    release = repository.get_latest_release().complete()
                return {asset.name for asset in release.assets}
            except UnknownObjectException:
                return None
