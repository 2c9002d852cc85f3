"""Zips that Python reads as they were meant."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from model_lint.storage import zip_format, zip_writer
from model_lint.storage.zip_writer import ZipWriter


def test_a_large_zip_has_64_bit_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_writer, "_LARGE", 10)
    with (tmp_path / "x.zip").open("wb") as stream:
        archive = ZipWriter(stream)
        for name in ("a/é.bin", "b.bin"):
            with archive.member(name, size_limit=11) as member:
                member.write(b"0123456789" * 200_000)
                member.write(b"x")
        archive.finish()
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert read.testzip() is None
        assert read.namelist() == ["a/é.bin", "b.bin"]
        assert read.read("b.bin") == b"0123456789" * 200_000 + b"x"
        assert [info.extract_version for info in read.infolist()] == [45, 45]


def test_many_members_have_a_64_bit_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_format, "MAX_16", 2)
    with (tmp_path / "x.zip").open("wb") as stream:
        archive = ZipWriter(stream)
        for name in "abc":
            with archive.member(name) as member:
                member.write(name.encode())
        archive.finish()
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert {name: read.read(name) for name in read.namelist()} == {
            "a": b"a",
            "b": b"b",
            "c": b"c",
        }
