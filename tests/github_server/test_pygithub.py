"""PyGithub takes the server for GitHub, with a prefix and without, and meets its faults."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import github
import pytest
import requests
from github.Auth import Token
from github.GithubException import (
    BadCredentialsException,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)
from github.Repository import Repository

from github_server import GitHubServer, RepositoryBuilder
from github_server.schema import validated

from .conftest import ASSET

Client = Callable[..., github.Github]


@pytest.fixture
def client(server: GitHubServer) -> Iterator[Client]:
    made: list[github.Github] = []

    def make(token: str = "", *, url: str = "", **more: object) -> github.Github:
        new = github.Github(
            auth=Token(token) if token else None,
            base_url=url or server.api_url,
            seconds_between_requests=None,
            seconds_between_writes=None,
            **{"retry": None, **more},  # type: ignore[arg-type]
        )
        made.append(new)
        return new

    with validated(server):
        yield make
    for one in made:
        one.close()


@pytest.fixture
def repository(client: Client, token: str) -> Repository:
    return client(token).get_repo("lab/model_seg_sc")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(ASSET)
    return path


@pytest.mark.parametrize("prefix", ["/api/v3", ""])
def test_a_release_is_published(
    prefix: str, server: GitHubServer, client: Client, token: str, package: Path
) -> None:
    repository = client(token, url=server.url + prefix).get_repo("lab/model_seg_sc")
    draft = repository.create_git_release("r20240601", "r20240601", "Notes", draft=True)
    asset = draft.upload_asset(str(package), content_type="application/zip")
    assert (asset.name, asset.state, asset.size) == ("package.zip", "uploaded", len(ASSET))
    assert asset.digest == f"sha256:{hashlib.sha256(ASSET).hexdigest()}"
    with pytest.raises(UnknownObjectException):
        client().get_repo("lab/model_seg_sc").get_release("r20240601")
    published = draft.update_release("r20240601", "Notes", draft=False)
    assert published.html_url == f"{server.url}/lab/model_seg_sc/releases/tag/r20240601"
    shown = client().get_repo("lab/model_seg_sc").get_latest_release()
    (kept,) = shown.get_assets()
    assert requests.get(kept.browser_download_url, timeout=60).content == ASSET
    kept_again = repository.get_release("r20240601").get_assets()[0]
    kept_again.update_asset("renamed.zip")
    kept_again.delete_asset()
    assert repository.get_release("r20240601").get_assets().totalCount == 0
    published.delete_release()


def test_an_upload_from_memory(repository: Repository, package: Path) -> None:
    draft = repository.create_git_release("r20240601", "r20240601", "", draft=True)
    with package.open("rb") as file:
        asset = draft.upload_asset_from_memory(file, len(ASSET), "memory.zip")
    assert asset.size == len(ASSET)


def test_no_token_follows_to_the_storage(
    server: GitHubServer, repository: Repository, token: str
) -> None:
    asset = repository.get_latest_release().get_assets()[0]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/octet-stream"}
    assert requests.get(asset.url, headers=headers, timeout=60).content == ASSET
    assert [(e.port, e.token) for e in server.log][-2:] == [("api", token), ("storage", None)]


def test_files_and_history(repository: Repository, model: RepositoryBuilder) -> None:
    tree = repository.get_git_tree("main", recursive=True).tree
    assert {entry.path for entry in tree} >= {"README.md", "scripts/train.py", "old.txt"}
    readme = repository.get_contents("README.md")
    assert not isinstance(readme, list)
    assert readme.decoded_content == b"# A model\n"
    assert repository.get_license().license.spdx_id == "MIT"
    assert repository.get_branch("main").commit.sha == model.head
    assert repository.get_git_ref("tags/r20240520").object.sha == model.head
    commits = list(repository.get_commits(path="scripts/train.py"))
    assert [c.commit.committer.date.day for c in commits] == [20, 1]
    assert repository.compare("main~1", "main").ahead_by == 1
    assert repository.get_archive_link("tarball", "r20240520").startswith("http://127.0.0.1:")
    tag = repository.create_git_tag("r20240602", "A tag", model.head, "commit")
    repository.create_git_ref("refs/tags/r20240602", tag.sha)
    assert repository.get_git_tag(tag.sha).message == "A tag"


def test_repositories_are_listed_made_and_edited(
    server: GitHubServer, client: Client, token: str
) -> None:
    organization = client(token).get_organization("lab")
    for number in range(35):
        organization.create_repo(f"model_{number}", description="A model", auto_init=number == 0)
    assert organization.get_repos().totalCount == 36
    assert len(list(client().get_user("lab").get_repos())) == 36
    made = client(token).get_repo("lab/model_0")
    made.edit(description="Another", homepage="https://example.org")
    made.replace_topics(["nnunet", "segmentation"])
    assert client().get_repo("lab/model_0").topics == ["nnunet", "segmentation"]
    assert client(token).get_user().login == "maker"
    with pytest.raises(GithubException) as caught:
        organization.create_repo("model_0")
    assert caught.value.status == 422


def test_a_failure_is_explained_in_an_issue_and_at_a_commit(
    repository: Repository, model: RepositoryBuilder
) -> None:
    issue = repository.create_issue("The package is refused", body="Why", labels=["release"])
    issue.create_comment("Still so.")
    assert [c.body for c in repository.get_issue(issue.number).get_comments()] == ["Still so."]
    repository.get_commit(model.head).create_comment("Refused.")
    issue.edit(state="closed")
    assert repository.get_issues().totalCount == 0


def test_a_renamed_repository_is_still_found(
    server: GitHubServer, client: Client, model: RepositoryBuilder
) -> None:
    server.state.rename(model.repository, "model_seg_cord")
    assert client().get_repo("lab/model_seg_sc").full_name == "lab/model_seg_cord"


def test_refusals_have_their_types(server: GitHubServer, client: Client, token: str) -> None:
    with pytest.raises(BadCredentialsException):
        client("wrong").get_user().login  # noqa: B018
    with pytest.raises(UnknownObjectException):
        client(token).get_repo("lab/none")
    server.settings.anonymous_limit = 0
    with pytest.raises(RateLimitExceededException):
        client().get_repo("lab/model_seg_sc")


@pytest.mark.parametrize("kind", ["secondary-limit", "abuse"])
def test_limits_that_are_not_the_hourly_one(
    kind: str, server: GitHubServer, repository: Repository
) -> None:
    server.fault(kind, method="POST")
    with pytest.raises(RateLimitExceededException) as caught:
        repository.create_git_release("r20240601", "r20240601", "", draft=True)
    assert caught.value.status == 403


@pytest.mark.parametrize("kind", ["500", "502", "503", "too-many"])
def test_failures_have_their_status(
    kind: str, server: GitHubServer, repository: Repository
) -> None:
    server.fault(kind, method="POST")
    with pytest.raises(GithubException) as caught:
        repository.create_git_release("r20240601", "r20240601", "", draft=True)
    assert caught.value.status == (429 if kind == "too-many" else int(kind))
    assert repository.create_git_release("r20240601", "r20240601", "", draft=True).draft


def test_its_own_repetition_gets_over_a_failure(
    server: GitHubServer, client: Client, token: str
) -> None:
    fault = server.fault("502", times=2)
    retry = github.GithubRetry(total=3, backoff_factor=0)
    assert client(token, retry=retry).get_repo("lab/model_seg_sc").name == "model_seg_sc"
    assert fault.hits == 2


@pytest.mark.parametrize("kind", ["reset", "lost-answer", "reset-upload", "starter"])
def test_an_upload_that_breaks(
    kind: str, server: GitHubServer, repository: Repository, package: Path
) -> None:
    draft = repository.create_git_release("r20240601", "r20240601", "", draft=True)
    server.fault(kind, method="POST", path="/assets", amount=1000)
    # Not by the path: of a failed upload, PyGithub leaves the file open.
    with package.open("rb") as file, pytest.raises((requests.ConnectionError, GithubException)):
        draft.upload_asset_from_memory(file, len(ASSET), "package.zip")
    states = [asset.state for asset in repository.get_release(draft.id).get_assets()]
    assert states == {"reset": [], "lost-answer": ["uploaded"]}.get(kind, ["starter"])


def test_a_published_release_is_not_seen_at_once(
    server: GitHubServer, client: Client, repository: Repository
) -> None:
    draft = repository.create_git_release("r20240601", "r20240601", "", draft=True)
    draft.update_release("r20240601", "", draft=False)
    server.fault("stale", method="GET", path="/releases", times=2)
    with pytest.raises(UnknownObjectException):
        repository.get_release("r20240601")
    assert next(r.draft for r in repository.get_releases())
    assert repository.get_release("r20240601").published_at <= datetime.now(timezone.utc)


def test_a_download_that_ends_too_early(server: GitHubServer, repository: Repository) -> None:
    asset = repository.get_latest_release().get_assets()[0]
    server.fault("truncate", port="storage", amount=1000)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(asset.browser_download_url, timeout=60)


def test_its_own_download_needs_the_api_to_send_the_asset(
    server: GitHubServer, repository: Repository, tmp_path: Path
) -> None:
    """It refuses to follow to another port, as it would to a host that is not GitHub's."""
    asset = repository.get_latest_release().get_assets()[0]
    with pytest.raises(AssertionError):
        asset.download_asset(str(tmp_path / "refused"), chunk_size=1 << 16)
    server.settings.direct_downloads = True
    asset.download_asset(str(tmp_path / "loaded"), chunk_size=1 << 16)
    assert (tmp_path / "loaded").read_bytes() == ASSET
