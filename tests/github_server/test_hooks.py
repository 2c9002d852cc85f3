"""A test stops or kills its client at exactly one request."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from github_server import Ended, GitHubServer, RepositoryBuilder
from github_server.client import Reply, ask

#: Publishes in five requests, one of them with a long body.
CLIENT = """
import json, os, sys, urllib.request
API, TOKEN = os.environ["GITHUB_API_URL"], os.environ["GITHUB_TOKEN"]
def ask(method, url, body=None):
    sent = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/zip"}
    request = urllib.request.Request(url, body, sent, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
releases = API + "/repos/lab/model_seg_sc/releases"
ask("GET", releases)
new = ask("POST", releases, b'{"tag_name": "r20240601", "draft": true}')
ask("POST", new["upload_url"].split("{")[0] + "?name=a.zip", bytes(3_000_000))
ask("PATCH", new["url"], b'{"draft": false}')
ask("GET", new["url"])
print("done")
"""


State = tuple[bool, list[str]] | None
Run = Callable[[int, str], Ended]


@pytest.fixture
def run(server: GitHubServer, model: RepositoryBuilder, token: str, tmp_path: Path) -> Run:
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    env = {"GITHUB_API_URL": server.api_url, "GITHUB_TOKEN": token, "no_proxy": "*"}

    def start(number: int, when: str) -> Ended:
        return server.run_killed([sys.executable, script], number, when, env=env)

    return start


def left(model: RepositoryBuilder) -> State:
    """What the client has left: whether it is a draft, and the states of its assets."""
    found = [r for r in model.repository.releases if r.tag == "r20240601"]
    return (found[0].draft, [a.state for a in found[0].assets]) if found else None


@pytest.mark.parametrize(
    "case",
    [
        (1, "before", None),
        (2, "before", None),
        (2, "body", None),
        (2, "after", (True, [])),
        (3, "before", (True, [])),
        (3, "body", (True, ["starter"])),
        (3, "after", (True, ["uploaded"])),
        (4, "before", (True, ["uploaded"])),
        (4, "after", (False, ["uploaded"])),
        (5, "before", (False, ["uploaded"])),
    ],
)
def test_a_client_is_killed_at_one_request(
    case: tuple[int, str, State], run: Run, server: GitHubServer, model: RepositoryBuilder
) -> None:
    number, when, expected = case
    ended = run(number, when)
    assert ended.killed
    assert ended.status == -signal.SIGKILL
    assert ended.output == ""
    assert len(server.log) == number
    assert server.log[-1].status == 0
    assert left(model) == expected


def test_a_request_that_never_comes_kills_nobody(run: Run, model: RepositoryBuilder) -> None:
    ended = run(6, "before")
    assert (ended.killed, ended.status, ended.output) == (False, 0, "done\n")
    assert left(model) == (False, ["uploaded"])


def test_a_request_without_a_body_is_not_stopped_in_it(run: Run) -> None:
    assert not run(1, "body").killed


class Asking(threading.Thread):
    """Asks in the background."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        self.url, self.token = url, token
        self.reply: Reply | None = None

    def run(self) -> None:
        new = {"tag_name": "r20240601", "draft": True}
        with suppress(ConnectionError):
            self.reply = ask(self.url, "POST", token=self.token, body=new)


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("case", [("before", None), ("after", (True, []))])
def test_a_request_stands_still_before_or_after_its_effect(
    case: tuple[str, State], drop: bool, server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    when, there = case
    pause = server.pause_at(1, when)
    asking = Asking(f"{server.api_url}/repos/lab/model_seg_sc/releases", token)
    asking.start()
    assert pause.wait()
    assert left(model) == there
    assert asking.reply is None
    pause.release(drop=drop)
    asking.join()
    assert (asking.reply is None) == drop
    assert left(model) == (there if drop else (True, []))


def test_leaving_the_server_frees_what_stands_still() -> None:
    with GitHubServer() as server:
        pause = server.pause_at(1)
        asking = Asking(f"{server.api_url}/user/repos", "")
        asking.start()
        assert pause.wait()
    asking.join()


def test_a_name_of_a_moment_is_checked(server: GitHubServer) -> None:
    with pytest.raises(ValueError, match="not later"):
        server.pause_at(1, "later")
