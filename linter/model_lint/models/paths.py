"""What names and paths mean: the specification's files, and files recognised by their name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

#: What SCT globs for after unpacking (deepseg/nnunet.py).
TRAINER_GLOB = "nnUNetTrainer*"
#: What SCT globs for inside the trainer folder.
FOLD_GLOB = "fold_*"
FINAL_CHECKPOINT = "checkpoint_final.pth"
#: What SCT reads next to the trainer folder for models of cropped images.
CROP_METADATA = "crop_metadata.json"
#: nnU-Net's name of a dataset folder; SCT, nnU-Net and Slicer accept one such wrapper.
DATASET_FOLDER = re.compile(r"Dataset\d{3}_.+", re.ASCII)
#: The files of the specification's tree: in the trainer folder, and in a fold.
TRAINER_FILES = frozenset(
    {"dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py"}
)
_FOLD_FILE = re.compile(
    r"checkpoint_final\.pth|debug\.json|progress\.png|(?s:training_log_.*)\.(txt|png)"
)
#: How the paths of images and arrays end, after a slash.
_IMAGES = (
    *(".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".gipl", ".gipl.gz", ".mgz", ".mgh"),
    *(".img", ".hdr", ".dcm", ".dicom", ".ima", ".tif", ".tiff", ".npz", ".npy", ".b2nd"),
    "/dicomdir",
)
_CHECKPOINTS = (".pth", ".pt", ".ckpt", ".onnx", ".model", ".safetensors")
#: Files and folders that macOS or Windows left behind, and how others of them begin.
_JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
_JUNK_PREFIX = "._"


def above(path: str) -> Iterator[str]:
    """Yield the folders above a path, the innermost first, without the root."""
    while path := path.rpartition("/")[0]:
        yield path


def letters(name: str) -> str:
    """Return a name in lower case, without signs, numbers and "copy", to compare names."""
    return re.sub(r"copy of|copy|[^a-z]", "", name.lower())


def is_junk(path: str) -> bool:
    """Return whether an operating system left behind this path or a folder above it."""
    return f"/{_JUNK_PREFIX}" in f"/{path}" or not _JUNK.isdisjoint(path.split("/"))


def junk_entry(path: str) -> str | None:
    """Return the outermost folder or file on a path that an operating system left behind."""
    parts = path.split("/")
    for position, part in enumerate(parts):
        if part in _JUNK or part.startswith(_JUNK_PREFIX):
            return "/".join(parts[: position + 1])
    return None


def is_image(path: str) -> bool:
    """Return whether a path has the suffix of an image or an array of voxels."""
    return f"/{path}".lower().endswith(_IMAGES)


def is_checkpoint(path: str) -> bool:
    """Return whether a path has the suffix of the weights of a network."""
    return path.lower().endswith(_CHECKPOINTS)


def is_fold_file(name: str) -> bool:
    """Return whether the specification's tree shows a file of this name in a fold."""
    return _FOLD_FILE.fullmatch(name) is not None


def is_fold_checkpoint(name: str) -> bool:
    """Return whether a file in a fold is, or was meant to be, a checkpoint that nnU-Net wrote."""
    return name.startswith("checkpoint") or name.endswith(".pth")


def resembles_fold(name: str) -> bool:
    """Return whether a name was probably meant to be the name of a fold."""
    return re.fullmatch(r"fold[-_ .]?(all|[0-9]+)", name.lower()) is not None


def validation_entry(path: str) -> str | None:
    """Return the outermost folder or file on a path that contains validation results."""
    if "validation" not in path and "crossval_results" not in path:
        return None  # true of nearly every path, and fast
    parts = path.split("/")
    for position, part in enumerate(parts):
        inner = part == "validation" or part.startswith("validation_")
        if (inner and position) or part.startswith("crossval_results"):
            return "/".join(parts[: position + 1])
    return None


class FolderName(NamedTuple):
    """The three parts of a trainer folder's name."""

    trainer: str
    plans: str
    configuration: str


def parse_folder_name(name: str) -> FolderName | None:
    """Split ``TRAINER__PLANS__CONFIGURATION`` as nnU-Net does; None unless it has three parts."""
    parts = name.split("__")
    return FolderName(*parts) if len(parts) == 3 and all(parts) else None


def fold_number(name: str) -> int | str | None:
    """Return the number that ``fold_<int>`` or ``fold_all`` means, None for any other name."""
    suffix = name.removeprefix("fold_")
    if suffix == "all":
        return "all"
    return int(suffix) if re.fullmatch(r"0|[1-9][0-9]{0,8}", suffix) else None


def is_version_1(name: str) -> bool:
    """Return whether nnU-Net 1 writes a file of this name."""
    return name == "plans.pkl" or fnmatchcase(name, "model_*.model")
