"""What the files of a fold say of its training: epochs, runs, and nnU-Net's own validation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..checkpoint.model import Checkpoint

_LOG = re.compile(r"training_log_([\d_]+)\.txt")
#: Lines of nnU-Net's log; numpy 2 may write ``np.float64(0.9)``.
_EPOCH = re.compile(r"(?m)^\S+ \S+: Epoch (\d{1,6}) ?$")
_DICE = re.compile(r"Mean Validation Dice: +(?:np\.float\d+\()?(\d\.\d+|[01])\b")
_PLANNED = re.compile(r'"num_epochs": "(\d{1,6})"')
_TORCH = re.compile(r'"torch_version": "([\w.+-]+)"')


class Training(NamedTuple):
    """The training of one fold; None where nothing says so."""

    fold: str
    #: Epochs after which the checkpoint was written, and those that the trainer wanted.
    epochs: int | None = None
    planned: int | None = None
    #: How often it was started: once more for each time that it was resumed.
    runs: int = 0
    #: nnU-Net's mean Dice over the labels and the validation cases of the fold.
    dice: float | None = None
    #: The same for each label, by its value as ``summary.json`` writes it: ``1`` or ``(1, 2)``.
    by_label: Mapping[str, float] = {}
    #: The version of PyTorch; "" if nothing says so.
    torch: str = ""


def training_of(
    fold: str,
    texts: Mapping[str, str],
    checkpoint: Checkpoint | None = None,
    summary: str | None = None,
) -> Training:
    """Collect what is known of the training of a fold.

    Args:
        fold: the name of its folder.
        texts: ``debug.json`` and the logs by file name.
        checkpoint: its checkpoint; a reduced one does not know the epoch, so the log is asked.
        summary: ``validation/summary.json``.
    """
    logs = [texts[name] for name in sorted(filter(_LOG.fullmatch, texts), key=_started)]
    trained = [log for log in logs if _EPOCH.search(log)]  # others are of a validation alone
    finished = bool(trained) and "Training done." in trained[-1]
    logged = int(_EPOCH.findall(trained[-1])[-1]) + 1 if finished else None
    debug = texts.get("debug.json", "")
    planned, torch = _PLANNED.search(debug), _TORCH.search(debug)
    dice = [found for log in logs for found in _DICE.findall(log)]
    return Training(
        fold,
        _epoch(checkpoint) or logged,
        int(planned[1]) if planned else None,
        len(trained),
        float(dice[-1]) if dice else None,
        _by_label(summary),
        torch[1] if torch else "",
    )


def _started(name: str) -> list[int]:
    """Return the time at which a log was begun; nnU-Net writes its parts without leading zeros."""
    return [int(part) for part in re.findall(r"\d+", name)]


def _epoch(checkpoint: Checkpoint | None) -> int | None:
    epoch = checkpoint.content.get("current_epoch") if checkpoint else None
    return epoch if type(epoch) is int else None


def _by_label(summary: str | None) -> dict[str, float]:
    """Return the Dice of each label in a ``summary.json``; empty if it is not one."""
    try:
        content: Any = json.loads(summary or "{}")
        found = {label: scores["Dice"] for label, scores in content.get("mean", {}).items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {label: dice for label, dice in found.items() if isinstance(dice, float | int)}
