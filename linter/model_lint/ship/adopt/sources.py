"""Open old packages, wherever they are, and refuse those that are not safe to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ...lint import Options, lint
from ...models.package import Package
from ...models.target import Given, Target, is_remote, load_targets, load_zip
from ...rules import all_rules
from ...storage.ranges import of_file
from ...storage.tree import Tree, TreeError
from ...wording import without_password
from ..download import blocks, download
from ..new_package import sha256
from ..repair import refuse_unsafe
from ..repair_drops import files_once


@dataclass(frozen=True, eq=False)
class Source:
    """An old package that is open."""

    #: As users see it.
    shown: str
    package: Package
    tree: Tree
    #: Codes of the rules that report something in it.
    codes: frozenset[str]
    #: Paths of files that are in the zip more than once, with the same content.
    repeated: tuple[str, ...] = ()
    #: Name and SHA-256 of a zip; empty for a folder.
    file_name: str = ""
    digest: str = ""


@contextmanager
def opened(texts: tuple[str, ...], given: Given, folder: Path) -> Iterator[tuple[Source, ...]]:
    """Open packages; a release may be several.

    Args:
        texts: what the user names.
        given: what the user gives in addition.
        folder: where packages are put that a server sends.

    Raises:
        UsageError: one can't be read, or is damaged or unsafe.
    """
    with ExitStack() as stack:
        found: list[Source] = []
        for text in texts:
            for target in _targets(text, given):
                place = folder / f"{len(found)}.zip" if is_remote(text) else Path(text)
                found.append(_source(target, place, given, stack, fetch=is_remote(text)))
        yield tuple(found)


def _targets(text: str, given: Given) -> list[Target]:
    """Return the packages that an argument names."""
    shown = without_password(text)
    every = load_targets(text, given)
    targets = [t for t in every if t.package is not None or t.archive is not None]
    if not targets or targets[0].family:
        what = every[0].kind if not targets else "dataset.json"
        kinds = {"repository": "a repository", "release": "a release without a package"}
        raise UsageError(
            f"{shown}: {kinds.get(what, f'a {what}')}; give a package: a zip, a trainer folder, "
            "the address of a zip, or OWNER/REPO@TAG"
        )
    return targets


def _source(target: Target, place: Path, given: Given, stack: ExitStack, *, fetch: bool) -> Source:
    try:
        if target.archive is None:
            package = _model(target)
            return Source(target.text, package, package.tree, _codes(target))
        if fetch:
            _fetch(target, place, given)
        return _zip(target, place, given, stack)
    except (TreeError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{target.text}: not adopted: {reason}") from error
    except UsageError as error:
        message = str(error)
        known = message.startswith(target.text)
        raise UsageError(message if known else f"{target.text}: not adopted: {error}") from error


def _zip(target: Target, place: Path, given: Given, stack: ExitStack) -> Source:
    """Open a zip on disk, which stays open until the end."""
    file_name = target.archive.file_name if target.archive else place.name
    repository = target.package.repository if target.package else None
    raw = stack.enter_context(place.open("rb", buffering=0))
    loaded = load_zip(target.text, of_file(raw), given._replace(repository=repository), file_name)
    package = _model(loaded)
    tree = loaded.archive.tree if loaded.archive else None
    if tree is None:
        raise UsageError("it contains no package")
    _, repeated = files_once(tree, (m for m in tree.members if not m.is_dir))
    return Source(
        target.text,
        package,
        tree,
        _codes(loaded),
        tuple(repeated),
        file_name,
        sha256(blocks(tree.ranges)),
    )


def _fetch(target: Target, place: Path, given: Given) -> None:
    """Get a zip from a server."""
    tree = target.archive.tree if target.archive else None
    if tree is None:
        refuse_unsafe(target)
        raise UsageError("it contains no package")
    watch = given.watch or (lambda _name, _size: nullcontext(lambda _amount: None))
    download(target, tree, place, watch)


def _codes(target: Target) -> frozenset[str]:
    return frozenset(f.code for f in lint(target, Options(all_rules())).findings)


def _model(target: Target) -> Package:
    """Return the package. Raises UsageError, also if nothing in it looks like a trainer folder."""
    refuse_unsafe(target)
    if target.package is None:
        raise UsageError("it contains no package")
    if target.package.trainers:
        return target.package
    for finding in lint(target, Options(all_rules())).findings:
        if finding.code in {"L001", "L025"}:
            raise UsageError(f"{finding.message} ({finding.code})")
    raise UsageError("there is no trainer folder in it, and nothing that looks like one")
