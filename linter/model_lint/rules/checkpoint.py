"""Rules about the checkpoints: whether they load, and whether they are of this training."""

from __future__ import annotations

from collections.abc import Iterator

from ..checkpoint.model import BadCheckpoint, Checkpoint
from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..models.trainer_folder import Fold, TrainerFolder
from ..nnunet.training_copies import ABSENT, Difference, dataset_differences, plans_differences
from ..wording import are, listing, quote, size
from . import ERROR, EVERYWHERE, NNUNET, SPEC, TORCH, WARNING, rule
from .shared import every_checkpoint, how_to_place
from .weights import expected_heads


def _reported(package: Package, code: str) -> Iterator[Problem]:
    """Yield what the reader of checkpoints found for the rule with this code."""
    for trainer in package.trainers:
        for fold in trainer.folds:
            checkpoint = fold.checkpoint
            if isinstance(checkpoint, BadCheckpoint) and checkpoint.code == code:
                yield Problem(checkpoint.reason, fold.checkpoint_path)
            elif isinstance(checkpoint, Checkpoint):
                for issue in checkpoint.issues:
                    if issue.code == code:
                        yield Problem(issue.message, fold.checkpoint_path)


@rule(
    "C001",
    ERROR,
    TORCH,
    "torch.save writes a zip; nnU-Net loads each checkpoint with torch.load",
    stops=EVERYWHERE,
)
def not_a_torch_zip(package: Package) -> Iterator[Problem]:
    """A checkpoint is not the zip that `torch.save` writes.

    Why: torch can't load it, or loads it only in a legacy format that executes any code in it.

    Fix: take `checkpoint_final.pth` again from nnU-Net's results folder.
    """
    yield from _reported(package, "C001")


@rule(
    "C002",
    ERROR,
    TORCH,
    "torch.load needs every storage that data.pkl declares, in full, even the optimizer's",
    stops=EVERYWHERE,
)
def checkpoint_truncated(package: Package) -> Iterator[Problem]:
    """A checkpoint is incomplete: numbers that it declares are missing, too few or too many.

    Why: a copy or an upload was interrupted, and torch refuses the file.

    Fix: copy `checkpoint_final.pth` again and compare the sizes.
    """
    yield from _reported(package, "C002")


@rule(
    "C003",
    ERROR,
    NNUNET,
    "nnUNetPredictor reads network_weights, trainer_name and init_args['configuration']",
    stops=EVERYWHERE,
)
def checkpoint_key_missing(package: Package) -> Iterator[Problem]:
    """Something that inference reads is missing from a checkpoint.

    Why: it was not written by an nnU-Net 2 trainer, or too much was removed from it, and it does
    not load.

    Fix: take the `checkpoint_final.pth` that nnU-Net's trainer wrote.
    """
    for _, fold, checkpoint in every_checkpoint(package):
        missing = checkpoint.missing_keys
        wrapper = checkpoint.wrapper_prefix
        if missing:
            message = f"{listing(missing)} {are(missing)} missing or of a wrong type"
            advice = None
            if "state_dict" in checkpoint.keys and "plot_stuff" in checkpoint.keys:
                message += ": this is a checkpoint of nnU-Net 1"
                advice = "train the model again with nnU-Net 2; no tool converts it"
            yield Problem(message, fold.checkpoint_path, help=advice)
        elif wrapper:
            message = f"the names of all weights begin with {quote(wrapper)}, nnU-Net's don't"
            advice = "`model-lint pack` removes the prefix and changes no weight"
            yield Problem(message, fold.checkpoint_path, help=advice)


@rule(
    "C004",
    ERROR,
    NNUNET,
    "nnU-Net names the folder TRAINER__PLANS__CONFIGURATION after the trainer's class",
)
def trainer_differs(package: Package) -> Iterator[Problem]:
    """The checkpoint names another trainer than the folder.

    Why: inference takes the class from the checkpoint and ignores the folder's name. The folder was
    renamed, or the checkpoint comes from another training.

    Fix: give the folder back its name, or take the checkpoint of this training.
    """
    for trainer, fold, checkpoint in every_checkpoint(package):
        name = checkpoint.trainer_name
        if trainer.parts and name is not None and name != trainer.parts.trainer:
            expected = quote(trainer.parts.trainer)
            message = f"trainer {quote(name)}, but the folder's name says {expected}"
            yield Problem(message, fold.checkpoint_path)


@rule(
    "C005", ERROR, NNUNET, "nnUNetPredictor takes the configuration from the first fold's init_args"
)
def configuration_differs(package: Package) -> Iterator[Problem]:
    """The checkpoint was trained with another configuration than the folder says.

    Why: inference takes the configuration from the checkpoint and ignores the folder's name. The
    folder was renamed, or the checkpoint comes from another training.

    Fix: give the folder back its name, or take the checkpoint of this training.
    """
    for trainer, fold, checkpoint in every_checkpoint(package):
        name = checkpoint.configuration
        if trainer.parts and name is not None and name != trainer.parts.configuration:
            expected = quote(trainer.parts.configuration)
            message = f"configuration {quote(name)}, but the folder's name says {expected}"
            yield Problem(message, fold.checkpoint_path)


