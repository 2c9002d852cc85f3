"""Train the small genuine nnU-Net model that the tests read.

It draws a handful of phantoms (a bright cord with grey matter in it), runs nnU-Net's own planning,
preprocessing and training on them for a few epochs on the CPU, and leaves the trainer folder next
to this file, as nnU-Net writes it. Only two things are changed afterwards: the name of the machine
and the paths on it are replaced by made-up ones, and the progress plot is scaled down.

    python tests/data/make_model.py        # about two minutes on two cores

needs nnunetv2, nibabel and Pillow. The network learns for a moment only: it is there for its
files, not for its results.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
DATASET = "Dataset901_PhantomCord"
TRAINER = "nnUNetTrainerTiny"
FOLDS = (0, 1)
#: What stands in the published files instead of this machine's name and folders.
HOST, HOME = "workstation", "/home/user/nnunet"


def phantom(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw an image and its labels (1 cord, 2 grey matter): 48 x 48 x 8 voxels."""
    x, y, z = np.meshgrid(np.arange(48), np.arange(48), np.arange(8), indexing="ij")
    cx = 24 + rng.normal(0, 2) + rng.normal(0, 0.3) * z
    cy = 24 + rng.normal(0, 2) + rng.normal(0, 0.3) * z
    r = rng.uniform(7, 10)
    dx, dy = (x - cx) / r, (y - cy) / r
    cord = dx**2 + (1.2 * dy) ** 2 <= 1
    horns = ((np.abs(dx) - 0.3) / 0.18) ** 2 + (dy / 0.45) ** 2 <= 1
    commissure = (np.abs(dx) <= 0.35) & (np.abs(dy) <= 0.12)
    grey = cord & (horns | commissure)
    labels = cord.astype(np.uint8) + grey
    image = 100 + 60 * cord + 50 * grey + rng.normal(0, 8, cord.shape)
    return image.astype(np.float32), labels


def write_dataset(raw: Path) -> None:
    """Write nnU-Net's raw dataset; nibabel's LAS is what SCT calls RPI."""
    affine = np.diag([-0.5, 0.5, 5.0, 1.0])
    rng = np.random.default_rng(901)
    for sub in ("imagesTr", "labelsTr"):
        (raw / sub).mkdir(parents=True)
    for i in range(10):
        image, labels = phantom(rng)
        name = f"phantom_{i:03d}"
        nib.save(nib.Nifti1Image(image, affine), raw / "imagesTr" / f"{name}_0000.nii.gz")
        nib.save(nib.Nifti1Image(labels, affine), raw / "labelsTr" / f"{name}.nii.gz")
    dataset = {
        "channel_names": {"0": "T2star"},
        "labels": {"background": 0, "sc": 1, "gm": 2},
        "numTraining": 10,
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "SimpleITKIO",
        "image_orientation": "RPI",
    }
    (raw / "dataset.json").write_text(json.dumps(dataset, indent=4), encoding="utf-8")


def shrink_plans(plans_file: Path) -> None:
    """Make the planned 2D network as small as it can be while it keeps its four stages."""
    plans = json.loads(plans_file.read_text(encoding="utf-8"))
    two_d = plans["configurations"]["2d"]
    two_d["batch_size"] = 4
    two_d["patch_size"] = [48, 48]
    arch = two_d["architecture"]["arch_kwargs"]
    arch.update(
        n_stages=4,
        features_per_stage=[4, 8, 16, 16],
        kernel_sizes=[[3, 3]] * 4,
        strides=[[1, 1], [2, 2], [2, 2], [2, 2]],
        n_conv_per_stage=[2] * 4,
        n_conv_per_stage_decoder=[2] * 3,
    )
    plans_file.write_text(json.dumps(plans, indent=4), encoding="utf-8")


def anonymise(model: Path, work: Path, env: dict[str, str]) -> None:
    """Replace what names this machine in the text files; the checkpoints hold none of it."""
    host = subprocess.run(
        ["hostname"], capture_output=True, text=True, check=True, env=env
    ).stdout.strip()
    for fold in model.glob("fold_*"):
        for file in (*fold.glob("*.txt"), fold / "debug.json"):
            text = file.read_text(encoding="utf-8").replace(str(work), HOME)
            text = text.replace(f'"hostname": "{host}"', f'"hostname": "{HOST}"')
            file.write_text(text, encoding="utf-8")
        plot = fold / "progress.png"
        with Image.open(plot) as image:
            small = image.convert("RGB").resize((image.width // 8, image.height // 8))
        small.convert("P", palette=Image.Palette.ADAPTIVE, colors=16).save(plot, optimize=True)


def main() -> None:
    """Train every fold and put the trainer folder beside this file."""
    with tempfile.TemporaryDirectory() as tmp:
        work = Path(tmp)
        env = {
            **os.environ,
            "nnUNet_raw": str(work / "raw"),
            "nnUNet_preprocessed": str(work / "preprocessed"),
            "nnUNet_results": str(work / "results"),
            "nnUNet_extTrainer": str(work / "trainers"),
            "nnUNet_n_proc_DA": "2",
            "nnUNet_compile": "f",
            "OMP_NUM_THREADS": "1",
        }
        (work / "trainers").mkdir()
        shutil.copy(HERE / "trainer_class.py", work / "trainers" / "trainer_class.py")
        write_dataset(work / "raw" / DATASET)

        def run(command: str, *arguments: str) -> None:
            program = Path(sys.executable).parent / command
            subprocess.run([str(program), *arguments], check=True, env=env)

        run("nnUNetv2_plan_and_preprocess", "-d", "901", "-c", "2d", "-np", "1", "-npfp", "1")
        shrink_plans(work / "preprocessed" / DATASET / "nnUNetPlans.json")
        for fold in FOLDS:
            run("nnUNetv2_train", "901", "2d", str(fold), "-tr", TRAINER, "-device", "cpu")

        trained = work / "results" / DATASET / f"{TRAINER}__nnUNetPlans__2d"
        anonymise(trained, work, env)
        model = HERE / trained.name
        shutil.rmtree(model, ignore_errors=True)
        ignore = shutil.ignore_patterns("checkpoint_best.pth", "checkpoint_latest.pth")
        shutil.copytree(trained, model, ignore=ignore)
        shutil.copy(HERE / "trainer_class.py", model / "trainer_class.py")


if __name__ == "__main__":
    main()
