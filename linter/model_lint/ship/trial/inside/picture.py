"""Draw slices of images with the outlines of what was segmented."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .images import reorient
from .results import Result

_SLICES = 4
#: More images than these make no picture.
_ROWS = 6
#: Distinct for every kind of colour vision (Okabe and Ito), then repeated.
_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#d55e00", "#cc79a7", "#0072b2")
#: A legend with more names than these covers the picture.
_NAMED = 14
#: What is shown around the segmentation, as a part of its size, and in voxels at least.
_MARGIN, _LEAST = 0.6, 4


def draw(results: Sequence[Result], title: str) -> bytes:
    """Return a picture as PNG: a row for each image, with slices across what was segmented.

    Slices are cut across the axis with the largest voxels (axial, when all sides are equal), and
    cropped around the segmentation. Axial slices are seen from the feet: anterior up, the patient's
    right on the left.
    """
    import matplotlib as mpl  # noqa: PLC0415 - only for a picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415
    from matplotlib.lines import Line2D  # noqa: PLC0415

    shown = results[:_ROWS]
    names = list(dict.fromkeys(name for result in shown for name in result.masks))
    colours = {name: _COLOURS[k % len(_COLOURS)] for k, name in enumerate(names)}
    size = (2.3 * _SLICES, 2.4 * len(shown) + 0.7)
    figure, axes = plt.subplots(
        len(shown), _SLICES, figsize=size, squeeze=False, layout="constrained"
    )
    for row, result in zip(axes, shown, strict=True):
        _draw_row(row, result, colours)
    figure.suptitle(_plain(title), fontsize=9)
    handles = [Line2D([], [], color=c, lw=2, label=_plain(n)) for n, c in colours.items()]
    if any(result.truth for result in shown):
        handles.append(Line2D([], [], color="white", lw=1, ls=(0, (2, 2)), label="reference"))
    if len(handles) <= _NAMED:
        columns = min(len(handles), 6)
        figure.legend(
            handles=handles, loc="outside lower center", ncols=columns, fontsize=8,
            facecolor="#505050", labelcolor="white",
        )  # fmt: skip
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=130)
    plt.close(figure)
    return data.getvalue()


def _plain(text: str) -> str:
    """Return a text that matplotlib does not take for a formula or hide from the legend."""
    return text.replace("$", r"\$").removeprefix("_") or " "


def _draw_row(row: Sequence[Any], result: Result, colours: dict[str, str]) -> None:
    image = result.image
    # RPI: the first index is the patient's right, the second posterior, the third inferior.
    turned, sides = reorient(image.channels[0], image.spacing, image.letters, "RPI")
    axis = 2 if max(sides) < 1.01 * sides[2] else int(np.argmax(sides))
    picture = np.moveaxis(turned, axis, 0)

    def sliced(masks: dict[str, np.ndarray] | None) -> dict[str, np.ndarray]:
        """Return masks as the picture is: slices first."""
        return {
            name: np.moveaxis(reorient(mask > 0, sides, image.letters, "RPI")[0], axis, 0)
            for name, mask in (masks or {}).items()
        }

    masks, truth = sliced(result.masks), sliced(result.truth)
    every = np.logical_or.reduce([*masks.values(), np.zeros(picture.shape, bool)])
    plane = [float(side) for k, side in enumerate(sides) if k != axis]
    box = _crop(every.any(axis=0), plane)
    low, high = np.percentile(picture, (0.5, 99.5))
    chosen = _slices(every)
    for ax, k in zip(row, chosen, strict=False):
        ax.imshow(
            picture[k][box].T, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), origin="lower",
            aspect=plane[1] / plane[0], interpolation="nearest",
        )  # fmt: skip
        for name, mask in masks.items():
            _outline(ax, mask[k][box], colours[name])
        for mask in truth.values():
            _outline(ax, mask[k][box], "white", width=0.9, style=(0, (2, 2)))
        ax.set_title(f"slice {k + 1} of {picture.shape[0]}", fontsize=7, pad=2)
    for ax in row:
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
    name = _plain(image.name)
    row[0].set_ylabel(name if len(name) <= 30 else f"{name[:27]}...", fontsize=8)


def _slices(every: np.ndarray) -> list[int]:
    """Choose slices spread over those with a label; over all, if none has."""
    filled = np.flatnonzero(every.any(axis=(1, 2)))
    candidates = filled if filled.size else np.arange(every.shape[0])
    parts = np.array_split(candidates, min(_SLICES, candidates.size))
    return [int(part[part.size // 2]) for part in parts]


def _crop(filled: np.ndarray, plane: list[float]) -> tuple[slice, slice]:
    """Return a square around what is filled, in millimetres; everything if nothing is."""
    if not filled.any():
        return slice(None), slice(None)
    ends = [np.flatnonzero(filled.any(axis=1 - k))[[0, -1]] for k in range(2)]
    reach = max((b - a + 1) * side for (a, b), side in zip(ends, plane, strict=True)) / 2
    slices = []
    for (a, b), side, length in zip(ends, plane, filled.shape, strict=True):
        half = math.ceil(reach * (1 + _MARGIN) / side) + _LEAST
        middle = (a + b + 1) // 2
        slices.append(slice(max(0, middle - half), min(length, middle + half)))
    return slices[0], slices[1]


def _outline(
    ax: Any, mask: np.ndarray, colour: str, *, width: float = 1.6, style: Any = "solid"
) -> None:
    if not mask.any():
        return
    # Contours of the padded mask close at the border of the picture too.
    padded = np.pad(mask.astype(float), 1)
    steps = [np.arange(-1, n + 1) for n in mask.shape]
    ax.contour(
        *steps, padded.T, levels=[0.5], colors=[colour], linewidths=width, linestyles=[style]
    )
