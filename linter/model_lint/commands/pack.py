"""``model-lint pack``: build the release zip from an nnU-Net results folder."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import naming
from ..config import Config, parser_of
from ..errors import UsageError
from ..findings import TargetReport
from ..lint import lint, select_rules
from ..models.paths import FINAL_CHECKPOINT
from ..models.reading import Reading
from ..models.target import Given, load_target
from ..naming.tag import is_tag, tag_date
from ..nnunet.orientation import ORIENTATIONS
from ..ship.contents import Progress
from ..ship.gather import PackRequest
from ..ship.pack import pack
from ..ship.pack_report import as_json, as_text
from ..ship.results_folder import trainer_folder
from ..storage.checkout import repository_name
from ..storage.depth import Depth
from ..storage.new_file import stoppable
from ..terminal import complain
from ..wording import printable
from .reporting import add_for, configured, crashed

EXAMPLE = """\
what is packed:
  The specification's tree: dataset.json, plans.json, dataset_fingerprint.json, each fold's
  checkpoint_final.pth, debug.json, progress plots and training logs, and trainer_class.py.
  What only training needs is removed from checkpoints; their predictions do not change. Paths,
  host names and subjects are removed from the logs and from debug.json.

example:
  model-lint pack nnUNet_results/Dataset101_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres \\
      --name model_seg_sc_t2_unet3d --tag r20240915 --orientation RPI

exit status:
  0  the package was written
  1  `model-lint check --deep` found errors in it: they are shown, and there is no package
  2  wrong usage, or a file that is needed is missing or unreadable
"""


_PLAIN_LINES = str.maketrans({"├": "|", "└": "`", "─": "-", "│": "|"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``pack``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "folder",
        metavar="MODEL_DIR",
        type=Path,
        help="nnU-Net's TRAINER__PLANS__CONFIGURATION folder, or the dataset folder around it",
    )
    add_name(parser, "that of the repository around MODEL_DIR or around the current folder")
    add_for(parser)
    _add_content(parser)
    parser.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help="how to describe the package on standard output (default: text)",
    )


def add_name(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options for the name of the package; ``default`` says what the repository's is."""
    name = parser.add_argument_group("the package's name, REPOSITORY-TAG.zip")
    name.add_argument(
        "--name",
        metavar="REPOSITORY",
        help=f"the model repository's name (default: {default})",
    )
    name.add_argument(
        "--tag", metavar="rYYYYMMDD", help="the release's tag (default: today's date)"
    )
    name.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        default=Path(),
        help="the folder to write to, or the .zip (default: the current folder)",
    )
    name.add_argument("--force", action="store_true", help="replace a package that exists")


def _add_content(parser: argparse.ArgumentParser) -> None:
    content = parser.add_argument_group("its content")
    content.add_argument(
        "--layout",
        choices=["spec", "dataset"],
        default="spec",
        help="spec: as in the specification; dataset: inside DatasetNNN_NAME/, for 3D Slicer "
        "and nnUNetv2_install_pretrained_model_from_zip (default: spec)",
    )
    content.add_argument(
        "--orientation",
        metavar="CODE",
        type=str.upper,
        help="orientation of the training images in SCT's letters, such as RPI, if dataset.json "
        "does not contain it",
    )
    content.add_argument(
        "--folds", metavar="FOLDS", help="0,1,2 or all: the folds to pack (default: every one)"
    )
    content.add_argument(
        "--checkpoint",
        metavar="FILE",
        default=FINAL_CHECKPOINT,
        help=f"the checkpoint that is packed as {FINAL_CHECKPOINT} (default: {FINAL_CHECKPOINT})",
    )
    content.add_argument(
        "--trainer-class",
        metavar="FILE",
        type=Path,
        help="source of a custom trainer, packed as trainer_class.py",
    )
    content.add_argument(
        "--keep-training-state",
        action="store_true",
        help="keep what resuming the training needs: about twice the size",
    )


def run(options: argparse.Namespace) -> int:
    """Build, lint and report; return the exit status."""
    judging = configured(options)
    config = judging.config
    parse = parser_of(config)
    trainer_folder(options.folder)  # report a missing model before anything else
    tag = release_tag(options.tag)
    target, name = _target(options, config, tag, parse)
    request = PackRequest(
        folder=options.folder,
        dataset_layout=options.layout == "dataset",
        orientation=checked_orientation(options.orientation),
        folds=fold_names(options.folds),
        checkpoint=checkpoint_name(options.checkpoint),
        trainer_class=options.trainer_class,
        keep_training_state=options.keep_training_state,
        for_github=any(r.code == "L026" for r in select_rules(judging.rules, ignore=config.ignore)),
    )

    def judge(package: Path) -> TargetReport:
        loaded = load_target(str(package), Given(name, parse, Reading(Depth.ALL)))
        return lint(loaded.shown_as(str(target)), judging)

    with stoppable(), shown_progress() as progress:
        packed = pack(request, target, lint=judge, force=options.force, progress=progress)
    text = as_json(packed, tag) if options.format == "json" else as_text(packed, tag)
    print_tree(text)
    if not packed.refused:
        return 0
    complain(f"{target} was not written: see the errors above")
    return 2 if crashed(packed.report.findings) else 1


