"""Read a release on GitHub: the repository at its tag, and every package that is attached to it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NotAPackage, UsageError
from ..naming.tag import today_in_utc
from ..storage.github import Bearer, Hub, connect
from ..storage.github_place import Place
from ..storage.github_repository import Remote
from ..storage.github_source import GitHubSource
from ..storage.http import Server
from ..storage.limits import MAX_ZIPS
from ..wording import listing
from .paths import is_checkpoint
from .release import (
    Address,
    Asset,
    Commit,
    Release,
    Unreleased,
    families,
    is_dated,
    is_named_as_model,
)
from .release_links import check_links
from .remote import load_zip_of
from .repository import Repository, build_repository, build_statement
from .target import Given, Target

if TYPE_CHECKING:
    from github.GitRelease import GitRelease

    from .package import Package


def load_place(
    text: str,
    place: Place,
    given: Given,
    *,
    hub: Hub | None = None,
    today: Callable[[], dt.date] = today_in_utc,
) -> tuple[Target, ...]:
    """Read a repository's latest release, the release of a tag, or one of its assets.

    Args:
        text: the argument, for messages.
        place: what it names.
        given: what the user gives in addition.
        hub: the GitHub; None for that of the environment.
        today: the day on which it is judged.

    Raises:
        UsageError: GitHub can't be asked, or has no such thing.
    """
    started = time.perf_counter()
    hub = hub or connect()
    remote = Remote(hub, place.full_name, text)
    release = _find_release(remote, place, text)
    reader = _Reader(remote, given, _address(remote, place), today(), started)
    if release is None:
        return (reader.without_release(),)
    assets = _assets(remote, release)
    if place.asset:
        return (reader.asset(release, assets, place.asset, text),)
    return reader.release(release, assets)


def load_release(
    remote: Remote, api: GitRelease, given: Given, today: dt.date
) -> tuple[Target, ...]:
    """Read a release and its packages, but not the repository at its tag.

    GitHub says when the commit of a release was made, so that it is not asked for it.
    """
    started = time.perf_counter()
    reader = _Reader(remote, given, None, today, started)
    commit = Commit(api.target_commitish, api.created_at)
    release, packages = reader.alone(api, _assets(remote, api), commit)
    text = f"{remote.full_name}@{api.tag_name}"
    return (Target(text, "release", f"{text}/", release=release), *packages)


def load_repository(remote: Remote, given: Given) -> Target:
    """Read the default branch of a repository whose releases were listed."""
    started = time.perf_counter()
    reader = _Reader(remote, given, None, dt.date.min, started)
    branch = remote.default_branch
    repository = build_repository(GitHubSource(remote, branch, branch), reader.name)
    links = check_links(remote, repository, None)
    target = reader.target(remote.full_name, "repository", repository)
    unreleased = Unreleased(tuple(release.tag_name for release in remote.releases()))
    is_released = any(not (one.draft or one.prerelease) for one in remote.releases())
    return target._replace(links=links, unreleased=None if is_released else unreleased)


def _address(remote: Remote, place: Place) -> Address | None:
    """Return the address of a repository that was renamed or moved."""
    if place.full_name.lower() == remote.full_name.lower():
        return None
    return Address(place.full_name, remote.full_name)


def _find_release(remote: Remote, place: Place, text: str) -> GitRelease | None:
    """Return a release; None if there is no latest one. Raises UsageError if a tag has none."""
    found = remote.release(place.tag)
    if found or not place.tag:
        return found
    known = [release.tag_name for release in remote.releases()]
    has = f"its releases are {listing(known)}" if known else "it has no release"
    raise UsageError(f"{text}: {remote.full_name} has no release {place.tag}; {has}")


def _assets(remote: Remote, release: GitRelease) -> tuple[Asset, ...]:
    return tuple(
        Asset(
            asset.name,
            asset.size,
            asset.state == "uploaded",
            asset.digest or "",
            asset.created_at,
            asset.browser_download_url,
            asset.url,
        )
        for asset in remote.assets(release)
    )


class _Models(NamedTuple):
    """The packages of a release, and zips that are checkpoints."""

    targets: tuple[Target, ...]
    checkpoints: tuple[str, ...]

    @property
    def packages(self) -> dict[str, Package | None]:
        """The packages by the name of the asset."""
        return {t.archive.file_name: t.package for t in self.targets if t.archive}


class _Reader(NamedTuple):
    """Reads what is at a place."""

    remote: Remote
    given: Given
    address: Address | None
    today: dt.date
    started: float

    @property
    def name(self) -> str:
        """The name of the repository, which the user may replace."""
        return self.given.repository or self.remote.name

    def without_release(self) -> Target:
        """Read a repository that has no release: its default branch."""
        tags = tuple(release.tag_name for release in self.remote.releases())
        state = self.remote.state(self.remote.default_branch)
        repository = build_repository(GitHubSource(self.remote, state.sha, state.tree), self.name)
        target = self.target(self.remote.full_name, "repository", repository)
        return target._replace(unreleased=Unreleased(tags))

    def asset(self, api: GitRelease, assets: tuple[Asset, ...], name: str, text: str) -> Target:
        """Read one asset of a release."""
        complete = {asset.name: asset for asset in assets if asset.is_complete}
        if name in complete:
            target = self._load(complete[name], hidden=api.draft)
            return target._replace(address=self.address)
        has = f"its assets are {listing(complete)}" if complete else "it has no asset"
        raise UsageError(f"{text}: the release {api.tag_name} has no such asset; {has}")

    def release(self, api: GitRelease, assets: tuple[Asset, ...]) -> tuple[Target, ...]:
        """Read a release: the repository at its tag, and its packages."""
        # The tag of a draft is made when it is published.
        state = self.remote.state(f"tags/{api.tag_name}", api.target_commitish * api.draft)
        source = GitHubSource(self.remote, state.sha, state.tree)
        repository = build_repository(source, self.name)
        statement = build_statement(source)
        branch = self.remote.default_branch
        default = build_statement(GitHubSource(self.remote, branch, branch))
        seconds = time.perf_counter() - self.started
        commit = Commit(state.sha, state.date)
        release, packages = self.alone(api, assets, commit)
        release = release._replace(statement=statement, default_statement=default)
        links = check_links(self.remote, repository, release)
        text = f"{self.remote.full_name}@{api.tag_name}"
        target = self.target(text, "release", repository)
        return (target._replace(release=release, links=links, seconds=seconds), *packages)

    def alone(
        self, api: GitRelease, assets: tuple[Asset, ...], commit: Commit
    ) -> tuple[Release, tuple[Target, ...]]:
        """Read a release and its packages, without the repository."""
        models = self._models(api, assets)
        release = Release(
            repository=self.remote.full_name,
            tag=api.tag_name,
            title=api.name or "",
            notes=api.body or "",
            is_draft=api.draft,
            is_prerelease=api.prerelease,
            published=api.published_at,
            commit=commit,
            assets=assets,
            models=models.packages,
            checkpoints=models.checkpoints,
            today=self.today,
        )
        return release, models.targets

    def target(self, text: str, kind: str, repository: Repository) -> Target:
        return Target(
            text,
            kind,
            f"{text}/",
            name=self.given.parse(repository.name),
            repository=repository,
            address=self.address,
            bytes_read=self.remote.bytes_read,
            requests=self.remote.requests,
            seconds=time.perf_counter() - self.started,
        )

    def _models(self, api: GitRelease, assets: tuple[Asset, ...]) -> _Models:
        """Read the zips that are, or were meant to be, models. Raises UsageError."""
        zips = [a for a in assets if a.is_complete and a.name.lower().endswith(".zip")]
        if len(zips) > MAX_ZIPS:
            raise UsageError(
                f"{self.remote.full_name}@{api.tag_name}: more than {MAX_ZIPS} zips are attached; "
                "give the addresses of those to check"
            )
        targets: list[Target] = []
        checkpoints: list[str] = []
        for asset in zips:
            try:
                targets.append(self._load(asset, hidden=api.draft))
            except NotAPackage:  # noqa: PERF203 - reading takes longer
                checkpoints.append(asset.name)
        chosen = [target for target in targets if _is_model(target)]
        chosen = chosen or [t for t in targets if is_dated(Path(t.text).name)]
        return _Models(tuple(_released(chosen)), tuple(checkpoints))

    def _load(self, asset: Asset, *, hidden: bool) -> Target:
        """Read an asset; one that not everybody sees takes the token and the API."""
        given = self.given._replace(repository=self.name)
        server = Server(asset.url)
        token = self.remote.hub.token
        if token and (hidden or self.remote.is_private):
            headers = {"Accept": "application/octet-stream"}
            server = Server(asset.api_url, auth=Bearer(token), headers=headers)
        # The name of the repository is judged once, with the release.
        target = load_zip_of(asset.url, server, given, asset.name)
        return target._replace(name=None, digest=asset.digest)


def _is_model(target: Target) -> bool:
    """Return whether a zip is a model, or named like one; others contain data or figures."""
    package = target.package
    if package and (package.trainers or package.version_1):
        return True
    if package and any(map(is_checkpoint, package.tree.files)):
        return True
    return is_named_as_model(Path(target.text).name)


def _released(targets: list[Target]) -> Iterator[Target]:
    """Yield the targets of a release; each package knows the zips that SCT unpacks with it."""
    models = {t.text: t.package for t in targets}
    together = {name: family for family in families(models) for name in family}
    for target in targets:
        if target.package is None:
            yield target
            continue
        family = together.get(target.text, {})
        others = (p for name, p in family.items() if name != target.text)
        joined = tuple(trainer for package in others for trainer in package.judged)
        yield target._replace(package=target.package._replace(is_released=True, joined=joined))
