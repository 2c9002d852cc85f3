"""Rules about a custom trainer: ``trainer_class.py``, which SCT executes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Consumer, Problem
from ..models.package import Package
from ..models.trainer_folder import TrainerClass, TrainerFolder
from ..nnunet.trainers import SCT_TRAINERS, TRAINERS
from ..wording import quote
from . import ERROR, EVERYWHERE, IN_SCT, IN_STOCK, INFO, SCT, SPEC, WARNING, rule
from .shared import how_to_place, shown, unreadable

if TYPE_CHECKING:
    import ast

    from ..nnunet.trainer_needs import Import


@rule(
    "L016",
    ERROR,
    SPEC,
    "The `trainer_class.py` file is only necessary if you have used a custom trainer",
    also=(INFO,),
    stops=EVERYWHERE,
)
def trainer_class_missing(package: Package) -> Iterator[Problem]:
    """The model was trained with a custom trainer, and `trainer_class.py` is missing.

    Why: nnU-Net builds the network with the trainer's class, which no installation has: `Unable to
    locate trainer class`.

    Fix: put the trainer into `trainer_class.py`, with a function `get_trainer_class` that returns
    it, and that file into the trainer folder.
    """
    for trainer in package.judged:
        # L003 or C004 reports a name in which only the case is wrong.
        if trainer.parts is None or trainer.trainer_class or not trainer.needs_class:
            continue
        if any(other.trainer_class for other in package.joined if other.name == trainer.name):
            continue  # T009 reports it
        name, place = trainer.parts.trainer, trainer.at("trainer_class.py")
        who = "SCT's nnU-Net" if name in TRAINERS else "nnU-Net"
        text = f"{who} ships no trainer {quote(name)}"
        path = package.misplaced.get(place)
        if path:
            text += f"; {quote(path.rpartition('/')[2])} seems to be meant"
        # nnU-Net looks for the class in every file of the folder, and ships some that SCT's lacks.
        in_stock = name in TRAINERS or (path or "").rpartition("/")[0] == trainer.path
        yield Problem(
            text,
            trainer.path,
            help=how_to_place(path, place) if path else None,
            severity=INFO if name in TRAINERS else None,
            stops=(IN_SCT,) if in_stock else EVERYWHERE,
        )


@rule(
    "L017",
    INFO,
    SPEC,
    "The `trainer_class.py` file is only necessary if you have used a custom trainer",
)
def trainer_class_unneeded(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` is there, but nnU-Net ships the trainer.

    Why: SCT needlessly runs the file in place of nnU-Net's own class, on every user's machine. If
    the file changes the trainer, nnU-Net alone runs a different one under the same name. The
    specification's own example has this file, so this is only an info.

    Fix: leave it out, or give a changed trainer a name of its own and train with that.
    """
    for trainer in package.judged:
        source = trainer.trainer_class
        if source and trainer.parts and trainer.parts.trainer in SCT_TRAINERS:
            yield Problem(f"nnU-Net ships {quote(trainer.parts.trainer)}", source.path)


@rule(
    "L018",
    ERROR,
    SCT,
    "SCT runs trainer_class.py and calls get_trainer_class() (deepseg/nnunet.py)",
    also=(WARNING,),
    stops=EVERYWHERE,
)
def trainer_class_invalid(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` does not give SCT the trainer.

    Why: SCT runs that one file and calls its `get_trainer_class()`. Without the function SCT
    silently looks for the trainer in nnU-Net, where a custom one is missing. An error while the
    file is loaded stops SCT. A class that does not inherit from one of nnU-Net's trainers builds no
    network.

    Fix: define the class and `def get_trainer_class(): return nnUNetTrainerX` in that file, with
    absolute imports only, and nothing else that runs when it is loaded.
    """
    from ..nnunet.trainer_source import classes, is_version_1, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        if source.unreadable:
            yield from unreadable(source)
            continue
        module = parse(source.text)
        if isinstance(module, Problem):
            yield module._replace(at=source.path)
            continue
        if is_version_1(module):
            continue  # reported by L019
        wanted = trainer.class_name
        found = _source_problem(module, wanted)
        if found:
            yield found._replace(at=source.path)
        elif wanted and wanted not in TRAINERS and wanted not in classes(module):
            text = f"no class {quote(wanted)} in it: `nnUNet_extTrainer` looks for that name"
            yield Problem(text, source.path, stops=IN_STOCK)
        yield from shown(_relative_imports(module, source.path), ERROR, "relative import")


def _source_problem(module: ast.Module, trainer: str) -> Problem | None:
    """Return the first thing that is wrong with the module."""
    from ..nnunet.trainer_source import (  # noqa: PLC0415
        class_problem,
        classes,
        factory_problem,
        lacks_factory,
        loading_problem,
    )

    found = loading_problem(module)
    if found:
        return found
    found = factory_problem(module)
    if found is None:
        return class_problem(module)
    # SCT then takes nnU-Net's own trainer, if nnU-Net ships it.
    if trainer in SCT_TRAINERS and lacks_factory(module):
        return found._replace(severity=WARNING)
    # Only SCT calls the function; nnU-Net looks for the class.
    return found._replace(stops=(IN_SCT,)) if trainer in classes(module) else found


def _relative_imports(module: ast.Module, path: str) -> Iterator[Problem]:
    from ..nnunet.trainer_needs import imports  # noqa: PLC0415 (ast)

    for found in imports(module):
        if found.level:
            name = "." * found.level + found.module
            text = f"the relative import of {quote(name)} fails: SCT loads this file alone"
            severity = None if found.certain else WARNING
            yield Problem(text, path, found.line, severity=severity)


