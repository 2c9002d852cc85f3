"""What follows from the answers: for the template's files, and for the notes after generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import words
from .checkout import Answers, naming
from .label_list import Label, arranged, read
from .parts import order_warning, values
from .suggestions import images

#: nnU-Net calls a dataset by a number and a name.
_DATASET_ID = 101


@dataclass(frozen=True)
class Facts:
    """What follows from right answers."""

    #: The parts of the name, each with its values.
    parts: dict[str, str]
    dataset_id: int
    #: As nnU-Net composes it of number and name.
    dataset_name: str
    labels: tuple[Label, ...]
    channels: tuple[str, ...]
    #: Whether several images together are one input, which SCT and 3D Slicer give to no model.
    several_channels: bool
    configuration: str
    trainer: str
    #: Of the package: the trainer folder alone (``spec``), or below the dataset's name.
    layout: str
    #: Whether these can run it.
    for_sct: bool
    for_slicer: bool
    #: All that can, in the words of model-lint.
    audience: tuple[str, ...]
    #: The architecture of the name, where nnU-Net has no such network.
    foreign_network: str | None
    #: Whether the model marks points, which the workflow trains and measures as any mask.
    marks_points: bool
    #: Whether BIDS stores such images as PNG or TIFF, which the workflow does not read.
    microscopy: bool


def facts(answers: Answers) -> Facts:
    """Return what follows from right answers."""
    architecture, consumer = answers["architecture"], answers["consumer"]
    channels = tuple(channel.strip() for channel in answers["channels"].split(","))
    several = answers["channels_as"] == "channels" and len(channels) > 1
    foreign = None if architecture in words.NNUNET else architecture
    for_sct = consumer in {"sct", "both"} and not several and not foreign
    for_slicer = consumer in {"slicer", "both"} and not several and not foreign
    return Facts(
        parts={part: ", ".join(values(answers, part)) or "any" for part in naming.FIELDS},
        dataset_id=_DATASET_ID,
        dataset_name=f"Dataset{_DATASET_ID}_{_dataset(answers['repo_name'])}",
        labels=arranged(read(answers["labels"])),
        channels=channels,
        several_channels=several,
        configuration=configuration(answers),
        trainer="nnUNetTrainerCustom" if answers["custom_trainer"] == "yes" else "nnUNetTrainer",
        layout="spec" if consumer == "sct" else "dataset",
        for_sct=for_sct,
        for_slicer=for_slicer,
        audience=(*["sct"] * for_sct, "nnunet", *["slicer"] * for_slicer),
        foreign_network=foreign,
        marks_points=answers["task"] in {"label", "find"},
        microscopy=not words.MICROSCOPY.isdisjoint(images(answers)),
    )


def configuration(answers: Answers) -> str:
    """Return nnU-Net's configuration: the one that was chosen, or that of the architecture."""
    chosen: str = answers["nnunet_configuration"]
    return words.NNUNET.get(answers["architecture"], "2d") if chosen == "auto" else chosen


def notes(answers: Answers) -> list[str]:
    """Return what right answers imply and might surprise, a sentence each."""
    return list(_notes(answers, facts(answers)))


def _notes(answers: Answers, model: Facts) -> Iterator[str]:
    warning = order_warning(answers["repo_name"])
    if warning:
        yield f"repo_name: {warning}."
    if model.several_channels:
        yield (
            f"SCT and 3D Slicer give a model one channel; this one takes {len(model.channels)} and "
            "will run in nnU-Net only."
        )
    if model.foreign_network:
        yield (
            f"nnU-Net has no network {model.foreign_network}, and the workflow trains nnU-Net's: "
            "replace its steps train, predict and pack with your own."
        )
    if model.marks_points:
        yield (
            f"the task {answers['task']} is trained as a segmentation of small regions, and "
            "evaluated by overlap and surface distance, not by distance between points."
        )
    if model.microscopy:
        yield (
            "the workflow reads NIfTI (.nii, .nii.gz) only: convert the PNG or TIFF images of "
            "BIDS microscopy first."
        )


def _dataset(name: str) -> str:
    tokens = name.replace("-", "_").split("_")[1:]
    return "".join(token[:1].upper() + token[1:] for token in tokens)
