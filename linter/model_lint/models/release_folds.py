"""Whether the zips of a release, one for each fold of a model, fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..findings import Problem, Severity
from ..wording import are, listing, quote

if TYPE_CHECKING:
    from .package import Package
    from .trainer_folder import TrainerFolder

#: Trainer folders by the name of the zip.
_Folders = Mapping[str, "TrainerFolder"]


def disagreements(family: Mapping[str, Package]) -> Iterator[Problem]:
    """Yield what keeps the zips of a model from fitting together.

    A zip without exactly one trainer folder is left out: its own rules report that.
    """
    folders = {name: p.judged[0] for name, p in family.items() if len(p.judged) == 1}
    if len(folders) < 2:
        return
    names = {name: folder.name for name, folder in folders.items()}
    odd = _odd(names)
    if odd:
        first = next(name for name in names if name not in odd)
        yield Problem(
            f"the trainer folder of {listing(odd)} is {quote(names[odd[0]])}, that of "
            f"{quote(first)} is {quote(names[first])}"
        )
        return
    yield from _repeated_folds(folders)
    yield from _other_files(folders)
    yield from _missing_class(folders)


def _odd(values: Mapping[str, object]) -> list[str]:
    """Return the keys of values other than the commonest, or the first of several."""
    listed = list(values.values())
    common = max(listed, key=listed.count)
    return [key for key, value in values.items() if value != common]


def _repeated_folds(folders: _Folders) -> Iterator[Problem]:
    holders: dict[str, list[str]] = {}
    for name, folder in folders.items():
        for fold in folder.folds:
            holders.setdefault(fold.name, []).append(name)
    for number, zips in holders.items():
        if len(zips) > 1:
            yield Problem(f"{quote(number)} is in {listing(zips)}: only one of them is kept")


def _other_files(folders: _Folders) -> Iterator[Problem]:
    contents = {
        "dataset.json": {n: f.dataset.value for n, f in folders.items() if f.dataset},
        "plans.json": {n: f.plans.value for n, f in folders.items() if f.plans},
        "trainer_class.py": {
            n: f.trainer_class.text for n, f in folders.items() if f.trainer_class
        },
    }
    for file, found in contents.items():
        odd = _odd(found) if found else []
        if odd:
            others = [name for name in found if name not in odd]
            yield Problem(f"the `{file}` of {listing(odd)} differs from that of {listing(others)}")


def _missing_class(folders: _Folders) -> Iterator[Problem]:
    lacking = [n for n, f in folders.items() if f.needs_class and not f.trainer_class]
    having = [name for name, folder in folders.items() if folder.trainer_class]
    if lacking and having:
        yield Problem(
            f"`trainer_class.py` is in {listing(having)}, but not in {listing(lacking)}, which "
            f"{are(lacking)} of no use alone",
            severity=Severity.WARNING,
        )
