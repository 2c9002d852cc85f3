"""Rules about the checkpoints: whether they load, and whether they fit the files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..checkpoint.model import BadCheckpoint, Checkpoint
from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..models.trainer_folder import Fold, TrainerFolder
from ..nnunet.networks import BATCHES, Network, network
from ..nnunet.plans import resolve
from ..nnunet.training_copies import ABSENT, Difference, dataset_differences, plans_differences
from ..wording import are, count, listing, quote, size
from . import ERROR, EVERYWHERE, NNUNET, SPEC, TORCH, WARNING, rule
from .shared import how_to_place


def _every(package: Package) -> Iterator[tuple[TrainerFolder, Fold, Checkpoint]]:
    """Yield the final checkpoints that can be read, with the folders that they are in."""
    for trainer in package.trainers:
        for fold, checkpoint in trainer.checkpoints:
            yield trainer, fold, checkpoint


def _reported(package: Package, code: str) -> Iterator[Problem]:
    """Yield what the reader of checkpoints found and left to the rule of this code."""
    for trainer in package.trainers:
        for fold in trainer.folds:
            checkpoint = fold.checkpoint
            if isinstance(checkpoint, BadCheckpoint) and checkpoint.code == code:
                yield Problem(checkpoint.reason, fold.checkpoint_path)
            elif isinstance(checkpoint, Checkpoint):
                for issue in checkpoint.issues:
                    if issue.code == code:
                        yield Problem(issue.message, fold.checkpoint_path)


def expected_heads(labels: object) -> int | None:
    """Return the number of output channels that the labels of a ``dataset.json`` ask for.

    As nnU-Net's ``LabelManager``: a label of several values makes all of them regions, of which the
    background is none. None where the labels are not what the rules about them ask for.
    """
    if not isinstance(labels, dict) or "background" not in labels:
        return None
    values = [value for name, value in labels.items() if name != "ignore"]
    flat = [v[0] if isinstance(v, list) and len(v) == 1 else v for v in values]
    if any(isinstance(value, list) for value in flat):
        return sum(1 for value in flat if value not in (0, []))
    return len(set(flat)) if all(type(value) is int for value in flat) else None


def expected_channels(trainer: TrainerFolder) -> int | None:
    """Return the number of input channels that ``dataset.json`` and ``plans.json`` ask for.

    nnU-Net adds one channel per foreground label where the configuration is the second stage of a
    cascade.
    """
    if trainer.channels is None or trainer.plans is None:
        return None
    configuration = next((c.configuration for _, c in trainer.checkpoints), None) or ""
    resolved = resolve(trainer.plans.object, configuration)
    if isinstance(resolved, str):
        return None
    if resolved.get("previous_stage") is None:
        return trainer.channels
    labels = trainer.dataset.object.get("labels") if trainer.dataset else None
    if not isinstance(labels, dict):
        return None
    return trainer.channels + len(set(labels) - {"background", "ignore"})


@rule(
    "C001",
    ERROR,
    TORCH,
    "torch.save writes a zip; nnU-Net loads each checkpoint with torch.load",
    stops=EVERYWHERE,
)
def not_a_torch_zip(package: Package) -> Iterator[Problem]:
    """A checkpoint is not the zip that `torch.save` writes.

    Why: torch can't load it, or loads it only in a legacy format that runs whatever it holds.

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
    """A checkpoint lacks what inference reads from it.

    Why: it was not written by an nnU-Net 2 trainer, or was cut down too far, and does not load.

    Fix: take the `checkpoint_final.pth` that nnU-Net's trainer wrote.
    """
    for _, fold, checkpoint in _every(package):
        missing = checkpoint.missing_keys
        wrapper = checkpoint.wrapper_prefix
        if missing:
            message = f"{listing(missing)} {are(missing)} missing or of a wrong type"
            advice = None
            if "state_dict" in checkpoint.keys and "plot_stuff" in checkpoint.keys:
                message += ": this is a checkpoint of nnU-Net 1"
                advice = "train the model again with nnU-Net 2; nothing converts it"
            yield Problem(message, fold.checkpoint_path, help=advice)
        elif wrapper:
            message = f"the names of all weights begin with {quote(wrapper)}, nnU-Net's don't"
            take_off = "`model-lint pack` takes the prefix off and changes no weight"
            yield Problem(message, fold.checkpoint_path, help=take_off)


