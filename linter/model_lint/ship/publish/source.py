"""Where a release is made, of which commit, and what that commit says of the model."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from github import GithubException, UnknownObjectException
from github.Repository import Repository as GithubRepository

from ...errors import UsageError
from ...storage.github import Hub
from ...storage.limits import MAX_BLOB_BYTES
from ...wording import printable, without_password
from .checkout import Checkout
from .notes import Change, History

#: The texts of a commit that the notes are made from, and the folder of the splits.
_TEXTS = ("README.md", "CITATION.cff", "pyproject.toml", "requirements.txt", "environment.yml")
_SPLITS = "datasplits"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", re.ASCII)
#: Bytes of a text that are read.
_MAX_TEXT = 1 << 20
#: Commits since the last release that are read.
_MAX_CHANGES = 1000


class Texts(NamedTuple):
    """What a commit says of the model."""

    #: Texts by path.
    texts: Mapping[str, str] = MappingProxyType({})
    #: The lists of subjects by path.
    splits: Mapping[str, bytes] = MappingProxyType({})


class _Files(Protocol):
    """The files of a commit."""

    def read(self, commit: str, path: str) -> bytes:
        """Return a file; nothing if it is missing."""

    def files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files in a folder."""


def choose_repository(given: str | None, checkout: Checkout | None, hub: Hub) -> str:
    """Return ``OWNER/NAME``, which is given or is git's ``origin``. Raises UsageError."""
    if given is not None:
        if not _REPOSITORY.fullmatch(given):
            raise UsageError(f"--repo {given}: write OWNER/NAME")
        return given
    if checkout is None:
        raise UsageError("which repository? run it in the checkout, or give --repo OWNER/NAME")
    found = checkout.on(hub.web)
    if found is None:
        origin = printable(without_password(checkout.origin or ""))
        where = f"is {origin}, not" if origin else "is missing: not"
        raise UsageError(
            f"{checkout.root.name}: git's origin {where} on {urlsplit(hub.web).netloc}; "
            "give --repo OWNER/NAME"
        )
    return found


def choose_commit(
    target: str | None, checkout: Checkout | None, there: GithubRepository | None
) -> str:
    """Return the commit to tag: the one that is checked out, or the one that is named.

    Args:
        target: a branch, a tag or a commit, if one is named.
        checkout: that of the repository.
        there: the repository on GitHub, if it exists.

    Raises UsageError, and GithubException.
    """
    if target is None:
        if checkout is None:
            raise UsageError(
                "which commit made the model? run it in the checkout, or give --target "
                "with a branch or a commit"
            )
        checkout.require_clean()
        return checkout.commit
    commit = checkout.commit_of(target) if checkout else None
    if commit is None and there is not None:
        commit = _commit_on(there, target)
    if commit is None:
        raise UsageError(f"--target {target}: there is no such branch, tag or commit")
    return commit


def _commit_on(there: GithubRepository, name: str) -> str | None:
    """Return the commit that a branch, a tag or the like names on GitHub."""
    try:
        return there.get_commit(name).sha
    except GithubException as error:
        if error.status in {404, 409, 422}:
            return None
        raise


def require_pushed(commit: str, checkout: Checkout | None, there: GithubRepository) -> None:
    """Raise UsageError unless a commit is on the default branch, or on the one checked out.

    GitHub also finds commits of forks, so that finding it is not enough.
    """
    branches = [there.default_branch, checkout.branch if checkout else None]
    for branch in filter(None, dict.fromkeys(branches)):
        try:
            status = there.compare(branch, commit).status
        except GithubException as error:
            if error.status not in {404, 422}:  # no such commit, or nothing in common
                raise
            continue
        if status in {"identical", "behind"}:
            return
    raise UsageError(
        f"{commit[:7]} is not on {there.full_name}: push it (git push) to the branch "
        f"{there.default_branch}, or name another commit with --target"
    )


def history(there: GithubRepository | None, tag: str, commit: str) -> History:
    """Return what happened since the last release."""
    if there is None:
        return History()
    found = [r for r in there.get_releases() if not r.draft and r.tag_name != tag]
    if not found:
        return History()
    last = max(found, key=lambda release: release.published_at).tag_name
    try:
        commits = islice(there.compare(last, commit).commits, _MAX_CHANGES)
        return History(last, tuple(Change(c.sha, c.commit.message) for c in commits))
    except UnknownObjectException:  # its tag is gone
        return History(last)


def read_texts(commit: str, checkout: Checkout | None, there: GithubRepository | None) -> Texts:
    """Return what a commit says, from the checkout if that has it, else from GitHub."""
    source: _Files
    if checkout and checkout.commit_of(commit):
        source = checkout
    elif there:
        source = RemoteFiles(there)
    else:
        return Texts()
    texts = {path: source.read(commit, path)[:_MAX_TEXT] for path in _TEXTS}
    splits = source.files(commit, _SPLITS)
    return Texts(
        {path: data.decode(errors="replace") for path, data in texts.items() if data},
        {path: source.read(commit, path) for path in splits if not path.endswith("README.md")},
    )


class RemoteFiles:
    """The files of a commit on GitHub."""

    def __init__(self, there: GithubRepository) -> None:
        self._there = there

    def read(self, commit: str, path: str) -> bytes:
        """Return a file; nothing if it is missing."""
        try:
            found = self._there.get_contents(path, ref=commit)
        except UnknownObjectException:
            return b""
        if isinstance(found, list) or found.encoding == "base64":
            return b"" if isinstance(found, list) else found.decoded_content
        # GitHub shows no content of more than 1 MB in this place.
        if found.encoding != "none" or found.size > MAX_BLOB_BYTES:
            return b""
        return base64.b64decode(self._there.get_git_blob(found.sha).content)

    def files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files in a folder."""
        try:
            found = self._there.get_contents(folder, ref=commit)
        except UnknownObjectException:
            return ()
        listed = found if isinstance(found, list) else []
        return tuple(file.path for file in listed if file.type == "file")
