"""Build the release zip of a trained model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..findings import Severity, TargetReport
from ..storage.limits import MAX_ASSET_BYTES
from .contents import Progress
from .gather import Gathered, PackRequest, gather
from .new_package import Place, Written, new_package


@dataclass(frozen=True)
class Packed:
    """A package that was written and linted."""

    path: Path
    gathered: Gathered
    written: Written
    report: TargetReport

    @cached_property
    def checkpoints(self) -> tuple[tuple[str, int, int], ...]:
        """Each checkpoint's path, with its bytes before and after."""
        after = {entry.path: entry.size for entry in self.written.entries}
        before = self.gathered.checkpoints
        return tuple((path, size, after[path]) for path, size in before.items())

    @property
    def refused(self) -> bool:
        """Whether the linter found errors, so that the package was not kept."""
        return any(f.severity is Severity.ERROR for f in self.report.findings)


def pack(
    request: PackRequest,
    target: Path,
    *,
    lint: Callable[[Path], TargetReport],
    force: bool,
    progress: Progress,
) -> Packed:
    """Write a package, lint it, and give it its name unless the linter finds errors.

    Args:
        request: what to pack.
        target: the zip to make.
        lint: lints the finished zip, which has its name but is still in a temporary folder.
        force: whether an existing package is replaced.
        progress: called at every step.

    Raises:
        UsageError: the model can't be packed; nothing was written.
    """
    gathered = gather(request)
    limit = MAX_ASSET_BYTES if request.for_github else None
    place = Place(target, str(target), target.name, force, "give --force to replace it", limit)
    with new_package(gathered.contents, place, progress) as new:
        packed = Packed(target, gathered, new.written, lint(new.path))
        if not packed.refused:
            new.keep()
    return packed