# ------------------------------------------------------------------------------------ options


def release_tag(given: str | None) -> str:
    """Return the tag, checked; by default that of today."""
    today = dt.date.today()  # noqa: DTZ011 - the user's day
    if given is None:
        return f"r{today:%Y%m%d}"
    if not is_tag(given):
        raise UsageError(f"--tag {given}: write r and the date, rYYYYMMDD, such as r{today:%Y%m%d}")
    date = tag_date(given)
    if date is None:
        raise UsageError(f"--tag {given}: there is no such date (rYYYYMMDD)")
    if date > today + dt.timedelta(days=31):
        raise UsageError(f"--tag {given}: more than a month from today; is the year right?")
    return given


def _target(
    options: argparse.Namespace,
    config: Config,
    tag: str,
    parse: Callable[[str], naming.Name],
) -> tuple[Path, str | None]:
    """Return the zip to write and the repository's name; None if only the zip's is given."""
    output: Path = options.output
    is_file, folder = is_zip(output), output_folder(output)
    given = options.name or config.name
    if given:
        require_name(given, parse)
        return (output if is_file else folder / f"{given}-{tag}.zip"), given
    found = list(surrounding_names(options.folder))
    usable = [name for name in found if parse(name).usable]
    if usable:
        return (output if is_file else folder / f"{usable[0]}-{tag}.zip"), usable[0]
    if is_file:
        return output, None
    what = f" ({found[0]} is around it, but no model repository's name)" if found else ""
    raise UsageError(
        f"which model repository is this for?{what} give --name, such as model_seg_sc_t2_unet3d"
    )


def is_zip(output: Path) -> bool:
    """Return whether ``--output`` names the zip, and not the folder to write to."""
    return output.suffix.lower() == ".zip" and not output.is_dir()


def output_folder(output: Path) -> Path:
    """Return the folder that ``--output`` means. Raises UsageError if it is missing."""
    folder = output.parent if is_zip(output) else output
    if not folder.is_dir():
        hint = "" if is_zip(output) else ", or name a .zip file"
        raise UsageError(f"--output {output}: no folder {folder}; make it first{hint}")
    return folder


def require_name(name: str, parse: Callable[[str], naming.Name]) -> None:
    """Raise UsageError unless a repository can have this name."""
    parsed = parse(name)
    if parsed.usable:
        return
    problem = next(p for p in parsed.problems if p.code not in naming.TOLERATED)
    hint = f"; did you mean {parsed.suggestion.name}?" if parsed.suggestion else ""
    raise UsageError(f"--name {name}: {problem.message} ({problem.code}){hint}")


def surrounding_names(folder: Path) -> Iterator[str]:
    """Yield the names of the repositories around the model and around the current folder."""
    here = Path.cwd()
    for start in (folder.resolve(), here):
        root = next((p for p in (start, *start.parents) if (p / ".git").exists()), None)
        if root:
            yield repository_name(root)
    yield here.name


def checked_orientation(code: str | None) -> str | None:
    """Return the value of ``--orientation``. Raises UsageError for anything but SCT's letters."""
    if code is None or code in ORIENTATIONS:
        return code
    raise UsageError(
        f"--orientation {code}: write three letters, one each of R or L, A or P, S or I: where "
        "each axis comes from, as SCT writes it, such as RPI"
    )


def fold_names(text: str | None) -> tuple[str, ...] | None:
    """Return the names of the folders that ``--folds`` means. Raises UsageError."""
    if text is None:
        return None
    words = [word.removeprefix("fold_") for word in re.split(r"[,\s]+", text.strip(" ,"))]
    if any(not re.fullmatch(r"all|0|[1-9]\d{0,8}", word, re.ASCII) for word in words):
        raise UsageError(f"--folds {text}: write numbers with commas, such as 0,1,2, or all")
    return tuple(f"fold_{word}" for word in words)


def checkpoint_name(name: str) -> str:
    """Return the value of ``--checkpoint``. Raises UsageError for anything but a file's name."""
    if "/" in name or "\\" in name or not name.endswith(".pth"):
        raise UsageError(
            f"--checkpoint {name}: give a file's name as it is in each fold, such as "
            "checkpoint_best.pth"
        )
    return name


# ----------------------------------------------------------------------------------- progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a function that shows progress on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _path, _done, _total: None
        return

    shown = ""

    def show(path: str, done: int, total: int) -> None:
        nonlocal shown
        line = f"packing {printable(path)} {done / total if total else 1:.0%}"
        if line != shown:
            shown = line
            sys.stderr.write(f"\r\033[K{line}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\033[K")


def print_tree(text: str) -> None:
    """Print, with plain lines if the encoding of standard output lacks those of the tree."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN_LINES).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)
