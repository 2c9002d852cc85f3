"""Each fault happens, when it is to happen and only then."""

from __future__ import annotations

import gzip
import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from github_server import ANSWERS, STEPS, Fault, GitHubServer, RepositoryBuilder
from github_server.client import ask

from .conftest import ASSET

RELEASES = "/repos/lab/model_seg_sc/releases"


@pytest.fixture
def releases(server: GitHubServer, model: RepositoryBuilder) -> str:
    return server.api_url + RELEASES


@pytest.fixture
def upload(server: GitHubServer, model: RepositoryBuilder) -> str:
    number = model.repository.releases[0].id
    return f"{server.url}/api/uploads{RELEASES}/{number}/assets?name=new.zip"


@pytest.fixture
def stored(server: GitHubServer, model: RepositoryBuilder) -> str:
    page = ask(f"{server.url}/lab/model_seg_sc/releases/download/r20240520/model.zip")
    return page.headers["location"]


@pytest.mark.parametrize(
    "case",
    [
        ("500", 500, b'{"message":"Server Error"}'),
        ("502", 502, b'{"message":"Server Error"}'),
        ("503", 503, b"Unicorn!"),
        ("secondary-limit", 403, b"You have exceeded a secondary rate limit"),
        ("too-many", 429, b"You have exceeded a secondary rate limit"),
        ("abuse", 403, b"You have triggered an abuse detection mechanism"),
        ("status-404", 404, b"Not Found"),
    ],
)
def test_an_answer_in_place_of_the_right_one_has_no_effect(
    case: tuple[str, int, bytes], server: GitHubServer, releases: str, token: str
) -> None:
    kind, status, said = case
    server.fault(kind, method="POST", path="/releases$", retry_after=7)
    new = {"tag_name": "r20240601"}
    reply = ask(releases, "POST", token=token, body=new)
    assert reply.status == status
    assert said in reply.body
    assert reply.headers["retry-after"] == "7"
    assert len(ask(releases).json) == 1
    assert ask(releases, "POST", token=token, body=new).status == 201


def test_every_kind_is_tested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in (*ANSWERS, *STEPS) if f'"{kind}"' not in text] == []


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault is called resett"):
        Fault("resett")


def test_a_fault_happens_to_the_requests_that_it_names(server: GitHubServer, releases: str) -> None:
    fault = server.fault("500", method="GET", path="/latest", nth=2, times=2)
    got = [ask(f"{releases}/latest").status for _ in range(5)]
    assert got == [200, 500, 500, 200, 200]
    assert ask(releases).status == 200
    assert fault.hits == 2
    server.fault("500", times=0)
    assert {ask(releases).status for _ in range(5)} == {500}
    server.faults.clear()
    assert ask(releases).status == 200


def test_reset_ends_the_connection_before_anything_happens(
    server: GitHubServer, releases: str, token: str
) -> None:
    server.fault("reset", method="POST")
    with pytest.raises(ConnectionResetError):
        ask(releases, "POST", token=token, body={"tag_name": "r20240601"})
    assert len(ask(releases).json) == 1


def test_a_lost_answer_has_taken_effect(server: GitHubServer, releases: str, token: str) -> None:
    server.fault("lost-answer", method="POST")
    with pytest.raises(ConnectionResetError):
        ask(releases, "POST", token=token, body={"tag_name": "r20240601"})
    assert len(ask(releases).json) == 2


def test_a_reset_in_the_middle_of_an_upload_leaves_an_empty_asset(
    server: GitHubServer, model: RepositoryBuilder, upload: str, token: str
) -> None:
    fault = server.fault("reset-upload", amount=100_000)
    with pytest.raises(ConnectionError):
        ask(upload, "POST", token=token, body=bytes(5_000_000))
    assert fault.hits == 1
    assert server.log[-1].received == 100_000
    broken = model.repository.releases[0].assets[1]
    assert (broken.state, broken.size, broken.digest) == ("starter", 0, None)
    again = ask(upload, "POST", token=token, body=b"again")
    assert again.json["errors"][0]["code"] == "already_exists"


