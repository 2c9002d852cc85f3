"""What SCT does with the image before nnU-Net, and with the prediction after it."""

# The way in which SCT finds letters decides which wrong orientations it takes.
# ruff: noqa: PERF203

from __future__ import annotations

import itertools
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage

#: All orientations.
CODES = [
    "".join(letters)
    for axes in itertools.permutations(("RL", "AP", "IS"))
    for letters in itertools.product(*axes)
]
OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "I": "S", "S": "I"}


def letters_of(image: nib.Nifti1Image) -> str:
    """image.py, orientation_string_nib2sct: nibabel's letters name where an axis goes to."""
    return "".join(OPPOSITE[letter] for letter in nib.aff2axcodes(image.affine))


def reorient(
    data: np.ndarray, spacing: np.ndarray, source: str, wanted: Any
) -> tuple[np.ndarray, np.ndarray, str]:
    """image.py, change_orientation: the new data, spacing and letters (in SCT's "from" sense)."""
    order, steps = [0, 1, 2], [1, 1, 1]
    for i, letter in enumerate(source):
        try:
            order[i] = wanted.index(letter)
        except ValueError:
            order[i] = wanted.index(OPPOSITE[letter])
            steps[i] = -1
    if sorted(order) != [0, 1, 2]:
        raise NotImplementedError
    axes = np.argsort(order)
    letters = [OPPOSITE[c] if s < 0 else c for c, s in zip(source, steps, strict=True)]
    flipped = data[:: steps[0], :: steps[1], :: steps[2]]
    return flipped.transpose(axes), spacing[axes], "".join(letters[a] for a in axes)


def split_labels(result: np.ndarray, all_labels: dict[str, Any]) -> dict[str, np.ndarray]:
    """inference.py: one mask for each label, but for rootlets and for the cord alone."""
    labels = {name: value for name, value in all_labels.items() if name != "background"}
    if "canal_seg" in labels:
        result = largest_object(result)
    if all(name == f"lvl{i}" for i, name in enumerate(labels, start=1)):
        return {"_rootlets": result}
    if sorted(labels) == ["sc"]:
        return {"_seg": result}
    masks = {}
    for name, value in labels.items():
        values = value if isinstance(value, list) else [value]
        masks[f"_{name}_seg"] = np.logical_or.reduce([result == int(v) for v in values])
    return masks


def largest_object(data: np.ndarray) -> np.ndarray:
    """Keep the largest connected object (26 neighbours)."""
    objects, count = ndimage.label(data, structure=np.ones((3, 3, 3)))
    if count <= 1:
        return data
    sizes = np.bincount(objects.ravel())[1:]
    return np.where(objects == sizes.argmax() + 1, data, 0)
