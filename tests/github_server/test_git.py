"""git itself clones and pushes; files, trees and archives are those of the repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import ask
from github_server.git import ENVIRONMENT

PERSON = ("-c", "user.name=A Maker", "-c", "user.email=a@example.org")


def git(*words: str | Path, cwd: Path | None = None, fails: bool = False) -> str:
    done = subprocess.run(
        ["git", *PERSON, *map(str, words)],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == fails, done.stderr
    return done.stderr if fails else done.stdout


def with_token(url: str, token: str) -> str:
    return url.replace("http://", f"http://x-access-token:{token}@")


@pytest.fixture
def clone(server: GitHubServer, model: RepositoryBuilder, token: str, tmp_path: Path) -> Path:
    """A working copy whose origin has the token."""
    url = with_token(server.url, token)
    git("clone", "-q", f"{url}/lab/model_seg_sc.git", tmp_path / "clone")
    return tmp_path / "clone"


def test_a_clone_has_the_files_the_tags_and_the_dates(clone: Path) -> None:
    assert (clone / "README.md").read_text() == "# A model\n"
    assert git("tag", cwd=clone).split() == ["r20240520"]
    dates = git("log", "--format=%cs", cwd=clone).split()
    assert dates == ["2024-05-20", "2024-05-01"]


def test_a_push_is_seen_by_the_api(server: GitHubServer, clone: Path) -> None:
    (clone / "new.txt").write_text("new")
    git("add", "new.txt", cwd=clone)
    git("commit", "-qm", "Add a file", cwd=clone)
    git("tag", "-am", "Second", "r20240601", cwd=clone)
    git("push", "-q", "origin", "main", "r20240601", cwd=clone)
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    assert ask(f"{url}/commits/main").json["commit"]["message"] == "Add a file"
    assert (
        ask(f"{url}/contents/new.txt", headers={"Accept": "application/vnd.github.raw"}).body
        == b"new"
    )
    ref = ask(f"{url}/git/ref/tags/r20240601").json["object"]
    assert ref["type"] == "tag"
    assert ask(f"{url}/git/tags/{ref['sha']}").json["message"] == "Second"


def test_a_large_push_comes_in_chunks(server: GitHubServer, clone: Path) -> None:
    (clone / "large").write_bytes(b"".join(bytes([n % 251, n % 241]) * 3 for n in range(500_000)))
    git("add", "large", cwd=clone)
    git("commit", "-qm", "Large", cwd=clone)
    git("-c", "http.postBuffer=1024", "-c", "core.compression=0", "push", "-q", cwd=clone)
    assert any(entry.headers.get("transfer-encoding") == "chunked" for entry in server.log)


def test_pushing_a_deletion_of_a_tag_makes_its_release_a_draft(
    model: RepositoryBuilder, clone: Path
) -> None:
    git("push", "-q", "origin", ":refs/tags/r20240520", cwd=clone)
    assert model.repository.releases[0].draft


def test_pushing_needs_a_token_that_may(
    server: GitHubServer, model: RepositoryBuilder, clone: Path
) -> None:
    reader = server.add_token("reader", {"lab/*": "read"})
    address = f"{server.url}/lab/model_seg_sc.git"
    asked = git("push", address, "main:side", cwd=clone, fails=True)
    assert "could not read Username" in asked
    denied = git("push", with_token(address, reader), "main:side", cwd=clone, fails=True)
    assert "403" in denied
    assert model.repository.git.sha("refs/heads/side") is None


def test_a_private_repository_is_cloned_with_a_token_only(
    server: GitHubServer, model: RepositoryBuilder, token: str, tmp_path: Path
) -> None:
    model.repository.private = True
    address = f"{server.url}/lab/model_seg_sc.git"
    assert "could not read Username" in git("clone", address, tmp_path / "no", fails=True)
    git("clone", "-q", with_token(address, token), tmp_path / "yes")


def test_the_first_push_makes_the_default_branch(server: GitHubServer, clone: Path) -> None:
    empty = server.add_owner("other").add_repository("empty")
    token = server.add_token("other-maker", {"other/*": "admin"})
    address = with_token(f"{server.url}/other/empty.git", token)
    git("push", "-q", address, "main:trunk", cwd=clone)
    assert empty.repository.default_branch == "trunk"
    assert empty.repository.license == "MIT"


@pytest.mark.parametrize("kind", ["tarball", "zipball"])
def test_an_archive_comes_from_the_storage_without_the_token(
    kind: str, server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    model.repository.private = True
    page = ask(f"{server.api_url}/repos/lab/model_seg_sc/{kind}/r20240520", token=token)
    where = page.headers["location"]
    assert where.startswith(server.storage_url)
    assert ask(where.partition("?")[0]).status == 404
    data = io.BytesIO(ask(where).body)
    if kind == "tarball":
        with tarfile.open(fileobj=data) as tar:
            names = tar.getnames()
    else:
        with zipfile.ZipFile(data) as archive:
            names = archive.namelist()
    assert f"lab-model_seg_sc-{model.head[:7]}/scripts/train.py" in names


def test_a_tree_that_is_too_long_says_so(server: GitHubServer, model: RepositoryBuilder) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc/git/trees/main?recursive=1"
    whole = ask(url).json
    server.settings.max_tree_entries = 2
    cut = ask(url).json
    assert (whole["truncated"], len(whole["tree"])) == (False, 5)
    assert (cut["truncated"], len(cut["tree"])) == (True, 2)


def test_a_large_file_has_no_content_in_json(
    server: GitHubServer, model: RepositoryBuilder
) -> None:
    model.commit({"large.bin": b"\0" * (1 << 20) + b"\0"}, "2024-06-01")
    url = f"{server.api_url}/repos/lab/model_seg_sc/contents/large.bin"
    shown = ask(url).json
    assert (shown["content"], shown["encoding"], shown["size"]) == ("", "none", (1 << 20) + 1)
    assert len(ask(shown["download_url"]).body) == (1 << 20) + 1


def test_moving_a_branch_back_needs_force(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc/git/refs/heads/main"
    first = model.repository.git.sha("main~1")
    reply = ask(url, "PATCH", token=token, body={"sha": first})
    assert reply.json["message"] == "Update is not a fast forward"
    assert ask(url, "PATCH", token=token, body={"sha": first, "force": True}).status == 200
    assert model.head == first


def test_a_comparison_counts_both_ways(server: GitHubServer, model: RepositoryBuilder) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc/compare"
    ahead = ask(f"{url}/main~1...main")
    assert ahead.status == 200
    first = model.repository.git.sha("main~1")
    behind = ask(f"{url}/main...{first}").json
    assert (ahead.json["status"], ahead.json["ahead_by"]) == ("ahead", 1)
    assert (behind["status"], behind["behind_by"]) == ("behind", 1)
    changed = {file["filename"]: file["status"] for file in ahead.json["files"]}
    assert changed == {"old.txt": "added", "scripts/train.py": "modified"}
