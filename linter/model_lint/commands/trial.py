"""``model-lint try``: load a package in nnU-Net on the CPU, and predict an image."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import parser_of
from ..errors import UsageError, extra
from ..lint import Options, lint
from ..models.reading import Reading
from ..models.target import Given, Target, is_remote, load_target
from ..rules import all_rules
from ..ship.trial.asked import Subject, Talk, Wanted
from ..ship.trial.bundle import fetch
from ..ship.trial.environments import Environment, find_environments
from ..ship.trial.outcome import Trial, Tried
from ..ship.trial.report import FORMATS, render
from ..ship.trial.scratch import scratch
from ..ship.trial.text import announcement, unlimited
from ..ship.trial.trial import (
    attempt,
    code_of,
    default_memory,
    group_images,
    group_references,
    unsafe,
)
from ..storage.depth import Depth
from ..storage.new_file import folder_beside, put_in_place, stoppable
from ..terminal import complain, progress_bar, show_passing
from ..wording import without_password
from .reporting import add_color, add_for, add_formats, configured, crashed, number, write_reports

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = """\
what it does:
  Lints the package (`check --deep`) and refuses what is unsafe. Unpacks it as SCT does, loads it
  in nnU-Net on the CPU, and segments the images, or a phantom. Checks that the result has the
  shape and the place of the image and only values that dataset.json declares, and that something
  was segmented. With SCT's fork of nnU-Net it does what SCT does (one channel, turned to
  image_orientation), with stock nnU-Net what `nnUNetv2_predict --disable_tta` does.

safety:
  A package may have code of its own, which nnU-Net runs: trainer_class.py. It runs in a process
  without network, other programs and your files, with limits on time, memory and disk (Linux;
  other systems have fewer of them: it says which). It asks first if the package comes from the
  web, or if a limit does not hold.

example:
  model-lint try model_seg_sc_t2_unet3d-r20240915.zip sub-001_T2w.nii.gz --picture sub-001.png
  model-lint try model_seg_sc_t2_unet3d-r20240915.zip --with here --with sct

exit status:
  0  it works in every nnU-Net that it was tried with
  1  it fails in one, or is unsafe
  2  wrong usage, an unreadable file, or no nnU-Net to try it with
