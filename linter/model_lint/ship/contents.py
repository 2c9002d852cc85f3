"""The contents of a package: its entries, each with the origin of its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from ..checkpoint.reader import File
from ..checkpoint.writer import CheckpointError, write_checkpoint
from ..errors import UsageError
from ..storage.tree import TreeError
from ..storage.zip import ZipTree
from ..storage.zip_member import Member
from ..wording import printable

#: Called with the path of an entry, the number of its bytes read so far, and their total.
Progress = Callable[[str, int, int], None]
#: The same for one entry.
Steps = Callable[[int, int], None]


class Origin(Protocol):
    """Where the bytes of an entry come from."""

    @property
    def most(self) -> int:
        """Upper limit of the number of bytes."""

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write all of it. Raises UsageError if it can't be read, and OSError."""


@dataclass(frozen=True)
class Given:
    """Bytes in memory."""

    data: bytes = b""

    @property
    def most(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:  # noqa: ARG002 - it is one step
        """Write them."""
        target.write(self.data)


@dataclass(frozen=True)
class Slimmed:
    """A checkpoint on disk, reduced to what inference reads."""

    path: Path
    keep_training_state: bool = False
    #: Stands in place of the trainer's arguments, if the training state is kept; None to keep them.
    init_args: Mapping[str, Any] | None = None

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def most(self) -> int:
        """Upper limit of the bytes that are left: headers may be longer than in the source."""
        return 2 * self.size

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write the reduced checkpoint. Raises UsageError if the source is invalid."""
        try:
            write_checkpoint(
                File.at(self.path),
                target,
                keep_training_state=self.keep_training_state,
                replaced={} if self.init_args is None else {"init_args": self.init_args},
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
        """Number of its bytes, unpacked."""
        return self.member.size

    def copy_to(self, target: IO[bytes], steps: Steps) -> None:
        """Write it unpacked. Raises UsageError if it does not unpack."""
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

    #: Its path, with ``/`` at the end of a folder.
    path: str
    origin: Origin


#: All entries, in the order in which they are written.
Contents = tuple[Content, ...]
