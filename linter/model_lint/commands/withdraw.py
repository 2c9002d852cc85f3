"""``model-lint withdraw``: make a release a draft again, and say why."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ..errors import UsageError, extra
from ..storage.github_place import Place, read_place, web_of

#: Characters of the reason that are read; `check` writes less, and a comment holds far less.
_LONGEST = 1_000_000

EXAMPLE = """\
what it does:
  Makes the release a draft, which only those who may push see; its tag, text and files stay as
  they are, but their addresses stop working. Then it comments on the commit of the tag. The same
  reason is given once, however often it runs.

example:
  model-lint check ivadomed/model_seg_sc_t2@r20240915 --format markdown --output reason.md
  model-lint withdraw ivadomed/model_seg_sc_t2@r20240915 --reason reason.md

token:
  GH_TOKEN, GITHUB_TOKEN, or that of `gh auth login`. A classic token needs the scope public_repo
  (repo for a private repository), a fine-grained one Contents: write.

exit status:
  0  the release is a draft, and a comment says why
  2  wrong usage, GitHub can't be reached or refuses, or the release is immutable
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``withdraw``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "release", metavar="OWNER/REPO@TAG", help="the release, or the address of its page"
    )
    parser.add_argument(
        "--reason",
        metavar="FILE",
        type=Path,
        required=True,
        help="why, as Markdown: what `check --format markdown` writes",
    )
    parser.add_argument(
        "--details", metavar="URL", default="", help="an address for the comment to link to"
    )


def run(options: argparse.Namespace) -> int:
    """Withdraw the release and return the exit status."""
    place = read_place(options.release, web_of(os.environ))
    if place is None or not place.tag or place.asset:
        raise UsageError(f"{options.release}: name a release, as OWNER/REPO@TAG")
    reason = _read(options.reason)
    with extra("what withdraws"):
        from ..ship.withdraw import Withdrawal, withdraw  # noqa: PLC0415 - needs the extra
        from ..storage.github import connect  # noqa: PLC0415 - as above
    done = withdraw(connect(), Withdrawal(place.full_name, place.tag, reason, options.details))
    print(_told(place, was_published=done.was_published, comment=done.comment))
    return 0


def _told(place: Place, *, was_published: bool, comment: str) -> str:
    state = "is a draft again" if was_published else "was a draft already"
    said = f"see {comment}" if comment else "the reason was given before"
    return f"{place.full_name}@{place.tag} {state}; {said}"


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
