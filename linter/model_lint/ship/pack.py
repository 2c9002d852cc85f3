"""Build the release zip of a trained model: write it, lint it, and only then give it its name."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from ..checkpoint.reader import File
from ..checkpoint.writer import CheckpointError, write_checkpoint
from ..errors import UsageError
from ..findings import Severity, TargetReport
from ..storage.new_file import TEMPORARY, publish
from ..storage.zip_writer import Written, ZipWriter
from .contents import Plan, Request, plan

#: Called with a member's path, the bytes of it that were read and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Packed:
    """A package that was written and linted."""

    path: Path
    sha256: str
    size: int
    members: tuple[Written, ...]
    plan: Plan
    report: TargetReport

    @property
    def checkpoints(self) -> tuple[tuple[str, int, int], ...]:
        """Each checkpoint's path, and its bytes before and after."""
        after = {member.path: member.size for member in self.members}
        return tuple(
            (content.path, content.source_size, after[content.path])
            for content in self.plan.contents
            if content.source
        )

    @property
    def refused(self) -> bool:
        """Whether the linter found errors, so that there is no package."""
        return any(f.severity is Severity.ERROR for f in self.report.findings)


def write(
    planned: Plan, stream: IO[bytes], *, keep_training_state: bool, progress: Progress
) -> tuple[Written, ...]:
    """Write the planned package to a seekable stream.

    Raises:
        UsageError: for a checkpoint that can't be read.
        OSError: where the stream can't be written to.
    """
    package = ZipWriter(stream)
    for content in planned.contents:
        if content.source is None:
            with package.member(content.path) as member:
                member.write(content.data)
            continue
        # A slim checkpoint is larger than its source by a few headers at most.
        limit = 2 * content.source_size
        with package.member(content.path, numbers=True, size_limit=limit) as member:
            try:
                write_checkpoint(
                    File.at(content.source),
                    cast("IO[bytes]", member),
                    keep_training_state=keep_training_state,
                    progress=partial(progress, content.path),
                )
            except CheckpointError as error:
                raise UsageError(f"{content.source}: {error}") from error
    return package.finish()


def pack(
    request: Request,
    target: Path,
    *,
    lint: Callable[[Path], TargetReport],
    force: bool,
    progress: Progress,
) -> Packed:
    """Write a package, lint it, and give it its name unless the linter finds errors.

    Until then it lies in a temporary folder beside its place, which is removed whatever happens.

    Args:
        request: what to pack.
        target: the zip to make.
        lint: judges the finished zip, which has its name but not yet its place.
        force: whether an existing package is replaced.
        progress: told about every step.

    Raises:
        UsageError: what is wrong, and what to do; nothing was written.
    """
    try:
        planned = plan(request)
        if target.exists() and not force:
            raise UsageError(f"{target} exists already; give --force to replace it")
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=target.parent) as folder:
            temporary = Path(folder) / target.name
            with temporary.open("wb") as stream:
                members = write(
                    planned,
                    stream,
                    keep_training_state=request.keep_training_state,
                    progress=progress,
                )
            size = temporary.stat().st_size
            packed = Packed(target, _sha256(temporary), size, members, planned, lint(temporary))
            if not packed.refused:
                _publish(temporary, target, force=force)
            return packed
    except OSError as error:
        named = str(error.filename or "")
        where = target if TEMPORARY in named or not named else named
        raise UsageError(f"{where}: {error.strerror or error}; no package was written") from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _publish(temporary: Path, target: Path, *, force: bool) -> None:
    if force:
        temporary.replace(target)
        return
    try:
        publish(temporary, target)
    except FileExistsError as error:
        raise UsageError(f"{target} exists already; give --force to replace it") from error
