"""The model of a model repository's checkout: the files that git tracks, and its texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .tree import FolderTree

#: What a model repository runs: the files in which paths and addresses of its authors hide.
_SCRIPT_SUFFIXES = frozenset(
    {".py", ".sh", ".bash", ".slurm", ".sbatch", ".smk", ".yml", ".yaml", ".ipynb", ".m", ".r"}
)
_SCRIPT_NAMES = frozenset({"Snakefile", "Makefile", "Dockerfile"})
#: Bytes of one text that are read: scripts are far smaller.
_MAX_TEXT = 1024 * 1024
#: Scripts that are read: a repository has hundreds at most.
_MAX_SCRIPTS = 2000
#: What git-lfs leaves in git in place of a large file.
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Repository:
    """A checkout of a model repository."""

    name: str
    #: Tracked files, sorted; without git every file. Links and git-lfs pointers are left out.
    files: tuple[str, ...]
    #: Path and text of the README; None where there is none.
    readme: tuple[str, str] | None
    #: Texts of scripts and workflows by path.
    scripts: Mapping[str, str]

    def named(self, *names: str) -> list[str]:
        """Return the files at the root with one of these stems, whatever their case and suffix."""
        return [path for path in self.files if "/" not in path and _stem(path) in names]


def build_repository(root: Path, name: str | None) -> Repository:
    """Build the model of a checkout; its name is given, or git's ``origin``, or the folder's."""
    files = tuple(path for path in _tracked(root) if _is_own(root / path))
    readmes = [path for path in files if "/" not in path and _stem(path) == "readme"]
    readme = min(readmes, key=lambda path: not path.endswith(".md"), default=None)
    scripts = [path for path in files if _is_script(path)][:_MAX_SCRIPTS]
    return Repository(
        name=name or repository_name(root),
        files=files,
        readme=(readme, _text(root / readme)) if readme else None,
        scripts={path: _text(root / path) for path in scripts},
    )


def repository_name(root: Path) -> str:
    """Return the name of a checkout's repository: git's ``origin``, or the folder's name."""
    return _origin(root) or root.name


def _stem(path: str) -> str:
    return path.partition(".")[0].lower()


def _is_script(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.suffix.lower() in _SCRIPT_SUFFIXES or pure.name in _SCRIPT_NAMES


def _tracked(root: Path) -> Iterable[str]:
    """Return the tracked files as git lists them; every file where git or its data is missing."""
    import subprocess  # noqa: PLC0415 - the check of a zip must not pay for it

    # A checkout is data: whoever owns it, and whatever program its configuration names.
    options = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]
    command = ["git", *options, "-C", str(root), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return sorted(FolderTree(root).files)
    return sorted(filter(None, listed.decode(errors="surrogateescape").split("\0")))


def _is_own(path: Path) -> bool:
    """Whether git holds the content itself: no link (git-annex), no pointer (git-lfs)."""
    if path.is_symlink() or not path.is_file():
        return False
    if path.stat().st_size > 1024:  # a pointer has some 130 bytes
        return True
    with path.open("rb") as stream:
        return stream.read(len(_POINTER)) != _POINTER


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_TEXT).decode(errors="replace")
    except OSError:
        return ""


def _origin(root: Path) -> str | None:
    """Return the last part of the remote ``origin``'s address, None where there is none."""
    try:
        config = (root / ".git" / "config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    section = re.search(r'(?ms)^\s*\[remote "origin"\]\s*$(.*?)(?=^\s*\[|\Z)', config)
    url = section and re.search(r"(?m)^\s*url\s*=\s*(\S+)\s*$", section[1])
    if not url:
        return None
    return re.split(r"[/:]", url[1].rstrip("/"))[-1].removesuffix(".git") or None
