"""The packages that are given: their names, sizes and digests, checked before anything is sent."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from ...errors import UsageError, require_file
from ...models.package import FILE_NAME
from ...naming.tag import require_tag, tag_in
from ...storage.limits import MAX_ASSET_BYTES
from ...wording import listing, printable, size
from ..new_package import sha256
from .wanted import KEPT_NAME, SUMS, Asset

_BLOCK = 1 << 20


def choose_tag(paths: tuple[Path, ...], given: str | None, today: dt.date) -> str:
    """Return the tag, which is given or in the names of the packages. Raises UsageError."""
    named = {path.name: tag for path in paths if (tag := tag_in(path.name))}
    tags = set(named.values())
    if given is None and len(tags) != 1:
        what = "their names have several tags" if tags else "no tag in the package's name"
        raise UsageError(f"{listing(p.name for p in paths)}: {what}; give --tag rYYYYMMDD")
    tag = given or tags.pop()
    require_tag(tag, today)
    for name, other in named.items():
        if other != tag:
            raise UsageError(
                f"{printable(name)}: its name says {other}, not {tag}; "
                f"pack it again with --tag {tag}"
            )
    return tag


def require_name(paths: Iterable[Path], repository: str) -> None:
    """Raise UsageError if a package is named after another repository."""
    name = repository.partition("/")[2]
    for path in paths:
        stated = FILE_NAME.fullmatch(path.name)
        if stated and stated[1] != name and not path.name.startswith((f"{name}-", f"{name}_")):
            raise UsageError(
                f"{printable(path.name)}: named after {stated[1]}, but the repository is "
                f"{repository}; give --repo OWNER/{stated[1]}, or pack it again with --name {name}"
            )


def require_files(paths: tuple[Path, ...]) -> None:
    """Raise UsageError if a package can't become an asset."""
    for path in paths:
        require_file(path)
        if path.suffix.lower() != ".zip":
            raise UsageError(f"{path}: not a .zip; `model-lint pack` makes one")
        if not KEPT_NAME.fullmatch(path.name):
            raise UsageError(
                f"{printable(path.name)}: GitHub would rename it; use letters, digits and `-_.+@`"
            )
        if path.stat().st_size >= MAX_ASSET_BYTES:
            raise UsageError(
                f"{path}: {size(path.stat().st_size)}, and GitHub takes less than 2 GiB; pack "
                "one zip for each fold (model-lint pack --split-folds)"
            )
    names = [path.name for path in paths]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"{listing(sorted(twice))}: given twice")


def read_assets(paths: tuple[Path, ...]) -> tuple[Asset, ...]:
    """Return the packages and their SHA256SUMS. Raises UsageError."""
    packages = tuple(_read(path) for path in paths)
    sums = "".join(f"{asset.sha256}  {asset.name}\n" for asset in packages).encode()
    return (
        *packages,
        Asset(SUMS, len(sums), hashlib.sha256(sums).hexdigest(), sums, "text/plain"),
    )


def _read(path: Path) -> Asset:
    try:
        with path.open("rb") as stream:
            digest = sha256(iter(partial(stream.read, _BLOCK), b""))
            return Asset(path.name, stream.tell(), digest, path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
