"""What is kept between runs: complete, readable by nobody else, and never in the way."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from model_lint.storage.kept_files import KeptFiles

NAME = "0123456789abcdef"


@pytest.fixture
def kept(tmp_path: Path) -> KeptFiles:
    return KeptFiles(tmp_path / "kept")


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_what_is_written_is_read(kept: KeptFiles) -> None:
    assert kept.read(NAME) is None
    kept.write(NAME, b"one")
    kept.write(NAME, b"two\n\0")
    assert kept.read(NAME) == b"two\n\0"
    assert kept.read(NAME[::-1]) is None


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:0], lambda b: b"y" + b[1:]]
)
def test_what_is_damaged_is_not_kept(
    kept: KeptFiles, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    kept.write(NAME, b"content")
    path = only_file(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    assert kept.read(NAME) is None
    kept.write(NAME, b"content")
    assert kept.read(NAME) == b"content"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_only_the_user_reads_it(kept: KeptFiles, tmp_path: Path) -> None:
    kept.write(NAME, b"private")
    path = only_file(tmp_path)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_can_not_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    kept = KeptFiles(tmp_path / "file")
    kept.write(NAME, b"content")
    kept.prune()
    assert kept.read(NAME) is None


def test_what_was_not_used_for_long_is_removed(kept: KeptFiles, tmp_path: Path) -> None:
    long_ago = time.time() - 61 * 24 * 3600
    for name in ("00old", "00used", "00new"):
        kept.write(name, b"x")
        if name != "00new":
            os.utime(tmp_path / "kept" / "00" / name[2:], (long_ago, long_ago))
    assert kept.read("00used") == b"x"  # from now on it counts as used
    kept.prune()
    assert [kept.read(name) for name in ("00old", "00used", "00new")] == [None, b"x", b"x"]


def test_several_write_at_once(kept: KeptFiles) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=kept.write, args=(NAME, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.read(NAME) in contents
