"""The only way to make a package: write it, read it back, judge it, and then give it its name."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from ..errors import UsageError
from ..models.paths import is_checkpoint
from ..storage.new_file import TEMPORARY, folder_beside, put_all_in_place
from ..storage.ranges import of_file
from ..storage.tree import TreeError
from ..storage.zip import open_zip
from ..storage.zip_writer import ZipWriter
from .contents import Contents, Progress

if TYPE_CHECKING:
    from typing_extensions import Buffer

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Place:
    """Where a package is written."""

    path: Path
    #: The path as users see it.
    shown: str
    #: The file name by which the package is judged.
    name: str
    #: Whether an existing file is replaced.
    replace: bool
    #: What the user should do if it is not.
    instead: str
    #: Bytes that the package must stay below; None for any size.
    limit: int | None = None

    @property
    def taken(self) -> str:
        """Say that there is something of this name already, and what to do."""
        return f"{self.shown} exists already; {self.instead}"

    def require_free(self) -> None:
        """Raise UsageError if something is there that is not to be replaced."""
        if self.path.is_dir():
            raise UsageError(f"{self.shown} is a folder; choose another name")
        if self.path.exists() and not self.replace:
            raise UsageError(self.taken)


@dataclass(frozen=True)
class WrittenEntry:
    """An entry that was written."""

    path: str
    #: Bytes before and after compression.
    size: int
    compressed: int
    sha256: str


@dataclass(frozen=True)
class Written:
    """Size and checksums of a package that was written."""

    size: int
    sha256: str
    entries: tuple[WrittenEntry, ...]


@dataclass(frozen=True)
class NewPackage:
    """A package that is written, but does not yet have its name."""

    path: Path
    written: Written
    place: Place

    def keep(self) -> None:
        """Give it its name. Raises FileExistsError and other OSErrors."""
        keep_all([self])


@contextmanager
def new_package(
    contents: Contents, place: Place, progress: Progress | None = None
) -> Iterator[NewPackage]:
    """Write a package; remove it at the end of the block unless it is kept.

    Raises UsageError if an entry can't be read, the disk is full, or the file exists: nothing was
    written.
    """
    place.require_free()
    try:
        with folder_beside(place.path) as folder:
            path = folder / place.name
            yield NewPackage(path, write(contents, path, progress, place.limit), place)
    except FileExistsError as error:
        raise UsageError(place.taken) from error
    except OSError as error:
        name = str(error.filename or "")
        where = place.shown if TEMPORARY in name or not name else name
        raise UsageError(f"{where}: {error.strerror or error}; nothing was written") from error


def keep_all(packages: Sequence[NewPackage]) -> None:
    """Give packages their names, all of them or none.

    All of them replace files, or none does. Raises FileExistsError, other OSErrors, and UsageError
    if what was replaced can't be put back.
    """
    for package in packages:
        if package.place.replace and package.place.path.exists():
            shutil.copymode(package.place.path, package.path)
    replace = any(package.place.replace for package in packages)
    put_all_in_place([(p.path, p.place.path) for p in packages], replace=replace)


def write(
    contents: Contents, path: Path, progress: Progress | None = None, limit: int | None = None
) -> Written:
    """Write a zip, read it back, and compare every entry with what was written.

    Checkpoints are stored, so that a few reads reach all parts of them that are judged; `pack`
    compresses the numbers inside them.

    Raises:
        UsageError: an entry can't be read, the zip reaches the limit, or it differs from
            what was written.
        OSError: it can't be written.
    """
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    with path.open("wb") as stream:
        package = ZipWriter(stream)
        for content in contents:
            stored = is_checkpoint(content.path)
            most = content.origin.most
            with package.member(content.path, stored=stored, size_limit=most) as member:
                target = _Digested(member)
                steps = partial(progress, content.path) if progress else _quiet
                content.origin.copy_to(cast("IO[bytes]", target), steps)
            digests[content.path] = target.digest
            sizes[content.path] = member.size
            if limit and stream.tell() >= limit:
                raise UsageError(_too_large(content.path, limit))
        compressed = package.finish()
    _verify(path, digests)
    entries = (WrittenEntry(p, sizes[p], compressed[p], digests[p]) for p in digests)
    with path.open("rb") as stream:
        whole = sha256(iter(partial(stream.read, _BLOCK), b""))
    return Written(path.stat().st_size, whole, tuple(entries))


def _too_large(last: str, limit: int) -> str:
    return (
        f"with {last} the package reaches {limit:,} bytes, which GitHub does not accept in a "
        "release (L026); `model-lint pack --split-folds` writes one zip for each fold; or take "
        "fewer folds, such as --folds 0, or ignore L026 in the configuration; nothing was written"
    )


def sha256(blocks: Iterable[bytes]) -> str:
    """Return the SHA-256 of data in blocks."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _quiet(_done: int, _total: int) -> None:
    """Ignore progress."""


class _Digested(io.RawIOBase):
    """Passes on what is written, and computes its SHA-256."""

    def __init__(self, target: IO[bytes] | io.RawIOBase) -> None:
        super().__init__()
        self._target = target
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        self._digest.update(data)
        self._target.write(data)
        return memoryview(data).nbytes


def _verify(path: Path, digests: Mapping[str, str]) -> None:
    """Compare each entry of a finished zip with what was written. Raises UsageError."""
    try:
        with path.open("rb", buffering=0) as raw:
            tree = open_zip(of_file(raw))
            found = [(member.raw_name, sha256(tree.blocks(member))) for member in tree.members]
    except TreeError as error:
        raise UsageError(
            f"the new zip can't be read back ({error}): is the disk in order?"
        ) from error
    if found != list(digests.items()):
        raise UsageError("the new zip does not contain what was written: is the disk in order?")
