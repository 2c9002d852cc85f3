"""Rules about what a package contains besides what consumers read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, partial
from itertools import islice

from ..findings import Problem
from ..models.package import Package
from ..models.paths import (
    CROP_METADATA,
    FINAL_CHECKPOINT,
    FOLD_GLOB,
    TRAINER_FILES,
    above,
    is_fold_file,
    is_junk,
    validation_entry,
)
from ..models.trainer_folder import TrainerFolder
from ..nnunet.numbers import is_number
from ..storage.tree import Entry
from ..wording import are, count, listing, quote, size
from . import ERROR, IN_SCT, PRACTICE, SCT, SPEC, WARNING, rule
from .shared import SHOWN, shown, unreadable

_ONE_CHECKPOINT = "include only `checkpoint_final.pth`"
_TREE = "Keep the nnUNet folder structure intact."
#: An import, with the name of the module or of the package that contains it.
_IMPORT = re.compile(r"^\s*(?:from|import)\s+\.?(\w+)", re.MULTILINE)
_SIDES = ("superior", "inferior", "left", "right", "anterior", "posterior")
_PADS = tuple(f"pad_{side}" for side in _SIDES)


@rule(
    "L012",
    ERROR,
    SPEC,
    _ONE_CHECKPOINT,
    repair="leaves it out of a fold that has a readable checkpoint_final.pth",
    stops=(IN_SCT,),
)
def extra_checkpoint(package: Package) -> Iterator[Problem]:
    """The package contains a checkpoint other than each fold's `checkpoint_final.pth`.

    Why: the specification allows no other, and it increases the size of the download. If any file
    ends in `.ckpt`, SCT takes the package for a MONAI model. A checkpoint that may be meant for a
    fold without one is reported by L009 or L011 instead.

    Fix: leave it out of the zip.
    """
    extra = [p for p in package.weights if not is_junk(p)] if package.trainers else []
    if extra:
        places = _places_of_checkpoints(package)
        extra = [p for p in extra if p not in places and places.isdisjoint(above(p))]
    yield from shown((_extra(package.tree.files[p]) for p in extra), ERROR, "checkpoint")


def _extra(file: Entry) -> Problem:
    what = f"{quote(file.path.rpartition('/')[2])} ({size(file.size)}) must not be shipped"
    if file.path.endswith(".ckpt"):
        return Problem(f"{what}; SCT takes the package for a MONAI model", file.path)
    return Problem(what, file.path, stops=())


def _places_of_checkpoints(package: Package) -> set[str]:
    """Return the final checkpoints, and what may be meant as one that is missing."""
    places = set(package.misplaced.values())
    for fold in (fold for trainer in package.judged for fold in trainer.folds):
        if fold.number is None:
            places.add(fold.path)  # reported by L009
        elif FINAL_CHECKPOINT in fold.checkpoints:
            places.add(fold.checkpoint_path)
        else:  # reported by L011
            places |= {f"{fold.path}/{name}" for name in fold.checkpoints}
    return {place for place in places if not place.endswith(".ckpt")}


@rule("L013", ERROR, PRACTICE, "The specification's tree has no images", repair="leaves it out")
def image_data(package: Package) -> Iterator[Problem]:
    """The package contains images or arrays.

    Why: images of subjects must not be published by accident, and they increase the size of the
    download.

    Fix: leave them out of the zip.
    """
    images = [p for p in package.images if not validation_entry(p) and not is_junk(p)]
    if images:
        amount = size(sum(package.tree.files[path].size for path in images))
        what = count(images, "image or array file", "image or array files")
        yield Problem(f"{what} ({amount}): {listing(images)}", images[0])


@rule(
    "L014",
    ERROR,
    PRACTICE,
    "The specification's tree has no validation results",
    repair="leaves it out",
)
def validation_folder(package: Package) -> Iterator[Problem]:
    """The package contains validation results.

    Why: `validation/` and `crossval_results*` contain predictions for the training subjects, and
    their `summary.json` contains absolute paths and subject names.

    Fix: leave them out of the zip; publish the scores in the README.
    """
    held: dict[str, list[str]] = {}
    for path in [*package.tree.files, *package.tree.folders]:
        folder = validation_entry(path)
        if folder:
            held.setdefault(folder, []).extend([path] if path in package.tree.files else [])
    problems = (_validation(package, folder, paths) for folder, paths in held.items())
    kind = "folder of validation results", "folders of validation results"
    yield from shown(problems, ERROR, *kind)


def _validation(package: Package, folder: str, paths: list[str]) -> Problem:
    amount = size(sum(package.tree.files[path].size for path in paths))
    name = quote(folder.rpartition("/")[2])
    needed = [path for path in package.misplaced.values() if path in paths]
    first = f"move {listing(needed)} to where it is missing; leave the rest out"
    text = f"{name} contains validation results: {count(paths, 'file')}, {amount}"
    return Problem(text, folder, help=first if needed else None)


@rule("L015", WARNING, SPEC, _TREE)
def unexpected_file(package: Package) -> Iterator[Problem]:
    """The package contains something that is not in the specification's tree.

    Why: neither SCT nor nnU-Net reads it, every user downloads it, and it may contain data that was
    not meant to be published.

    Fix: leave it out of the zip; README and licence belong to the repository.
    """
    if not package.trainers:
        return
    imported = {name for t in package.judged for name in _imported(t)}
    found = _unexpected(package)
    problems = (
        _unexpected_entry(package, entry, amount, imported)
        for entry, amount in islice(found.items(), SHOWN + 1)
    )
    yield from shown(problems, WARNING, "unexpected entry", "unexpected entries", len(found))


def _imported(trainer: TrainerFolder) -> list[str]:
    """Return the names of the modules that ``trainer_class.py`` may import."""
    return _IMPORT.findall(trainer.trainer_class.text) if trainer.trainer_class else []


def _unexpected_entry(package: Package, entry: str, amount: int, imported: set[str]) -> Problem:
    held = f", a folder of {count(amount, 'file')}," if entry in package.tree.folders else ""
    name = entry.rpartition("/")[2]
    text = f"{quote(name)}{held} is not in the specification's tree"
    advice = None
    if name.startswith("postprocessing."):
        advice = "leave it out: SCT does not apply it; say in the README what it does"
    elif name.removesuffix(".py") in imported:
        advice = "put what `trainer_class.py` imports from it into that file, and leave it out"
    return Problem(text, entry, help=advice)


def _unexpected(package: Package) -> dict[str, int]:
    """Return the entries that are not in the specification's tree nor reported by another rule.

    Each with its number of files; files of one unexpected folder are one entry, the folder.
    """
    files, folders = package.tree.files, package.tree.folders
    known = _known_folders(package.judged)
    elsewhere = set(package.misplaced.values())
    reported = {*package.junk, *package.images, *package.weights}
    reported |= {path for path, names in folders.items() if not names and is_junk(path)}
    outermost: dict[str, str] = {}  # of each unknown folder
    for folder in (folder for folder in folders if folder not in known):
        outermost[folder] = outermost.get(folder.rpartition("/")[0], folder)
    is_unexpected = cache(partial(_is_unexpected, known, package))
    found: dict[str, int] = {}
    for path in [*files, *(folder for folder, names in folders.items() if not names)]:
        entry = outermost.get(path.rpartition("/")[0], path)
        if path in reported or not is_unexpected(entry) or validation_entry(path):
            continue
        if not elsewhere or elsewhere.isdisjoint((path, *above(path))):
            found[entry] = found.get(entry, 0) + (path in files)
    return found


def _known_folders(trainers: tuple[TrainerFolder, ...]) -> dict[str, str]:
    """Return the folders of the specification's tree and those above, each with its kind."""
    known = {folder: "above" for trainer in trainers for folder in ("", *above(trainer.path))}
    for trainer in trainers:
        known[trainer.path] = "trainer"
        known |= {f.path: "fold" for f in trainer.folds if not f.is_file and f.number is not None}
    return known


