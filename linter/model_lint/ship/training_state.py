"""The copies of plans.json and dataset.json in a checkpoint, which name cases and machines."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..checkpoint.limits import ALONE
from ..checkpoint.model import Checkpoint, plain_dict
from ..privacy import find_leaks
from .json_files import clean
from .removed import NOTHING, Leaks

_COPIES = ("dataset_json", "plans")
#: Parts of a checkpoint that hold numbers alone, and the arguments, which are cleaned.
_SEARCHED_ALREADY = ("network_weights", "optimizer_state", "grad_scaler_state", "init_args")


class CleanState(NamedTuple):
    """The arguments of a trainer without leaks."""

    #: None if nothing was removed.
    init_args: dict[str, Any] | None = None
    removed: Leaks = NOTHING


def clean_state(checkpoint: Checkpoint) -> CleanState:
    """Remove leaks from the copies; what resuming or predicting reads is not changed."""
    arguments = checkpoint.init_args or {}
    copies = {key: arguments[key] for key in _COPIES if isinstance(arguments.get(key), dict)}
    cleaned = {key: clean(copy) for key, copy in copies.items()}
    removed = NOTHING.union(*(leaks for _, leaks in cleaned.values()))
    if not removed:
        return CleanState()
    return CleanState({**arguments, **{key: copy for key, (copy, _) in cleaned.items()}}, removed)


def remains(checkpoint: Checkpoint) -> bool:
    """Return whether something private is in what a trainer of its own puts into a checkpoint."""
    own = {k: v for k, v in checkpoint.content.items() if k not in _SEARCHED_ALREADY}
    return bool(find_leaks(json.dumps(plain_dict(own, ALONE.nodes), default=str)))
