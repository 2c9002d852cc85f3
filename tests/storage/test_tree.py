"""Trees: the same files and folders in each kind of storage."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from build import write_zip
from hypothesis import given
from hypothesis import strategies as st
from model_lint.errors import UsageError
from model_lint.models.target import load_target
from model_lint.storage import folder as folder_module
from model_lint.storage.folder import FolderTree
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import (
    BlockedError,
    DamagedError,
    LimitError,
    TreeError,
    read_bytes,
)
from model_lint.storage.zip import ZipTree, open_zip

FILES = {"a/b/c.txt": b"123", "a/d.txt": b"", "e.txt": b"x" * 100_000}


def of(path: Path) -> ZipTree:
    return open_zip(of_bytes(path.read_bytes()))


def folder(root: Path, files: dict[str, bytes]) -> FolderTree:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return FolderTree(root)


def test_a_zip_and_a_folder_list_the_same(tmp_path: Path) -> None:
    stored = folder(tmp_path / "root", FILES)
    zipped = of(write_zip(tmp_path / "x.zip", FILES.items()))
    for tree in (stored, zipped):
        assert {path: entry.size for path, entry in tree.files.items()} == {
            path: len(data) for path, data in FILES.items()
        }
        assert tree.folders == {"": ("a", "e.txt"), "a": ("b", "d.txt"), "a/b": ("c.txt",)}
        assert {path: read_bytes(tree, path, 10**6) for path in FILES} == FILES
        assert tree.bytes_read >= sum(map(len, FILES.values()))


def test_empty_folders_are_listed(tmp_path: Path) -> None:
    (tmp_path / "root" / "x" / "y").mkdir(parents=True)
    expected = {"": ("x",), "x": ("y",), "x/y": ()}
    assert FolderTree(tmp_path / "root").folders == expected
    assert of(write_zip(tmp_path / "x.zip", [("x/y/", b"")])).folders == expected


def test_git_is_no_part_of_a_folder(tmp_path: Path) -> None:
    assert set(folder(tmp_path, {".git/config": b"", "a": b""}).files) == {"a"}


@given(st.lists(st.text("ab./", min_size=1, max_size=9), max_size=8))
def test_paths_are_where_zipfile_extracts(names: list[str]) -> None:
    """The path of a member is where Python puts it, for every name."""
    import tempfile
    import warnings

    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name in names:
            archive.writestr(name, b"")
    tree = open_zip(of_bytes(out.getvalue()))
    archive = zipfile.ZipFile(out)
    for member, info in zip(tree.members, archive.infolist(), strict=True):
        with tempfile.TemporaryDirectory() as root:
            try:
                made = archive.extract(info, root)
            except (IsADirectoryError, FileNotFoundError, ValueError):
                assert not member.path
                continue
            assert os.path.relpath(made, root) == (member.path or ".")


def test_a_part_of_a_stored_member_is_read_without_the_rest(tmp_path: Path) -> None:
    tree = of(write_zip(tmp_path / "x.zip", [("big", bytes(5_000_000)), ("y", b"z")]))
    assert tree.files["big"].random_access
    before = tree.bytes_read
    with tree.open("big") as stream:
        stream.seek(4_999_990)
        assert stream.read() == bytes(10)
        stream.seek(-3, io.SEEK_END)
        assert stream.read(10) == bytes(3)
        with pytest.raises(OSError, match="before the start"):
            stream.seek(-1)
    assert tree.bytes_read - before < 50_000


def test_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    tree = of(write_zip(tmp_path / "x.zip", [("a", bytes(2**20 + 1))]))
    with pytest.raises(TreeError, match=r"genuine file: 1\.05 MB, the limit is 1\.05 MB"):
        read_bytes(tree, "a", 2**20)
    assert read_bytes(tree, "a", 2**20 + 1) == bytes(2**20 + 1)


def test_damaged_members_are_told_apart(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", [("a", b"12345678")])
    path.write_bytes(path.read_bytes().replace(b"12345678", b"12345679"))
    with pytest.raises(DamagedError, match="CRC"):
        read_bytes(of(path), "a", 100)


def test_blocked_members_are_told_apart(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a")
    info.external_attr = 0o120777 << 16
    tree = of(write_zip(tmp_path / "x.zip", [(info, b"target")]))
    with pytest.raises(BlockedError, match="not a regular file"):
        read_bytes(tree, "a", 100)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6" + bytes(17), b"x" * 1000])
def test_no_zip_is_an_error_with_a_reason(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(TreeError, match=r"\w"):
        of(tmp_path / "x.zip")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_zip_or_a_tree_error(data: bytes) -> None:
    try:
        open_zip(of_bytes(b"PK\3\4" + data + b"PK\5\6" + data[:18].ljust(18, b"\0")))
    except TreeError:
        return


def test_limits_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_ENTRIES", 5)
    with pytest.raises(LimitError, match="more than 5 files"):
        _ = folder(tmp_path / "a", {f"x{n}": b"" for n in range(6)}).files
    with pytest.raises(UsageError, match="more than 5 files"):
        load_target(str(folder(tmp_path / "t__p__2d", {f"fold_{n}/x": b"" for n in range(6)}).root))


def test_deep_folders_are_refused(tmp_path: Path) -> None:
    tree = folder(tmp_path, {"/".join("a" * 40): b""})
    with pytest.raises(LimitError, match="folders nested"):
        _ = tree.files


def test_loops_of_links_end(tmp_path: Path) -> None:
    tree = folder(tmp_path / "root", {"a/b/c": b""})
    (tmp_path / "root/a/up").symlink_to(tmp_path / "root/a")
    (tmp_path / "root/a/b/top").symlink_to(tmp_path)
    (tmp_path / "root/a/broken").symlink_to(tmp_path / "nowhere")
    assert set(tree.files) == {"a/b/c"}


def test_links_to_what_is_inside_are_followed(tmp_path: Path) -> None:
    tree = folder(tmp_path / "root", {"other/c": b"1", "other/d/e": b"2"})
    (tmp_path / "root/file").symlink_to(tmp_path / "root/other/c")
    (tmp_path / "root/dir").symlink_to("other/d")
    assert {path: read_bytes(tree, path, 9) for path in tree.files} == {
        "dir/e": b"2",
        "file": b"1",
        "other/c": b"1",
        "other/d/e": b"2",
    }
    assert tree.special == {}


def test_what_is_no_plain_file_inside_is_never_opened(tmp_path: Path) -> None:
    folder(tmp_path / "other", {"c": b"1", "d/e": b"2"})
    tree = folder(tmp_path / "root", {"a": b""})
    (tmp_path / "root/file").symlink_to(tmp_path / "other/c")
    (tmp_path / "root/dir").symlink_to("../other/d")
    (tmp_path / "root/device").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "root/pipe")
    assert set(tree.files) == {"a"}
    assert set(tree.special) == {"device", "dir", "file", "pipe"}
