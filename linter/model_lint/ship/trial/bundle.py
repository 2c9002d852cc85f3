"""What is tried: a zip that is fetched and unpacked as consumers do, or a folder as it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ...errors import UsageError
from ...models.target import Given, Target, is_remote, load_targets
from ...storage.limits import MAX_ENTRIES, MAX_UNPACKED_BYTES
from ...wording import listing, without_password
from ..download import Watch, download, require_room


def fetch(text: str, given: Given, folder: Path, watch: Watch) -> Path | None:
    """Download a package that is on a server; None for one that is here.

    Args:
        text: a path, the address of a zip, or a release on GitHub with one package.
        given: how targets are read: as little as possible.
        folder: where the file is put.
        watch: shows how much of it is done.

    Raises:
        UsageError: it can't be fetched, or is not one package.
    """
    if not is_remote(text):
        return None
    shown = without_password(text)
    packages = [t for t in load_targets(text, given) if t.kind == "package"]
    if len(packages) != 1:
        names = listing((t.text for t in packages), shown=5)
        has = f"{len(packages)} packages; name one: {names}" if packages else "no package"
        raise UsageError(f"{shown}: the release has {has}")
    return _download(packages[0], folder, watch)


def _download(target: Target, folder: Path, watch: Watch) -> Path:
    archive = target.archive
    if archive is None or archive.tree is None:
        why = f" ({archive.error})" if archive and archive.error else ""
        raise UsageError(f"{target.text}: not a zip{why}")
    name = Path(archive.file_name).name or "model.zip"
    path = folder / (name if name.lower().endswith(".zip") else f"{name}.zip")
    download(target, archive.tree, path, watch)
    return path


def unpack(path: Path, folder: Path) -> None:
    """Unpack a zip as consumers do: with Python's ``zipfile``, which puts nothing outside.

    Raises what ``zipfile`` raises, and UsageError if it is too large for the disk or for any model.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > MAX_UNPACKED_BYTES or len(members) > MAX_ENTRIES:
            raise UsageError(f"{path.name}: unpacks to more than any model")
        require_room(path.name, total, folder.parent)
        for member in members:
            archive.extract(member, folder)
