"""GitHub and the network fail at each step: the release is right in the end, or nothing is."""

from __future__ import annotations

import itertools
import time

import pytest
from publishing import TAG, ZIP, Lab, packed

from .conftest import Publish

#: The requests that change something, each with what its path contains.
WRITES = {
    "the object of the tag": ("POST", "/git/tags"),
    "the tag": ("POST", "/git/refs"),
    "the draft": ("POST", "/releases$"),
    "the package": ("POST", f"name={ZIP}"),
    "the checksums": ("POST", "name=SHA256SUMS"),
    "the publication": ("PATCH", "/releases/"),
}
KINDS = ["500", "reset", "lost-answer"]


@pytest.mark.parametrize(
    ("what", "kind"), [*itertools.product(WRITES, KINDS)], ids=lambda value: value.replace(" ", "-")
)
def test_a_step_that_fails_once_is_looked_at_and_done(
    lab: Lab, publish: Publish, what: str, kind: str
) -> None:
    method, path = WRITES[what]
    fault = lab.server.fault(kind, method=method, path=path)
    assert_published(lab, publish)
    assert fault.hits == 1


@pytest.mark.parametrize("kind", ["secondary-limit", "too-many", "abuse"])
@pytest.mark.parametrize("after", [None, 7])
def test_a_limit_is_waited_for(
    lab: Lab,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    after: int | None,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    for method, path in WRITES.values():
        lab.server.fault(kind, method=method, path=path, retry_after=after)
    assert_published(lab, publish)
    assert waits.count(after or 60) == len(WRITES)


def test_a_limit_that_takes_too_long_is_told(lab: Lab, publish: Publish) -> None:
    lab.server.fault("secondary-limit", method="POST", path="/releases$", retry_after=3600)
    said = publish()
    assert said.status == 2
    assert "limit of requests" in said.err
    assert_published(lab, publish)


@pytest.mark.parametrize("kind", ["500", "reset", "lost-answer"])
def test_every_look_may_fail_once(lab: Lab, publish: Publish, kind: str) -> None:
    publish("--dry-run")
    looks = {entry.path.rpartition("/")[2] for entry in lab.server.log}
    for look in looks:
        lab.server.fault(kind, method="GET", path=f"{look}$".replace("?", r"\?"))
    assert_published(lab, publish)


def test_an_answer_that_is_cut_off_is_told(lab: Lab, publish: Publish) -> None:
    lab.server.fault("truncate", method="GET", path="/releases", nth=4, amount=100)
    said = publish()
    assert said.status == 2
    assert "can't be reached (Connection broken" in said.err
    assert_published(lab, publish)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset-upload", "amount": 1000},
        {"kind": "reset-upload", "amount": 148_000},
        {"kind": "starter"},
        {"kind": "wrong-digest"},
        {"kind": "reset-upload", "amount": 1000, "times": 3},
    ],
    ids=str,
)
def test_an_upload_that_went_wrong_is_deleted_and_sent_again(
    lab: Lab, publish: Publish, fault: dict[str, object]
) -> None:
    added = lab.server.fault(method="POST", path=f"name={ZIP}", **fault)  # type: ignore[arg-type]
    assert_published(lab, publish)
    assert added.hits == fault.get("times", 1)


def test_a_file_that_changes_meanwhile_is_not_published(lab: Lab, publish: Publish) -> None:
    lab.server.fault("wrong-digest", method="POST", path=f"name={ZIP}", times=0)
    said = publish()
    assert said.status == 2
    assert "did the file change while it was published?" in said.err
    (draft,) = lab.releases
    assert draft.draft
    lab.server.faults.clear()
    assert_published(lab, publish)


@pytest.mark.parametrize("after", range(2, 8))
def test_what_is_done_shows_up_late(lab: Lab, publish: Publish, after: int) -> None:
    lab.server.fault("stale", method="GET", path="/releases", nth=after, times=3)
    assert_published(lab, publish)
    assert len([w for w in lab.writes() if f"name={ZIP}" in w]) == 1


def test_what_never_shows_up_is_told(lab: Lab, publish: Publish) -> None:
    lab.server.fault("stale", method="GET", path="/releases", times=0)
    said = publish()
    assert said.status == 2
    assert f"create a draft of the release {TAG}: GitHub does not show it yet" in said.err
    lab.server.faults.clear()
    assert_published(lab, publish)


def test_github_is_down_for_long(lab: Lab, publish: Publish) -> None:
    lab.server.fault("502", method="POST", path="/releases", times=0)
    said = publish()
    assert said.status == 2
    assert "GitHub answers 502, 4 times; run again later" in said.err
    lab.server.faults.clear()
    assert_published(lab, publish)


def assert_published(lab: Lab, publish: Publish) -> None:
    """Publish, and look whether GitHub has exactly the release that it should have."""
    said = publish()
    assert said.status == 0, said
    (release,) = lab.releases
    assert not release.draft
    assert release.title == TAG
    assert [(a.name, a.state) for a in release.assets] == [
        (ZIP, "uploaded"),
        ("SHA256SUMS", "uploaded"),
    ]
    assert release.assets[0].content.read_bytes() == packed()  # type: ignore[union-attr]
    assert lab.model
    assert lab.model.repository.git.sha(f"refs/tags/{TAG}") == lab.model.head
