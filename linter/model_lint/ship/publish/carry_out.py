"""Do what is missing of a release, one step after another, with a look at GitHub after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import requests
from github import GithubException

from ...errors import UsageError
from ...storage.github import Hub, asking, explain, retry_after
from .destination import Destination
from .plan import plan
from .steps import Step, needed
from .wanted import Claim, Run, State, Wanted

#: How often a step is tried.
_TRIES = 4
#: Seconds between looks: what was accepted shows up late, and what failed may have happened.
_AFTER_SUCCESS, _AFTER_FAILURE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0), (0.5, 1.0, 2.0)

_Failure = GithubException | requests.RequestException


class Doing(NamedTuple):
    """How steps are done."""

    destination: Destination
    #: Explains its errors.
    hub: Hub
    #: Called before each step.
    tell: Callable[[Step], None]
    wait: Callable[[float], None]


def carry_out(wanted: Wanted, run: Run, doing: Doing) -> State:
    """Do all steps that are missing, and return what GitHub has then. Raises UsageError."""
    tries: Counter[Step] = Counter()
    state = run.first
    while steps := plan(wanted, state, run):
        step = steps[0]
        tries[step] += 1
        if tries[step] > _TRIES:
            raise UsageError(
                f"{step.text}: done {_TRIES} times, and GitHub has something else each time; "
                "did the file change while it was published?"
            )
        doing.tell(step)
        error = _try(doing.destination, step, run.claim)
        state = _settled(step, doing, error)
        if step.shows(state):
            continue
        plan(wanted, state, run)  # another run may be the reason
        if error is None:
            raise UsageError(f"{step.text}: GitHub does not show it yet; run again in a while")
        pause = retry_after(error)
        if pause is None or tries[step] == _TRIES:
            raise _explained(step, doing.hub, error)
        doing.wait(pause)
    return state


def _try(destination: Destination, step: Step, claim: Claim) -> _Failure | None:
    """Do a step; return the error with which GitHub or the network answers."""
    try:
        destination.do(step, claim)
    except (GithubException, requests.RequestException) as error:
        return error
    return None


def _explained(step: Step, hub: Hub, error: _Failure) -> UsageError:
    """Return what a failure of a step means."""
    if isinstance(error, GithubException) and error.status in {403, 404}:
        what = explain(hub, error) if error.status == 403 else "the token may not do that"
        return UsageError(f"{step.text}: {what}; it takes {needed(step)}")
    if isinstance(error, GithubException) and error.status >= 500:
        what = f"GitHub answers {error.status}, {_TRIES} times"
        return UsageError(f"{step.text}: {what}; run again later, it goes on from here")
    try:
        with asking(hub, step.text):
            raise error
    except UsageError as explained:
        return explained


def _settled(step: Step, doing: Doing, error: _Failure | None) -> State:
    """Look until the effect of a step shows, or for a while if it may still show."""
    state = doing.destination.look()
    pauses: tuple[float, ...] = _AFTER_SUCCESS if error is None else _AFTER_FAILURE
    if isinstance(error, GithubException) and error.status in {401, 403, 404, 429}:
        pauses = ()  # refused: it has no effect
    for pause in pauses:
        if step.shows(state):
            break
        doing.wait(pause)
        state = doing.destination.look()
    return state
