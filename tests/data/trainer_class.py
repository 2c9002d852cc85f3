"""The custom trainer of the test model: nnU-Net's own, for a few short epochs."""

from __future__ import annotations

import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class nnUNetTrainerTiny(nnUNetTrainer):  # noqa: N801 (named as nnU-Net names trainers)
    """Train for thirty epochs of a few iterations, and skip the final validation."""

    def __init__(
        self,
        plans: dict,
        configuration: str,
        fold: int,
        dataset_json: dict,
        device: torch.device = torch.device("cuda"),  # noqa: B008 (nnU-Net's own signature)
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_epochs = 30
        self.num_iterations_per_epoch = 8
        self.num_val_iterations_per_epoch = 2

    def perform_actual_validation(self, save_probabilities: bool = False) -> None:
        """The predictions of the validation cases are not needed."""


def get_trainer_class() -> type[nnUNetTrainerTiny]:
    """Return the trainer: SCT calls this when it loads the model."""
    return nnUNetTrainerTiny
