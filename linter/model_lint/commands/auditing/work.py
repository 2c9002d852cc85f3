"""Lint the repositories and releases of an owner in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ...errors import UsageError, contained
from ...findings import TargetReport
from ...lint import judge, silence
from ...models.owner import Listed
from ...models.owner_targets import read_release, read_repository
from ...report.audit.data import ReleaseReport, RepositoryReport
from ...storage.github import Hub, LimitReached
from ...storage.github_lists import list_releases
from .crew import Crew
from .plan import Plan
from .reports import KeptReports, about_release, about_repository


class Job(NamedTuple):
    """How everything is linted."""

    plan: Plan
    kept: KeptReports


class _Found(NamedTuple):
    """A result: of a repository its releases, or of a release its report."""

    repository: RepositoryReport
    listed: Listed
    #: The releases that are still to be linted.
    pending: tuple[Mapping[str, Any], ...] = ()
    release: ReleaseReport | None = None
    #: Whether it is a repository of a model.
    is_model: bool = True


class Worked(NamedTuple):
    """What came of all repositories."""

    repositories: tuple[RepositoryReport, ...]
    #: How many are not repositories of models.
    others: int


def lint_all(
    job: Job,
    repositories: Sequence[Listed],
    hubs: list[Hub],
    show: Callable[[int, int], object],
) -> Worked:
    """Lint repositories and their releases.

    Args:
        job: how.
        repositories: the repositories.
        hubs: a GitHub for each thread.
        show: is called with how much is done, and how much there is.

    Raises:
        LimitReached: GitHub answers no more; what was linted is kept.
    """
    crew: Crew[Hub, _Found] = Crew(hubs)
    for listed in repositories:
        crew.add(partial(_repository, job, listed))
    done, total, others = 0, len(repositories), 0
    reports: dict[str, RepositoryReport] = {}
    releases: dict[str, list[ReleaseReport]] = {}
    for found in crew.results():
        name = found.listed.full_name
        if found.release:
            releases[name].append(found.release)
        elif found.is_model:
            reports[name], releases[name] = found.repository, []
        else:
            others += 1
        for raw in found.pending:
            crew.add(partial(_release, job, found, raw))
        done, total = done + 1, total + len(found.pending)
        show(done, total)
    complete = (
        report._replace(releases=_newest_first(releases[name])) for name, report in reports.items()
    )
    return Worked(tuple(complete), others)


def _newest_first(releases: list[ReleaseReport]) -> tuple[ReleaseReport, ...]:
    return tuple(sorted(releases, key=lambda r: (r.published, r.tag), reverse=True))


def _repository(job: Job, listed: Listed, hub: Hub) -> _Found:
    """List the releases of a repository, and lint what holds for all of them."""
    raw = listed.raw
    report = RepositoryReport(
        listed.full_name, raw["html_url"], raw["description"] or "", listed.marks
    )
    try:
        releases = list_releases(hub, listed.full_name)
        if not job.plan.scope.is_model(listed, releases):
            return _Found(report, listed, is_model=False)
        pending = tuple(job.plan.scope.of(releases))
        about = about_repository(raw, releases)
        read = partial(_judge, job, read_repository, hub, listed, releases)
        (target,) = job.kept.get(about, read)
    except LimitReached:
        raise
    except UsageError as error:
        return _Found(report._replace(error=_reason(error, listed.full_name)), listed)
    return _Found(report._replace(target=silence(target, job.plan.options)), listed, pending)


def _release(job: Job, found: _Found, raw: Mapping[str, Any], hub: Hub) -> _Found:
    """Lint a release and its packages."""
    listed = found.listed
    report = ReleaseReport(raw["tag_name"], raw["html_url"], raw["published_at"][:10])
    about = about_release(listed.raw, raw)
    try:
        targets = job.kept.get(about, partial(_judge, job, read_release, hub, listed, raw))
    except LimitReached:
        raise
    except UsageError as error:
        reason = _reason(error, f"{listed.full_name}@{report.tag}")
        return found._replace(pending=(), release=report._replace(error=reason))
    silenced = tuple(silence(target, job.plan.options) for target in targets)
    return found._replace(pending=(), release=report._replace(targets=silenced))


def _judge(job: Job, read: Callable[..., Any], *arguments: Any) -> tuple[TargetReport, ...]:
    """Read and judge targets. Raises UsageError, also for a defect: the others are to be seen."""
    plan = job.plan
    with contained():
        return tuple(judge(target, plan.options) for target in read(*arguments, plan.given))


def _reason(error: UsageError, about: str) -> str:
    return str(error).removeprefix(f"{about}: ")
