"""The packages that are given, and their tag."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from model_lint.errors import UsageError
from model_lint.ship.publish.packages import (
    choose_tag,
    read_assets,
    require_files,
    require_name,
)

TODAY = dt.date(2026, 11, 26)


@pytest.mark.parametrize(
    ("names", "given", "tag"),
    [
        (["model_seg-r20261123.zip"], None, "r20261123"),
        (["model_seg_r20261123.zip"], None, "r20261123"),
        (["model_seg-r20261123_fold0.zip", "model_seg-r20261123_fold1.zip"], None, "r20261123"),
        (["model_seg-r20261123.zip"], "r20261123", "r20261123"),
        (["model.zip"], "r20261123", "r20261123"),
        (["model_seg-r20261127.zip"], None, "r20261127"),  # it is the 27th somewhere
    ],
)
def test_the_tag(names: list[str], given: str | None, tag: str) -> None:
    assert choose_tag(tuple(map(Path, names)), given, TODAY) == tag


@pytest.mark.parametrize(
    ("names", "given", "said"),
    [
        (["model.zip"], None, "no tag in the package's name; give --tag"),
        (["model_seg-r20261123-r20261124.zip"], None, "no tag in the package's name"),
        (["a-r20261123.zip", "b-r20261124.zip"], None, "their names have several tags"),
        (["model-r20261123.zip"], "r20261124", "its name says r20261123, not r20261124"),
        (["model.zip"], "v1.0", "v1.0: write r and the date"),
        (["model-r20261323.zip"], None, "r20261323: there is no such date"),
        (["model-r20261128.zip"], None, "r20261128: the date is in the future"),
        (["model-r22261128.zip"], None, "is the year right?"),
    ],
)
def test_a_wrong_tag(names: list[str], given: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_tag(tuple(map(Path, names)), given, TODAY)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("model_seg_t2-r20261123.zip", True),
        ("model_seg_t2_r20261123.zip", True),
        ("model_seg_t2-fold0-r20261123.zip", True),
        ("model_seg_t2-r20261123-fold0.zip", True),
        ("model_seg_t2-r20261123-foldall.zip", True),
        ("model_fold0.zip", True),
        ("anything-r20261123.zip", True),
        ("model_seg_t1-r20261123.zip", False),
        ("model_seg_t2star-r20261123.zip", False),
        ("model_seg_t1-r20261123-fold0.zip", False),
    ],
)
def test_the_repository_in_a_name(name: str, fits: bool) -> None:
    if fits:
        require_name([Path(name)], "lab/model_seg_t2")
        return
    with pytest.raises(UsageError, match="named after model_seg_t"):
        require_name([Path(name)], "lab/model_seg_t2")


def test_files(tmp_path: Path) -> None:
    good = tmp_path / "model-r20261123.zip"
    good.write_bytes(b"x")
    require_files((good,))
    odd = tmp_path / "model r20261123.zip"
    odd.write_bytes(b"x")
    large = tmp_path / "large-r20261123.zip"
    with large.open("wb") as stream:
        stream.truncate(2**31)
    text = tmp_path / "model.txt"
    text.write_bytes(b"x")
    for wrong, said in {
        (tmp_path / "nothing.zip",): "no such file",
        (tmp_path,): "not a file",
        (text,): "not a .zip",
        (odd,): "GitHub would rename it",
        (large,): "2.15 GB, and GitHub takes less than 2 GiB; pack one zip for each fold",
        (good, good): "given twice",
    }.items():
        with pytest.raises(UsageError, match=said):
            require_files(wrong)


def test_checksums_are_those_of_sha256sum(tmp_path: Path) -> None:
    paths = tuple(tmp_path / name for name in ("a-r20261123.zip", "b-r20261123.zip"))
    for path in paths:
        path.write_bytes(path.name.encode())
    *packages, sums = read_assets(paths)
    assert [asset.source for asset in packages] == [*paths]
    assert isinstance(sums.source, bytes)
    assert sums.source.decode() == "".join(f"{a.sha256}  {a.name}\n" for a in packages)
    assert sums.size == len(sums.source)
