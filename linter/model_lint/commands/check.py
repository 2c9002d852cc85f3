"""``model-lint check``: lint targets and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import naming
from ..config import find_config, load_config, vocabulary_of
from ..errors import NothingToLint, UsageError
from ..findings import INTERNAL, Report, Severity, TargetReport
from ..lint import (
    Options,
    check_ignores,
    lint,
    load_baseline,
    only_deep,
    select_rules,
    unused_ignores,
)
from ..models.reading import Reading
from ..models.target import Given, Target, is_remote, load_targets
from ..report import FORMATS, render
from ..rules import all_rules
from ..storage.depth import Depth
from ..storage.new_file import folder_beside, publish
from ..terminal import complain, text_width, use_color
from .audience import add_for

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
    _add_choice(parser)
    add_for(parser)
    _add_output(parser)
    _add_reading(parser)
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="colour of text output (default: auto, which follows NO_COLOR and FORCE_COLOR)",
    )
    _add_repairs(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    choose = parser.add_argument_group("choosing rules (a code, the start of codes, or a name)")
    for option, text in {
        "--select": "run only these rules",
        "--extend-select": "run these rules too",
        "--ignore": "do not run these rules",
    }.items():
        choose.add_argument(
            option, metavar="RULE", action="extend", type=_words, default=[], help=text
        )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-on",
        choices=[severity.value for severity in Severity],
        help="exit with 1 for findings of this severity or worse (default: error)",
    )
    parser.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 even if there are findings"
    )
    parser.add_argument(
        "--format",
        dest="outputs",
        metavar="FORMAT",
        action=_AddFormat,
        default=[],
        help=f"{', '.join(FORMATS)} (default: text); repeatable, each with its own --output",
    )
    parser.add_argument(
        "--output",
        dest="outputs",
        metavar="FILE",
        action=_AddFile,
        default=[],
        help="write the format named before it to a file",
    )


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
        type=_jobs,
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
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (default: model-lint.toml or [tool.model-lint] in pyproject.toml, "
        "in the current folder or above it)",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="a report of --format json, whose findings are not reported again",
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
    config = load_config(find_config(Path.cwd()) if options.config is None else options.config)
    rules = all_rules()
    chosen = select_rules(
        rules,
        select=options.select or config.select,
        extend_select=[*config.extend_select, *options.extend_select],
        ignore=options.ignore,
    )
    skipped = [] if options.deep else only_deep(rules, options.select + options.extend_select)
    if skipped:
        complain(f"{' and '.join(skipped)}: checked only with --deep; add it")
    baseline = config.baseline if options.baseline is None else options.baseline
    known = load_baseline(baseline) if baseline else frozenset()
    check_ignores(config)
    given = Given(
        options.name or config.name,
        partial(naming.parse, vocabulary=vocabulary_of(config)),
        Reading(_depth(options), options.jobs),
    )
    read = partial(load_targets, given=given, offline=options.offline)
    consumers = tuple(options.consumers) or config.consumers
    linter = _Linter(read, Options(chosen, config, known, consumers), _fixing(options))
    results: list[_Result] = []
    failures: list[UsageError] = []
    for text in _targets(options.targets):
        try:
            results += linter.lint(text)
        except UsageError as error:  # noqa: PERF203 - the others are linted all the same
            failures.append(error)
            complain(str(error))
    if options.diff:
        repairable = any(result.repairable for result in results)
        return 2 if failures else int(repairable and not options.exit_zero)
    reports = tuple(result.report for result in results)
    report = Report(reports, unused_ignores(config, reports))
    for form, file in options.outputs or [("text", None)]:
        color = file is None and use_color(options.color)
        width = text_width() if file is None else None
        _write(render(report, form, color=color, width=width), file)
    limit = Severity(options.fail_on) if options.fail_on else config.fail_on
    return _status(report, failures, limit, exit_zero=options.exit_zero)


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
            raise UsageError(f"{text}: only a file is repaired; download it, and repair that")
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


def _status(report: Report, failures: list[UsageError], limit: Severity, *, exit_zero: bool) -> int:
    if any(not isinstance(error, NothingToLint) for error in failures):
        return 2
    if any(finding.code == INTERNAL for finding in report.findings):
        return 2
    if not report.targets:
        return 3
    failed = any(finding.severity.rank <= limit.rank for finding in report.findings)
    return int(failed and not exit_zero)


def _targets(words: list[str]) -> Iterator[str]:
    for word in words:
        if word != "-":
            yield word
            continue
        yield from filter(None, (line.strip() for line in sys.stdin))


def _write(text: str, file: str | None) -> None:
    """Write a report to standard output, or to a file that is never left half-written."""
    if file is None:
        sys.stdout.write(text)
        return
    try:
        _write_file(text, Path(file))
    except OSError as error:
        raise UsageError(f"can't write {file}: {error.strerror or error}") from error


def _write_file(text: str, path: Path) -> None:
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")  # a pipe or a device must not be replaced
        return
    path = path.resolve()  # the file that a link leads to: the link must not be replaced
    with folder_beside(path) as folder:
        temporary = folder / path.name
        temporary.write_text(text, encoding="utf-8")
        publish(temporary, path, replace=True)


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


class _AddFormat(argparse.Action):
    """Add an output, to standard output unless an ``--output`` follows."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if values not in FORMATS:
            parser.error(f"{option_string} {values}: choose one of {', '.join(FORMATS)}")
        namespace.outputs = [*namespace.outputs, (values, None)]


class _AddFile(argparse.Action):
    """Send the last format to a file; text if there is none."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        *before, (form, file) = namespace.outputs or [("text", None)]
        if file is not None:
            parser.error(f"{option_string} {values}: name a --format before each --output")
        if any(values == other for _, other in before):
            parser.error(f"{option_string} {values}: two formats can't share a file")
        namespace.outputs = [*before, (form, str(values))]
