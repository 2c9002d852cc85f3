"""A commit on GitHub as a repository's source, without a clone: a few requests for any size.

One request lists the files, one gets the texts that are needed, all in one archive. A repository
that is too large for that gives each text by itself, as many as the limit on requests allows.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from .checkout import decoded
from .github_repository import Blob, Remote
from .tree import folders_of

_FILES, _LINK, _MODULE = ("100644", "100755", "100664"), "120000", "160000"
#: Links that a path may lead through, as in Linux.
_MAX_LINKS = 40


class GitHubSource:
    """The files of a commit on GitHub."""

    #: GitHub says what git contains.
    tracked = True

    def __init__(self, remote: Remote, commit: str, tree: str) -> None:
        """List the files of a commit. Raises UsageError.

        Args:
            remote: the repository.
            commit: the commit, or a branch.
            tree: the name of its files, or the branch.
        """
        entries = remote.entries(tree)
        self._remote = remote
        self._commit = commit
        self._blobs = dict(_blobs(entries))
        self._expected: list[str] = []
        self.name = remote.name
        self.files = tuple(sorted(self._blobs))
        self.modules = tuple(e["path"] for e in entries if e["mode"] == _MODULE)

    @cached_property
    def _folders(self) -> Mapping[str, tuple[str, ...]]:
        return folders_of(self._blobs, ())

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder."""
        return list(self._folders.get(self._lead(folder.rstrip("/")) or "", ()))

    def is_file(self, path: str) -> bool:
        """Return whether a path leads to a file."""
        end = self._lead(path)
        return end is not None and end in self._blobs

    def is_link(self, path: str) -> bool:
        """Return whether a path is a link."""
        return path in self._blobs and self._blobs[path].mode == _LINK

    def sizes(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the bytes of files."""
        return {p: self._blobs[p].size for p in paths if p in self._blobs and not self.is_link(p)}

    def beginning_with(self, paths: Iterable[str], beginning: str) -> tuple[str, ...]:
        """Return the files that begin with a text."""
        return tuple(path for path in paths if self.text(path).startswith(beginning))

    def expect(self, paths: Iterable[str]) -> None:
        """Get the texts that will be read, together."""
        ends = filter(None, map(self._lead, paths))
        self._expected += dict.fromkeys(end for end in ends if end in self._blobs)
        total = sum(blob.size for blob in self._blobs.values())
        self._remote.read(self._commit, [self._blobs[end] for end in self._expected], total)

    @property
    def unread(self) -> tuple[str, ...]:
        """Texts that were expected, but not read because of a limit."""
        known = self._remote.known
        return tuple(path for path in self._expected if self._blobs[path].sha not in known)

    def text(self, path: str) -> str:
        """Return the beginning of a text that was expected; "" for any other."""
        end = self._lead(path)
        blob = self._blobs.get(end) if end else None
        return decoded(self._remote.known.get(blob.sha, b"")) if blob else ""

    def _lead(self, path: str) -> str | None:
        """Return where a path leads through links; None if it leaves the repository."""
        pending, done = path.split("/"), ""
        links = 0
        while pending:
            part = pending.pop(0)
            here = posixpath.normpath(posixpath.join(done, part)) if part else done
            if here == ".." or here.startswith("../"):
                return None
            done = "" if here == "." else here
            if self.is_link(done):
                links += 1
                target = self._target(self._blobs[done])
                if links > _MAX_LINKS or not target or target.startswith("/"):
                    return None
                done = done.rpartition("/")[0]
                pending = [*target.split("/"), *pending]
        return done

    def _target(self, link: Blob) -> str:
        self._remote.read(self._commit, [link], 0)
        return self._remote.known.get(link.sha, b"").decode(errors="surrogateescape")


def _blobs(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Blob]]:
    for entry in entries:
        if entry["mode"] in (*_FILES, _LINK):
            path = entry["path"]
            yield path, Blob(path, entry["mode"], entry["sha"], int(entry.get("size") or 0))
