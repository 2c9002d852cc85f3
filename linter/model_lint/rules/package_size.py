"""The rule about the size of a package, which is attached to a GitHub release."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Problem
from ..models.archive import Archive
from ..models.package import Package
from ..storage.limits import MAX_ASSET_BYTES
from ..wording import size
from . import ERROR, GITHUB, rule


@rule("L026", ERROR, GITHUB, "Each file included in a release must be under 2 GiB")
def package_too_large(archive: Archive, package: Package) -> Iterator[Problem]:
    """A zip is too large for a release on GitHub.

    Why: a package is published as an asset of a release, and GitHub refuses one of 2 GiB
    (2,147,483,648 bytes) or more when it is uploaded.

    Fix: build the zip with `model-lint pack`, which leaves out the training state and compresses
    the weights. If that is not enough, `--split-folds` makes one zip for each fold, and `--folds`
    packs fewer of them.
    """
    if archive.size < MAX_ASSET_BYTES:
        return
    checkpoints = [c for trainer in package.trainers for _, c in trainer.checkpoints]
    saved = sum(checkpoint.optimizer_bytes for checkpoint in checkpoints)
    more = f"; {size(saved)} of it is training state, which `model-lint pack` leaves out"
    what = f"{archive.size:,} bytes, but GitHub accepts less than {MAX_ASSET_BYTES:,} (2 GiB)"
    yield Problem(what + more * bool(saved))
