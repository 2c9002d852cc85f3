"""What an audit found: every model repository of an owner, its releases, and their findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ...findings import Consumer, Finding, Report, Severity, TargetReport

#: How an answer is shown, worst first: of several packages the worst answer counts.
NO, AFTER, UNKNOWN, YES, NONE = "no", "after", "?", "yes", "-"
_WORST_FIRST = (NO, UNKNOWN, AFTER, YES)


class ReleaseReport(NamedTuple):
    """What was found in a release."""

    tag: str
    url: str
    #: The day on which it was published: ``2024-09-15``.
    published: str
    #: The release, then its packages.
    targets: tuple[TargetReport, ...] = ()
    #: Why it could not be read; "" if it was.
    error: str = ""

    @property
    def packages(self) -> tuple[TargetReport, ...]:
        """Its packages."""
        return tuple(target for target in self.targets if target.kind == "package")

    def takes(self, consumer: Consumer) -> str:
        """Return whether a consumer takes its packages: one of the words above."""
        if self.error:
            return UNKNOWN
        found = {_answer(package, consumer) for package in self.packages}
        return next((word for word in _WORST_FIRST if word in found), NONE)


def _answer(package: TargetReport, consumer: Consumer) -> str:
    for answer in package.takes:
        if answer.consumer is consumer:
            return AFTER if answer.step else NO if answer.codes else YES
    return UNKNOWN


class Change(NamedTuple):
    """How the findings of a repository differ from those of an earlier report."""

    new: tuple[Finding, ...] = ()
    fixed: int = 0
    unchanged: int = 0
    #: Whether the earlier report has this repository.
    was_known: bool = True


class RepositoryReport(NamedTuple):
    """What was found in a repository and its releases."""

    #: Owner and name.
    full_name: str
    url: str
    description: str = ""
    #: Any of archived, fork and private.
    marks: tuple[str, ...] = ()
    #: The default branch: what holds for the repository, and not for one release of it.
    target: TargetReport | None = None
    #: Newest first.
    releases: tuple[ReleaseReport, ...] = ()
    #: Why it could not be read; "" if it was.
    error: str = ""
    change: Change | None = None

    @property
    def name(self) -> str:
        """Its name without the owner."""
        return self.full_name.rpartition("/")[2]

    @property
    def targets(self) -> tuple[TargetReport, ...]:
        """All that was linted."""
        own = (self.target,) if self.target else ()
        return (*own, *(target for release in self.releases for target in release.targets))

    @property
    def packages(self) -> int:
        """How many packages its releases have."""
        return sum(len(release.packages) for release in self.releases)

    @property
    def latest(self) -> ReleaseReport | None:
        """The newest release."""
        return self.releases[0] if self.releases else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(finding for target in self.targets for finding in target.findings)

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def takes(self, consumer: Consumer) -> str:
        """Return whether a consumer takes the newest release that has packages."""
        answers = (release.takes(consumer) for release in self.releases)
        return next((word for word in answers if word != NONE), UNKNOWN if self.error else NONE)

    @property
    def errors(self) -> tuple[str, ...]:
        """Why it, or releases of it, could not be read."""
        tags = (f"{r.tag}: {r.error}" for r in self.releases if r.error)
        return (*((self.error,) if self.error else ()), *tags)


class Requests(NamedTuple):
    """What an audit asked GitHub's API for."""

    sent: int = 0
    #: Those that count against GitHub's limit.
    counted: int = 0


class Audit(NamedTuple):
    """What was found in the model repositories of an owner."""

    owner: str
    #: The page of the owner.
    url: str
    #: When it was made, in UTC: ``2026-11-23T12:00:00Z``.
    date: str
    #: Worst first.
    repositories: tuple[RepositoryReport, ...] = ()
    #: Repositories that were not looked at: how many for each reason.
    passed_over: Mapping[str, int] = {}
    #: Findings about the configuration.
    configuration: tuple[Finding, ...] = ()
    #: The day since which releases are shown, or the date of the report that is compared.
    since: str = ""
    requests: Requests = Requests()

    @property
    def report(self) -> Report:
        """All findings, as a report of `check` has them."""
        targets = (target for one in self.repositories for target in one.targets)
        return Report(tuple(targets), self.configuration)

    @property
    def releases(self) -> int:
        """How many releases were linted."""
        return sum(len(repository.releases) for repository in self.repositories)

    @property
    def packages(self) -> int:
        """How many packages were linted."""
        return sum(repository.packages for repository in self.repositories)

    @property
    def compared(self) -> bool:
        """Whether it is compared with an earlier report."""
        return any(repository.change for repository in self.repositories)

    @property
    def errors(self) -> Iterator[tuple[RepositoryReport, str]]:
        """What could not be read, and why."""
        return ((one, error) for one in self.repositories for error in one.errors)


def worst_first(repositories: Iterable[RepositoryReport]) -> tuple[RepositoryReport, ...]:
    """Sort repositories: those that can't be read, then by errors, warnings and infos."""

    def key(one: RepositoryReport) -> tuple[bool, int, int, int, str]:
        error, warning, info = (one.count(severity) for severity in Severity)
        return (not one.errors, -error, -warning, -info, one.full_name.lower())

    return tuple(sorted(repositories, key=key))
