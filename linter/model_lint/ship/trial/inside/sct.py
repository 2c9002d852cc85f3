"""Segment as the Spinal Cord Toolbox does, around its fork of nnU-Net (SCT, August 2026).

The steps, their order and their assumptions are those of ``deepseg/nnunet.py`` (find and load) and
``deepseg/inference.py`` (segment); what stops SCT stops here.
"""

from __future__ import annotations

import fnmatch
import glob
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from scipy import ndimage

from .images import Image, phantom, reading, reorient
from .results import Result
from .watch import watch_logits

_PADS = ("superior", "inferior", "left", "right", "anterior", "posterior")
#: The orientation of phantoms: another than most models have, so that it is turned.
_LETTERS, _OTHER = "RPI", "LPI"


class Consumer:
    """SCT."""

    name = "sct"

    def prepare(self, request: dict[str, Any]) -> list[Image]:
        """Read the images; SCT reads one channel."""
        if spec := request["phantom"]:
            return [phantom(spec, _OTHER if spec["orientation"] == _LETTERS else _LETTERS)]
        return [self.read(group[0]) for group in request["images"]]

    def read(self, path: str) -> Image:
        """Read an image, or a reference."""
        return _read(Path(path))

    def load(
        self, request: dict[str, Any], stage: Callable[[str], None]
    ) -> tuple[Any, dict[str, Any]]:
        """Find and load the model; return the predictor and what was found."""
        stage("find")
        bundle = request["model"] or _installed(request["bundle"])
        _require_nnunet(bundle)
        if not request["model"]:
            _require_crop_metadata(bundle)
        model = _trainer_folder(bundle, request["model"])
        folds, checkpoint = _folds(model)
        predictor = nnUNetPredictor(
            tile_step_size=0.5,
            use_gaussian=True,
            use_mirroring=False,
            perform_everything_on_device=False,
            device=torch.device("cpu"),
            allow_tqdm=False,
        )
        stage("trainer")
        trainer = _trainer_class(model)
        stage("load")
        predictor.initialize_from_trained_model_folder(
            model, use_folds=folds, checkpoint_name=checkpoint, trainer_class=trainer
        )
        return predictor, {"folder": os.path.basename(model), "folds": _shown(folds)}  # noqa: PTH119

    def segment(
        self, predictor: Any, images: list[Image], stage: Callable[[str], None]
    ) -> Iterator[Result]:
        """Yield the result of each image."""
        for image in images:
            started = time.perf_counter()
            stage("orientation")
            data, spacing = image.channels[0], image.spacing
            wanted = _orientation(predictor)
            turned = image.letters != wanted
            if turned:
                data, spacing = reorient(data, spacing, image.letters, wanted)
            stage("predict")
            with watch_logits(predictor) as finite:
                prediction = predictor.predict_single_npy_array(
                    input_image=np.expand_dims(data.transpose([2, 1, 0]), axis=0).astype(
                        np.float32
                    ),
                    image_properties={"spacing": spacing[::-1].tolist()},
                )
            stage("save")
            labels = np.asarray(prediction).transpose([2, 1, 0])
            if turned:
                labels, _ = reorient(labels, spacing, wanted, image.letters)
            masks = _split(labels, predictor.dataset_json["labels"])
            for suffix, mask in masks.items():
                nib.save(nib.Nifti1Image(mask.astype(np.uint8), image.affine), _file(suffix))
            seconds = time.perf_counter() - started
            truth = image.reference
            split = None if truth is None else _split(truth, predictor.dataset_json["labels"])
            yield Result(image, labels, image.affine, masks, finite(), seconds, split)


def _file(suffix: str) -> str:
    os.makedirs("out", exist_ok=True)  # noqa: PTH103 - a suffix may be anything, as in SCT
    return f"out/image{suffix}.nii.gz"


def _read(path: Path) -> Image:
    with reading(path, "nibabel"):
        image = nib.load(path)
        if len(image.shape) == 4 and image.shape[3] == 1:
            image = image.slicer[..., 0]
        if len(image.shape) != 3:
            raise ValueError(f"it has {len(image.shape)} dimensions, not 3")
        return Image(path.name, (np.asarray(image.dataobj).astype(np.float32),), image.affine)


def _require_nnunet(bundle: str) -> None:
    """models.py, check_model_software_type."""
    if glob.glob(os.path.join(bundle, "**", "*.ckpt"), recursive=True):  # noqa: PTH118, PTH207
        raise ValueError("taken for a model of MONAI: it has a .ckpt file")
    if not glob.glob(os.path.join(bundle, "**", "*.pth"), recursive=True):  # noqa: PTH118, PTH207
        raise ValueError("there is no .pth file")


