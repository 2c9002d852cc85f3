"""From packages and a checkout to what is wanted: everything that is decided before a request."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from github import UnknownObjectException
from github.Repository import Repository as GithubRepository

from ...errors import UsageError
from ...findings import Severity, TargetReport
from ...models.release import families
from ...models.release_folds import disagreements
from ...models.target import Target, Watch
from ...naming import Name
from ...privacy import find_leaks
from ...storage.github import ACTIONS, Hub, asking, login_of
from .about import about_of
from .checkout import Checkout, find_checkout
from .destination import Destination
from .notes import Origin, Packed, write_notes
from .packages import choose_tag, read_assets, require_files, require_name
from .plan import MISSING
from .source import Texts, choose_commit, choose_repository, history, read_texts, require_pushed
from .wanted import Asset, Claim, NewRepository, Run, Wanted


class Request(NamedTuple):
    """What the user asks for."""

    packages: tuple[Path, ...]
    #: ``OWNER/NAME``; None for git's origin.
    repository: str | None
    #: None for that in the packages' names.
    tag: str | None
    #: A branch, tag or commit; None for what is checked out.
    target: str | None
    create: bool
    #: A file with the user's own notes.
    notes: Path | None
    #: The folder in which the checkout is searched.
    folder: Path
    today: dt.date


class Linted(NamedTuple):
    """What was linted: a package, or the checkout that is to be pushed."""

    target: Target
    report: TargetReport


class Lint(NamedTuple):
    """How packages and checkouts are linted."""

    #: Lints a path as a part of the repository with this name.
    lint: Callable[[str, str], Linted]
    parse: Callable[[str], Name]


class Chosen(NamedTuple):
    """What is published, and where: decided on this machine alone."""

    repository: str
    tag: str
    assets: tuple[Asset, ...]
    #: That of the repository; None if there is none around the current folder.
    checkout: Checkout | None
    own_notes: str
    linted: tuple[Linted, ...]

    @property
    def refused(self) -> bool:
        """Whether the linter found errors."""
        found = (f for one in self.linted for f in one.report.findings)
        return any(finding.severity is Severity.ERROR for finding in found)


class Prepared(NamedTuple):
    """All that publishing takes."""

    wanted: Wanted
    run: Run
    destination: Destination


def choose(request: Request, hub: Hub, lint: Lint) -> Chosen:
    """Decide what is published where, and lint it; nothing is sent. Raises UsageError."""
    if hub.token is None:
        raise UsageError("publishing takes a token: set GH_TOKEN, or log in with `gh auth login`")
    require_files(request.packages)
    tag = choose_tag(request.packages, request.tag, request.today)
    around = find_checkout(request.folder)
    repository = choose_repository(request.repository, around, hub)
    require_name(request.packages, repository)
    own = _own_notes(request.notes)
    checkout = around if around and _is_of(around, repository, hub, create=request.create) else None
    if request.create and (checkout is None or checkout.branch is None):
        raise UsageError(f"--create: run it in the checkout of {repository}, on a branch")
    name = repository.partition("/")[2]
    paths = [str(path) for path in request.packages]
    if request.create and checkout:
        paths.append(str(checkout.root))
    linted = tuple(lint.lint(path, name) for path in paths)
    _require_fit(linted)
    return Chosen(repository, tag, read_assets(request.packages), checkout, own, linted)


def _require_fit(linted: tuple[Linted, ...]) -> None:
    """Raise UsageError if zips of single folds do not fit together: T009, before they are sent."""
    packages = {Path(one.target.text).name: one.target.package for one in linted}
    for family in families(packages):
        for problem in disagreements(family):
            if problem.severity in {None, Severity.ERROR}:
                raise UsageError(f"the zips are not folds of one model: {problem.message} (T009)")


def _is_of(checkout: Checkout, repository: str, hub: Hub, *, create: bool) -> bool:
    """Return whether a checkout is one of the repository, or is to become one."""
    origin = checkout.on(hub.web)
    if origin is None:
        return create and checkout.origin is None
    return origin.lower() == repository.lower()


def _own_notes(path: Path | None) -> str:
    """Return the user's own notes. Raises UsageError if they are unreadable or reveal something."""
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"--notes {path}: {reason}") from error
    for leak in find_leaks(text):
        raise UsageError(
            f"--notes {path}, line {leak.line}: the {leak.kind} {leak.shown} must not be published"
        )
    return text


def prepare(
    request: Request,
    chosen: Chosen,
    hub: Hub,
    parse: Callable[[str], Name],
    watch: Watch,
) -> Prepared:
    """Ask GitHub what it has, and return what is wanted of it. Raises UsageError."""
    login = login_of(hub)
    with asking(hub, chosen.repository):
        there = _repository(hub, chosen.repository)
        if there is None and not request.create:
            raise UsageError(f"{chosen.repository}: {MISSING}")
        repository = there.full_name if there else chosen.repository
        require_name(request.packages, repository)  # it may have been renamed
        # The token of a workflow has permissions that are not shown here.
        if there and login != ACTIONS and not there.permissions.push:
            raise UsageError(
                f"{repository}: {login} may not write to it; ask its owner for the role `write`"
            )
        commit = choose_commit(request.target, chosen.checkout, there)
        texts = read_texts(commit, chosen.checkout, there)
    create = _new_repository(chosen, texts, parse) if request.create else None
    wanted = Wanted(repository, chosen.tag, commit, chosen.assets, create)
    destination = Destination(hub, wanted, there, watch)
    first = destination.look()
    filled = there if first.repository and not first.repository.empty else None
    if filled:
        with asking(hub, repository):
            require_pushed(commit, chosen.checkout, filled)

    def notes() -> str:
        origin = Origin(f"{hub.web}/{repository}", chosen.tag, commit, texts.texts, texts.splits)
        packed = tuple(_packed(one) for one in chosen.linted if one.target.package)
        return write_notes(origin, packed, history(filled, chosen.tag, commit), chosen.own_notes)

    destination.write_notes = notes
    return Prepared(wanted, Run(Claim(login, secrets.token_hex(8)), first), destination)


def _repository(hub: Hub, name: str) -> GithubRepository | None:
    try:
        return hub.api.get_repo(name)
    except UnknownObjectException:
        return None


def _new_repository(
    chosen: Chosen, texts: Texts, parse: Callable[[str], Name]
) -> NewRepository | None:
    if chosen.checkout is None or chosen.checkout.branch is None:
        return None
    name = parse(chosen.repository.partition("/")[2])
    about = about_of(texts.texts.get("README.md", ""), texts.texts.get("CITATION.cff", ""), name)
    return NewRepository(about, chosen.checkout.root, chosen.checkout.branch)


def _packed(one: Linted) -> Packed:
    package = one.target.package
    assert package is not None  # noqa: S101 - chosen by the caller
    return Packed(Path(one.target.text).name, package, one.report.takes)
