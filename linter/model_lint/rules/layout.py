"""Rules of the layout family: which files and folders a package holds, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..findings import Problem, Severity, shortened
from ..models.json_file import is_number
from ..models.package import (
    CROP_METADATA,
    DATASET_FOLDER,
    FINAL_CHECKPOINT,
    TRAINER_GLOB,
    Package,
    Source,
    TrainerFolder,
)
from ..models.paths import (
    is_checkpoint,
    is_image,
    is_junk,
    resembles_fold,
    unexpected,
    validation_folder,
)
from ..nnunet.trainers import SCT_TRAINERS, TRAINERS
from ..wording import count, listing, quote, size
from . import rule

if TYPE_CHECKING:
    import ast

    from ..nnunet.trainer_needs import Import
    from ..nnunet.trainer_source import Flaw

_TREE = "Keep the nnUNet folder structure intact."
_ONE_CHECKPOINT = "include only `checkpoint_final.pth`"
_SCT_GLOB = "SCT: trainer_dirs = glob(nnUNetTrainer*); if len(trainer_dirs) != 1: FileNotFoundError"

#: What stands at the top of a repository, in small letters.
_REPOSITORY_FILES = {"readme.md", "license", "citation.cff", ".gitignore", "pyproject.toml"}

#: Findings about single files of one kind before the rest is counted.
_SHOWN = 10
_SIDES = ("superior", "inferior", "left", "right", "anterior", "posterior")
_PADS = tuple(f"pad_{side}" for side in _SIDES)
_PACKAGE_NAME = re.compile(r"(?P<name>.+)-r(?P<date>[0-9]{8})\.zip")


@rule(
    "L001",
    "trainer-folder-missing",
    severity=Severity.ERROR,
    since="0.1",
    source=_SCT_GLOB,
)
def trainer_folder_missing(package: Package) -> Iterator[Problem]:
    """There is no trainer folder where SCT looks for it.

    Why: SCT unpacks the zip and expects the folder `nnUNetTrainer...` at the top, or inside the
    only folder at the top. Without it the model installs and then fails on the first image.

    Fix: zip the folder `nnUNetTrainer__PLANS__CONFIGURATION` itself: `model-lint pack` does it.
    """
    if _is_flat(package) or any(path in package.tree.folders for path in package.found):
        return
    if package.version_1:
        return  # L025 says so
    if package.found:
        yield Problem(f"{quote(package.found[0])} is a file, not a folder", package.found[0])
        return
    reason = _missing(package)
    if reason:
        yield Problem(*reason)


def _is_flat(package: Package) -> bool:
    """Return whether backslashes took the place of folders, which Z003 says."""
    return any("\\" in name for name in package.top)


def _missing(package: Package) -> tuple[str, str] | None:
    """Say why there is no trainer folder and where; None where another rule says it."""
    if not package.trainers:
        return f"no trainer folder: {_instead(package)}", ""
    first = package.trainers[0]
    if not first.path:
        return "the files of the trainer folder lie at the top, without the folder around them", ""
    if _badly_named(package) or _misleading_wrapper(package) or _too_deep(package):
        return None
    return _unnamed(first) or _not_alone(first, package)


def _instead(package: Package) -> str:
    """Say what a package without a trainer folder holds."""
    if not package.top:
        return "nothing is in it"
    zips = [path for path in package.tree.files if path.lower().endswith(".zip")]
    if zips:
        return f"it holds {listing(zips)}: was it zipped twice?"
    names = {name.lower() for name in package.tree.folders[package.root]}
    if names & _REPOSITORY_FILES and not any(map(is_checkpoint, package.tree.files)):
        return "these are files of a repository, as in GitHub's `Source code (zip)`"
    return f"the top holds {listing(package.top)}"


def _unnamed(trainer: TrainerFolder) -> tuple[str, str] | None:
    if "/" in trainer.path:
        return None
    text = f"{quote(trainer.path)} holds the trainer folder's files, but is not named "
    return f"{text}`nnUNetTrainer__PLANS__CONFIGURATION`", trainer.path


def _not_alone(trainer: TrainerFolder, package: Package) -> tuple[str, str] | None:
    """Say what keeps SCT from looking inside the folder around the trainer folder."""
    wrapper = trainer.path.partition("/")[0]
    # Of junk, Z008 says it; of the metadata, L020.
    quiet = {wrapper, CROP_METADATA}
    beside = [name for name in package.top if name not in quiet and not is_junk(name)]
    if not beside:
        return None
    text = f"the trainer folder is in {quote(wrapper)}, but SCT looks inside a folder only if it is"
    return f"{text} alone at the top: beside it {_is(beside)} {listing(beside)}", trainer.path


def _is(things: list[str]) -> str:
    return "is" if len(things) == 1 else "are"


@rule(
    "L002",
    "several-trainer-folders",
    severity=Severity.ERROR,
    since="0.1",
    source=_SCT_GLOB,
)
def several_trainer_folders(package: Package) -> Iterator[Problem]:
    """More than one entry is named `nnUNetTrainer...` where SCT looks.

    Why: SCT stops unless exactly one file or folder matches `nnUNetTrainer*`.

    Fix: publish each configuration in a zip of its own, and rename or drop files of that name.
    """
    if len(package.found) > 1 and not _is_flat(package):
        text = f"{count(package.found, 'entry', 'entries')} match `nnUNetTrainer*`"
        yield Problem(f"{text}: {listing(package.found, shown=5)}", package.found[1])


@rule(
    "L003",
    "trainer-folder-name",
    severity=Severity.ERROR,
    since="0.1",
    source=_SCT_GLOB,
)
def trainer_folder_name(package: Package) -> Iterator[Problem]:
    """The trainer folder is not named `nnUNetTrainer*__PLANS__CONFIGURATION`.

    Why: SCT looks for `nnUNetTrainer*`, case-sensitively, and nnU-Net takes trainer, plans and
    configuration from the three parts.

    Fix: restore the name that nnU-Net gave the folder; a custom trainer's class has to be named
    `nnUNetTrainer...`.
    """
    for trainer in _badly_named(package):
        yield Problem(_name_flaw(trainer), trainer.path)


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
            f"{quote(trainer.name)} holds {listing(special)}, which SCT's search takes as a pattern"
        )
    return ""


@rule(
    "L004",
    "nested-too-deep",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT strips at most one folder above the trainer folder (download.py, install_data)",
)
def nested_too_deep(package: Package) -> Iterator[Problem]:
    """More than one folder is around the trainer folder.

    Why: SCT strips one folder and expects the trainer folder below; deeper it installs the model
    and fails on the first image.

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
    "wrapper-folder",
    severity=Severity.WARNING,
    since="0.1",
    source="The specification's tree has the trainer folder at the top",
)
def wrapper_folder(package: Package) -> Iterator[Problem]:
    """A folder is around the trainer folder.

    Why: SCT strips it, but it is not in the specification's tree. `DatasetNNN_NAME` is harmless:
    it is what nnU-Net and 3D Slicer install from.

    Fix: zip the trainer folder itself, or name the folder `DatasetNNN_NAME`.
    """
    if not package.wrapper or not package.usable:
        return
    known = DATASET_FOLDER.fullmatch(package.wrapper)
    yield Problem(
        f"the trainer folder is inside {quote(package.wrapper)}"
        + (": SCT, nnU-Net and 3D Slicer take that" if known else ""),
        package.wrapper,
        severity=Severity.INFO if known else None,
        help="nothing to fix; the specification's tree has no such folder" if known else None,
    )


