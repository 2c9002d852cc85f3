"""What commands that lint share: which rules run, which reports are written, the exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..config import Config, find_config, load_config
from ..errors import NothingToLint, UsageError
from ..findings import INTERNAL, Consumer, Finding, Report, Severity
from ..lint import Options, check_ignores, load_baseline, only_deep, select_rules
from ..rules import all_rules
from ..storage.new_file import folder_beside, put_in_place
from ..terminal import complain, text_width, use_color


class Render(Protocol):
    """Makes a report in a format."""

    def __call__(self, form: str, *, color: bool, width: int | None) -> str:
        """``color`` and ``width`` are for text; None is the usual width."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose rules."""
    choose = parser.add_argument_group("choosing rules (a code, the start of codes, or a name)")
    for option, text in {
        "--select": "run only these rules",
        "--extend-select": "run these rules too",
        "--ignore": "do not run these rules",
    }.items():
        choose.add_argument(
            option, metavar="RULE", action="extend", type=_words, default=[], help=text
        )


def add_for(parser: argparse.ArgumentParser) -> None:
    """Add ``--for``, stored as ``consumers``; empty if it is not given."""
    parser.add_argument(
        "--for",
        dest="consumers",
        metavar="CONSUMER",
        action="extend",
        type=_consumers,
        default=[],
        help="whom packages are for: sct, nnunet, slicer, or several with commas; a problem that "
        "stops one of them is an error (default: the configuration's `for`, else sct,nnunet)",
    )


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add the options for reports, in these formats, and for the exit status."""
    parser.add_argument(
        "--fail-on",
        choices=[severity.value for severity in Severity],
        help="exit with 1 for findings of this severity or worse (default: error)",
    )
    parser.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 even if there are findings"
    )
    add_formats(parser, formats)


def add_formats(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add the options for reports, in these formats."""
    parser.add_argument(
        "--format",
        dest="outputs",
        metavar="FORMAT",
        action=_AddFormat,
        formats=formats,
        default=[],
        help=f"{', '.join(formats)} (default: text); repeatable, each with its own --output",
    )
    parser.add_argument(
        "--output",
        dest="outputs",
        metavar="FILE",
        action=_AddFile,
        default=[],
        help="write the format named before it to a file",
    )


def add_known(parser: argparse.ArgumentParser) -> None:
    """Add the options for what is known of targets: the configuration, and a baseline."""
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


def add_color(parser: argparse.ArgumentParser) -> None:
    """Add the option for colours."""
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="colour of text output (default: auto, which follows NO_COLOR and FORCE_COLOR)",
    )


class Chosen(NamedTuple):
    """What the command line and the configuration choose."""

    config: Config
    options: Options
    #: Findings of this severity or worse fail.
    limit: Severity


def choose(options: argparse.Namespace, *, deep: bool = False) -> Chosen:
    """Read the configuration and the baseline, and choose the rules. Raises UsageError."""
    config = load_config(find_config(Path.cwd()) if options.config is None else options.config)
    rules = all_rules()
    chosen = select_rules(
        rules,
        select=options.select or config.select,
        extend_select=[*config.extend_select, *options.extend_select],
        ignore=options.ignore,
    )
    skipped = [] if deep else only_deep(rules, options.select + options.extend_select)
    if skipped:
        advice = "add it" if hasattr(options, "deep") else "`model-lint check` has it"
        complain(f"{' and '.join(skipped)}: checked only with --deep; {advice}")
    baseline = config.baseline if options.baseline is None else options.baseline
    known = load_baseline(baseline) if baseline else frozenset()
    check_ignores(config)
    consumers = tuple(options.consumers) or config.consumers
    limit = Severity(options.fail_on) if options.fail_on else config.fail_on
    return Chosen(config, Options(chosen, config, known, consumers), limit)


def configured(options: argparse.Namespace) -> Options:
    """Return the choice of the configuration, for packages that are made here. Raises UsageError.

    What ``ignore`` names is still found, and silenced with its reason.
    """
    config = load_config(find_config(Path.cwd()))
    rules = select_rules(all_rules(), select=config.select, extend_select=config.extend_select)
    return Options(rules, config, consumers=tuple(options.consumers) or config.consumers)


def write_reports(options: argparse.Namespace, render: Render) -> None:
    """Write every report that was asked for, text to standard output by default."""
    for form, file in options.outputs or [("text", None)]:
        color = file is None and use_color(options.color)
        width = text_width() if file is None else None
        _write(render(form, color=color, width=width), file)


def exit_status(
    report: Report, failures: Iterable[UsageError], limit: Severity, *, exit_zero: bool
) -> int:
    """Return the exit status of a run.

    Args:
        report: all that is reported.
        failures: why targets could not be read.
        limit: findings of this severity or worse fail.
        exit_zero: whether findings do not fail.
    """
    if any(not isinstance(error, NothingToLint) for error in failures):
        return 2
    if crashed(report.findings):
        return 2
    if not report.targets:
        return 3
    failed = any(finding.severity.rank <= limit.rank for finding in report.findings)
    return int(failed and not exit_zero)


def crashed(findings: Iterable[Finding]) -> bool:
    """Return whether a rule crashed, so that the verdict is unknown."""
    return any(finding.code == INTERNAL for finding in findings)


def number(text: str) -> int:
    """Return the whole number that an argument names."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


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
        put_in_place(temporary, path, replace=True)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _consumers(text: str) -> list[Consumer]:
    known = {consumer.value: consumer for consumer in Consumer}
    words = [word.strip() for word in text.split(",")]
    if unknown := [word for word in words if word not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: choose from {', '.join(known)}")
    return [known[word] for word in words]


class _AddFormat(argparse.Action):
    """Add an output, to standard output unless an ``--output`` follows."""

    def __init__(self, *arguments: Any, formats: Sequence[str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._formats = formats

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if values not in self._formats:
            parser.error(f"{option_string} {values}: choose one of {', '.join(self._formats)}")
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
