"""Judge packages as the Spinal Cord Toolbox takes them: installs, finds, loads and segments.

SCT can't be installed here, so what it does around its fork of nnU-Net is written again from its
source (August 2026), with the same order of steps, the same globs and the same assumptions: here
``deepseg/nnunet.py`` (find and load) and ``deepseg/inference.py`` (segment), in ``sct_files.py``
and ``sct_image.py`` what comes before and after. It runs with ``nnunetv2-neuropoly`` on the path.
"""

# SCT's own calls to os and glob, so that every corner is the same; threads are set before imports.
# ruff: noqa: E402, PTH110, PTH118, PTH119, PTH207

from __future__ import annotations

import glob
import importlib.util
import os
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", nnUNet_def_n_proc="1")
for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[variable] = f"./{variable}"

import nibabel as nib
import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from sct_files import install, require_crop_metadata, require_nnunet
from sct_image import letters_of, reorient, split_labels
from worker import Stage, import_all_trainers, phantom, serve

#: The name of SCT's folder for the model; no package has a file or folder of this name.
INSTALLED = "model_seg_judged"


def judge(package: Path, folder: Path, stage: Stage) -> dict[str, np.ndarray]:
    """Install a package and segment the phantom: the masks by the suffix of their file."""
    installed = folder / INSTALLED
    stage("install")
    install(package, installed, folder / "unzipped")
    stage("find")
    require_nnunet(installed)
    require_crop_metadata(installed)
    predictor = load(installed, stage)
    return segment(predictor, folder, stage)


def load(installed: Path, stage: Stage) -> nnUNetPredictor:
    """nnunet.py, create_nnunet_from_plans."""
    trainer_dirs = glob.glob(os.path.join(installed, "nnUNetTrainer*"))
    if len(trainer_dirs) != 1:
        raise FileNotFoundError(f"{len(trainer_dirs)} entries match 'nnUNetTrainer*'")
    model = trainer_dirs[0]
    fold_dirs = [os.path.basename(path) for path in glob.glob(os.path.join(model, "fold_*"))]
    if not fold_dirs:
        raise FileNotFoundError("No 'fold_*' directories found")
    # glob gives folds in the order of the disk; sorted, the verdict is the same everywhere.
    fold_dirs.sort()
    folds: Any = "all" if fold_dirs == ["fold_all"] else [int(f.split("_")[-1]) for f in fold_dirs]
    checkpoints = {
        os.path.basename(path) for path in glob.glob(os.path.join(model, "**", "checkpoint_*.pth"))
    }
    for name in ("checkpoint_final.pth", "checkpoint_best.pth"):
        if name in checkpoints:
            break
    else:
        raise ValueError("Couldn't find 'checkpoint_final.pth' or 'checkpoint_best.pth'")
    predictor = nnUNetPredictor(
        tile_step_size=0.5,
        use_gaussian=True,
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    stage("trainer")
    trainer_class = trainer_class_if_available(model)
    stage("load")
    predictor.initialize_from_trained_model_folder(
        model, use_folds=folds, checkpoint_name=name, trainer_class=trainer_class
    )
    return predictor


def trainer_class_if_available(model: str) -> Any:
    """nnunet.py, load_trainer_class_if_available."""
    path = os.path.join(model, "trainer_class.py")
    if not os.path.exists(path):
        return None
    spec = importlib.util.spec_from_file_location("trainer_class", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_trainer_class() if hasattr(module, "get_trainer_class") else None


def segment(
    predictor: nnUNetPredictor, folder: Path, stage: Stage, image: nib.Nifti1Image | None = None
) -> dict[str, np.ndarray]:
    """inference.py, segment_nnunet, and the masks that sct_deepseg writes."""
    stage("orientation")
    image = image or phantom()
    data, original = np.asarray(image.dataobj), letters_of(image)
    if "image_orientation" in predictor.dataset_json:
        wanted = predictor.dataset_json["image_orientation"]
    elif "RegionBasedLesionSeg" in predictor.plans_manager.dataset_name:
        wanted = "AIL"
    else:
        wanted = "LPI"
    spacing = np.array(image.header.get_zooms()[:3], dtype=float)
    current = original
    if original != wanted:
        data, spacing, current = reorient(data, spacing, original, wanted)
    stage("predict")
    prediction = predictor.predict_single_npy_array(
        input_image=np.expand_dims(data.transpose([2, 1, 0]), axis=0).astype(np.float32),
        image_properties={"spacing": spacing[::-1].tolist()},
    )
    stage("save")
    result = prediction.transpose([2, 1, 0])
    if current != original:
        result, _, _ = reorient(result, spacing, current, original)
    masks = split_labels(result, predictor.dataset_json["labels"])
    for target, mask in masks.items():
        out = folder / "out"
        out.mkdir(exist_ok=True)
        name = f"{out}/image_pred{target}.nii.gz"
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), image.affine), name)
    return masks


if __name__ == "__main__":
    torch.set_num_threads(1)
    import_all_trainers()
    serve(judge)
