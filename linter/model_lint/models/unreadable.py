"""Why a file can't be read: one type for JSON, sources and texts."""

from __future__ import annotations

from typing import NamedTuple

from ..storage.tree import BlockedError, DamagedError, TreeError


class Unreadable(NamedTuple):
    """Why a file can't be read."""

    #: One line.
    reason: str
    #: The line in the file, if known.
    line: int | None = None
    #: Why its bytes could not be read; None if they were.
    failure: TreeError | None = None

    @property
    def reported(self) -> bool:
        """Whether an archive rule reports this failure."""
        return isinstance(self.failure, (BlockedError, DamagedError))

    @property
    def damaged(self) -> bool:
        """Whether its data does not unpack."""
        return isinstance(self.failure, DamagedError)


def unread(error: TreeError) -> Unreadable:
    """Turn the failure to read the bytes of a file into an `Unreadable`."""
    return Unreadable(str(error), failure=error)
