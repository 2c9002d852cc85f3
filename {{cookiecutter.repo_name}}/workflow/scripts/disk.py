"""Disks that are full: which one, how much is needed, and what was kept.

nnU-Net does not say that a disk is full: it reports the end of a background worker.
"""

from __future__ import annotations

import errno
import math
import tempfile
from pathlib import Path
from typing import Any

from model_lint.nnunet.networks import network
from model_lint.nnunet.plans import resolve

from common import read_json
from settings import Settings

_PROBE = 4 << 20
"""Bytes that must be writable after a failure, or the disk counts as full."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def explained(error: Exception, work: Path, needed: int | None, kept: str) -> Exception:
    """Return an error, or the one about the full disk that is its cause.

    Args:
        error: the error.
        work: the work folder.
        needed: about how many bytes the step needs there, if known.
        kept: what the next run continues from.
    """
    for folder in (work, Path(tempfile.gettempdir()), Path("/dev/shm")):  # noqa: S108
        is_known = folder == work and isinstance(error, OSError) and error.errno in _FULL
        if is_known or (folder.is_dir() and is_full(folder)):
            about = f"; the step needs about {size_text(needed)} there" if needed else ""
            where = about if folder == work else "; set TMPDIR to another folder"
            return RuntimeError(
                f"the disk of {folder} is full{where}. Kept: {kept}. Free some space, or set work "
                "in config.yaml to another disk, and run the same command again"
            )
    return error


def is_full(folder: Path) -> bool:
    """Return whether a few megabytes can't be written; quotas count too."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
            file.flush()
    except OSError as error:
        return error.errno in _FULL
    return False


def preprocessing_bytes(settings: Settings) -> int | None:
    """Return about how many bytes the preprocessed data need; None if it isn't planned yet."""
    plans = _plans(settings)
    if plans is None:
        return None
    fingerprint = read_json(settings.preprocessed / "dataset_fingerprint.json")
    target = plans["spacing"]
    channels = len(plans.get("normalization_schemes", [0]))
    total = 0.0
    for shape, spacing in zip(
        fingerprint["shapes_after_crop"], fingerprint["spacings"], strict=True
    ):
        pairs = list(zip(shape, spacing, strict=True))[-len(target) :]
        resampled = math.prod(n * old / new for (n, old), new in zip(pairs, target, strict=True))
        slices = shape[0] if len(target) < len(shape) else 1
        total += resampled * slices * (4 * channels + 2)
    return round(total)


def training_bytes(settings: Settings) -> int | None:
    """Return about how many bytes the checkpoints of a fold need; None if that isn't known."""
    plans = _plans(settings)
    found = None if plans is None else network(plans)
    if found is None:
        return None
    weights = found._replace(unit=None).weights(channels=1, heads=2)
    # Weights and momentum, in each of three checkpoints and in one that is being written.
    return 4 * 8 * sum(math.prod(shape) for shape in weights.values())


def _plans(settings: Settings) -> dict[str, Any] | None:
    path = settings.preprocessed / f"{settings.nnunet.plans_name}.json"
    if not path.is_file():
        return None
    found = resolve(read_json(path), settings.nnunet.configuration)
    return found if isinstance(found, dict) else None


def size_text(number: int) -> str:
    """Return a number of bytes for people."""
    return f"{number / 1e9:.1f} GB" if number >= 1e8 else f"{max(1, round(number / 1e6))} MB"
