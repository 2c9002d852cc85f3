"""Assets: uploads and their limits, downloads from the storage, ranges."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from github_server import GitHubServer, RepositoryBuilder
from github_server.client import Reply, ask

from .conftest import ASSET


@pytest.fixture
def draft(server: GitHubServer, token: str) -> str:
    """The address that takes assets of a draft."""
    url = f"{server.api_url}/repos/lab/model_seg_sc/releases"
    new = {"tag_name": "r20240601", "draft": True}
    address: str = ask(url, "POST", token=token, body=new).json["upload_url"]
    return address.partition("{")[0]


@pytest.fixture
def stored(server: GitHubServer, model: RepositoryBuilder) -> str:
    """The address of the asset in the storage."""
    page = ask(f"{server.url}/lab/model_seg_sc/releases/download/r20240520/model.zip")
    assert page.status == 302
    return page.headers["location"]


def said(reply: Reply) -> tuple[int, Any]:
    return reply.status, reply.json.get("errors", [{}])[0].get("message") or reply.json["message"]


def test_an_upload_is_kept_with_its_digest(server: GitHubServer, draft: str, token: str) -> None:
    headers = {"Content-Type": "application/zip"}
    shown = ask(
        f"{draft}?name=a.zip&label=A", "POST", token=token, body=ASSET, headers=headers
    ).json
    assert (shown["state"], shown["size"], shown["label"]) == ("uploaded", len(ASSET), "A")
    assert shown["content_type"] == "application/zip"
    assert shown["digest"] == f"sha256:{hashlib.sha256(ASSET).hexdigest()}"
    assert "/releases/download/untagged-" in shown["browser_download_url"]
    place = ask(shown["url"], token=token, headers={"Accept": "application/octet-stream"})
    assert ask(place.headers["location"]).body == ASSET
    assert ask(shown["url"], token=token).json["download_count"] == 1
    assert ask(shown["browser_download_url"]).status == 404
    assert ask(shown["browser_download_url"], token=token).status == 302


def test_a_second_asset_of_one_name_is_refused(draft: str, token: str) -> None:
    assert ask(f"{draft}?name=a.zip", "POST", token=token, body=b"1").status == 201
    again = ask(f"{draft}?name=a.zip", "POST", token=token, body=b"2")
    assert (again.status, again.json["errors"][0]["code"]) == (422, "already_exists")


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a (1).zip", "a.1.zip"), ("a~b.zip", "a.b.zip"), (".x.", "x"), ("a+b_c-d@e", "a+b_c-d@e")],
)
def test_names_are_changed_as_github_does(name: str, kept: str, draft: str, token: str) -> None:
    reply = ask(f"{draft}?name={quote(name)}", "POST", token=token, body=b"1")
    assert reply.json["name"] == kept


def test_the_limits_have_github_s_words(server: GitHubServer, draft: str, token: str) -> None:
    assert server.settings.max_asset_size == 2**31
    server.settings.max_asset_size = 10
    large = ask(f"{draft}?name=a", "POST", token=token, body=b"x" * 11)
    assert said(large) == (422, "size must be less than or equal to 10")
    assert (
        ask(f"{draft}?name=", "POST", token=token, body=b"x").json["errors"][0]["field"] == "name"
    )
    server.settings.max_assets = 1
    assert ask(f"{draft}?name=a", "POST", token=token, body=b"x").status == 201
    more = ask(f"{draft}?name=b", "POST", token=token, body=b"x")
    assert said(more) == (422, "file_count limited to 1 assets per release")


def test_an_upload_needs_its_length(draft: str, token: str) -> None:
    headers = {"Transfer-Encoding": "chunked"}
    reply = ask(
        f"{draft}?name=a", "POST", token=token, body=b"1\r\nx\r\n0\r\n\r\n", headers=headers
    )
    assert said(reply) == (400, "Bad Content-Length: ")


@pytest.mark.parametrize(
    ("range_", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=25590-", 25590, 25600), ("bytes=-7", 25593, 25600)],
)
def test_the_storage_gives_ranges(range_: str, start: int, end: int, stored: str) -> None:
    reply = ask(stored, headers={"Range": range_})
    assert (reply.status, reply.body) == (206, ASSET[start:end])
    assert reply.headers["content-range"] == f"bytes {start}-{end - 1}/{len(ASSET)}"
    assert reply.headers["accept-ranges"] == "bytes"


def test_a_range_beyond_the_end_is_refused(stored: str) -> None:
    reply = ask(stored, headers={"Range": f"bytes={len(ASSET)}-"})
    assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{len(ASSET)}")


def test_a_range_of_another_content_gives_all(stored: str) -> None:
    etag = ask(stored, "HEAD").headers["etag"]
    same = ask(stored, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = ask(stored, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (same.status, other.status, other.body) == (206, 200, ASSET)
    assert ask(stored, headers={"If-None-Match": etag}).status == 304


def test_head_tells_the_size_alone(stored: str) -> None:
    reply = ask(stored, "HEAD")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (
        200,
        b"",
        str(len(ASSET)),
    )


def test_an_address_of_the_storage_is_signed_and_expires(
    server: GitHubServer, model: RepositoryBuilder, stored: str
) -> None:
    assert ask(stored).body == ASSET
    assert ask(stored.replace("sig=", "sig=0")).status == 403
    server.settings.url_lifetime = -1
    page = ask(f"{server.url}/lab/model_seg_sc/releases/download/r20240520/model.zip")
    assert ask(page.headers["location"]).status == 403


def test_the_storage_refuses_a_token(server: GitHubServer, stored: str, token: str) -> None:
    assert ask(stored, token=token).status == 401
    assert server.log[-1].port == "storage"
    assert server.log[-1].token == token


def test_the_latest_is_downloaded_without_its_tag(server: GitHubServer, stored: str) -> None:
    page = ask(f"{server.url}/lab/model_seg_sc/releases/latest/download/model.zip")
    assert page.headers["location"].endswith("/releases/download/r20240520/model.zip")
    assert ask(f"{server.url}/lab/model_seg_sc/releases/tag/r20240520").status == 200
    assert ask(f"{server.url}/lab/model_seg_sc/releases/tag/none").status == 404


def test_the_api_may_send_an_asset_itself(server: GitHubServer, model: RepositoryBuilder) -> None:
    server.settings.direct_downloads = True
    number = model.repository.releases[0].assets[0].id
    url = f"{server.api_url}/repos/lab/model_seg_sc/releases/assets/{number}"
    reply = ask(url, headers={"Accept": "application/octet-stream"})
    assert (reply.status, reply.body) == (200, ASSET)


def test_a_file_of_two_gigabytes_takes_no_memory(
    server: GitHubServer, model: RepositoryBuilder, tmp_path: Path
) -> None:
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.truncate(2**31)
        file.seek(2**31 - 4)
        file.write(b"tail")
    asset = model.add_asset(model.repository.releases[0], "large.zip", path, digest=None)
    page = ask(f"{server.url}/lab/model_seg_sc/releases/download/r20240520/large.zip")
    assert ask(page.headers["location"], headers={"Range": "bytes=-4"}).body == b"tail"
    assert (asset.size, asset.digest) == (2**31, None)
