"""What follows from the answers: facts for the template's files, notes after generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .answers import Answers, naming
from .label_list import Label, arranged, read
from .name import order_warning, values
from .suggestions import images

#: nnU-Net's configuration for each architecture that nnU-Net has.
CONFIGURATIONS = {"unet2d": "2d", "unet3d": "3d_fullres"}
#: nnU-Net names a dataset by a number and a name.
_DATASET_ID = 101
#: Words in the names of labels whose connected parts are counted.
_LESIONS = (
    "lesion",
    "tumor",
    "tumour",
    "metastas",
    "plaque",
    "cavity",
    "haemorrhage",
    "hemorrhage",
)
#: Contrasts whose images BIDS stores as PNG or TIFF, in ``micr/``.
_MICROSCOPY = frozenset(
    {"sem", "tem", "em", "oi", "bf", "cars", "srs", "shg", "confocal", "fluo", "oct", "he", "lfb"}
)


@dataclass(frozen=True)
class Facts:
    """What follows from valid answers."""

    #: The parts of the name, each with its values.
    parts: dict[str, str]
    dataset_id: int
    #: nnU-Net's name of the dataset, with number and name.
    dataset_name: str
    labels: tuple[Label, ...]
    #: Labels that the evaluation counts: ``lesions`` or ``points``.
    kinds: dict[str, str]
    channels: tuple[str, ...]
    #: Whether several images together are one input, which SCT and 3D Slicer can't give.
    several_channels: bool
    configuration: str
    trainer: str
    #: Of the package: ``spec`` is the trainer folder alone, ``dataset`` puts it in the dataset's.
    layout: str
    #: Whether the package is for these consumers, and they can run it.
    for_sct: bool
    for_slicer: bool
    #: All consumers of the package, as model-lint names them.
    audience: tuple[str, ...]
    #: The architecture of the name, if nnU-Net does not have it.
    foreign_network: str | None
    #: Whether the model marks points, which the workflow trains as any mask.
    marks_points: bool
    #: Whether BIDS stores the images as PNG or TIFF, which the workflow converts.
    microscopy: bool


def facts(answers: Answers) -> Facts:
    """Return what follows from valid answers."""
    architecture, consumer = answers["architecture"], answers["consumer"]
    suffixes = channels(answers)
    labels = arranged(read(answers["labels"]))
    several = answers["channels_as"] == "channels" and len(suffixes) > 1
    foreign = None if architecture in CONFIGURATIONS else architecture
    for_sct = consumer in {"sct", "both"} and not several and not foreign
    for_slicer = consumer in {"slicer", "both"} and not several and not foreign
    return Facts(
        parts={part: ", ".join(values(answers, part)) or "any" for part in naming.FIELDS},
        dataset_id=_DATASET_ID,
        dataset_name=f"Dataset{_DATASET_ID}_{_dataset(answers['repo_name'])}",
        labels=labels,
        kinds=_kinds([x.name for x in labels if x.name != "ignore"], answers["task"]),
        channels=suffixes,
        several_channels=several,
        configuration=_configuration(answers),
        trainer="nnUNetTrainerCustom" if answers["custom_trainer"] == "yes" else "nnUNetTrainer",
        layout="spec" if consumer == "sct" else "dataset",
        for_sct=for_sct,
        for_slicer=for_slicer,
        audience=(*["sct"] * for_sct, "nnunet", *["slicer"] * for_slicer),
        foreign_network=foreign,
        marks_points=answers["task"] in {"label", "find"},
        microscopy=not _MICROSCOPY.isdisjoint(images(answers)),
    )


def channels(answers: Answers) -> tuple[str, ...]:
    """Return the ends of the names of the images to train with."""
    return tuple(channel.strip() for channel in answers["channels"].split(","))


def notes(answers: Answers) -> list[str]:
    """Return sentences on consequences of valid answers that may be unexpected."""
    return list(_notes(answers, facts(answers)))


def _notes(answers: Answers, model: Facts) -> Iterator[str]:
    warning = order_warning(answers["repo_name"])
    if warning:
        yield f"repo_name: {warning}."
    if model.several_channels:
        yield (
            f"SCT and 3D Slicer give a model one channel; this one takes {len(model.channels)} and "
            "runs in nnU-Net only."
        )
    if model.foreign_network:
        yield (
            f"nnU-Net has no network {model.foreign_network}: the workflow stops after the "
            "conversion until you replace its steps plan_preprocess, train, predict and pack."
        )
    if model.marks_points:
        yield (
            f"the task {answers['task']} is trained as a segmentation of small regions; each is "
            "evaluated as a point, its centre of mass."
        )
    if model.microscopy:
        yield (
            "PNG and TIFF images of BIDS microscopy become NIfTI slices, with the pixel size of "
            "their JSON files, and the model reads NIfTI."
        )


def _kinds(labels: list[str], task: str) -> dict[str, str]:
    if task in {"label", "find"}:
        return dict.fromkeys(labels, "points")
    counted = [x for x in labels if any(word in x.lower() for word in _LESIONS)]
    return dict.fromkeys(counted, "lesions")


def _configuration(answers: Answers) -> str:
    chosen: str = answers["nnunet_configuration"]
    return CONFIGURATIONS.get(answers["architecture"], "2d") if chosen == "auto" else chosen


def _dataset(name: str) -> str:
    tokens = name.replace("-", "_").split("_")[1:]
    return "".join(token[:1].upper() + token[1:] for token in tokens)
