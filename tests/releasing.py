"""Releases for tests: a genuine one on the local GitHub, changed in one place, and linted."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from build import Change, package
from github_server import GitHubServer, RepositoryBuilder
from model_lint.findings import Finding, Severity
from model_lint.lint import Options, lint, select_rules
from model_lint.models.releases import load_place
from model_lint.models.target import NOTHING_GIVEN, Target
from model_lint.rules import all_rules
from model_lint.storage.github import Hub, connect
from model_lint.storage.github_place import read_place
from rules.test_repository import FILES

OWNER, NAME, TAG = "ivadomed", "model_seg_sc-gm_t2star", "r20261123"
ZIP = f"{NAME}-{TAG}.zip"
TODAY = dt.date(2026, 11, 24)
Content = bytes | Path
#: Changes the repository or its releases after the release was made.
Then = Callable[[GitHubServer, RepositoryBuilder], object]


@cache
def zip_of(*changes: Change, folds: tuple[int, ...] = (0,)) -> bytes:
    """Return a zip of the genuine model with these changes."""
    with tempfile.TemporaryDirectory() as folder:
        return package(Path(folder), *changes, folds=folds).read_bytes()


def whole(_server: GitHubServer, _repository: RepositoryBuilder) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class ReleaseCase:
    """A release with one change, and what is said about it."""

    code: str
    what: str
    tag: str = TAG
    #: The dates of its commit and of its publication.
    committed: str = "2026-11-20"
    published: str = "2026-11-23"
    title: str | None = None
    notes: str = ""
    #: None for the zip of the genuine model.
    assets: Mapping[str, Content] | None = None
    draft: bool = False
    prerelease: bool = False
    #: Whether there is a release at all.
    released: bool = True
    #: Files of the repository that are added or replaced.
    files: Mapping[str, str | None] = field(default_factory=dict)
    then: Then = whole
    #: The argument of ``check``; by default the release.
    asked: str = ""
    fires: bool = True
    severity: Severity | None = None
    #: Part of the message.
    says: str = ""
    at: str = ""
    line: int | None = None
    #: Codes of the other findings.
    also: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.code}-{self.what.replace(' ', '-')}"

    @property
    def argument(self) -> str:
        """The argument of ``check``."""
        return self.asked or f"{OWNER}/{NAME}@{self.tag}"

    def publish(self, server: GitHubServer) -> RepositoryBuilder:
        """Make the repository and its release."""
        files = {p: t for p, t in {**FILES, **self.files}.items() if t is not None}
        owner = server.add_owner(OWNER)
        repository = owner.add_repository(NAME, files, date=self.committed)
        if self.released:
            repository.release(
                self.tag,
                {ZIP: zip_of()} if self.assets is None else self.assets,
                date=self.published,
                title=self.title,
                notes=self.notes.replace("SERVER", server.url),
                draft=self.draft,
                prerelease=self.prerelease,
            )
        self.then(server, repository)
        return repository

    def load(self, server: GitHubServer) -> tuple[Target, ...]:
        """Read it as the command line does, with a token that may push."""
        return read(server, self.argument, server.add_token("maker", {"*": "push"}))


def hub_of(server: GitHubServer, token: str = "") -> Hub:
    """Return the local GitHub for those who ask with a token, or without."""
    return connect(server.environment(token))


def read(server: GitHubServer, text: str, token: str = "") -> tuple[Target, ...]:
    """Read a release as the command line does."""
    place = read_place(text.replace("SERVER", server.url), server.url)
    assert place, text
    hub = hub_of(server, token)
    return load_place(text, place, NOTHING_GIVEN, hub=hub, today=lambda: TODAY)


def judged(targets: tuple[Target, ...], *selectors: str) -> list[Finding]:
    """Lint targets with the rules of these codes or prefixes, all of them without any."""
    options = Options(select_rules(all_rules(), select=selectors))
    return [finding for target in targets for finding in lint(target, options).findings]


def inside(location: str) -> str:
    """Return a path in the repository or in a zip for the location of a finding."""
    return re.sub(r"^[^@/]+/[^@/]+(@[^/]+)?(/|$)|^.*!/", "", location)
