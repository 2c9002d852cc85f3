"""Upload an asset from disk, with a progress bar."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import requests
from github.GitRelease import GitRelease
from github.Requester import Requester

from ...errors import UsageError
from ...models.target import Watch
from ...storage.github import Bearer, Hub
from ...storage.http import USER_AGENT
from .wanted import Asset

#: Seconds until a connection is made, and until GitHub answers after the last byte.
_TIMEOUT = (30, 300)
#: Bytes that are read at once.
_BLOCK = 1 << 18


def upload(hub: Hub, release: GitRelease, asset: Asset, watch: Watch) -> None:
    """Send an asset in one request.

    Raises the errors of requests, GithubException, and UsageError if it can't be read.
    """
    with _opened(asset) as stream, watch(asset.name, asset.size) as advance:
        answer = requests.post(
            release.upload_url.partition("{")[0],
            params={"name": asset.name},
            data=_Watched(stream, asset.size, advance),
            headers={
                "Accept": "application/vnd.github+json",
                "Content-Type": asset.content_type,
                "User-Agent": USER_AGENT,
            },
            auth=Bearer(hub.token),
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
    if answer.status_code != requests.codes.created:
        raise Requester.createException(answer.status_code, dict(answer.headers), _data(answer))


def _opened(asset: Asset) -> BinaryIO:
    if isinstance(asset.source, bytes):
        return io.BytesIO(asset.source)
    return _file(asset.source, asset.size)


def _file(path: Path, size: int) -> BinaryIO:
    try:
        if path.stat().st_size == size:
            return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    raise UsageError(f"{path}: its size has changed since it was linted; run again")


def _data(answer: requests.Response) -> dict[str, object]:
    try:
        data = answer.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


class _Watched:
    """A stream of a known length that says how much of it was read."""

    def __init__(self, stream: BinaryIO, size: int, advance: Callable[[int], object]) -> None:
        self._stream = stream
        self._size = size
        self._advance = advance

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(_BLOCK if size < 0 else min(size, _BLOCK))
        self._advance(len(data))
        return data
