"""Reports that are kept: what did not change is not linted again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...findings import INTERNAL, TargetReport
from ...lint import Options
from ...report.audit.stored import pack, unpack
from ...storage.github_lists import Raw
from ...storage.kept_files import KeptFiles

#: What GitHub says of a release and its assets that decides what is found in it. A published asset
#: that is replaced gets another number.
_OF_RELEASE = ("id", "tag_name", "name", "body", "prerelease", "created_at", "published_at")
_OF_ASSET = ("id", "name", "size", "state", "digest", "created_at", "updated_at")
#: The same for a repository: every push changes the date.
_OF_REPOSITORY = ("id", "full_name", "pushed_at", "default_branch", "private")
#: Rules whose findings change with the day.
_OF_TODAY = frozenset({"T002"})


class KeptReports(NamedTuple):
    """The reports of one configuration, by what they are about."""

    #: None if nothing is kept.
    files: KeptFiles | None
    #: A digest of all that decides on reports, except what they are about.
    basis: str

    def get(
        self, about: Mapping[str, Any], make: Callable[[], tuple[TargetReport, ...]]
    ) -> tuple[TargetReport, ...]:
        """Return the reports about something as it is now: kept, or made now."""
        if self.files is None:
            return make()
        name = _digest([self.basis, about])
        kept = self.files.read(name)
        reports = unpack(kept) if kept else None
        if reports is None:
            reports = make()
            if not any(f.code in {*_OF_TODAY, INTERNAL} for r in reports for f in r.findings):
                self.files.write(name, pack(reports))
        return reports


def basis(options: Options) -> str:
    """Return a digest of this program and of its configuration; silencing comes later."""
    return _digest(
        [
            _program(),
            sorted(rule.code for rule in options.rules),
            sorted(consumer.value for consumer in options.consumers),
            {field: sorted(words) for field, words in options.config.vocabulary.items()},
        ]
    )


def about_repository(raw: Raw, releases: list[Raw]) -> dict[str, Any]:
    """Return what the report of a repository is about, from what GitHub lists.

    Its README has links to releases and their assets.
    """
    assets = [[r["tag_name"], r["prerelease"], [a["name"] for a in r["assets"]]] for r in releases]
    return {**{name: raw.get(name) for name in _OF_REPOSITORY}, "releases": assets}


def about_release(repository: Raw, raw: Raw) -> dict[str, Any]:
    """Return what the report of a release is about, from what GitHub lists."""
    return {
        "repository": repository["full_name"],
        **{name: raw.get(name) for name in _OF_RELEASE},
        "assets": [{name: asset.get(name) for name in _OF_ASSET} for asset in raw["assets"]],
    }


def _program() -> str:
    """Return a digest of this package: another version may find something else."""
    folder = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
