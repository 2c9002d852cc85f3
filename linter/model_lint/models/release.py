"""The model of a release on GitHub: what its page says, its assets, and the models in them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..findings import Problem
from ..naming.tag import tag_date

if TYPE_CHECKING:
    from .package import Package
    from .repository import Statement

#: What was meant as the tag of a model's release.
_MEANT = re.compile(r"r?\d{8}([-_.].*)?", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(20\d{6})(?!\d)")
#: An image of a container is named by its digest: `name@sha256:...`.
_SHA256 = re.compile(r"(?<![0-9a-fA-F])(?<!@sha256:)[0-9a-fA-F]{64}(?![0-9a-fA-F])")
#: What a line says of a checksum without naming something else that it belongs to.
_SAYS_NOTHING = re.compile(
    r"(?:[\W\d_]|sha-?256(?:sum)?|checksum|hash|digest|value|[kmg]i?b|bytes|hex"
    r"|(?:its|the|this|of|for|is|zip|file|asset|package|model|archive|download|release)(?![^\W_]))*",
    re.IGNORECASE,
)
#: What names a zip with one fold of a model: ``model_fold0.zip``.
_FOLD = re.compile(r"[-_.]?fold[-_.]?(\d+|all)", re.IGNORECASE)

#: Names of zips that are models, even if nothing in them shows it; and names that are those of a
#: model if no other zip is one.
_NAMED_AS_MODEL = re.compile(r"(?i)model|dataset\d{3}|nnunet")
_DATED = re.compile(r".*r\d{8}")


class Asset(NamedTuple):
    """A file that is attached to a release."""

    name: str
    size: int
    #: Whether its upload was finished.
    is_complete: bool
    #: What GitHub says of its bytes, as ``sha256:...``; "" if it was uploaded before GitHub did.
    digest: str
    uploaded: dt.datetime
    #: Where everybody downloads it.
    url: str
    #: Where the API sends it.
    api_url: str

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates in its name."""
        found = (tag_date(f"r{digits}") for digits in _DATE.findall(self.name))
        return tuple(date for date in found if date)


class Commit(NamedTuple):
    """A commit, and when it was made."""

    sha: str
    date: dt.datetime


class Address(NamedTuple):
    """The address of something on GitHub that was moved: as it was given, and as it is now."""

    given: str
    now: str


class Unreleased(NamedTuple):
    """A repository without a published release."""

    #: Tags of its pre-releases, and of its drafts as far as the token sees them.
    tags: tuple[str, ...]


class Links(NamedTuple):
    """The links to releases in a README that lead nowhere."""

    #: One for each; the message says what is missing.
    broken: tuple[Problem, ...]


class Release(NamedTuple):
    """A release of a model repository."""

    #: Owner and name of the repository.
    repository: str
    tag: str
    #: "" if it has none: GitHub shows the tag then.
    title: str
    notes: str
    is_draft: bool
    is_prerelease: bool
    #: None for a draft.
    published: dt.datetime | None
    #: What the tag names; for a draft without a tag, the commit that it will be made of.
    commit: Commit
    assets: tuple[Asset, ...]
    #: The packages among its assets, by the name of the asset; None if the zip is damaged.
    models: Mapping[str, Package | None]
    #: Assets that end in ``.zip`` but are a checkpoint.
    checkpoints: tuple[str, ...]
    #: The day on which it is judged, in UTC.
    today: dt.date
    #: What the tag and the default branch say of the model; None if they are the same commit.
    statement: Statement | None = None
    default_statement: Statement | None = None

    @property
    def is_of_model(self) -> bool:
        """Whether it is, or was meant to be, the release of a model, and not of code."""
        return bool(self.models or self.checkpoints) or _MEANT.fullmatch(self.tag) is not None

    @property
    def date(self) -> dt.date | None:
        """The date that the tag states; None if it is not one of the calendar."""
        return tag_date(self.tag)

    @property
    def model_assets(self) -> tuple[Asset, ...]:
        """The assets that are packages."""
        return tuple(asset for asset in self.assets if asset.name in self.models)

    @property
    def wrong_checksums(self) -> tuple[tuple[str, str, str], ...]:
        """The assets for which the notes state another SHA-256 than GitHub: name and both."""
        found = stated_checksums(self.notes, [asset.name for asset in self.assets])
        known = {a.name: a.digest.removeprefix("sha256:").lower() for a in self.assets if a.digest}
        return tuple((n, s, known[n]) for n, s in found.items() if n in known and s != known[n])

    @property
    def families(self) -> tuple[Mapping[str, Package], ...]:
        """Packages that are one model together: a zip for each fold, which SCT unpacks into one."""
        return families(self.models)


def families(models: Mapping[str, Package | None]) -> tuple[Mapping[str, Package], ...]:
    """Return the packages whose names differ in the number of the fold only, by name."""
    found: dict[str, dict[str, Package]] = {}
    for name, package in models.items():
        if package and _FOLD.search(name):
            found.setdefault(_FOLD.sub("", name, count=1), {})[name] = package
    return tuple(family for family in found.values() if len(family) > 1)


def stated_checksums(notes: str, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 that notes state for files, by name.

    A checksum belongs to the file that is named in its line. In a line that names nothing, it
    belongs to the file in the nearest line before it, or to the only file there is. One with
    several candidates, or with a line about anything else, belongs to nobody.
    """
    found: dict[str, str] = {}
    before = list(names) if len(names) == 1 else []
    for line in notes.splitlines():
        named = [name for name in names if name in line and _is_word(name, line)]
        before = named or before
        sums = _SHA256.findall(line)
        is_meant = bool(named) or _SAYS_NOTHING.fullmatch(_SHA256.sub("", line))
        if len(sums) == 1 and len(before) == 1 and is_meant:
            found[before[0]] = sums[0].lower()
            before = []
    return found


def _is_word(name: str, line: str) -> bool:
    """Return whether a line has a name, and not only a longer one that it is part of."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", line) is not None


def is_named_as_model(name: str) -> bool:
    """Return whether a zip is named as a model; its content does not matter."""
    return _NAMED_AS_MODEL.match(name) is not None


def is_dated(name: str) -> bool:
    """Return whether a zip has the date of a release in its name: it is a model if no other is."""
    return _DATED.match(name) is not None
