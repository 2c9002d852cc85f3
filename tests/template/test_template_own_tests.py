"""The generated repository's own tests pass, for repositories of different kinds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from template.support import Answers, bake, files, run

KINDS: dict[str, Answers] = {
    "default": {},
    "regions": {
        "anatomy": "sc-lesion",
        "labels": "sc=1+2, lesion=2",
        "architecture": "unet3d",
        "image_orientation": "LAS",
        "custom_trainer": "yes",
        "consumer": "both",
    },
    "channels": {"contrast": "t1-t2", "channels_as": "channels", "labels": "on=1, ignore=2"},
    "points": {"task": "label", "labels": "c3=1, c4=2"},
    "samples": {"contrast": "t1-t2", "channels": "acq-ax_T1w, T2w", "labels": "1=2, b=1+2"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_own_tests(kind: str, tmp_path: Path) -> None:
    made = bake(tmp_path / "output", **KINDS[kind])
    before = files(made)
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=made)
    assert done.returncode == 0, done.stdout
    assert " skipped" not in done.stdout
    left = {name for name in files(made) - before if "__pycache__" not in name}
    assert left == set()