"""
#: Seconds that a package may take.
_SECONDS = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``try``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "package",
        metavar="PACKAGE",
        help="a zip, a trainer folder or one that contains it, the address of a zip, or "
        "OWNER/REPO@TAG, a release with one package",
    )
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        default=[],
        type=Path,
        help="images to segment (default: a phantom); a model of several channels takes as many "
        "files for each image, in their order",
    )
    parser.add_argument(
        "--with",
        dest="pythons",
        metavar="PYTHON",
        action="append",
        default=[],
        help="the Python, or its virtual environment, whose nnU-Net is used; `sct` is SCT's below "
        "$SCT_DIR, `here` is this one (default: here, or sct if this one has none); repeatable",
    )
    _add_limits(parser)
    _add_reports(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=number,
        default=_SECONDS,
        help=f"seconds that it may take in each nnU-Net (default: {_SECONDS})",
    )
    group.add_argument(
        "--memory",
        metavar="GB",
        type=_gigabytes,
        help="memory that it may take (default: 16 GB, at most three quarters of the machine's)",
    )
    group.add_argument(
        "--yes",
        action="store_true",
        help="don't ask before the code of a package from the web is run, or without every limit",
    )


def _add_reports(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument(
        "--picture",
        metavar="FILE",
        type=Path,
        help="write a picture (PNG) of slices with outlines; with several --with, the consumer's "
        "name is added to it",
    )
    group.add_argument(
        "--reference",
        dest="references",
        metavar="FILE",
        action="append",
        default=[],
        type=Path,
        help="what should be segmented, with the values of dataset.json: the Dice coefficient of "
        "each label is shown; one for each image, in their order",
    )
    group.add_argument(
        "--allow-empty",
        action="store_true",
        help="an image in which nothing is segmented is no failure",
    )
    add_formats(parser, FORMATS)
    add_for(parser)
    add_color(parser)


def run(options: argparse.Namespace) -> int:
    """Lint, try, report; return the exit status."""
    environments = find_environments(options.pythons, os.environ)
    _require_picture(options.picture, [*options.images, *options.references])
    for _, file in options.outputs:
        if file is not None:
            _require_folder("--output", Path(file))
    # The rules about what is unsafe always run; the configuration does not choose them.
    judging = configured(options)._replace(rules=all_rules())
    with stoppable(), scratch() as folder:
        tried = _try(options, _load(options.package, judging, folder), environments)
        pictures = _write_pictures(tried, options.picture)
    tried = replace(tried, pictures=pictures)
    write_reports(options, partial(render, tried))
    if crashed(tried.report.findings):
        return 2
    return 0 if tried.works else 1


def _load(text: str, judging: Options, folder: Path) -> Subject:
    """Return the package as a file or folder here, linted."""
    parse = parser_of(judging.config)
    name = judging.config.name
    if is_remote(text):
        with extra("what fetches it", f"{without_password(text)}: on the web; "):
            given = Given(name, parse, Reading(Depth.NONE))
            found = fetch(text, given, folder, progress_bar)
    else:
        found = None
    path = found or Path(text)
    target = load_target(str(path), Given(name, parse, Reading(Depth.ALL)))
    if target.package is None and target.archive is None:
        raise UsageError(f"{text}: not a package; give its zip or its trainer folder")
    if target.family:
        raise UsageError(f"{text}: one file of a package; give the trainer folder around it")
    if found:
        target = target.shown_as(without_password(text))
    return Subject(path, target, lint(target, judging))


def _try(options: argparse.Namespace, subject: Subject, environments: list[Environment]) -> Tried:
    images = group_images(options.images, subject.trainer)
    tried = Tried(subject.target.text, subject.report, unsafe(subject.report))
    if tried.refused:
        return tried
    wanted = Wanted(
        images,
        options.timeout,
        options.memory or default_memory(),
        options.picture is not None,
        options.allow_empty,
        group_references(options.references, images),
    )
    talk = Talk(_asking(options, subject.target, wanted), show_passing)
    try:
        trials = [attempt(environment, subject, wanted, talk) for environment in environments]
    finally:
        show_passing("")
    return replace(tried, trials=tuple(trials))


def _asking(
    options: argparse.Namespace, target: Target, wanted: Wanted
) -> Callable[[Mapping[str, bool]], bool]:
    """Return what says what is run within which limits, and asks if that must be asked."""
    code = code_of(target.package)
    from_web = is_remote(options.package)

    def ask(limits: Mapping[str, bool]) -> bool:
        show_passing("")
        complain(announcement(code, limits, wanted.seconds, wanted.memory))
        if not code or options.yes or not (from_web or unlimited(limits)):
            return True
        why = "comes from the web" if from_web else "is not limited in everything"
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                f"{target.text}: its code ({code[0]}) {why}; read it, and give --yes to run it"
            )
        print(f"Its code {why}. Run it? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    return ask


def _require_picture(path: Path | None, inputs: Sequence[Path]) -> None:
    """Raise UsageError if a picture can't be written there."""
    if path is None:
        return
    if path.suffix.lower() != ".png":
        raise UsageError(f"--picture {path}: a PNG is written; its name must end in .png")
    _require_folder("--picture", path)
    if path.is_dir():
        raise UsageError(f"--picture {path}: a folder; name a file")
    if any(other.exists() and path.exists() and path.samefile(other) for other in inputs):
        raise UsageError(f"--picture {path}: it would replace an image; name another file")


def _require_folder(option: str, path: Path) -> None:
    """Raise UsageError if the folder of a file is missing: before anything is tried."""
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: no folder {path.parent}; make it first")


def _write_pictures(tried: Tried, path: Path | None) -> dict[int, str]:
    """Write the pictures, each completely or not at all; return their paths."""
    written: dict[int, str] = {}
    if path is None:
        return written
    for number_, (trial, target) in enumerate(_named(tried.trials, path)):
        if trial.picture:
            try:
                with folder_beside(target.resolve()) as folder:
                    temporary = folder / target.name
                    temporary.write_bytes(trial.picture)
                    put_in_place(temporary, target, replace=True)
            except OSError as error:
                raise UsageError(f"can't write {target}: {error.strerror or error}") from error
            written[number_] = str(target)
    return written


def _named(trials: tuple[Trial, ...], path: Path) -> Iterator[tuple[Trial, Path]]:
    """Yield each trial with the file of its picture."""
    names = [trial.consumer or str(k) for k, trial in enumerate(trials)]
    for k, trial in enumerate(trials):
        name = names[k] if names.count(names[k]) == 1 else f"{names[k]}-{k + 1}"
        yield trial, path if len(trials) == 1 else path.with_stem(f"{path.stem}-{name}")


def _gigabytes(text: str) -> int:
    try:
        amount = float(text)
    except ValueError:
        amount = 0
    if not 0.1 <= amount <= 10_000:
        raise argparse.ArgumentTypeError(f"must be a number of GB, such as 8, not {text!r}")
    return int(amount * 1000**3)
