"""`publish` is killed at every request, and repeated: the end is always the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from publishing import NAME, OWNER, PROGRAM, ZIP, Lab

from .conftest import Publish

#: The tests are spread over processes.
PARTS = range(4)
CREATE = ("--repo", f"{OWNER}/{NAME}", "--create")


@pytest.mark.parametrize("part", PARTS)
def test_killed_while_a_release_is_made(lab: Lab, publish: Publish, part: int) -> None:
    kill_everywhere(lab, publish, part)


@pytest.mark.parametrize("part", PARTS)
def test_killed_while_a_repository_is_created(new_lab: Lab, publish: Publish, part: int) -> None:
    kill_everywhere(new_lab, publish, part, *CREATE, until="/git/refs")


def kill_everywhere(lab: Lab, publish: Publish, part: int, *words: str, until: str = "") -> None:
    """Kill a run at its moments, repeat it, and compare what there is in the end."""
    assert publish(*words).status == 0
    expected = lab.end_state()
    moments = [*_moments(lab, until)][part :: len(PARTS)]
    for number, when in moments:
        lab.take_back()
        command = [*PROGRAM, str(lab.zip), *words]
        ended = lab.server.run_killed(command, number, when, env=lab.environment, cwd=lab.checkout)
        assert ended.killed, (number, when, ended)
        said = publish(*words)
        assert said.status == 0, (number, when, said)
        assert lab.end_state() == expected, (number, when)
    lab.server.log.clear()
    said = publish(*words)
    assert said.status == 0
    assert "is published already" in said.out
    assert lab.writes() == []


def _moments(lab: Lab, until: str) -> Iterator[tuple[int, str]]:
    """Yield each request of the last run before it takes effect, in its body, and after it."""
    for entry in tuple(lab.server.log):
        yield entry.number, "before"
        if entry.method == "GET":
            continue  # nothing happens at a look
        if f"name={ZIP}" in entry.path:
            yield entry.number, "body"
        yield entry.number, "after"
        if until and entry.path.endswith(until):
            return
