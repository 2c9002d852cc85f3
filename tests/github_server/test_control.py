"""The switches over HTTP, of a server that is a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_server.client import ask

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo() -> Iterator[dict[str, str]]:
    """What the process prints."""
    command = [sys.executable, "-m", "tests.github_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline().strip() for _ in range(2)]
        yield dict(line.split("=") for line in lines)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def test_the_process_has_the_demo_and_its_switches(demo: dict[str, str]) -> None:
    api, token = demo["GITHUB_API_URL"], demo["GITHUB_TOKEN"]
    control = api.removesuffix("/api/v3") + "/_control"
    repositories = ask(f"{api}/orgs/example-lab/repos", token=token).json
    assert len(repositories) == 3
    latest = f"{api}/repos/example-lab/model_seg_sc-gm_t2star/releases/latest"
    (asset,) = ask(latest).json["assets"]
    assert asset["name"] == "model_seg_sc-gm_t2star-r20261123.zip"
    assert ask(f"{control}/faults", "POST", body={"kind": "502", "path": "latest"}).status == 200
    assert [ask(latest).status for _ in range(2)] == [502, 200]
    assert ask(f"{control}/faults", "POST", body={"kind": "none"}).status == 400
    ask(f"{control}/faults", "POST", body={"kind": "502", "times": 0})
    ask(f"{control}/faults", "DELETE")
    assert ask(latest).status == 200
    assert len(ask(f"{control}/log").json) == 5
    ask(f"{control}/log", "DELETE")
    changed = ask(f"{control}/settings", "PATCH", body={"anonymous_limit": 0})
    assert changed.json["anonymous_limit"] == 0
    assert ask(latest).status == 403
    assert ask(f"{control}/settings", "PATCH", body={"speed": 1}).status == 400
    assert ask(f"{control}/anything").status == 404
    (entry,) = ask(f"{control}/log").json
    assert (entry["status"], entry["token"]) == (403, None)


def test_a_request_is_stopped_from_outside(demo: dict[str, str]) -> None:
    control = demo["GITHUB_API_URL"].removesuffix("/api/v3") + "/_control"
    at = {"number": 1, "when": "before"}
    assert ask(f"{control}/pause", "POST", body=at).status == 200
    statuses: list[int] = []
    url = f"{demo['GITHUB_API_URL']}/orgs/example-lab"
    asking = threading.Thread(target=lambda: statuses.append(ask(url).status))
    asking.start()
    assert ask(f"{control}/wait", "POST", body=at).json == {"reached": True}
    assert statuses == []
    ask(f"{control}/release", "POST", body=at)
    asking.join()
    assert statuses == [200]
