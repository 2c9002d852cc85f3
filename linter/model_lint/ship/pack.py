"""Build the release zip of a trained model, or one zip for each fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..findings import Severity, TargetReport
from ..storage.limits import MAX_ASSET_BYTES
from .contents import Progress
from .gather import Gathered, PackRequest, gather
from .new_package import NewPackage, Place, Written, keep_all, new_package


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
    part = (gather(request), _place(request, target, force=force))
    (packed,) = _write([part], lint, progress)
    return packed


def pack_folds(
    request: PackRequest,
    target: Path,
    *,
    lint: Callable[[Path], TargetReport],
    force: bool,
    progress: Progress,
) -> tuple[Packed, ...]:
    """Write a package for each fold, as `pack` does; all of them or none.

    They are named after the target: ``model-r20240915-fold0.zip``.
    """
    whole = gather(request)
    targets = {t.fold: fold_target(target, t.fold) for t in whole.trainings}
    parts = [
        (whole.part(fold), _place(request, path, force=force)) for fold, path in targets.items()
    ]
    return _write(parts, lint, progress)


def fold_target(target: Path, fold: str) -> Path:
    """Return the name of the zip of one fold."""
    return target.with_name(f"{target.stem}-{fold.replace('_', '')}{target.suffix}")


def _place(request: PackRequest, path: Path, *, force: bool) -> Place:
    limit = MAX_ASSET_BYTES if request.for_github else None
    return Place(path, str(path), path.name, force, "give --force to replace it", limit)


def _write(
    parts: Sequence[tuple[Gathered, Place]],
    lint: Callable[[Path], TargetReport],
    progress: Progress,
) -> tuple[Packed, ...]:
    for _, place in parts:
        place.require_free()
    done: list[Packed] = []
    with ExitStack() as stack:
        new: list[NewPackage] = []
        for gathered, place in parts:
            new.append(stack.enter_context(new_package(gathered.contents, place, progress)))
            done.append(Packed(place.path, gathered, new[-1].written, lint(new[-1].path)))
        if not any(packed.refused for packed in done):
            keep_all(new)
    return tuple(done)
