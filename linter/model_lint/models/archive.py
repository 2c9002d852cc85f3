"""The model of a zip as a container, independent of its contents."""

from __future__ import annotations

from typing import NamedTuple

from ..storage.ranges import Ranges
from ..storage.tree import TreeError
from ..storage.zip import ZipTree, open_zip
from ..storage.zip_headers import Headers, read_headers
from ..storage.zip_member import Member

_HEAD = 64


class Archive(NamedTuple):
    """A file that should be a zip."""

    file_name: str
    #: Bytes of the file.
    size: int
    #: Its first bytes, which show what the file is if it is not a zip.
    head: bytes
    #: Why it can't be read as a zip; None if it can.
    error: TreeError | None = None
    #: Its contents; None if it can't be read.
    tree: ZipTree | None = None
    #: What the headers of its entries say, in addition to the directory.
    headers: Headers = Headers()

    @property
    def members(self) -> tuple[Member, ...]:
        """Every entry of the central directory, in order."""
        return self.tree.members if self.tree else ()


def read_archive(file_name: str, ranges: Ranges) -> Archive:
    """Read the directory of a zip; never raise for its content.

    Raises TreeError if its bytes can't be read.
    """
    head = ranges.read(0, _HEAD)
    try:
        tree = open_zip(ranges)
        tree.folders  # noqa: B018 - too many folders make the archive unreadable
    except TreeError as error:
        return Archive(file_name, ranges.size, head, error)
    return Archive(file_name, ranges.size, head, None, tree)


def with_headers(archive: Archive) -> Archive:
    """Read the headers of the entries too; last, since by then a server has sent most of them."""
    return archive._replace(headers=read_headers(archive.tree)) if archive.tree else archive
