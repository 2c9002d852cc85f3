"""Rules about what a package holds beyond what a consumer reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem
from ..models.json_file import is_number
from ..models.package import (
    FINAL_CHECKPOINT,
    Package,
)
from ..models.paths import (
    is_checkpoint,
    is_image,
    is_junk,
    unexpected,
    validation_entry,
)
from ..wording import count, listing, quote, size
from . import ERROR, PRACTICE, SCT, SPEC, WARNING, rule

if TYPE_CHECKING:
    pass

_ONE_CHECKPOINT = "include only `checkpoint_final.pth`"
_TREE = "Keep the nnUNet folder structure intact."
#: Findings about single files of one kind before the rest is counted.
_SHOWN = 10
_SIDES = ("superior", "inferior", "left", "right", "anterior", "posterior")
_PADS = tuple(f"pad_{side}" for side in _SIDES)


@rule(
    "L012",
    ERROR,
    SPEC,
    _ONE_CHECKPOINT,
    repair="leaves it out of a fold that has a readable checkpoint_final.pth",
)
def extra_checkpoint(package: Package) -> Iterator[Problem]:
    """There is a checkpoint besides each fold's `checkpoint_final.pth`.

    Why: the specification allows no other, it doubles the download, and a `.ckpt` anywhere makes
    SCT take the package for a MONAI model.

    Fix: leave it out of the zip.
    """
    folds = [f for t in package.judged for f in t.folds if f.number is not None]
    final = {fold.checkpoint_path for fold in folds}
    alone = {  # L011 says what is wrong with a fold that has these instead
        f"{f.path}/{name}"
        for f in folds
        if FINAL_CHECKPOINT not in f.checkpoints
        for name in f.checkpoints
        if not name.endswith(".ckpt")
    }
    told = final | alone
    files = package.tree.files if package.trainers else {}
    extra = [p for p in files if is_checkpoint(p) and p not in told and not is_junk(p)]
    for path in extra[:_SHOWN]:
        monai = "; SCT takes the package for a MONAI model" if path.endswith(".ckpt") else ""
        what = f"{quote(path.rpartition('/')[2])} ({size(files[path].size)})"
        yield Problem(f"{what} is not to be shipped{monai}", path)
    yield from _rest(extra, "checkpoint")


@rule("L013", ERROR, PRACTICE, "The specification's tree holds no images", repair="leaves it out")
def image_data(package: Package) -> Iterator[Problem]:
    """The package holds images or arrays.

    Why: images of subjects must not be published by accident, and they bloat the download.

    Fix: leave them out of the zip.
    """
    files = package.tree.files
    images = [p for p in files if is_image(p) and not validation_entry(p) and not is_junk(p)]
    if images:
        amount = size(sum(files[path].size for path in images))
        what = count(images, "image or array file", "image or array files")
        yield Problem(f"{what} ({amount}): {listing(images)}", images[0])


@rule(
    "L014",
    ERROR,
    PRACTICE,
    "The specification's tree holds no validation results",
    repair="leaves it out",
)
def validation_folder(package: Package) -> Iterator[Problem]:
    """The package holds validation results.

    Why: `validation/` and `crossval_results*` hold predictions for the training subjects, and
    their `summary.json` absolute paths and subject names.

    Fix: leave them out of the zip; publish the scores in the README.
    """
    held: dict[str, list[str]] = {}
    for path in [*package.tree.files, *package.tree.folders]:
        folder = validation_entry(path)
        if folder:
            held.setdefault(folder, []).extend([path] if path in package.tree.files else [])
    for folder, paths in list(held.items())[:_SHOWN]:
        amount = size(sum(package.tree.files[path].size for path in paths))
        name = quote(folder.rpartition("/")[2])
        yield Problem(f"{name} holds validation results: {count(paths, 'file')}, {amount}", folder)
    yield from _rest(list(held), "folder of validation results", "folders of validation results")


@rule("L015", WARNING, SPEC, _TREE)
def unexpected_file(package: Package) -> Iterator[Problem]:
    """The package holds something that the specification's tree does not show.

    Why: neither SCT nor nnU-Net reads it, every user downloads it, and it may hold what was not
    meant for publication.

    Fix: leave it out of the zip; README and licence belong to the repository.
    """
    trainers = package.judged
    if not trainers:
        return
    found = unexpected(package, trainers)
    for entry, files in list(found.items())[:_SHOWN]:
        held = f", a folder of {count(files, 'file')}," if entry in package.tree.folders else ""
        name = quote(entry.rpartition("/")[2])
        yield Problem(f"{name}{held} is not in the specification's tree", entry)
    yield from _rest(list(found), "unexpected entry", "unexpected entries")


@rule(
    "L020",
    ERROR,
    SCT,
    "SCT reads crop_metadata.json from the model's installation folder (deepseg/models.py)",
)
def crop_metadata_misplaced(package: Package) -> Iterator[Problem]:
    """`crop_metadata.json` is not beside the trainer folder.

    Why: SCT reads it from the folder in which it installs the model, and nowhere else.

    Fix: put it beside the trainer folder.
    """
    homes = {t.path.rpartition("/")[0] for t in package.judged if t.path}
    for crop in package.crops:
        if homes and crop.path.rpartition("/")[0] not in homes:
            yield Problem("it is not beside the trainer folder", crop.path)


@rule("L021", ERROR, SCT, "SCT reads six paddings from crop_metadata.json (deepseg/models.py)")
def crop_metadata_invalid(package: Package) -> Iterator[Problem]:
    """`crop_metadata.json` lacks one of its six paddings.

    Why: SCT crops the image as in training, with the paddings in millimetres that this file gives
    for the six faces; without one of them it stops.

    Fix: give `pad_superior`, `pad_inferior`, `pad_left`, `pad_right`, `pad_anterior` and
    `pad_posterior`, each a number.
    """
    for crop in package.crops:
        if crop.reported:
            continue
        if crop.error:
            yield Problem(f"it can't be read: {crop.error}", crop.path, crop.error_line)
        elif not isinstance(crop.value, dict):
            yield Problem("it holds no object", crop.path)
        else:
            missing = [key for key in _PADS if key not in crop.object]
            if missing:
                yield Problem(f"without {listing(missing, shown=6)}", crop.path)
            for key in _PADS:
                value = crop.object.get(key, 0)
                if not is_number(value):
                    text = f"{quote(key)} must be a number, not {quote(value)}"
                    yield Problem(text, crop.path, crop.line(key))


def _rest(found: list[str], one: str, many: str | None = None) -> Iterator[Problem]:
    """Say how many more there are than were shown."""
    if len(found) > _SHOWN:
        more = count(len(found) - _SHOWN, f"more {one}", f"more {many or f'{one}s'}")
        yield Problem(f"and {more}")
