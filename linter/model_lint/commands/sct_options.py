"""The options of ``sct``, and what they say of the model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, require_file
from ..findings import Severity
from ..report import FORMATS
from ..storage.limits import MAX_TEXT_BYTES
from .reporting import add_color

if TYPE_CHECKING:
    from ..ship.sct.describe import Answers

EXAMPLE = """\
what it does:
  Lints the packages for SCT, and writes what a pull request to SCT needs: the entries in MODELS and
  TASKS, the page and its place in the gallery, the figure and the test. It takes what it can from
  the packages, the name of the repository, README.md and CITATION.cff. With --into it commits them
  on a new branch of a checkout of SCT; what is checked out stays as it is. If SCT has the model,
  only its addresses change.

example:
  model-lint sct ivadomed/model_seg_sc_t2@r20240915 --output integration
  model-lint sct ivadomed/model_seg_sc_t2@r20240915 --into ~/spinalcordtoolbox
  model-lint sct ivadomed/model_seg_sc_t2@r20240915 --into ~/spinalcordtoolbox --check

exit status:
  0  it is written; with --check: SCT's entry is that of the packages
  1  the linter found errors, and nothing was written; with --check: the entry differs
  2  wrong usage, something unreadable, or a checkout that is not SCT's
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sct``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "packages",
        metavar="PACKAGE|RELEASE",
        nargs="+",
        help="a release (OWNER/REPO@TAG), or a package: the address of its zip, a zip or a trainer "
        "folder; several for one zip per fold",
    )
    _add_where(parser)
    _add_answers(parser)
    checking = parser.add_argument_group("comparing an entry")
    checking.add_argument(
        "--check",
        action="store_true",
        help="compare SCT's entry with the packages, and change nothing; --into may also name a "
        "file models.py",
    )
    checking.add_argument(
        "--format", choices=FORMATS, default="text", help="how to report it (default: text)"
    )
    checking.add_argument(
        "--fail-on",
        choices=[severity.value for severity in Severity],
        default=Severity.WARNING.value,
        help="exit with 1 for findings of this severity or worse (default: warning)",
    )
    add_color(parser)


def _add_where(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("what is written, and where")
    where.add_argument(
        "--output", metavar="FOLDER", type=Path, help="write the pieces and the figure as files"
    )
    where.add_argument(
        "--into",
        metavar="CHECKOUT",
        type=Path,
        help="commit them on a new branch of a checkout of SCT",
    )
    where.add_argument(
        "--branch", metavar="NAME", help="the branch (default: add-TASK or update-MODEL-TAG)"
    )
    where.add_argument(
        "--base",
        metavar="REF",
        help="where the branch begins (default: what is checked out)",
    )
    where.add_argument(
        "--dry-run", action="store_true", help="with --into: only show the differences"
    )
    where.add_argument(
        "--repo",
        metavar="OWNER/NAME",
        help="the model's repository (default: that of the address, or git's origin of the "
        "checkout around the current folder)",
    )
    where.add_argument(
        "--tag", metavar="rYYYYMMDD", help="the release's tag (default: that in the names)"
    )


def _add_answers(parser: argparse.ArgumentParser) -> None:
    answers = parser.add_argument_group("what is stated of the model, in place of what is found")
    for option, metavar, text in (
        ("--task", "NAME", "the task, such as lesion_ms_mp2rage"),
        ("--model", "NAME", "the key in MODELS, also to name the model to update"),
        ("--description", "TEXT", "one line of at most 50 characters"),
        ("--long-description", "TEXT", "a paragraph: data, architecture, authors"),
    ):
        answers.add_argument(option, metavar=metavar, help=text)
    answers.add_argument(
        "--contrast",
        dest="contrasts",
        metavar="NAME",
        action="append",
        default=[],
        help="a contrast, such as t2, or any; repeatable",
    )
    answers.add_argument(
        "--group",
        choices=["spinal_cord", "gray_matter", "pathology", "other"],
        help="the group in SCT's list of tasks and in its gallery",
    )
    answers.add_argument(
        "--citation", metavar="FILE", type=Path, help="BibTeX, in place of what the README has"
    )
    answers.add_argument(
        "--figure",
        metavar="FILE",
        type=Path,
        help="the figure of the gallery (default: the first picture in the README)",
    )


def require_sense(options: argparse.Namespace) -> None:
    """Raise UsageError for options that don't go together."""
    if options.check and not options.into:
        raise UsageError("--check compares with SCT: give --into CHECKOUT, or a file models.py")
    if options.check and (options.output or options.dry_run):
        raise UsageError("--check writes nothing: leave out --output and --dry-run")
    alone = {"--branch": options.branch, "--base": options.base, "--dry-run": options.dry_run}
    for option, value in alone.items():
        if value and not options.into:
            raise UsageError(f"{option}: only with --into CHECKOUT")


def require_unanswered(model: str, options: argparse.Namespace) -> None:
    """Raise UsageError for texts about a model whose addresses alone change."""
    given = {
        "--description": options.description,
        "--long-description": options.long_description,
        "--contrast": options.contrasts,
        "--group": options.group,
        "--citation": options.citation,
        "--figure": options.figure,
        "--output": options.output,
    }
    if useless := [option for option, value in given.items() if value]:
        raise UsageError(
            f"SCT has {model}, so that only its addresses change: leave out {', '.join(useless)}"
        )


def answers_of(options: argparse.Namespace, model: str | None) -> Answers:
    """Return what the user says of the model; ``model`` is its name in SCT if SCT has it."""
    from ..ship.sct.describe import Answers  # noqa: PLC0415

    return Answers(
        options.task,
        model or options.model,
        options.description,
        options.long_description,
        tuple(options.contrasts),
        {"other": "", None: None}.get(options.group, options.group),
        None if options.citation is None else read_file(options.citation, "--citation").decode(),
    )


def read_file(path: Path, option: str) -> bytes:
    """Return a file that an option names; a citation must be text. Raises UsageError."""
    try:
        require_file(path, f"{option} {path}")
        with path.open("rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            raise UsageError(
                f"{option} {path}: over {MAX_TEXT_BYTES >> 20} MiB; is it the right file?"
            )
        if option == "--citation":
            data.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"{option} {path}: {reason}") from error
    return data