@rule(
    "C004",
    ERROR,
    NNUNET,
    "nnU-Net names the folder TRAINER__PLANS__CONFIGURATION after the trainer's class",
)
def trainer_differs(package: Package) -> Iterator[Problem]:
    """The checkpoint names another trainer than the folder.

    Why: inference takes the class from the checkpoint, whatever the folder says, so the folder was
    renamed or the checkpoint comes from another training.

    Fix: give the folder back its name, or take the checkpoint of this training.
    """
    for trainer, fold, checkpoint in _every(package):
        name = checkpoint.trainer_name
        if trainer.parts and name is not None and name != trainer.parts.trainer:
            message = f"trainer {quote(name)}, the folder says {quote(trainer.parts.trainer)}"
            yield Problem(message, fold.checkpoint_path)


@rule(
    "C005", ERROR, NNUNET, "nnUNetPredictor takes the configuration from the first fold's init_args"
)
def configuration_differs(package: Package) -> Iterator[Problem]:
    """The checkpoint was trained with another configuration than the folder says.

    Why: inference takes the configuration from the checkpoint; the folder was renamed, or the
    checkpoint comes from another training.

    Fix: give the folder back its name, or take the checkpoint of this training.
    """
    for trainer, fold, checkpoint in _every(package):
        name = checkpoint.configuration
        if trainer.parts and name is not None and name != trainer.parts.configuration:
            expected = quote(trainer.parts.configuration)
            message = f"configuration {quote(name)}, the folder says {expected}"
            yield Problem(message, fold.checkpoint_path)


@rule("C006", WARNING, NNUNET, "nnU-Net writes the checkpoint of fold N into fold_N")
def fold_differs(package: Package) -> Iterator[Problem]:
    """A checkpoint belongs to another fold than the folder that it lies in.

    Why: it predicts as before, but nobody can tell any more which subjects it was trained on.

    Fix: name the folder after the fold that was trained, or take the checkpoint of this fold.
    """
    for trainer, fold, checkpoint in _every(package):
        trained = checkpoint.fold
        if None not in {trained, fold.number} and trained != fold.number:
            others = {f.number for f in trainer.folds} - {fold.number}
            free = not others if trained == "all" else trained not in others
            take = f"take the checkpoint of {quote(fold.name)} from its own folder"
            advice = how_to_place(fold.path, trainer.at(f"fold_{trained}")) if free else take
            yield Problem(f"trained as fold {trained}", fold.checkpoint_path, help=advice)


@rule(
    "C007",
    ERROR,
    NNUNET,
    "nnU-Net builds the network from the labels of dataset.json and loads weights strictly",
    stops=EVERYWHERE,
)
def output_channels(package: Package) -> Iterator[Problem]:
    """The network has another number of outputs than `dataset.json` has labels.

    Why: nnU-Net builds the network from `dataset.json`, and then the weights don't fit it.

    Fix: take the `dataset.json` that the model was trained with.
    """
    for trainer, fold, checkpoint in _every(package):
        network = checkpoint.architecture
        labels = trainer.dataset.object.get("labels") if trainer.dataset else None
        expected = expected_heads(labels)
        if network and expected is not None and network.output_heads != expected:
            outputs = count(network.output_heads, "output channel")
            yield Problem(f"{outputs}, the labels need {expected}", fold.checkpoint_path)


@rule(
    "C008",
    ERROR,
    NNUNET,
    "nnU-Net builds the network from the channels of dataset.json, and loads strictly",
    stops=EVERYWHERE,
)
def input_channels(package: Package) -> Iterator[Problem]:
    """The network has another number of inputs than `dataset.json` has channels.

    Why: nnU-Net builds the network from `dataset.json`, and then the weights don't fit it.

    Fix: take the `dataset.json` that the model was trained with.
    """
    for trainer, fold, checkpoint in _every(package):
        network, expected = checkpoint.architecture, expected_channels(trainer)
        if network and expected is not None and network.input_channels != expected:
            inputs = count(network.input_channels, "input channel")
            yield Problem(f"{inputs}, dataset.json asks for {expected}", fold.checkpoint_path)