@rule("C006", WARNING, NNUNET, "nnU-Net writes the checkpoint of fold N into fold_N")
def fold_differs(package: Package) -> Iterator[Problem]:
    """A checkpoint is in the folder of another fold.

    Why: predictions stay the same, but nobody can tell which subjects the checkpoint was trained
    on.

    Fix: name the folder after the fold that was trained, or take the checkpoint of this fold.
    """
    for trainer, fold, checkpoint in every_checkpoint(package):
        trained = checkpoint.fold
        if None not in {trained, fold.number} and trained != fold.number:
            others = {f.number for f in trainer.folds} - {fold.number}
            free = not others if trained == "all" else trained not in others
            take = f"take the checkpoint of {quote(fold.name)} from its own folder"
            advice = how_to_place(fold.path, trainer.at(f"fold_{trained}")) if free else take
            yield Problem(f"trained as fold {trained}", fold.checkpoint_path, help=advice)


@rule("C010", WARNING, SPEC, "To save space, include only `checkpoint_final.pth`")
def optimizer_state(package: Package) -> Iterator[Problem]:
    """A checkpoint contains the training state, which inference never reads.

    Why: the optimizer's numbers double the download and the disk space of every user.

    Fix: `model-lint pack` leaves it out and keeps the predictions bit for bit.
    """
    for _, fold, checkpoint in every_checkpoint(package):
        if checkpoint.weights and checkpoint.optimizer_bytes:
            share = round(100 * checkpoint.optimizer_bytes / checkpoint.storage_bytes)
            message = f"{size(checkpoint.optimizer_bytes)} of training state ({share} %)"
            yield Problem(message, fold.checkpoint_path)


@rule("C011", WARNING, TORCH, "torch 2.6 and later load with weights_only=True by default")
def not_weights_only(package: Package) -> Iterator[Problem]:
    """`torch.load` refuses the checkpoint in its safe mode, the default since torch 2.6.

    Why: to load it, users must switch off the protection against code in the file. Tools that don't
    do so fail with "Weights only load failed".

    Fix: `model-lint pack` writes a checkpoint that loads in the safe mode.
    """
    for _, fold, checkpoint in every_checkpoint(package):
        if checkpoint.weights_only_refuses and not checkpoint.issues:
            message = f"the safe mode refuses {listing(checkpoint.weights_only_refuses)}"
            yield Problem(message, fold.checkpoint_path)


@rule(
    "C012",
    WARNING,
    NNUNET,
    "nnU-Net puts plans and dataset_json into each checkpoint, and predicts with the files",
    also=(ERROR,),
    stops=EVERYWHERE,
)
def embedded_plans_differ(package: Package) -> Iterator[Problem]:
    """`plans.json` or `dataset.json` differs from what the checkpoint was trained with.

    Why: nnU-Net and SCT predict with the files and never compare them with the checkpoint: another
    spacing, normalisation or activation silently gives wrong segmentations. It is an error if
    prediction reads the value. Names and descriptions may differ, and `image_orientation` may be
    added (if it differs from the training's, that is a warning).

    Fix: take `plans.json`, `dataset.json` and the checkpoints from the results folder of one
    training.
    """
    for trainer in package.trainers:
        found: dict[tuple[str, bool], dict[str, tuple[JsonFile, Fold, Difference]]] = {}
        for fold, checkpoint in trainer.checkpoints:
            for file, difference in _edits(trainer, checkpoint):
                same = found.setdefault((file.path, difference.read), {})
                same.setdefault(difference.name, (file, fold, difference))
        for (path, read), differences in found.items():
            file, fold, first = next(iter(differences.values()))
            message = _edit(first, fold)
            if len(differences) > 1:
                message += f"; also changed: {listing([*differences][1:])}"
            line = file.line(*first.steps) or file.line(*first.steps[:2])
            yield Problem(message, path, line, severity=ERROR if read else None)


def _edits(trainer: TrainerFolder, checkpoint: Checkpoint) -> Iterator[tuple[JsonFile, Difference]]:
    """Yield how the files differ from their copies in a checkpoint that has them."""
    plans, dataset = trainer.plans, trainer.dataset
    if plans and plans.object and checkpoint.plans and checkpoint.configuration is not None:
        embedded = plans_differences(plans.object, checkpoint.plans, checkpoint.configuration)
        yield from ((plans, difference) for difference in embedded)
    if dataset and dataset.object and checkpoint.dataset_json:
        network = checkpoint.architecture
        heads = expected_heads(dataset.object.get("labels"))
        counted = network is not None and heads not in {None, network.output_heads}
        for difference in dataset_differences(dataset.object, checkpoint.dataset_json):
            if not (counted and difference.steps[0] == "labels"):  # reported by C007
                yield dataset, difference


def _edit(difference: Difference, fold: Fold) -> str:
    name = quote(difference.name)
    if difference.here is ABSENT:
        return f"{name} is missing; {fold.name} was trained with {quote(difference.trained)}"
    if difference.trained is ABSENT:
        return f"{name} is {quote(difference.here)}; {fold.name} was trained without it"
    trained = quote(difference.trained)
    return f"{name} is {quote(difference.here)}; {fold.name} was trained with {trained}"
