"""Turn an argument of ``check`` into models. The content decides what it is, not its suffix."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import naming
from ..errors import NotAPackage, NothingToLint, UsageError, extra
from ..storage.depth import Depth
from ..storage.folder import FolderTree
from ..storage.github_place import ON_GITHUB
from ..storage.ranges import Ranges, of_file
from ..storage.tree import TreeError
from ..storage.zip import ZipTree
from ..wording import without_password
from .archive import Archive, read_archive, with_headers
from .expected import expect_reads
from .package import Package, build_package
from .paths import is_version_1, parse_folder_name
from .reading import NORMAL, Reading

if TYPE_CHECKING:
    from .release import Address, Links, Release, Unreleased
    from .repository import Repository

#: Any of these makes a folder a repository; a downloaded archive has no ``.git``.
_REPOSITORY_MARKS = (".git", "README.md", "LICENSE", "CITATION.cff", "pyproject.toml")


#: Endings of files, which a path that does not exist was meant to name; nnU-Net's folders.
_FILES = (".zip", ".json", ".pth", ".nii", ".gz")
_OF_NNUNET = re.compile(r"Dataset\d{3}_|nnUNetTrainer|fold_(\d+|all)$", re.ASCII)


class Target(NamedTuple):
    """One argument of ``check``: the models that the rules look at."""

    text: str
    #: package, folder, repository, release or name.
    kind: str
    #: Prefix of the locations inside it: ``model.zip!/`` or ``folder/``.
    prefix: str = ""
    #: The model repository's name, if the rules should judge it.
    name: naming.Name | None = None
    archive: Archive | None = None
    package: Package | None = None
    repository: Repository | None = None
    #: A release on GitHub, or what is there in place of one.
    release: Release | None = None
    unreleased: Unreleased | None = None
    #: The links to releases in the README, where GitHub was asked for them.
    links: Links | None = None
    #: The address, if what it names was moved.
    address: Address | None = None
    bytes_total: int = 0
    bytes_read: int = 0
    #: Requests to a server.
    requests: int = 0
    #: Only the rules of this family apply; "" for all.
    family: str = ""
    #: The folder of the tree that ``text`` names; "" if that is the whole tree.
    top: str = ""
    #: Seconds that reading it took.
    seconds: float = 0.0
    #: What GitHub says of the bytes of an asset, as ``sha256:...``; "" if that is unknown.
    digest: str = ""

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


#: Takes the name of a file that is sent, and its bytes; yields a function that takes further bytes.
Watch = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


class Given(NamedTuple):
    """What the user gives in addition to the target."""

    #: The model repository's name.
    repository: str | None = None
    #: Parses that name with the words of the configuration.
    parse: Callable[[str], naming.Name] = naming.parse
    #: How much of a package is read.
    reading: Reading = NORMAL
    #: Shows how much of a long download is done.
    watch: Watch | None = None


NOTHING_GIVEN = Given()


def load_targets(
    text: str, given: Given = NOTHING_GIVEN, *, offline: bool = False
) -> tuple[Target, ...]:
    """Read what an argument of ``check`` names: a release is several targets.

    Args:
        text: a path, the address of a zip, or a repository or a release on GitHub.
        given: what the user gives in addition.
        offline: whether the network must not be used.

    Raises:
        UsageError: it can't be read.
        NothingToLint: it contains no model.
    """
    if not is_remote(text):
        return (load_target(text, given),)
    if offline:
        shown = without_password(text)
        raise UsageError(f"{shown}: reading it takes the network, which --offline forbids")
    with extra("what reads it", f"{without_password(text)}: on the web; "):
        from .remote import load_remote  # noqa: PLC0415 - local targets need no network

        return load_remote(text, given)


def is_remote(text: str) -> bool:
    """Return whether an argument names something on a server: an address, or OWNER/REPO[@TAG].

    A path that exists is meant, and so is one that looks like a path with a typing error.
    """
    if re.match(r"[a-z][a-z+.-]+://", text, re.IGNORECASE):
        return True
    place = ON_GITHUB.fullmatch(text)
    if place is None or text.lower().endswith(_FILES) or _OF_NNUNET.match(place[2]):
        return False
    # In `dist/model` the folder may exist and the file not.
    if Path(text).exists() or Path(text).parent.exists():
        return False
    return bool(place[3]) or not _resembles_folder(place[1])


def _resembles_folder(name: str) -> bool:
    """Return whether a folder here has nearly this name."""
    from difflib import get_close_matches  # noqa: PLC0415 - few targets are on GitHub

    folders = [path.name for path in Path().iterdir() if path.is_dir()]
    return bool(get_close_matches(name, folders, 1, cutoff=0.75))


def load_target(text: str, given: Given = NOTHING_GIVEN) -> Target:
    """Read a file or a folder. Raises UsageError if it can't be read, and NothingToLint."""
    if not text:  # an empty variable in a script: Path("") would be the current folder
        raise UsageError("a target is empty; give a path, or . for the current folder")
    started = time.perf_counter()
    path = Path(text)
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
    text: str, ranges: Ranges, given: Given = NOTHING_GIVEN, file_name: str | None = None
) -> Target:
    """Read a zip from any storage. Raises UsageError for a checkpoint, and TreeError.

    Args:
        text: how the zip is shown.
        ranges: its bytes.
        given: what the user gives in addition.
        file_name: its name; None for the last part of ``text``.
    """
    archive = read_archive(file_name or Path(text).name, ranges)
    target = Target(text, "package", f"{text}!/", archive=archive, bytes_total=ranges.size)
    if archive.tree is None:
        return target._replace(bytes_read=ranges.bytes_read, requests=ranges.requests)
    if _is_checkpoint(archive.tree):
        if min(member.offset for member in archive.members) > 0:
            error = TreeError("its only directory is that of a checkpoint inside it")
            return target._replace(archive=archive._replace(error=error, tree=None))
        raise NotAPackage(
            f"{text}: a checkpoint, not a package; give the trainer folder or the zip it is in"
        )
    expect_reads(ranges, archive.members, given.reading.depth)
    package = build_package(
        archive.tree,
        file_name=archive.file_name,
        repository=given.repository,
        parse=given.parse,
        reading=given.reading,
    )
    return target._replace(
        name=_judged_name(package),
        archive=with_headers(archive),
        package=package,
        bytes_read=ranges.bytes_read,
        requests=ranges.requests,
    )


