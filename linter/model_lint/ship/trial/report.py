"""The report of ``model-lint try`` as JSON and as JUnit.

``schemas/try.schema.json`` describes the JSON (version 1: fields are only added).
"""

from __future__ import annotations

from typing import Any

from ... import __version__
from ...report.json import as_finding, dump, takes
from ...report.markup import markup
from ...terminal import WIDTH
from .outcome import Failure, ImageResult, Trial, Tried
from .text import as_text

FORMATS = ("text", "json", "junit")


def render(tried: Tried, form: str, *, color: bool = False, width: int | None = None) -> str:
    """Render what became of a package, in one of FORMATS."""
    if form == "json":
        return dump(as_data(tried))
    if form == "junit":
        return as_junit(tried)
    return as_text(tried, color=color, width=width or WIDTH)


def as_data(tried: Tried) -> dict[str, Any]:
    """Return what became of a package as a JSON object."""
    return {
        "version": 1,
        "tool": {"name": "model-lint", "version": __version__},
        "target": tried.target,
        "works": tried.works,
        "refused": list(tried.refused),
        "findings": [as_finding(finding) for finding in tried.report.findings],
        "takes": takes(tried.report),
        "trials": [
            {**_trial(trial), "picture": tried.pictures.get(number)}
            for number, trial in enumerate(tried.trials)
        ],
    }


def _trial(trial: Trial) -> dict[str, Any]:
    loaded = trial.loaded
    return {
        "environment": trial.environment,
        "consumer": trial.consumer or None,
        "versions": dict(trial.versions),
        "limits": dict(trial.limits),
        "works": trial.works,
        "model": None
        if loaded is None
        else {
            "folder": loaded.folder,
            "folds": list(loaded.folds),
            "trainer": loaded.trainer,
            "network": loaded.network,
            "parameters": loaded.parameters,
        },
        "images": [_image(image) for image in trial.images],
        "failures": [
            {
                "stage": failure.stage,
                "message": failure.sentence,
                "raised": failure.raised,
                "codes": list(failure.codes),
            }
            for failure in trial.failures
        ],
        "seconds": round(trial.seconds, 3),
    }


def _image(image: ImageResult) -> dict[str, Any]:
    return {
        "image": image.name,
        "phantom": image.is_phantom,
        "shape": list(image.shape),
        "spacing": list(image.spacing),
        "orientation": image.orientation,
        "voxels": dict(image.voxels),
        "dice": dict(image.dice),
        "notes": list(image.notes),
        "seconds": image.seconds,
    }


def as_junit(tried: Tried) -> str:
    """Return an XML document: a suite for each nnU-Net, whose test is that the package works."""
    suites = [_suite(tried.target, trial) for trial in tried.trials]
    failures = sum(not trial.works for trial in tried.trials)
    if tried.refused:
        refusal = Failure("lint", "it is unsafe to load", codes=tried.refused)
        suites = [_suite(tried.target, Trial("lint", failures=(refusal,)))]
        failures = 1
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="model-lint try" tests="{len(suites)}" failures="{failures}" '
        f'errors="0">\n{"".join(suites)}</testsuites>\n'
    )


def _suite(target: str, trial: Trial) -> str:
    name = markup(trial.consumer or trial.environment)
    broken = int(not trial.works)
    if trial.works:
        case = f'    <testcase name="works" classname="{markup(target)}"/>\n'
    else:
        lines = [_line(failure) for failure in trial.failures]
        case = (
            f'    <testcase name="works" classname="{markup(target)}">\n'
            f'      <failure type="{markup(trial.failures[0].stage)}" message="{markup(lines[0])}">'
            f"{chr(10).join(map(markup, lines))}</failure>\n    </testcase>\n"
        )
    return (
        f'  <testsuite name="{name}" tests="1" failures="{broken}" errors="0" skipped="0" '
        f'time="{trial.seconds:.3f}">\n{case}  </testsuite>\n'
    )


def _line(failure: Failure) -> str:
    codes = f" ({', '.join(failure.codes)})" if failure.codes else ""
    return f"{failure.sentence}{codes}"
