"""What rules of several families share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..findings import Problem, Severity
from ..wording import count, quote

if TYPE_CHECKING:
    from ..privacy import Leak

#: Findings of one kind before the rest is counted.
_SHOWN = 10


def shown(
    problems: Iterable[Problem], severity: Severity, one: str, many: str | None = None
) -> Iterator[Problem]:
    """Yield the ten worst problems, and one that counts the others.

    Args:
        problems: what was found, in the order in which it is shown.
        severity: that of the rule, which a problem without its own has.
        one: what each of them is about ("checkpoint in git").
        many: several of it, where that is more than an ``s`` at the end.
    """
    worst = sorted(problems, key=lambda problem: (problem.severity or severity).rank)
    yield from worst[:_SHOWN]
    if worst[_SHOWN:]:
        rest = count(len(worst) - _SHOWN, f"more {one}", f"more {many or f'{one}s'}")
        # The first of them is as bad as any of them.
        yield worst[_SHOWN]._replace(message=f"and {rest}", line=None)


def leak_message(leaks: Sequence[Leak], one: str, many: str) -> str:
    """Return how many different leaks there are, and the first."""
    amount = len({leak.value for leak in leaks})
    first = quote(leaks[0].shown)
    return f"{one} {first}" if amount == 1 else f"{amount} {many}, the first {first}"
