"""Rules about the package as a whole: its name, and where the trainer folder is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..findings import Consumer, Problem
from ..models.package import Package
from ..models.paths import (
    CROP_METADATA,
    DATASET_FOLDER,
    TRAINER_GLOB,
    is_checkpoint,
    is_junk,
)
from ..models.trainer_folder import TrainerFolder
from ..naming.tag import tag_date
from ..wording import are, count, listing, quote
from . import (
    ERROR,
    EVERYWHERE,
    IN_SCT,
    IN_SLICER,
    IN_STOCK,
    INFO,
    NNUNET,
    PRACTICE,
    SCT,
    SPEC,
    WARNING,
    rule,
)

_SCT_GLOB = "SCT: trainer_dirs = glob(nnUNetTrainer*); if len(trainer_dirs) != 1: FileNotFoundError"
#: Files at the top of a repository, in lower case.
_REPOSITORY_FILES = {"readme.md", "license", "citation.cff", ".gitignore", "pyproject.toml"}
_PACKAGE_NAME = re.compile(
    r"(?P<name>.+)-(?P<tag>r[0-9]{8})(?P<fold>-fold(?:[0-9]{1,9}|all))?\.zip", re.ASCII
)


@rule(
    "L001",
    ERROR,
    SCT,
    _SCT_GLOB,
    unless=("L025",),
    stops=EVERYWHERE,
)
def trainer_folder_missing(package: Package) -> Iterator[Problem]:
    """There is no trainer folder where SCT looks for it.

    Why: SCT unpacks the zip and expects the folder `nnUNetTrainer...` at the top, or inside the
    only folder at the top. Without it the model installs and then fails on the first image.

    Fix: zip the folder `nnUNetTrainer__PLANS__CONFIGURATION` itself: `model-lint pack` does it.
    """
    if _is_flat(package) or any(path in package.tree.folders for path in package.found):
        return
    stops = _unloaded(package)
    if package.found:
        text = f"{quote(package.found[0])} is a file, not a folder"
        yield Problem(text, package.found[0], stops=stops)
        return
    reason = _missing(package)
    if reason:
        yield Problem(*reason, stops=stops)


def _unloaded(package: Package) -> tuple[Consumer, ...]:
    """Return the consumers that find no model.

    The user gives nnU-Net the trainer folder, so its place does not matter. 3D Slicer reads the
    names of that folder and of the one around it.
    """
    if not package.trainers:
        return EVERYWHERE
    return (IN_SCT,) if package.trainers[0].parts else (IN_SCT, IN_SLICER)


def _is_flat(package: Package) -> bool:
    """Return whether names have backslashes in place of folders, reported by Z003."""
    return any("\\" in name for name in package.top)


def _missing(package: Package) -> tuple[str, str] | None:
    """Return why there is no trainer folder, and where; None if another rule reports it."""
    if not package.trainers:
        return f"no trainer folder: {_instead(package)}", ""
    first = package.trainers[0]
    if not first.path:
        return "the files of the trainer folder are at the top, without the folder around them", ""
    if _badly_named(package) or _misleading_wrapper(package) or _too_deep(package):
        return None
    return _unnamed(first) or _not_alone(first, package)


def _instead(package: Package) -> str:
    """Return what a package without a trainer folder contains."""
    if not package.top:
        return "the package is empty"
    zips = [path for path in package.tree.files if path.lower().endswith(".zip")]
    if zips:
        return f"it contains {listing(zips)}: was it zipped twice?"
    names = {name.lower() for name in package.tree.folders[package.wrapper]}
    if names & _REPOSITORY_FILES and not any(map(is_checkpoint, package.tree.files)):
        return "these are files of a repository, as in GitHub's `Source code (zip)`"
    return f"at the top {are(package.top)} {listing(package.top)}"


def _unnamed(trainer: TrainerFolder) -> tuple[str, str] | None:
    if "/" in trainer.path:
        return None
    text = f"{quote(trainer.path)} contains the trainer folder's files, but is not named "
    return f"{text}`nnUNetTrainer__PLANS__CONFIGURATION`", trainer.path


def _not_alone(trainer: TrainerFolder, package: Package) -> tuple[str, str] | None:
    """Return what keeps SCT from looking inside the folder around the trainer folder."""
    wrapper = trainer.path.partition("/")[0]
    # Junk is reported by Z008, the metadata by L020.
    quiet = {wrapper, CROP_METADATA}
    beside = [name for name in package.top if name not in quiet and not is_junk(name)]
    if not beside:
        return None
    text = f"the trainer folder is in {quote(wrapper)}, but SCT looks inside a folder only if it is"
    return f"{text} alone at the top: next to it {are(beside)} {listing(beside)}", trainer.path


@rule(
    "L002",
    ERROR,
    SCT,
    _SCT_GLOB,
    stops=(IN_SCT,),
)
def several_trainer_folders(package: Package) -> Iterator[Problem]:
    """More than one entry is named `nnUNetTrainer...` where SCT looks.

    Why: SCT stops unless exactly one file or folder matches `nnUNetTrainer*`.

    Fix: publish each configuration in its own zip, and rename or leave out files that match.
    """
    if len(package.found) > 1 and not _is_flat(package):
        text = f"{count(package.found, 'entry', 'entries')} match `nnUNetTrainer*`"
        files = [path for path in package.found if path in package.tree.files]
        advice = f"leave out {listing(files)}, or give it another name" if files else None
        at = files[0] if files else package.found[1]
        yield Problem(f"{text}: {listing(package.found, shown=5)}", at, help=advice)


@rule(
    "L003",
    ERROR,
    SCT,
    _SCT_GLOB,
    stops=EVERYWHERE,
)
def trainer_folder_name(package: Package) -> Iterator[Problem]:
    """The trainer folder is not named `nnUNetTrainer*__PLANS__CONFIGURATION`.

    Why: SCT looks for `nnUNetTrainer*`, case-sensitively, and nnU-Net takes trainer, plans and
    configuration from the three parts.

    Fix: restore the name that nnU-Net gave the folder; a custom trainer's class has to be named
    `nnUNetTrainer...`.
    """
    for trainer in _badly_named(package):
        # Users of nnU-Net and 3D Slicer name a model by the three parts; SCT by the start alone.
        in_parts = fnmatchcase(trainer.name, TRAINER_GLOB) and trainer.parts is None
        stops = IN_STOCK if in_parts else (IN_SCT,)
        yield Problem(_name_flaw(trainer), trainer.path, stops=stops)


def _badly_named(package: Package) -> list[TrainerFolder]:
    return [t for t in package.judged if t.path and _resembles(t.name) and _name_flaw(t)]


def _resembles(name: str) -> bool:
    return "__" in name or "nnunet" in name.lower()


def _name_flaw(trainer: TrainerFolder) -> str:
    if not fnmatchcase(trainer.name, TRAINER_GLOB):
        hint = " (case matters)" if trainer.name.lower().startswith("nnunettrainer") else ""
        return f"{quote(trainer.name)} does not begin with `nnUNetTrainer`{hint}"
    if trainer.parts is None:
        return f"{quote(trainer.name)} does not have three parts joined by `__`"
    special = [c for c in "[]*?" if c in trainer.name]
    if special:
        return (
            f"{quote(trainer.name)} contains {listing(special)}, which SCT's search takes "
            "as a pattern"
        )
    return ""


@rule(
    "L004",
    ERROR,
    SCT,
    "SCT strips at most one folder above the trainer folder (download.py, install_data)",
    repair="moves the trainer folder to the top",
    stops=(IN_SCT,),
)
def nested_too_deep(package: Package) -> Iterator[Problem]:
    """The trainer folder is inside more than one folder.

    Why: SCT looks inside one folder at most. If the trainer folder is deeper, SCT installs the
    model and fails on the first image.

    Fix: zip the trainer folder itself.
    """
    if _misleading_wrapper(package):
        return
    for trainer in _too_deep(package):
        above = trainer.path.rpartition("/")[0]
        folders = count(above.count("/") + 1, "folder")
        yield Problem(f"{folders} around the trainer folder: {quote(above)}", trainer.path)


def _too_deep(package: Package) -> list[TrainerFolder]:
    return [t for t in package.judged if t.path.count("/") > 1]


@rule(
    "L005",
    WARNING,
    PRACTICE,
    "The specification's tree has the trainer folder at the top",
    also=(INFO,),
    repair="moves the trainer folder to the top, unless it is in DatasetNNN_NAME",
)
def wrapper_folder(package: Package) -> Iterator[Problem]:
    """The trainer folder is inside another folder.

    Why: SCT removes that folder, but it is not in the specification's tree. `DatasetNNN_NAME` is
    harmless: nnU-Net and 3D Slicer install models from it.

    Fix: zip the trainer folder itself, or name the folder `DatasetNNN_NAME`.
    """
    if not package.wrapper or all(t.parent != package.wrapper for t in package.trainers):
        return
    known = DATASET_FOLDER.fullmatch(package.wrapper)
    yield Problem(
        f"the trainer folder is inside {quote(package.wrapper)}"
        + (": SCT, nnU-Net and 3D Slicer take that" if known else ""),
        package.wrapper,
        severity=INFO if known else None,
        help="nothing to fix; the specification's tree has no such folder" if known else None,
    )


@rule(
    "L006",
    ERROR,
    SCT,
    "SCT keeps a top folder whose name contains nnUNetTrainer (download.py, install_data)",
    repair="moves the trainer folder to the top",
    stops=(IN_SCT,),
)
def wrapper_name(package: Package) -> Iterator[Problem]:
    """The folder around the trainer folder has `nnUNetTrainer` in its name.

    Why: SCT takes it for the trainer folder, and finds no model in it.

    Fix: zip the trainer folder itself, or rename the outer folder.
    """
    wrapper = _misleading_wrapper(package)
    if wrapper:
        yield Problem(
            f"SCT takes {quote(wrapper)} for the trainer folder, which is "
            f"{quote(package.trainers[0].path)}",
            wrapper,
        )


def _misleading_wrapper(package: Package) -> str | None:
    if len(package.top) != 1 or "nnUNetTrainer" not in package.top[0] or not package.trainers:
        return None
    top = package.top[0]
    return top if all(t.path.startswith(f"{top}/") for t in package.trainers) else None


@rule(
    "L022",
    WARNING,
    SPEC,
    "The tag and title of the release should be `rYYYYMMDD`, example: `r20240915`.",
    also=(ERROR,),
    stops=(IN_SCT,),
)
def package_name(package: Package) -> Iterator[Problem]:
    """The zip is not named `<repository>-<tag>.zip`.

    Why: users keep the file, and only its name says which model and which version it is.

    Fix: name it after the repository and the release, for example
    `model-spinal-rootlets-mp2rage-r20240915.zip`. A zip of one fold of several may end in
    `-fold0.zip`.
    """
    if package.file_name is None or package.is_released:  # T006 and T007 judge assets
        return
    match = _PACKAGE_NAME.fullmatch(package.file_name)
    if not package.file_name.lower().endswith(".zip"):
        text = f"SCT unpacks {quote(package.file_name)} only if its name ends in `.zip`"
        yield Problem(text, severity=ERROR)
    elif not match:
        yield Problem(f"{quote(package.file_name)} is not `<repository>-rYYYYMMDD.zip`")
    elif tag_date(match["tag"]) is None:
        yield Problem(f"the date in {quote(package.file_name)} is invalid")
    elif package.repository and match["name"] != package.repository:
        wanted = f"{package.repository}-{match['tag']}{match['fold'] or ''}.zip"
        yield Problem(f"{quote(package.file_name)} should be {quote(wanted)}")


@rule(
    "L025",
    ERROR,
    NNUNET,
    "nnU-Net 2 and SCT look for plans.json and checkpoint_final.pth",
    stops=EVERYWHERE,
)
def nnunet_1(package: Package) -> Iterator[Problem]:
    """The model was trained with nnU-Net 1.

    Why: neither SCT nor nnU-Net 2 can load it: its plans are `plans.pkl`, its checkpoints
    `model_final_checkpoint.model`, and no tool converts them. The other files of the package are
    not checked.

    Fix: convert the data set with `nnUNetv2_convert_old_nnUNet_dataset`, train the model again with
    nnU-Net 2, and package that.
    """
    if package.version_1:
        text = "a model of nnU-Net 1, which neither SCT nor nnU-Net 2 can load"
        yield Problem(text, package.version_1)
