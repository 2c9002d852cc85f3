"""The repository on GitHub: a look at its release, and a request for each step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from github import GithubException, InputGitAuthor, UnknownObjectException
from github.GitRelease import GitRelease
from github.GitReleaseAsset import GitReleaseAsset
from github.Repository import Repository as GithubRepository

from ... import __version__
from ...errors import UsageError
from ...models.target import Watch
from ...naming.tag import tag_date
from ...storage.github import Hub, asking
from .checkout import push
from .steps import (
    CreateDraft,
    CreateRepository,
    CreateTag,
    DeleteAsset,
    DeleteDraft,
    Publish,
    Push,
    SetDefaultBranch,
    SetTopics,
    Step,
    Upload,
    WriteNotes,
)
from .upload import upload
from .wanted import Claim, Release, Repository, State, Tag, Uploaded, Wanted

#: GitHub's answer for a repository without a commit.
_EMPTY = 409


class Destination:
    """The repository on GitHub, in which a release is made."""

    def __init__(
        self, hub: Hub, wanted: Wanted, there: GithubRepository | None, watch: Watch
    ) -> None:
        self._hub = hub
        self._wanted = wanted
        self._there = there
        self._watch = watch
        #: Writes the notes of the release.
        self.write_notes: Callable[[], str] = str
        self._releases: dict[int, GitRelease] = {}
        self._assets: dict[int, GitReleaseAsset] = {}
        self._tags: dict[str, Tag] = {}
        #: The repository, once nothing of it is missing.
        self._finished: Repository | None = None

    @property
    def api(self) -> GithubRepository:
        """The repository, which was looked at. Raises UsageError if it is missing."""
        if self._there is None:
            raise UsageError(f"{self._wanted.repository}: not there any more")
        return self._there

    @cached_property
    def notes(self) -> str:
        """The notes, written once, and only if they are needed."""
        return self.write_notes()

    # ------------------------------------------------------------------------------- looking

    def look(self) -> State:
        """Return what GitHub has. Raises UsageError if it can't be asked."""
        with asking(self._hub, self._wanted.repository):
            repository = self._finished or self._repository()
            if repository is None:
                return State()
            try:
                tag = self._tag()
            except GithubException as error:
                if error.status != _EMPTY:
                    raise
                return State(repository._replace(empty=True))
            repository = self._with_branches(repository)
            return State(repository, tag, self._releases_of_tag())

    def _repository(self) -> Repository | None:
        try:
            found = self._there = self._hub.api.get_repo(self._wanted.repository)
        except UnknownObjectException:
            return None
        return Repository(found.default_branch, topics=tuple(found.topics))

    def _with_branches(self, repository: Repository) -> Repository:
        """Return a repository with its branches, if they tell whether it is just being created."""
        create = self._wanted.create
        if create is None or create.branch == repository.default_branch:
            self._finished = repository
            return repository
        refs = self.api.get_git_matching_refs("heads/")
        names = tuple(ref.ref.removeprefix("refs/heads/") for ref in refs)
        return repository._replace(branches=names)

    def _tag(self) -> Tag | None:
        try:
            ref = self.api.get_git_ref(f"tags/{self._wanted.tag}").object
        except UnknownObjectException:
            return None
        if ref.type != "tag":
            return Tag(ref.sha)
        if ref.sha not in self._tags:
            found = self.api.get_git_tag(ref.sha)
            self._tags[ref.sha] = Tag(found.object.sha, Claim.read(found.message))
        return self._tags[ref.sha]

    def _releases_of_tag(self) -> tuple[Release, ...]:
        found = [r for r in self.api.get_releases() if r.tag_name == self._wanted.tag]
        self._releases = {release.id: release for release in found}
        self._assets = {asset.id: asset for release in found for asset in release.assets}
        return tuple(sorted(map(_release, found), key=lambda release: release.id))

    # --------------------------------------------------------------------------------- doing

    def do(self, step: Step, claim: Claim) -> None:
        """Do one step. Raises the errors of PyGithub and requests, and UsageError."""
        match step:
            case CreateTag():
                self._create_tag(step, claim)
            case CreateDraft():
                self.api.create_git_release(
                    step.tag,
                    step.tag,
                    self.notes,
                    draft=True,
                    target_commitish=self._wanted.commit,
                )
            case DeleteDraft():
                self._releases[step.release.id].delete_release()
            case DeleteAsset():
                self._assets[step.asset.id].delete_asset()
            case Upload():
                upload(self._hub, self._releases[step.release], step.asset, self._watch)
            case WriteNotes():
                self._edit(step.release, body=self.notes)
            case Publish():
                latest = str(self._is_newest(step.tag)).lower()
                self._edit(step.release, draft=False, name=step.tag, make_latest=latest)
            case _:
                self._do_repository(step)

    def _do_repository(self, step: Step) -> None:
        match step:
            case CreateRepository():
                self._create_repository(step)
            case SetTopics():
                self.api.replace_topics(list(step.topics))
            case Push() if self._wanted.create:
                push(self._wanted.create, self._hub, self._wanted.repository, step.commit)
            case SetDefaultBranch():
                self.api.edit(default_branch=step.branch)

    def _create_tag(self, step: CreateTag, claim: Claim) -> None:
        """Create the object of the tag, which nobody sees, then its ref, which only one can."""
        message = (
            f"{self._wanted.repository.partition('/')[2]} {step.tag}\n\n"
            f"Published with model-lint {__version__}.\n\n{claim.line}\n"
        )
        # Without a tagger, GitHub might take the user's own address.
        tagger = InputGitAuthor(
            claim.login, f"{claim.login}@users.noreply.{urlsplit(self._hub.web).hostname}"
        )
        made = self.api.create_git_tag(step.tag, message, step.commit, "commit", tagger)
        self.api.create_git_ref(f"refs/tags/{step.tag}", made.sha)

    def _create_repository(self, step: CreateRepository) -> None:
        owner, _, name = step.name.partition("/")
        user = self._hub.api.get_user()
        own = user.login.lower() == owner.lower()
        where = user if own else self._hub.api.get_organization(owner)
        where.create_repo(
            name, description=step.about.description, homepage=step.about.homepage, private=False
        )

    def _edit(self, number: int, **values: Any) -> None:
        """Change only this of a release: somebody may edit its notes."""
        url = self._releases[number].url
        self._hub.api.requester.requestJsonAndCheck("PATCH", url, input=values)

    def _is_newest(self, tag: str) -> bool:
        """Return whether no published release has a later date."""
        date = tag_date(tag)
        others = (tag_date(r.tag_name) for r in self.api.get_releases() if not r.draft)
        return date is None or all(other is None or other <= date for other in others)


def _release(found: GitRelease) -> Release:
    return Release(
        found.id,
        found.author.login,
        found.draft,
        found.body or "",
        found.html_url,
        tuple(map(_uploaded, found.assets)),
        found.published_at,
    )


def _uploaded(asset: GitReleaseAsset) -> Uploaded:
    kind, _, value = (asset.digest or "").partition(":")
    digest = value if kind == "sha256" else None
    return Uploaded(asset.id, asset.name, asset.size, digest, asset.state == "uploaded")
