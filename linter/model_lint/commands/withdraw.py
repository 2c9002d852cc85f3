"""``model-lint withdraw``: make a release a draft again, and say why."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError
from ..models.target import ON_GITHUB

#: Characters of the reason that are read; `check` writes less, and a comment holds far less.
_LONGEST = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``withdraw``."""
    parser.add_argument(
        "release", metavar="OWNER/REPO@TAG", help="the release; its files and its tag stay"
    )
    parser.add_argument(
        "--reason",
        metavar="FILE",
        type=Path,
        required=True,
        help="why, as Markdown: what `check --format markdown` writes; it becomes a comment on the "
        "commit of the tag, once",
    )
    parser.add_argument(
        "--details", metavar="URL", default="", help="an address for the comment to link to"
    )


def run(options: argparse.Namespace) -> int:
    """Withdraw the release and return the exit status."""
    found = ON_GITHUB.fullmatch(options.release)
    if not found or not found[3]:
        raise UsageError(f"{options.release}: name a release, as OWNER/REPO@TAG")
    reason = _read(options.reason)
    try:
        from ..ship.withdraw import Withdrawal, withdraw  # noqa: PLC0415 - needs the extra
        from ..storage.github import connect  # noqa: PLC0415
    except ModuleNotFoundError as error:
        advice = '`pip install "model-lint[github]"` adds what it needs'
        raise UsageError(f"withdraw: {advice} ({error.name} is missing)") from error
    wanted = Withdrawal(f"{found[1]}/{found[2]}", found[3], reason, options.details)
    done = withdraw(connect(), wanted)
    state = "is a draft again" if done.was_published else "was a draft already"
    said = f"see {done.comment}" if done.comment else "the reason was given before"
    print(f"{wanted.text} {state}; {said}")
    return 0


def _read(path: Path) -> str:
    """Return the reason. Raises UsageError."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            reason = file.read(_LONGEST)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror or error}") from error
    if not reason.strip():
        raise UsageError(f"{path}: empty; it must say why the release is withdrawn")
    return reason
