"""A checkout as a repository's source: git says what it contains, the folder has the texts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from .folder import FolderTree
from .git import ask_git, read_git
from .limits import MAX_SCRIPT_BYTES

#: A branch, a commit, a date of the specification or a version, with an optional suffix.
_REVISION = re.compile(
    r"(?<=.)-(main|master|develop|[0-9a-f]{40}|r\d{8}([-_.][\w.-]*)?|v\d+|v?\d+(\.\d+)+([-_.]?[\w.]+)*)$"
)


class CheckoutSource:
    """A folder with the files of a repository, with git or without."""

    #: Every text can be read.
    unread: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        """List what git tracks.

        Raises TreeError if there is no git, and the folder is larger than any repository.
        """
        self._root = root
        self._index = _index(root)
        has_git = (root / ".git").exists()
        if self._index is None:
            entries = FolderTree(root).files.values()
            self.files = tuple(entry.path for entry in entries)
            self._sizes = {e.path: e.size for e in entries if not self.is_link(e.path)}
        else:
            self.files = tuple(sorted(self._index.blobs))
        #: Git may be missing, or can't read the checkout.
        self.tracked = self._index is not None or not has_git
        self.modules = self._index.links if self._index and has_git else ()

    @property
    def name(self) -> str:
        """The last part of the address of git's ``origin``, or the folder's name."""
        return repository_name(self._root)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, also of files that are not committed yet."""
        try:
            return sorted(path.name for path in (self._root / folder).iterdir())
        except OSError:
            return []

    def is_file(self, path: str) -> bool:
        """Return whether a path leads to a file."""
        try:
            return (self._root / path).is_file()
        except OSError:
            return False

    def is_link(self, path: str) -> bool:
        """Return whether a path is a link."""
        return (self._root / path).is_symlink()

    def sizes(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the bytes of files in git: those of pointers for git-lfs and git-annex."""
        if self._index is None:
            return {path: self._sizes[path] for path in paths if path in self._sizes}
        blobs = self._blobs(paths)
        answer = self._ask("--batch-check", blobs) if blobs else b""
        # "<blob> blob <bytes>", or "<blob> missing" in a partial clone.
        answers = [line.split() for line in answer.decode().splitlines()]
        sizes = {words[0]: int(words[2]) for words in answers if len(words) == 3}
        return {path: sizes[blob] for path, blob in blobs.items() if blob in sizes}

    def beginning_with(self, paths: Iterable[str], beginning: str) -> tuple[str, ...]:
        """Return the files whose content in git begins with a text."""
        if self._index is None:
            return tuple(path for path in paths if self.text(path).startswith(beginning))
        blobs = self._blobs(paths)
        answer = self._ask("--batch", blobs) if blobs else b""
        # "<blob> blob <bytes>", and in the next line the bytes.
        pattern = rb"(?m)^(\w+) blob \d+\n" + re.escape(beginning.encode())
        found = {blob.decode() for blob in re.findall(pattern, answer)}
        return tuple(path for path, blob in blobs.items() if blob in found)

    def expect(self, paths: Iterable[str]) -> None:
        """Do nothing: reading a file takes no request."""

    def text(self, path: str) -> str:
        """Return the beginning of a text; "" if it is unreadable, or a link out of the checkout."""
        full = self._root / path
        try:
            # A link may lead to an endless device, or to a file outside the repository.
            if not full.resolve().is_relative_to(self._root.resolve()):
                return ""
            with full.open("rb") as stream:
                return decoded(stream.read(MAX_SCRIPT_BYTES))
        except OSError:
            return ""

    def _blobs(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the blob of each of the files that are no links."""
        known = self._index.blobs if self._index else {}
        return {path: known[path] for path in paths if known.get(path)}

    def _ask(self, how: str, blobs: Mapping[str, str]) -> bytes:
        lines = "".join(f"{blob}\n" for blob in blobs.values())
        return read_git(self._root, "cat-file", how, standard_input=lines.encode()) or b""


def decoded(data: bytes) -> str:
    """Return the text of a file, with one character at the end of its lines."""
    return data.decode(errors="replace").replace("\r\n", "\n")


def repository_name(root: Path) -> str:
    """Return the name of a checkout's repository: git's ``origin``, or the folder's name."""
    if (root / ".git").exists():
        address = origin(root) or ""
        return re.split(r"[/:]", address.rstrip("/"))[-1].removesuffix(".git") or root.name
    # GitHub appends the branch, the tag or the commit to the folder of a downloaded archive.
    return _REVISION.sub("", root.name)


class _Index(NamedTuple):
    """What git tracks."""

    #: The blob of each file, "" for a link.
    blobs: Mapping[str, str]
    #: Folders that are links to a commit of another repository.
    links: tuple[str, ...]


def _index(root: Path) -> _Index | None:
    """Return what git tracks; None if git can't say."""
    listed = read_git(root, "ls-files", "--stage", "-z")
    if listed is None:
        return None
    blobs: dict[str, str] = {}
    links: list[str] = []
    for entry in filter(None, listed.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, blob, _ = head.decode().split(" ")
        if mode == "160000":
            links.append(os.fsdecode(path))
        else:
            blobs[os.fsdecode(path)] = "" if mode == "120000" else blob
    if not blobs and not (root / ".git").exists():
        return None  # a folder that the repository around it ignores
    return _Index(blobs, tuple(links))


def origin(root: Path) -> str | None:
    """Return the address of the remote ``origin`` of a checkout; None if there is none."""
    said = ask_git(root, "config", "--get", "remote.origin.url")
    return (said or "").strip() or _configured(root)


def _configured(root: Path) -> str | None:
    """Return the address of ``origin`` where there is no git: by its configuration."""
    try:
        config = (_git_folder(root) / "config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    section = re.search(r'(?ms)^\s*\[remote "origin"\]\s*$(.*?)(?=^\s*\[|\Z)', config)
    url = section and re.search(r"(?m)^\s*url\s*=\s*(\S+)\s*$", section[1])
    return url[1] if url else None


def _git_folder(root: Path) -> Path:
    """Return where git's configuration is; in a submodule or worktree ``.git`` is a file."""
    folder = root / ".git"
    if folder.is_file():
        folder = root / folder.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        common = folder / "commondir"
        if common.is_file():
            folder = folder / common.read_text(encoding="utf-8").strip()
    return folder
