"""What a run recorded about itself, for the model card.

Only numbers, versions and the names of devices: no names of subjects, machines, users or folders.
What was not recorded is None or empty.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from common import read_json
from settings import Settings


@dataclass(frozen=True)
class Fold:
    """The training of one fold."""

    name: str
    epochs: str
    hours: float
    device: str
    torch: str
    validation_dice: float | None
    """Mean over the labels and the cases that the fold was not trained on."""


def read_folds(settings: Settings) -> list[Fold]:
    """Return what nnU-Net recorded about each fold."""
    return [_fold(settings.model / f"fold_{name}", name) for name in settings.nnunet.folds]


def _fold(folder: Path, name: str) -> Fold:
    debug = read_record(folder / "debug.json")
    summary = read_record(folder / "validation" / "summary.json")
    dice = summary.get("foreground_mean", {}).get("Dice")
    device = str(debug.get("gpu_name") or debug.get("device", ""))
    return Fold(
        name=name,
        epochs=str(debug.get("num_epochs", "")),
        hours=sum(map(_seconds, folder.glob("training_log_*.txt"))) / 3600,
        device="CPU" if device == "cpu" else device,
        torch=str(debug.get("torch_version", "")),
        validation_dice=float(dice) if isinstance(dice, float) and np.isfinite(dice) else None,
    )


def _seconds(log: Path) -> float:
    text = log.read_text(encoding="utf-8", errors="replace")
    return sum(map(float, re.findall(r"Epoch time: (\d+(?:\.\d+)?) s", text)))


def read_record(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file; nothing if it is missing or unreadable."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def configuration(settings: Settings) -> dict[str, Any]:
    """Return nnU-Net's plan of the configuration that was trained."""
    plans = read_record(settings.model / "plans.json")
    return dict(plans.get("configurations", {}).get(settings.nnunet.configuration, {}))


def spacings(settings: Settings) -> np.ndarray:
    """Return the voxel sizes of the training images in mm, one row each, in the image's axes."""
    found = read_record(settings.preprocessed / "dataset_fingerprint.json").get("spacings", [])
    return np.array(found, float).reshape(-1, 3)[:, ::-1]


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of installed packages."""
    found = {"Python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(folder: Path) -> str:
    """Return the commit of a checkout, with a note if files have changed; empty without git."""
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head} with changes" if head and changed else head


def repository() -> Path:
    """Return the folder of this repository."""
    return Path(__file__).resolve().parents[2]


def data_commit(bids: Path) -> str:
    """Return the commit of a dataset that is a checkout of its own."""
    own, code = (_git(path, "rev-parse", "--show-toplevel") for path in (bids, repository()))
    return commit(bids) if own != code else ""


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - nothing in the arguments is from outside
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is found on the path
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
