"""Commits written by git's own importer: many files in one process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from .licenses import FILES, recognize
from .state import Repository

#: A file's content; None where it is removed.
File = bytes | str | Path | None
NAME, EMAIL = "Model Maker", "maker@example.org"


def add_commit(
    repository: Repository,
    files: Mapping[str, File],
    at: datetime,
    *,
    message: str = "Initial commit",
    branch: str | None = None,
) -> str:
    """Add a commit to a branch, after those that are there; return its name."""
    git, branch = repository.git, branch or repository.default_branch
    ref = f"refs/heads/{branch}"
    seconds = int(at.timestamp())
    old = ref_file(repository, ref)
    if old is None and ref in {r.name for r in git.refs(ref)}:
        old = git.sha(ref)
    stream = [f"commit {ref}\ncommitter {NAME} <{EMAIL}> {seconds} +0000\n".encode()]
    stream.append(_data(message.encode()))
    if old:
        stream.append(f"from {old}\n".encode())
    for path, content in files.items():
        stream.append(_file(path, content))
    stream.append(b"\ndone\n")
    git.run(
        *("-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--done", "--force"),
        given=b"".join(stream),
    )
    repository.pushed_at = repository.updated_at = at
    if branch == repository.default_branch:
        note_license(repository, files)
    sha = ref_file(repository, ref)
    assert sha
    return sha


def ref_file(repository: Repository, ref: str) -> str | None:
    """Return what a ref names, if it has its own file."""
    path = repository.git.folder / ref
    return path.read_text().strip() if path.is_file() else None


def note_license(repository: Repository, files: Mapping[str, File]) -> None:
    """Remember the licence that new files state."""
    for name in FILES:
        if name in files:
            content = files[name]
            text = None if content is None else _bytes(content).decode(errors="replace")
            repository.license = recognize(text)
            return


def _file(path: str, content: File) -> bytes:
    quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if content is None:
        return f"D {quoted}\n".encode()
    return f"M 100644 inline {quoted}\n".encode() + _data(_bytes(content))


def _bytes(content: bytes | str | Path) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"