@rule(
    "C009",
    ERROR,
    NNUNET,
    "nnUNetPredictor builds one network and loads the weights of every fold into it",
    stops=EVERYWHERE,
)
def folds_differ(package: Package) -> Iterator[Problem]:
    """The folds of one model have weights of other names or shapes.

    Why: one network is built for all folds; the first fold that does not fit stops the prediction.

    Fix: put together only folds of one training (same trainer, plans and configuration).
    """
    for trainer in package.trainers:
        first: tuple[Fold, dict[str, tuple[int, ...]]] | None = None
        for fold, checkpoint in trainer.checkpoints:
            shapes = {name: tensor.shape for name, tensor in checkpoint.weights.items()}
            if first is None:
                first = fold, shapes
            elif shapes and first[1] and shapes != first[1]:
                different = [n for n in first[1] | shapes if first[1].get(n) != shapes.get(n)]
                message = f"differs from {first[0].name} in {listing(different)}"
                yield Problem(message, fold.checkpoint_path)


@rule("C010", WARNING, SPEC, "To save space, include only `checkpoint_final.pth`")
def optimizer_state(package: Package) -> Iterator[Problem]:
    """A checkpoint carries the state of the training, which inference never reads.

    Why: the optimizer's numbers double the download and the disk space of every user.

    Fix: `model-lint pack` leaves it out and keeps the predictions bit for bit.
    """
    for _, fold, checkpoint in _every(package):
        if checkpoint.weights and checkpoint.optimizer_bytes:
            share = round(100 * checkpoint.optimizer_bytes / checkpoint.storage_bytes)
            message = f"{size(checkpoint.optimizer_bytes)} of training state ({share} %)"
            yield Problem(message, fold.checkpoint_path)


