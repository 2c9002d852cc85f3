"""Two people publish at once: one wins, and the other is told."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest
from publishing import OWNER, PROGRAM, TAG, ZIP, Lab, Said, packed

from .conftest import Publish


class Other(threading.Thread):
    """Another run, in a process of its own."""

    def __init__(self, lab: Lab, login: str) -> None:
        super().__init__()
        self.lab = lab
        token = lab.token
        if login != "maker":
            token = lab.server.add_token(login, {f"{OWNER}/*": "push"})
        self.environment = {**os.environ, **lab.server.environment(token)}
        self.said = Said(-1, "", "")

    def run(self) -> None:
        done = subprocess.run(
            [*PROGRAM, str(self.lab.zip)],
            cwd=self.lab.checkout,
            check=False,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        self.said = Said(done.returncode, done.stdout, done.stderr)


#: Where the first run stands still while the second runs to its end.
MOMENTS = {
    "before-the-tag": ("POST", "/git/refs", "before"),
    "after-the-tag": ("POST", "/git/refs", "after"),
    "before-the-draft": ("POST", "/releases", "before"),
    "after-the-draft": ("POST", "/releases", "after"),
    "in-the-upload": ("POST", f"name={ZIP}", "body"),
    "before-the-publication": ("PATCH", "", "before"),
}


@pytest.mark.parametrize("login", ["maker", "colleague"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_first_stands_still_while_the_second_runs(
    lab: Lab, publish: Publish, moment: str, login: str
) -> None:
    first, second = Other(lab, "maker"), Other(lab, login)
    pause = lab.server.pause_at(_number(lab, publish, moment), MOMENTS[moment][2])
    first.start()
    assert pause.wait()
    second.start()
    second.join()
    pause.release()
    first.join()
    assert_one_release(lab)
    if moment == "before-the-tag":
        assert second.said.status == 0, second.said
        assert first.said.status == 2
        assert f"{TAG}: another run, by {login}, has just published it" in first.said.err
    elif login == "colleague":
        assert first.said.status == 0, first.said
        assert second.said.status == 2
        assert f"{TAG}: maker is publishing it; if they gave up, remove the tag" in second.said.err
    else:  # the second goes on where the first seems to have stopped
        assert (first.said.status, second.said.status) == (0, 0)
        assert "is published already, by maker" in first.said.out + second.said.out or (
            moment == "before-the-publication"
        )


def test_both_make_a_tag(lab: Lab, publish: Publish) -> None:
    """Both saw that there is no tag, and one is faster."""
    number = _number(lab, publish, "before-the-tag")
    first, second = Other(lab, "maker"), Other(lab, "colleague")
    waiting = lab.server.pause_at(number, "before")
    second.start()
    assert waiting.wait()
    has_tag = lab.server.pause_at(2 * number, "after")
    first.start()
    assert has_tag.wait()
    waiting.release()
    second.join()
    assert second.said.status == 2
    assert f"{TAG}: maker is publishing it" in second.said.err
    assert lab.releases == []
    has_tag.release()
    first.join()
    assert first.said.status == 0, first.said
    assert_one_release(lab)


@pytest.mark.parametrize("login", ["maker", "colleague"])
def test_both_make_a_draft_for_a_tag_made_by_hand(lab: Lab, publish: Publish, login: str) -> None:
    assert lab.model
    lab.model.tag(TAG)
    number = _number(lab, publish, "before-the-draft")
    lab.model.tag(TAG)
    first, second = Other(lab, "maker"), Other(lab, login)
    waiting = lab.server.pause_at(number, "before")
    second.start()
    assert waiting.wait()
    has_draft = lab.server.pause_at(2 * number, "after")
    first.start()
    assert has_draft.wait()
    waiting.release()
    second.join()
    if login == "colleague":
        assert second.said.status == 2
        assert f"{TAG}: maker has a draft of it" in second.said.err
        assert len(lab.releases) == 1
    has_draft.release()
    first.join()
    assert first.said.status == 0, first.said
    assert_one_release(lab)


def test_all_at_full_speed(lab: Lab) -> None:
    runs = [Other(lab, f"person{number}") for number in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert_one_release(lab)
    assert 0 in [run.said.status for run in runs]


def assert_one_release(lab: Lab) -> None:
    """Look whether there is exactly one release of the tag, published and complete."""
    (release,) = lab.releases
    assert not release.draft
    assert [(a.name, a.state) for a in release.assets] == [
        (ZIP, "uploaded"),
        ("SHA256SUMS", "uploaded"),
    ]
    assert release.assets[0].size == len(packed())


def _number(lab: Lab, publish: Publish, moment: str) -> int:
    """Return the number of a request in an undisturbed run."""
    assert publish().status == 0
    method, path, _ = MOMENTS[moment]
    found = (e for e in lab.server.log if e.method == method and e.path.endswith(path))
    number = next(found).number
    lab.take_back()
    return number
