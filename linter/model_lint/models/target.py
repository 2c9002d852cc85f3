"""From an argument to what is linted: content decides what it is, not its extension."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import naming
from ..errors import NothingToLint, UsageError
from ..storage.tree import FolderTree, TreeError, ZipTree, open_zip
from ..storage.zip_headers import read_headers
from .archive import Archive
from .package import Package, build_package, is_version_1, parse_folder_name
from .text_file import read_whole

if TYPE_CHECKING:
    from .repository import Repository

#: Any of these makes a folder a repository; git's own is not there in a downloaded archive.
_REPOSITORY_MARKS = (".git", "README.md", "LICENSE", "CITATION.cff", "pyproject.toml")


_Parse = Callable[[str], naming.Name]
#: Reads what of a package was not read while it was built.
_Complete = Callable[[Package], Package]


@dataclass(frozen=True)
class Target:
    """What one argument of ``check`` stands for: the models that the rules look at."""

    text: str
    #: package, folder, repository or name.
    kind: str
    #: Prefix of the locations inside it: ``model.zip!/`` or ``folder/``.
    prefix: str = ""
    #: The model repository's name, where it is to be judged.
    name: naming.Name | None = None
    archive: Archive | None = None
    package: Package | None = None
    repository: Repository | None = None
    bytes_total: int = 0
    bytes_read: int = 0
    #: Only the rules of this family apply; "" for all.
    family: str = ""
    #: The name in the tree of what ``text`` stands for, where that is a folder of the tree.
    top: str = ""
    #: Seconds that reading it took.
    seconds: float = 0.0

    @property
    def models(self) -> tuple[object, ...]:
        """The models that it has."""
        every = (self.name, self.archive, self.package, self.repository)
        return tuple(model for model in every if model is not None)

    @property
    def deep(self) -> bool:
        """Whether every byte was read."""
        return self.package is not None and self.package.deep is not None

    def shown_as(self, text: str) -> Target:
        """Return the target of a zip as if it were found under another path."""
        return replace(self, text=text, prefix=f"{text}!/")

    def locate(self, path: str) -> str:
        """Return the location that users see of a path in the tree."""
        if path in {"", self.top}:
            return self.text
        return self.prefix + (path.removeprefix(f"{self.top}/") if self.top else path)


def load_target(
    text: str,
    repository: str | None = None,
    vocabulary: Mapping[str, naming.FieldWords] = naming.VOCABULARY,
    *,
    deep: bool = False,
    jobs: int | None = None,
) -> Target:
    """Read a target. ``repository`` is the model repository's name where the user gives it.

    ``deep`` reads every byte of a package: its checksums and the numbers of its weights, in
    ``jobs`` threads.

    Raises UsageError where the path can't be read, NothingToLint where it holds no model.
    """
    if not text:  # an empty variable of a script, where the current folder would pass for it
        raise UsageError("a target is empty; give a path, or . for the current folder")
    path = Path(text)
    parse = partial(naming.parse, vocabulary=vocabulary)
    complete = partial(_read_deep, jobs=jobs) if deep else _read_before
    try:
        if path.is_dir():
            return _folder(text, path, repository, parse, complete)
        if path.is_file():
            return _file(text, path, repository, parse, complete)
    except OSError as error:
        inside = f" ({error.filename})" if error.filename not in {None, text} else ""
        raise UsageError(f"{text}: {error.strerror or error}{inside}") from error
    except TreeError as error:
        raise UsageError(f"{text}: {error}") from error
    if path.exists():
        raise UsageError(f"{text}: neither a file nor a folder")
    raise UsageError(f"{text}: no such file or folder{_hint(text)}")


def _hint(text: str) -> str:
    """Return what to do instead where a target that is not there looks like something else."""
    if re.match(r"https?://|gh:|[\w.-]+/([\w.-]+@|model[\w-]+$)", text):
        return "; nothing is read from GitHub or the web yet: download the zip, or clone"
    if re.fullmatch(r"model_\w+(-\w+)*", text):
        return f"; `model-lint name {text}` judges a name"
    return ""


def _file(
    text: str, path: Path, repository: str | None, parse: _Parse, complete: _Complete
) -> Target:
    if path.suffix.lower() == ".json":
        return _dataset(text, path)
    size = path.stat().st_size
    with path.open("rb", buffering=0) as raw:
        head = raw.read(64)
        try:
            tree = open_zip(raw)
            _refuse_checkpoint(text, tree)
        except TreeError as error:
            archive = Archive(path.name, size, head, error, ())
            return Target(
                text,
                "package",
                f"{text}!/",
                archive=archive,
                bytes_total=size,
                bytes_read=len(head),
            )
        # The name of a zip is not the repository's: only a name that the user gives is judged.
        package = complete(
            build_package(tree, file_name=path.name, repository=repository, parse=parse)
        )
        headers = read_headers(tree, size)
        damaged = tuple((dict(package.damaged) | dict(headers.broken)).items())
        archive = Archive(path.name, size, head, None, tree.members, damaged, headers.differing)
        return Target(
            text,
            "package",
            f"{text}!/",
            name=parse(repository) if repository else None,
            archive=archive,
            package=package,
            bytes_total=size,
            bytes_read=tree.bytes_read,
        )


def _dataset(text: str, path: Path) -> Target:
    """Judge a single ``dataset.json``: as that of a data set unless plans lie beside it."""
    if path.name != "dataset.json":
        raise UsageError(f"{text}: of JSON files only dataset.json is linted by itself")
    tree = FolderTree(path.resolve().parent, only=path.name)
    package = replace(
        build_package(tree, file_name=None, repository=None),
        lone_dataset=not path.with_name("plans.json").exists(),
    )
    prefix = text.removesuffix(path.name)
    size = path.stat().st_size
    return Target(
        text,
        "package",
        prefix,
        package=package,
        bytes_total=size,
        bytes_read=tree.bytes_read,
        family="D",
    )


def _refuse_checkpoint(text: str, tree: ZipTree) -> None:
    """A checkpoint is a zip too; say what to lint instead of calling it an empty package.

    Raises TreeError for a package that was cut off: the last directory in it is a checkpoint's.
    """
    if not any(re.fullmatch(r"[^/]+/data\.pkl", path) for path in tree.files):
        return
    if min(member.offset for member in tree.members) > 0:
        raise TreeError("the only directory in it is that of a checkpoint inside")
    raise UsageError(
        f"{text}: a checkpoint, not a package; give the trainer folder or the zip it is in"
    )


def _folder(
    text: str, path: Path, repository: str | None, parse: _Parse, complete: _Complete
) -> Target:
    full = path.resolve()
    is_checkout = (full / ".git").exists()
    if not is_checkout and _is_trainer_folder(full):
        return _package_folder(
            text, FolderTree(full.parent, only=full.name), repository, parse, complete
        )
    if not is_checkout and _holds_trainer_folder(full):
        return _package_folder(text, FolderTree(full), repository, parse, complete)
    if not any((full / mark).exists() for mark in _REPOSITORY_MARKS):
        zips = sorted(path.glob("*.zip"))
        hint = f"name its zips, such as {zips[0]}" if zips else "name a zip or one of these"
        raise NothingToLint(f"{text}: no trainer folder and no repository in this folder; {hint}")
    from .repository import build_repository  # noqa: PLC0415 - a package does without

    model = build_repository(full, repository)
    name = parse(model.name)
    return Target(text, "repository", f"{text.rstrip('/')}/", name=name, repository=model)


def _read_before(package: Package) -> Package:
    return package


def _read_deep(package: Package, jobs: int | None) -> Package:
    from .every_byte import read_everything  # noqa: PLC0415 - threads, which few checks need

    return replace(
        read_everything(package, jobs), records=read_whole(package.tree, package.records)
    )


def _package_folder(
    text: str, tree: FolderTree, repository: str | None, parse: _Parse, complete: _Complete
) -> Target:
    package = complete(build_package(tree, file_name=None, repository=repository, parse=parse))
    total = sum(entry.size for entry in tree.files.values())
    return Target(
        text,
        "folder",
        f"{text.rstrip('/')}/",
        name=parse(repository) if repository else None,
        package=package,
        bytes_total=total,
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
