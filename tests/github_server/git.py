"""Bare git repositories, read and changed by git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

#: Nothing of the user's own git settings, and nothing that waits for the disk.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tfsync = none
[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""


#: The tree without entries, which every git knows.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class GitError(Exception):
    """git refused."""


class Ref(NamedTuple):
    """A ref, and the object that it names."""

    name: str
    kind: str
    sha: str


class Person(NamedTuple):
    """Who made a commit or a tag, and when."""

    name: str
    email: str
    date: datetime


class Commit(NamedTuple):
    """A commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


class Tag(NamedTuple):
    """An annotated tag."""

    sha: str
    name: str
    message: str
    tagger: Person
    kind: str
    target: str


class Entry(NamedTuple):
    """An entry of a tree."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


class Change(NamedTuple):
    """A file that a commit changes."""

    status: str
    path: str
    sha: str
    added: int
    deleted: int


@dataclass(frozen=True)
class Git:
    """A bare repository in a folder."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, branch: str) -> Git:
        """Write an empty repository, without a process for each of hundreds."""
        for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
        (folder / "config").write_text(_CONFIG)
        return cls(folder)

    def run(self, *words: str, given: bytes = b"") -> bytes:
        """Run git and return its output. Raises GitError."""
        done = subprocess.run(
            ["git", f"--git-dir={self.folder}", *words],
            input=given,
            capture_output=True,
            env=ENVIRONMENT,
            check=False,
        )
        if done.returncode:
            raise GitError(done.stderr.decode(errors="replace"))
        return done.stdout

    def lines(self, *words: str) -> list[str]:
        """Run git and return its output's lines."""
        return self.run(*words).decode(errors="replace").splitlines()

    def sha(self, name: str, kind: str = "commit") -> str | None:
        """Return the object of a kind that a name leads to, or None."""
        try:
            found = self.run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}"
            )
        except GitError:
            return None
        return found.decode().strip()

    def file(self, commit: str, path: str) -> str | None:
        """Return the content of a file in a commit, by its name."""
        found = self.tree(commit, path=path) if self.sha(commit) else []
        return next((entry.sha for entry in found if entry.kind == "blob"), None)

    def kind(self, sha: str) -> str | None:
        """Return the kind of an object, or None if there is none."""
        try:
            return self.run("cat-file", "-t", sha).decode().strip()
        except GitError:
            return None

    def content(self, sha: str) -> bytes:
        """Return the content of a file."""
        return self.run("cat-file", "blob", sha)

    def refs(self, *prefixes: str) -> list[Ref]:
        """Return the refs below prefixes."""
        listed = self.lines(
            "for-each-ref", "--format=%(refname) %(objecttype) %(objectname)", *prefixes
        )
        return [Ref(*line.split(" ")) for line in listed]

    def set_ref(self, name: str, sha: str) -> None:
        """Make a ref, or move it."""
        self.run("update-ref", name, sha)

    def delete_ref(self, name: str) -> None:
        """Remove a ref."""
        self.run("update-ref", "-d", name)

    def is_empty(self) -> bool:
        """Return whether there is no commit."""
        return not self.refs()

    def commits(self, *words: str) -> list[Commit]:
        """Return commits that ``git log`` lists."""
        form = "%H %T %P %an %ae %at %cn %ce %ct %B %x01".replace(" ", "%x00")
        listed = self.run("log", f"--format={form}", *words).decode(errors="replace")
        return [_commit(one.lstrip("\n").split("\0")) for one in listed.split("\x01")[:-1]]

    def commit(self, sha: str) -> Commit:
        """Return a commit."""
        return self.commits("-1", sha)[0]

    def tag(self, sha: str) -> Tag:
        """Return an annotated tag."""
        raw = self.run("cat-file", "tag", sha).decode(errors="replace")
        head, _, message = raw.partition("\n\n")
        fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
        return Tag(
            sha,
            fields["tag"],
            message.rstrip("\n"),
            _person(fields["tagger"]),
            fields["type"],
            fields["object"],
        )

    def tree(self, name: str, *, recursive: bool = False, path: str | None = None) -> list[Entry]:
        """Return the entries of a tree, or the one at a path."""
        options = ["-r", "-t"] if recursive else []
        paths = [path] if path else []
        listed = self.run("ls-tree", "-z", "-l", "--full-tree", *options, name, *paths).decode()
        return [_entry(line) for line in listed.split("\0")[:-1]]

    def changes(self, base: str, head: str) -> list[Change]:
        """Return the files that differ between two trees."""
        words = ("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", base, head)
        raw = self.run(*words, "--raw", "--abbrev=40").decode(errors="replace").split("\0")[:-1]
        counts = {}
        for line in self.run(*words, "--numstat").decode(errors="replace").split("\0")[:-1]:
            added, deleted, path = line.split("\t", 2)
            counts[path] = (_number(added), _number(deleted))
        changes = []
        for head_, path in zip(raw[::2], raw[1::2], strict=True):
            _, _, _, sha, status = head_.split(" ")
            changes.append(Change(status[0], path, sha, *counts[path]))
        return changes

    def archive(self, sha: str, folder: str, form: str = "tar.gz") -> Iterator[bytes]:
        """Return an archive piece by piece, all below a folder."""
        words = ["git", f"--git-dir={self.folder}", "archive", f"--format={form}"]
        with subprocess.Popen(
            [*words, f"--prefix={folder}/", sha], stdout=subprocess.PIPE, env=ENVIRONMENT
        ) as process:
            assert process.stdout
            while piece := process.stdout.read(1 << 16):
                yield piece


def _commit(fields: Sequence[str]) -> Commit:
    sha, tree, parents, *persons, message, _ = fields
    author, committer = (
        Person(name, email, _date(date)) for name, email, date in (persons[:3], persons[3:])
    )
    return Commit(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n"))


def _person(line: str) -> Person:
    """Read ``Name <mail> SECONDS ZONE``."""
    name, _, rest = line.partition(" <")
    email, _, when = rest.partition("> ")
    return Person(name, email, _date(when.split()[0]))


def _date(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), timezone.utc)


def _entry(line: str) -> Entry:
    head, _, path = line.partition("\t")
    mode, kind, sha, size = head.split()
    return Entry(mode, kind, sha, None if size == "-" else int(size), path)


def _number(text: str) -> int:
    return 0 if text == "-" else int(text)
