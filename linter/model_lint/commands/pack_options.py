"""The options of ``model-lint pack``, and their checks."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import naming
from ..config import Config
from ..errors import UsageError
from ..models.paths import FINAL_CHECKPOINT
from ..naming.tag import require_tag, today_in_utc
from ..nnunet.orientation import ORIENTATIONS
from ..ship.gather import PackRequest
from ..storage.checkout import repository_name
from .reporting import add_for

EXAMPLE = """\
what is packed:
  The specification's tree: dataset.json, plans.json, dataset_fingerprint.json, each fold's
  checkpoint_final.pth, debug.json, progress plots and training logs, and trainer_class.py.
  What only training needs is removed from checkpoints; their predictions do not change. Paths,
  host names, subjects and lists of cases are removed from all files but trainer_class.py, and what
  was removed is listed.

example:
  model-lint pack nnUNet_results/Dataset101_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres \\
      --name model_seg_sc_t2_unet3d --tag r20240915 --orientation RPI

exit status:
  0  the package was written
  1  `model-lint check --deep` found errors in it, or plans.json and dataset.json are not those of
     the training (C012): they are shown, and there is no package
  2  wrong usage, or a file that is needed is missing or unreadable
"""


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
        "--notes",
        metavar="FILE",
        type=Path,
        help="write Markdown (.md) for the notes of the release, with epochs and validation Dice "
        "of each fold and the digest of the zip; `model-lint publish --notes FILE` takes it",
    )
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
        "--split-folds",
        action="store_true",
        help="write one zip for each fold, REPOSITORY-TAG-fold0.zip, ...: for a model that is too "
        "large for one file of a release; all of them are written, or none",
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


def request_of(options: argparse.Namespace, *, for_github: bool) -> PackRequest:
    """Return what the options ask for. Raises UsageError."""
    return PackRequest(
        folder=options.folder,
        dataset_layout=options.layout == "dataset",
        orientation=checked_orientation(options.orientation),
        folds=fold_names(options.folds),
        checkpoint=checkpoint_name(options.checkpoint),
        trainer_class=options.trainer_class,
        keep_training_state=options.keep_training_state,
        for_github=for_github,
    )


def tag_of(given: str | None) -> str:
    """Return the tag, checked; by default that of today."""
    if given is None:
        return f"r{dt.date.today():%Y%m%d}"  # noqa: DTZ011 - the user's day
    require_tag(given, today_in_utc())
    return given


def target_of(
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
    found = [*map(repository_name, repositories(options.folder)), Path.cwd().name]
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


def repositories(folder: Path) -> Iterator[Path]:
    """Yield the checkouts around the model and around the current folder."""
    for start in (folder.resolve(), Path.cwd()):
        root = next((p for p in (start, *start.parents) if (p / ".git").exists()), None)
        if root:
            yield root


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
