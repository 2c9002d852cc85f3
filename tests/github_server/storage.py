"""The second host: files behind signed addresses that expire, and ranges of them."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode

from .answer import Answer, RefusedError, Stream, html
from .request import PIECE, Request
from .state import Asset, Repository, State

_SECRET = b"of this server alone"
_FOLDER = "/github-production-release-asset"


def sign(path: str, expires: int) -> str:
    """Return the signature of an address."""
    return hmac.new(_SECRET, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()


def asset_url(state: State, request: Request, repository: Repository, asset: Asset) -> str:
    """Return an address of an asset's content that works for a while."""
    path = f"{_FOLDER}/{repository.id}/{asset.key}"
    expires = int(time.time()) + state.settings.url_lifetime
    query = {
        "sp": "r",
        "se": str(expires),
        "sr": "b",
        "rscd": f"attachment; filename={asset.name}",
        "rsct": asset.content_type,
        "sig": sign(path, expires),
    }
    return f"{request.storage}{path}?{urlencode(query, quote_via=quote)}"


def archive_url(request: Request, repository: Repository, form: str, ref: str) -> str:
    """Return the address of an archive of the files at a ref."""
    path = f"/{repository.full_name}/{form}/{quote(ref)}"
    token = f"?token={sign(path, 0)}" if repository.private else ""
    return f"{request.storage}{path}{token}"


def raw_url(request: Request, repository: Repository, ref: str, file: str) -> str:
    """Return the address of a file's bytes."""
    path = f"/raw/{repository.full_name}/{quote(ref)}/{quote(file)}"
    token = f"?token={sign(path, 0)}" if repository.private else ""
    return f"{request.storage}{path}{token}"


def answer_storage(state: State, request: Request) -> Answer:
    """Answer a request for a file."""
    request.body.drain()
    if request.method not in {"GET", "HEAD"}:
        return _trouble(405, "UnsupportedHttpVerb")
    if request.headers.get("Authorization"):
        return _trouble(401, "InvalidAuthenticationInfo")
    try:
        if request.path.startswith(f"{_FOLDER}/"):
            return _asset(state, request)
        if request.path.startswith("/raw/"):
            return _raw(state, request)
        return _archive(state, request)
    except RefusedError as refused:
        return refused.answer


def _asset(state: State, request: Request) -> Answer:
    request.entry.route = "GET asset"
    query = request.query
    expires = int(query.get("se", "0"))
    if not hmac.compare_digest(query.get("sig", ""), sign(request.path, expires)):
        return _trouble(403, "AuthenticationFailed")
    if expires < time.time():
        return _trouble(403, "AuthenticationFailed")
    key = request.path.rsplit("/", 1)[-1]
    asset = next((a for a in state.assets() if a.key == key), None)
    if asset is None or asset.state != "uploaded":
        return _trouble(404, "BlobNotFound")
    changed = "changed" in request.faults
    return _ranged(asset, request, changed=changed).plus(
        Content_Disposition=query.get("rscd", "attachment"),
        Content_Type=query.get("rsct", "application/octet-stream"),
    )


def whole(asset: Asset) -> Answer:
    """Answer with all of an asset."""
    stream = _stream(asset, 0, asset.size, changed=False)
    return Answer(200, stream, {"Content-Type": "application/octet-stream"})


def _ranged(asset: Asset, request: Request, *, changed: bool) -> Answer:
    etag = f'"0x{hashlib.sha256(f"{asset.key}{changed}".encode()).hexdigest()[:15].upper()}"'
    headers = {
        "ETag": etag,
        "Last-Modified": formatdate(asset.updated_at.timestamp(), usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if etag in request.headers.get("If-None-Match", ""):
        return Answer(304, b"", headers)
    span = None if "no-ranges" in request.faults else wanted(request, asset, etag)
    if span is None:
        return Answer(200, _stream(asset, 0, asset.size, changed=changed), headers)
    start, end = span
    if start >= end:
        trouble = _trouble(416, "InvalidRange")
        return trouble.plus(Content_Range=f"bytes */{asset.size}")
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{asset.size}"
    return Answer(206, _stream(asset, start, end - start, changed=changed), headers)


def wanted(request: Request, asset: Asset, etag: str) -> tuple[int, int] | None:
    """Return start and end of the range that is asked for; None for all."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", "").strip())
    if not found or found[0] == "bytes=-" or not _is_same(request, asset, etag):
        return None
    first, last = found[1], found[2]
    if not first:
        return max(asset.size - int(last), 0), asset.size
    end = min(int(last) + 1, asset.size) if last else asset.size
    return int(first), end


def _is_same(request: Request, asset: Asset, etag: str) -> bool:
    condition = request.headers.get("If-Range")
    if condition is None or condition == etag:
        return True
    try:
        return parsedate_to_datetime(condition) == asset.updated_at
    except ValueError:
        return False


def _stream(asset: Asset, start: int, length: int, *, changed: bool) -> Stream:
    def pieces() -> Iterator[bytes]:
        for piece in _read(asset.content, start, length):
            yield bytes(byte ^ 0xFF for byte in piece) if changed else piece

    return Stream(pieces, length)


def _read(content: bytes | Path, start: int, length: int) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content[start : start + length]
        return
    with content.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(PIECE, length))):
            length -= len(piece)
            yield piece


def _repository(state: State, request: Request, owner: str, name: str) -> Repository:
    repository = state.repository(f"{unquote(owner)}/{unquote(name)}")
    token = parse_qs(request.query_text).get("token", [""])[0]
    if repository is None or (repository.private and token != sign(request.path, 0)):
        raise RefusedError(html("404: Not Found", 404))
    return repository


def _raw(state: State, request: Request) -> Answer:
    request.entry.route = "GET raw"
    _, _, owner, name, rest = request.path.split("/", 4)
    repository = _repository(state, request, owner, name)
    parts = unquote(rest).split("/")
    for cut in range(1, len(parts)):
        ref, path = "/".join(parts[:cut]), "/".join(parts[cut:])
        sha = repository.git.file(ref, path)
        if sha:
            kind = {"Content-Type": "application/octet-stream", "ETag": f'"{sha}"'}
            return Answer(200, repository.git.content(sha), kind)
    raise RefusedError(html("404: Not Found", 404))


def _archive(state: State, request: Request) -> Answer:
    request.entry.route = "GET archive"
    found = re.fullmatch(r"/([^/]+)/([^/]+)/(legacy\.)?(tar\.gz|zip)/(.+)", request.path)
    if not found:
        return html("404: Not Found", 404)
    repository = _repository(state, request, found[1], found[2])
    ref = unquote(found[5])
    sha = repository.git.sha(ref)
    if sha is None:
        return html("404: Not Found", 404)
    short = ref.removeprefix("refs/tags/").removeprefix("refs/heads/").replace("/", "-")
    name = f"{repository.name}-{short}"
    if found[3]:
        name = f"{repository.owner.login}-{repository.name}-{sha[:7]}"
    kind = "application/x-gzip" if found[4] == "tar.gz" else "application/zip"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename={name}.{found[4]}",
        "ETag": f'"{sha}"',
    }
    return Answer(200, Stream(lambda: repository.git.archive(sha, name, found[4])), headers)


def _trouble(status: int, code: str) -> Answer:
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return Answer(
        status, text.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code}
    )
