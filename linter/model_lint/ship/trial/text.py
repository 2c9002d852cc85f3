"""The report of ``model-lint try`` for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from ...findings import Report, Severity, TargetReport
from ...report import render
from ...report.shared import tally
from ...terminal import WIDTH, Paint, painter
from ...wording import count, inert, joined, printable, size
from .outcome import Failure, ImageResult, Trial, Tried

_LIMITS = {
    "files": "reading and writing of your files",
    "network": "the network",
    "processes": "other processes",
    "memory": "memory",
}
_TITLES = {"sct": "SCT's steps", "nnunet": "stock nnU-Net", "": "nnU-Net"}


def unlimited(limits: Mapping[str, bool]) -> list[str]:
    """Return what is not limited, in words."""
    return [text for name, text in _LIMITS.items() if not limits.get(name)]


def announcement(code: Sequence[str], limits: Mapping[str, bool], seconds: int, memory: int) -> str:
    """Return the line that says what is run, and within which limits, before it is."""
    what = f"the package's code ({joined([*map(printable, code)])})" if code else "the model"
    held = {
        "memory": size(memory),
        "network": "no network",
        "processes": "no other programs",
        "files": "none of your files",
    }
    bounds = [f"{seconds} s", *(text for name, text in held.items() if limits.get(name))]
    missing = joined(unlimited(limits))
    more = f"; NOT limited on this system: {missing}" if missing else ""
    return f"running {what} within limits: {', '.join(bounds)}{more}"


def as_text(tried: Tried, *, color: bool = False, width: int = WIDTH) -> str:
    """Render what became of a package."""
    paint = painter(color=color)
    blocks = [_lint(tried.report, color=color, width=width)]
    if tried.refused:
        codes = joined([*tried.refused])
        blocks.append(
            _wrapped(f"{paint('Not tried', 'error')}: it is unsafe to load ({codes}).", width)
        )
    for number, trial in enumerate(tried.trials):
        blocks.append(_trial(trial, tried.pictures.get(number, ""), paint, width))
    blocks.append(_verdict(tried, paint, width))
    return inert("\n".join(block for block in blocks if block))


def _lint(report: TargetReport, *, color: bool, width: int) -> str:
    """Return the errors that the linter reports, and how many other findings there are."""
    errors = tuple(f for f in report.findings if f.severity is Severity.ERROR)
    shown = report._replace(findings=errors)
    text = render(Report((shown,)), "text", color=color, width=width)
    lines = text.rstrip("\n").rpartition("\n")[0].rstrip("\n")  # without the summary
    others = [words for severity, words in tally(report.findings) if severity is not Severity.ERROR]
    more = f"\n  {joined(others)}, which `model-lint check` shows" if others else ""
    return f"{lines}{more}\n"


def _trial(trial: Trial, picture: str, paint: Paint, width: int) -> str:
    title = _TITLES.get(trial.consumer, trial.consumer)
    versions = [trial.versions.get("nnunetv2", "")]
    versions += [
        f"{name} {trial.versions[name]}" for name in ("torch", "python") if name in trial.versions
    ]
    lines = [f"{paint(title, 'bold')} ({', '.join(map(printable, filter(None, versions)))})\n"]
    if loaded := trial.loaded:
        folds = count(len(loaded.folds), "fold")
        lines.append(
            _wrapped(
                f"loads {printable(loaded.folder)}: {printable(loaded.trainer)}, {folds} "
                f"({printable(', '.join(loaded.folds))}), {printable(loaded.network)} of "
                f"{loaded.parameters:,} parameters",
                width, "  ", "    ",
            )
        )  # fmt: skip
    for image in trial.images:
        lines += _image(image, width)
    for failure in trial.failures:
        lines += _failure(failure, paint, width)
    if picture:
        lines.append(f"  picture: {printable(picture)}\n")
    return "".join(lines)


def _image(image: ImageResult, width: int) -> Iterator[str]:
    shape = " x ".join(map(str, image.shape))
    sides = " x ".join(f"{side:g}" for side in image.spacing)
    yield _wrapped(
        f"segments {printable(image.name)}: {shape} voxels of {sides} mm, "
        f"{printable(image.orientation)}, in {image.seconds:.1f} s", width, "  ", "    ",
    )  # fmt: skip
    names = max((len(printable(name)) for name in image.voxels), default=0)
    for name, voxels in image.voxels.items():
        dice = f", Dice {image.dice[name]:.3f}" if name in image.dice else ""
        yield f"    {printable(name):{names}}  {voxels:,} voxels{dice}\n"
    for note in image.notes:
        yield _wrapped(f"note: {printable(note)}", width, "    ", "      ")


def _failure(failure: Failure, paint: Paint, width: int) -> Iterator[str]:
    reported = f" ({joined([*failure.codes])} reports it)" if failure.codes else ""
    if len(failure.codes) > 1:
        reported = f" ({joined([*failure.codes])} report it)"
    yield _wrapped(f"{paint('fails', 'error')}: {failure.sentence}{reported}", width, "  ", "    ")


def _verdict(tried: Tried, paint: Paint, width: int) -> str:
    if tried.refused:
        return ""
    good = [_TITLES[t.consumer] for t in tried.trials if t.works]
    bad = [_TITLES[t.consumer] for t in tried.trials if not t.works]
    parts = []
    if good:
        parts.append(f"{paint('Works', 'green')} with {joined(good)}")
    if bad:
        parts.append(f"{paint('Fails', 'error')} with {joined(bad)}")
    text = f"{'. '.join(parts)}."
    if good and any(image.is_phantom for trial in tried.trials for image in trial.images):
        text += " It was tried with a phantom: whether it segments well, only an image can show."
    return _wrapped(text, width)


def _wrapped(text: str, width: int, indent: str = "", hang: str = "") -> str:
    lines = textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines) + "\n"
