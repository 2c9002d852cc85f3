"""Segment images with a packaged model.

    python inference/segment.py -m MODEL.zip -i sub-001_T2star.nii.gz -o seg.nii.gz
    python inference/segment.py -m MODEL.zip -i FOLDER -o FOLDER_OUT

An image is reoriented to the orientation that the model was trained in (``image_orientation`` of
its ``dataset.json``), and the result is reoriented back, so it has exactly the voxels of the input.
A model of several channels takes them in order (``-i T1w.nii.gz T2w.nii.gz``); in a folder their
names are ``NAME_0000.nii.gz``, ``NAME_0001.nii.gz``, ...
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

# The workflow's own readers and orientations: prediction and training read the same voxels.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from common import fail, pick_device, read_json, thrift
from orientation import orientation_of, reorient_array, reorient_image, switch_convention
from volumes import VolumeError, read_volume, same_grid

Predict = Callable[[np.ndarray, tuple[float, ...]], np.ndarray]
"""From channels x Z x Y x X (float32) and voxel sizes in mm as (z, y, x) to Z x Y x X."""

ENDINGS = (".nii.gz", ".nii")
MEMBER = re.compile(
    r"^(?:(?!nnUNetTrainer|\.)[^/]+/)?(?P<model>nnUNetTrainer[^/]*__[^/]+__[^/]+)/"
    r"(?P<file>dataset\.json|plans\.json|trainer_class\.py|fold_(?:all|\d+)/checkpoint_final\.pth)$"
)
LARGEST = 32 * 2**30
"""No model is larger than this many bytes; a larger zip is not unpacked."""


class ModelError(ValueError):
    """The model can't be used; the text is one line."""


@dataclass(frozen=True)
class Case:
    """One image to segment: its channels in order, and where the result goes."""

    images: tuple[Path, ...]
    output: Path


@dataclass(frozen=True)
class Model:
    """A loaded model."""

    orientation: str
    """In SCT's letters."""
    channels: int
    predict: Predict


def segment(images: Sequence[Any], orientation: str, predict: Predict) -> np.ndarray:
    """Segment one image; return the label map on exactly its voxels.

    Args:
        images: the channels, nibabel images on one grid, in any orientation.
        orientation: the orientation of the network's input, in SCT's letters.
        predict: the network.

    Returns:
        An array of the shape of ``images[0]``, ``uint8`` (``uint16`` if a label needs it).
    """
    current = orientation_of(images[0].affine)
    turned = [reorient_image(image, orientation) for image in images]
    channels = [np.asanyarray(i.dataobj).astype(np.float32).transpose(2, 1, 0) for i in turned]
    spacing = tuple(float(size) for size in turned[0].header.get_zooms()[::-1])
    labels = np.asarray(predict(np.stack(channels), spacing)).transpose(2, 1, 0)
    if labels.shape != turned[0].shape:
        raise ModelError(f"the network returned {labels.shape} for an image of {turned[0].shape}")
    kind = np.uint8 if labels.max(initial=0) < 256 else np.uint16
    return reorient_array(labels.astype(kind), orientation, current)


def segment_files(case: Case, model: Model) -> None:
    """Segment the files of one case and write the result.

    Raises:
        VolumeError: with one line that names the file that is invalid or can't be segmented.
    """
    if len(case.images) != model.channels:
        raise VolumeError(
            f"{case.images[0]}: {_channels(len(case.images))} given, but the model takes "
            f"{_channels(model.channels)}"
        )
    images = [read_volume(path) for path in case.images]
    wanted = orientation_of(images[0].affine)
    for path, image in zip(case.images[1:], images[1:], strict=True):
        if difference := same_grid(images[0], reorient_image(image, wanted)):
            raise VolumeError(f"{path}: is not on the grid of {case.images[0].name}: {difference}")
    try:
        labels = segment(images, model.orientation, model.predict)
    except (RuntimeError, MemoryError) as error:  # of torch: device not available, out of memory
        reason = next(iter(str(error).splitlines()), repr(error))
        raise VolumeError(f"{case.images[0]}: can't be segmented: {reason}") from None
    save_like(nib.load(case.images[0]), labels, case.output)


