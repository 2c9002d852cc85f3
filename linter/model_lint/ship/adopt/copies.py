"""Choose between ``plans.json`` and ``dataset.json``, and the copies of them in a checkpoint.

nnU-Net predicts with the files, and trained with what the copies say. Where a file was edited in
something that prediction reads, only the author knows which of them is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...models.json_file import JsonFile
from ...models.trainer_folder import TrainerFolder
from ...nnunet.training_copies import ABSENT, Difference, dataset_differences, plans_differences
from ...wording import listing, quote
from .changes import Edit, Remains
from .request import KEPT, TRAINED, Question

#: The option that decides, by file.
_OPTIONS = {"plans.json": "--plans", "dataset.json": "--dataset"}


@dataclass(frozen=True)
class Settled:
    """What becomes of a file: it stays, gets the content of the copy, or is taken from a path."""

    content: Mapping[str, Any] | None = None
    edits: tuple[Edit, ...] = ()
    taken: Path | None = None
    remains: tuple[Remains, ...] = ()


def settled_copy(
    name: str, wanted: str | None, file: JsonFile | None, trainer: TrainerFolder
) -> Settled:
    """Decide what becomes of a file.

    Args:
        name: ``plans.json`` or ``dataset.json``.
        wanted: TRAINED, KEPT, the path of a file, or None if the user says nothing.
        file: the file of the package; None if it is missing.
        trainer: its trainer folder.

    Raises:
        Question: the user has to decide.
        UsageError: the checkpoints have no copy of it.
    """
    if wanted not in {None, TRAINED, KEPT}:
        return Settled(taken=Path(str(wanted)))
    option, copy = _OPTIONS[name], _copy(name, trainer)
    if file is None or file.unreadable or not isinstance(file.value, dict):
        state = f"unreadable ({file.unreadable.reason})" if file and file.unreadable else "missing"
        if copy is None:
            raise Question(f"{name} is {state}: give {option} FILE, from the training's folder")
        codes = ("L007", "D001", "P001")
        return Settled(copy, (Edit(f"it was {state}: as in the checkpoint", codes),))
    if copy is None:
        if wanted == TRAINED:
            raise UsageError(f"{option} {TRAINED}: no checkpoint contains a copy of {name}")
        return Settled()
    found = _differences(name, file.object, copy, trainer)
    read = [difference for difference in found if difference.read]
    if wanted == TRAINED:
        return Settled(_as_trained(name, copy, file.object), _edits(found)) if found else Settled()
    if read and wanted is None:
        raise Question(
            f"{name} was changed after the training: {_shown(read)}; give {option} {TRAINED} to "
            f"predict with what it was trained with, or {option} {KEPT}"
        )
    return Settled(remains=_remaining(name, found, read, option))


def _copy(name: str, trainer: TrainerFolder) -> dict[str, Any] | None:
    for _, checkpoint in trainer.checkpoints:
        copy = checkpoint.plans if name == "plans.json" else checkpoint.dataset_json
        if copy:
            try:
                json.dumps(copy)
            except (TypeError, ValueError):  # not what nnU-Net puts there
                return None
            return copy
    return None


def _as_trained(name: str, copy: dict[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
    """Return the copy; training knows no orientation, which the file may say."""
    if name == "plans.json" or "image_orientation" not in file:
        return copy
    return {**copy, "image_orientation": file["image_orientation"]}


def _differences(
    name: str, file: dict[str, Any], copy: dict[str, Any], trainer: TrainerFolder
) -> list[Difference]:
    if name == "plans.json":
        return list(plans_differences(file, copy, trainer.configuration or ""))
    found = dataset_differences(file, copy)
    return [difference for difference in found if difference.name != "image_orientation"]


def _shown(differences: list[Difference]) -> str:
    first = differences[0]
    here = "missing" if first.here is ABSENT else quote(first.here)
    trained = "without it" if first.trained is ABSENT else f"with {quote(first.trained)}"
    more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
    return f"{quote(first.name)} is {here}, trained {trained}{more}"


def _edits(differences: list[Difference]) -> tuple[Edit, ...]:
    return tuple(Edit(f"as in the checkpoint: {_shown([one])}", ("C012",)) for one in differences)


def _remaining(
    name: str, found: list[Difference], read: list[Difference], option: str
) -> tuple[Remains, ...]:
    if read:
        return (Remains("C012", f"{name}: {_shown(read)}", f"{option} {TRAINED}"),)
    if found:
        names = listing(difference.name for difference in found)
        text = f"{name} differs from what it was trained with in {names}, which prediction ignores"
        return (Remains("C012", text, f"{option} {TRAINED}"),)
    return ()