@rule(
    "C011", WARNING, TORCH, "torch 2.6 and later load with weights_only=True unless told otherwise"
)
def not_weights_only(package: Package) -> Iterator[Problem]:
    """`torch.load` refuses the checkpoint in its safe mode, the default since torch 2.6.

    Why: users must switch off the protection from code in the file to load it, and tools that don't
    fail with "Weights only load failed".

    Fix: `model-lint pack` writes a checkpoint that loads in the safe mode.
    """
    for _, fold, checkpoint in _every(package):
        if checkpoint.weights_only_refuses and not checkpoint.issues:
            message = f"needs {listing(checkpoint.weights_only_refuses)}"
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
    """`plans.json` or `dataset.json` is not what the checkpoint was trained with.

    Why: nnU-Net and SCT predict with the files and never compare them with the checkpoint: another
    spacing, normalisation or activation gives wrong segmentations without a word. An error where
    prediction reads the value; names and descriptions may differ, and `image_orientation` may be
    added (another one than the training's is a warning).

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
                message += f"; {listing([*differences][1:])} too"
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
            if not (counted and difference.steps[0] == "labels"):  # which C007 says
                yield dataset, difference


def _edit(difference: Difference, fold: Fold) -> str:
    name = quote(difference.name)
    if difference.here is ABSENT:
        return f"{name} is gone; {fold.name} was trained with {quote(difference.trained)}"
    if difference.trained is ABSENT:
        return f"{name} is {quote(difference.here)}; {fold.name} was trained without it"
    trained = quote(difference.trained)
    return f"{name} is {quote(difference.here)}; {fold.name} was trained with {trained}"


@rule(
    "C013",
    ERROR,
    NNUNET,
    "nnU-Net loads such weights and predicts with them: the output is empty",
    deep=True,
    stops=EVERYWHERE,
)
def non_finite_weights(package: Package) -> Iterator[Problem]:
    """Weights are infinite, not numbers (NaN), or a whole tensor of them is zero.

    Why: the training diverged or the file was damaged; the model loads and segments nothing,
    without a word. Only `model-lint check --deep` looks for it.

    Fix: take the checkpoint of a training that went well, and test it on an image before release.
    """
    for trainer in package.trainers:
        for fold, checkpoint in trainer.checkpoints:
            if package.wrong_bytes(fold):  # Z010 reports why the weights are not numbers
                continue
            for text in checkpoint.every_byte.weights if checkpoint.every_byte else ():
                yield Problem(text, fold.checkpoint_path)


@rule("C014", WARNING, NNUNET, "nnU-Net averages the folds; SCT runs each of them on every image")
def same_folds(package: Package) -> Iterator[Problem]:
    """Two folds have the same weights.

    Why: one was copied over the other: predictions take twice the time and the package twice the
    space for nothing, and the ensemble is not the one that was evaluated.

    Fix: take the checkpoint of each fold from its own folder, or leave the copy out.
    """
    for trainer in package.trainers:
        firsts: dict[object, Fold] = {}
        for fold, checkpoint in trainer.checkpoints:
            prints = _fingerprints(package, fold, checkpoint)
            same = next((firsts[key] for key in prints if key in firsts), None)
            if same:
                yield Problem(f"the same weights as in {same.name}", fold.checkpoint_path)
            for key in prints:
                firsts.setdefault(key, fold)


def _fingerprints(package: Package, fold: Fold, checkpoint: Checkpoint) -> list[object]:
    """Return what two checkpoints share only where they hold the same numbers.

    The checksums of the weights where they are known, else that of the whole file.
    """
    sums = checkpoint.checksums
    if checkpoint.weights and all(t.storage.key in sums for t in checkpoint.weights.values()):
        weights = sorted(checkpoint.weights.items())
        return [tuple((name, t.shape, t.offset, sums[t.storage.key]) for name, t in weights)]
    entry = package.tree.files[fold.checkpoint_path]
    return [] if entry.crc is None else [(entry.size, entry.crc)]


@rule(
    "C015",
    ERROR,
    NNUNET,
    "nnU-Net builds the network from plans.json and loads the weights strictly",
    stops=EVERYWHERE,
)
def weights_shape(package: Package) -> Iterator[Problem]:
    """The weights are those of another network than `plans.json` describes.

    Why: nnU-Net builds the network from `plans.json`, and then the weights don't fit it.

    Fix: take `plans.json` and `checkpoint_final.pth` from the results folder of one training.
    """
    for trainer in package.trainers:
        # The others have the same shapes, or C009 says so.
        for fold, checkpoint in islice(trainer.checkpoints, 1):
            planned = _planned(trainer, checkpoint)
            if planned and checkpoint.weights and not checkpoint.wrapper_prefix:
                message = _misfit(planned, checkpoint)
                if message:
                    yield Problem(message, fold.checkpoint_path)


def _planned(trainer: TrainerFolder, checkpoint: Checkpoint) -> Network | None:
    """Return the network that nnU-Net builds for the weights; None where it is not certain."""
    plans = trainer.plans
    if plans is None or trainer.builds_network:
        return None
    resolved = resolve(plans.object, checkpoint.configuration or "")
    return None if isinstance(resolved, str) else network(resolved)


def _misfit(planned: Network, checkpoint: Checkpoint) -> str | None:
    """Say where the weights don't fit the plans; the numbers of channels are left to others."""
    found, weights = checkpoint.architecture, checkpoint.weights
    if found is None:
        return f"not the weights of a {planned.name}, which plans.json describes"
    if planned.name != found.name:
        return f"a {found.name}, plans.json describes a {planned.name}"
    needed = planned.weights(found.input_channels, found.output_heads)
    missing = [n for n in needed if n not in weights and not n.endswith(BATCHES)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return f"{listing(missing)} {verb} missing, which plans.json describes"
    for name, shape in needed.items():
        if name in weights and weights[name].shape != shape:
            return f"{quote(name)} is {_by(weights[name].shape)}, plans.json needs {_by(shape)}"
    unknown = [n for n in checkpoint.weight_names if n not in needed] if planned.unit else []
    return f"holds {listing(unknown)}, which plans.json does not describe" if unknown else None


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