def _is_unexpected(known: dict[str, str], package: Package, entry: str) -> bool:
    """Return whether an entry of a known folder does not belong there."""
    folder, _, name = entry.rpartition("/")
    if entry in known or entry in package.found or name == CROP_METADATA:
        return False
    if known[folder] == "trainer":  # another folder `fold_*` is reported by L009
        return name not in TRAINER_FILES and not fnmatchcase(name, FOLD_GLOB)
    if known[folder] != "fold" or not is_fold_file(name):
        return True
    return entry in package.tree.folders and name != FINAL_CHECKPOINT  # reported by L011


@rule(
    "L020",
    ERROR,
    SCT,
    "SCT reads crop_metadata.json from the model's installation folder (deepseg/models.py)",
    stops=(IN_SCT,),
)
def crop_metadata_misplaced(package: Package) -> Iterator[Problem]:
    """`crop_metadata.json` is not next to the trainer folder.

    Why: SCT reads it from the folder in which it installs the model, and nowhere else.

    Fix: put it next to the trainer folder.
    """
    homes = {t.path.rpartition("/")[0] for t in package.judged if t.path}
    for crop in package.crops:
        if homes and crop.path.rpartition("/")[0] not in homes:
            yield Problem("it is not next to the trainer folder", crop.path)


@rule(
    "L021",
    ERROR,
    SCT,
    "SCT reads six paddings from crop_metadata.json (deepseg/models.py)",
    stops=(IN_SCT,),
)
def crop_metadata_invalid(package: Package) -> Iterator[Problem]:
    """`crop_metadata.json` is invalid: it must contain six paddings.

    Why: SCT crops the image as in training, by the paddings in millimetres that this file gives for
    the six sides. If one is missing, SCT stops.

    Fix: give `pad_superior`, `pad_inferior`, `pad_left`, `pad_right`, `pad_anterior` and
    `pad_posterior`, each a number.
    """
    for path in package.tree.folders:
        if path.rpartition("/")[2] == CROP_METADATA and not is_junk(path):
            yield Problem("it is a folder, not a file", path)
    for crop in package.crops:
        if crop.unreadable:
            yield from unreadable(crop)
        elif not isinstance(crop.value, dict):
            yield Problem("it must contain an object: `{...}`", crop.path)
        else:
            missing = [key for key in _PADS if key not in crop.object]
            if missing:
                yield Problem(f"{listing(missing, shown=6)} {are(missing)} missing", crop.path)
            for key in _PADS:
                value = crop.object.get(key, 0)
                if not is_number(value):
                    text = f"{quote(key)} must be a number, not {quote(value)}"
                    yield Problem(text, crop.path, crop.line(key))
