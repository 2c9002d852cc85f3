"""Rules about a custom trainer: ``trainer_class.py``, which SCT executes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem, Severity
from ..models.package import Package
from ..models.trainer_folder import Source, TrainerFolder
from ..nnunet.trainers import SCT_TRAINERS, TRAINERS
from ..wording import quote
from . import ERROR, INFO, SCT, SPEC, WARNING, rule
from .shared import how_to_place

if TYPE_CHECKING:
    import ast

    from ..nnunet.trainer_needs import Import
    from ..nnunet.trainer_source import Flaw


@rule(
    "L016",
    ERROR,
    SPEC,
    "The `trainer_class.py` file is only necessary if you have used a custom trainer",
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
        name, place = trainer.parts.trainer, trainer.at("trainer_class.py")
        who = "SCT's nnU-Net" if name in TRAINERS else "nnU-Net"
        text = f"{who} ships no trainer {quote(name)}"
        path = package.misplaced.get(place)
        if path:
            text += f"; {quote(path.rpartition('/')[2])} seems to be meant"
        yield Problem(text, trainer.path, help=how_to_place(path, place) if path else None)


@rule(
    "L017",
    INFO,
    SPEC,
    "The `trainer_class.py` file is only necessary if you have used a custom trainer",
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
    ERROR,
    SCT,
    "SCT runs trainer_class.py and calls get_trainer_class() (deepseg/nnunet.py)",
    also=(WARNING,),
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
    from ..nnunet.trainer_source import Flaw, classes, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        if source.error:
            yield Problem(f"it can't be read: {source.error}", source.path)
            continue
        module = parse(source.text)
        if isinstance(module, Flaw):
            yield Problem(module.message, source.path, module.line)
            continue
        wanted = trainer.parts.trainer if trainer.parts else ""
        flaw, severity = _source_flaw(module, wanted)
        if flaw:
            yield Problem(flaw.message, source.path, flaw.line, severity=severity)
        elif wanted and wanted not in TRAINERS and wanted not in classes(module):
            text = f"no class {quote(wanted)} in it: `nnUNet_extTrainer` looks for that name"
            yield Problem(text, source.path, severity=WARNING)
        yield from _relative_imports(module, source.path)


def _source_flaw(module: ast.Module, trainer: str) -> tuple[Flaw | None, Severity | None]:
    """Return the first flaw, and another severity than the rule's."""
    from ..nnunet.trainer_source import class_flaw, factory_flaw, lacks_factory, loading_flaw  # noqa: PLC0415

    flaw = loading_flaw(module) or factory_flaw(module) or class_flaw(module)
    # SCT then takes nnU-Net's own trainer, which is right where nnU-Net ships it.
    harmless = trainer in SCT_TRAINERS and not loading_flaw(module) and lacks_factory(module)
    return flaw, WARNING if harmless else None


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
    WARNING,
    SCT,
    "SCT runs trainer_class.py in its own environment, and with nothing beside it",
    also=(ERROR,),
)
def trainer_class_imports(package: Package) -> Iterator[Problem]:
    """`trainer_class.py` imports, or reads from the environment, what an SCT installation lacks.

    Why: it fails on every user's machine, though only the training needs it. A module that users
    may have by chance is a warning; an error is one that can't be there: a file beside
    `trainer_class.py`, where Python does not look, or a module that SCT's nnU-Net (2.6.2) lacks.

    Fix: import it inside the method that needs it, or put the import into `try` with
    `except ImportError`. Code of your own has to be in `trainer_class.py` itself. Read variables
    with `os.environ.get`.
    """
    from ..nnunet.trainer_needs import imports, searches_elsewhere, variables  # noqa: PLC0415 (ast)
    from ..nnunet.trainer_source import Flaw, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        module = parse(source.text)
        if source.error or isinstance(module, Flaw):
            continue
        beside = {name.removesuffix(".py") for name in package.tree.folders[trainer.path]}
        elsewhere = searches_elsewhere(module)
        told: set[str] = set()
        for found in imports(module):
            if found.level or found.module in told:
                continue
            told.add(found.module)
            reachable = elsewhere is not None and elsewhere < found.line
            text, severity = _import_flaw(found, beside, reachable=reachable)
            if text:
                yield Problem(text, source.path, found.line, severity=severity)
        for name, line in variables(module):
            text = f"it needs the environment variable {quote(name)}, which users have not set"
            yield Problem(text, source.path, line)


def _import_flaw(
    found: Import, beside: set[str], *, reachable: bool
) -> tuple[str, Severity | None]:
    """Say why an import fails in SCT, and how sure that is; "" where it does not."""
    # For the few packages with a custom trainer.
    from ..nnunet.sct_modules import is_in_sct, missing_in_nnunet  # noqa: PLC0415

    sure = ERROR if found.certain else None
    lacking = missing_in_nnunet(found.module, found.names)
    if lacking:
        return f"SCT's nnU-Net has no module {quote(lacking)}", sure
    top = found.module.partition(".")[0]
    if is_in_sct(top) or (reachable and top in beside):
        return "", None
    if top in beside:
        return f"{quote(top)} is beside this file, where SCT's Python does not look for it", sure
    return f"an SCT installation has no module {quote(found.module)}", None


@rule(
    "L023",
    WARNING,
    SCT,
    "SCT's fork calls build_network_architecture with the arguments of nnU-Net 2.3 to 2.6",
    also=(ERROR,),
)
def trainer_class_signature(package: Package) -> Iterator[Problem]:
    """The trainer's `build_network_architecture` suits only one of SCT and nnU-Net.

    Why: SCT's fork of nnU-Net calls it with the network's class name, its arguments, which of these
    to import, the two numbers of channels and `enable_deep_supervision`; nnU-Net 2.7 and later also
    take a method with `plans_manager` and `configuration_manager` instead, which SCT can't call.

    Fix: use the older signature, which both call.
    """
    from ..nnunet.trainer_source import Flaw, builder_flaw, parse  # noqa: PLC0415 (ast)

    for trainer, source in _sources(package):
        module = parse(source.text)
        if source.error or isinstance(module, Flaw):
            continue
        found = builder_flaw(module, trainer.parts.trainer if trainer.parts else "")
        if found:
            flaw, sct_fails = found
            severity = ERROR if sct_fails else None
            yield Problem(flaw.message, source.path, flaw.line, severity=severity)


def _sources(package: Package) -> Iterator[tuple[TrainerFolder, Source]]:
    for trainer in package.judged:
        source = trainer.trainer_class
        if source and not source.reported:
            yield trainer, source
