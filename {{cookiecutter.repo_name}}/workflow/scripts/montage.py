"""Draw slices of the worst cases, the median and the best, with outlines of both segmentations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from figures import COLOURS, STYLE
from read_volume import read_volume
from settings import Settings
from volumes import reorient

WORST = 4
SLICES = 4


class Case(NamedTuple):
    """Files of one case, and the text beside it, which does not identify it."""

    image: Path
    reference: Path
    prediction: Path
    text: str


def draw_montage(settings: Settings, ranked: Mapping[str, float], path: Path) -> Path | None:
    """Draw the worst cases, the median and the best; nothing if no case can be ranked.

    Slices are cut across the axis with the largest voxels (axial, when all sides are equal) and
    cropped around the labels. They are those in which the segmentations differ most. Axial slices
    are seen from the feet: anterior up, the patient's right on the left.

    Args:
        settings: where the images are.
        ranked: a number for each case, in ascending order.
        path: the file to write.
    """
    if not ranked:
        path.unlink(missing_ok=True)
        return None
    chosen = [_case(settings, name, text) for name, text in choose(ranked)]
    colours = {label: COLOURS[k % len(COLOURS)] for k, label in enumerate(settings.labels)}
    with plt.rc_context({**STYLE, "axes.grid": False}):
        size = (2.1 * SLICES, 2.1 * len(chosen) + 0.4)
        figure, axes = plt.subplots(
            len(chosen), SLICES, figsize=size, squeeze=False, layout="constrained"
        )
        for row, case in zip(axes, chosen, strict=True):
            _draw_row(row, case, settings, colours)
        handles = [
            Line2D([], [], color=c, lw=2, label=f"{n}, predicted") for n, c in colours.items()
        ]
        handles.append(Line2D([], [], color="white", lw=1, ls=(0, (2, 2)), label="reference"))
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(handles),
            facecolor="#505050", labelcolor="white",
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)
    return path


def choose(ranked: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Return the names of the cases to draw, each with a text."""
    names = list(ranked)
    middle = (len(names) - 1) // 2
    worst = range(min(WORST, max(1, middle)))
    places = {len(names) - 1: "best", middle: "median"}
    places |= {k: f"{k + 1}. worst" if k else "worst" for k in worst}
    for place, what in sorted(places.items()):
        yield names[place], f"{what}: {ranked[names[place]]:.3f}"


def _case(settings: Settings, name: str, text: str) -> Case:
    raw = settings.raw
    return Case(
        raw / "imagesTs" / f"{name}_0000.nii.gz",
        raw / "labelsTs" / f"{name}.nii.gz",
        settings.work / "predictions" / f"{name}.nii.gz",
        text,
    )


def _draw_row(
    row: Sequence[Axes], case: Case, settings: Settings, colours: Mapping[str, str]
) -> None:
    image, reference, prediction = (
        reorient(read_volume(path), "RPI") for path in (case.image, case.reference, case.prediction)
    )
    sizes = reference.spacing
    axis = 2 if max(sizes) < 1.01 * sizes[2] else int(np.argmax(sizes))
    arrays = [np.moveaxis(volume.array, axis, 0) for volume in (image, reference, prediction)]
    if settings.ignore is not None:
        ignored = arrays[1] == settings.ignore
        arrays[1:] = [np.where(ignored, 0, array) for array in arrays[1:]]
    plane = [size for k, size in enumerate(sizes) if k != axis]
    both: np.ndarray = (arrays[1] > 0) | (arrays[2] > 0)
    box = _crop(np.asarray(both.any(axis=0)), plane)
    vmin, vmax = np.percentile(arrays[0], (0.5, 99.5))
    chosen = _slices(both, arrays[1] != arrays[2])
    for ax, k in zip(row, chosen, strict=False):
        picture, truth, found = (array[k][box] for array in arrays)
        ax.imshow(
            picture.T, cmap="gray", vmin=vmin, vmax=vmax, origin="lower",
            aspect=plane[1] / plane[0], interpolation="nearest",
        )  # fmt: skip
        for name, values in settings.labels.items():
            _outline(ax, np.isin(found, values), colours[name], width=2.0, style="solid")
            _outline(ax, np.isin(truth, values), "white", width=0.9, style=(0, (2, 2)))
        ax.set_title(f"slice {k}", fontsize=7, pad=2)
    for ax in row:
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
    row[0].set_ylabel(case.text, fontsize=8)


def _outline(ax: Axes, mask: np.ndarray, colour: str, *, width: float, style: Any) -> None:
    if not mask.any():
        return
    # Contours of the padded mask close at the border of the picture too.
    padded = np.pad(mask.astype(float), 1)
    steps = [np.arange(-1, n + 1) for n in mask.shape]
    ax.contour(
        *steps, padded.T, levels=[0.5], colors=[colour], linewidths=width, linestyles=[style]
    )


def _slices(filled: np.ndarray, wrong: np.ndarray) -> list[int]:
    """Choose slices along the first axis, spread over those with a label (over all, if none has).

    Of each part of them, the slice with most wrong voxels is chosen; the middle one, if none has.
    """
    errors = wrong.sum(axis=(1, 2))
    has_label = filled.any(axis=(1, 2))
    candidates = np.flatnonzero(has_label) if has_label.any() else np.arange(has_label.size)
    parts = np.array_split(candidates, min(SLICES, candidates.size))
    return [
        int(part[errors[part].argmax()] if errors[part].any() else part[part.size // 2])
        for part in parts
    ]


def _crop(mask: np.ndarray, sizes: Sequence[float]) -> tuple[slice, ...]:
    """Choose a square (in mm) around the mask, with a margin, inside the picture."""
    if not mask.any():
        return tuple(slice(0, n) for n in mask.shape)
    found = [np.flatnonzero(mask.any(axis=1 - k)) for k in range(2)]
    extent = max((f[-1] - f[0] + 1) * size for f, size in zip(found, sizes, strict=True))
    half = [0.75 * extent / size for size in sizes]
    centre = [(f[0] + f[-1]) / 2 for f in found]
    return tuple(
        slice(max(0, round(c - h)), min(n, round(c + h) + 1))
        for c, h, n in zip(centre, half, mask.shape, strict=True)
    )
