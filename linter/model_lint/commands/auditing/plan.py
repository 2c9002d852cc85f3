"""What an audit is asked for, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...errors import UsageError
from ...lint import Options
from ...models.owner import Scope
from ...models.target import Given
from ...report.audit.data import Audit


class Plan(NamedTuple):
    """How an owner is audited."""

    options: Options
    given: Given
    scope: Scope
    #: Threads.
    jobs: int
    #: Where answers and reports are kept: "" for the user's cache folder, None for nowhere.
    keep: Path | str | None = ""


class Done(NamedTuple):
    """What came of it."""

    audit: Audit
    #: Why repositories or releases could not be read.
    failures: tuple[UsageError, ...]
