"""What release notes say of a training, as Markdown: `pack` and `publish` write the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from ..privacy import scrub
from ..wording import count
from .pack import Packed
from .training import Training

#: The heading of the section; own notes with this heading replace the one that is generated.
TRAINING = "Training"


def pack_notes(packages: Sequence[Packed], nnunet: str) -> str:
    """Return notes on the packages of one model: how it was trained, and their digests.

    ``nnunet`` is the version of nnU-Net with which it was trained; "" if it is not known.
    """
    gathered = packages[0].gathered
    dataset = json.loads((gathered.folder / "dataset.json").read_text(encoding="utf-8"))
    trainer, plans, configuration = gathered.folder.name.split("__")
    facts = [
        f"Trainer `{trainer}`, plans `{plans}`, configuration `{configuration}`",
        f"nnU-Net {nnunet}" if nnunet else "",
        *(f"PyTorch `{torch}`" for torch in {t.torch: 0 for t in gathered.trainings} if torch),
        _data(dataset),
    ]
    parts = (
        f"## {TRAINING}\n\n{'; '.join(filter(None, facts))}.",
        describe(gathered.trainings, dataset.get("labels")),
        f"## Files\n\n{_files(packages)}",
    )
    return scrub("\n\n".join(filter(None, parts))) + "\n"


def _data(dataset: Mapping[str, Any]) -> str:
    """Return how many cases it was trained on, and their digest if the template wrote one."""
    cases, digest = dataset.get("numTraining"), dataset.get("training_data_sha256")
    # Not all of it: T012 takes a whole digest for one of an asset.
    stated = f" (sha256 `{digest[:16]}...`)" if isinstance(digest, str) else ""
    return f"{count(cases, 'training case')}{stated}" if isinstance(cases, int) else ""


def _files(packages: Sequence[Packed]) -> str:
    rows = [("File", "Bytes", "SHA-256")]
    rows += [(f"`{p.path.name}`", f"{p.written.size:,}", f"`{p.written.sha256}`") for p in packages]
    return _table(rows)


def describe(trainings: Sequence[Training], labels: object) -> str:
    """Return a table of the folds, and what its numbers are; "" if nothing is known.

    Args:
        trainings: the folds.
        labels: those of dataset.json.
    """
    if not any(t.epochs or t.dice is not None for t in trainings):
        return ""
    names = _names(labels)
    measured = [label for label in names if any(label in t.by_label for t in trainings)]
    rows = [("Fold", "Epochs", "Validation Dice", *(names[label] for label in measured))]
    rows += [_row(training, measured) for training in trainings]
    columns = [
        [t.dice for t in trainings],
        *([t.by_label.get(m) for t in trainings] for m in measured),
    ]
    if len(trainings) > 1 and all(None not in column for column in columns):
        rows.append(("mean", "", *(_number(fmean(d or 0 for d in column)) for column in columns)))
    return "\n\n".join([_table(rows), *_explained(trainings)])


def _row(training: Training, measured: Iterable[str]) -> tuple[str, ...]:
    epochs = "" if training.epochs is None else f"{training.epochs:,}"
    if training.planned and training.epochs and training.epochs < training.planned:
        epochs += f" of {training.planned:,}"
    if training.runs > 1:
        epochs += f", in {training.runs} runs"
    dice = (training.dice, *(training.by_label.get(label) for label in measured))
    return (training.fold.removeprefix("fold_"), epochs, *map(_number, dice))


def _number(dice: float | None) -> str:
    return "" if dice is None else f"{dice:.3f}"


def _explained(trainings: Sequence[Training]) -> Iterator[str]:
    if all(t.dice is None for t in trainings):
        return
    if trainings[0].fold == "fold_all":
        yield "`fold_all` is trained on all cases: the Dice is that of the training cases."
    else:
        yield "The Dice is that of nnU-Net's own validation, on the cases left out of each fold."


def _names(labels: object) -> dict[str, str]:
    """Return the names of the labels by their values as nnU-Net writes them in a summary."""
    named = labels.items() if isinstance(labels, dict) else ()
    return {
        str(tuple(value)) if isinstance(value, list) else str(value): str(name)
        for name, value in named
    }


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    line = ["--:" if column else ":--" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, line, *body))
