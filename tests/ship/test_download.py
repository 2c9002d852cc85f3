"""Zips from a server are written to a disk that has room for them, and are what is stated."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from build import package
from model_lint.errors import UsageError
from model_lint.models.target import load_target
from model_lint.ship.download import download, require_room
from model_lint.storage.ranges import of_file
from model_lint.storage.zip import open_zip


def test_a_disk_without_room(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.zip: takes .*, but only .* make room there"):
        require_room("x.zip", 10**18, tmp_path)
    require_room("x.zip", 1, tmp_path)


@pytest.mark.parametrize("digest", ["", "sha256:0"])
def test_the_digest_that_is_stated(digest: str, tmp_path: Path) -> None:
    source, path = package(tmp_path), tmp_path / "copy.zip"
    target = load_target(str(source))
    told: list[int] = []
    watch = lambda _name, _size: contextlib.nullcontext(told.append)  # noqa: E731
    expected = pytest.raises(UsageError, match="another digest") if digest else None
    with source.open("rb", buffering=0) as raw, expected or contextlib.nullcontext():
        download(target._replace(digest=digest), open_zip(of_file(raw)), path, watch)
    assert path.read_bytes() == source.read_bytes()
    assert sum(told) == path.stat().st_size
