"""``model-lint check``: lint targets and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..config import parser_of
from ..errors import UsageError, contained
from ..findings import Report, TargetReport
from ..lint import Options, lint, unused_ignores
from ..models.reading import Reading
from ..models.target import Given, Target, is_remote, load_targets
from ..report import FORMATS, render
from ..storage.depth import Depth
from ..terminal import complain, progress_bar
from ..wording import without_password
from .reporting import (
    add_choice,
    add_color,
    add_for,
    add_known,
    add_output,
    choose,
    exit_status,
    number,
    write_reports,
)

if TYPE_CHECKING:
    from .fix_options import Fixing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``check``."""
    parser.add_argument(
        "targets",
        metavar="TARGET",
        nargs="*",
        default=["."],
        help="a model zip or the address of one, a trainer folder, a folder that contains one, a "
        "checkout of a model repository, OWNER/REPO for its latest release on GitHub, "
        "OWNER/REPO@TAG for another one, or - for a list on standard input (default: the current "
        "folder)",
    )
    add_choice(parser)
    add_for(parser)
    add_output(parser, FORMATS)
    _add_reading(parser)
    add_known(parser)
    add_color(parser)
    _add_repairs(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument(
        "--quick",
        action="store_true",
        help="don't unpack checkpoints to their ends: their safety is not judged (C016)",
    )
    depth.add_argument(
        "--deep",
        action="store_true",
        help="read every byte of packages: checksums (Z010) and numbers of the weights (C013)",
    )
    parser.add_argument(
        "--jobs",
        type=number,
        metavar="N",
        help="threads that read checkpoints, and with --deep everything (default: one more "
        "than processors, at most 4)",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not use the network: targets on GitHub or elsewhere on the web are refused",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="the model repository's name, if it can't be derived from the target",
    )


def _add_repairs(parser: argparse.ArgumentParser) -> None:
    repairing = parser.add_argument_group(
        "repairing zips (`model-lint rule CODE` shows what can be repaired)"
    )
    repairing.add_argument(
        "--fix", action="store_true", help="write a repaired copy, NAME.fixed.zip, and lint that"
    )
    repairing.add_argument(
        "--diff",
        action="store_true",
        help="only show what --fix would do, and exit with 1 if there is something to repair",
    )
    repairing.add_argument(
        "--fix-output",
        metavar="PATH",
        help="the zip to write, or a folder for it, in which it keeps its name",
    )
    repairing.add_argument(
        "--in-place", action="store_true", help="replace the zip by its repaired copy"
    )


def run(options: argparse.Namespace) -> int:
    """Lint every target, write the reports, and return the exit status."""
    config, choice, limit = choose(options, deep=options.deep)
    given = Given(
        options.name or config.name,
        parser_of(config),
        Reading(_depth(options), options.jobs),
        progress_bar,
    )
    read = partial(load_targets, given=given, offline=options.offline)
    linter = _Linter(read, choice, _fixing(options))
    results: list[_Result] = []
    failures: list[UsageError] = []
    for text in _targets(options.targets):
        try:
            with contained(f"{without_password(text)}: "):
                results += linter.lint(text)
        except UsageError as error:  # noqa: PERF203 - the others are still linted
            failures.append(error)
            complain(str(error))
    if options.diff:
        repairable = any(result.repairable for result in results)
        return 2 if failures else int(repairable and not options.exit_zero)
    reports = tuple(result.report for result in results)
    report = Report(reports, unused_ignores(config, reports))
    write_reports(options, partial(render, report))
    return exit_status(report, failures, limit, exit_zero=options.exit_zero)


def _depth(options: argparse.Namespace) -> Depth:
    if options.quick:
        return Depth.START
    return Depth.ALL if options.deep else Depth.END


class _Result(NamedTuple):
    """The result of one target."""

    report: TargetReport
    repairable: bool = False


class _Linter(NamedTuple):
    """Lints each target of a run, and repairs it if asked to."""

    read: Callable[[str], tuple[Target, ...]]
    options: Options
    fixing: Fixing | None

    def lint(self, text: str) -> list[_Result]:
        """Read what an argument names, repair it if asked to, and lint it. Raises UsageError."""
        if self.fixing and is_remote(text):
            shown = without_password(text)
            raise UsageError(f"{shown}: only a file is repaired; download it, and repair that")
        return [self._lint(target) for target in self.read(text)]

    def _lint(self, target: Target) -> _Result:
        report = lint(target, self.options)
        if self.fixing is None:
            return _Result(report)
        repaired = self.fixing.repair(target, self._reported(report), self._load)
        if repaired.target is not target:
            report = lint(repaired.target, self.options)
        return _Result(report, bool(repaired.actions))

    def _load(self, path: Path) -> Target:
        return self.read(str(path))[0]

    def _reported(self, report: TargetReport) -> set[str]:
        """Return the codes of the rules, without those whose findings are all silenced."""
        silenced = {i.finding.code for i in report.ignored} - {f.code for f in report.findings}
        return {rule.code for rule in self.options.rules} - silenced


def _fixing(options: argparse.Namespace) -> Fixing | None:
    """Return what to repair, or None; the modules that repair are imported only if needed."""
    if not (options.fix or options.diff or options.fix_output or options.in_place):
        return None
    from .fix_options import fixing  # noqa: PLC0415

    return fixing(options)


def _targets(words: list[str]) -> Iterator[str]:
    for word in words:
        if word != "-":
            yield word
            continue
        yield from filter(None, (line.strip() for line in sys.stdin))
