"""The primary rate limit, and requests that do not count."""

from __future__ import annotations

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import Reply, ask


def left(reply: Reply) -> int:
    return int(reply.headers["x-ratelimit-remaining"])


def test_every_answer_says_what_is_left(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    assert [left(ask(url)) for _ in range(3)] == [59, 58, 57]
    assert left(ask(url, token=token)) == 4999
    assert left(ask(f"{url}/releases/tags/none", token=token)) == 4998
    reply = ask(f"{server.api_url}/rate_limit", token=token)
    assert reply.json["rate"]["remaining"] == 4998
    assert reply.headers["x-ratelimit-resource"] == "core"


def test_beyond_the_limit_nothing_is_answered_until_it_starts_anew(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    server.settings.anonymous_limit, server.settings.token_limit = 1, 2
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    assert [ask(url).status for _ in range(2)] == [200, 403]
    assert "But here's the good news" in ask(url).json["message"]
    replies = [ask(url, token=token) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 403]
    assert replies[-1].json["message"].startswith("API rate limit exceeded for user ID")
    assert left(replies[-1]) == 0
    assert ask(f"{server.api_url}/rate_limit").status == 200
    server.rate.clear()
    assert ask(url).status == 200


def test_a_window_that_is_over_starts_anew(server: GitHubServer, model: RepositoryBuilder) -> None:
    server.settings.anonymous_limit, server.settings.limit_window = 1, 0
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    assert [ask(url).status for _ in range(3)] == [200, 200, 200]


def test_what_is_unchanged_does_not_count_with_a_token(
    server: GitHubServer, model: RepositoryBuilder, token: str
) -> None:
    url = f"{server.api_url}/repos/lab/model_seg_sc"
    first = ask(url, token=token)
    known = {"If-None-Match": first.headers["etag"]}
    again = ask(url, token=token, headers=known)
    assert (again.status, again.body, left(again)) == (304, b"", left(first))
    before = left(ask(url))
    etag = {"If-None-Match": ask(url).headers["etag"]}
    reply = ask(url, headers=etag)
    assert (reply.status, left(reply)) == (304, before - 2)
    model.repository.description = "Another"
    assert ask(url, token=token, headers=known).status == 200
