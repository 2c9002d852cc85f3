"""``model-lint publish``: make a release on GitHub, with packages that are linted first."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import parser_of
from ..errors import extra
from ..lint import Options, lint
from ..models.reading import Reading
from ..models.target import Given, load_target
from ..naming.tag import today_in_utc
from ..storage.depth import Depth
from ..storage.new_file import stoppable
from ..terminal import complain, progress_bar
from .reporting import add_for, configured, crashed

if TYPE_CHECKING:
    from ..ship.publish.prepare import Chosen, Lint, Linted, Prepared
    from ..ship.publish.steps import Step
    from ..storage.github import Hub

EXAMPLE = """\
what it does:
  Lints the packages (`check --deep`), creates the tag and a draft release, uploads the packages
  and SHA256SUMS, compares sizes and digests, and publishes last. It may be interrupted and
  repeated at any point: it does what is missing, and changes nothing that is published.

example:
  model-lint publish model_seg_sc_t2_unet3d-r20240915.zip --dry-run
  model-lint publish model_seg_sc_t2_unet3d-r20240915.zip

token:
  GH_TOKEN, GITHUB_TOKEN, or that of `gh auth login`. A classic token needs the scope public_repo
  (repo for a private repository), a fine-grained one Contents: write.

exit status:
  0  the release is published
  1  the linter found errors: they are shown, and nothing was sent
  2  wrong usage, GitHub can't be reached or refuses, or somebody else publishes this tag
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``publish``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "packages",
        metavar="PACKAGE",
        nargs="+",
        type=Path,
        help="a zip, or several, such as one for each fold",
    )
    _add_where(parser)
    add_for(parser)
    parser.add_argument(
        "--notes",
        metavar="FILE",
        type=Path,
        help="Markdown that the notes begin with, in place of the model card's first paragraph",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would be done, and the notes"
    )
    parser.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help="how to describe it on standard output (default: text)",
    )


def _add_where(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("the repository and the commit")
    where.add_argument(
        "--repo",
        metavar="OWNER/NAME",
        help="the repository (default: git's origin of the checkout around the current folder)",
    )
    where.add_argument(
        "--tag",
        metavar="rYYYYMMDD",
        help="the release's tag (default: that in the packages' names)",
    )
    where.add_argument(
        "--target",
        metavar="REF",
        help="the branch, tag or commit that made the model (default: what is checked out, which "
        "must be committed and pushed)",
    )
    where.add_argument(
        "--create",
        action="store_true",
        help="create the repository if it is missing: public, with description, homepage and "
        "topics from the model card, and push the checkout",
    )


def run(options: argparse.Namespace) -> int:
    """Lint, publish and report; return the exit status."""
    with extra("what publishes"):
        from ..ship.publish import prepare  # noqa: PLC0415 - its packages are an extra
        from ..storage.github import connect  # noqa: PLC0415 - as above
    hub = connect()
    request = prepare.Request(
        tuple(options.packages),
        options.repo,
        options.tag,
        options.target,
        options.create,
        options.notes,
        Path.cwd(),
        today_in_utc(),
    )
    linting = _lint(configured(options))
    chosen = prepare.choose(request, hub, linting)
    if chosen.refused:
        return _refuse(chosen, options.format)
    with stoppable():
        prepared = prepare.prepare(request, chosen, hub, linting.parse, progress_bar)
        return _publish(chosen, prepared, hub, options)


def _lint(judging: Options) -> Lint:
    """Return what lints packages, and the checkout that is to be pushed."""
    from ..ship.publish.prepare import Lint, Linted  # noqa: PLC0415

    parse = parser_of(judging.config)

    def judge(path: str, name: str) -> Linted:
        target = load_target(path, Given(name, parse, Reading(Depth.ALL)))
        return Linted(target, lint(target, judging))

    return Lint(judge, parse)


def _refuse(chosen: Chosen, form: str) -> int:
    """Show the errors of the linter; return the exit status."""
    from ..ship.publish import report  # noqa: PLC0415

    text = report.findings(chosen) if form == "text" else report.as_json(chosen, None, (), None)
    sys.stdout.write(text)
    complain(f"{chosen.repository} {chosen.tag} was not published: see the errors above")
    return 2 if crashed(f for one in chosen.linted for f in one.report.findings) else 1


def _publish(chosen: Chosen, prepared: Prepared, hub: Hub, options: argparse.Namespace) -> int:
    """Do what is missing, or show it."""
    from ..ship.publish import report  # noqa: PLC0415
    from ..ship.publish.carry_out import Doing, carry_out  # noqa: PLC0415
    from ..ship.publish.plan import plan  # noqa: PLC0415
    from ..ship.publish.steps import CreateDraft, Publish, WriteNotes  # noqa: PLC0415

    text = options.format == "text"
    if text:
        sys.stdout.write(report.findings(chosen))
    if options.dry_run:
        steps = plan(prepared.wanted, prepared.run.first, prepared.run)
        needed = any(isinstance(step, CreateDraft | WriteNotes) for step in steps)
        notes = prepared.destination.notes if needed else None
        shown = report.dry(prepared, steps, notes) if text else ""
        sys.stdout.write(shown or report.as_json(chosen, prepared, steps, None))
        return 0
    taken: list[Step] = []

    def tell(step: Step) -> None:
        taken.append(step)
        if text:
            print(step.text, flush=True)

    state = carry_out(
        prepared.wanted, prepared.run, Doing(prepared.destination, hub, tell, time.sleep)
    )
    done = any(isinstance(step, Publish) for step in taken)
    shown = report.done(prepared, state, by_this_run=done) if text else ""
    sys.stdout.write(shown or report.as_json(chosen, prepared, tuple(taken), state))
    return 0