@rule(
    "L019",
    ERROR,
    SCT,
    "SCT runs trainer_class.py in its own environment, without the files next to it",
    also=(WARNING,),
    stops=EVERYWHERE,
)
def trainer_class_imports(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` needs a module or a variable that is missing from an SCT installation.

    Why: it fails on every user's machine, even if only the training needs the import. The module
    may not be installed with SCT, may be a file next to `trainer_class.py`, where SCT's Python does
    not look, or may be missing from SCT's nnU-Net (2.6.2) or the stock one (2.8), as may a name in
    it. Trainers of nnU-Net 1 can't run in nnU-Net 2. It is a warning if the import may not be run.

    Fix: import it inside the method that needs it, or put the import into `try` with `except
    ImportError`. Your own code must be in `trainer_class.py` itself. Read variables with
    `os.environ.get`.
    """
    yield from _old_trainers(package)
    yield from shown(_needs(package), ERROR, "missing import")


def _needs(package: Package) -> Iterator[Problem]:
    from ..nnunet.trainer_needs import imports, searches_elsewhere, variables  # noqa: PLC0415 (ast)

    for trainer, source, module in _modules(package):
        beside = {name.removesuffix(".py") for name in package.tree.folders[trainer.path]}
        elsewhere = searches_elsewhere(module)
        seen: set[tuple[str, ...]] = set()
        for found in imports(module):
            if found.level or (found.module, *found.names) in seen:
                continue
            seen.add((found.module, *found.names))
            reachable = elsewhere is not None and elsewhere < found.line
            text, stops = _import_flaw(found, beside, reachable=reachable)
            if text and found.certain:
                yield Problem(text, source.path, found.line, stops=stops)
            elif text:
                yield Problem(text, source.path, found.line, severity=WARNING)
        for name, line in variables(module):
            text = f"it needs the environment variable {quote(name)}, which users have not set"
            yield Problem(text, source.path, line, stops=(IN_SCT,))


def _old_trainers(package: Package) -> Iterator[Problem]:
    for _, source, _ in _modules(package, version_1=True):
        text = "a trainer of nnU-Net 1, which neither SCT nor nnU-Net 2 can load"
        advice = "train with a class that inherits from nnU-Net 2's `nnUNetTrainer`"
        yield Problem(text, source.path, help=advice)


def _import_flaw(
    found: Import, beside: set[str], *, reachable: bool
) -> tuple[str, tuple[Consumer, ...]]:
    """Return why an import fails, and in which consumers; "" if it does not.

    It is not known which other modules users of nnU-Net have installed. nnU-Net finds modules next
    to the file.
    """
    # For the few packages with a custom trainer.
    from ..nnunet.sct_modules import is_in_sct, missing_in_nnunet  # noqa: PLC0415

    in_sct = missing_in_nnunet(found.module, found.names)
    in_stock = missing_in_nnunet(found.module, found.names, stock=True)
    if in_sct:
        return f"SCT's nnU-Net has no {quote(in_sct)}", EVERYWHERE if in_stock else (IN_SCT,)
    if in_stock:
        return f"nnU-Net 2.8 has no {quote(in_stock)}, though SCT's has", IN_STOCK
    top = found.module.partition(".")[0]
    if is_in_sct(top) or (reachable and top in beside):
        return "", ()
    where = "is next to this file, where SCT's Python does not look for it"
    text = (
        f"{quote(top)} {where}"
        if top in beside
        else f"an SCT installation has no module {quote(found.module)}"
    )
    return text, (IN_SCT,)


@rule(
    "L023",
    ERROR,
    SCT,
    "SCT's fork calls build_network_architecture with the arguments of nnU-Net 2.3 to 2.6",
    stops=EVERYWHERE,
)
def trainer_class_signature(package: Package) -> Iterator[Problem]:
    """The trainer's `build_network_architecture` suits only one of SCT and nnU-Net, or neither.

    Why: SCT's fork of nnU-Net calls it with the network's class name, its arguments, which of these
    to import, the two numbers of channels and `enable_deep_supervision`. nnU-Net 2.7 and later call
    a trainer's method in the same way, but the method of their own class takes `plans_manager` and
    `configuration_manager` instead, so it can't be called from there. SCT can't call a method that
    takes these two.

    Fix: take the six arguments that SCT's nnU-Net gives, and build the network with
    `get_network_from_plans`, not with the method of nnU-Net's own class.
    """
    from ..nnunet.trainer_source import builder_problem  # noqa: PLC0415 (ast)

    for trainer, source, module in _modules(package):
        found = builder_problem(module, trainer.parts.trainer if trainer.parts else "")
        if found:
            yield found._replace(at=source.path)


def _sources(package: Package) -> Iterator[tuple[TrainerFolder, TrainerClass]]:
    for trainer in package.judged:
        source = trainer.trainer_class
        if source and not (source.unreadable and source.unreadable.reported):
            yield trainer, source


def _modules(
    package: Package, *, version_1: bool = False
) -> Iterator[tuple[TrainerFolder, TrainerClass, ast.Module]]:
    """Yield every trainer that is valid Python and of nnU-Net 2; of nnU-Net 1 if asked for."""
    from ..nnunet.trainer_source import is_version_1, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        module = parse(source.text)
        if source.unreadable or isinstance(module, Problem):
            continue
        if is_version_1(module) is version_1:
            yield trainer, source, module
