"""The packages of a model, their addresses, and the files of its repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from ...errors import UsageError
from ...findings import Severity
from ...models.package import Package
from ...models.release import Release, families
from ...models.release_folds import disagreements
from ...models.target import Given, Target, is_remote, load_targets
from ...naming.tag import require_tag, tag_in, today_in_utc
from ...storage.checkout import decoded
from ...storage.github import Hub, asking
from ...storage.github_place import Place, read_place
from ...storage.limits import MAX_SCRIPT_BYTES
from ...wording import listing, without_password
from ..publish.checkout import Checkout, find_checkout
from ..publish.source import RemoteFiles, choose_repository


class Zip(NamedTuple):
    """A package, and where SCT gets it."""

    url: str
    target: Target

    @property
    def package(self) -> Package:
        """The model in it. Raises UsageError if it is unreadable; the linter says why."""
        if self.target.package is None:
            raise UsageError(f"{self.target.text}: not a package that can be read")
        return self.target.package

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]


class _Files(Protocol):
    """The files of commits."""

    def read(self, commit: str, path: str) -> bytes:
        """Return a file; nothing if it is missing."""


class Subject(NamedTuple):
    """A model: its packages, one for each fold or only one, and its repository."""

    #: ``OWNER/NAME``, and the address of its page.
    repository: str
    page: str
    tag: str
    zips: tuple[Zip, ...]
    #: The files of the repository, and the commit that made the model; None if it is not at hand.
    files: _Files | None = None
    commit: str = "HEAD"

    def read(self, path: str) -> bytes:
        """Return a file of the repository; nothing if it is missing."""
        return self.files.read(self.commit, path) if self.files else b""

    def text(self, path: str) -> str:
        """Return the beginning of a text of the repository; "" if it is missing."""
        return decoded(self.read(path)[:MAX_SCRIPT_BYTES])


class Request(NamedTuple):
    """What the user names."""

    packages: tuple[str, ...]
    #: ``OWNER/NAME``; None for that of the addresses, or git's origin.
    repository: str | None
    #: None for that in the names.
    tag: str | None
    #: The folder in which a checkout of the model repository is searched.
    folder: Path


class _Asked(NamedTuple):
    """The files of a commit on GitHub; a failure is one line."""

    files: RemoteFiles
    hub: Hub
    about: str

    def read(self, commit: str, path: str) -> bytes:
        """Return a file; nothing if it is missing. Raises UsageError."""
        with asking(self.hub, f"{self.about}: {path}"):
            return self.files.read(commit, path)


def gather(request: Request, given: Given, hub: Hub) -> Subject:
    """Read the packages, and find their repository. Raises UsageError."""
    if request.tag is not None:
        require_tag(request.tag, today_in_utc())
    if not any(map(is_remote, request.packages)):
        return _local(request, given, hub)
    if not all(map(is_remote, request.packages)):
        raise UsageError("give packages on this machine or on the web, not both")
    places = [_place(text, hub.web) for text in request.packages]
    if len(places) == 1 and places[0] and not places[0].asset:
        return _of_release(request.packages[0], given, hub)
    return _of_addresses(request, places, given, hub)


def _place(text: str, web: str) -> Place | None:
    try:
        return read_place(without_password(text), web)
    except ValueError as error:
        raise UsageError(f"{without_password(text)}: not an address of the web: {error}") from error


def _of_release(text: str, given: Given, hub: Hub) -> Subject:
    targets = load_targets(text, given)
    release = next((target.release for target in targets if target.release), None)
    if release is None:
        raise UsageError(f"{text}: no release is published; `model-lint publish` makes one")
    if release.is_draft:
        raise UsageError(f"{text}: a draft, which SCT can't download; publish it first")
    zips = tuple(_zips(release, targets))
    if not zips:
        raise UsageError(f"{text}: no package is attached")
    if len(zips) > 1 and not any(len(family) == len(zips) for family in release.families):
        raise UsageError(
            f"{text}: {len(zips)} packages, {listing(one.name for one in zips)}; give the address "
            f"of one, such as {zips[0].url}"
        )
    page = f"{hub.web}/{release.repository}"
    return _with_files(Subject(release.repository, page, release.tag, zips), hub)


def _zips(release: Release, targets: tuple[Target, ...]) -> Iterator[Zip]:
    by_address = {target.text: target for target in targets}
    for asset in release.model_assets:
        yield Zip(asset.url, by_address[asset.url])


def _of_addresses(request: Request, places: list[Place | None], given: Given, hub: Hub) -> Subject:
    named = {place.full_name for place in places if place}
    repository = request.repository or (named.pop() if len(named) == 1 else None)
    if repository is None:
        raise UsageError("which repository is it? give --repo OWNER/NAME")
    tags = {place.tag for place in places if place}
    tags |= {tag for text in request.packages if (tag := tag_in(text.rpartition("/")[2]))}
    if any(without_password(text) != text for text in request.packages):
        raise UsageError("an address with a password can't be in SCT; give a public one")
    if any(place and not place.tag for place in places):
        raise UsageError(
            f"{request.packages[0]}: the address of the latest release, whatever that is: SCT "
            "installs a model again only if its address is new; give that of a tag"
        )
    tag = request.tag or (tags.pop() if len(tags) == 1 else "")
    if not tag:
        raise UsageError(f"{request.packages[0]}: no single tag in the addresses; give --tag")
    zips = tuple(Zip(text, load_targets(text, given)[0]) for text in request.packages)
    page = f"{hub.web}/{repository}"
    subject = Subject(repository, page, tag, zips)
    return _with_files(subject, hub) if all(places) else subject


def _with_files(subject: Subject, hub: Hub) -> Subject:
    with asking(hub, subject.repository):
        there = hub.api.get_repo(subject.repository)
    if there.private:
        raise UsageError(f"{subject.repository}: private, so that SCT can't download from it")
    files = _Asked(RemoteFiles(there), hub, subject.repository)
    return subject._replace(files=files, commit=subject.tag)


def _local(request: Request, given: Given, hub: Hub) -> Subject:
    around = find_checkout(request.folder)
    repository = choose_repository(request.repository, around, hub)
    name = repository.partition("/")[2]
    given = given._replace(repository=name)
    targets = [load_targets(text, given)[0] for text in request.packages]
    tag = request.tag or _common_tag(request.packages)
    zips = tuple(_at_release(target, hub, repository, tag) for target in targets)
    files = around if _is_of(around, repository, hub) else None
    return Subject(repository, f"{hub.web}/{repository}", tag, zips, files)


def _is_of(checkout: Checkout | None, repository: str, hub: Hub) -> bool:
    origin = checkout.on(hub.web) if checkout else None
    return origin is not None and origin.lower() == repository.lower()


def _common_tag(paths: tuple[str, ...]) -> str:
    tags = {tag_in(Path(path).name) for path in paths}
    tag = tags.pop() if len(tags) == 1 else None
    if tag is None:
        raise UsageError(f"{listing(paths)}: no single tag in the name; give --tag rYYYYMMDD")
    return tag


def _at_release(target: Target, hub: Hub, repository: str, tag: str) -> Zip:
    """Return a package with the address that it gets when it is published."""
    is_zip = target.archive is not None
    name = Path(target.text).name if is_zip else f"{repository.partition('/')[2]}-{tag}.zip"
    return Zip(f"{hub.web}/{repository}/releases/download/{tag}/{name}", target)


def require_one_model(subject: Subject) -> None:
    """Raise UsageError if several packages are not the folds of one model (T009)."""
    if len(subject.zips) == 1:
        return
    packages = {one.name: one.target.package for one in subject.zips}
    if not any(len(family) == len(packages) for family in families(packages)):
        raise UsageError(
            f"{listing(packages)}: not named as the folds of one model, such as "
            "NAME_fold0.zip and NAME_fold1.zip; give one of them"
        )
    for problem in disagreements({name: one for name, one in packages.items() if one}):
        if problem.severity in {None, Severity.ERROR}:
            raise UsageError(f"the zips are not folds of one model: {problem.message} (T009)")
