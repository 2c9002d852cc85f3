"""Releases behave as on GitHub: drafts, tags, pages, the latest."""

from __future__ import annotations

from typing import Any

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import Reply, ask


class Releases:
    """The releases of the model, asked by one who may do everything."""

    def __init__(self, server: GitHubServer, token: str) -> None:
        self.url = f"{server.api_url}/repos/lab/model_seg_sc/releases"
        self.token = token

    def post(self, **new: Any) -> Reply:
        return ask(self.url, "POST", token=self.token, body=new)

    def patch(self, number: int, **new: Any) -> Reply:
        return ask(f"{self.url}/{number}", "PATCH", token=self.token, body=new)

    def get(self, path: str = "", *, token: bool = True) -> Reply:
        return ask(self.url + path, token=self.token if token else "")


@pytest.fixture
def releases(server: GitHubServer, token: str) -> Releases:
    return Releases(server, token)


def codes(reply: Reply) -> list[tuple[str, str]]:
    assert reply.status == 422
    return [(one.get("field", ""), one["code"]) for one in reply.json["errors"]]


def test_a_draft_is_seen_by_those_who_may_push_and_has_no_tag(
    releases: Releases, model: RepositoryBuilder
) -> None:
    draft = releases.post(tag_name="r20240601", draft=True).json
    assert "/releases/tag/untagged-" in draft["html_url"]
    assert draft["published_at"] is None
    assert draft["tarball_url"] is None
    assert [r["draft"] for r in releases.get().json] == [True, False]
    assert [r["draft"] for r in releases.get(token=False).json] == [False]
    assert releases.get("/tags/r20240601").status == 404
    assert releases.get(f"/{draft['id']}", token=False).status == 404
    assert model.repository.git.sha("refs/tags/r20240601") is None


def test_publishing_makes_the_tag_at_the_target(
    releases: Releases, model: RepositoryBuilder
) -> None:
    first = model.repository.git.lines("rev-list", "--reverse", "main")[0]
    draft = releases.post(tag_name="r20240601", target_commitish=first, draft=True).json
    shown = releases.patch(draft["id"], draft=False).json
    assert shown["html_url"].endswith("/releases/tag/r20240601")
    assert shown["created_at"] == "2024-05-01T00:00:00Z"  # the date of the commit
    assert shown["published_at"] > "2024-05-20"
    assert model.repository.git.sha("refs/tags/r20240601") == first
    assert releases.get("/tags/r20240601").json["id"] == draft["id"]


def test_an_existing_tag_wins_over_the_target(releases: Releases, model: RepositoryBuilder) -> None:
    sha = model.tag("r20240601")
    releases.post(tag_name="r20240601", target_commitish="nowhere")
    assert model.repository.git.sha("refs/tags/r20240601") == sha


def test_one_tag_has_one_published_release_and_any_number_of_drafts(releases: Releases) -> None:
    assert codes(releases.post(tag_name="r20240520")) == [("tag_name", "already_exists")]
    drafts = [releases.post(tag_name="r20240520", draft=True) for _ in range(2)]
    assert [draft.status for draft in drafts] == [201, 201]
    published = releases.patch(drafts[0].json["id"], draft=False)
    assert codes(published) == [("tag_name", "already_exists")]


@pytest.mark.parametrize("tag", ["a b", "a..b", "a~1", "x.lock", "refs/"])
def test_what_git_does_not_take_as_a_tag_is_refused(tag: str, releases: Releases) -> None:
    assert ("tag_name", "custom") in codes(releases.post(tag_name=tag, draft=True))


def test_what_is_missing_or_wrong_is_named(releases: Releases) -> None:
    assert codes(releases.post())[0] == ("tag_name", "missing_field")
    wrong = releases.post(tag_name="r20240601", target_commitish="HEAD")
    assert ("target_commitish", "invalid") in codes(wrong)
    assert codes(releases.post(tag_name="r20240601", body="x" * 125_001)) == [("body", "custom")]


def test_a_refused_change_changes_nothing(releases: Releases) -> None:
    draft = releases.post(tag_name="r20240601", draft=True, name="One").json
    wrong = releases.patch(draft["id"], tag_name="r20240520", draft=False, name="Two")
    assert wrong.status == 422
    kept = releases.get(f"/{draft['id']}").json
    assert (kept["name"], kept["draft"], kept["tag_name"]) == ("One", True, "r20240601")


def test_a_release_becomes_a_draft_again(releases: Releases, model: RepositoryBuilder) -> None:
    number = releases.get("/latest").json["id"]
    shown = releases.patch(number, draft=True).json
    assert "untagged-" in shown["html_url"]
    assert "untagged-" in shown["assets"][0]["browser_download_url"]
    assert releases.get("/latest").status == 404
    assert model.repository.git.sha("refs/tags/r20240520")  # the tag stays


def test_a_release_whose_tag_is_deleted_becomes_a_draft(
    server: GitHubServer, releases: Releases, token: str
) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc/git/refs/tags/r20240520"
    assert ask(url, "DELETE", token=token).status == 204
    (release,) = releases.get().json
    assert release["draft"]


def test_the_latest_is_what_was_made_so(releases: Releases, model: RepositoryBuilder) -> None:
    model.release("r20240510", commit=model.repository.git.sha("main~1"))
    assert releases.get("/latest").json["tag_name"] == "r20240520"
    new = releases.post(tag_name="r20240430", target_commitish="main").json
    assert releases.get("/latest").json["tag_name"] == "r20240430"
    releases.patch(new["id"], make_latest="legacy", prerelease=True)
    assert releases.get("/latest").json["tag_name"] == "r20240520"


def test_lists_come_in_pages_with_links(releases: Releases, model: RepositoryBuilder) -> None:
    for day in range(1, 8):
        model.release(f"r2024060{day}", date=f"2024-06-0{day}")
    page = releases.get("?per_page=3&page=2")
    assert [r["tag_name"] for r in page.json] == ["r20240604", "r20240603", "r20240602"]
    links = {part.split("; ")[1]: part.split("; ")[0] for part in page.headers["link"].split(", ")}
    assert set(links) == {'rel="prev"', 'rel="next"', 'rel="last"', 'rel="first"'}
    last = ask(links['rel="last"'].strip("<>"), token=releases.token)
    assert len(last.json) == 2
    assert 'rel="next"' not in last.headers["link"]
    assert "link" not in releases.get("?per_page=100").headers


def test_notes_are_the_span_since_the_release_before(releases: Releases) -> None:
    reply = ask(
        f"{releases.url}/generate-notes", "POST", token=releases.token, body={"tag_name": "r1"}
    )
    assert reply.json["body"].endswith("/lab/model_seg_sc/compare/r20240520...r1")
    made = releases.post(tag_name="r2", generate_release_notes=True).json
    assert made["body"].endswith("compare/r20240520...r2")
    assert made["name"] == "r2"


def test_an_empty_repository_takes_no_release(server: GitHubServer, token: str) -> None:
    server.add_owner("other").add_repository("empty")
    token = server.add_token("maker", {"other/*": "admin"})
    url = f"{server.api_url}/repos/other/empty"
    reply = ask(f"{url}/releases", "POST", token=token, body={"tag_name": "r20240601"})
    assert reply.json["errors"][0]["message"] == "Repository is empty."
    empty = ask(f"{url}/git/trees/main")
    assert (empty.status, empty.json["message"]) == (409, "Git Repository is empty.")
