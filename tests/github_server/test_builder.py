"""Test data is what it says, also in large numbers; the server fails loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import ask
from github_server.seed import File


def test_commits_change_add_and_remove_files(server: GitHubServer, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"from a path")
    names: dict[str, File] = {
        "a b.txt": "1",
        'quo"te': b"\0\xff",
        "täg/x\ny": "3",
        "path": tmp_path / "f",
    }
    model = server.add_owner("lab").add_repository("m", names, date="2024-05-01")
    git = model.repository.git
    assert {e.path for e in git.tree(model.head, recursive=True) if e.kind == "blob"} == set(names)
    model.commit({"a b.txt": None, "path": "changed"}, "2024-05-02T03:04:05Z", message="Änderung")
    sha = git.file(model.head, "path")
    assert sha
    assert git.content(sha) == b"changed"
    assert git.file(model.head, "a b.txt") is None
    commit = git.commit(model.head)
    assert (commit.message, commit.committer.date.isoformat()) == (
        "Änderung",
        "2024-05-02T03:04:05+00:00",
    )


def test_tags_and_branches(model: RepositoryBuilder) -> None:
    git = model.repository.git
    side = model.commit({"x": "1"}, "2024-06-01", branch="side")
    assert git.sha("side") == side
    annotated = model.tag("r20240601", commit=side, message="A tag")
    assert git.kind(annotated) == "tag"
    assert git.sha("refs/tags/r20240601") == side
    assert model.tag("group/light") == model.head


def test_a_draft_has_no_tag_and_a_release_keeps_its_dates(model: RepositoryBuilder) -> None:
    draft = model.release("r20240701", draft=True, date="2024-07-01")
    late = model.release("r20240520-1", date="2024-08-01")
    assert model.repository.git.sha("refs/tags/r20240701") is None
    assert draft.published_at is None
    assert late.created_at.day == 20  # of the commit
    assert late.published_at
    assert late.published_at.month == 8


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("MIT License\n", "MIT"),
        ("   Apache License\n  Version 2.0", "Apache-2.0"),
        ("GNU LESSER GENERAL PUBLIC LICENSE", "LGPL-3.0"),
        ("Do what you like", "NOASSERTION"),
    ],
)
def test_the_licence_is_that_of_the_file(text: str, spdx: str, server: GitHubServer) -> None:
    server.add_owner("lab").add_repository("m", {"LICENSE": text})
    assert ask(f"{server.api_url}/repos/lab/m").json["license"]["spdx_id"] == spdx


def test_many_repositories(server: GitHubServer) -> None:
    owner = server.add_owner("lab")
    for number in range(40):
        model = owner.add_repository(f"model_{number:03}", {"README.md": f"# {number}\n"})
        for day in (1, 2, 3):
            model.release(f"r2024060{day}", {"model.zip": b"zip"}, date=f"2024-06-0{day}")
    names = [
        one["name"]
        for page in (1, 2)
        for one in ask(f"{server.api_url}/users/lab/repos?per_page=30&page={page}").json
    ]
    assert names == [f"model_{number:03}" for number in range(40)]
    releases = ask(f"{server.api_url}/repos/lab/model_007/releases").json
    assert [r["tag_name"] for r in releases] == ["r20240603", "r20240602", "r20240601"]


def test_a_failure_of_the_server_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"), GitHubServer() as server:
        monkeypatch.setattr(server, "answer_api", lambda _request: 1 // 0)
        assert ask(f"{server.api_url}/user").status == 500
