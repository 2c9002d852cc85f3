"""Rules about the weights in the checkpoints: whether they fit the files next to them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..checkpoint.model import Checkpoint
from ..findings import Problem
from ..models.package import Package
from ..models.trainer_folder import Fold, TrainerFolder
from ..nnunet.networks import BATCHES, Network, network
from ..nnunet.plans import resolve
from ..wording import are, count, listing, quote
from . import ERROR, EVERYWHERE, NNUNET, WARNING, rule
from .shared import every_checkpoint


def expected_heads(labels: object) -> int | None:
    """Return the number of output channels for the labels of a ``dataset.json``.

    As in nnU-Net's ``LabelManager``: if one label has several values, all labels are regions, and
    the background is not counted. None if the labels are invalid.
    """
    if not isinstance(labels, dict) or "background" not in labels:
        return None
    values = [value for name, value in labels.items() if name != "ignore"]
    flat = [v[0] if isinstance(v, list) and len(v) == 1 else v for v in values]
    if any(isinstance(value, list) for value in flat):
        return sum(1 for value in flat if value not in (0, []))
    return len(set(flat)) if all(type(value) is int for value in flat) else None


def expected_channels(trainer: TrainerFolder) -> int | None:
    """Return the number of input channels for ``dataset.json`` and ``plans.json``.

    nnU-Net adds one channel per foreground label if the configuration is the second stage of a
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
    "C007",
    ERROR,
    NNUNET,
    "nnU-Net builds the network from the labels of dataset.json and loads weights strictly",
    stops=EVERYWHERE,
)
def output_channels(package: Package) -> Iterator[Problem]:
    """The network's number of outputs does not match the labels of `dataset.json`.

    Why: nnU-Net builds the network from `dataset.json`, and then the weights don't fit it.

    Fix: take the `dataset.json` that the model was trained with.
    """
    for trainer, fold, checkpoint in every_checkpoint(package):
        network = checkpoint.architecture
        labels = trainer.dataset.object.get("labels") if trainer.dataset else None
        expected = expected_heads(labels)
        if network and expected is not None and network.output_heads != expected:
            outputs = count(network.output_heads, "output channel")
            yield Problem(f"{outputs}, but the labels need {expected}", fold.checkpoint_path)


@rule(
    "C008",
    ERROR,
    NNUNET,
    "nnU-Net builds the network from the channels of dataset.json, and loads strictly",
    stops=EVERYWHERE,
)
def input_channels(package: Package) -> Iterator[Problem]:
    """The network's number of inputs does not match the channels of `dataset.json`.

    Why: nnU-Net builds the network from `dataset.json`, and then the weights don't fit it.

    Fix: take the `dataset.json` that the model was trained with.
    """
    for trainer, fold, checkpoint in every_checkpoint(package):
        network, expected = checkpoint.architecture, expected_channels(trainer)
        if network and expected is not None and network.input_channels != expected:
            inputs = count(network.input_channels, "input channel")
            yield Problem(f"{inputs}, but dataset.json needs {expected}", fold.checkpoint_path)


@rule(
    "C009",
    ERROR,
    NNUNET,
    "nnUNetPredictor builds one network and loads the weights of every fold into it",
    stops=EVERYWHERE,
)
def folds_differ(package: Package) -> Iterator[Problem]:
    """The folds of one model have weights with different names or shapes.

    Why: one network is built for all folds; the first fold that does not fit stops the prediction.

    Fix: ship only folds of one training (same trainer, plans and configuration).
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

    Why: the training diverged or the file was damaged; the model loads and silently segments
    nothing. Only `model-lint check --deep` looks for it.

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

    Why: one was copied over the other. The copy doubles the prediction time and the size of the
    package for nothing, and the ensemble is not the one that was evaluated.

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
    """Return keys that two checkpoints share only if their weights are the same.

    From the checksums of the weights if they are known, else from that of the whole file.
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
    """The weights belong to another network than `plans.json` describes.

    Why: nnU-Net builds the network from `plans.json`, and then the weights don't fit it.

    Fix: take `plans.json` and `checkpoint_final.pth` from the results folder of one training.
    """
    for trainer in package.trainers:
        # The others have the same shapes, or are reported by C009.
        for fold, checkpoint in islice(trainer.checkpoints, 1):
            planned = _planned(trainer, checkpoint)
            if planned and checkpoint.weights and not checkpoint.wrapper_prefix:
                message = _misfit(planned, checkpoint)
                if message:
                    yield Problem(message, fold.checkpoint_path)


def _planned(trainer: TrainerFolder, checkpoint: Checkpoint) -> Network | None:
    """Return the network that nnU-Net builds for the weights; None if that is not certain."""
    plans = trainer.plans
    if plans is None or trainer.builds_network:
        return None
    resolved = resolve(plans.object, checkpoint.configuration or "")
    return None if isinstance(resolved, str) else network(resolved)


def _misfit(planned: Network, checkpoint: Checkpoint) -> str | None:
    """Return where the weights don't fit the plans; channels are reported by C007 and C008."""
    found, weights = checkpoint.architecture, checkpoint.weights
    if found is None:
        return f"not the weights of a {planned.name}, which plans.json describes"
    if planned.name != found.name:
        return f"a {found.name}, but plans.json describes a {planned.name}"
    needed = planned.weights(found.input_channels, found.output_heads)
    missing = [n for n in needed if n not in weights and not n.endswith(BATCHES)]
    if missing:
        return f"{listing(missing)} {are(missing)} missing, which plans.json describes"
    for name, shape in needed.items():
        if name in weights and weights[name].shape != shape:
            found_shape, needed_shape = _by(weights[name].shape), _by(shape)
            return f"{quote(name)} is {found_shape}, but plans.json needs {needed_shape}"
    unknown = [n for n in checkpoint.weight_names if n not in needed] if planned.unit else []
    return f"contains {listing(unknown)}, which plans.json does not describe" if unknown else None


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
