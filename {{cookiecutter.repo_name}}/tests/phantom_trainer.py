"""A training of a minute or two, long enough to learn the phantom."""

from __future__ import annotations

from typing import Any

import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class nnUNetTrainerPhantom(nnUNetTrainer):  # noqa: N801 - SCT finds trainers by this beginning
    """nnU-Net's trainer with few and short epochs."""

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net's own signature
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_epochs = 8
        self.initial_lr = 2e-2
        self.num_iterations_per_epoch = 50
        self.num_val_iterations_per_epoch = 5
        self.save_every = 1


def get_trainer_class() -> type[nnUNetTrainer]:
    """Return the trainer; SCT calls this function."""
    return nnUNetTrainerPhantom
