"""The repository that a checkout belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_lint.ship.publish.checkout import named_by
from model_lint.storage.checkout import origin, repository_name
from rules.test_repository import git


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/lab/model_seg",
        "https://github.com/lab/model_seg.git",
        "https://github.com/lab/model_seg/",
        "https://user:secret@GitHub.com/lab/model_seg.git",
        "git@github.com:lab/model_seg.git",
        "github.com:lab/model_seg",
        "ssh://git@github.com/lab/model_seg.git",
        "ssh://git@ssh.github.com:443/lab/model_seg.git",
        "git://github.com/lab/model_seg.git",
    ],
)
def test_addresses_on_github(address: str) -> None:
    assert named_by(address, "https://github.com") == "lab/model_seg"


@pytest.mark.parametrize(
    "address",
    [
        "https://gitlab.com/lab/model_seg",
        "https://github.com/lab",
        "https://github.com/lab/group/model_seg",
        "https://github.com.example.org/lab/model_seg",
        "https://example.org/github.com/lab/model_seg",
        "https://github.com:8443/lab/model_seg",
        "../model_seg",
        "/srv/git/model_seg.git",
        "git@example.org:lab/model_seg.git",
        "",
        "https://[github.com/lab/model_seg",
        "https://github.com:99999/lab/model_seg",
    ],
)
def test_addresses_elsewhere(address: str) -> None:
    assert named_by(address, "https://github.com") is None


def test_a_server_of_ones_own() -> None:
    web = "http://127.0.0.1:8080"
    assert named_by(f"{web}/lab/model_seg.git", web) == "lab/model_seg"
    assert named_by("http://127.0.0.1:8081/lab/model_seg.git", web) is None
    assert named_by("git@127.0.0.1:lab/model_seg.git", web) == "lab/model_seg"


@pytest.mark.parametrize("url", ["https://github.com/lab/x.git", "git@github.com:lab/x"])
@pytest.mark.parametrize("has_git", [True, False])
def test_the_origin_with_git_and_without(
    url: str, has_git: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    if not has_git:
        monkeypatch.setenv("PATH", str(tmp_path))
    assert origin(tmp_path) is None
    assert repository_name(tmp_path) == tmp_path.name
    with (tmp_path / ".git" / "config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = {url}\n')
    assert origin(tmp_path) == url
    assert repository_name(tmp_path) == "x"


def test_git_knows_more_forms_of_an_address(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with (tmp_path / ".git" / "config").open("a") as config:
        config.write('[remote "origin"]\n\turl = "https://github.com/lab/x" ; the first one\n')
    assert repository_name(tmp_path) == "x"
