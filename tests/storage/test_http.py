"""A file on a server: every way to fail is one line, and what can be repaired is repaired."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from build import package
from model_lint.errors import UsageError
from model_lint.lint import Options, lint
from model_lint.models.remote import load_url, load_zip_of
from model_lint.models.target import Given, Target
from model_lint.rules import ERROR, all_rules
from model_lint.storage import http, http_ranges
from model_lint.storage.http import Server
from requests.auth import HTTPBasicAuth
from storage.misbehaving import PATH, Answer, Asked, Behaviour, Site, compressed, serving


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    return package(tmp_path, folds=range(2)).read_bytes()


def read(site: Site, waits: list[float] | None = None) -> Target:
    waited = [] if waits is None else waits
    return load_zip_of(site.url, Server(site.url, wait=waited.append), Given(), PATH[1:])


def refused(data: bytes, behave: Behaviour) -> str:
    """Return the line about a server that never behaves, without its address."""
    with serving(data, behave) as site, pytest.raises(UsageError) as error:
        read(site)
    line = str(error.value)
    assert line.startswith(f"{site.url}: ")
    assert "\n" not in line
    return line.removeprefix(f"{site.url}: ")


def from_the(number: int, behave: Behaviour) -> Behaviour:
    """Behave so from a request on."""
    return lambda asked, answer: behave(asked, answer) if asked.number >= number else answer


def only(number: int, behave: Behaviour) -> Behaviour:
    """Behave so at one request."""
    return lambda asked, answer: behave(asked, answer) if asked.number == number else answer


def status(code: int, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked, _answer: Answer(code, named, b"no")


def truncated(_asked: Asked, answer: Answer) -> Answer:
    return answer._replace(body=answer.body[:-1], length=len(answer.body))


def with_header(**headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked, answer: answer._replace(headers={**answer.headers, **named})


def whole(data: bytes) -> Behaviour:
    return lambda _asked, _answer: Answer(200, {}, data)


def errors(target: Target) -> list[str]:
    """Return the codes of errors: two folds have one warning, L024."""
    found = lint(target, Options(all_rules())).findings
    return [finding.code for finding in found if finding.severity is ERROR]


@pytest.mark.parametrize(
    ("behave", "line"),
    [
        (status(404), "there is no such file on the server (404 Not Found)"),
        (status(401), "the server asks for a login (401 Unauthorized)"),
        (status(403), "the server refuses access (403 Forbidden)"),
        (status(410), "the file was removed from the server (410 Gone)"),
        (status(418), "the server does not send the file (418 I'm a Teapot)"),
        (status(503), "the server answers 503 Service Unavailable, 5 times; try again later"),
        (status(429), "the server answers 429 Too Many Requests, 5 times; try again later"),
        (status(302, Location=PATH), "the server redirects in circles"),
        (truncated, "the connection broke in the middle of an answer, 5 times; try again later"),
        (
            lambda _asked, answer: compressed(answer),
            "something in between compresses the file; download it",
        ),
        (
            with_header(Content_Range="bytes 5-9/1000"),
            "the server sends another part than it was asked for",
        ),
        (with_header(Content_Range=""), "the server sends another part than it was asked for"),
        (
            status(200, Content_Length=str(10**10)),
            "the server sends only the whole file of 10 GB, no parts of it; download it",
        ),
        (from_the(2, with_header(ETag='"two"')), http.CHANGED),
        (from_the(2, with_header(ETag="")), http.CHANGED),
        (
            from_the(
                2,
                lambda asked, answer: answer._replace(
                    headers={**answer.headers, "Content-Range": f"bytes {asked.start}-9/999999"}
                ),
            ),
            http.CHANGED,
        ),
        (from_the(2, status(404)), "there is no such file on the server (404 Not Found)"),
        (from_the(3, status(500)), "the server answers 500 Internal Server Error, 5 times;"
         " try again later"),
    ],
)  # fmt: skip
def test_each_failure_is_one_line(data: bytes, behave: Behaviour, line: str) -> None:
    assert refused(data, behave) == line


@pytest.mark.parametrize(
    "behave",
    [
        only(2, status(502)),
        only(1, status(429, Retry_After="7")),
        only(3, truncated),
        lambda asked, answer: status(500)(asked, answer) if asked.number % 2 else answer,
        with_header(ETag='W/"weak"'),
        lambda _asked, answer: answer._replace(
            headers={"Content-Range": answer.headers["Content-Range"]}
        ),
    ],
)
def test_what_passes_by_itself_is_overcome(data: bytes, behave: Behaviour) -> None:
    with serving(data, behave) as site:
        assert errors(read(site)) == []


def test_it_waits_longer_each_time_or_as_long_as_the_server_says(data: bytes) -> None:
    waits: list[float] = []
    with serving(data, status(500)) as site, pytest.raises(UsageError):
        read(site, waits)
    assert waits == [1, 2, 4, 8]
    waits = []
    with serving(data, only(1, status(429, Retry_After="7"))) as site:
        read(site, waits)
    assert waits == [7]
    waits = []
    with serving(data, only(1, status(503, Retry_After="86400"))) as site:
        read(site, waits)
    assert waits == [60]


def test_a_small_file_may_come_whole(data: bytes) -> None:
    with serving(data, whole(data)) as site:
        target = read(site)
    assert errors(target) == []
    assert target.requests == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "Z002"), (b"P", "Z001"), (b"<!doctype html>" + b"x" * 100_000, "Z001")],
)
def test_what_is_no_zip_is_judged_as_such(content: bytes, code: str) -> None:
    with serving(content) as site:
        assert errors(read(site)) == [code]


def test_a_silent_server_is_given_up(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TIMEOUT", (1, 0.05))

    def silent(_asked: Asked, answer: Answer) -> Answer:
        site.over.wait()
        return answer

    with serving(data) as site:
        site.behave = silent
        with pytest.raises(UsageError, match=r": the server does not answer, 5 times; try again"):
            read(site)


def test_an_answer_that_stops_is_given_up(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TIMEOUT", (1, 0.05))
    with serving(data) as site:
        site.behave = lambda _asked, answer: answer._replace(between=site.over.wait)
        with pytest.raises(UsageError, match="the connection broke in the middle of an answer, 5"):
            read(site)


def test_a_dripping_answer_is_given_up(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, but all of them would take hours."""
    clock = itertools.count(0, 10)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with serving(data) as site:
        site.behave = lambda _asked, answer: answer._replace(between=lambda: None)
        with pytest.raises(UsageError, match="its answer comes too slowly, 5 times; try again"):
            read(site)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with serving(b"") as site:
        pass
    with pytest.raises(
        UsageError, match=r"the connection fails \(Failed to .*refused\), 5 times; try"
    ):
        read(site)


