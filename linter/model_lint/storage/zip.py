"""A zip as a tree, in any storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import IO
from zlib import crc32

from .ranges import Ranges
from .tree import BlockedError, DamagedError, folders_of
from .zip_directory import Directory, find_directory, read_members
from .zip_member import Member, open_member

_BLOCK = 1 << 20


class ZipTree:
    """A zip.

    If two members have one path the last wins, as in ``zipfile``, which the consumers use.
    """

    def __init__(self, ranges: Ranges, directory: Directory, members: tuple[Member, ...]) -> None:
        self.ranges = ranges
        self.directory = directory
        #: Every entry of the central directory, in order.
        self.members = members

    @cached_property
    def files(self) -> Mapping[str, Member]:
        """Every file by its path, sorted."""
        last = {m.path: m for m in self.members if m.path and not m.is_dir}
        return {path: last[path] for path in sorted(last)}

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Every folder's path with the names in it."""
        return folders_of(self.files, (m.path for m in self.members if m.is_dir and m.path))

    @cached_property
    def special(self) -> Mapping[str, str]:
        """Paths that are not a plain file or folder, each with what it is."""
        return {m.path: "not a regular file (a link?)" for m in self.members if m.special}

    @property
    def bytes_read(self) -> int:
        """Bytes read from the storage so far."""
        return self.ranges.bytes_read

    def open(self, path: str) -> IO[bytes]:
        """Open a member for reading. Raises TreeError, and so does reading from it."""
        return self.open_member(self.files[path])

    def open_member(self, member: Member, *, any_method: bool = False) -> IO[bytes]:
        """Open a member, also if another one has its path. Raises TreeError.

        With ``any_method``, every compression method of this Python is allowed, not only those that
        the Pythons of all consumers have.
        """
        if member.blocked and not (any_method and member.only_this_python):
            raise BlockedError(member.blocked)
        return open_member(self.ranges, member)

    def blocks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a member, and compare its checksum at the end. Raises TreeError."""
        crc = size = 0
        with self.open_member(member, any_method=True) as stream:
            while block := stream.read(_BLOCK):
                crc = crc32(block, crc)
                size += len(block)
                yield block
        if (crc, size) != (member.crc, member.size):
            raise DamagedError(f"Bad CRC-32 for file {member.raw_name!r}")


def open_zip(ranges: Ranges) -> ZipTree:
    """Read the central directory of a zip. Raises TreeError with the reason if there is none."""
    directory = find_directory(ranges)
    return ZipTree(ranges, directory, read_members(ranges, directory))
