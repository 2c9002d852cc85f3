"""Write a checkpoint as nnU-Net's trainer does, under whatever torch and numpy run this.

    python make.py plain FOLDER            # a 3D PlainConvUNet, trained on the CPU
    python make.py residual FOLDER         # a 2D ResidualEncoderUNet, of a GPU
    python make.py plain FOLDER --epochs 1000   # gzipped, because it is large

The network is the real one of dynamic_network_architectures, as small as it can be, after one real
step of nnU-Net's optimizer. What ``nnUNetTrainer.save_checkpoint`` puts around it is put around it
here, with values of the same types. The weights and the logged numbers mean nothing.

No GPU is needed: torch is told to call the place of each storage ``cuda:0``, and the rest of the
file, gradient scaler and device too, is what a training on a GPU leaves behind. Plans and
arguments have the form of the nnU-Net of that time: that of 2.0 to 2.3.0 before torch 2.3.

Needs torch, numpy and dynamic_network_architectures.
"""

from __future__ import annotations

import argparse
import gzip
import math
import pydoc
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dynamic_network_architectures.architectures import unet

TORCH = torch.__version__.partition("+")[0]
#: nnU-Net 2.0 to 2.3.0, with which these versions of torch were used.
OLD = tuple(map(int, TORCH.split(".")[:2])) < (2, 3)
#: As many epochs as nnU-Net trains.
LONG = 1000
#: Configuration and network of each kind.
KINDS = {"plain": ("3d_fullres", "PlainConvUNet"), "residual": ("2d", "ResidualEncoderUNet")}
DATASET = {
    "channel_names": {"0": "T2star"},
    "labels": {"background": 0, "sc": 1, "gm": 2},
    "numTraining": 10,
    "file_ending": ".nii.gz",
    "overwrite_image_reader_writer": "SimpleITKIO",
    "image_orientation": "RPI",
}


def architecture(kind: str) -> dict[str, Any]:
    """Return the network as plans of nnU-Net from 2.3.1 on describe it."""
    dimensions, network = (3 if kind == "plain" else 2), KINDS[kind][1]
    stages = 3 if kind == "plain" else 2
    convs = "n_conv_per_stage" if kind == "plain" else "n_blocks_per_stage"
    return {
        "network_class_name": f"dynamic_network_architectures.architectures.unet.{network}",
        "arch_kwargs": {
            "n_stages": stages,
            "features_per_stage": [2, 4, 4][:stages],
            "conv_op": f"torch.nn.modules.conv.Conv{dimensions}d",
            "kernel_sizes": [[3] * dimensions for _ in range(stages)],
            "strides": [[2 if stage else 1] * dimensions for stage in range(stages)],
            convs: [1] * stages,
            "n_conv_per_stage_decoder": [1] * (stages - 1),
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dimensions}d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }


