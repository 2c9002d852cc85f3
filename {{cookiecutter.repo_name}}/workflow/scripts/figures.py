"""Draw the numbers of the evaluation: by label, by group, and against other models or raters.

The figures are vector graphics, but for clouds of many points. Colours are those of Okabe and Ito,
which colour-blind readers can distinguish; each label also has its own marker.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from columns import DICE, F1, Column, columns_of, labels_of, short_columns_of
from estimates import Estimate, difference, estimate, subject_values
from results import Result
from settings import Settings

mpl.use("Agg")

COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
MARKERS = "osD^vPX"
COLUMNS = 3
"""Of panels: a wider figure is too small to read in a README."""
MANY = 300
"""Of points: more become pixels, the rest of the figure does not; a README can't show megabytes."""
SHARES_OF_ONE = {"dice", "surface_dice", "f1"}
STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "savefig.bbox": "tight",
    "savefig.dpi": 150,
    "svg.hashsalt": "evaluation",  # the same results give the same file
}


def draw_metrics(settings: Settings, results: Sequence[Result], path: Path) -> Path:
    """Plot each number by label, with a point for every subject, and the volumes."""
    shown = {c.name: c for label in settings.labels for c in columns_of(settings, label)}
    panels = [
        column
        for name, column in shown.items()
        if name in {"dice", "surface_dice", "assd_mm", "hd95_mm", "f1", "distance_mm"}
    ]
    volumes = labels_of(settings, ("structure", "lesions"))
    with plt.rc_context(STYLE):
        figure, axes = _grid(len(panels) + bool(volumes))
        for ax, column in zip(axes, panels, strict=False):
            names = [n for n in settings.labels if column in columns_of(settings, n)]
            here = {n: [r for r in results if r.label == n] for n in names}
            _strip(ax, {n: _points(here[n], column) for n in names}, _looks(settings))
            ax.set_title(column.title)
            _limit(ax, column)
        if volumes:
            _bland_altman(axes[len(panels)], results, volumes, _looks(settings))
        return _save(figure, path)


def draw_groups(settings: Settings, results: Sequence[Result], path: Path) -> Path | None:
    """Plot the main number of each label by group; nothing if there are no groups."""
    names = list(results[0].groups) if results else []
    if not names:
        path.unlink(missing_ok=True)
        return None
    looks = _looks(settings)
    with plt.rc_context(STYLE):
        figure, axes = _grid(len(names))
        for ax, name in zip(axes, names, strict=True):
            values = sorted({r.groups[name] for r in results} - {""})
            for number, label in enumerate(settings.labels):
                shift = (number - (len(looks) - 1) / 2) * 0.6 / len(looks)
                column = short_columns_of(settings, label)[0]
                for place, value in enumerate(values):
                    own = [r for r in results if (r.label, r.groups[name]) == (label, value)]
                    points = _points(own, column)
                    _dots(ax, place + shift, points, looks[label], label if place == 0 else None)
            ax.set_xticks(range(len(values)), values)
            ax.set_xlim(-0.6, len(values) - 0.4)
            ax.set_title(name)
            ax.grid(visible=False, axis="x")
        axes[0].set_ylabel(_main_titles(settings))
        return _save(figure, path)


def draw_differences(
    settings: Settings,
    results: Sequence[Result],
    others: Mapping[str, Sequence[Result]],
    path: Path,
) -> Path | None:
    """Plot how other models or raters differ from the model; nothing if there are none."""
    if not others:
        path.unlink(missing_ok=True)
        return None
    looks = _looks(settings)
    with plt.rc_context(STYLE):
        figure, axes = _grid(len(others))
        for ax, (name, theirs) in zip(axes, others.items(), strict=True):
            points = {}
            for label in settings.labels:
                column = short_columns_of(settings, label)[0]
                ours = [r for r in results if r.label == label]
                rival = [r for r in theirs if r.label == label]
                mine, other = (subject_values(part, column.name) for part in (ours, rival))
                gaps = {s: other[s] - mine[s] for s in mine if s in other}
                points[label] = (list(gaps.values()), difference(ours, rival, column.name))
            _strip(ax, points, looks)
            ax.axhline(0, color="#808080", lw=0.8, zorder=1)
            ax.set_title(f"{name} - model")
        axes[0].set_ylabel(f"difference of {_main_titles(settings)}")
        return _save(figure, path)


