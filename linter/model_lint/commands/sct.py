"""``model-lint sct``: write the integration of a model into the Spinal Cord Toolbox."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import parser_of
from ..errors import UsageError, extra
from ..findings import Consumer, Report, Severity, TargetReport
from ..lint import Options, lint
from ..models.target import Given
from ..report import FORMATS, render
from ..terminal import complain, progress_bar
from .reporting import add_color, configured, crashed, exit_status, write_reports

if TYPE_CHECKING:
    from ..ship.sct.describe import Answers, Described
    from ..ship.sct.gather import Subject
    from ..ship.sct.wanted import Wanted

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


def run(options: argparse.Namespace) -> int:
    """Gather, lint, and write or compare; return the exit status."""
    _require_sense(options)
    options.consumers = [Consumer.SCT]
    judging = configured(options)
    with extra("what writes the integration"):
        from ..ship.sct import gather  # noqa: PLC0415 - its packages are an extra
        from ..storage.github import connect  # noqa: PLC0415 - as above
    hub = connect()
    given = Given(None, parser_of(judging.config), watch=progress_bar)
    request = gather.Request(tuple(options.packages), options.repo, options.tag, Path.cwd())
    subject = gather.gather(request, given, hub)
    # The name of the repository is not what SCT installs: packages alone are judged.
    reports = tuple(lint(one.target._replace(name=None), judging) for one in subject.zips)
    if _errors(reports):
        return _refuse(subject, reports, options)
    gather.require_one_model(subject)
    if options.check:
        return _check(subject, judging, options, hub.web)
    if options.into:
        return _commit(subject, judging, options, hub.web)
    return _write(subject, judging, options)


def _require_sense(options: argparse.Namespace) -> None:
    """Raise UsageError for options that don't go together."""
    if options.check and not options.into:
        raise UsageError("--check compares with SCT: give --into CHECKOUT, or a file models.py")
    if options.check and (options.output or options.dry_run):
        raise UsageError("--check writes nothing: leave out --output and --dry-run")
    alone = {"--branch": options.branch, "--base": options.base, "--dry-run": options.dry_run}
    for option, value in alone.items():
        if value and not options.into:
            raise UsageError(f"{option}: only with --into CHECKOUT")


def _errors(reports: tuple[TargetReport, ...]) -> bool:
    return any(f.severity is Severity.ERROR for report in reports for f in report.findings)


def _refuse(
    subject: Subject, reports: tuple[TargetReport, ...], options: argparse.Namespace
) -> int:
    """Show the errors of the linter; return the exit status."""
    _print(Report(reports), options)
    complain(f"{subject.repository} {subject.tag} is not for SCT yet: see the errors above")
    return 2 if crashed(f for report in reports for f in report.findings) else 1


def _print(report: Report, options: argparse.Namespace) -> None:
    options.outputs = [(options.format, None)]
    write_reports(options, partial(render, report))


def _answers(options: argparse.Namespace, model: str | None) -> Answers:
    from ..ship.sct.describe import Answers  # noqa: PLC0415

    return Answers(
        options.task,
        model or options.model,
        options.description,
        options.long_description,
        tuple(options.contrasts),
        {"other": "", None: None}.get(options.group, options.group),
        None if options.citation is None else _read(options.citation, "--citation").decode(),
    )


def _read(path: Path, option: str) -> bytes:
    try:
        data = path.read_bytes()
        if option == "--citation":
            data.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"{option} {path}: {reason}") from error
    return data


def _describe(
    subject: Subject, judging: Options, options: argparse.Namespace, model: str | None = None
) -> Described:
    from ..ship.sct.describe import describe  # noqa: PLC0415

    return describe(subject, _answers(options, model), parser_of(judging.config))


# ------------------------------------------------------------------------------------- writing


def _write(subject: Subject, judging: Options, options: argparse.Namespace) -> int:
    """Print the pieces, or write them to files."""
    from ..ship.sct import report  # noqa: PLC0415

    described = _describe(subject, judging, options)
    described.require_complete()
    wanted = described.wanted
    found = report.pieces(wanted)
    notes = _write_files(subject, wanted, options)
    sys.stdout.write(report.as_text(found, notes))
    return 0


def _write_files(subject: Subject, wanted: Wanted, options: argparse.Namespace) -> list[str]:
    """Write the pieces and the figure, if a folder is given; return what is left to do."""
    from ..ship.sct import report  # noqa: PLC0415

    figure = _figure(subject, options)
    if options.output:
        named = (f"{wanted.task}.png", figure) if figure else None
        report.write(options.output, report.pieces(wanted), named)
    return report.figure_notes(wanted, has_figure=figure is not None, folder=options.output)


def _figure(subject: Subject, options: argparse.Namespace) -> bytes | None:
    """Return the figure that is given, or the first of the README; None if there is none."""
    from ..ship.sct.card import pictures  # noqa: PLC0415
    from ..ship.sct.figure import gallery_figure  # noqa: PLC0415

    if options.figure:
        return gallery_figure(_read(options.figure, "--figure"), str(options.figure))
    for path in pictures(subject.text("README.md")):
        if data := subject.read(os.path.normpath(path).replace(os.sep, "/")):
            return gallery_figure(data, path)
    return None


def _commit(subject: Subject, judging: Options, options: argparse.Namespace, web: str) -> int:
    """Commit the integration on a new branch, or show it."""
    from ..ship.sct import branch, plan, report  # noqa: PLC0415
    from ..ship.sct.existing import find_model  # noqa: PLC0415

    checkout = branch.open_checkout(options.into)
    base = branch.choose_base(checkout, options.base)
    read = partial(branch.read_file, checkout, base)
    known = plan.read_models(read, str(options.into))
    model = find_model(known, options.model, subject.repository, web)
    described = _describe(subject, judging, options, model)
    made = plan.make_plan(read, known, described, web)
    if not made.files:
        print(f"nothing to do: SCT has {described.wanted.model} as it is in {subject.tag}")
        return 0
    if options.dry_run:
        sys.stdout.write(report.difference(made))
        return 0
    if made.is_new:
        notes = _write_files(subject, described.wanted, options)
        made = made._replace(by_hand=(*made.by_hand, *notes))
    done = branch.commit_plan(checkout, base, made, options.branch or made.branch)
    sys.stdout.write(report.committed(made, done, base))
    return 0


# ----------------------------------------------------------------------------------- comparing


def _check(subject: Subject, judging: Options, options: argparse.Namespace, web: str) -> int:
    """Compare SCT's entry with the packages; return the exit status."""
    from ..ship.sct import compare, plan  # noqa: PLC0415
    from ..ship.sct.existing import find_model, read_known  # noqa: PLC0415
    from ..ship.sct.source import Source  # noqa: PLC0415

    path: Path = options.into
    is_file = path.is_file()
    models = path if is_file else path / plan.SOURCE
    if not models.is_file():
        raise UsageError(f"--into {path}: no {plan.SOURCE}; is it a checkout of SCT?")
    test = path / plan.TEST
    known = read_known(Source(str(models), _read(models, "--into")))
    tests = None if is_file or not test.is_file() else Source(str(test), _read(test, "--into"))
    model = find_model(known, options.model, subject.repository, web)
    wanted = _describe(subject, judging, options, model).wanted
    place = compare.Place(str(path), str(models), str(test))
    report = Report((compare.compare(known, tests, wanted, place),))
    _print(report, options)
    return exit_status(report, (), Severity(options.fail_on), exit_zero=False)
