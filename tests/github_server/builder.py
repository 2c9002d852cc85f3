"""Test data in a few lines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .seed import File, add_commit, ref_file
from .state import Asset, Content, Owner, Release, Repository, State
from .when import moment

_TYPES = {".zip": "application/zip", ".gz": "application/gzip", ".txt": "text/plain"}


@dataclass(frozen=True)
class OwnerBuilder:
    """An owner who gets repositories."""

    state: State
    owner: Owner

    @classmethod
    def add(cls, state: State, login: str, *, user: bool, date: str) -> OwnerBuilder:
        """Add an owner."""
        kind = "User" if user else "Organization"
        return cls(state, state.add_owner(login, kind, moment(date)))

    def add_repository(
        self,
        name: str,
        files: Mapping[str, File] | None = None,
        *,
        date: str = "2024-01-01",
        description: str | None = None,
        homepage: str | None = None,
        topics: Sequence[str] = (),
        private: bool = False,
        archived: bool = False,
        branch: str = "main",
    ) -> RepositoryBuilder:
        """Add a repository; with files it has a first commit of that date."""
        at = moment(date)
        repository = self.state.add_repository(self.owner, name, branch=branch, created_at=at)
        repository.description, repository.homepage = description, homepage
        repository.topics = list(topics)
        repository.private, repository.archived = private, archived
        builder = RepositoryBuilder(self.state, repository, {})
        if files:
            builder.commit(files, date)
        return builder


@dataclass(frozen=True)
class RepositoryBuilder:
    """A repository that gets commits and releases."""

    state: State
    repository: Repository
    #: When each commit was made.
    dates: dict[str, datetime]

    @property
    def name(self) -> str:
        """Owner and name."""
        return self.repository.full_name

    @property
    def head(self) -> str:
        """The newest commit of the default branch."""
        sha = ref_file(self.repository, f"refs/heads/{self.repository.default_branch}")
        assert sha
        return sha

    def commit(
        self,
        files: Mapping[str, File],
        date: str,
        *,
        message: str = "Change files",
        branch: str | None = None,
    ) -> str:
        """Add a commit, in which None removes a file; return its name."""
        at = moment(date)
        sha = add_commit(self.repository, files, at, message=message, branch=branch)
        self.dates[sha] = at
        return sha

    def tag(self, name: str, *, commit: str | None = None, message: str | None = None) -> str:
        """Add a tag, an annotated one with a message; return what it names."""
        sha = commit or self.head
        git = self.repository.git
        if message is not None:
            seconds = int(self.dates[sha].timestamp())
            text = (
                f"object {sha}\ntype commit\ntag {name}\n"
                f"tagger Model Maker <maker@example.org> {seconds} +0000\n\n{message}\n"
            )
            sha = git.run("mktag", given=text.encode()).decode().strip()
        path = git.folder / "refs" / "tags" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{sha}\n")
        return sha

    def release(
        self,
        tag: str,
        assets: Mapping[str, Content] | None = None,
        *,
        date: str | None = None,
        title: str | None = None,
        notes: str | None = "",
        draft: bool = False,
        prerelease: bool = False,
        commit: str | None = None,
        message: str | None = None,
    ) -> Release:
        """Add a release with assets, and its tag if there is none.

        Args:
            tag: its tag.
            assets: the names and the contents; a path is read when it is downloaded, not before.
            date: when it was published; the date of its commit if it is not given.
            title: its title; the tag if it is not given.
            notes: what it says.
            draft: whether it is a draft, which makes no tag.
            prerelease: whether it is one.
            commit: what its tag names; the newest commit if it is not given.
            message: makes an annotated tag.
        """
        sha = commit or self.head
        if not draft and not ref_file(self.repository, f"refs/tags/{tag}"):
            self.tag(tag, commit=sha, message=message)
        at = moment(date) if date else self.dates[sha]
        release = Release(
            self.state.new_id(),
            tag,
            self.repository.default_branch,
            self.repository.owner,
            created_at=self.dates[sha],
            updated_at=at,
            title=tag if title is None else title,
            notes=notes,
            draft=draft,
            prerelease=prerelease,
            published_at=None if draft else at,
        )
        for name, content in (assets or {}).items():
            self.add_asset(release, name, content, date=at)
        self.repository.releases.append(release)
        return release

    def add_asset(
        self,
        release: Release,
        name: str,
        content: Content,
        *,
        date: datetime | None = None,
        digest: str | None = "",
    ) -> Asset:
        """Add an asset; ``digest`` None leaves it out, as of assets from before June 2025."""
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        at = date or self.state.now()
        asset = Asset(
            self.state.new_id(),
            name,
            _TYPES.get(Path(name).suffix, "application/octet-stream"),
            created_at=at,
            updated_at=at,
            uploader=self.repository.owner,
            label="",
            state="uploaded",
            size=size,
            digest=_digest(content) if digest == "" else digest,
            content=content,
        )
        release.assets.append(asset)
        return asset


def _digest(content: Content) -> str:
    if isinstance(content, bytes):
        return f"sha256:{hashlib.sha256(content).hexdigest()}"
    with content.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"
