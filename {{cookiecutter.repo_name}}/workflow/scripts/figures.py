"""Draw the evaluation: a plot of the metrics, and slices with outlines for visual inspection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nibabel as nib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metrics import Agreement
from orientation import reorient_image

mpl.use("Agg")

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
MONTAGE_CASES = 6
MONTAGE_SLICES = 4
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "savefig.bbox": "tight",
    "savefig.dpi": 150,
}


@dataclass(frozen=True)
class Case:
    """Files of one case for the montage."""

    image: Path
    reference: Path
    prediction: Path
    dice: float
    """Mean over labels; decides which cases are shown."""


def draw_metrics(results: Mapping[str, Sequence[Agreement]], path: Path) -> None:
    """Plot Dice, surface distances and volumes of each label, with a point for every case."""
    colours = _colours(results)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 4, figsize=(11, 2.9), layout="constrained")
        panels = (("Dice", "dice"), ("ASSD (mm)", "assd_mm"), ("HD95 (mm)", "hd95_mm"))
        for ax, (title, field) in zip(axes[:3], panels, strict=True):
            values = {k: [getattr(a, field) for a in v] for k, v in results.items()}
            _points(ax, values, colours)
            ax.set_title(title)
            ax.ticklabel_format(axis="y", style="plain", useOffset=False)
        low = min(a.dice for agreements in results.values() for a in agreements)
        axes[0].set_ylim(max(0.0, min(0.8, low - 0.05)), 1.005)
        for ax in axes[1:3]:
            ax.set_ylim(0, max(1.05 * ax.get_ylim()[1], 0.1))
        _volumes(axes[3], results, colours)
        _save(figure, path)


def _points(ax: Axes, values: Mapping[str, Sequence[float]], colours: Mapping[str, str]) -> None:
    generator = np.random.default_rng(0)
    for position, (label, numbers) in enumerate(values.items()):
        finite = np.array([n for n in numbers if np.isfinite(n)])
        if finite.size:
            ax.boxplot(
                finite,
                positions=[position],
                widths=0.5,
                showfliers=False,
                medianprops={"color": "black"},
                boxprops={"color": "#808080"},
                whiskerprops={"color": "#808080"},
                capprops={"color": "#808080"},
            )
        spread = generator.uniform(-0.14, 0.14, finite.size)
        ax.scatter(
            position + spread, finite, s=16, color=colours[label], alpha=0.85, zorder=3, lw=0
        )
    ax.set_xticks(range(len(values)), list(values))
    ax.set_xlim(-0.6, len(values) - 0.4)
    ax.grid(visible=False, axis="x")


def _volumes(
    ax: Axes, results: Mapping[str, Sequence[Agreement]], colours: Mapping[str, str]
) -> None:
    for label, agreements in results.items():
        reference = [a.reference_mm3 for a in agreements]
        prediction = [a.prediction_mm3 for a in agreements]
        ax.scatter(reference, prediction, s=16, color=colours[label], alpha=0.85, lw=0, label=label)
    top = 1.08 * max(ax.get_xlim()[1], ax.get_ylim()[1])
    ax.plot([0, top], [0, top], color="#808080", lw=0.8, zorder=0)
    ax.set(xlim=(0, top), ylim=(0, top), aspect="equal", title="Volume (mm³)")
    ax.set(xlabel="reference", ylabel="prediction")
    ax.legend(frameon=False, handletextpad=0.1, borderpad=0)


def draw_montage(cases: Iterable[Case], labels: Mapping[str, Sequence[int]], path: Path) -> None:
    """Draw slices of some cases, from the worst to the best, with outlines of both segmentations.

    Slices are cut across the axis with the largest voxels (axial, when all sides are equal) and
    cropped around the labels. Axial slices are seen from the feet: anterior up, the patient's right
    on the left.
    """
    chosen = _spread_out(sorted(cases, key=lambda case: case.dice), MONTAGE_CASES)
    colours = _colours(labels)
    with plt.rc_context({**STYLE, "axes.grid": False}):
        size = (2.1 * MONTAGE_SLICES, 2.1 * len(chosen) + 0.4)
        figure, axes = plt.subplots(
            len(chosen), MONTAGE_SLICES, figsize=size, squeeze=False, layout="constrained"
        )
        for row, case in zip(axes, chosen, strict=True):
            _montage_row(row, case, labels, colours)
        handles = [
            Line2D([], [], color=colours[name], lw=2, label=f"{name}, predicted") for name in labels
        ]
        handles.append(Line2D([], [], color="white", lw=1, ls=(0, (2, 2)), label="reference"))
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=len(handles),
            facecolor="#505050",
            labelcolor="white",
        )
        _save(figure, path)


def _montage_row(
    row: Sequence[Axes], case: Case, labels: Mapping[str, Sequence[int]], colours: Mapping[str, str]
) -> None:
    image, reference, prediction = (
        reorient_image(nib.load(path), "RPI")
        for path in (case.image, case.reference, case.prediction)
    )
    sizes = [float(size) for size in reference.header.get_zooms()]
    axis = 2 if max(sizes) < 1.01 * sizes[2] else int(np.argmax(sizes))
    arrays = [
        np.moveaxis(np.asanyarray(i.dataobj), axis, 0) for i in (image, reference, prediction)
    ]
    plane = [size for k, size in enumerate(sizes) if k != axis]
    both: np.ndarray = (arrays[1] > 0) | (arrays[2] > 0)
    box = _crop(np.asarray(both.any(axis=0)), plane)
    vmin, vmax = np.percentile(arrays[0], (0.5, 99.5))
    for ax, k in zip(row, _slices(np.asarray(both.any(axis=(1, 2)))), strict=True):
        picture, truth, found = (array[k][box] for array in arrays)
        ax.imshow(
            picture.T,
            cmap="gray",
            vmin=vmin,
            vmax=vmax,
            origin="lower",
            aspect=plane[1] / plane[0],
            interpolation="nearest",
        )
        for name, values in labels.items():
            _outline(ax, np.isin(found, values), colours[name], width=2.0, style="solid")
            _outline(ax, np.isin(truth, values), "white", width=0.9, style=(0, (2, 2)))
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"slice {k}", fontsize=7, pad=2)
        for spine in ax.spines.values():
            spine.set_visible(False)
    row[0].set_ylabel(f"mean Dice {case.dice:.3f}", fontsize=8)


def _outline(ax: Axes, mask: np.ndarray, colour: str, *, width: float, style: Any) -> None:
    if not mask.any():
        return
    # Contours of the padded mask close at the border of the picture too.
    padded = np.pad(mask.astype(float), 1)
    steps = [np.arange(-1, n + 1) for n in mask.shape]
    ax.contour(
        *steps, padded.T, levels=[0.5], colors=[colour], linewidths=width, linestyles=[style]
    )


def _slices(filled: np.ndarray) -> list[int]:
    """Choose slices, spread over those with a label (over all, if no slice has one)."""
    candidates = np.flatnonzero(filled) if filled.any() else np.arange(filled.size)
    places = np.linspace(0, candidates.size - 1, MONTAGE_SLICES + 2)[1:-1]
    return [int(candidates[round(place)]) for place in places]


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


def _spread_out(cases: Sequence[Case], number: int) -> list[Case]:
    places = np.linspace(0, len(cases) - 1, min(number, len(cases)))
    return [cases[round(place)] for place in places]


def _colours(labels: Iterable[str]) -> dict[str, str]:
    return {label: COLOURS[k % len(COLOURS)] for k, label in enumerate(labels)}


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
