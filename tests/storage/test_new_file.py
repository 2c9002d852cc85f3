"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from model_lint.errors import Stopped
from model_lint.storage.new_file import TEMPORARY, folder_beside, put_in_place, stoppable


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


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "new").write_bytes(b"new")
    put_in_place(tmp_path / "new", tmp_path / "x.zip", replace=False)
    assert (tmp_path / "x.zip").read_bytes() == b"new"


def test_a_signal_is_an_exception_for_as_long_as_asked() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