def test_a_token_does_not_follow_to_another_host(data: bytes) -> None:
    with serving(data) as storage, serving(data) as site:
        site.behave = status(302, Location=storage.url)
        server = Server(site.url, auth=HTTPBasicAuth("jane", "secret"))
        load_zip_of(site.url, server, Given(), PATH[1:])
    assert [("Authorization" in asked.headers) for asked in site.asked] == [True]
    assert len(storage.asked) > 1
    assert not any("Authorization" in asked.headers for asked in storage.asked)


def test_the_storage_is_asked_itself_and_again_when_its_address_expires(data: bytes) -> None:
    with serving(data) as storage, serving(data) as site:
        site.behave = status(302, Location=storage.url)
        storage.behave = only(2, status(403))
        assert errors(read(site)) == []
    assert len(site.asked) == 2
    assert len(storage.asked) > 3


def test_a_password_in_the_address_is_not_shown(data: bytes) -> None:
    with serving(data) as site:
        url = site.url.replace("http://", "http://jane:secret@")
        target = load_url(url, Server(url), Given())
    assert target.text == site.url
    assert all("Authorization" in asked.headers for asked in site.asked)


def test_a_password_in_an_address_of_no_use_is_not_shown() -> None:
    with pytest.raises(UsageError) as error:
        load_url(url := "http://jane:secret@127.0.0.1:99999/m.zip", Server(url), Given())
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("change", [lambda url: url + "?download=1", lambda url: url + "#top"])
def test_the_name_of_the_file_is_in_the_path(data: bytes, change: Callable[[str], str]) -> None:
    with serving(data) as site:
        url = change(site.url)
        target = load_url(url, Server(url), Given())
    assert target.archive
    assert target.archive.file_name == PATH[1:]


def test_the_number_of_requests_has_a_limit(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_ranges, "MAX_REQUESTS", 3)
    with serving(data) as site, pytest.raises(UsageError, match="more than 3 requests; download"):
        read(site)
