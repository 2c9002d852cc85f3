"""What to adopt, and what the user knows of it that the old package does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: Values of ``--plans`` and ``--dataset`` besides the path of a file: the copy in the checkpoint,
#: with which the model was trained, or the file in the package, with which it predicts now.
TRAINED, KEPT = "trained", "kept"


@dataclass(frozen=True)
class AdoptRequest:
    """How to adopt. A value that is not given is taken from the old package, if it says it."""

    #: The old packages, as `load_targets` takes them; several are the folds of one model.
    sources: tuple[str, ...]
    #: The folder to write to.
    output: Path
    #: SCT's three letters.
    orientation: str | None = None
    #: New names of labels by their old names.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Source of a custom trainer.
    trainer_class: Path | None = None
    #: The name that its class gets, which SCT finds.
    trainer: str | None = None
    #: ``plans.json`` and ``dataset.json``: TRAINED, KEPT or the path of a file.
    plans: str | None = None
    dataset: str | None = None
    fingerprint: Path | None = None
    #: Names of fold folders (``fold_0``).
    folds: tuple[str, ...] | None = None
    #: The checkpoint of folds that have no ``checkpoint_final.pth``.
    checkpoint: str | None = None
    #: The trainer folder's path in the package, if it contains several.
    model: str | None = None
    #: Whether the trainer folder is put into ``DatasetNNN_NAME/``; None for as it is now.
    dataset_layout: bool | None = None
    #: Whether the package must be small enough for a release on GitHub.
    for_github: bool = True


class Question(Exception):  # noqa: N818 - not an error, but something to ask for
    """Something that the old package does not say: one line, with the option that says it."""
