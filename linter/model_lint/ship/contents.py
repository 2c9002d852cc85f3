"""What a package holds, as data: each entry with where its bytes come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ..checkpoint.reader import File
from ..checkpoint.writer import CheckpointError, write_checkpoint
from ..errors import UsageError
from ..storage.tree import TreeError
from ..storage.zip import ZipTree
from ..storage.zip_member import Member
from ..wording import printable

#: Called with the path of an entry, the bytes of it that were read and how many there are.
Progress = Callable[[str, int, int], None]
#: The same for one entry.
Steps = Callable[[int, int], None]


class Origin(Protocol):
    """Where the bytes of an entry come from."""

    @property
    def most(self) -> int:
        """How many bytes it gives at most."""

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write all of it. Raises UsageError where it can't be read, and OSError."""


@dataclass(frozen=True)
class Given:
    """Bytes that are there."""

    data: bytes = b""

    @property
    def most(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:  # noqa: ARG002 - it is one step
        """Write them."""
        target.write(self.data)


@dataclass(frozen=True)
class Slimmed:
    """A checkpoint on disk, cut down to what inference reads."""

    path: Path
    keep_training_state: bool = False

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def most(self) -> int:
        """How many bytes are left at most: the headers may be longer than the source's."""
        return 2 * self.size

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write what is left of it. Raises UsageError where it is not sound."""
        try:
            write_checkpoint(
                File.at(self.path),
                target,
                keep_training_state=self.keep_training_state,
                progress=steps,
            )
        except CheckpointError as error:
            raise UsageError(f"{self.path}: {error}") from error


@dataclass(frozen=True)
class Copied:
    """A member of another zip."""

    tree: ZipTree
    member: Member

    @property
    def most(self) -> int:
        """How many bytes it unpacks to."""
        return self.member.size

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write what it unpacks to. Raises UsageError where it does not unpack."""
        done = 0
        try:
            for block in self.tree.blocks(self.member):
                target.write(block)
                done += len(block)
                steps(done, self.member.size)
        except TreeError as error:
            raise UsageError(
                f"{printable(self.member.raw_name)} does not unpack: {error}"
            ) from error


@dataclass(frozen=True)
class Content:
    """One entry of a package."""

    #: Its path; of a folder with ``/`` at the end.
    path: str
    origin: Origin


#: All entries, in the order in which they are written.
Contents = tuple[Content, ...]
