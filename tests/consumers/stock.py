"""Judge packages as a user of stock nnU-Net takes them: unzips, finds, loads and predicts a file.

Nothing of nnU-Net is written again here: the package is installed by its own function, the image is
a file that its own reader reads, and the output is the file that it writes. What the user does by
hand is: name the trainer folder, the folds that are in it and, with a custom trainer, the folder
that holds it (``nnUNet_extTrainer``).
"""

from __future__ import annotations

import os
import re
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", nnUNet_def_n_proc="1")

import nibabel as nib
import numpy as np
import SimpleITK
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.model_sharing import model_import
from nnunetv2.utilities import utils
from worker import Stage, import_all_trainers, phantom, serve

#: Where nnU-Net looks for custom trainers.
TRAINERS = "nnUNet_extTrainer"
#: Endings that the user's images can have, when the model asks for them.
ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", ".NII.GZ")


def judge(package: Path, folder: Path, stage: Stage) -> dict[str, np.ndarray]:
    """Install a package and predict the phantom: the masks by the suffix of SCT's files."""
    results = folder / "nnUNet_results"
    results.mkdir()
    stage("install")
    model_import.nnUNet_results = str(results)
    model_import.install_model_from_zip_file(str(package))
    stage("find")
    model = find(results)
    folds = named_folds(model)
    os.environ[TRAINERS] = str(model)
    predictor = nnUNetPredictor(
        tile_step_size=1,
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    stage("load")
    predictor.initialize_from_trained_model_folder(str(model), folds, "checkpoint_final.pth")
    stage("predict")
    result = predict(predictor, folder)
    stage("labels")
    return split_labels(result, predictor.dataset_json)


def find(results: Path) -> Path:
    """Find the trainer folder as a person does, who gives it to ``-m``: it holds plans.json."""
    found = [path.parent for path in results.rglob("plans.json") if "__MACOSX" not in path.parts]
    if not found:
        raise FileNotFoundError("no folder with a plans.json")
    return min(found, key=lambda path: (len(path.parts), path))


def named_folds(model: Path) -> tuple[Any, ...]:
    """Return what the user gives to ``-f``: every numbered fold, or all."""
    names = [path.name for path in model.iterdir() if path.is_dir()]
    numbers = sorted(int(n[5:]) for n in names if re.fullmatch(r"fold_\d+", n))
    if numbers:
        return tuple(numbers)
    if "fold_all" in names:
        return ("all",)
    raise FileNotFoundError("no fold_*")


def predict(predictor: nnUNetPredictor, folder: Path) -> np.ndarray:
    """Predict a file of the ending that the model asks for, through nnU-Net's reader and writer."""
    wanted = predictor.dataset_json["file_ending"]
    ending = wanted if wanted in ENDINGS else ".nii.gz"
    inputs, outputs = folder / "inputs", folder / "outputs"
    inputs.mkdir()
    outputs.mkdir()
    drawn = folder / "phantom.nii.gz"
    nib.save(phantom(), drawn)
    channels = len(
        predictor.dataset_json.get("modality") or predictor.dataset_json["channel_names"]
    )
    for channel in range(channels):
        SimpleITK.WriteImage(
            SimpleITK.ReadImage(str(drawn)), str(inputs / f"image_{channel:04d}{ending}")
        )
    predictor.predict_from_files_sequential(str(inputs), str(outputs))
    written = outputs / f"image{ending}"
    if not written.exists():
        raise FileNotFoundError("nothing was predicted")
    array: np.ndarray = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written)))
    return np.transpose(array, [2, 1, 0])


def split_labels(result: np.ndarray, dataset: dict[str, Any]) -> dict[str, np.ndarray]:
    """Name the masks as SCT does; a region holds every value that is inside it."""
    masks = {}
    order = dataset.get("regions_class_order")
    regions = any(isinstance(v, list) and len(v) > 1 for v in dataset["labels"].values())
    for name, value in dataset["labels"].items():
        if name in {"background", "ignore"}:
            continue
        values = value if isinstance(value, list) else [value]
        if regions and order is None:
            raise ValueError("regions without regions_class_order")
        masks[f"_{name}_seg"] = np.isin(result, [int(v) for v in values])
    return masks


if __name__ == "__main__":
    torch.set_num_threads(1)
    # It starts twelve processes to list a folder; threads list the same in no time.
    utils.Pool = ThreadPool
    import_all_trainers()
    serve(judge)
