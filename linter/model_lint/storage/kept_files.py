"""Files that are kept between runs in the user's cache folder; all of them can be made again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

#: Days after which a file that was not used is removed.
_DAYS = 60
_DIGEST = hashlib.sha256().digest_size


class KeptFiles:
    """A folder of files by name. What is damaged, or can't be read or written, is not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """Return what was kept under a name; None if there is nothing, or it is damaged."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, content = data[:_DIGEST], data[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def write(self, name: str, content: bytes) -> None:
        """Keep something under a name: all of it or, if the disk is full, nothing."""
        path = self._path(name)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Only the user reads it: it may be about private repositories.
            number, temporary = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                Path(temporary).replace(path)
            except OSError:
                Path(temporary).unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove what was not used for long, and what interrupted runs have left."""
        oldest = time.time() - _DAYS * 24 * 3600
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name[2:]
