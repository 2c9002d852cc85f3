"""What is to be published, and what GitHub has of it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

SUMS = "SHA256SUMS"
#: GitHub puts dots for all other characters in the name of an asset.
KEPT_NAME = re.compile(r"[A-Za-z0-9_+@-][A-Za-z0-9_.+@-]*", re.ASCII)


class Asset(NamedTuple):
    """A file of the release."""

    name: str
    size: int
    sha256: str
    #: Where it is, or its bytes.
    source: Path | bytes
    content_type: str = "application/zip"


class About(NamedTuple):
    """What GitHub shows of a repository under "About"."""

    description: str = ""
    homepage: str = ""
    topics: tuple[str, ...] = ()


class NewRepository(NamedTuple):
    """A repository to create if it is missing."""

    about: About
    #: The checkout to push, and the branch.
    root: Path
    branch: str


class Wanted(NamedTuple):
    """A release."""

    #: ``OWNER/NAME``.
    repository: str
    tag: str
    #: The commit of the tag.
    commit: str
    #: The packages, then SHA256SUMS.
    assets: tuple[Asset, ...]
    #: None unless the repository may be created.
    create: NewRepository | None = None


class Claim(NamedTuple):
    """Who makes a release: it is written into the message of the tag."""

    login: str
    run: str

    @property
    def line(self) -> str:
        """The line of the message."""
        return f"Model-Lint-Run: {self.login}/{self.run}"

    @classmethod
    def read(cls, message: str) -> Claim | None:
        """Return the claim in the message of a tag."""
        found = re.search(r"(?m)^Model-Lint-Run: (\S+)/([0-9a-f]+)$", message)
        return cls(found[1], found[2]) if found else None

    def by(self, login: str) -> bool:
        """Return whether a user made it."""
        return self.login.lower() == login.lower()


class Tag(NamedTuple):
    """A tag on GitHub."""

    #: The commit that it leads to.
    commit: str
    #: None if it was not made by ``publish``.
    claim: Claim | None = None


class Uploaded(NamedTuple):
    """An asset on GitHub."""

    id: int
    name: str
    size: int
    #: None if GitHub states none, as for assets from before June 2025.
    sha256: str | None
    #: False while it is uploaded, and after an upload that broke off.
    complete: bool = True

    def is_same(self, asset: Asset) -> bool:
        """Return whether it has the bytes of a wanted asset, as far as GitHub says."""
        return self.complete and self.size == asset.size and self.sha256 in {asset.sha256, None}


class Release(NamedTuple):
    """A release on GitHub with the wanted tag, or a draft of one."""

    id: int
    author: str
    draft: bool
    notes: str
    url: str
    assets: tuple[Uploaded, ...] = ()
    published_at: datetime | None = None

    def by(self, login: str) -> bool:
        """Return whether a user made it."""
        return self.author.lower() == login.lower()


class Repository(NamedTuple):
    """A repository on GitHub."""

    default_branch: str
    #: Without any commit.
    empty: bool = False
    topics: tuple[str, ...] = ()
    #: Its branches; known only if the repository may be created.
    branches: tuple[str, ...] = ()


class State(NamedTuple):
    """What GitHub has."""

    #: None if it is missing, or not to be seen with this token.
    repository: Repository | None = None
    tag: Tag | None = None
    #: Those of the wanted tag, the oldest first.
    releases: tuple[Release, ...] = ()

    @property
    def published(self) -> Release | None:
        """The published release of the tag."""
        return next((r for r in self.releases if not r.draft), None)

    @property
    def drafts(self) -> tuple[Release, ...]:
        """The drafts of the tag, the oldest first."""
        return tuple(r for r in self.releases if r.draft)

    @property
    def assets(self) -> tuple[Uploaded, ...]:
        """The assets of all of them."""
        return tuple(asset for release in self.releases for asset in release.assets)


class Run(NamedTuple):
    """This run of ``publish``."""

    claim: Claim
    #: What it saw first: a tag that appears later was made by another run.
    first: State
