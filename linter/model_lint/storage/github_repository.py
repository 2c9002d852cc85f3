"""A repository on GitHub: asks for its commits, files and releases, and keeps what it was sent."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from github import GithubException, UnknownObjectException

from ..errors import UsageError
from .github import PAGE, Hub, asking
from .github_archive import read_archive
from .limits import MAX_ARCHIVE_BYTES, MAX_BLOB_BYTES, MAX_BLOBS, MAX_RELEASES, MAX_SCRIPT_BYTES

if TYPE_CHECKING:
    from github.GitRelease import GitRelease
    from github.GitReleaseAsset import GitReleaseAsset
    from github.Repository import Repository

#: Texts that are cheaper to get one by one than in an archive of everything.
_FEW = 2
#: Lists of folders of a repository with more files than GitHub lists at once.
_MAX_LISTS = 60
#: The assets that GitHub surely shows with a release.
_SHOWN_ASSETS = 30


class State(NamedTuple):
    """What a branch or a tag names: a commit."""

    sha: str
    #: The name of its files.
    tree: str
    date: datetime


class Blob(NamedTuple):
    """A file of a commit, or a link."""

    path: str
    mode: str
    #: The name of its content.
    sha: str
    size: int


class Remote:
    """A repository on GitHub. Every method raises UsageError if GitHub can't be asked."""

    def __init__(
        self, hub: Hub, full_name: str, about: str = "", listed: Repository | None = None
    ) -> None:
        """Ask for a repository.

        Args:
            hub: the GitHub.
            full_name: its owner and name, of today or of earlier.
            about: what messages begin with; by default its name.
            listed: what GitHub said of it in a list; it is not asked again.
        """
        self.hub = hub
        with asking(hub, about or full_name):
            self._api = listed or hub.api.get_repo(full_name)
        #: Requests and bytes so far.
        self.requests = int(listed is None)
        self.bytes_read = 0
        #: The beginning of each text by the name of its content.
        self.known: dict[str, bytes] = {}
        #: Its releases, once GitHub has listed them.
        self.listed_releases: list[GitRelease] | None = None
        #: Owner and name, as they are today.
        self.full_name: str = self._api.full_name
        self.name: str = self._api.name
        self.default_branch: str = self._api.default_branch
        self.is_private: bool = self._api.private

    # -------------------------------------------------------------------------------- commits

    def state(self, ref: str, instead: str = "") -> State:
        """Return the commit that a ref names, or that of another if there is none."""
        self.requests += 1
        with asking(self.hub, f"{self.full_name}: {ref}"):
            try:
                found = self._api.get_commit(ref, commit_files_per_page=1)
            except GithubException as error:
                if not instead or error.status not in {404, 422}:
                    raise
                return self.state(instead)
            return State(found.sha, found.commit.tree.sha, found.commit.committer.date)

    def entries(self, tree: str) -> list[dict[str, Any]]:
        """List all files, links and folders of a commit, or of a branch."""
        listed, complete = self._list(tree, recursive=True)
        if complete:
            return listed
        found: list[dict[str, Any]] = []
        pending = [("", tree)]
        for _ in range(_MAX_LISTS):
            prefix, sha = pending.pop()
            below, complete = self._list(sha, recursive=bool(prefix))
            whole = bool(prefix) and complete
            if not complete:
                below, _ = self._list(sha, recursive=False)
            found += ({**entry, "path": prefix + entry["path"]} for entry in below)
            if not whole:
                folders = (entry for entry in below if entry["type"] == "tree")
                pending += [(f"{prefix}{entry['path']}/", entry["sha"]) for entry in folders]
            if not pending:
                return found
        raise UsageError(
            f"{self.full_name}: too many files to list on GitHub; clone it, and check the clone"
        )

    def _list(self, tree: str, *, recursive: bool) -> tuple[list[dict[str, Any]], bool]:
        self.requests += 1
        with asking(self.hub, self.full_name):
            found = self._api.get_git_tree(tree, recursive=recursive).raw_data
        return found["tree"], not found["truncated"]

    def read(self, commit: str, blobs: Iterable[Blob], total: int) -> None:
        """Read the beginnings of files of a commit, as many as the limits allow.

        Args:
            commit: the commit.
            blobs: the files.
            total: bytes of all files of the commit.
        """
        wanted = {blob.sha: blob for blob in blobs if blob.sha not in self.known}
        if len(wanted) > _FEW and total <= MAX_ARCHIVE_BYTES:
            self.requests += 1
            with asking(self.hub, self.full_name):
                url = self._api.get_archive_link("tarball", commit)
            found, size = read_archive(
                self.full_name, url, {blob.path: blob.sha for blob in wanted.values()}, total
            )
            self.known.update(found)
            self.bytes_read += size
        # What an archive leaves out (`export-ignore`) or changes (`export-subst`).
        left = [blob for sha, blob in wanted.items() if sha not in self.known]
        for blob in left[:MAX_BLOBS]:
            if blob.size <= MAX_BLOB_BYTES:
                self._read_one(blob)

    def _read_one(self, blob: Blob) -> None:
        self.requests += 1
        with asking(self.hub, f"{self.full_name}: {blob.path}"):
            data = base64.b64decode(self._api.get_git_blob(blob.sha).content)
        self.bytes_read += len(data)
        self.known[blob.sha] = data[:MAX_SCRIPT_BYTES]

    # ------------------------------------------------------------------------------- releases

    def release(self, tag: str) -> GitRelease | None:
        """Return the published release of a tag, else its draft; None if missing.

        Only those who may push see drafts. For "" it is the latest published one.
        """
        self.requests += 1
        with asking(self.hub, self.full_name):
            try:
                return self._api.get_release(tag) if tag else self._api.get_latest_release()
            except UnknownObjectException:
                pass
        drafts = self.releases() if tag else []
        return next((release for release in drafts if release.tag_name == tag), None)

    def releases(self) -> list[GitRelease]:
        """Return its releases, the newest first; drafts too, if the token may push."""
        if self.listed_releases is None:
            with asking(self.hub, self.full_name):
                self.listed_releases = list(islice(self._api.get_releases(), MAX_RELEASES))
            self.requests += 1 + len(self.listed_releases) // PAGE
        return self.listed_releases

    def assets(self, release: GitRelease) -> list[GitReleaseAsset]:
        """Return all files of a release."""
        if len(release.assets) < _SHOWN_ASSETS:
            return release.assets
        with asking(self.hub, self.full_name):
            found = list(release.get_assets())
        self.requests += 1 + len(found) // PAGE
        return found
