"""Every answer of every route has exactly the fields and the types that GitHub publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.answer import as_json
from github_server.client import Reply, ask
from github_server.log import Entry
from github_server.route import ROUTES
from github_server.schema import MODELS, problems, validated


class Asker:
    """Asks with a token, and expects a status."""

    def __init__(self, server: GitHubServer, token: str) -> None:
        self.server, self.token = server, token

    def __call__(
        self, method: str, path: str, status: int, body: object = None, **headers: str
    ) -> Any:
        base = "/api/uploads" if isinstance(body, bytes) else "/api/v3"
        url = self.server.url + base + path
        reply: Reply = ask(url, method, token=self.token, body=body, headers=headers)
        assert reply.status == status, (method, path, reply)
        is_json = reply.headers.get("content-type", "").startswith("application/json")
        return reply.json if is_json else reply


REPO = "/repos/lab/model_seg_sc"


@pytest.fixture
def asks(server: GitHubServer, token: str) -> Asker:
    return Asker(server, token)


def ask_owners(asks: Asker) -> None:
    asks("GET", "/rate_limit", 200)
    asks("GET", "/user", 200)
    asks("GET", "/user/repos", 200)
    asks("GET", "/users/maker", 200)
    asks("GET", "/users/lab", 200)
    asks("GET", "/users/lab/repos", 200)
    asks("GET", "/orgs/lab", 200)
    asks("GET", "/orgs/lab/repos?type=all&sort=full_name", 200)
    asks("GET", "/orgs/nobody", 404)
    asks("POST", "/orgs/lab/repos", 201, {"name": "new", "auto_init": True, "private": True})
    asks("POST", "/orgs/lab/repos", 422, {"name": "new"})
    asks("POST", "/user/repos", 403, {"name": "mine"})


def ask_repository(asks: Asker) -> None:
    asks("GET", REPO, 200)
    asks("PATCH", REPO, 200, {"description": "Another", "homepage": "https://example.org"})
    asks("PATCH", REPO, 422, {"default_branch": "nowhere"})
    asks("PUT", f"{REPO}/topics", 200, {"names": ["nnunet"]})
    asks("PUT", f"{REPO}/topics", 422, {"names": ["No Topic"]})
    asks("GET", f"{REPO}/topics", 200)


def ask_releases(asks: Asker) -> None:
    releases = f"{REPO}/releases"
    asks("GET", releases, 200)
    asks("GET", f"{releases}/latest", 200)
    asks("GET", f"{releases}/tags/r20240520", 200)
    asks("GET", f"{releases}/tags/none", 404)
    asks("POST", f"{releases}/generate-notes", 200, {"tag_name": "r20240601"})
    draft = asks("POST", releases, 201, {"tag_name": "r20240601", "draft": True})
    one = f"{releases}/{draft['id']}"
    asks("GET", one, 200)
    asset = asks("POST", f"{one}/assets?name=a.zip", 201, b"zip", **{"Content-Type": "a/zip"})
    asks("POST", f"{one}/assets?name=a.zip", 422, b"zip")
    asks("POST", f"{one}/assets?name=empty", 422, b"")
    asks("GET", f"{one}/assets", 200)
    asks("GET", f"{releases}/assets/{asset['id']}", 200)
    asks("GET", f"{releases}/assets/{asset['id']}", 302, Accept="application/octet-stream")
    asks("PATCH", f"{releases}/assets/{asset['id']}", 200, {"name": "b.zip", "label": "B"})
    asks("DELETE", f"{releases}/assets/{asset['id']}", 204)
    asks("PATCH", one, 200, {"draft": False, "name": "r20240601", "body": "Text"})
    asks("POST", releases, 422, {"tag_name": "r20240601"})
    asks("POST", releases, 422, {"tag_name": "r20240701", "target_commitish": "nowhere"})
    asks("POST", releases, 422, {})
    asks("DELETE", one, 204)
    asks("DELETE", one, 404)


def ask_git(asks: Asker) -> None:
    git = f"{REPO}/git"
    head = asks("GET", f"{git}/ref/heads/main", 200)["object"]["sha"]
    asks("GET", f"{git}/ref/tags/none", 404)
    asks("GET", f"{git}/matching-refs/tags/r2024", 200)
    asks("POST", f"{git}/refs", 201, {"ref": "refs/heads/side", "sha": head})
    asks("POST", f"{git}/refs", 422, {"ref": "refs/heads/side", "sha": head})
    asks("PATCH", f"{git}/refs/heads/side", 200, {"sha": head, "force": True})
    asks("DELETE", f"{git}/refs/heads/side", 204)
    new = {"tag": "v1", "message": "One", "object": head, "type": "commit"}
    tag = asks("POST", f"{git}/tags", 201, new)
    asks("GET", f"{git}/tags/{tag['sha']}", 200)
    asks("GET", f"{git}/commits/{head}", 200)
    tree = asks("GET", f"{git}/trees/main?recursive=1", 200)
    blob = next(entry["sha"] for entry in tree["tree"] if entry["type"] == "blob")
    asks("GET", f"{git}/blobs/{blob}", 200)
    asks("GET", f"{REPO}/tags", 200)
    asks("GET", f"{REPO}/branches", 200)
    asks("GET", f"{REPO}/branches/main", 200)
    asks("GET", f"{REPO}/branches/none", 404)


def ask_files(asks: Asker) -> None:
    for path in ("contents", "contents/", "contents/scripts", "contents/README.md", "readme"):
        asks("GET", f"{REPO}/{path}", 200)
    asks("GET", f"{REPO}/contents/README.md?ref=r20240520", 200)
    asks("GET", f"{REPO}/contents/none", 404)
    asks("GET", f"{REPO}/license", 200)
    for path in ("tarball", "tarball/r20240520", "zipball/main"):
        asks("GET", f"{REPO}/{path}", 302)


def ask_commits(asks: Asker) -> None:
    commits = asks("GET", f"{REPO}/commits?path=scripts/train.py", 200)
    assert len(commits) == 2
    newest, oldest = (commit["sha"] for commit in commits)
    asks("GET", f"{REPO}/commits/{newest}", 200)
    asks("GET", f"{REPO}/commits/none", 422)
    asks("GET", f"{REPO}/compare/{oldest}...{newest}", 200)
    asks("POST", f"{REPO}/commits/{newest}/comments", 201, {"body": "It failed."})
    asks("GET", f"{REPO}/commits/{newest}/comments", 200)


def ask_issues(asks: Asker) -> None:
    asks("POST", f"{REPO}/issues", 201, {"title": "It failed", "labels": ["bug"]})
    asks("POST", f"{REPO}/issues", 422, {})
    asks("GET", f"{REPO}/issues", 200)
    asks("GET", f"{REPO}/issues/1", 200)
    asks("POST", f"{REPO}/issues/1/comments", 201, {"body": "Again."})
    asks("GET", f"{REPO}/issues/1/comments", 200)
    asks("PATCH", f"{REPO}/issues/1", 200, {"state": "closed"})


SUBJECTS = (ask_owners, ask_repository, ask_releases, ask_git, ask_files, ask_commits, ask_issues)


def test_every_answer_of_every_route_keeps_the_schema(server: GitHubServer, asks: Asker) -> None:
    server.add_owner("maker", user=True)
    with validated(server) as seen:
        for subject in SUBJECTS:
            subject(asks)
        own = Asker(server, server.add_token("maker", {"maker/*": "admin"}))
        own("POST", "/user/repos", 201, {"name": "mine"})
    answered = {route for route, status in seen if status < 400}
    assert answered == set(MODELS)
    assert set(MODELS) == {route.name for route in ROUTES} | {"GET /rate_limit"}


def test_a_symbolic_link_keeps_the_schema(
    server: GitHubServer, asks: Asker, model: RepositoryBuilder, tmp_path: Path
) -> None:
    git = model.repository.git
    sha = git.run("hash-object", "-w", "--stdin", given=b"README.md").decode().strip()
    tree = git.run("mktree", given=f"120000 blob {sha}\tlink\n".encode()).decode().strip()
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    commit = git.run(*person, "commit-tree", tree, "-m", "Link").decode().strip()
    git.set_ref("refs/heads/links", commit)
    with validated(server):
        shown = asks("GET", f"{REPO}/contents/link?ref=links", 200)
    assert (shown["type"], shown["target"]) == ("symlink", "README.md")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"draft": "no"}, "Input should be a valid boolean"),
        ({"created_at": "yesterday"}, "Input should be a valid datetime"),
        ({"sha256": "0"}, "GitHub has no .sha256"),
        ({"author": None}, "author"),
    ],
)
def test_the_validation_sees(change: dict[str, Any], said: str, asks: Asker) -> None:
    """Without this, a validation that lets everything pass would look the same."""
    release = asks("GET", f"{REPO}/releases/latest", 200)
    entry = Entry(1, "api", "GET", "/", route="GET /repos/{owner}/{repo}/releases/latest")
    assert problems(entry, as_json(release)) == []
    (found,) = problems(entry, as_json({**release, **change}))
    assert said in found
    lacking = {name: value for name, value in release.items() if name != "tag_name"}
    assert "tag_name" in problems(entry, as_json(lacking))[0]
