"""Train a model of every kind that `pack` takes, each as small as can be, with nnU-Net's own code.

    python tests/consumers/train.py FOLDER

leaves nnU-Net's folders ``nnUNet_raw``, ``nnUNet_preprocessed`` and ``nnUNet_results`` in FOLDER.
All of it is one process, which imports torch once: where nnU-Net starts processes, it gets
threads. The networks learn next to nothing: they are there for their files and their numbers.
"""

# The environment is set before nnU-Net is imported, which reads it.
# ruff: noqa: E402

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from copy import deepcopy
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from trainings import (
    CORD,
    CUSTOM,
    FOLDERS,
    OVERLAP,
    PAIR,
    PLANS,
    PREPROCESSED,
    RAW,
    REGIONS,
    RESIDUAL,
    RESULTS,
    TRAINER_CLASS,
    TRAININGS,
    Data,
    Training,
)

#: The number of processes that augment; nnU-Net plans with at least one.
PROCESSES = "nnUNet_n_proc_DA"

if __name__ == "__main__":
    ROOT = Path(sys.argv[1]).resolve()
    os.environ.update({name: str(ROOT / name) for name in FOLDERS} | {PROCESSES: "1"})
    os.environ.update(
        nnUNet_extTrainer=str(TRAINER_CLASS.parent),
        nnUNet_def_n_proc="1",
        nnUNet_compile="f",
        OMP_NUM_THREADS="1",
        MPLBACKEND="agg",
        PYTHONDONTWRITEBYTECODE="1",
    )
    sys.dont_write_bytecode = True
    vars(multiprocessing)["get_context"] = lambda _: SimpleNamespace(Pool=ThreadPool)

import nibabel as nib
import numpy as np
import torch
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import (
    DatasetFingerprintExtractor,
)
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (
    ExperimentPlanner,
)
from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

CASES = 5
#: The network, as small as can be.
SMALL = {
    "n_stages": 3,
    "features_per_stage": [4, 8, 8],
    "n_conv_per_stage": [1] * 3,
    "n_conv_per_stage_decoder": [1] * 2,
}


