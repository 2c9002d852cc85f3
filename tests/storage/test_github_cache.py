"""GitHub's answers that are kept: what did not change is not counted, and nothing is mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from github_server import GitHubServer
from model_lint.storage.github import Hub
from model_lint.storage.github_cache import Keeping, Traffic
from model_lint.storage.github_lists import list_releases, list_repositories
from model_lint.storage.kept_files import KeptFiles
from releasing import hub_of

OWNER = "ivadomed"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        owner = server.add_owner(OWNER)
        model = owner.add_repository("model_seg_sc_t2", {"README.md": "# A model\n"})
        model.release("r20240520", {"model_seg_sc_t2-r20240520.zip": b"zip"})
        owner.add_repository("model_secret", {"README.md": "# A secret\n"}, private=True)
        yield server


def hub(server: GitHubServer, keeping: Keeping, token: str = "") -> Hub:
    return keeping.twin(hub_of(server, token))


def keeping(folder: Path) -> Keeping:
    return Keeping(Traffic(), KeptFiles(folder))


def names(hub: Hub) -> list[str]:
    return sorted(raw["name"] for raw in list_repositories(hub, OWNER, private=True))


def statuses(server: GitHubServer) -> list[int]:
    return [entry.status for entry in server.log]


def test_what_did_not_change_is_not_counted(server: GitHubServer, tmp_path: Path) -> None:
    first, second = keeping(tmp_path), keeping(tmp_path)
    assert names(hub(server, first)) == ["model_seg_sc_t2"]
    assert (first.traffic.requests, first.traffic.counted) == (2, 2)
    server.log.clear()
    assert names(hub(server, second)) == ["model_seg_sc_t2"]
    assert (second.traffic.requests, second.traffic.counted) == (2, 0)
    assert statuses(server) == [304, 304]


def test_what_changed_is_sent_again(server: GitHubServer, tmp_path: Path) -> None:
    asked = hub(server, keeping(tmp_path))
    before = list_releases(asked, f"{OWNER}/model_seg_sc_t2")
    server.state.repository(f"{OWNER}/model_seg_sc_t2").releases[0].title = "new"  # type: ignore[union-attr]
    after = list_releases(asked, f"{OWNER}/model_seg_sc_t2")
    assert (before[0]["name"], after[0]["name"]) == ("r20240520", "new")


def test_who_asks_matters(server: GitHubServer, tmp_path: Path) -> None:
    """What one token sees is not shown to another, or to nobody."""
    token = server.add_token("maker", {f"{OWNER}/*": "read"})
    assert names(hub(server, keeping(tmp_path), token)) == ["model_secret", "model_seg_sc_t2"]
    assert names(hub(server, keeping(tmp_path))) == ["model_seg_sc_t2"]


def test_no_token_is_written(server: GitHubServer, tmp_path: Path) -> None:
    token = server.add_token("maker", {f"{OWNER}/*": "read"})
    names(hub(server, keeping(tmp_path), token))
    contents = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(contents) == 2
    assert not any(token.encode() in content for content in contents)


def test_damage_is_repaired(server: GitHubServer, tmp_path: Path) -> None:
    names(hub(server, keeping(tmp_path)))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    again = keeping(tmp_path)
    assert names(hub(server, again)) == ["model_seg_sc_t2"]
    assert again.traffic.counted == 2


def test_nothing_is_kept_without_a_folder(server: GitHubServer) -> None:
    nothing = Keeping(Traffic(), None)
    asked = hub(server, nothing)
    assert names(asked) == names(asked)
    assert nothing.traffic.counted == 4
    assert nothing.traffic.left == 56


def test_a_failure_is_not_kept(server: GitHubServer, tmp_path: Path) -> None:
    server.fault("500", path="/repos", times=1)
    assert names(hub(server, keeping(tmp_path))) == ["model_seg_sc_t2"]
    assert statuses(server) == [200, 500, 200]


def test_other_githubs_are_left_alone(server: GitHubServer, tmp_path: Path) -> None:
    counted = keeping(tmp_path)
    hub(server, counted)
    assert names(hub_of(server)) == ["model_seg_sc_t2"]
    assert counted.traffic.requests == 0


def test_no_more_requests_are_sent_than_github_allows() -> None:
    """In no minute are there more than the limit, however fast they come."""
    clock, sent = [0.0], []
    waits: list[float] = []
    traffic = Traffic(3, now=lambda: clock[0], wait=waits.append)
    for pause in [0, 0, 0, 0, 1, 1, 0, 200, 0]:
        clock[0] += pause
        before = len(waits)
        traffic.enter()
        sent.append(clock[0] + (waits[-1] if len(waits) > before else 0))
    assert sent == [0, 0, 0, 60, 60, 60, 120, 202, 202]
    assert all(late - early >= 60 for early, late in zip(sent, sent[3:], strict=False))
