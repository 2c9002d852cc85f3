"""Commit a plan on a new branch of a checkout, without touching what is checked out.

The commit is made from objects: git's index and the working tree are neither read nor written, so
that it does not matter what is changed there. The branch is created last, in one step.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from ...errors import UsageError
from ...storage.git import ask_git, read_git, run_git
from ..publish.checkout import Checkout, find_checkout
from .plan import Plan

#: The old value for git of a branch that must not exist.
_NOTHING = ""
_FILE = "100644"
_WHO = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL")


class Committed(NamedTuple):
    """The commit of a plan."""

    branch: str
    commit: str
    #: Whether an earlier run made it.
    was_there: bool


def open_checkout(folder: Path) -> Checkout:
    """Return the checkout at a folder. Raises UsageError."""
    if folder.is_file():
        raise UsageError(f"--into {folder}: a file, which only --check takes; name the checkout")
    if not folder.is_dir():
        raise UsageError(f"--into {folder}: no such folder")
    checkout = find_checkout(folder)
    if checkout is None:
        raise UsageError(f"--into {folder}: not a checkout of git with a commit")
    return checkout


def choose_base(checkout: Checkout, ref: str | None) -> str:
    """Return the commit that a branch begins at. Raises UsageError."""
    commit = checkout.commit_of(ref) if ref else checkout.commit
    if commit is None:
        raise UsageError(f"--base {ref}: there is no such branch, tag or commit")
    return commit


def read_file(checkout: Checkout, commit: str, path: str) -> bytes | None:
    """Return a file of a commit; None if it is missing."""
    return read_git(checkout.root, "cat-file", "blob", f"{commit}:{path}")


def commit_plan(checkout: Checkout, base: str, plan: Plan, branch: str) -> Committed:
    """Commit the files of a plan on a new branch; one that has the same files is left as it is.

    Raises UsageError; then there is no branch.
    """
    root, ref = checkout.root, f"refs/heads/{branch}"
    if ask_git(root, "check-ref-format", "--branch", branch) is None:
        raise UsageError(f"--branch {branch}: not a name that git takes")
    _require_author(root)
    tree = _write_tree(root, base, plan)
    there = checkout.commit_of(ref)
    if there:
        if ask_git(root, "rev-parse", f"{there}^{{tree}}") == f"{tree}\n":
            return Committed(branch, there, was_there=True)
        raise UsageError(
            f"{checkout.root}: there is a branch {branch} with other files; delete it, or give "
            "another name with --branch"
        )
    words = ("commit-tree", tree, "-p", base, "-m", plan.title)
    commit = run_git(root, *words, environment=_author()).strip()
    run_git(root, "update-ref", ref, commit, _NOTHING)
    return Committed(branch, commit, was_there=False)


def _require_author(root: Path) -> None:
    """Raise UsageError if git does not know who commits."""
    try:
        for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            run_git(root, "var", name, environment=_author())
    except UsageError as error:
        raise UsageError(
            f"{root}: git does not know who commits; `git config user.name NAME` and `git config "
            f"user.email ADDRESS` say it ({error})"
        ) from error


def _author() -> dict[str, str]:
    """Return the variables that say who commits."""
    return {key: value for key, value in os.environ.items() if key.startswith(_WHO)}


def _write_tree(root: Path, base: str, plan: Plan) -> str:
    """Write the tree of a commit with the files of a plan, through an index of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        run_git(root, "read-tree", base, environment=environment)
        for path, (_, data) in plan.files.items():
            blob = run_git(root, "hash-object", "-w", "--stdin", standard_input=data).strip()
            entry = f"{_mode(root, base, path)},{blob},{path}"
            words = ("update-index", "--add", "--cacheinfo", entry)
            run_git(root, *words, environment=environment)
        return run_git(root, "write-tree", environment=environment).strip()


def _mode(root: Path, base: str, path: str) -> str:
    listed = ask_git(root, "ls-tree", base, "--", path)
    return listed.split(" ", 1)[0] if listed else _FILE