def phantom(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw an image and its labels (1 cord, 2 grey matter): 32 x 36 x 8 voxels."""
    x, y, z = np.meshgrid(np.arange(32), np.arange(36), np.arange(8), indexing="ij")
    dx, dy = (x - 14 - rng.normal() - 0.3 * z) / 8, (y - 19 - rng.normal()) / 8
    cord = dx**2 + (1.2 * dy) ** 2 <= 1
    grey = cord & (((np.abs(dx) - 0.3) / 0.2) ** 2 + (dy / 0.45) ** 2 <= 1)
    image = 100 + 60 * cord + 50 * grey + rng.normal(0, 8, cord.shape)
    return image.astype(np.float32), cord.astype(np.uint8) + grey


def draw(raw: Path, data: Data) -> None:
    """Write nnU-Net's raw data set; nibabel's LAS is what SCT calls RPI."""
    rng = np.random.default_rng(data.number)
    affine = np.diag([-0.5, 0.5, 5.0, 1.0])
    folder = raw / data.folder
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for case in range(CASES):
        image, labels = phantom(rng)
        for channel in range(data.channels):
            noisy = image + rng.normal(0, 5 * channel + 1e-3, image.shape).astype(np.float32)
            path = folder / "imagesTr" / f"case_{case}_{channel:04d}.nii.gz"
            nib.save(nib.Nifti1Image(noisy, affine), path)
        nib.save(nib.Nifti1Image(labels, affine), folder / "labelsTr" / f"case_{case}.nii.gz")
    regions = {"regions_class_order": [1, 2]} if data.labels is REGIONS else {}
    dataset = {
        "channel_names": {str(number): f"T{number + 1}w" for number in range(data.channels)},
        "labels": data.labels,
        **regions,
        "numTraining": CASES,
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "SimpleITKIO",
        "image_orientation": "RPI",
    }
    write(folder / "dataset.json", dataset)


def write(path: Path, content: Any) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")


def plan(data: Data) -> None:
    """Let nnU-Net plan, and make the networks small; add low resolution and a cascade."""
    DatasetFingerprintExtractor(data.number, 1).run()
    folder = Path(os.environ[PREPROCESSED]) / data.folder
    ExperimentPlanner(data.number).plan_experiment()
    plans = json.loads((folder / f"{PLANS}.json").read_text(encoding="utf-8"))
    known = plans["configurations"]
    for name, axes in (("2d", 2), ("3d_fullres", 3)):
        known[name] |= {"patch_size": [8, 32, 32][-axes:], "batch_size": 2}
        steps = [[1] * axes, [1, 2, 2][-axes:], [1, 2, 2][-axes:]]
        arguments = known[name]["architecture"]["arch_kwargs"]
        arguments.update(SMALL, kernel_sizes=[[3] * axes] * 3, strides=steps)
    known["3d_lowres"] = {
        **deepcopy(known["3d_fullres"]),
        "data_identifier": f"{PLANS}_3d_lowres",
        "spacing": [5.0, 0.7, 0.7],
        "next_stage": "3d_cascade_fullres",
    }
    known["3d_cascade_fullres"] = {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}
    write(folder / f"{PLANS}.json", plans)
    for configuration in known.values():
        if "architecture" in configuration:
            make_residual(configuration["architecture"])
    write(folder / f"{RESIDUAL}.json", plans | {"plans_name": RESIDUAL})


def make_residual(architecture: dict[str, Any]) -> None:
    """Make it the network of nnU-Net's planners for residual encoders."""
    architecture["network_class_name"] = (
        "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    )
    arguments = architecture["arch_kwargs"]
    arguments["n_blocks_per_stage"] = arguments.pop("n_conv_per_stage")


def train(training: Training) -> None:
    """Train every fold for one epoch of a few iterations."""
    os.environ[PROCESSES] = "0"
    folder = Path(os.environ[PREPROCESSED]) / training.data.folder
    plans = json.loads((folder / f"{training.plans}.json").read_text(encoding="utf-8"))
    dataset = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    for fold in training.folds:
        torch.manual_seed(1)
        np.random.seed(1)  # nnU-Net's augmentation draws from it
        trainer = recursive_find_trainer_class_by_name(training.trainer)(
            plans={**plans, "continue_training": False},
            configuration=training.configuration,
            fold=fold,
            dataset_json=dataset,
            device=torch.device("cpu"),
        )
        trainer.num_epochs = 1
        trainer.num_iterations_per_epoch = 25
        trainer.initial_lr = 0.05  # or it learns nothing in so few
        trainer.num_val_iterations_per_epoch = 1
        trainer.run_training()
        if training.validated:
            trainer.perform_actual_validation()


def main() -> None:
    """Draw, plan, preprocess and train."""
    torch.set_num_threads(1)
    for name in FOLDERS:
        (ROOT / name).mkdir(parents=True)
    for data in (CORD, OVERLAP, PAIR):
        draw(ROOT / RAW, data)
        plan(data)
        truth = ROOT / PREPROCESSED / data.folder / "gt_segmentations"
        shutil.copytree(ROOT / RAW / data.folder / "labelsTr", truth)
    preprocessed: set[tuple[int, str]] = set()
    for training in TRAININGS.values():
        configuration = training.configuration.replace("cascade_", "")
        key = (training.data.number, configuration)
        if key not in preprocessed:
            DefaultPreprocessor(verbose=False).run(*key, PLANS, num_processes=1)
            preprocessed.add(key)
    for training in TRAININGS.values():
        train(training)
        target = ROOT / RESULTS / training.folder
        if training.trainer == CUSTOM:
            shutil.copy(TRAINER_CLASS, target)


if __name__ == "__main__":
    main()