@rule(
    "L006",
    "wrapper-name",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT keeps a top folder whose name contains nnUNetTrainer (download.py, install_data)",
)
def wrapper_name(package: Package) -> Iterator[Problem]:
    """The folder around the trainer folder has `nnUNetTrainer` in its name.

    Why: SCT takes it for the trainer folder, keeps it, and finds no model in it.

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


@rule("L007", "file-missing", severity=Severity.ERROR, since="0.1", source=_TREE)
def file_missing(package: Package) -> Iterator[Problem]:
    """`dataset.json`, `plans.json` or `dataset_fingerprint.json` is missing.

    Why: SCT and nnU-Net read the first two when they load the model; the fingerprint documents
    what the model was planned for.

    Fix: copy the file from the results folder (`nnUNet_results/DatasetNNN_NAME/TRAINER...`).
    """
    for trainer in package.judged:
        for name, file, severity in (
            ("dataset.json", trainer.dataset, None),
            ("plans.json", trainer.plans, None),
            ("dataset_fingerprint.json", trainer.fingerprint, Severity.WARNING),
        ):
            if file is not None:
                continue
            near = [n for n in package.tree.folders[trainer.path] if n.lower() == name]
            hint = f"; {quote(near[0])} is not read, case matters" if near else ""
            yield Problem(f"{quote(name)} is missing{hint}", trainer.path, severity=severity)


@rule(
    "L008",
    "fold-missing",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT: if not fold_dirs: raise FileNotFoundError(No 'fold_*' directories found)",
)
def fold_missing(package: Package) -> Iterator[Problem]:
    """The trainer folder holds no fold.

    Why: the weights are in `fold_0`, `fold_1`, ... or `fold_all`; without one nothing is loaded.

    Fix: put the trained fold into the folder, with its `checkpoint_final.pth`.
    """
    for trainer in package.judged:
        if trainer.folds:
            continue
        near = [n for n in package.tree.folders[trainer.path] if resembles_fold(n)]
        hint = f"; {listing(near)} would have to be named `fold_<number>`" if near else ""
        yield Problem(f"no `fold_*` folder{hint}", trainer.path)


@rule(
    "L009",
    "fold-name",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT: folds_avail = [int(f.split('_')[-1]) for f in fold_dirs]",
)
def fold_name(package: Package) -> Iterator[Problem]:
    """An entry named `fold_...` is not the folder `fold_all` or `fold_<number>`.

    Why: SCT turns what follows the last `_` of every `fold_*` into a number and opens
    `fold_<number>`: `fold_best` stops it, `fold_00` makes it look for `fold_0`.

    Fix: rename the folder to `fold_<number>`, or take the entry out.
    """
    for trainer in package.judged:
        for fold in trainer.folds:
            if fold.is_file:
                yield Problem(f"{quote(fold.name)} is a file", fold.path)
            elif fold.number is None:
                yield Problem(f"{quote(fold.name)} is neither `fold_all` nor a number", fold.path)
        if trainer.more_folds:
            text = f"{len(trainer.folds) + trainer.more_folds} entries match `fold_*`"
            yield Problem(
                f"{text}: the last {trainer.more_folds} are not looked into", trainer.path
            )


@rule(
    "L010",
    "fold-all-mixed",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT: folds_avail = 'all' if fold_dirs == ['fold_all'] else [int(...) ...]",
)
def fold_all_mixed(package: Package) -> Iterator[Problem]:
    """`fold_all` is beside numbered folds.

    Why: SCT then reads `all` as a number and stops.

    Fix: ship `fold_all` alone, or the numbered folds alone.
    """
    for trainer in package.judged:
        numbered = [f.name for f in trainer.folds if isinstance(f.number, int)]
        if numbered and any(f.number == "all" for f in trainer.folds):
            yield Problem(f"`fold_all` is beside {listing(numbered)}", trainer.at("fold_all"))


@rule(
    "L011", "final-checkpoint-missing", severity=Severity.ERROR, since="0.1", source=_ONE_CHECKPOINT
)
def final_checkpoint_missing(package: Package) -> Iterator[Problem]:
    """A fold has no `checkpoint_final.pth`.

    Why: SCT opens the same checkpoint in every fold, and nnU-Net `checkpoint_final.pth` unless
    told otherwise: a fold without it stops both. nnU-Net writes it when the training ends.

    Fix: finish the training (`nnUNetv2_train ... --c`) or leave the fold out.
    """
    for trainer in package.judged:
        for fold in trainer.folds:
            if fold.number is None or FINAL_CHECKPOINT in fold.checkpoints:
                continue
            has = f"has {listing(fold.checkpoints)}, not" if fold.checkpoints else "has no"
            near = any(name.lower() == FINAL_CHECKPOINT for name in fold.checkpoints)
            yield Problem(
                f"{quote(fold.name)} {has} `{FINAL_CHECKPOINT}`",
                fold.path,
                help=f"rename it to `{FINAL_CHECKPOINT}`: case matters" if near else None,
            )


@rule("L012", "extra-checkpoint", severity=Severity.ERROR, since="0.1", source=_ONE_CHECKPOINT)
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


@rule(
    "L013",
    "image-data",
    severity=Severity.ERROR,
    since="0.1",
    source="The specification's tree holds no images",
)
def image_data(package: Package) -> Iterator[Problem]:
    """The package holds images or arrays.

    Why: images of subjects must not be published by accident, and they bloat the download.

    Fix: leave them out of the zip.
    """
    files = package.tree.files
    images = [p for p in files if is_image(p) and not validation_folder(p) and not is_junk(p)]
    if images:
        amount = size(sum(files[path].size for path in images))
        what = count(images, "image or array file", "image or array files")
        yield Problem(f"{what} ({amount}): {listing(images)}", images[0])


@rule(
    "L014",
    "validation-folder",
    severity=Severity.ERROR,
    since="0.1",
    source="The specification's tree holds no validation results",
)
def validation_results(package: Package) -> Iterator[Problem]:
    """The package holds validation results.

    Why: `validation/` and `crossval_results*` hold predictions for the training subjects, and
    their `summary.json` absolute paths and subject names.

    Fix: leave them out of the zip; publish the scores in the README.
    """
    held: dict[str, list[str]] = {}
    for path in [*package.tree.files, *package.tree.folders]:
        folder = validation_folder(path)
        if folder:
            held.setdefault(folder, []).extend([path] if path in package.tree.files else [])
    for folder, paths in list(held.items())[:_SHOWN]:
        amount = size(sum(package.tree.files[path].size for path in paths))
        name = quote(folder.rpartition("/")[2])
        yield Problem(f"{name} holds validation results: {count(paths, 'file')}, {amount}", folder)
    yield from _rest(list(held), "folder of validation results", "folders of validation results")


@rule("L015", "unexpected-file", severity=Severity.WARNING, since="0.1", source=_TREE)
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
    "L016",
    "trainer-class-missing",
    severity=Severity.ERROR,
    since="0.1",
    source="The `trainer_class.py` file is only necessary if you have used a custom trainer",
)
def trainer_class_missing(package: Package) -> Iterator[Problem]:
    """The model was trained with a custom trainer, and `trainer_class.py` is missing.

    Why: nnU-Net builds the network with the trainer's class, which no installation has: `Unable to
    locate trainer class`.

    Fix: put the trainer into `trainer_class.py`, with a function `get_trainer_class` that returns
    it, and that file into the trainer folder.
    """
    known = {name.lower() for name in SCT_TRAINERS}
    for trainer in package.judged:
        if trainer.parts is None or trainer.trainer_class is not None:
            continue
        name = trainer.parts.trainer
        if name.lower() in known:  # L003 or C004 say so if only the case is wrong
            continue
        who = "SCT's nnU-Net" if name in TRAINERS else "nnU-Net"
        yield Problem(f"{who} ships no trainer {quote(name)}", trainer.path)


@rule(
    "L017",
    "trainer-class-unneeded",
    severity=Severity.INFO,
    since="0.1",
    source="The `trainer_class.py` file is only necessary if you have used a custom trainer",
)
def trainer_class_unneeded(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` is there, but nnU-Net ships the trainer.

    Why: SCT runs the file instead of nnU-Net's own class, on every user's machine, for nothing;
    and if it changes the trainer, nnU-Net alone runs another one under the same name. The
    specification's own example is such a tree, so this is no more than worth knowing.

    Fix: leave it out, or give a changed trainer a name of its own and train with that.
    """
    for trainer in package.judged:
        source = trainer.trainer_class
        if source and trainer.parts and trainer.parts.trainer in SCT_TRAINERS:
            yield Problem(f"nnU-Net ships {quote(trainer.parts.trainer)}", source.path)


@rule(
    "L018",
    "trainer-class-invalid",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT runs trainer_class.py and calls get_trainer_class() (deepseg/nnunet.py)",
)
def trainer_class_invalid(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` does not give SCT the trainer.

    Why: SCT runs that one file and calls its `get_trainer_class()`. Without the function SCT
    silently looks for the trainer in nnU-Net, where a custom one is not; an error while the file is
    loaded stops SCT; and a class that does not inherit from one of nnU-Net's trainers builds no
    network.

    Fix: define the class and `def get_trainer_class(): return nnUNetTrainerX` in that file, with
    absolute imports only, and nothing else that runs when it is loaded.
    """
    from ..nnunet.trainer_source import Flaw, classes, is_version_1, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        if source.error:
            yield Problem(f"it can't be read: {source.error}", source.path)
            continue
        module = parse(source.text)
        if isinstance(module, Flaw):
            yield Problem(module.message, source.path, module.line)
            continue
        if is_version_1(module):
            continue  # L019 says so
        wanted = trainer.parts.trainer if trainer.parts else ""
        flaw, severity = _source_flaw(module, wanted)
        if flaw:
            yield Problem(flaw.message, source.path, flaw.line, severity=severity)
        elif wanted and wanted not in TRAINERS and wanted not in classes(module):
            text = f"no class {quote(wanted)} in it: `nnUNet_extTrainer` looks for that name"
            yield Problem(text, source.path, severity=Severity.WARNING)
        yield from shortened(_relative_imports(module, source.path))


