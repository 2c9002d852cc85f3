"""nnU-Net's network: the three steps from an image to its labels, with little memory.

Each step is nnU-Net's own, so the labels are those of ``nnUNetv2_predict``, voxel for voxel. Only
the labels of plain and region-based models are decided class by class here: nnU-Net resamples all
classes at once, in 64 bits, which takes most of the memory for a large field of view.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from common import pick_device, thrift
from package import ModelError, check_model

SHAPE = "shape_after_cropping_and_before_resampling"


class Network(Protocol):
    """What segments an array; the steps run in different threads."""

    orientation: str
    """In SCT's letters."""
    channels: int

    def prepare(self, image: np.ndarray, spacing: tuple[float, ...]) -> Any:
        """Return what ``predict`` takes: of channels x Z x Y x X, voxel sizes as (z, y, x)."""

    def predict(self, prepared: Any) -> Any:
        """Return what ``finish`` takes."""

    def finish(self, predicted: Any) -> np.ndarray:
        """Return the label map, Z x Y x X."""

    def memory(self, shape: Sequence[int], spacing: Sequence[float]) -> int:
        """Return about how many bytes an image needs, with its axes as (z, y, x)."""


@dataclass(frozen=True)
class Step:
    """An image between two steps."""

    array: Any
    properties: dict[str, Any]


class Nnunet:
    """A model that is loaded into nnU-Net's predictor."""

    def __init__(self, predictor: Any, orientation: str, channels: int) -> None:
        self.predictor = predictor
        self.orientation = orientation
        self.channels = channels

    def prepare(self, image: np.ndarray, spacing: tuple[float, ...]) -> Step:
        """Crop, normalize and resample an image."""
        import torch

        p = self.predictor
        preprocessor = p.configuration_manager.preprocessor_class(verbose=False)
        array, _, properties = preprocessor.run_case_npy(
            image,
            None,
            {"spacing": list(spacing)},
            p.plans_manager,
            p.configuration_manager,
            p.dataset_json,
        )
        array = np.ascontiguousarray(array, np.float32)
        return Step(torch.from_numpy(array), properties)

    def predict(self, prepared: Step) -> Step:
        """Return the mean of the logits of all folds, in 16 bits."""
        logits = self.predictor.predict_logits_from_preprocessed_data(prepared.array)
        return Step(logits.cpu().numpy(), prepared.properties)

    def finish(self, predicted: Step) -> np.ndarray:
        """Resample the logits, decide the labels, and undo cropping and transposition."""
        from nnunetv2.utilities.label_handling.label_handling import LabelManager

        p, properties = self.predictor, predicted.properties
        manager = p.label_manager
        if type(manager) is not LabelManager or _resampling(p) != "resample_data_or_seg_to_shape":
            return self._finish_at_once(predicted)
        labels = np.zeros(properties["shape_before_cropping"], _kind(manager))
        box = tuple(slice(*ends) for ends in properties["bbox_used_for_cropping"])
        labels[box] = self._labels(predicted)
        return labels.transpose(p.plans_manager.transpose_backward)

    def _labels(self, predicted: Step) -> np.ndarray:
        """Decide the label of each voxel of the crop, class by class."""
        import torch

        manager = self.predictor.label_manager
        if manager.has_regions:
            labels = np.zeros(predicted.properties[SHAPE], _kind(manager))
            for head, value in enumerate(manager.regions_class_order):
                logits = torch.from_numpy(self._resampled(predicted, head))
                labels[manager.apply_inference_nonlin(logits).numpy() > 0.5] = value
            return labels
        best = self._resampled(predicted, 0)
        labels = np.zeros(best.shape, _kind(manager))
        for head in range(1, len(predicted.array)):
            logits = self._resampled(predicted, head)
            larger = logits > best  # of equal ones the first wins, as in argmax
            labels[larger] = head
            np.copyto(best, logits, where=larger)
        return labels

    def _resampled(self, predicted: Step, head: int) -> np.ndarray:
        """Return the logits of one class on the voxels of the crop."""
        p, properties = self.predictor, predicted.properties
        original = [properties["spacing"][axis] for axis in p.plans_manager.transpose_forward]
        planned = p.configuration_manager.spacing
        current = [*original[: len(original) - len(planned)], *planned]  # 2d keeps the slices
        logits = p.configuration_manager.resampling_fn_probabilities(
            predicted.array[head : head + 1], properties[SHAPE], current, original
        )
        return np.array(logits[0])

    def _finish_at_once(self, predicted: Step) -> np.ndarray:
        from nnunetv2.inference.export_prediction import (
            convert_predicted_logits_to_segmentation_with_correct_shape as convert,
        )

        p = self.predictor
        return np.asarray(
            convert(
                predicted.array,
                p.plans_manager,
                p.configuration_manager,
                p.label_manager,
                predicted.properties,
            )
        )

    def memory(self, shape: Sequence[int], spacing: Sequence[float]) -> int:
        """Return about how many bytes an image needs, with its axes as (z, y, x)."""
        p = self.predictor
        planned = p.configuration_manager.spacing
        sides = [spacing[axis] for axis in p.plans_manager.transpose_forward][-len(planned) :]
        voxels = math.prod(shape)
        inside = voxels * math.prod(s / t for s, t in zip(sides, planned, strict=True))
        heads = p.label_manager.num_segmentation_heads
        # On disk and in 32 bits twice; resampled in 64 bits, and the logits in 16 bits.
        return round(voxels * (12 * self.channels + 16) + inside * (12 * self.channels + 2 * heads))


def _kind(manager: Any) -> Any:
    return np.uint8 if len(manager.foreground_labels) < 255 else np.uint16


def _resampling(predictor: Any) -> str:
    return str(predictor.configuration_manager.resampling_fn_probabilities.func.__name__)


def load_network(
    folder: Path, scratch: Path, device: str, *, trusted: bool, show_bar: bool = False
) -> Nnunet:
    """Load a trainer folder into nnU-Net's predictor. This runs a custom trainer in it.

    Args:
        folder: the trainer folder.
        scratch: a folder that exists as long as the model is used.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        trusted: whether checkpoints may contain more than weights, which can run code.
        show_bar: whether to show a bar that advances within each image.

    Raises:
        ModelError: with one line that says why it can't be loaded.
    """
    orientation, channels, folds = check_model(folder, folder)
    if (folder / "trainer_class.py").is_file():
        # A separate folder, because nnU-Net imports every module in it.
        trainer = scratch / "trainer"
        trainer.mkdir()
        shutil.copyfile(folder / "trainer_class.py", trainer / "trainer_class.py")
        os.environ["nnUNet_extTrainer"] = str(trainer)  # noqa: SIM112 - nnU-Net's own name
    device = pick_device(device)
    os.environ.update(thrift(os.cpu_count() or 1, device))
    if not trusted:
        os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(device=torch.device(device), allow_tqdm=show_bar, verbose=False)
    try:
        predictor.initialize_from_trained_model_folder(str(folder), folds, "checkpoint_final.pth")
    except Exception as error:  # noqa: BLE001 - nnU-Net and torch raise many kinds; all mean this
        reason = next(iter(str(error).splitlines()), repr(error))
        raise ModelError(f"the model can't be loaded: {reason}") from None
    return Nnunet(predictor, orientation, channels)
