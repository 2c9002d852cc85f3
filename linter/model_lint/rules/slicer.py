"""Rules about what 3D Slicer's extension SlicerNNUNet needs, but SCT and nnU-Net do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Problem
from ..models.package import Package
from ..wording import listing, quote
from . import ERROR, IN_SLICER, SLICER, rule

_DATASET = "Dataset"
_ONE_FOLD = re.compile(r".*[-_]fold_?[0-9]{1,9}\.zip", re.ASCII)
"""The name of one of several zips, which are unzipped into one folder."""


@rule(
    "L027",
    ERROR,
    SLICER,
    "SlicerNNUNet gives nnU-Net the name of the folder around the trainer folder as its dataset",
    stops=(IN_SLICER,),
)
def slicer_dataset_folder(package: Package) -> Iterator[Problem]:
    """3D Slicer does not find the dataset folder around the trainer folder.

    Why: its extension takes the name of that folder for the dataset, and nnU-Net stops if it does
    not start with `Dataset`. The specification's tree has no such folder, so this is reported only
    if the package is for 3D Slicer.

    Fix: `model-lint pack --layout dataset` puts the trainer folder into `DatasetNNN_NAME/`, which
    SCT accepts too.
    """
    for trainer in package.judged:
        around = trainer.path.rpartition("/")[0].rpartition("/")[2]
        if trainer.path and not around.startswith(_DATASET):
            found = f"is in {quote(around)}" if around else "is at the top"
            text = f"{quote(trainer.name)} {found}, not in `DatasetNNN_NAME`"
            yield Problem(text, trainer.path, step="wrapping it in DatasetNNN_NAME/")


@rule(
    "L028",
    ERROR,
    SLICER,
    "SlicerNNUNet reads its folds as whole numbers and loads fold 0 unless another one is set",
    stops=(IN_SLICER,),
)
def slicer_fold(package: Package) -> Iterator[Problem]:
    """There is no `fold_0`, which 3D Slicer loads.

    Why: its extension loads fold 0 unless the user sets other folds, and takes only numbers, not
    `all`. SCT and nnU-Net take any fold, so this is reported only if the package is for 3D Slicer,
    and not of a zip that is named after its fold: with the others it is unzipped into one folder.

    Fix: ship `fold_0`, alone or with other numbered folds.
    """
    if _ONE_FOLD.fullmatch(package.file_name or ""):
        return
    for trainer in package.judged:
        numbers = {fold.number for fold in trainer.folds} - {None}
        if not numbers or 0 in numbers:
            continue
        names = [fold.name for fold in trainer.folds if fold.number is not None]
        only_all = numbers == {"all"}
        step = "renaming fold_all to fold_0" if only_all else "setting its folds"
        yield Problem(f"only {listing(names)}, no `fold_0`", trainer.path, step=step)
