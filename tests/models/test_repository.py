"""The name of a checkout: given, of its remote, or of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_lint.models.repository import build_repository


def checkout(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ivadomed/model_seg_t2.git",
        "https://github.com/ivadomed/model_seg_t2",
        "https://github.com/ivadomed/model_seg_t2/",
        "git@github.com:ivadomed/model_seg_t2.git",
        "../model_seg_t2.git",
    ],
)
def test_the_remote_names_the_repository(tmp_path: Path, url: str) -> None:
    config = f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n\tfetch = +x\n'
    assert build_repository(checkout(tmp_path / "clone", config), None).name == "model_seg_t2"


@pytest.mark.parametrize(
    "config", ["", "[core]\n", '[remote "upstream"]\n\turl = https://github.com/a/other\n']
)
def test_else_its_folder_does(tmp_path: Path, config: str) -> None:
    assert (
        build_repository(checkout(tmp_path / "model_seg_t1", config), None).name == "model_seg_t1"
    )


def test_a_given_name_wins(tmp_path: Path) -> None:
    assert build_repository(tmp_path, "model_seg_t2star").name == "model_seg_t2star"