def _source_flaw(module: ast.Module, trainer: str) -> tuple[Flaw | None, Severity | None]:
    """Return the first flaw, and another severity than the rule's."""
    from ..nnunet.trainer_source import class_flaw, factory_flaw, lacks_factory, loading_flaw  # noqa: PLC0415

    flaw = loading_flaw(module) or factory_flaw(module) or class_flaw(module)
    # SCT then takes nnU-Net's own trainer, which is right where nnU-Net ships it.
    harmless = trainer in SCT_TRAINERS and not loading_flaw(module) and lacks_factory(module)
    return flaw, Severity.WARNING if harmless else None


def _relative_imports(module: ast.Module, path: str) -> Iterator[Problem]:
    from ..nnunet.trainer_needs import imports  # noqa: PLC0415 (ast)

    for found in imports(module):
        if found.level:
            name = "." * found.level + found.module
            text = f"the relative import of {quote(name)} fails: SCT loads this file alone"
            severity = None if found.certain else Severity.WARNING
            yield Problem(text, path, found.line, severity=severity)


@rule(
    "L019",
    "trainer-class-imports",
    severity=Severity.WARNING,
    since="0.1",
    source="SCT runs trainer_class.py in its own environment, and with nothing beside it",
)
def trainer_class_imports(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` imports, or reads from the environment, what an SCT installation lacks.

    Why: it fails on every user's machine, though only the training needs it. A module that users
    may have by chance is a warning; an error is one that can't be there: a file beside
    `trainer_class.py`, where Python does not look, a module or a name that SCT's nnU-Net (2.6.2)
    lacks, or nnU-Net 1, whose trainers nnU-Net 2 can't run.

    Fix: import it inside the method that needs it, or put the import into `try` with
    `except ImportError`. Code of your own has to be in `trainer_class.py` itself. Read variables
    with `os.environ.get`.
    """
    yield from _old_trainers(package)
    yield from shortened(_needs(package))


def _needs(package: Package) -> Iterator[Problem]:
    from ..nnunet.trainer_needs import imports, searches_elsewhere, variables  # noqa: PLC0415 (ast)

    for trainer, source, module in _modules(package):
        beside = {name.removesuffix(".py") for name in package.tree.folders[trainer.path]}
        elsewhere = searches_elsewhere(module)
        told: set[tuple[str, ...]] = set()
        for found in imports(module):
            if found.level or (found.module, *found.names) in told:
                continue
            told.add((found.module, *found.names))
            reachable = elsewhere is not None and elsewhere < found.line
            text, severity = _import_flaw(found, beside, reachable=reachable)
            if text:
                yield Problem(text, source.path, found.line, severity=severity)
        for name, line in variables(module):
            text = f"it needs the environment variable {quote(name)}, which users have not set"
            yield Problem(text, source.path, line)


def _old_trainers(package: Package) -> Iterator[Problem]:
    for _, source, _ in _modules(package, version_1=True):
        text = "a trainer of nnU-Net 1, which neither SCT nor nnU-Net 2 can load"
        advice = "train with a class that inherits from nnU-Net 2's `nnUNetTrainer`"
        yield Problem(text, source.path, help=advice, severity=Severity.ERROR)


def _import_flaw(
    found: Import, beside: set[str], *, reachable: bool
) -> tuple[str, Severity | None]:
    """Say why an import fails in SCT, and how sure that is; "" where it does not."""
    # For the few packages with a custom trainer.
    from ..nnunet.sct_modules import is_in_sct, missing_in_nnunet  # noqa: PLC0415

    sure = Severity.ERROR if found.certain else None
    if lacking := missing_in_nnunet(found.module, found.names):
        return f"SCT's nnU-Net has no {quote(lacking)}", sure
    if lacking := missing_in_nnunet(found.module, found.names, stock=True):
        return f"nnU-Net 2.8 has no {quote(lacking)}, though SCT's has", None
    top = found.module.partition(".")[0]
    if is_in_sct(top) or (reachable and top in beside):
        return "", None
    if top in beside:
        return f"{quote(top)} is beside this file, where SCT's Python does not look for it", sure
    return f"an SCT installation has no module {quote(found.module)}", None


@rule(
    "L020",
    "crop-metadata-misplaced",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT reads crop_metadata.json from the model's installation folder (deepseg/models.py)",
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


@rule(
    "L021",
    "crop-metadata-invalid",
    severity=Severity.ERROR,
    since="0.1",
    source="SCT reads six paddings from crop_metadata.json (deepseg/models.py)",
)
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


@rule(
    "L022",
    "package-name",
    severity=Severity.WARNING,
    since="0.1",
    source="The tag and title of the release should be `rYYYYMMDD`, example: `r20240915`.",
)
def package_name(package: Package) -> Iterator[Problem]:
    """The zip is not named `<repository>-<tag>.zip`.

    Why: users keep the file; its name alone tells them which model and which version it is.

    Fix: name it after the repository and the release, for example
    `model-spinal-rootlets-mp2rage-r20240915.zip`.
    """
    if package.file_name is None:
        return
    match = _PACKAGE_NAME.fullmatch(package.file_name)
    if not package.file_name.lower().endswith(".zip"):
        text = f"SCT unpacks {quote(package.file_name)} only if its name ends in `.zip`"
        yield Problem(text, severity=Severity.ERROR)
    elif not match:
        yield Problem(f"{quote(package.file_name)} does not end in `-rYYYYMMDD.zip`")
    elif not _is_date(match["date"]):
        yield Problem(f"the date in {quote(package.file_name)} is none")
    elif package.repository and match["name"] != package.repository:
        wanted = f"{package.repository}-r{match['date']}.zip"
        yield Problem(f"{quote(package.file_name)} should be {quote(wanted)}")


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


@rule(
    "L023",
    "trainer-class-signature",
    severity=Severity.WARNING,
    since="0.1",
    source="SCT's fork calls build_network_architecture with the arguments of nnU-Net 2.3 to 2.6",
)
def trainer_class_signature(package: Package) -> Iterator[Problem]:
    """The trainer's `build_network_architecture` suits only one of SCT and nnU-Net, or neither.

    Why: SCT's fork of nnU-Net calls it with the network's class name, its arguments, which of these
    to import, the two numbers of channels and `enable_deep_supervision`. nnU-Net 2.7 and later call
    such a method in the same way, but their own takes `plans_manager` and `configuration_manager`
    instead, so that it can't be called from there; and SCT can't call a method that takes these.

    Fix: take the six arguments that SCT's nnU-Net gives, and build the network with
    `get_network_from_plans`, not with the method of nnU-Net's own class.
    """
    from ..nnunet.trainer_source import builder_flaw  # noqa: PLC0415 (ast)

    for trainer, source, module in _modules(package):
        found = builder_flaw(module, trainer.parts.trainer if trainer.parts else "")
        if found:
            flaw, sct_fails = found
            severity = Severity.ERROR if sct_fails else None
            yield Problem(flaw.message, source.path, flaw.line, severity=severity)


@rule(
    "L024",
    "sct-several-folds",
    severity=Severity.INFO,
    since="0.1",
    source="SCT's fork adds the first fold's prediction twice (inference/predict_from_raw_data.py)",
)
def sct_several_folds(package: Package) -> Iterator[Problem]:
    """SCT does not average several folds evenly.

    Why: SCT's fork of nnU-Net counts one fold twice, the one that its unsorted search finds first,
    so that results differ a little from nnU-Net's and from machine to machine.

    Fix: nothing to fix in the package; ship one fold where results have to be the same everywhere.
    """
    for trainer in package.judged:
        folds = [f for f in trainer.folds if isinstance(f.number, int)]
        if len(folds) > 1:
            yield Problem(f"{count(folds, 'fold')}: SCT counts one of them twice", trainer.path)


@rule(
    "L025",
    "nnunet-1",
    severity=Severity.ERROR,
    since="0.1",
    source="nnU-Net 2 and SCT look for plans.json and fold_*/checkpoint_final.pth",
)
def nnunet_1(package: Package) -> Iterator[Problem]:
    """The model was trained with nnU-Net 1.

    Why: neither SCT nor nnU-Net 2 can load it: its plans are `plans.pkl`, its checkpoints
    `model_final_checkpoint.model`, and nothing converts them. No other rule of the layout looks at
    such a package.

    Fix: convert the data set with `nnUNetv2_convert_old_nnUNet_dataset`, train the model again with
    nnU-Net 2, and package that.
    """
    if package.version_1:
        name = package.version_1.rpartition("/")[2]
        text = (
            f"a model of nnU-Net 1, which neither SCT nor nnU-Net 2 can load: it has {quote(name)}"
        )
        yield Problem(text, package.version_1)


def _sources(package: Package) -> Iterator[tuple[TrainerFolder, Source]]:
    for trainer in package.judged:
        source = trainer.trainer_class
        if source and not source.reported:
            yield trainer, source


def _modules(
    package: Package, *, version_1: bool = False
) -> Iterator[tuple[TrainerFolder, Source, ast.Module]]:
    """Yield every trainer that is valid Python and of nnU-Net 2, or else of nnU-Net 1."""
    from ..nnunet.trainer_source import Flaw, is_version_1, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        module = parse(source.text)
        if source.error or isinstance(module, Flaw):
            continue
        if is_version_1(module) is version_1:
            yield trainer, source, module


def _rest(found: list[str], one: str, many: str | None = None) -> Iterator[Problem]:
    """Say how many more there are than were shown."""
    if len(found) > _SHOWN:
        more = count(len(found) - _SHOWN, f"more {one}", f"more {many or f'{one}s'}")
        yield Problem(f"and {more}")
