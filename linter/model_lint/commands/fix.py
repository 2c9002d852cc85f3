"""The part of ``model-lint check`` that repairs zips: ``--fix`` and ``--diff``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import UsageError
from ..models.package import Package
from ..models.target import Target
from ..ship.repair import Action, Plan, opened, plan, refuse, verify, write
from ..storage.new_file import TEMPORARY, publish, stoppable
from ..storage.zip import ZipTree
from ..terminal import complain
from ..wording import count, inert, printable

#: Lines of a text that are shown before the rest is counted, and characters of a line.
_LINES, _WIDTH = 10, 160
_SIGNS = {"drop": "-", "scrub": "~", "rewrite": "~", "move": ">"}
_WORDS = {"drop": "", "scrub": "scrubbed: ", "rewrite": "written anew: ", "move": ""}


class Load(Protocol):
    """Reads a zip that users shall see under another name."""

    def __call__(self, path: Path, *, shown: str) -> Target:
        """Return the target. Raises UsageError."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    #: Only show what would be done.
    dry: bool
    in_place: bool
    #: The zip to write, or the folder to write to; None for a zip beside the source.
    output: Path | None
    #: Whether what was done is told on standard error, since a report has the other stream.
    aside: bool

    @staticmethod
    def of(options: argparse.Namespace) -> Request:
        """Return what the options ask for. Raises UsageError."""
        output = Path(options.fix_output) if options.fix_output else None
        if not (options.fix or options.diff):
            raise UsageError("--in-place and --fix-output say where --fix writes: give --fix too")
        if options.in_place and output:
            raise UsageError("--in-place and --fix-output: give only one of them")
        if options.diff and options.outputs:
            raise UsageError("--diff shows repairs, not findings: leave out --format and --output")
        several = len(options.targets) > 1 or "-" in options.targets
        if output and several and not output.is_dir():
            raise UsageError(
                f"--fix-output {output}: for several targets give a folder that exists"
            )
        if output and not output.parent.is_dir():
            raise UsageError(f"--fix-output {output}: no folder {output.parent}; make it first")
        aside = any(form != "text" and file is None for form, file in options.outputs)
        return Request(options.diff, options.in_place, output, aside)

    def repair(self, target: Target, codes: Collection[str], load: Load) -> Repaired:
        """Repair a target, or find out what there is to repair, and tell it. Raises UsageError."""
        repaired = _repaired(self, target, codes, load)
        _tell(repaired, aside=self.aside)
        return repaired


@dataclass(frozen=True)
class Repaired:
    """What became of one target."""

    #: What is to be linted now: the new zip, or the old one where nothing was written.
    target: Target
    #: What to tell the user, line by line.
    lines: tuple[str, ...]
    actions: tuple[Action, ...]


def _repaired(request: Request, target: Target, codes: Collection[str], load: Load) -> Repaired:
    """Repair one target, or find out what there is to repair.

    Args:
        request: what to do, and where to write to.
        target: the zip.
        codes: the rules whose findings are to be repaired.
        load: reads the new zip before it is in its place.

    Raises:
        UsageError: why it can't be repaired; nothing was written.
    """
    source = Path(target.text)
    if target.archive is None:
        raise UsageError(
            f"{target.text}: only zips are repaired; `model-lint pack` makes a zip of a folder"
        )
    try:
        refuse(target)
        package = _package(target)
        with opened(source) as tree, stoppable():
            planned = plan(package, target.archive, tree, codes)
            if not planned.actions:
                return Repaired(target, (f"{printable(target.text)}: nothing to repair",), ())
            place = _place(request, source)
            if not request.dry:
                target = _written(planned, tree, source, place, load)
            lines = tuple(_lines(str(source), place.shown, planned))
            return Repaired(target, lines, planned.actions)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from error


def _package(target: Target) -> Package:
    if target.package is None:
        raise UsageError("not repaired: it holds no package")
    return target.package


@dataclass(frozen=True)
class _Place:
    """Where the new zip goes, how users see that, and the name by which it is judged."""

    path: Path
    shown: str
    name: str
    replace: bool = False


def _place(request: Request, source: Path) -> _Place:
    if request.in_place:  # where a link leads, for the link is to stay
        return _Place(source.resolve(), str(source), source.name, replace=True)
    if request.output is None:
        path = source.with_name(f"{source.stem}.fixed{source.suffix or '.zip'}")
        # It only gets `.fixed` into its name, and is judged by the one that it had.
        return _Place(path, str(path), source.name)
    path = request.output / source.name if request.output.is_dir() else request.output
    if path.exists() and path.samefile(source):
        raise UsageError(f"--fix-output {request.output} is the zip itself: give --in-place")
    return _Place(path, str(path), path.name)


def _written(planned: Plan, tree: ZipTree, source: Path, place: _Place, load: Load) -> Target:
    """Write the new zip, prove and read it, and only then give it its name."""
    if place.path.exists() and not place.replace:
        raise UsageError(
            f"{place.shown} exists already; remove it, or name another with --fix-output"
        )
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=place.path.parent) as folder:
            temporary = Path(folder) / place.name
            with temporary.open("wb") as stream:
                digests = write(planned, tree, stream)
            verify(temporary, digests)
            new = load(temporary, shown=place.shown)
            refuse(new)
            if place.replace:
                shutil.copymode(source, temporary)
                temporary.replace(place.path)
            else:
                publish(temporary, place.path)
            return new
    except FileExistsError as error:
        raise UsageError(f"{place.shown} exists already; it was not replaced") from error
    except OSError as error:
        raise UsageError(f"not repaired: {place.shown}: {error.strerror or error}") from error


# --------------------------------------------------------------------------------------- text


def _lines(source: str, place: str, planned: Plan) -> Iterator[str]:
    repairs = count(planned.actions, "repair")
    yield f"{printable(source)} -> {printable(place)}: {repairs}"
    for action in planned.actions:
        yield f"{_SIGNS[action.kind]} {_what(action)} ({_WORDS[action.kind]}{_why(action)})"
        if action.kind == "scrub":
            yield from _changed(action)


def _what(action: Action) -> str:
    path = printable(action.path) or "headers and directory"
    return f"{path} -> {printable(action.target)}" if action.kind == "move" else path


def _why(action: Action) -> str:
    return " ".join(action.codes)


def _changed(action: Action) -> Iterator[str]:
    """Yield the changed lines; of a password only that it was there."""
    before, after = action.before.split("\n"), action.after.split("\n")
    if len(before) != len(after):
        yield f"    {count(before, 'line')}, now {count(after, 'line')}"
        return
    numbered = enumerate(zip(before, after, strict=True), start=1)
    changes = [(number, old, new) for number, (old, new) in numbered if old != new]
    for number, old, new in changes[:_LINES]:
        yield f"    @@ line {number}"
        if "<secret>" not in new:
            yield f"    -{_clipped(old)}"
        yield f"    +{_clipped(new)}"
    if len(changes) > _LINES:
        yield f"    and {count(len(changes) - _LINES, 'more changed line')}"


def _clipped(line: str) -> str:
    shown = printable(line.rstrip("\r"))
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 3]}..."


def _tell(repaired: Repaired, *, aside: bool) -> None:
    """Print what was or would be done."""
    print(inert("\n".join(repaired.lines)), file=sys.stderr if aside else sys.stdout)
    if any("V004" in action.codes for action in repaired.actions):
        complain(
            f"{repaired.target.text}: held a password, token or key: make it invalid where it was "
            "issued, for the old zip may be known"
        )
