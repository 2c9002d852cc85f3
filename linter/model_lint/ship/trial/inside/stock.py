"""Predict as a user of stock nnU-Net does: name the trainer folder and the folds, predict files.

Nothing of nnU-Net is written again: its own reader reads the images, and its own writer writes.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities import utils

from .images import Image, Unusable, phantom, reading
from .results import Result
from .watch import watch_logits

#: Endings of files that SimpleITK converts to one another.
_VOLUMES = (".nii.gz", ".nii", ".nrrd", ".mha", ".gipl")
_INPUTS, _OUTPUTS = Path("inputs"), Path("outputs")


class _Alone:
    """Stands for a pool of processes: nnU-Net starts twelve to list a folder."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> _Alone:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def starmap(self, function: Callable[..., Any], arguments: Any) -> list[Any]:
        """Call a function for each set of arguments."""
        return list(starmap(function, arguments))


class Consumer:
    """Stock nnU-Net."""

    name = "nnunet"

    def prepare(self, request: dict[str, Any]) -> list[Image]:
        """Put the images where ``nnUNetv2_predict -i`` takes them, with the ending it looks for."""
        utils.Pool = _Alone
        ending = request["file_ending"]
        if spec := request["phantom"]:
            return [_write_phantom(spec, ending)]
        return [_copy(k, [*map(Path, group)], ending) for k, group in enumerate(request["images"])]

    def read(self, path: str) -> Image:
        """Read a reference."""
        array, affine = _read(Path(path))
        return Image(Path(path).name, (array,), affine)

    def load(
        self, request: dict[str, Any], stage: Callable[[str], None]
    ) -> tuple[Any, dict[str, Any]]:
        """Find and load the model; return the predictor and what was found."""
        stage("find")
        model = Path(request["model"]) if request["model"] else _find(Path(request["bundle"]))
        folds = _folds(model)
        os.environ["nnUNet_extTrainer"] = str(model)  # noqa: SIM112 - nnU-Net's own name
        predictor = nnUNetPredictor(
            use_mirroring=False,
            perform_everything_on_device=False,
            device=torch.device("cpu"),
            allow_tqdm=False,
        )
        stage("load")
        predictor.initialize_from_trained_model_folder(str(model), folds, "checkpoint_final.pth")
        return predictor, {"folder": model.name, "folds": [str(fold) for fold in folds]}

    def segment(
        self, predictor: Any, images: list[Image], stage: Callable[[str], None]
    ) -> Iterator[Result]:
        """Yield the result of each image."""
        for k, image in enumerate(images):
            started = time.perf_counter()
            stage("predict")
            output = _OUTPUTS / str(k)
            output.mkdir(parents=True)
            with watch_logits(predictor) as finite:
                predictor.predict_from_files_sequential(str(_INPUTS / str(k)), str(output))
            stage("save")
            ending = predictor.dataset_json["file_ending"]
            written = output / f"image{ending}"
            if not written.exists():
                raise FileNotFoundError(f"nothing was predicted for files that end in {ending}")
            labels, affine = _read(written)
            seconds = time.perf_counter() - started
            stage("labels")
            masks = _masks(labels, predictor.dataset_json)
            truth = image.reference
            split = None if truth is None else _masks(truth, predictor.dataset_json)
            yield Result(image, labels.astype(int), affine, masks, finite(), seconds, split)


def _find(bundle: Path) -> Path:
    """Find the trainer folder as a person does, who gives it to ``-m``: it has plans.json."""
    found = [path.parent for path in bundle.rglob("plans.json") if "__MACOSX" not in path.parts]
    if not found:
        raise FileNotFoundError("no folder has a plans.json")
    return min(found, key=lambda path: (len(path.parts), path))


def _folds(model: Path) -> tuple[Any, ...]:
    """Return what the user gives to ``-f``: every numbered fold, or all."""
    names = [path.name for path in model.iterdir() if path.is_dir()]
    numbers = sorted(int(n[5:]) for n in names if re.fullmatch(r"fold_\d+", n))
    if not numbers and "fold_all" not in names:
        raise FileNotFoundError("there is no folder fold_0, fold_1, ... or fold_all")
    return tuple(numbers) or ("all",)


def _write_phantom(spec: dict[str, Any], ending: Any) -> Image:
    """Draw the phantom in the model's own orientation: nnU-Net does not turn images."""
    image = phantom(spec, spec["orientation"])
    folder = _folder(0)
    known = ending if ending in _VOLUMES else ".nii.gz"
    for channel, array in enumerate(image.channels):
        drawn = SimpleITK.GetImageFromArray(array.transpose(2, 1, 0))
        _place(drawn, image.affine)
        SimpleITK.WriteImage(drawn, str(folder / f"image_{channel:04d}{known}"))
    return image


def _copy(number: int, paths: list[Path], ending: Any) -> Image:
    folder = _folder(number)
    arrays, affine = [], np.eye(4)
    for channel, path in enumerate(paths):
        array, affine = _read(path)
        arrays.append(array.astype(np.float32))
        own = next((e for e in _VOLUMES if path.name.endswith(e)), path.suffix)
        target = folder / f"image_{channel:04d}"
        if ending in _VOLUMES and own not in _VOLUMES:
            raise Unusable(f"{path}: the model takes images that end in {ending}; convert it")
        if own == ending or ending not in _VOLUMES:
            shutil.copyfile(path, f"{target}{own}")
        else:
            SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)), f"{target}{ending}")
    return Image(paths[0].name, tuple(arrays), affine)


def _folder(number: int) -> Path:
    folder = _INPUTS / str(number)
    folder.mkdir(parents=True)
    return folder


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read an image as x, y, z, with its affine in nibabel's sense; a picture has one slice."""
    with reading(path, "SimpleITK"):
        image: Any = SimpleITK.ReadImage(str(path))
        if image.GetDimension() not in {2, 3}:
            raise ValueError(f"it has {image.GetDimension()} dimensions")
        if image.GetDimension() == 3 and image.GetNumberOfComponentsPerPixel() > 1:
            raise ValueError("it has several values for each voxel, such as colours")
        array = SimpleITK.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        array = array.mean(axis=-1)
    array = array.transpose(*range(array.ndim)[::-1])
    size = image.GetDimension()
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(size, size)
    affine[:size, :size] = directions * np.array(image.GetSpacing())
    affine[:size, 3] = image.GetOrigin()
    return (array if size == 3 else array[..., None]), np.diag([-1.0, -1, 1, 1]) @ affine


def _place(image: Any, affine: np.ndarray) -> None:
    world = np.diag([-1.0, -1, 1, 1]) @ affine
    spacing = np.sqrt((world[:3, :3] ** 2).sum(axis=0))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((world[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(world[:3, 3].tolist())


def _masks(labels: np.ndarray, dataset: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return a mask for each label; a region has every value that is inside it."""
    return {
        name: np.isin(labels, [int(v) for v in (value if isinstance(value, list) else [value])])
        for name, value in dataset["labels"].items()
        if name not in {"background", "ignore"}
    }
