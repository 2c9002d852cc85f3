"""Images in memory, their orientation, and the phantom.

Arrays are x, y, z, as nibabel has them; letters are SCT's, which name the side where an axis comes
*from*: ``RPI`` is nibabel's ``LAS``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

_AXES = ("RL", "AP", "IS")
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "I": "S", "S": "I"}


class Unusable(Exception):  # noqa: N818 - an answer
    """An image that can't be used; the message is a line for the user."""


@contextmanager
def reading(path: str | Path, library: str) -> Iterator[None]:
    """Turn what a library says of a file into one line. Raises Unusable and MemoryError."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if "Failed to allocate memory" in str(error):
            raise MemoryError from error
        # SimpleITK's messages begin with places in its own source, nibabel's do not.
        text = str(error).replace(str(path), Path(path).name).rpartition("ERROR: ")[2]
        reason = " ".join(text.split()) or type(error).__name__
        raise Unusable(f"{path}: {library} can't read it as an image: {reason}") from error


@dataclass(frozen=True)
class Image:
    """An image of one or several channels, on one grid."""

    name: str
    #: One array, x, y, z, for each channel.
    channels: tuple[np.ndarray, ...]
    #: From voxels to millimetres, in nibabel's sense: to the right, anterior, superior.
    affine: np.ndarray
    is_phantom: bool = False
    #: What should be segmented, on the same grid; None if that is not known.
    reference: np.ndarray | None = None

    @property
    def spacing(self) -> np.ndarray:
        """The sides of a voxel in millimetres."""
        sides: np.ndarray = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return sides

    @property
    def letters(self) -> str:
        """Its orientation."""
        return letters_of(self.affine)


def require_usable(image: Image) -> Image:
    """Return an image. Raises Unusable for NaN or infinity, and for voxels without a size."""
    if not all(np.isfinite(channel).all() for channel in image.channels):
        raise Unusable(f"{image.name}: contains NaN or infinite values")
    if not np.isfinite(image.affine).all() or not image.spacing.all():
        raise Unusable(f"{image.name}: its header gives the voxels no size")
    return image


def with_reference(image: Image, reference: Image) -> Image:
    """Return an image with what should be segmented. Raises Unusable for another grid."""
    labels = reference.channels[0]
    same = labels.shape == image.channels[0].shape
    if not same or not np.allclose(reference.affine, image.affine, atol=1e-3):
        raise Unusable(f"{reference.name}: not on the grid of {image.name}")
    return replace(image, reference=np.rint(labels).astype(int))


def letters_of(affine: np.ndarray) -> str:
    """Return the orientation of a grid, in SCT's letters: those of the nearest axes."""
    directions = np.array(affine[:3, :3], dtype=float)
    found = ["", "", ""]
    for _ in range(3):
        world, axis = np.unravel_index(np.abs(directions).argmax(), (3, 3))
        # To the right is from the left.
        side = ("LR", "PA", "IS")[world]
        found[axis] = side[0] if affine[world, axis] >= 0 else side[1]
        directions[world], directions[:, axis] = -np.inf, -np.inf
        directions = np.where(np.isinf(directions), 0, directions)
        if not directions.any():
            break
    left = [pair for pair in _AXES if not set(pair) & set(found)]
    return "".join(letter or left.pop(0)[0] for letter in found)


def reorient(data: np.ndarray, spacing: np.ndarray, source: str, wanted: Any) -> tuple[Any, Any]:
    """Turn an array from one orientation to another, as SCT does; return it and its spacing.

    ``wanted`` is what ``dataset.json`` says, whatever that is: what stops SCT stops here.
    """
    order, steps = [0, 1, 2], [1, 1, 1]
    for i, letter in enumerate(source):
        try:
            order[i] = wanted.index(letter)
        except ValueError:  # noqa: PERF203 - three letters
            order[i] = wanted.index(_OPPOSITE[letter])
            steps[i] = -1
    if sorted(order) != [0, 1, 2]:
        raise NotImplementedError("two letters of the orientation are of one axis")
    axes = np.argsort(order)
    flipped = data[:: steps[0], :: steps[1], :: steps[2]]
    return flipped.transpose(axes), spacing[axes]


def affine_of(letters: str, spacing: Any) -> np.ndarray:
    """Return the affine of a grid with an orientation, in nibabel's sense."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, letter in enumerate(letters):
        world = next(i for i, pair in enumerate(_AXES) if letter in pair)
        sign = 1 if letter in "LPI" else -1
        affine[world, axis] = sign * spacing[axis]
    return affine


def phantom(spec: dict[str, Any], letters: str) -> Image:
    """Draw a cord with grey matter in it, in noise.

    Args:
        spec: ``shape`` in voxels and ``spacing`` in millimetres, both along the axes of the model's
            ``orientation``; ``channels``, each with the ``mean`` and ``std`` of what was segmented.
        letters: the orientation of the image that is made.
    """
    own, shape = spec["orientation"], spec["shape"]
    spacing = np.array(spec["spacing"], dtype=float)
    x, y, z = (next(i for i, c in enumerate(own) if c in pair) for pair in _AXES)
    axes = (np.arange(n) - (n - 1) / 2 for n in shape)
    places = np.meshgrid(*axes, indexing="ij", sparse=True)
    mm = [place * side for place, side in zip(places, spacing, strict=True)]
    extent = min(shape[x] * spacing[x], shape[y] * spacing[y])
    radius = min(0.18 * extent, 8.0)
    # It leans, so that no slice is like another and every flip shows.
    lean = mm[z] / max(shape[z] * spacing[z], 1e-6) * radius
    dx, dy = (mm[x] - 0.3 * lean) / radius, (mm[y] + 0.4 * lean) / radius
    cord = dx**2 + (1.2 * dy) ** 2 <= 1
    horns = ((np.abs(dx) - 0.3) / 0.18) ** 2 + ((dy - 0.05) / 0.45) ** 2 <= 1
    grey = cord & (horns | ((np.abs(dx) <= 0.35) & (np.abs(dy) <= 0.12)))
    noise = np.random.default_rng(0)
    channels = []
    for channel in spec["channels"]:
        mean, std = channel["mean"], channel["std"]
        drawn = mean - 2.4 * std + 1.9 * std * cord + 1.6 * std * grey
        drawn = drawn + noise.normal(0, 0.3 * std, cord.shape)
        turned, sides = reorient(drawn.astype(np.float32), spacing, own, letters)
        channels.append(np.ascontiguousarray(turned))
    return Image("phantom", tuple(channels), affine_of(letters, sides), is_phantom=True)