def _judged_name(package: Package) -> naming.Name | None:
    """Return the name of the repository if the user gives it: that of a zip is not judged."""
    return package.named if package.repository else None


def _no_file(text: str, path: Path) -> str:
    if path.exists():
        return f"{text}: neither a file nor a folder"
    return f"{text}: no such file or folder{_hint(text)}"


def _hint(text: str) -> str:
    """Return what to do instead if a missing target looks like something else."""
    if re.fullmatch(r"model_\w+(-\w+)*", text):
        return f"; `model-lint name {text}` judges a name"
    if re.match(r"(git@)?github\.com[/:]", text):
        return "; for a repository on GitHub, give OWNER/REPO or OWNER/REPO@TAG"
    short = ON_GITHUB.fullmatch(text)
    if short:
        page = f"{short[1]}/{short[2]}"
        release = f"releases/download/{short[3]}" if "/" in (short[3] or "") else short[3]
        if release:
            page += f"/{release}" if "/" in release else f"/releases/tag/{release}"
        return f"; for a repository on GitHub, give https://github.com/{page}"
    return ""


def _file(text: str, path: Path, given: Given) -> Target:
    if path.suffix.lower() == ".json":
        return _dataset(text, path)
    with path.open("rb", buffering=0) as raw:
        return load_zip(text, of_file(raw), given)


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


def _folder(text: str, path: Path, given: Given) -> Target:
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
    from ..storage.checkout import CheckoutSource  # noqa: PLC0415 - packages don't need it
    from .repository import build_repository  # noqa: PLC0415 - as above

    model = build_repository(CheckoutSource(full), given.repository)
    name = given.parse(model.name)
    return Target(text, "repository", f"{text.rstrip('/')}/", name=name, repository=model)


def _package_folder(text: str, tree: FolderTree, given: Given) -> Target:
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
        name=_judged_name(package),
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
