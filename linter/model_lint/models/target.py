"""Turn an argument of ``check`` into models. The content decides what it is, not its suffix."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import naming
from ..errors import NothingToLint, UsageError
from ..storage.depth import Depth
from ..storage.folder import FolderTree
from ..storage.ranges import Ranges, of_file
from ..storage.tree import TreeError
from ..storage.zip import ZipTree
from .archive import Archive, read_archive
from .package import Package, build_package
from .paths import is_version_1, parse_folder_name
from .reading import NORMAL, Reading

if TYPE_CHECKING:
    from .repository import Repository

#: Any of these makes a folder a repository; a downloaded archive has no ``.git``.
_REPOSITORY_MARKS = (".git", "README.md", "LICENSE", "CITATION.cff", "pyproject.toml")


class Target(NamedTuple):
    """One argument of ``check``: the models that the rules look at."""

    text: str
    #: package, folder, repository or name.
    kind: str
    #: Prefix of the locations inside it: ``model.zip!/`` or ``folder/``.
    prefix: str = ""
    #: The model repository's name, if the rules should judge it.
    name: naming.Name | None = None
    archive: Archive | None = None
    package: Package | None = None
    repository: Repository | None = None
    bytes_total: int = 0
    bytes_read: int = 0
    #: Only the rules of this family apply; "" for all.
    family: str = ""
    #: The folder of the tree that ``text`` names; "" if that is the whole tree.
    top: str = ""
    #: Seconds that reading it took.
    seconds: float = 0.0

    @property
    def deep(self) -> bool:
        """Whether every byte was read."""
        return self.package is not None and self.package.depth is Depth.ALL

    def shown_as(self, text: str) -> Target:
        """Return the target of a zip as if it had another path."""
        return self._replace(text=text, prefix=f"{text}!/")

    def locate(self, path: str) -> str:
        """Return a path in the tree as users see it."""
        if path in {"", self.top}:
            return self.text
        return self.prefix + (path.removeprefix(f"{self.top}/") if self.top else path)


class _Given(NamedTuple):
    """What the user gives in addition to the target."""

    repository: str | None
    parse: Callable[[str], naming.Name]
    reading: Reading

    @property
    def name(self) -> naming.Name | None:
        """The name of the repository if it is given: only then is it judged."""
        return self.parse(self.repository) if self.repository else None


def load_target(
    text: str,
    repository: str | None = None,
    vocabulary: Mapping[str, naming.FieldWords] = naming.VOCABULARY,
    reading: Reading = NORMAL,
) -> Target:
    """Read a target.

    Args:
        text: the path.
        repository: the model repository's name if the user gives it.
        vocabulary: the words of names.
        reading: how much of a package is read.

    Raises:
        UsageError: the path can't be read.
        NothingToLint: it contains no model.
    """
    if not text:  # an empty variable in a script: Path("") would be the current folder
        raise UsageError("a target is empty; give a path, or . for the current folder")
    started = time.perf_counter()
    path = Path(text)
    given = _Given(repository, partial(naming.parse, vocabulary=vocabulary), reading)
    try:
        if not path.is_dir() and not path.is_file():
            raise UsageError(_no_file(text, path))
        target = _folder(text, path, given) if path.is_dir() else _file(text, path, given)
    except OSError as error:
        inside = f" ({error.filename})" if error.filename not in {None, text} else ""
        raise UsageError(f"{text}: {error.strerror or error}{inside}") from error
    except TreeError as error:
        raise UsageError(f"{text}: {error}") from error
    return target._replace(seconds=time.perf_counter() - started)


def load_zip(
    text: str,
    ranges: Ranges,
    repository: str | None = None,
    parse: Callable[[str], naming.Name] = naming.parse,
    reading: Reading = NORMAL,
) -> Target:
    """Read a zip from any storage. Raises UsageError for a checkpoint, and TreeError."""
    archive = read_archive(Path(text).name, ranges)
    given = _Given(repository, parse, reading)
    target = Target(text, "package", f"{text}!/", archive=archive, bytes_total=ranges.size)
    if archive.tree is None:
        return target._replace(bytes_read=len(archive.head))
    if _is_checkpoint(archive.tree):
        if min(member.offset for member in archive.members) > 0:
            error = TreeError("its only directory is that of a checkpoint inside it")
            return target._replace(archive=archive._replace(error=error, tree=None))
        raise UsageError(
            f"{text}: a checkpoint, not a package; give the trainer folder or the zip it is in"
        )
    package = build_package(
        archive.tree,
        file_name=archive.file_name,
        repository=repository,
        parse=parse,
        reading=reading,
    )
    # The name of a zip is not the repository's: only a name that the user gives is judged.
    return target._replace(name=given.name, package=package, bytes_read=ranges.bytes_read)


def _no_file(text: str, path: Path) -> str:
    if path.exists():
        return f"{text}: neither a file nor a folder"
    return f"{text}: no such file or folder{_hint(text)}"


def _hint(text: str) -> str:
    """Return what to do instead if a missing target looks like something else."""
    if re.match(r"https?://|gh:|[\w.-]+/([\w.-]+@|model[\w-]+$)", text):
        return "; nothing is read from GitHub or the web yet: download the zip, or clone"
    if re.fullmatch(r"model_\w+(-\w+)*", text):
        return f"; `model-lint name {text}` judges a name"
    return ""


def _file(text: str, path: Path, given: _Given) -> Target:
    if path.suffix.lower() == ".json":
        return _dataset(text, path)
    with path.open("rb", buffering=0) as raw:
        return load_zip(text, of_file(raw), given.repository, given.parse, given.reading)


def _dataset(text: str, path: Path) -> Target:
    """Judge a single ``dataset.json``: as part of a data set unless plans are next to it."""
    if path.name != "dataset.json":
        raise UsageError(f"{text}: the only JSON file that is linted by itself is dataset.json")
    tree = FolderTree(path.resolve().parent, only=path.name)
    package = build_package(tree, file_name=None, repository=None)
    lone = not path.with_name("plans.json").exists()
    return Target(
        text,
        "package",
        text.removesuffix(path.name),
        package=package._replace(lone_dataset=lone),
        bytes_total=path.stat().st_size,
        bytes_read=tree.bytes_read,
        family="D",
    )


def _is_checkpoint(tree: ZipTree) -> bool:
    """Return whether it is a zip that torch wrote, or the end of one."""
    return any(f"{name}/data.pkl" in tree.files for name in tree.folders[""])


def _folder(text: str, path: Path, given: _Given) -> Target:
    full = path.resolve()
    if not (full / ".git").exists():
        if _is_trainer_folder(full):
            return _package_folder(text, FolderTree(full.parent, only=full.name), given)
        if _holds_trainer_folder(full):
            return _package_folder(text, FolderTree(full), given)
    if not any((full / mark).exists() for mark in _REPOSITORY_MARKS):
        zips = sorted(path.glob("*.zip"))
        hint = f"name its zips, such as {zips[0]}" if zips else "name a zip or one of these"
        raise NothingToLint(f"{text}: no trainer folder and no repository in this folder; {hint}")
    from .repository import build_repository  # noqa: PLC0415 - packages don't need it

    model = build_repository(full, given.repository)
    name = given.parse(model.name)
    return Target(text, "repository", f"{text.rstrip('/')}/", name=name, repository=model)


def _package_folder(text: str, tree: FolderTree, given: _Given) -> Target:
    package = build_package(
        tree,
        file_name=None,
        repository=given.repository,
        parse=given.parse,
        reading=given.reading,
    )
    return Target(
        text,
        "folder",
        f"{text.rstrip('/')}/",
        name=given.name,
        package=package,
        bytes_total=sum(entry.size for entry in tree.files.values()),
        bytes_read=tree.bytes_read,
        top=tree.only or "",
    )


def _is_trainer_folder(path: Path) -> bool:
    return (
        parse_folder_name(path.name) is not None
        or (path / "plans.json").is_file()
        or any(path.glob("fold_*/*.pth"))
        or any(is_version_1(p.name) for p in (*path.glob("*.pkl"), *path.glob("fold_*/*.model")))
    )


def _holds_trainer_folder(path: Path) -> bool:
    below = (p for pattern in ("*/", "*/*/") for p in path.glob(pattern))
    return any(_is_trainer_folder(p) for p in below)
