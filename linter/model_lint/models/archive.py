"""The model of a zip as a container, whatever it holds."""

from __future__ import annotations

from dataclasses import dataclass

from ..storage.tree import Member, TreeError


@dataclass(frozen=True)
class Archive:
    """A file that should be a zip."""

    file_name: str
    #: Bytes of the file.
    size: int
    #: Its first bytes, which tell what a file that is no zip is instead.
    head: bytes
    #: Why it can't be read as a zip; None where it can.
    error: TreeError | None
    #: Every record of the central directory, in order.
    members: tuple[Member, ...]
    #: Members that do not unpack, with the reason, as far as they were looked at.
    damaged: tuple[tuple[str, str], ...] = ()
    #: Entries whose own header differs from the directory, and bytes that belong to no entry, with
    #: what is wrong; "" is the zip as a whole.
    differing: tuple[tuple[str, str], ...] = ()