def test_an_upload_that_fails_stays_a_starter_until_it_is_deleted(
    server: GitHubServer, upload: str, token: str
) -> None:
    server.fault("starter", method="POST")
    assert ask(upload, "POST", token=token, body=ASSET).status == 502
    broken = ask(upload, token=token).json[1]
    assert (broken["state"], broken["size"]) == ("starter", 0)
    assert ask(broken["url"], "DELETE", token=token).status == 204
    assert ask(upload, "POST", token=token, body=ASSET).status == 201


def test_a_wrong_digest_and_wrong_bytes(
    server: GitHubServer, model: RepositoryBuilder, upload: str, token: str
) -> None:
    right = model.repository.releases[0].assets[0].digest
    server.fault("wrong-digest", method="POST")
    shown = ask(upload, "POST", token=token, body=ASSET).json
    assert shown["digest"] != right
    server.fault("corrupt-upload", method="POST")
    other = ask(upload.replace("new", "other"), "POST", token=token, body=ASSET).json
    assert other["digest"] == right
    page = ask(other["browser_download_url"])
    kept = ask(page.headers["location"]).body
    assert (len(kept), kept == ASSET) == (len(ASSET), False)


def test_readers_see_the_releases_as_they_were(
    server: GitHubServer, releases: str, upload: str, token: str
) -> None:
    assert ask(upload, "POST", token=token, body=b"new").status == 201
    server.fault("stale", method="GET", times=2)
    assert [len(ask(releases).json[0]["assets"]) for _ in range(3)] == [1, 1, 2]
    new = ask(releases, "POST", token=token, body={"tag_name": "r20240601"}).json
    server.fault("stale", method="GET", times=3)
    assert ask(f"{releases}/tags/r20240601").status == 404
    assert ask(f"{releases}/{new['id']}").status == 404
    assert ask(f"{releases}/latest").json["tag_name"] == "r20240520"
    assert ask(f"{releases}/latest").json["tag_name"] == "r20240601"


def test_a_download_is_cut(server: GitHubServer, stored: str) -> None:
    server.fault("truncate", port="storage", amount=1000)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(stored)
    assert caught.value.partial == ASSET[:1000]
    assert ask(stored).body == ASSET


def test_a_cut_archive_has_no_end(server: GitHubServer, model: RepositoryBuilder) -> None:
    page = ask(f"{server.api_url}/repos/lab/model_seg_sc/tarball")
    server.fault("truncate", port="storage", amount=100)
    with pytest.raises(http.client.IncompleteRead):
        ask(page.headers["location"])


def test_a_download_stands_still_until_it_is_released(server: GitHubServer, stored: str) -> None:
    fault = server.fault("hold", port="storage", amount=1000)
    place = urlsplit(stored)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    connection.request("GET", f"{place.path}?{place.query}", headers={"User-Agent": "test"})
    answer = connection.getresponse()
    assert answer.read(1000) == ASSET[:1000]
    assert fault.reached.wait(60)
    connection.sock.settimeout(0.01)
    with pytest.raises(socket.timeout):
        answer.read(1)
    connection.close()
    answer.close()
    again = server.fault("hold", port="storage", amount=0)
    again.release()
    assert ask(stored).body == ASSET


@pytest.mark.parametrize("port", ["api", "storage"])
def test_something_in_between_packs(
    port: str, server: GitHubServer, releases: str, stored: str
) -> None:
    server.fault("gzip", port=port)
    reply = ask(releases if port == "api" else stored)
    assert reply.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(reply.body)) > len(reply.body)


def test_the_storage_ignores_ranges(server: GitHubServer, stored: str) -> None:
    server.fault("no-ranges")
    reply = ask(stored, headers={"Range": "bytes=0-9"})
    assert (reply.status, reply.body) == (200, ASSET)


def test_the_content_changes_in_between(server: GitHubServer, stored: str) -> None:
    first = ask(stored, headers={"Range": "bytes=0-9"})
    server.fault("changed", times=0)
    second = ask(stored, headers={"Range": "bytes=0-9"})
    assert first.body != second.body
    assert first.headers["etag"] != second.headers["etag"]
    held = {"Range": "bytes=0-9", "If-Range": first.headers["etag"]}
    assert ask(stored, headers=held).status == 200
