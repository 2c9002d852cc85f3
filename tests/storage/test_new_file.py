"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from model_lint.errors import Stopped, UsageError
from model_lint.storage.new_file import (
    TEMPORARY,
    folder_beside,
    put_all_in_place,
    put_in_place,
    stoppable,
)


def test_a_file_gets_its_name_when_it_is_finished(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    with folder_beside(target) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(TEMPORARY)
        (folder / "x.zip").write_bytes(b"new")
        put_in_place(folder / "x.zip", target, replace=False)
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Stopped(15), OSError(28, "full")])
def test_what_is_not_finished_is_removed(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)), folder_beside(tmp_path / "x.zip") as folder:
        (folder / "x.zip").write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_replaced_only_where_that_is_meant(tmp_path: Path) -> None:
    target, temporary = tmp_path / "x.zip", tmp_path / "new"
    target.write_bytes(b"precious")
    temporary.write_bytes(b"new")
    with pytest.raises(FileExistsError):
        put_in_place(temporary, target, replace=False)
    assert target.read_bytes() == b"precious"
    put_in_place(temporary, target, replace=True)
    assert target.read_bytes() == b"new"


def no_links(monkeypatch: pytest.MonkeyPatch, number: int = errno.EPERM) -> None:
    """Let there be no hard links."""

    def link(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_links(monkeypatch, number)
    (tmp_path / "new").write_bytes(b"new")
    put_in_place(tmp_path / "new", tmp_path / "x.zip", replace=False)
    assert (tmp_path / "x.zip").read_bytes() == b"new"


# Several files, all of them or none


def three(folder: Path) -> list[tuple[Path, Path]]:
    """New files for a, b and c; a is there already, b is not, and c is a folder."""
    (folder / "a").write_bytes(b"old")
    (folder / "c").mkdir()
    (folder / "c" / "inside").write_bytes(b"precious")
    (folder / ".new").mkdir()
    for name in "abc":
        (folder / ".new" / name).write_bytes(b"new")
    return [(folder / ".new" / name, folder / name) for name in "abc"]


@pytest.mark.parametrize("links", [True, False])
def test_several_files_get_their_names(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        no_links(monkeypatch)
    put_all_in_place(three(tmp_path)[:2], replace=True)
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"new", b"new"]


@pytest.mark.parametrize("links", [True, False])
def test_one_that_fails_puts_all_back(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = three(tmp_path)
    if not links:
        no_links(monkeypatch)
    with pytest.raises(IsADirectoryError):
        put_all_in_place(files, replace=True)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert not (tmp_path / "b").exists()
    assert (tmp_path / "c" / "inside").read_bytes() == b"precious"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Stopped(15)])
def test_a_signal_between_them_puts_all_back(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = three(tmp_path)[:2]
    replace = Path.replace

    def stopped(self: Path, target: Path) -> Path:
        done = replace(self, target)
        if target.name == "b":
            raise error
        return done

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(type(error)):
        put_all_in_place(files, replace=True)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert not (tmp_path / "b").exists()


def test_what_can_not_be_put_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def fails_the_second_time(self: Path, target: Path) -> Path:
        if self.name == "a.old":
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_the_second_time)
    with pytest.raises(UsageError) as raised:
        put_all_in_place(three(tmp_path), replace=True)
    assert str(raised.value) == (f"{tmp_path / 'a'}: new, and can't be taken back (Is a directory)")


def test_one_that_exists_takes_the_others_away_again(tmp_path: Path) -> None:
    a, b, _ = three(tmp_path)
    with pytest.raises(FileExistsError):
        put_all_in_place([b, a], replace=False)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert not (tmp_path / "b").exists()


def test_a_signal_is_an_exception_for_as_long_as_asked() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
