"""What SCT does with a package before its nnU-Net sees it: install it, and tell what it is."""

# SCT's own calls to os and glob, so that every corner is the same.
# ruff: noqa: B007, PTH118, PTH207

from __future__ import annotations

import glob
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

PADS = ("superior", "inferior", "left", "right", "anterior", "posterior")
SUPERFLUOUS = ("__MACOSX",)


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
