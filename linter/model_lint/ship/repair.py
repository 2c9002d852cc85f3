"""Repair a package in a new zip, which is verified and judged before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..findings import Finding, Severity
from ..lint import Options, lint
from ..models.target import Target
from ..rules import all_rules
from ..storage.ranges import of_file
from ..storage.tree import TreeError
from ..storage.zip import ZipTree, open_zip
from .new_package import Place, new_package
from .repairs import Action, find_repairs


@dataclass(frozen=True)
class RepairRequest:
    """How to repair."""

    #: Only find out what would be repaired.
    dry: bool
    in_place: bool
    #: The zip to write, or the folder to write to; None for a zip next to the source.
    output: Path | None

    def place(self, source: Path) -> Place:
        """Return where the repaired copy of a zip is written. Raises UsageError."""
        instead = "remove it, or name another with --fix-output"
        if self.in_place:  # replace the target of a link, not the link
            return Place(source.resolve(), str(source), source.name, replace=True, instead="")
        if self.output is None:
            path = source.with_name(f"{source.stem}.fixed{source.suffix or '.zip'}")
            # Its name only gets `.fixed` in it; it is judged by its old name.
            return Place(path, str(path), source.name, replace=False, instead=instead)
        path = self.output / source.name if self.output.is_dir() else self.output
        if path.exists() and path.samefile(source):
            raise UsageError(f"--fix-output {self.output} is the zip itself: give --in-place")
        return Place(path, str(path), path.name, replace=False, instead=instead)


@dataclass(frozen=True)
class Repaired:
    """The result of repairing one target."""

    #: The target to lint now: the new zip, or the old one if nothing was written.
    target: Target
    #: Where the new zip is, or would be.
    place: str
    actions: tuple[Action, ...]


def repair(
    target: Target, codes: set[str], request: RepairRequest, load: Callable[[Path], Target]
) -> Repaired:
    """Repair one target, or find out what would be repaired.

    Args:
        target: the zip.
        codes: the rules whose findings are repaired.
        request: how and where.
        load: reads the new zip while it is still in a temporary folder.

    Raises:
        UsageError: it can't be repaired; nothing was written.
    """
    if target.archive is None:
        raise UsageError(
            f"{target.text}: only zips are repaired; `model-lint pack` makes a zip of a folder"
        )
    try:
        return _repaired(target, codes, request, load)
    except (UsageError, TreeError) as error:
        raise UsageError(f"{target.text}: not repaired: {error}") from error


def _repaired(
    target: Target, codes: set[str], request: RepairRequest, load: Callable[[Path], Target]
) -> Repaired:
    refuse_unsafe(target)
    if target.package is None or target.archive is None:
        raise UsageError("it contains no package")
    source = Path(target.text)
    with _opened(source) as tree:
        repairs = find_repairs(target.package, target.archive, tree, codes)
        place = request.place(source)
        if repairs.actions and not request.dry:
            with new_package(repairs.contents, place) as new:
                target = load(new.path).shown_as(place.shown)
                refuse_unsafe(target)
                new.keep()
    return Repaired(target, place.shown, repairs.actions)


def refuse_unsafe(target: Target) -> None:
    """Raise UsageError if a rule that blocks repairs reports an error, selected or not."""
    rules = tuple(rule for rule in all_rules() if rule.blocks_repair)
    for finding in lint(target, Options(rules)).findings:
        if finding.severity is Severity.ERROR:
            raise UsageError(_with_place(finding, target))


def _with_place(finding: Finding, target: Target) -> str:
    """Return a finding in one line, with its file unless that is the target or named anyway."""
    path = finding.location.removeprefix(target.prefix)
    named = path == target.text or path in finding.message
    return f"{'' if named else f'{path}: '}{finding.message} ({finding.code})"


@contextmanager
def _opened(source: Path) -> Iterator[ZipTree]:
    """Open the zip once more, to read its entries. Raises UsageError and TreeError."""
    try:
        with source.open("rb", buffering=0) as raw:
            yield open_zip(of_file(raw))
    except OSError as error:
        raise UsageError(error.strerror or str(error)) from error
