"""The examples in README.md work as they are, and it names all that there is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from github_server import ANSWERS, STEPS, GitHubServer
from github_server.client import ask

TEXT = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
EXAMPLE, STOPPING = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_first_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("large.zip").write_bytes(b"zip")
    seen: list[Any] = []

    def run(env: dict[str, str]) -> None:
        url = f"{env['GITHUB_API_URL']}/repos/lab/model_seg_sc/releases"
        seen.extend(ask(url, token=env["GH_TOKEN"]).json)

    exec(EXAMPLE, {"Path": Path, "run": run})
    assert [asset["name"] for asset in seen[0]["assets"]] == ["model.zip", "log.txt"]
    assert capsys.readouterr().out == "1 api GET /api/v3/repos/lab/model_seg_sc/releases 200\n"


def test_the_example_of_stopping_a_client(server: GitHubServer) -> None:
    """All of it but the waiting, for which there is no client."""
    program = "import os, urllib.request as r\nfor _ in range(3): r.urlopen(os.environ['URL'])"
    command = [sys.executable, "-c", program]
    env = {"URL": f"{server.api_url}/rate_limit", "no_proxy": "*"}
    killing, pausing, calling = STOPPING.strip().split("\n\n")
    exec(killing, {"server": server, "command": command, "env": env})
    server.log.clear()
    given = {"server": server}
    assert pausing.count("\n") == 2
    exec(pausing.splitlines()[0], given)
    exec(pausing.splitlines()[2], given)
    exec(calling, given)


def test_every_fault_is_named() -> None:
    named = re.findall(r"^\| `([\w-]+)` \|", TEXT, re.MULTILINE)
    assert set(named) == set(STEPS)
    for kind in ANSWERS:
        assert f"`{kind}`" in TEXT
