"""What the files of a package are, told from their names and places."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from .package import CROP_METADATA, FINAL_CHECKPOINT, FOLD_GLOB, Package, TrainerFolder

#: The files of the specification's tree, by the folder they are in.
TRAINER_FILES = frozenset(
    {"dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py"}
)
FOLD_FILES = (
    FINAL_CHECKPOINT,
    "debug.json",
    "progress.png",
    "training_log_*.txt",
    "training_log_*.png",
)
_IMAGES = (
    *(".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".gipl", ".gipl.gz", ".mgz", ".mgh"),
    *(".img", ".hdr", ".dcm", ".dicom", ".ima", ".tif", ".tiff", ".npz", ".npy", ".b2nd"),
)
_CHECKPOINTS = (".pth", ".pt", ".ckpt", ".onnx", ".model", ".safetensors")
#: What macOS and Windows leave behind.
_JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})


def is_junk(path: str) -> bool:
    """Return whether a path is, or lies in, what an operating system leaves behind."""
    return any(part in _JUNK or part.startswith("._") for part in path.split("/"))


def junk_entry(path: str) -> str | None:
    """Return the outermost folder or file on a path that an operating system left behind."""
    parts = path.split("/")
    ends = range(1, len(parts) + 1)
    return next(("/".join(parts[:end]) for end in ends if is_junk(parts[end - 1])), None)


def is_image(path: str) -> bool:
    """Return whether a path ends as images and arrays of voxels do."""
    name = path.rpartition("/")[2].lower()
    return name.endswith(_IMAGES) or name == "dicomdir"


def is_checkpoint(path: str) -> bool:
    """Return whether a path ends as the weights of some network do."""
    return path.lower().endswith(_CHECKPOINTS)


def resembles_fold(name: str) -> bool:
    """Return whether a name was probably meant to be that of a fold."""
    return re.fullmatch(r"fold[-_ .]?(all|[0-9]+)", name.lower()) is not None


def validation_entry(path: str) -> str | None:
    """Return the outermost folder or file on a path that holds validation results."""
    parts = path.split("/")
    for position, part in enumerate(parts):
        inner = part == "validation" or part.startswith("validation_")
        if (inner and position) or part.startswith("crossval_results"):
            return "/".join(parts[: position + 1])
    return None


def unexpected(package: Package, trainers: tuple[TrainerFolder, ...]) -> dict[str, int]:
    """Return what is in none of the specification's places and is told by no other rule.

    Of a folder full of such files the folder stands for them all; the number is that of its files.
    """
    known = _known_folders(trainers)
    found: dict[str, int] = {}
    empty = [path for path, names in package.tree.folders.items() if not names]
    for path in [*package.tree.files, *empty]:
        entry = _unexpected_entry(path, known, package)
        if entry:
            found[entry] = found.get(entry, 0) + (path in package.tree.files)
    return found


def _known_folders(trainers: tuple[TrainerFolder, ...]) -> dict[str, str]:
    """Return the folders of the specification's tree and those above, each with its kind."""
    known = {"": "above"}
    for trainer in trainers:
        parts = trainer.path.split("/")
        known |= {"/".join(parts[:end]): "above" for end in range(1, len(parts))}
    for trainer in trainers:
        known[trainer.path] = "trainer"
        known |= {f.path: "fold" for f in trainer.folds if not f.is_file and f.number is not None}
    return known


def _unexpected_entry(path: str, known: dict[str, str], package: Package) -> str | None:
    """Return the outermost entry on a path that is not expected; None where another rule tells."""
    if path in known or is_junk(path) or validation_entry(path):
        return None
    folder, _, name = path.rpartition("/")
    if path in package.tree.files and (is_image(path) or is_checkpoint(path)):
        return None
    while folder not in known:
        folder, _, name = folder.rpartition("/")
    kind = known[folder]
    entry = f"{folder}/{name}" if folder else name
    if entry in package.found or name == CROP_METADATA:
        return None
    if kind == "fold":
        return None if any(fnmatchcase(name, glob) for glob in FOLD_FILES) else entry
    if kind == "trainer":
        reported = fnmatchcase(name, FOLD_GLOB) or (
            resembles_fold(name) and not _has_fold(known, folder)
        )
        return None if name in TRAINER_FILES or reported else entry
    return entry


def _has_fold(known: dict[str, str], trainer: str) -> bool:
    return any(k == "fold" and path.rpartition("/")[0] == trainer for path, k in known.items())
