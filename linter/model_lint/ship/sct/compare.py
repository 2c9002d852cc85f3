"""How an entry of SCT differs from the packages, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ...findings import (
    ENTRY,
    OUTDATED,
    OWN,
    Consumer,
    Finding,
    Problem,
    Severity,
    Stats,
    TargetReport,
)
from ...rules import DOCS_URL
from ...wording import listing, quote
from .entries import keyed_like
from .existing import MODELS, Entry, Known
from .source import Source
from .testing import case_suffixes
from .wanted import Url, Wanted, addresses

_BUMP = "`model-lint sct` with --into and this package changes the addresses, and nothing else"
_NEW = "`model-lint sct` with --into and this package adds the model"
_SUFFIXES = "SCT names its files after the labels: correct the suffixes in the test"
#: Contrasts with which SCT says that any image will do; two names of one contrast.
_ANY = frozenset({"any", "all"})
_WORDS = {"unit1": "mp2rage", "bold": "epi"}


class Place(NamedTuple):
    """Where the compared files of SCT are."""

    #: The checkout, or the file of models, as the user names it.
    target: str
    #: The paths of both files, as users see them.
    models: str
    test: str


def compare(known: Known, test: Source | None, wanted: Wanted, place: Place) -> TargetReport:
    """Compare the entry of a model with its packages.

    Args:
        known: SCT's models.
        test: SCT's tests; None if they are not at hand.
        wanted: what SCT is to state of the model.
        place: where they are.
    """
    problems = list(_of_entry(known, wanted, place.models))
    if test:
        problems += _of_test(known, test, wanted, place.test)
    findings = sorted(map(_finding, problems), key=lambda finding: finding.severity.rank)
    return TargetReport(place.target, "repository", tuple(findings), Stats())


def _finding(problem: Problem) -> Finding:
    severity = problem.severity or Severity.ERROR
    return Finding(
        code=problem.code,
        rule=OWN[problem.code],
        severity=severity,
        message=problem.message,
        location=problem.at,
        line=problem.line,
        help=problem.help or "",
        url=f"{DOCS_URL}{OWN[problem.code]}/",
        stops=(Consumer.SCT,) if severity is Severity.ERROR else (),
    )


def _of_entry(known: Known, wanted: Wanted, at: str) -> Iterator[Problem]:
    entry = known.entry(MODELS, wanted.model)
    if entry is None:
        text = f"SCT has no model {quote(wanted.model)}, and none of {wanted.repository}"
        yield Problem(text, at, known.models.lineno, _NEW, code=OUTDATED)
        return
    name, old = quote(wanted.model), entry.value("url")
    for text in _addresses(old, keyed_like(old, wanted.url)):
        yield Problem(f"{name}: {text}", at, entry.line_of("url"), _BUMP, code=OUTDATED)
    for key, problem in _values(entry, wanted):
        advice = f"correct {quote(key)} in the entry"
        text, line = f"{name}: {problem.message}", entry.line_of(key)
        yield problem._replace(message=text, at=at, line=line, help=advice, code=ENTRY)


def _addresses(old: object, new: Url) -> Iterator[str]:
    """Yield what is wrong with the addresses of an entry."""
    if isinstance(old, dict) and not isinstance(new, Mapping):
        yield f"SCT installs {len(old)} zips, one for each fold, but the model is one zip"
    elif isinstance(new, Mapping) and not isinstance(old, dict):
        yield f"SCT installs one zip, but the model is {len(new)}, one for each fold"
    elif isinstance(old, dict) and isinstance(new, Mapping):
        yield from _folds(old, new)
    else:
        yield from _address(old, next(addresses(new)), "")


def _folds(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    if missing := [fold for fold in new if fold not in old]:
        yield f"SCT lacks {listing(missing)}, which the release has"
    if gone := [fold for fold in old if fold not in new]:
        yield f"SCT installs {listing(gone)}, which the release lacks"
    for fold in (fold for fold in old if fold in new):
        yield from _address(old[fold], next(addresses(new[fold])), f"{quote(fold)}: ")


def _address(old: object, new: str, about: str) -> Iterator[str]:
    known = list(addresses(old))
    if new not in known:
        yield f"{about}SCT installs {known[0] if known else 'nothing'}, but the package is {new}"


def _values(entry: Entry, wanted: Wanted) -> Iterator[tuple[str, Problem]]:
    """Yield what is wrong with the other values of an entry, with their keys."""
    cropped = bool(entry.value("cropped_image"))
    if wanted.cropped_image and not cropped:
        text = "the package has `crop_metadata.json`, but the entry no `cropped_image`"
        yield "cropped_image", Problem(text)
    if cropped and not wanted.cropped_image:
        text = "SCT crops images for it, but the package has no `crop_metadata.json`"
        yield "cropped_image", Problem(text)
    framework = entry.value("framework")
    if framework not in {None, "nnunetv2"}:
        text = f"its framework is {quote(framework)}, but the package is nnU-Net's"
        yield "framework", Problem(text)
    contrasts = entry.value("contrasts")
    listed = [str(one) for one in contrasts] if isinstance(contrasts, list) else []
    is_any = not wanted.contrasts or bool(_ANY.intersection(listed))
    if not is_any and _same(listed) != _same(wanted.contrasts):
        text = (
            f"its contrasts are {listing(listed)}, those of the model {listing(wanted.contrasts)}"
        )
        yield "contrasts", Problem(text, severity=Severity.WARNING)


def _same(contrasts: Iterable[str]) -> set[str]:
    """Return contrasts with one word for each."""
    return {_WORDS.get(contrast.lower(), contrast.lower()) for contrast in contrasts}


def _of_test(known: Known, test: Source, wanted: Wanted, at: str) -> Iterator[Problem]:
    task = known.task_of(wanted.model)
    found = case_suffixes(test, task.name) if task else None
    several = list(wanted.suffixes) if len(wanted.suffixes) > 1 else []
    if task and found and found[1] != several:
        text = (
            f"the test of {quote(task.name)} expects {listing(found[1])}, but the labels give "
            f"{listing(wanted.suffixes)}"
        )
        yield Problem(text, at, found[0], _SUFFIXES, Severity.WARNING, code=ENTRY)
