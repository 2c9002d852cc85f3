"""Packing the test model: a trainer folder as a training leaves it, and what became of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from model_lint.cli import main

NAME = "model_seg_sc-gm_t2star"
TAG = "r20240915"
ZIP = f"{NAME}-{TAG}.zip"


def run(*words: str | Path, name: str | None = NAME, tag: str | None = TAG) -> int:
    named = ["--name", name] if name else []
    tagged = ["--tag", tag] if tag else []
    return main(["pack", *map(str, words), *named, *tagged])


def edit_json(path: Path, **values: Any) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data.update(values)
    data = {key: value for key, value in data.items() if value is not None}
    path.write_text(json.dumps(data, indent=4), encoding="utf-8")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}