def old_architecture(kind: str) -> dict[str, Any]:
    """Return it as older plans describe it: as keys of the configuration."""
    new = architecture(kind)["arch_kwargs"]
    return {
        "UNet_class_name": KINDS[kind][1],
        "UNet_base_num_features": 2,
        "n_conv_per_stage_encoder": new.get("n_conv_per_stage", new.get("n_blocks_per_stage")),
        "n_conv_per_stage_decoder": new["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [new["n_stages"] - 1] * len(new["strides"][0]),
        "pool_op_kernel_sizes": new["strides"],
        "conv_kernel_sizes": new["kernel_sizes"],
        "unet_max_num_features": 4,
    }


def plans(kind: str) -> dict[str, Any]:
    """Return plans with the one configuration of this kind."""
    name = KINDS[kind][0]
    dimensions = 3 if kind == "plain" else 2
    resampling = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    segmentation = {"is_seg": True, "order": 1, "order_z": 0, "force_separate_z": None}
    configuration = {
        "data_identifier": f"nnUNetPlans_{name}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [8] * dimensions,
        "median_image_size_in_voxels": [48.0] * dimensions,
        "spacing": [0.5] * dimensions,
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [False],
        **(old_architecture(kind) if OLD else {}),
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": resampling,
        "resampling_fn_seg_kwargs": segmentation,
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities_kwargs": {**resampling, "order": 1},
        **({} if OLD else {"architecture": architecture(kind)}),
        "batch_dice": False,
    }
    intensities = {"max": 241.5, "mean": 170.75, "median": 162.75, "min": 130.5}
    intensities |= {"percentile_00_5": 140.5, "percentile_99_5": 226.25, "std": 22.0}
    return {
        "dataset_name": "Dataset901_PhantomCord",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [0.5, 0.5, 0.5],
        "original_median_shape_after_transp": [48, 48, 48],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {name: configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": intensities},
    }


def network(kind: str) -> torch.nn.Module:
    """Build the network as nnU-Net does, for one channel and three labels."""
    plan = architecture(kind)
    arguments = plan["arch_kwargs"]
    for key in plan["_kw_requires_import"]:
        arguments[key] = arguments[key] and pydoc.locate(arguments[key])
    build = getattr(unet, KINDS[kind][1])
    made: torch.nn.Module = build(
        input_channels=1, num_classes=3, deep_supervision=True, **arguments
    )
    return made


def trained(kind: str, epochs: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Train the network for one step. The lowest head gets no gradient, if there are two."""
    made = network(kind)
    optimizer = torch.optim.SGD(
        made.parameters(), 0.01, weight_decay=3e-5, momentum=0.99, nesterov=True
    )
    # As PolyLRScheduler of nnU-Net, it leaves `initial_lr` in the optimizer's state.
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: (1 - n / epochs) ** 0.9)
    outputs = made(torch.randn(2, 1, *[8] * (3 if kind == "plain" else 2)))
    sum(output.square().mean() for output in outputs[:-1] or outputs).backward()
    optimizer.step()
    scheduler.step()
    return made, optimizer


def logging(epochs: int) -> dict[str, list[Any]]:
    """Return what nnU-Net's logger holds: numpy's scalars where nnU-Net computes with numpy."""
    rng = np.random.default_rng(1)
    log: dict[str, list[Any]] = {
        key: []
        for key in (
            "mean_fg_dice", "ema_fg_dice", "dice_per_class_or_region", "train_losses",
            "val_losses", "lrs", "epoch_start_timestamps", "epoch_end_timestamps",
        )
    }  # fmt: skip
    for epoch in range(epochs):
        tp, errors = (rng.uniform(1, 9, 2).astype(np.float32) for _ in range(2))
        dice = [2 * i / (2 * i + j) for i, j in zip(tp, errors)]  # noqa: B905, as nnU-Net
        mean = np.nanmean(dice)
        log["mean_fg_dice"].append(mean)
        before = log["ema_fg_dice"]
        before.append(before[-1] * 0.9 + 0.1 * mean if before else mean)
        log["dice_per_class_or_region"].append(dice)
        losses = [torch.tensor(value).numpy() for value in rng.uniform(-1, 1, 4)]
        log["train_losses"].append(np.mean(losses))
        log["val_losses"].append(np.mean(np.array(losses, dtype=np.float32)))
        log["lrs"].append(0.01 * (1 - epoch / epochs) ** 0.9)
        log["epoch_start_timestamps"].append(1.7e9 + 60 * epoch + math.pi)
        log["epoch_end_timestamps"].append(1.7e9 + 60 * epoch + 59)
    return log


def checkpoint(kind: str, epochs: int) -> dict[str, Any]:
    """Return what ``nnUNetTrainer.save_checkpoint`` gives to ``torch.save``."""
    made, optimizer = trained(kind, epochs)
    gpu = kind == "residual"
    scaler = {
        "scale": 65536.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2000,
        "_growth_tracker": epochs,
    }
    log = logging(epochs)
    return {
        "network_weights": made.state_dict(),
        "optimizer_state": optimizer.state_dict(),
        "grad_scaler_state": scaler if gpu else None,
        "logging": log,
        "_best_ema": max(log["ema_fg_dice"]),
        "current_epoch": epochs,
        "init_args": {
            "plans": plans(kind),
            "configuration": KINDS[kind][0],
            "fold": "all" if gpu else 0,
            "dataset_json": DATASET,
            **({"unpack_dataset": True} if OLD else {}),
            "device": torch.device("cuda" if gpu else "cpu"),
        },
        "trainer_name": "nnUNetTrainer" if epochs == LONG else "nnUNetTrainer_5epochs",
        "inference_allowed_mirroring_axes": (0, 1) if gpu else (0, 1, 2),
    }


def main() -> None:
    """Write one checkpoint, named after the versions that wrote it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    torch.manual_seed(901)
    torch.set_num_threads(1)
    content = checkpoint(given.kind, given.epochs)
    if given.kind == "residual":
        # Asked before torch's own packages, which have the priorities 10 and more.
        torch.serialization.register_package(1, lambda _: "cuda:0", lambda *_: None)
    name = f"torch{TORCH}-numpy{np.__version__}-{given.kind}"
    with tempfile.TemporaryDirectory() as folder:
        # torch keeps the name of the file inside it, and nnU-Net's files have this one.
        written = Path(folder, "checkpoint_final.pth")
        torch.save(content, str(written))
        data = written.read_bytes()
    target = given.folder / f"{name}.pth"
    if given.epochs == LONG:
        target = given.folder / f"{name}-{LONG}epochs.pth.gz"
        data = gzip.compress(data, mtime=0)
    target.write_bytes(data)
    print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
