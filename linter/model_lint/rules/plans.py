"""Rules about ``plans.json`` and ``dataset_fingerprint.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..models.trainer_folder import TrainerFolder
from ..nnunet.networks import OLD_KEYS
from ..nnunet.plans import resolve
from ..nnunet.plans_code import foreign_names
from ..nnunet.plans_problems import Use, plans_problems
from ..nnunet.training_copies import same_value
from ..wording import quote
from . import ERROR, EVERYWHERE, IN_SCT, IN_SLICER, INFO, NNUNET, SCT, WARNING, rule
from .shared import json_problems, shown, unreadable


def _plans(package: Package) -> Iterator[tuple[TrainerFolder, JsonFile, str, dict[str, Any] | str]]:
    """Yield every readable plans.json, with the loaded configuration: its name and its content.

    The content is a message if the configuration can't be resolved.
    """
    for trainer in package.trainers:
        name = trainer.configuration
        if name is None or trainer.plans is None:
            continue
        if isinstance(trainer.plans.object.get("configurations"), dict):
            yield trainer, trainer.plans, name, resolve(trainer.plans.object, name)


@rule(
    "P001",
    ERROR,
    NNUNET,
    "nnU-Net reads plans.json with json.load and looks up `configurations` in it",
    stops=EVERYWHERE,
)
def plans_invalid(package: Package) -> Iterator[Problem]:
    """`plans.json` is not JSON, or is not nnU-Net's plans.

    Why: nnU-Net and SCT read it before anything else and stop with an error.

    Fix: copy `plans.json` again from nnU-Net's results folder.
    """
    for trainer in package.trainers:
        plans = trainer.plans
        if plans is None:
            continue
        yield from json_problems(plans)
        is_object = isinstance(plans.value, dict)
        if is_object and not isinstance(plans.object.get("configurations"), dict):
            yield Problem("`configurations` is missing or not an object", plans.path)


@rule(
    "P002",
    ERROR,
    NNUNET,
    "PlansManager.get_configuration raises if the configuration is not in the plans",
    stops=EVERYWHERE,
)
def configuration_missing(package: Package) -> Iterator[Problem]:
    """The configuration that the model was trained with is not in `plans.json`.

    Why: nnU-Net and SCT look it up by the name in the checkpoint, follow `inherits_from`, and stop
    with an error if a name is missing or inherits from itself.

    Fix: take the `plans.json` that is next to the folds in nnU-Net's results folder.
    """
    for _, plans, _, configuration in _plans(package):
        if isinstance(configuration, str):
            yield Problem(configuration, plans.path, plans.line("configurations"))


@rule(
    "P003",
    WARNING,
    NNUNET,
    "nnU-Net names the folder TRAINER__PLANS__CONFIGURATION after `plans_name`",
)
def plans_name_differs(package: Package) -> Iterator[Problem]:
    """The plans' name in `plans.json` is not the one in the trainer folder's name.

    Why: prediction does not read `plans_name`, so the model runs. But the folder was renamed or the
    file comes from another training, and `nnUNetv2_predict -p` takes the name from the folder's.

    Fix: give the folder back the name that nnU-Net gave it, or take that training's `plans.json`.
    """
    for trainer in package.trainers:
        if trainer.parts is None or trainer.plans is None:
            continue
        name = trainer.plans.object.get("plans_name")
        if isinstance(name, str) and name != trainer.parts.plans:
            expected = quote(trainer.parts.plans)
            message = f"`plans_name` is {quote(name)}, but the folder's name says {expected}"
            yield Problem(message, trainer.plans.path, trainer.plans.line("plans_name"))


@rule(
    "P004",
    WARNING,
    NNUNET,
    "nnU-Net 2.3.1 and later warn of the old plans format and convert it when they load it",
)
def plans_old_format(package: Package) -> Iterator[Problem]:
    """The plans were written before nnU-Net 2.3.1 and describe the network in the old way.

    Why: nnU-Net still converts them each time it loads the model, but announces that it may stop
    doing so.

    Fix: nothing to do today; train the next release of the model with a current nnU-Net.
    """
    for _, plans, name, configuration in _plans(package):
        if isinstance(configuration, str) or "architecture" in configuration:
            continue
        if all(key in configuration for key in OLD_KEYS):
            message = f"{quote(name)} has `UNet_class_name` in place of `architecture`"
            yield Problem(message, plans.path, plans.line("configurations", name))


@rule(
    "P005",
    ERROR,
    SCT,
    "SCT calls predict_single_npy_array and never passes a previous stage",
    stops=(IN_SCT, IN_SLICER),
)
def cascade(package: Package) -> Iterator[Problem]:
    """The configuration is the second stage of a cascade.

    Why: it needs the first stage's segmentation as input, which SCT and 3D Slicer never pass, so it
    can't run there. In nnU-Net it runs with `nnUNetv2_predict -prev_stage_predictions`.

    Fix: release a model of a single stage (`2d`, `3d_fullres` or `3d_lowres`), or declare that the
    package is for nnU-Net alone: `for = ["nnunet"]` in the configuration, or `--for nnunet`.
    """
    for _, plans, name, configuration in _plans(package):
        if not isinstance(configuration, str) and configuration.get("previous_stage"):
            message = f"{quote(name)} needs the output of {quote(configuration['previous_stage'])}"
            yield Problem(message, plans.path, plans.line("configurations", name))


@rule(
    "P006",
    WARNING,
    NNUNET,
    "nnU-Net copies the fingerprint's intensities into plans.json when it plans",
    also=(INFO,),
)
def fingerprint_invalid(package: Package) -> Iterator[Problem]:
    """`dataset_fingerprint.json` is damaged, or belongs to another training.

    Why: prediction does not read it, but further training from this model does. Plans that were
    moved here from another data set (`nnUNetv2_move_plans_between_datasets`) keep the intensities
    of that data set, so a difference alone is an info.

    Fix: copy `dataset_fingerprint.json` again from nnU-Net's results folder.
    """
    key = "foreground_intensity_properties_per_channel"
    for trainer in package.trainers:
        fingerprint = trainer.fingerprint
        if fingerprint is None:
            continue
        content = fingerprint.object
        lengths = [content.get("spacings"), content.get("shapes_after_crop")]
        plans = trainer.plans.object if trainer.plans else {}
        if fingerprint.unreadable:
            yield from unreadable(fingerprint)
        elif not all(isinstance(x, list) for x in lengths) or key not in content:
            yield Problem("not a fingerprint as nnU-Net writes it", fingerprint.path)
        elif len({len(x) for x in lengths if isinstance(x, list)}) > 1:
            message = "`spacings` and `shapes_after_crop` count different numbers of images"
            yield Problem(message, fingerprint.path, fingerprint.line("spacings"))
        elif key in plans and not same_value(plans[key], content[key]):
            message = f"`{key}` differs from that in plans.json"
            yield Problem(message, fingerprint.path, fingerprint.line(key), severity=INFO)


@rule(
    "P007",
    ERROR,
    NNUNET,
    "DefaultPreprocessor, PlansManager and get_network_from_plans read these keys",
    stops=EVERYWHERE,
)
def plans_incomplete(package: Package) -> Iterator[Problem]:
    """Something that prediction reads is missing from `plans.json`, or is inconsistent.

    Why: nnU-Net does not check the plans when it loads a model. Most of these defects crash only
    when the first image is segmented, and some silently give a wrong output.

    Fix: `plans.json` is not meant to be edited: take it from the results folder of the training,
    and `dataset.json` with it.
    """
    for trainer, plans, name, configuration in _plans(package):
        if isinstance(configuration, str):
            continue
        use = Use(name, trainer.channels, own_network=trainer.builds_network)
        found = plans_problems(plans.object, configuration, use)
        yield from shown(
            map(plans.located, found), ERROR, "problem with the plans", "problems with the plans"
        )


@rule(
    "P008",
    ERROR,
    NNUNET,
    "nnU-Net imports the names of `arch_kwargs` by pydoc.locate and calls what it finds",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def plans_code(package: Package) -> Iterator[Problem]:
    """`plans.json` names code that is not part of a network.

    Why: when they load the model, nnU-Net and SCT import the classes that the plans name, without
    any check, and call them with arguments from the same file: `"nonlin": "os.system"` runs a
    command. nnU-Net writes only classes of `torch.nn` and of `dynamic_network_architectures`. A
    model whose own `trainer_class.py` builds the network is not checked: it may name parts of that
    trainer.

    Fix: don't load this model; get the `plans.json` of the training from a source that you trust.
    """
    for trainer, plans, name, configuration in _plans(package):
        if isinstance(configuration, str) or trainer.brings_network:
            continue
        yield from map(plans.located, foreign_names(name, configuration))
