"""``model-lint pack``: build the release zip from an nnU-Net results folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import naming
from ..config import parser_of
from ..errors import UsageError
from ..findings import Finding, TargetReport
from ..lint import Options, lint, select_rules
from ..models.package import Package
from ..models.reading import Reading
from ..models.target import Given, load_target
from ..ship.contents import Progress
from ..ship.gather import PackRequest
from ..ship.pack import Packed, pack, pack_folds
from ..ship.pack_report import as_json, as_text
from ..ship.pinned import PINNING, pinned_nnunet
from ..ship.results_folder import trainer_folder
from ..ship.training_notes import pack_notes
from ..storage.depth import Depth
from ..storage.new_file import folder_beside, put_in_place, stoppable
from ..terminal import complain, show_passing
from .pack_options import EXAMPLE, add_arguments, repositories, request_of, tag_of, target_of
from .reporting import configured, crashed

__all__ = ["EXAMPLE", "add_arguments", "run"]

#: Rules about what `pack` leaves out of checkpoints: only the results folder shows it.
_ABOUT_SOURCE = ("C006", "C012")
_PLAIN_LINES = str.maketrans({"├": "|", "└": "`", "─": "-", "│": "|"})


def run(options: argparse.Namespace) -> int:
    """Build, lint and report; return the exit status."""
    judging = configured(options)
    parse = parser_of(judging.config)
    folder = trainer_folder(options.folder)  # report a missing model before anything else
    tag = tag_of(options.tag)
    target, name = target_of(options, judging.config, tag, parse)
    ignored = judging.config.ignore
    for_github = any(r.code == "L026" for r in select_rules(judging.rules, ignore=ignored))
    request = request_of(options, for_github=for_github)
    _require_free(options.notes, force=options.force)

    def judge(package: Path) -> TargetReport:
        loaded = load_target(str(package), Given(name, parse, Reading(Depth.ALL)))
        report = lint(loaded.shown_as(str(target.with_name(package.name))), judging)
        return _with(report, next(source, ()))

    with stoppable(), shown_progress() as progress:
        # Shown once, with the first package.
        source = iter([_about_source(folder, request, judging, parse)])
        write = pack_folds if options.split_folds else _pack_one
        packages = write(request, target, lint=judge, force=options.force, progress=progress)
        refused = [packed for packed in packages if packed.refused]
        if options.notes and not refused:
            _write_notes(options.notes, packages, replace=options.force)
    split = options.split_folds
    print_tree(
        as_json(packages, tag, split=split) if options.format == "json" else as_text(packages, tag)
    )
    if not refused:
        return 0
    what = "no package was written" if split else f"{target} was not written"
    complain(f"{what}: see the errors above")
    return 2 if crashed(f for packed in refused for f in packed.report.findings) else 1


def _pack_one(request: PackRequest, target: Path, **options: Any) -> tuple[Packed, ...]:
    return (pack(request, target, **options),)


def _with(report: TargetReport, more: tuple[Finding, ...]) -> TargetReport:
    findings = sorted((*more, *report.findings), key=lambda finding: finding.severity.rank)
    return report._replace(findings=tuple(findings))


def _about_source(
    folder: Path, request: PackRequest, judging: Options, parse: Callable[[str], naming.Name]
) -> tuple[Finding, ...]:
    """Return the findings about what is packed of the results folder that no package shows."""
    rules = tuple(rule for rule in judging.rules if rule.code in _ABOUT_SOURCE)
    reading = Reading(Depth.END, checkpoint=request.checkpoint)
    target = load_target(str(folder), Given(None, parse, reading))
    if target.package and request.folds is not None:
        target = target._replace(package=_of_folds(target.package, request.folds))
    return lint(target, judging._replace(rules=rules)).findings


def _of_folds(package: Package, names: tuple[str, ...]) -> Package:
    """Return a package in which the other folds have no checkpoint: they are not packed."""
    trainers = []
    for trainer in package.trainers:
        kept = (f if f.name in names else f._replace(checkpoint=None) for f in trainer.folds)
        trainers.append(trainer._replace(folds=tuple(kept)))
    return package._replace(trainers=tuple(trainers))


# -------------------------------------------------------------------------------------- notes


def _require_free(notes: Path | None, *, force: bool) -> None:
    if notes and not notes.parent.is_dir():
        raise UsageError(f"--notes {notes}: no folder {notes.parent}; make it first")
    if notes and notes.suffix.lower() != ".md":  # never a file of the model, or the package
        raise UsageError(f"--notes {notes}: Markdown is written; its name must end in .md")
    if notes and notes.exists() and not (force and notes.is_file()):
        raise UsageError(f"--notes {notes} exists already; give --force to replace it")


def _write_notes(path: Path, packages: tuple[Packed, ...], *, replace: bool) -> None:
    """Write the notes of a release; they have their name when they are complete."""
    texts: dict[str, str] = {}
    for root in repositories(packages[0].gathered.folder):
        found = {name: root / name for name in PINNING if (root / name).is_file()}
        texts |= {
            name: p.read_text(encoding="utf-8", errors="replace") for name, p in found.items()
        }
    text = pack_notes(packages, pinned_nnunet(texts))
    try:
        with folder_beside(path) as folder:
            new = folder / path.name
            new.write_text(text, encoding="utf-8")
            put_in_place(new, path, replace=replace)
    except OSError as error:
        raise UsageError(
            f"--notes {path}: {error.strerror or error}; the package was written without them"
        ) from error


# ----------------------------------------------------------------------------------- progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a function that shows progress on standard error, if that is a terminal."""
    shown = ""

    def show(path: str, done: int, total: int) -> None:
        nonlocal shown
        line = f"packing {path} {done / total if total else 1:.0%}"
        if line != shown:
            shown = line
            show_passing(line)

    try:
        yield show
    finally:
        show_passing("")


def print_tree(text: str) -> None:
    """Print, with plain lines if the encoding of standard output lacks those of the tree."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN_LINES).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)
