"""A packaged model: unpack what prediction needs, and check it."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

from common import read_json
from orientation import switch_convention

MEMBER = re.compile(
    r"^(?:(?!nnUNetTrainer|\.)[^/]+/)?(?P<model>nnUNetTrainer[^/]*__[^/]+__[^/]+)/"
    r"(?P<file>dataset\.json|plans\.json|trainer_class\.py|fold_(?:all|\d+)/checkpoint_final\.pth)$"
)
LARGEST = 32 * 2**30
"""No model is larger than this many bytes; a larger zip is not unpacked."""


class ModelError(ValueError):
    """The model can't be used; the text is one line."""


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
