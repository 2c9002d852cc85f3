"""``model-lint sct``: write the integration of a model into the Spinal Cord Toolbox."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import parser_of
from ..errors import UsageError, extra
from ..findings import Consumer, Report, Severity, TargetReport
from ..lint import Options, lint
from ..models.target import Given
from ..report import render
from ..terminal import complain, progress_bar
from .reporting import configured, crashed, exit_status, write_reports
from .sct_options import add_arguments, answers_of, read_file, require_sense, require_unanswered

if TYPE_CHECKING:
    from ..ship.sct.describe import Described
    from ..ship.sct.gather import Subject
    from ..ship.sct.wanted import Wanted

__all__ = ["add_arguments", "run"]


def run(options: argparse.Namespace) -> int:
    """Gather, lint, and write or compare; return the exit status."""
    require_sense(options)
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


def _describe(
    subject: Subject, judging: Options, options: argparse.Namespace, model: str | None = None
) -> Described:
    from ..ship.sct.describe import describe  # noqa: PLC0415

    return describe(subject, answers_of(options, model), parser_of(judging.config))


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
        return gallery_figure(read_file(options.figure, "--figure"), str(options.figure))
    for path in pictures(subject.text("README.md")):
        data = subject.read(os.path.normpath(path).replace(os.sep, "/"))
        with suppress(UsageError):  # a logo, or a format that can't be converted here
            if data:
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
    if not made.is_new:
        require_unanswered(described.wanted.model, options)
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
    known = read_known(Source(str(models), read_file(models, "--into")))
    tests = None if is_file or not test.is_file() else Source(str(test), read_file(test, "--into"))
    model = find_model(known, options.model, subject.repository, web)
    wanted = _describe(subject, judging, options, model).wanted
    place = compare.Place(str(path), str(models), str(test))
    report = Report((compare.compare(known, tests, wanted, place),))
    _print(report, options)
    return exit_status(report, (), Severity(options.fail_on), exit_zero=False)
