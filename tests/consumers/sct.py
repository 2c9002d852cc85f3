"""Judge packages as the Spinal Cord Toolbox takes them: installs, finds, loads and segments.

SCT can't be installed here, so what it does around its fork of nnU-Net is written again from its
source (August 2026), with the same order of steps, the same globs and the same assumptions:
``download.py`` (install_data), ``deepseg/models.py`` (which software), ``deepseg/nnunet.py`` (find
and load), ``deepseg/inference.py`` (orientation and one mask for each label), ``image.py``
(orientations). Run by the differential test in an environment with ``nnunetv2-neuropoly``.
"""

from __future__ import annotations

import glob
import importlib.util
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", nnUNet_def_n_proc="1")
for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[variable] = f"./{variable}"

import nibabel as nib
import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from scipy import ndimage
from worker import Stage, import_all_trainers, phantom, serve

#: The name of SCT's folder for the model; no package has a file or folder of this name.
INSTALLED = "model_seg_judged"
PADS = ("superior", "inferior", "left", "right", "anterior", "posterior")
OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "I": "S", "S": "I"}
SUPERFLUOUS = ("__MACOSX",)


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


def install(package: Path, installed: Path, unzipped: Path) -> None:
    """download.py, unzip and install_data with ``dirs_to_preserve=("nnUNetTrainer",)``."""
    installed.mkdir()
    unzipped.mkdir()
    formats: dict[str, Any] = {
        ".zip": zipfile.ZipFile,
        ".tar.gz": tarfile.open,
        ".tgz": tarfile.open,
    }
    for ending, opener in formats.items():
        if package.name.lower().endswith(ending):
            break
    else:
        raise TypeError(f"ERROR: The file {package.name} is of wrong format")
    opener(package).extractall(unzipped)

    entries = [entry for entry in os.scandir(unzipped) if entry.name not in SUPERFLUOUS]
    bundle = str(unzipped)
    if len(entries) == 1 and entries[0].is_dir() and "nnUNetTrainer" not in entries[0].name:
        bundle = entries[0].path
    for here, folders, files in os.walk(bundle):
        folders[:] = [name for name in folders if name not in SUPERFLUOUS]
        there = installed / os.path.relpath(here, bundle)
        for name in folders:
            (there / name).mkdir(exist_ok=True)
        for name in files:
            shutil.copy(os.path.join(here, name), there / name)


def require_nnunet(installed: Path) -> None:
    """models.py, check_model_software_type."""
    plain = installed / installed.name
    ivadomed = any(Path(f"{plain}{end}").exists() for end in (".pt", ".onnx"))
    if ivadomed and Path(f"{plain}.json").exists():
        raise ValueError("taken for a model of ivadomed")
    if glob.glob(os.path.join(installed, "**", "*.ckpt"), recursive=True):
        raise ValueError("taken for a model of MONAI: it holds a .ckpt file")
    if not glob.glob(os.path.join(installed, "**", "*.pth"), recursive=True):
        raise ValueError("Model type cannot be determined.")


def require_crop_metadata(installed: Path) -> None:
    """models.py for models with ``cropped_image``: those that ship the file anywhere."""
    if not glob.glob(os.path.join(installed, "**", "crop_metadata.json"), recursive=True):
        return
    at_root = installed / "crop_metadata.json"
    if not at_root.exists():
        raise RuntimeError("crop_metadata.json is not at the root of the model")
    metadata = json.loads(at_root.read_text(encoding="utf-8"))
    missing = [f"pad_{side}" for side in PADS if f"pad_{side}" not in metadata]
    if missing:
        raise RuntimeError(f"crop_metadata.json lacks {', '.join(missing)}")


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
        os.path.basename(path)
        for path in glob.glob(os.path.join(model, "**", "checkpoint_*.pth"))
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


def segment(predictor: nnUNetPredictor, folder: Path, stage: Stage) -> dict[str, np.ndarray]:
    """inference.py, segment_nnunet and the masks that sct_deepseg writes."""
    stage("orientation")
    image = phantom()
    data, original = np.asarray(image.dataobj), "RPI"
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
    if original != wanted and current != original:
        result, _, _ = reorient(result, spacing, current, original)
    masks = split_labels(result, predictor.dataset_json["labels"])
    for target, mask in masks.items():
        out = folder / "out"
        out.mkdir(exist_ok=True)
        name = f"{out}/image_pred{target}.nii.gz"
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), image.affine), name)
    return masks


def reorient(
    data: np.ndarray, spacing: np.ndarray, source: str, wanted: Any
) -> tuple[np.ndarray, np.ndarray, str]:
    """image.py, change_orientation: the new data, spacing and letters (in SCT's "from" sense)."""
    order, steps = [0, 1, 2], [1, 1, 1]
    for i, letter in enumerate(source):
        try:
            order[i] = wanted.index(letter)
        except ValueError:
            order[i] = wanted.index(OPPOSITE[letter])
            steps[i] = -1
    if sorted(order) != [0, 1, 2]:
        raise NotImplementedError
    axes = np.argsort(order)
    letters = [OPPOSITE[c] if s < 0 else c for c, s in zip(source, steps)]
    flipped = data[:: steps[0], :: steps[1], :: steps[2]]
    return flipped.transpose(axes), spacing[axes], "".join(letters[a] for a in axes)


def split_labels(result: np.ndarray, all_labels: dict[str, Any]) -> dict[str, np.ndarray]:
    """inference.py: one mask for each label, but for rootlets and for the cord alone."""
    labels = {name: value for name, value in all_labels.items() if name != "background"}
    if "canal_seg" in labels:
        result = largest_object(result)
    if all(name == f"lvl{i}" for i, name in enumerate(labels, start=1)):
        return {"_rootlets": result}
    if sorted(labels) == ["sc"]:
        return {"_seg": result}
    masks = {}
    for name, value in labels.items():
        values = value if isinstance(value, list) else [value]
        masks[f"_{name}_seg"] = np.logical_or.reduce([result == int(v) for v in values])
    return masks


def largest_object(data: np.ndarray) -> np.ndarray:
    """Keep the largest connected object (26 neighbours)."""
    objects, count = ndimage.label(data, structure=np.ones((3, 3, 3)))
    if count <= 1:
        return data
    sizes = np.bincount(objects.ravel())[1:]
    return np.where(objects == sizes.argmax() + 1, data, 0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    import_all_trainers()
    serve(judge)