def _require_crop_metadata(bundle: str) -> None:
    """models.py, for models with ``cropped_image``: those that have the file anywhere."""
    if not any(Path(bundle).rglob("crop_metadata.json")):
        return
    import json  # noqa: PLC0415 - few models have it

    at_root = Path(bundle) / "crop_metadata.json"
    if not at_root.exists():
        raise RuntimeError("crop_metadata.json is not beside the trainer folder")
    metadata = json.loads(at_root.read_text(encoding="utf-8"))
    missing = [f"pad_{side}" for side in _PADS if f"pad_{side}" not in metadata]
    if missing:
        raise RuntimeError(f"crop_metadata.json has no {', '.join(missing)}")


def _installed(unpacked: str) -> str:
    """download.py, install_data: a single folder is taken off, unless it is named as a trainer."""
    entries = [entry for entry in os.scandir(unpacked) if entry.name != "__MACOSX"]
    if len(entries) == 1 and entries[0].is_dir() and "nnUNetTrainer" not in entries[0].name:
        return entries[0].path
    return unpacked


def _trainer_folder(bundle: str, given: str) -> str:
    """nnunet.py, create_nnunet_from_plans: the only entry of that name."""
    pattern = os.path.join(bundle, "nnUNetTrainer*")  # noqa: PTH118
    found = glob.glob(pattern)  # noqa: PTH207
    if given:
        found = fnmatch.filter([given], os.path.join(os.path.dirname(given), "nnUNetTrainer*"))  # noqa: PTH118, PTH120
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} entries match nnUNetTrainer*")
    return found[0]


def _folds(model: str) -> tuple[Any, str]:
    """As above: the folds, and the checkpoint that is read of each."""
    paths = glob.glob(os.path.join(model, "fold_*"))  # noqa: PTH118, PTH207
    names = sorted(os.path.basename(path) for path in paths)  # noqa: PTH119
    if not names:
        raise FileNotFoundError("no entry matches fold_*")
    folds: Any = "all" if names == ["fold_all"] else [int(n.split("_")[-1]) for n in names]
    files = glob.glob(os.path.join(model, "**", "checkpoint_*.pth"))  # noqa: PTH118, PTH207
    checkpoints = {os.path.basename(path) for path in files}  # noqa: PTH119
    for name in ("checkpoint_final.pth", "checkpoint_best.pth"):
        if name in checkpoints:
            return folds, name
    raise FileNotFoundError("neither checkpoint_final.pth nor checkpoint_best.pth is in a fold")


def _shown(folds: Any) -> list[str]:
    return [folds] if isinstance(folds, str) else [str(fold) for fold in folds]


def _trainer_class(model: str) -> Any:
    """nnunet.py, load_trainer_class_if_available."""
    path = os.path.join(model, "trainer_class.py")  # noqa: PTH118
    if not os.path.exists(path):  # noqa: PTH110
        return None
    spec = importlib.util.spec_from_file_location("trainer_class", path)
    assert spec is not None and spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_trainer_class() if hasattr(module, "get_trainer_class") else None


def _orientation(predictor: Any) -> Any:
    if "image_orientation" in predictor.dataset_json:
        return predictor.dataset_json["image_orientation"]
    is_lesion = "RegionBasedLesionSeg" in predictor.plans_manager.dataset_name
    return "AIL" if is_lesion else "LPI"


def _split(result: np.ndarray, every: dict[str, Any]) -> dict[str, np.ndarray]:
    """inference.py: one mask for each label, but for rootlets and for the cord alone."""
    labels = {name: value for name, value in every.items() if name != "background"}
    if "canal_seg" in labels:
        result = _largest(result)
    if all(name == f"lvl{i}" for i, name in enumerate(labels, start=1)):
        return {"_rootlets": result}
    if sorted(labels) == ["sc"]:
        return {"_seg": result}
    masks = {}
    for name, value in labels.items():
        values = value if isinstance(value, list) else [value]
        masks[f"_{name}_seg"] = np.logical_or.reduce([result == int(v) for v in values])
    return masks


def _largest(data: np.ndarray) -> np.ndarray:
    """Keep the largest connected object (26 neighbours)."""
    objects, count = ndimage.label(data, structure=np.ones((3, 3, 3)))
    if count <= 1:
        return data
    sizes = np.bincount(objects.ravel())[1:]
    return np.where(objects == sizes.argmax() + 1, data, 0)
