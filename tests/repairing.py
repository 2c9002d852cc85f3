"""Repairing packages: the genuine one with changes, and what became of it."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from build import (
    TRAINER,
    Change,
    Files,
    findings,
    genuine,
    inside,
)
from model_lint.cli import main
from model_lint.rules import all_rules

FIXED = "model_seg_sc-gm_t2star-r20261123.fixed.zip"


FINAL = f"{TRAINER}/fold_0/checkpoint_final.pth"


#: In a change, the training log of the genuine model.
LOG = next(path.removeprefix(f"{TRAINER}/") for path in genuine() if path.endswith(".txt"))


def check(*arguments: str | Path) -> int:
    return main(["check", *map(str, arguments)])


def contents(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def beside(change: Files) -> Change:
    """Add entries anywhere."""
    return lambda files: files.update(change)


def wrapped(names: list[str]) -> Change:
    def change(files: Files) -> None:
        for name in reversed(names):
            inside(name)(files)

    return change


def codes(path: Path, *, weights: bool = False) -> set[str]:
    return {f.code for f in findings(path, weights=weights)}


REPAIRABLE = {rule.code for rule in all_rules() if rule.repair}
