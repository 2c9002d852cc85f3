"""The archive of a commit, as GitHub sends it: of what comes in, only the wanted texts are kept."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import time
import zlib
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Protocol

import requests
from urllib3.exceptions import HTTPError

from ..errors import UsageError
from .http import USER_AGENT, cause
from .limits import MAX_SCRIPT_BYTES

if TYPE_CHECKING:
    from typing_extensions import Buffer

_TIMEOUT = (10, 30)
_ATTEMPTS = 3
#: Seconds that an archive may take, plus one for each of these bytes of its files.
_PATIENCE, _SLOWEST = 60, 100_000
#: Bytes of an archive in addition to its files: headers and padding, for each of up to 100,000.
_OVERHEAD = 100_000 * 2048
_BLOCK = 1 << 16


def read_archive(
    about: str, url: str, wanted: Mapping[str, str], total: int
) -> tuple[dict[str, bytes], int]:
    """Read the beginnings of files from an archive, and count the bytes that were sent.

    A file whose content is not that of its name in git is left out.

    Args:
        about: what is read, for messages.
        url: the address of the archive, which needs no token.
        wanted: the files, each with the name of its content in git.
        total: bytes of all files in the archive.

    Raises:
        UsageError: the server does not send it, begins with ``about``.
    """
    left = _ATTEMPTS
    while True:
        left -= 1
        try:
            return _try(url, wanted, total)
        except tarfile.TarError as error:
            raise UsageError(f"{about}: GitHub sends a damaged archive ({error})") from error
        except (requests.RequestException, HTTPError, OSError, EOFError, zlib.error) as error:
            if not left:
                reason = cause(error) if isinstance(error, requests.RequestException) else error
                raise UsageError(
                    f"{about}: GitHub does not send its files ({reason}); try again later"
                ) from error


def _try(url: str, wanted: Mapping[str, str], total: int) -> tuple[dict[str, bytes], int]:
    found: dict[str, bytes] = {}
    with requests.get(
        url, headers={"User-Agent": USER_AGENT}, stream=True, timeout=_TIMEOUT
    ) as answer:
        answer.raise_for_status()
        sent = _Bounded(answer.raw, total + _OVERHEAD, total)
        unpacked = _Bounded(gzip.GzipFile(fileobj=sent), total + _OVERHEAD, total)
        with tarfile.open(fileobj=unpacked, mode="r|") as archive:
            for member in archive:
                sha = wanted.get(member.name.partition("/")[2])
                content = archive.extractfile(member) if sha and member.isreg() else None
                if sha and content:
                    beginning, name = _read(content, member.size)
                    if name == sha:
                        found[sha] = beginning
    return found, sent.count


def _read(stream: IO[bytes], size: int) -> tuple[bytes, str]:
    """Return the beginning of a file, and the name that git gives to its content."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    beginning = b""
    while block := stream.read(_BLOCK):
        digest.update(block)
        beginning += block[: MAX_SCRIPT_BYTES - len(beginning)]
    return beginning, digest.hexdigest()


class _Readable(Protocol):
    def read(self, length: int, /) -> bytes: ...


class _Bounded(io.RawIOBase):
    """A stream that ends with an error after so many bytes, or so much time."""

    def __init__(self, stream: _Readable, limit: int, total: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit
        self._end = time.monotonic() + _PATIENCE + total / _SLOWEST
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        if self.count > self._limit:
            raise tarfile.ReadError("it is larger than the files that it should have")
        if time.monotonic() > self._end:
            raise OSError("it comes too slowly")
        return len(data)
