"""The repositories and releases of an owner on GitHub, and which of them are of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .. import naming
from .release import is_dated, is_named_as_model

#: Marks of repositories that are only looked at if they are asked for.
MARKS = ("archived", "fork", "private")


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
        return tuple(mark for mark in MARKS if self.raw[mark])


class Scope(NamedTuple):
    """Which repositories and releases are looked at."""

    #: Marks of repositories that are looked at nevertheless.
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
        """Return why a repository is skipped, without looking into it; "" if it is not."""
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
    names = (str(asset["name"]) for asset in release["assets"])
    zips = [name for name in names if name.lower().endswith(".zip")]
    return any(is_named_as_model(name) or is_dated(name) for name in zips)
