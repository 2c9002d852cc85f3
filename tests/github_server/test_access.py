"""Who may see and do what."""

from __future__ import annotations

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import ask

RELEASES = "/repos/lab/model_seg_sc/releases"


@pytest.fixture
def private(server: GitHubServer, model: RepositoryBuilder) -> str:
    model.repository.private = True
    return f"{server.api_url}/repos/lab/model_seg_sc"


def test_a_wrong_token_is_refused_even_for_what_is_public(
    server: GitHubServer, model: RepositoryBuilder
) -> None:
    reply = ask(f"{server.api_url}{RELEASES}", token="wrong")
    assert (reply.status, reply.json["message"]) == (401, "Bad credentials")


def test_a_private_repository_does_not_exist_for_others(server: GitHubServer, private: str) -> None:
    stranger = server.add_token("stranger", {"else/*": "admin"})
    reader = server.add_token("reader", {"lab/*": "read"})
    assert ask(private).status == 404
    assert ask(private, token=stranger).status == 404
    assert ask(private, token=reader).json["private"] is True
    assert ask(f"{server.api_url}/orgs/lab/repos").json == []
    assert len(ask(f"{server.api_url}/orgs/lab/repos", token=reader).json) == 1


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("fine-grained", 403, "Resource not accessible by personal access token"),
        ("actions", 403, "Resource not accessible by integration"),
        ("classic", 404, "Not Found"),
    ],
)
def test_a_token_that_may_only_read_is_refused_as_its_kind_is(
    kind: str, status: int, message: str, server: GitHubServer, model: RepositoryBuilder
) -> None:
    token = server.add_token("reader", {"lab/*": "read"}, kind=kind)
    new = {"tag_name": "r20240601"}
    reply = ask(f"{server.api_url}{RELEASES}", "POST", token=token, body=new)
    assert (reply.status, reply.json["message"]) == (status, message)
    assert model.repository.published("r20240601") is None


def test_without_a_token_nothing_is_changed(server: GitHubServer, model: RepositoryBuilder) -> None:
    reply = ask(f"{server.api_url}{RELEASES}", "POST", body={"tag_name": "r20240601"})
    assert (reply.status, reply.json["message"]) == (401, "Requires authentication")
    assert ask(f"{server.api_url}/user").status == 401


def test_one_who_may_push_does_not_change_the_repository(
    server: GitHubServer, model: RepositoryBuilder
) -> None:
    token = server.add_token("maker", {"lab/model_seg_sc": "push"})
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    reply = ask(url, "PATCH", token=token, body={"description": "Mine"})
    assert (reply.status, reply.json["message"]) == (403, "Must have admin rights to Repository.")
    assert model.repository.description == "A model"


def test_only_a_classic_token_tells_its_scopes(
    server: GitHubServer, model: RepositoryBuilder
) -> None:
    classic = server.add_token("a", scopes=("public_repo",))
    fine = server.add_token("b", kind="fine-grained")
    assert ask(f"{server.api_url}/user", token=classic).headers["x-oauth-scopes"] == "public_repo"
    assert "x-oauth-scopes" not in ask(f"{server.api_url}/user", token=fine).headers


def test_an_archived_repository_is_only_read(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    model.repository.archived = True
    new = {"tag_name": "r20240601"}
    reply = ask(f"{server.api_url}{RELEASES}", "POST", token=token, body=new)
    assert reply.json["message"] == "Repository was archived so is read-only."
    assert ask(f"{server.api_url}{RELEASES}").status == 200


def test_a_renamed_repository_is_found_by_its_number(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    former = f"{server.api_url}{RELEASES}"
    server.state.rename(model.repository, "model_seg_cord")
    reply = ask(f"{former}?per_page=5")
    number = model.repository.id
    where = f"{server.api_url}/repositories/{number}/releases?per_page=5"
    assert (reply.status, reply.headers["location"]) == (301, where)
    assert len(ask(where).json) == 1
    assert ask(former, "POST", token=token, body={"tag_name": "x"}).status == 307
    page = ask(f"{server.url}/lab/model_seg_sc/releases/download/r20240520/model.zip")
    assert page.headers["location"].endswith(
        "/lab/model_seg_cord/releases/download/r20240520/model.zip"
    )
