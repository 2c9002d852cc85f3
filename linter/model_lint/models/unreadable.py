"""Why a file can't be read: one shape for JSON, sources and texts."""

from __future__ import annotations

from typing import NamedTuple

from ..storage.tree import BlockedError, DamagedError, TreeError


class Unreadable(NamedTuple):
    """Why a file can't be read."""

    #: One line.
    reason: str
    #: Where in the file, where that is known.
    line: int | None = None
    #: What kept its bytes from being read; None where they were.
    failure: TreeError | None = None

    @property
    def reported(self) -> bool:
        """True if a rule about the archive reports this failure."""
        return isinstance(self.failure, (BlockedError, DamagedError))

    @property
    def damaged(self) -> bool:
        """True if its data does not unpack."""
        return isinstance(self.failure, DamagedError)


def unread(error: TreeError) -> Unreadable:
    """Return why the bytes of a file could not be read."""
    return Unreadable(str(error), failure=error)