Points = tuple[Sequence[float], Estimate]
"""The value of each subject, and the estimate over subjects."""
Look = tuple[str, str]
"""A colour and a marker."""


def _points(results: Sequence[Result], column: Column) -> Points:
    return list(subject_values(results, column.name).values()), estimate(results, column.name)


def _strip(ax: Axes, values: Mapping[str, Points], looks: Mapping[str, Look]) -> None:
    for place, (label, points) in enumerate(values.items()):
        _dots(ax, place, points, looks[label])
    ax.set_xticks(range(len(values)), list(values))
    ax.set_xlim(-0.6, len(values) - 0.4)
    ax.grid(visible=False, axis="x")
    ax.ticklabel_format(axis="y", style="plain", useOffset=False)


def _dots(ax: Axes, place: float, points: Points, look: Look, label: str | None = None) -> None:
    values, found = points
    colour, marker = look
    # Side by side, so that equal values are all seen; always in the same places.
    spread = 0.12 * np.sin(2.4 * np.arange(len(values)))
    ax.scatter(
        place - 0.08 + spread, values, s=15, color=colour, marker=marker, alpha=0.8, lw=0,
        label=label, rasterized=len(values) > MANY,
    )  # fmt: skip
    if not math.isfinite(found.value):
        return
    ax.plot([place + 0.16, place + 0.28], [found.value] * 2, color="black", lw=1.6, zorder=4)
    if math.isfinite(found.low):
        ax.plot([place + 0.22] * 2, [found.low, found.high], color="black", lw=1.0, zorder=4)


def _bland_altman(
    ax: Axes, results: Sequence[Result], labels: Iterable[str], looks: Mapping[str, Look]
) -> None:
    """Plot the difference of the volumes against their mean, with limits of agreement."""
    for label in labels:
        colour, marker = looks[label]
        here = [r for r in results if r.label == label]
        mean = [(r.number("reference_mm3") + r.number("prediction_mm3")) / 2 for r in here]
        gap = [r.number("difference_mm3") for r in here]
        ax.scatter(
            mean, gap, s=15, color=colour, marker=marker, alpha=0.8, lw=0, label=label,
            rasterized=len(gap) > MANY,
        )  # fmt: skip
        found = estimate(here, "difference_mm3")
        if math.isfinite(found.spread):
            for height in (-1.96, 0, 1.96):
                style = "-" if height == 0 else (0, (4, 3))
                ax.axhline(found.value + height * found.spread, color=colour, lw=1, ls=style)
    ax.axhline(0, color="#808080", lw=0.8, zorder=0)
    ax.set(title="Volume difference (mm³)", xlabel="mean of reference and prediction (mm³)")


def _limit(ax: Axes, column: Column) -> None:
    low, high = ax.get_ylim()
    if column.name in SHARES_OF_ONE:
        ax.set_ylim(max(-0.02, min(0.8, low)), 1.01)
    else:
        ax.set_ylim(0, max(1.05 * high, 0.1))


def _main_titles(settings: Settings) -> str:
    shown = {short_columns_of(settings, label)[0] for label in settings.labels}
    return " or ".join(column.title for column in (DICE, F1) if column in shown)


def _looks(settings: Settings) -> dict[str, Look]:
    return dict(zip(settings.labels, itertools.cycle(zip(COLOURS, MARKERS, strict=True))))


def _grid(number: int) -> tuple[Figure, list[Axes]]:
    columns = min(COLUMNS, number)
    rows = math.ceil(number / columns)
    size = (2.6 * columns + 0.6, 2.6 * rows + 0.3)
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    axes = list(grid.flat)
    for ax in axes[number:]:
        ax.remove()
    return figure, axes[:number]


def _save(figure: Figure, path: Path) -> Path:
    named = {
        label: handle
        for ax in figure.axes
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    if named:
        figure.legend(
            named.values(), named, loc="outside lower center", ncols=len(named), frameon=False
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
    plt.close(figure)
    return path