def save_like(original: Any, labels: np.ndarray, output: Path) -> None:
    """Write a label map with the shape, affine and header of ``original``, in one step."""
    kind = nib.Nifti2Image if isinstance(original, nib.Nifti2Image) else nib.Nifti1Image
    is_nifti = isinstance(original, nib.Nifti1Pair)
    image = kind(
        labels.reshape(original.shape), original.affine, original.header if is_nifti else None
    )
    image.header.set_data_dtype(labels.dtype)
    image.header.set_slope_inter(1, 0)
    image.header["cal_max"] = image.header["cal_min"] = 0
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".part-{os.getpid()}-{output.name}")
    try:
        nib.save(image, partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def plan_cases(inputs: Sequence[Path], output: Path, channels: int) -> list[Case]:
    """Return the cases that the arguments name.

    Args:
        inputs: one folder, or the channels of one image.
        output: a folder, or the file of the result.
        channels: how many channels the model takes.

    Raises:
        ValueError: with one line that says what is wrong with the arguments.
    """
    absent = [path for path in inputs if not path.exists()]
    if absent:
        raise ValueError(f"{absent[0]} does not exist")
    if len(inputs) == 1 and inputs[0].is_dir():
        return _folder_cases(inputs[0], output, channels)
    folders = [path for path in inputs if path.is_dir()]
    if folders:
        raise ValueError(
            f"{folders[0]} is a folder; give either one folder or the files of one image"
        )
    if len(inputs) != channels:
        more = "; to segment several images, give a folder" if channels == 1 else ""
        raise ValueError(
            f"{_channels(len(inputs))} given, but the model takes {_channels(channels)}{more}"
        )
    if output.is_dir():
        output = output / _stem(inputs[0], channels)
    if not output.name.endswith(ENDINGS):
        raise ValueError(f"{output}: the result is a NIfTI file; its name must end in .nii.gz")
    if output.resolve() in {path.resolve() for path in inputs}:
        raise ValueError(f"{output}: would overwrite the input; choose another name")
    return [Case(tuple(inputs), output)]


def _folder_cases(folder: Path, output: Path, channels: int) -> list[Case]:
    files = sorted(p for p in folder.iterdir() if p.name.endswith(ENDINGS) and p.name[0] != ".")
    if not files:
        raise ValueError(f"{folder} contains no .nii.gz or .nii file")
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file; a folder of images needs a folder for the results")
    if output.resolve() == folder.resolve():
        raise ValueError(f"{output}: would overwrite the inputs; choose another folder")
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(_stem(path, channels), []).append(path)
    for name, group in groups.items():
        numbers = [_channel_number(path) for path in group]
        if channels > 1 and numbers != list(range(channels)):
            raise ValueError(
                f"{group[0]}: the model takes {_channels(channels)}, named NAME_0000.nii.gz to "
                f"NAME_{channels - 1:04d}.nii.gz; of {name.removesuffix('.nii.gz')} there "
                f"{'is' if len(group) == 1 else 'are'} {', '.join(path.name for path in group)}"
            )
        if channels == 1 and len(group) > 1:
            raise ValueError(
                f"{group[0].name} and {group[1].name} in {folder} have the same name; keep one"
            )
    return [Case(tuple(group), output / name) for name, group in groups.items()]


def _stem(path: Path, channels: int) -> str:
    """Return the name of the result: the input's as ``.nii.gz``, without its channel number."""
    stem = re.sub(r"\.nii(\.gz)?$", "", path.name)
    numbered = re.sub(r"_\d{4}$", "", stem) if channels > 1 else stem.removesuffix("_0000")
    return f"{numbered or stem}.nii.gz"


def _channel_number(path: Path) -> int | None:
    match = re.search(r"_(\d{4})\.nii(\.gz)?$", path.name)
    return int(match[1]) if match else None


def _channels(number: int) -> str:
    return f"{number} channel{'' if number == 1 else 's'}"


def unpack(package: Path, folder: Path) -> Path:
    """Unpack the files of a package that prediction needs; return the trainer folder.

    Only members with known names are written, to names composed here, so that none is written
    outside of ``folder``.

    Raises:
        ModelError: if the file is not a package.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            found = [
                (info, match)
                for info in archive.infolist()
                if (match := MEMBER.match(info.filename))
            ]
            models = sorted({match["model"] for _, match in found})
            if len(models) != 1:
                what = (
                    f"several trainer folders: {', '.join(models)}"
                    if models
                    else "no trainer folder"
                )
                raise ModelError(f"{package}: has {what} (nnUNetTrainer__PLANS__CONFIGURATION)")
            if sum(info.file_size for info, _ in found) > LARGEST:
                raise ModelError(f"{package}: is larger than any model when unpacked")
            for info, match in found:
                target = folder / "model" / match["file"]
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelError(f"{package}: can't be unpacked: {' '.join(str(error).split())}") from None
    return folder / "model"


def check_model(folder: Path, name: Path) -> tuple[str, int, list[str]]:
    """Return the orientation, the number of channels and the folds of a trainer folder.

    Raises:
        ModelError: if a file or value that prediction needs is missing or invalid.
    """
    for file in ("dataset.json", "plans.json"):
        if not (folder / file).is_file():
            raise ModelError(f"{name}: has no {file} in its trainer folder")
    try:
        dataset = read_json(folder / "dataset.json")
        orientation = dataset["image_orientation"]
        switch_convention(orientation)
        channels = len(dataset.get("modality") or dataset["channel_names"])
    except KeyError as error:
        raise ModelError(f"{name}: dataset.json has no {error.args[0]}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{name}: dataset.json: {' '.join(str(error).split())}") from None
    folds = sorted(path.parent.name[5:] for path in folder.glob("fold_*/checkpoint_final.pth"))
    if not folds:
        raise ModelError(f"{name}: has no fold with a checkpoint_final.pth")
    numbered = [fold for fold in folds if fold.isdigit()]
    return orientation, channels, sorted(numbered, key=int) or ["all"]


def load_model(folder: Path, scratch: Path, device: str, *, trusted: bool) -> Model:
    """Load a trainer folder into nnU-Net's predictor. This runs a custom trainer in it.

    Args:
        folder: the trainer folder.
        scratch: a folder that exists as long as the model is used.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        trusted: whether checkpoints may contain more than weights, which can run code.

    Raises:
        ModelError: with one line that says why it can't be loaded.
    """
    orientation, channels, folds = check_model(folder, folder)
    if (folder / "trainer_class.py").is_file():
        # A separate folder, because nnU-Net imports every module in it.
        trainer = scratch / "trainer"
        trainer.mkdir()
        shutil.copyfile(folder / "trainer_class.py", trainer / "trainer_class.py")
        os.environ["nnUNet_extTrainer"] = str(trainer)  # noqa: SIM112 - nnU-Net's own name
    os.environ.update(thrift(os.cpu_count() or 1, device))
    if not trusted:
        os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        device=torch.device(pick_device(device)), allow_tqdm=False, verbose=False
    )
    try:
        predictor.initialize_from_trained_model_folder(str(folder), folds, "checkpoint_final.pth")
    except Exception as error:  # noqa: BLE001 - nnU-Net and torch raise many kinds; all mean this
        reason = next(iter(str(error).splitlines()), repr(error))
        raise ModelError(f"the model can't be loaded: {reason}") from None

    def predict(image: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
        return np.asarray(predictor.predict_single_npy_array(image, {"spacing": list(spacing)}))

    return Model(orientation, channels, predict)


def find_model(path: Path, scratch: Path) -> tuple[Path, bool]:
    """Return the trainer folder of a zip (unpacked into ``scratch``) or of a folder.

    Returns also whether it was a folder.

    Raises:
        ModelError: if there is no model.
    """
    if not path.is_dir():
        if not path.is_file():
            raise ModelError(f"{path} does not exist")
        return unpack(path, scratch), False
    folders = [path, *path.glob("nnUNetTrainer*"), *path.glob("*/nnUNetTrainer*")]
    found = [folder for folder in folders if (folder / "plans.json").is_file()]
    if len(found) != 1:
        raise ModelError(f"{path}: has {len(found)} trainer folders (with plans.json), not one")
    return found[0], True


@contextlib.contextmanager
def quiet(*, verbose: bool) -> Iterator[None]:
    """Hide nnU-Net's own messages, unless ``verbose``."""
    if verbose:
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def main(argv: list[str] | None = None) -> int:
    """Segment one image or a folder of images with a packaged model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", type=Path, required=True, help="package (zip) or folder")
    parser.add_argument(
        "-i", "--input", type=Path, nargs="+", action="extend", required=True, metavar="IMAGE",
        help="image (all its channels, in order), or one folder of images",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="result, or folder of results"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--verbose", action="store_true", help="show nnU-Net's messages too")
    arguments = parser.parse_args(argv)
    failures = 0
    try:
        with (
            tempfile.TemporaryDirectory(prefix="model-") as scratch,
            quiet(verbose=arguments.verbose),
        ):
            folder, own = find_model(arguments.model, Path(scratch))
            _, channels, _ = check_model(folder, arguments.model)
            cases = plan_cases(arguments.input, arguments.output, channels)
            model = load_model(folder, Path(scratch), arguments.device, trusted=own)
            for case in cases:
                try:
                    segment_files(case, model)
                except VolumeError as error:
                    failures += 1
                    fail(error)
                else:
                    print(case.output, file=sys.__stdout__, flush=True)
    except (ModelError, ValueError, OSError) as error:
        return fail(error)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
