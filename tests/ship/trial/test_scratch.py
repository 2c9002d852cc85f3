"""The temporary folder goes away, whatever was written into it."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path

import pytest
from model_lint.ship.trial.scratch import MAX_FILES, hidden, remove, scratch, used


def test_everything_in_it_is_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    with scratch() as folder:
        (folder / "file").write_bytes(b"x")
        (folder / "link").symlink_to(outside)
        (folder / "closed").mkdir()
        (folder / "closed" / "inside").mkdir()
        (folder / "closed" / "inside" / "x").touch()
        (folder / "closed" / "inside").chmod(0)
        (folder / "closed").chmod(0)
        (folder / ".1").mkdir()
        (folder / ".1" / ".2").mkdir()
    assert not folder.exists()
    assert (outside / "kept").exists()


def test_a_deeper_tree_than_a_path_can_name(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert used(folder, 1 << 30) > 1 << 30
    remove(folder)
    assert not folder.exists()


def test_what_is_used(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(bytes(100_000))
    assert 100_000 <= used(tmp_path, 10**9) < 200_000
    assert used(tmp_path, 50_000) > 50_000
    for number in range(MAX_FILES):
        (tmp_path / str(number)).touch()
    assert used(tmp_path, 10**9) > 10**9


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says what a process holds")
def test_what_no_folder_names(tmp_path: Path) -> None:
    def held() -> int:
        return hidden(os.getpid(), tmp_path, 10**9)

    named, gone = ((tmp_path / name).open("wb+") for name in ("named", "gone"))
    for file in (named, gone):
        file.write(bytes(100_000))
        file.flush()
    mapped = [mmap.mmap(file.fileno(), 4096) for file in (named, gone)]
    assert held() == 0
    (tmp_path / "gone").unlink()
    assert 100_000 <= held() < 200_000
    for file in (named, gone):
        file.close()
    assert 100_000 <= held() < 200_000  # Python keeps a mapped file open
    for one in mapped:
        one.close()
    assert held() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says what a process holds")
def test_what_is_only_mapped_counts_as_the_largest(tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    path = tmp_path / "a file"
    path.write_bytes(bytes(4096))
    with path.open("rb") as file:
        size, start = ctypes.c_size_t(4096), ctypes.c_long(0)
        place = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), start)
    assert hidden(os.getpid(), tmp_path, 10**9) == 0
    path.unlink()
    assert hidden(os.getpid(), tmp_path, 10**9) == 10**9
    assert hidden(os.getpid(), tmp_path / "elsewhere", 10**9) == 0
    libc.munmap(ctypes.c_void_p(place), size)
    assert hidden(os.getpid(), tmp_path, 10**9) == 0


def test_a_failure_removes_it_too() -> None:
    with pytest.raises(KeyboardInterrupt), scratch() as folder:
        raise KeyboardInterrupt
    assert not folder.exists()
