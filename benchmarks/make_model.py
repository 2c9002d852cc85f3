"""Write a results folder of realistic size: five folds of a 31-million-parameter 3D U-Net.

The network is nnU-Net's default 3D U-Net of six stages, with the optimizer state of a few real
steps and the logging of 1000 epochs, as ``nnUNetTrainer.save_checkpoint`` writes them. Only the
weights are untrained. Each checkpoint has some 250 MB.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from torch.nn.functional import cross_entropy

SOURCE = Path(__file__).parent.parent / "tests" / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
FOLDS = 5
EPOCHS = 1000
STAGES = 6
IMPORTED = ["conv_op", "norm_op", "dropout_op", "nonlin"]
NETWORK = {
    "n_stages": STAGES,
    "features_per_stage": [32, 64, 128, 256, 320, 320],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[3, 3, 3]] * STAGES,
    "strides": [[1, 1, 1], *[[2, 2, 2]] * (STAGES - 1)],
    "n_conv_per_stage": [2] * STAGES,
    "n_conv_per_stage_decoder": [2] * (STAGES - 1),
    "conv_bias": True,
    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
    "norm_op_kwargs": {"eps": 1e-5, "affine": True},
    "dropout_op": None,
    "dropout_op_kwargs": None,
    "nonlin": "torch.nn.LeakyReLU",
    "nonlin_kwargs": {"inplace": True},
}
CLASS = "dynamic_network_architectures.architectures.unet.PlainConvUNet"


def main(results: Path) -> None:
    """Write ``Dataset777_Bench`` below an nnU-Net results folder."""
    model = results / "Dataset777_Bench" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    plans = make_plans()
    dataset = json.loads((SOURCE / "dataset.json").read_text(encoding="utf-8"))
    model.mkdir(parents=True)
    for name, content in {"plans.json": plans, "dataset.json": dataset}.items():
        (model / name).write_text(json.dumps(content, indent=4), encoding="utf-8")
    shutil.copy(SOURCE / "dataset_fingerprint.json", model)
    for fold in range(FOLDS):
        print(f"fold {fold}", flush=True)
        folder = model / f"fold_{fold}"
        (folder / "validation").mkdir(parents=True)
        shutil.copy(SOURCE / "fold_0" / "debug.json", folder)
        shutil.copy(SOURCE / "fold_0" / "progress.png", folder)
        (folder / "training_log_2024_9_3_14_06_03.txt").write_text(log(fold), encoding="utf-8")
        (folder / "validation" / "summary.json").write_text('{"metric_per_case": []}', "utf-8")
        torch.save(checkpoint(plans, dataset, fold), folder / "checkpoint_final.pth")


def make_plans() -> dict[str, Any]:
    """Return plans with one 3d_fullres configuration of the large network."""
    plans: dict[str, Any] = json.loads((SOURCE / "plans.json").read_text(encoding="utf-8"))
    configuration = plans["configurations"]["2d"] | {
        "data_identifier": "nnUNetPlans_3d_fullres",
        "patch_size": [64, 64, 64],
        "spacing": [1.0, 1.0, 1.0],
        "architecture": {
            "network_class_name": CLASS,
            "arch_kwargs": NETWORK,
            "_kw_requires_import": IMPORTED,
        },
    }
    return plans | {
        "configurations": {"3d_fullres": configuration},
        "dataset_name": "Dataset777_Bench",
    }


def checkpoint(plans: dict[str, Any], dataset: dict[str, Any], fold: int) -> dict[str, Any]:
    """Return what ``nnUNetTrainer.save_checkpoint`` saves, after two steps of training."""
    torch.manual_seed(fold)
    network = get_network_from_plans(CLASS, NETWORK, IMPORTED, 1, 3, deep_supervision=True)
    optimizer = torch.optim.SGD(network.parameters(), 1e-2, momentum=0.99, nesterov=True)
    for _ in range(2):
        image = torch.randn(1, 1, 64, 64, 64)
        target = (image[:, 0] > 1).long()
        loss = cross_entropy(network(image)[0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    draw = np.random.default_rng(fold)
    keys = ("mean_fg_dice", "ema_fg_dice", "train_losses", "val_losses", "lrs")
    logging: dict[str, Any] = {key: [*map(np.float32, draw.random(EPOCHS))] for key in keys}
    logging["dice_per_class_or_region"] = [
        [*map(np.float32, row)] for row in draw.random((EPOCHS, 2))
    ]
    return {
        "network_weights": network.state_dict(),
        "optimizer_state": optimizer.state_dict(),
        "grad_scaler_state": None,
        "logging": logging,
        "_best_ema": np.float64(0.87),
        "current_epoch": EPOCHS,
        "init_args": {
            "plans": plans,
            "configuration": "3d_fullres",
            "fold": fold,
            "dataset_json": dataset,
            "device": torch.device("cpu"),
        },
        "trainer_name": "nnUNetTrainer",
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }


def log(fold: int) -> str:
    """Return a training log of 1000 epochs."""
    draw = np.random.default_rng(fold)
    (genuine,) = (SOURCE / "fold_0").glob("training_log_*.txt")
    lines = genuine.read_text(encoding="utf-8").splitlines()[:25]
    for epoch in range(EPOCHS):
        stamp = f"2024-09-03 14:06:{epoch % 60:02d}.{epoch:06d}: "
        lines += [
            stamp,
            f"{stamp}Epoch {epoch} ",
            f"{stamp}Current learning rate: {0.01 * (1 - epoch / EPOCHS) ** 0.9:.5f} ",
            f"{stamp}train_loss {-draw.random():.4f} ",
            f"{stamp}val_loss {-draw.random():.4f} ",
            f"{stamp}Pseudo dice [{draw.random():.4f}, {draw.random():.4f}] ",
            f"{stamp}Epoch time: {90 + draw.random():.2f} s ",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
