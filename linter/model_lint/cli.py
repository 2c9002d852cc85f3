"""The command line: runs the command, and ends every failure with one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from . import __version__
from .errors import Stopped, UsageError, defect
from .terminal import complain, text_width

ERROR = 2
#: What shells add to the number of the signal that ended a program.
SIGNALLED = 128

EPILOG = """\
exit status:
  0  clean (or only findings below --fail-on)
  1  findings at or above --fail-on
  2  wrong usage, an unreadable target, or a defect of model-lint
  3  nothing was linted
"""


#: Command: its one-line help and the module with its ``add_arguments`` and ``run``.
COMMANDS = {
    "check": ("lint zips, trainer folders and repositories", "commands.check"),
    "name": ("parse, explain and compose repository names", "commands.name"),
    "rule": ("explain rules", "commands.rule"),
    "pack": ("build the release zip from an nnU-Net results folder", "commands.pack"),
    "adopt": ("make a package that lints clean of an old one", "commands.adopt"),
    "try": ("load a package in nnU-Net and segment an image", "commands.trial"),
    "publish": ("create the GitHub release and upload packages", "commands.publish"),
    "withdraw": ("make a release a draft again, and say why", "commands.withdraw"),
    "sct": ("write the integration of a model into SCT, or compare it", "commands.sct"),
    "audit": ("lint every model repository and release of an owner", "commands.audit"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; no traceback reaches the user."""
    words = sys.argv[1:] if argv is None else list(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name that the terminal's encoding can't represent must not end the run.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser(words).parse_args(words)
        status: int = _module(options.command).run(options)
        sys.stdout.flush()
    except UsageError as error:
        complain(str(error))
        return ERROR
    except (KeyboardInterrupt, Stopped) as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        complain(f"stopped ({signal.Signals(number).name})")
        return SIGNALLED + number
    except BrokenPipeError:
        # The reader of a pipe (`| head`) is gone: print nothing more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except OSError as error:
        # Targets and reports have their own messages: this is standard output on a full disk.
        complain(f"{error.filename or 'reading or writing failed'}: {error.strerror or error}")
        return ERROR
    except Exception as error:
        if os.environ.get("MODEL_LINT_TRACEBACK"):
            raise
        complain(defect(error))
        return ERROR
    return status


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, which ends with how to get help."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Report unknown arguments as errors of the command, not of the program."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown argument {unknown[0]}{self._hint(unknown[0])}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        complain(f"{message}; `{self.prog} --help` says more")
        raise SystemExit(ERROR)

    def _hint(self, word: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word pays for it

        if not word.startswith("-"):
            several = any(a.nargs in {"*", "+"} for a in self._get_positional_actions())
            return " (give it before the options)" if several else ""
        near = get_close_matches(word.partition("=")[0], self._option_string_actions, 1)
        return f" (did you mean {near[0]}?)" if near else ""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as all other output."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=text_width())


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="model-lint",
        description="Lint, pack, try and publish nnU-Net models for the Spinal Cord Toolbox (SCT).",
        epilog=EPILOG,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"model-lint {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    chosen = next((word for word in words if word in COMMANDS), None)
    # If the command comes first, nothing looks at the others, and each takes 0.1 milliseconds.
    for name in [chosen] if chosen and chosen == words[0] else COMMANDS:
        summary, _ = COMMANDS[name]
        command = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=EPILOG,
            formatter_class=_HelpFormatter,
            allow_abbrev=False,
        )
        if name == chosen:  # `model-lint name` must not pay for importing all of `check`
            _module(name).add_arguments(command)
    return parser


def _module(command: str) -> Any:
    return importlib.import_module(f"{__package__}.{COMMANDS[command][1]}")
