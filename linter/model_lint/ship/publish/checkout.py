"""The checkout from which a release is made."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ...errors import UsageError
from ...storage.checkout import origin
from ...storage.git import ask_git, read_git, run_git
from ...storage.github import Hub
from ...wording import listing
from .wanted import NewRepository

_SSH = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?P<path>(?!//).+)")


class Checkout(NamedTuple):
    """A checkout."""

    root: Path
    #: The commit that is checked out.
    commit: str
    #: None if no branch is.
    branch: str | None
    #: The address of ``origin``.
    origin: str | None

    def on(self, web: str) -> str | None:
        """Return ``OWNER/NAME`` if ``origin`` is on a GitHub, else None."""
        return named_by(self.origin, web) if self.origin else None

    def commit_of(self, ref: str) -> str | None:
        """Return the commit that a branch, a tag or the like names; None if git knows none."""
        found = ask_git(self.root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return found.strip() if found else None

    def require_clean(self) -> None:
        """Raise UsageError if a tracked file was changed and not committed."""
        changed = ask_git(self.root, "status", "--porcelain", "-z", "--untracked-files=no")
        paths = [entry[3:] for entry in (changed or "").split("\0") if entry[2:3] == " "]
        if paths:
            raise UsageError(
                f"{listing(paths)}: changed, but not committed; commit and push it, or name the "
                "commit of the model with --target"
            )

    def read(self, commit: str, path: str) -> bytes:
        """Return a file in a commit; nothing if it is missing."""
        return read_git(self.root, "cat-file", "blob", f"{commit}:{path}") or b""

    def files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files in a folder of a commit."""
        listed = ask_git(self.root, "ls-tree", "-z", "--name-only", commit, f"{folder}/")
        return tuple(filter(None, (listed or "").split("\0")))


def find_checkout(folder: Path) -> Checkout | None:
    """Return the checkout around a folder; None if there is none, or it has no commit."""
    root = ask_git(folder, "rev-parse", "--show-toplevel")
    commit = root and ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not root or not commit:
        return None
    branch = ask_git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    top = Path(root.rstrip("\n"))
    return Checkout(top, commit.strip(), (branch or "").strip() or None, origin(top))


def named_by(address: str, web: str) -> str | None:
    """Return ``OWNER/NAME`` of a git address on a GitHub; None if it is elsewhere."""
    ssh = _SSH.fullmatch(address)
    try:
        host, path = (ssh["host"], ssh["path"]) if ssh else _of_url(address)
    except ValueError:  # no address at all
        return None
    words = path.strip("/").removesuffix(".git").split("/")
    known = urlsplit(web)
    # ssh has its own port, which says nothing.
    wanted = known.hostname if ssh or address.startswith("ssh:") else known.netloc
    if len(words) != 2 or host.lower() not in {wanted, f"ssh.{wanted}"}:
        return None
    return "/".join(words)


def _of_url(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.port and parts.scheme != "ssh":
        host += f":{parts.port}"
    return host, parts.path


def push(new: NewRepository, hub: Hub, repository: str, commit: str) -> None:
    """Push the branch of a checkout to its new repository, which becomes ``origin``.

    The token goes through git's environment: other users see the arguments of programs.
    Raises UsageError.
    """
    url = f"{hub.web}/{repository}.git"
    secret = base64.b64encode(f"x-access-token:{hub.token}".encode()).decode()
    environment = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{hub.web}/.extraHeader",
        "GIT_CONFIG_VALUE_0": "",  # the checkout of a workflow has one: two are refused
        "GIT_CONFIG_KEY_1": f"http.{hub.web}/.extraHeader",
        "GIT_CONFIG_VALUE_1": f"Authorization: Basic {secret}",
    }
    run_git(
        new.root,
        "push",
        "--quiet",
        url,
        f"{commit}:refs/heads/{new.branch}",
        environment=environment,
    )
    if origin(new.root) is None:
        run_git(new.root, "remote", "add", "origin", url)
