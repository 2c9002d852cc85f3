"""Adopt old packages: lay out their model, settle its files, pack it, and list the changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ...findings import Finding, Severity, TargetReport
from ...models.target import Given
from ...storage.limits import MAX_ASSET_BYTES
from ...storage.new_file import folder_beside
from ...storage.tree import TreeError
from ..contents import Progress
from ..gather import PackRequest, gather
from ..new_package import Place, new_package
from ..pack import Packed
from .changes import Change, Remains
from .compare import Comparison
from .lay_out import lay_out
from .pick import pick
from .request import AdoptRequest, Question
from .settle import Settled, settle
from .sources import Source, opened

#: Options that change what rules report, by their codes.
_OPTIONS = {
    "D008": "--label OLD=NEW",
    "L005": "--layout spec",
    "L007": "--fingerprint FILE",
    "L024": "--folds 0",
}


@dataclass(frozen=True)
class Adopted:
    """A new package, or what it would be."""

    #: The old packages as users see them.
    sources: tuple[str, ...]
    packed: Packed
    changes: tuple[Change, ...]
    remains: tuple[Remains, ...]
    #: Whether the old package already is what would be written.
    same: bool


@dataclass(frozen=True)
class Wanted:
    """Where the new package is written."""

    path: Path
    #: Whether an existing package is replaced.
    force: bool
    #: Whether the user named it, so that it is written even if it differs only in its name.
    named: bool
    #: Only find out what would be written.
    dry: bool
    #: Whether it is the old package, which is never replaced.
    itself: bool
    #: Lints the finished zip, which has its name but is still in a temporary folder.
    lint: Callable[[Path], TargetReport]


def adopt(
    request: AdoptRequest,
    given: Given,
    want: Callable[[tuple[Source, ...]], Wanted],
    progress: Progress,
) -> Adopted:
    """Make a new package of old ones; several are folds of one model.

    Args:
        request: what to adopt, and what the user knows of it.
        given: what the user gives for reading it.
        want: where the new package is written, for the old ones.
        progress: called at every step.

    Raises:
        UsageError: one can't be adopted, or something has to be asked for; nothing was written.
    """
    try:
        with (
            folder_beside(request.output.absolute() / "new") as folder,
            opened(request.sources, given, folder) as sources,
        ):
            return _Adopting(sources, request, folder).run(want(sources), progress)
    except OSError as error:
        raise UsageError(
            f"{request.output}: {error.strerror or error}; nothing was written; --output names "
            "another folder"
        ) from error


@dataclass(frozen=True)
class _Adopting:
    sources: tuple[Source, ...]
    request: AdoptRequest
    #: A temporary one.
    folder: Path

    def run(self, wanted: Wanted, progress: Progress) -> Adopted:
        try:
            return self._adopt(wanted, progress)
        except (UsageError, Question, TreeError) as error:
            raise UsageError(
                f"{self._shown}: not adopted: {self._without_folder(error)}"
            ) from error

    @property
    def _shown(self) -> str:
        more = len(self.sources) - 1
        return self.sources[0].shown + (f" and {more} more" if more else "")

    def _without_folder(self, error: Exception) -> str:
        """Return the message of an error with paths as in the trainer folder."""
        home = rf"{re.escape(str(self.folder))}/laid/[^/:]+/([^/:]+)/?"
        return re.sub(home, lambda found: "" if found[0].endswith("/") else found[1], str(error))

    def _adopt(self, wanted: Wanted, progress: Progress) -> Adopted:
        picked = {source: pick(source.package, self.request) for source in self.sources}
        laid = lay_out(picked, self.folder / "laid")
        settled = settle(laid.folder, self.request)
        in_dataset = self.request.dataset_layout
        gathered = gather(
            PackRequest(
                settled.folder,
                dataset_layout=bool(laid.dataset) if in_dataset is None else in_dataset,
                for_github=self.request.for_github,
            )
        )
        with new_package(gathered.contents, self._place(wanted), progress) as new:
            packed = Packed(wanted.path, gathered, new.written, wanted.lint(new.path))
            packed.checkpoints  # noqa: B018 - reads the laid-out files, which are removed then
            same = self._same(packed, wanted)
            if wanted.itself and not (same or wanted.dry):
                raise UsageError("it would replace itself: give another --tag or --output")
            if not (packed.refused or same or wanted.dry):
                new.keep()
            comparison = Comparison(picked, laid, settled, gathered, new.written, wanted.path.name)
            changes = () if same or packed.refused else comparison.changes()
        shown = tuple(source.shown for source in self.sources)
        return Adopted(shown, packed, changes, _remains(packed, settled), same)

    def _place(self, wanted: Wanted) -> Place:
        """Return where the package is written; nothing is replaced that is not kept."""
        path = self.folder / wanted.path.name if wanted.dry else wanted.path
        limit = MAX_ASSET_BYTES if self.request.for_github else None
        replaced = wanted.force or wanted.dry or wanted.itself
        advice = "give --force to replace it"
        return Place(path, str(wanted.path), path.name, replaced, advice, limit)

    def _same(self, packed: Packed, wanted: Wanted) -> bool:
        """Return whether the old package is what would be written, under a name that can stay."""
        source = self.sources[0]
        if len(self.sources) > 1 or source.digest != packed.written.sha256:
            return False
        stays = not wanted.named and "L022" not in source.codes
        return stays or source.file_name == wanted.path.name


def _remains(packed: Packed, settled: Settled) -> tuple[Remains, ...]:
    """Return what rules still report in the new package, with the option that changes it."""
    found = [f for f in packed.report.findings if f.severity is not Severity.ERROR]
    return (*settled.remains, *(Remains(f.code, f.message, _option(f)) for f in found))


def _option(finding: Finding) -> str:
    """Return the option that changes what a rule reports; "" if there is none."""
    label = re.match(r"the label `(\w+)_seg`", finding.message)
    if finding.code == "D008" and label:
        return f"--label {label[1]}_seg={label[1]}"
    return _OPTIONS.get(finding.code, "")
