"""What the server knows: owners, repositories, releases and their assets."""

from __future__ import annotations

import base64
import copy
import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from .git import Git
from .settings import Settings

if TYPE_CHECKING:
    from .access import Token

Content = bytes | Path


def node_id(kind: str, number: int) -> str:
    """Return the name of a thing in GitHub's other interface."""
    return base64.b64encode(f"0:{kind}{number}".encode()).decode()


@dataclass
class Owner:
    """A user or an organization."""

    id: int
    login: str
    kind: str
    created_at: datetime
    name: str | None = None
    description: str | None = None


@dataclass
class Asset:
    """A file of a release. ``key`` names its content in the storage."""

    id: int
    name: str
    content_type: str
    created_at: datetime
    updated_at: datetime
    uploader: Owner
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    label: str | None = None
    state: str = "starter"
    size: int = 0
    digest: str | None = None
    content: Content = b""
    downloads: int = 0


@dataclass
class Release:
    """A release; ``untagged`` stands for the tag in the addresses of a draft."""

    id: int
    tag: str
    target: str
    author: Owner
    created_at: datetime
    updated_at: datetime
    untagged: str = field(default_factory=lambda: f"untagged-{secrets.token_hex(10)}")
    title: str | None = None
    notes: str | None = None
    draft: bool = False
    prerelease: bool = False
    published_at: datetime | None = None
    assets: list[Asset] = field(default_factory=list)

    @property
    def web_tag(self) -> str:
        """The tag in its addresses."""
        return self.untagged if self.draft else self.tag


@dataclass
class Comment:
    """A comment on an issue or a commit."""

    id: int
    body: str
    user: Owner
    at: datetime
    commit: str = ""
    path: str | None = None
    position: int | None = None


@dataclass
class Issue:
    """An issue."""

    id: int
    number: int
    title: str
    body: str | None
    user: Owner
    at: datetime
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    closed_at: datetime | None = None
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Repository:
    """A repository. ``before`` is what its releases were before the last change of one."""

    id: int
    owner: Owner
    name: str
    git: Git
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    private: bool = False
    archived: bool = False
    description: str | None = None
    homepage: str | None = None
    default_branch: str = "main"
    topics: list[str] = field(default_factory=list)
    license: str | None = None
    releases: list[Release] = field(default_factory=list)
    before: list[Release] | None = None
    latest: int | None = None
    issues: list[Issue] = field(default_factory=list)
    commit_comments: list[Comment] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner.login}/{self.name}"

    def remember(self) -> None:
        """Keep the releases as they are, for readers to whom the next change is not yet visible."""
        self.before = copy.deepcopy(self.releases)

    def published(self, tag: str) -> Release | None:
        """Return the published release of a tag."""
        return next((r for r in self.releases if r.tag == tag and not r.draft), None)


class State:
    """Everything. Changes are made under ``lock``."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self.lock = RLock()
        self.owners: dict[str, Owner] = {}
        self.repositories: list[Repository] = []
        self.former: dict[str, Repository] = {}
        self.tokens: dict[str, Token] = {}
        self._ids = itertools.count(1001)

    def now(self) -> datetime:
        """Return the time, as GitHub keeps it: to the second."""
        return datetime.now(timezone.utc).replace(microsecond=0)

    def new_id(self) -> int:
        """Return a number that was never given."""
        return next(self._ids)

    def owner(self, login: str) -> Owner | None:
        """Return an owner."""
        return self.owners.get(login.lower())

    def repository(self, full_name: str) -> Repository | None:
        """Return a repository by its name of today."""
        wanted = full_name.lower()
        return next((r for r in self.repositories if r.full_name.lower() == wanted), None)

    def assets(self) -> Iterator[Asset]:
        """Return the assets of all releases."""
        for repository in self.repositories:
            for release in repository.releases:
                yield from release.assets

    def add_owner(self, login: str, kind: str, created_at: datetime | None = None) -> Owner:
        """Add a user or an organization."""
        owner = Owner(self.new_id(), login, kind, created_at or self.now())
        self.owners[login.lower()] = owner
        return owner

    def add_repository(
        self, owner: Owner, name: str, *, branch: str = "main", created_at: datetime | None = None
    ) -> Repository:
        """Add an empty repository."""
        number = self.new_id()
        at = created_at or self.now()
        git = Git.create(self.root / "git" / f"{number}.git", branch)
        repository = Repository(number, owner, name, git, at, at, at, default_branch=branch)
        self.repositories.append(repository)
        self.former.pop(repository.full_name.lower(), None)
        return repository

    def rename(self, repository: Repository, name: str) -> None:
        """Give a repository another name; the former one points to it."""
        self.former[repository.full_name.lower()] = repository
        repository.name = name
        self.former.pop(repository.full_name.lower(), None)
