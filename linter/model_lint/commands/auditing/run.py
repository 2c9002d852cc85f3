"""Audit an owner: list what there is, lint it in parallel, and keep what was found."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

from platformdirs import user_cache_path

from ...errors import Stopped, UsageError
from ...lint import unused_ignores
from ...models.owner import Listed
from ...report.audit.data import Audit, Requests, worst_first
from ...storage.github import LimitReached, connect
from ...storage.github_cache import Keeping, Traffic
from ...storage.github_lists import list_repositories
from ...storage.kept_files import KeptFiles
from ...storage.new_file import stoppable
from ...terminal import complain, progress_of
from .plan import Done, Plan
from .reports import KeptReports, basis
from .work import Job, lint_all

_GOES_ON = "what was read so far is kept; the same command goes on from there"


def audit_owner(owner: str, plan: Plan) -> Done:
    """Audit an owner. Raises UsageError if GitHub can't be asked, or answers no more."""
    goes_on = "nothing is kept, because of --no-cache" if plan.keep is None else _GOES_ON
    try:
        with stoppable():
            return _audit(owner, plan)
    except LimitReached as error:
        raise UsageError(f"{error}; {goes_on}") from error
    except (KeyboardInterrupt, Stopped):
        complain(goes_on)
        raise


def _audit(owner: str, plan: Plan) -> Done:
    traffic = Traffic()
    folder = _folder(plan)
    keeping = Keeping(traffic, _files(folder, "answers"))
    reports = KeptReports(_files(folder, "reports"), basis(plan.options))
    hub = keeping.twin(connect())
    listed = [Listed(raw) for raw in list_repositories(hub, owner, private=_private(plan))]
    reasons = {one.full_name: plan.scope.why_not(one) for one in listed}
    chosen = [one for one in listed if not reasons[one.full_name]]
    job = Job(plan, reports)
    hubs = [keeping.twin(hub) for _ in range(min(plan.jobs, len(chosen) or 1))]
    with progress_of(owner, " done") as show:
        worked = lint_all(job, chosen, hubs, show)
    passed_over = Counter(filter(None, reasons.values()))
    passed_over += Counter({"not of a model": worked.others})
    audit = Audit(
        owner,
        f"{hub.web}/{owner}",
        dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        worst_first(worked.repositories),
        dict(sorted(passed_over.items())),
        since=plan.scope.since,
        requests=Requests(traffic.requests, traffic.counted),
    )
    unused = unused_ignores(plan.options.config, audit.report.targets)
    failures = (UsageError(f"{one.full_name}: {error}") for one, error in audit.errors)
    return Done(audit._replace(configuration=unused), tuple(failures))


def _private(plan: Plan) -> bool:
    return "private" in plan.scope.marks


def _folder(plan: Plan) -> Path | None:
    """Return where answers and reports are kept. Raises UsageError for a folder that can't be."""
    if plan.keep is None:
        return None
    if not plan.keep:
        return user_cache_path("model-lint", appauthor=False)
    folder = Path(plan.keep)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"--cache {folder}: {error.strerror or error}") from error
    return folder


def _files(folder: Path | None, name: str) -> KeptFiles | None:
    if folder is None:
        return None
    files = KeptFiles(folder / name)
    files.prune()
    return files
