"""What became of one image, and whether it is as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .images import Image


@dataclass(frozen=True)
class Result:
    """The segmentation of an image."""

    image: Image
    #: x, y, z, as the image.
    labels: np.ndarray
    #: The grid of the segmentation, as it was written.
    affine: np.ndarray
    #: A mask for each file that SCT writes, or for each label.
    masks: dict[str, np.ndarray]
    #: Whether every number that the network returned is finite; None if that was not seen.
    finite: bool | None
    seconds: float
    #: The same of the reference, if there is one.
    truth: dict[str, np.ndarray] | None = None


def declared(dataset: dict[str, Any]) -> set[int]:
    """Return the values that a segmentation can have, background included."""
    values = {0}
    for value in dataset["labels"].values():
        held = value if isinstance(value, list) else [value]
        values.update(int(v) for v in held if v is not None)
    return values


def describe(result: Result, dataset: dict[str, Any]) -> dict[str, Any]:
    """Return what is reported of a result, with what is wrong about it."""
    image = result.image
    return {
        "image": image.name,
        "phantom": image.is_phantom,
        "shape": [int(n) for n in image.channels[0].shape],
        "spacing": [round(float(side), 4) for side in image.spacing],
        "orientation": image.letters,
        "voxels": {name: int(np.count_nonzero(mask)) for name, mask in result.masks.items()},
        "dice": {
            name: _dice(mask, result.truth[name])
            for name, mask in result.masks.items()
            if result.truth is not None
        },
        "seconds": round(result.seconds, 2),
        "problems": list(_problems(result, dataset)),
    }


def _dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """Return the overlap of two masks: 1 if they are equal, 0 if they have nothing in common."""
    total = np.count_nonzero(mask) + np.count_nonzero(truth)
    both = np.count_nonzero((mask > 0) & (truth > 0))
    return round(2 * both / total, 4) if total else 1.0


def _problems(result: Result, dataset: dict[str, Any]) -> list[dict[str, Any]]:
    image, found = result.image, []
    if result.labels.shape != image.channels[0].shape:
        shapes = [tuple(map(int, a.shape)) for a in (result.labels, image.channels[0])]
        found.append({"kind": "shape", "text": f"it has {shapes[0]} voxels, the image {shapes[1]}"})
    elif not np.allclose(result.affine, image.affine, atol=1e-3):
        found.append({"kind": "grid", "text": "it is not where the image is"})
    strange = sorted({int(v) for v in np.unique(result.labels)} - declared(dataset))
    if strange:
        values = ", ".join(map(str, strange[:5]))
        found.append({"kind": "labels", "text": f"it has {values}, which no label has"})
    if result.finite is False:
        found.append({"kind": "finite", "text": "the network's output is not finite"})
    elif not any(mask.any() for mask in result.masks.values()):
        found.append({"kind": "empty", "text": "nothing was segmented"})
    return found
