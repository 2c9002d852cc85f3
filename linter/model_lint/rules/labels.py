"""Rules about the labels of ``dataset.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..nnunet.labels import BACKGROUND, is_inverted, label_problems, outputs
from ..wording import listing, quote
from . import ERROR, EVERYWHERE, INFO, NNUNET, SCT, WARNING, rule
from .dataset import datasets
from .shared import shown


@rule(
    "D006",
    ERROR,
    NNUNET,
    "nnU-Net's LabelManager numbers its output 0, 1, ...; SCT looks for the labels' values",
    also=(WARNING,),
    stops=EVERYWHERE,
)
def labels_invalid(package: Package) -> Iterator[Problem]:
    """The labels do not describe the network's output.

    Why: nnU-Net stops at some of these defects. At the others it silently writes values that SCT
    does not look for: the masks are empty, swapped or merged. Regions are painted in the order of
    `labels`, each with its value of `regions_class_order`, so that a later one covers an earlier
    one.

    Fix: `background` is 0, the others are 1, 2, 3, ... without gaps; regions are lists of these,
    larger ones first, and need a `regions_class_order` with one value for each; `ignore` is the
    highest value plus one.
    """
    for _, file in datasets(package, old=True):
        found = label_problems(file.object, planned=package.lone_dataset)
        yield from shown(
            map(file.located, found), ERROR, "problem with the labels", "problems with the labels"
        )


@rule("D008", WARNING, SCT, "SCT: target = f'_{label}_seg' (deepseg/inference.py)")
def label_suffix(package: Package) -> Iterator[Problem]:
    """A label ends in `_seg`, which SCT appends anyway.

    Why: SCT names its output after the label: `canal_seg` becomes `_canal_seg_seg`.

    Fix: remove `_seg` from the label.
    """
    for _, file in datasets(package):
        for name in _labels(file):
            if name != BACKGROUND and (name.lower() == "seg" or name.lower().endswith("_seg")):
                text = f"the label {quote(name)} gives files that end in {quote(f'_{name}_seg')}"
                yield Problem(text, file.path, file.line("labels", name))


@rule("D010", INFO, SCT, "SCT's sct_deepseg -qc shows one or two outputs")
def sct_many_labels(package: Package) -> Iterator[Problem]:
    """SCT writes more than two files for this model.

    Why: `sct_deepseg -qc` takes models of one or two labels; without `-qc` any number works.

    Fix: nothing to fix; say in the README that `-qc` does not work.
    """
    for _, file in datasets(package):
        suffixes = outputs(_labels(file))
        if len(suffixes) > 2:
            text = f"SCT writes {len(suffixes)} files ({listing(suffixes)}), too many for `-qc`"
            yield Problem(text, file.path, file.line("labels"))


def _labels(file: JsonFile) -> dict[str, Any]:
    labels = file.object.get("labels")
    return labels if isinstance(labels, dict) and not is_inverted(labels) else {}
