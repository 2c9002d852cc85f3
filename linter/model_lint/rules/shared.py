"""What rules of several families share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..findings import Consumer, Problem, Severity
from ..wording import count, quote

if TYPE_CHECKING:
    from ..checkpoint.model import Checkpoint
    from ..models.json_file import JsonFile
    from ..models.package import Package
    from ..models.trainer_folder import Fold, TrainerClass, TrainerFolder
    from ..privacy import Leak

#: How many findings of one kind are shown; the rest is counted.
SHOWN = 10


def shown(
    problems: Iterable[Problem],
    severity: Severity,
    one: str,
    many: str | None = None,
    total: int = 0,
) -> Iterator[Problem]:
    """Yield the ten worst problems, and one that counts the others.

    Args:
        problems: what was found, in the order in which it is shown.
        severity: that of the rule, for problems without their own.
        one: what each of them is about ("checkpoint in git").
        many: the plural of ``one``, if it needs more than an ``s``.
        total: how many there are, if only the first SHOWN + 1 of equally bad ones are given.
    """
    worst = sorted(problems, key=lambda problem: (problem.severity or severity).rank)
    yield from worst[:SHOWN]
    rest = worst[SHOWN:]
    if rest:
        left = max(total - SHOWN, len(rest))
        amount = count(left, f"more {one}", f"more {many or f'{one}s'}")
        # They are sorted: none is worse than the first.
        yield rest[0]._replace(message=f"and {amount}", line=None, stops=_stopped(rest))


def _stopped(problems: Sequence[Problem]) -> tuple[Consumer, ...] | None:
    """Return the consumers that at least one of the problems stops."""
    stops = [problem.stops for problem in problems]
    if None in stops:
        return None
    return tuple(consumer for consumer in Consumer if any(consumer in s for s in stops if s))


def how_to_place(path: str, place: str) -> str:
    """Return advice: how to move or rename a file or folder of the package to its place."""
    folder, _, name = path.rpartition("/")
    home, _, wanted = place.rpartition("/")
    if folder == home:
        return f"rename {quote(name)} to {quote(wanted)}"
    into = quote(home.rpartition("/")[2]) if home else "the top"
    renamed = "" if name == wanted else f", as {quote(wanted)}"
    return f"move {quote(name)} into {into}{renamed}"


def unreadable(file: JsonFile | TrainerClass) -> Iterator[Problem]:
    """Yield why a file can't be read, unless a rule about the archive reports it."""
    why = file.unreadable
    if why and not why.reported:
        yield Problem(f"it can't be read: {why.reason}", file.path, why.line)


def json_problems(file: JsonFile) -> Iterator[Problem]:
    """Yield why a file can't be read as a JSON object, and its duplicate keys."""
    if file.unreadable:
        yield from unreadable(file)
    elif not isinstance(file.value, dict):
        yield Problem("it must contain an object: `{...}`", file.path, 1)
    twice = (
        Problem(f"the key {quote(key)} is a duplicate", file.path, line)
        for key, line in file.repeated
    )
    yield from shown(twice, Severity.ERROR, "key like it", "keys like it")


def every_checkpoint(package: Package) -> Iterator[tuple[TrainerFolder, Fold, Checkpoint]]:
    """Yield each final checkpoint that can be read, with the folders that it is in."""
    for trainer in package.trainers:
        for fold, checkpoint in trainer.checkpoints:
            yield trainer, fold, checkpoint


def leak_message(leaks: Sequence[Leak], one: str, many: str) -> str:
    """Return how many different leaks there are, and the first."""
    amount = len({leak.value for leak in leaks})
    first = quote(leaks[0].shown)
    return f"{one} {first}" if amount == 1 else f"{amount} {many}, the first {first}"
