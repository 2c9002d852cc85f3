"""The model of a model repository's checkout: what git holds of it, and its texts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..storage.folder import FolderTree

#: What a model repository runs: the files in which paths and addresses of its authors hide.
_SCRIPT_SUFFIXES = frozenset(
    {".py", ".sh", ".bash", ".slurm", ".sbatch", ".smk", ".yml", ".yaml", ".ipynb", ".m", ".r"}
)
_SCRIPT_NAMES = frozenset({"Snakefile", "Makefile", "Dockerfile"})
#: Bytes of one text, and of all together, that are read: scripts are far smaller.
_MAX_TEXT = 1024 * 1024
_MAX_TEXTS = 32 * 1024 * 1024
#: Where GitHub looks for the README that it shows, in this order.
_README_FOLDERS = (".github/", "", "docs/")
#: Below this a file is a pointer of git-lfs or git-annex, or stands in for another in a test.
_MIN_LARGE = 1024

_LARGE = {
    "checkpoint": re.compile(
        r"(?s).*\.(pth|pt|ckpt|onnx|safetensors|h5|keras|tflite)", re.IGNORECASE
    ),
    "image volume": re.compile(
        r"(?s).*\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|mgz|mgh|dcm|ima|b2nd|gipl|gipl\.gz)", re.IGNORECASE
    ),
    "packaged model": re.compile(
        r"(?s)(.*/)?(model|dataset\d{3}|[^/]*(nnunet|checkpoint))[^/]*\.zip", re.IGNORECASE
    ),
}
#: Folders of files that a program is tried with: a small image there is made for it, or a sample.
_SAMPLES = re.compile(
    r"(^|/)([^/]*[-_.])?(tests?|testing|testdata|examples?|samples?|demos?|phantoms?|fixtures?)"
    r"([-_.][^/]*)?/",
    re.IGNORECASE,
)
_SMALL = 1024 * 1024
_LICENSE = re.compile(r"(un|mit[-_])?licen[sc]es?([-_.].*)?|copying([-_.].*)?", re.IGNORECASE)
_README = re.compile(r"readme(\.\w+)*", re.IGNORECASE)


@dataclass(frozen=True)
class Repository:
    """A checkout of a model repository."""

    name: str
    #: Tracked files, sorted; every file where there is no git.
    files: tuple[str, ...]
    #: Path and text of the README; None where there is none.
    readme: tuple[str, str] | None
    #: Texts of scripts and workflows by path.
    scripts: Mapping[str, str]
    #: Path and text of the licence; None where there is none.
    license: tuple[str, str] | None = None
    #: Whether it is known what git holds: not where git is missing, or can't read the checkout.
    tracked: bool = True
    #: Bytes of the weights, images and packages that git itself holds, by path: no links, and no
    #: pointers of git-lfs or git-annex.
    large: Mapping[str, int] = field(default_factory=dict)

    def kind(self, path: str) -> str:
        """Return what kind of file one of ``large`` is."""
        return _large_kind(path) or ""

    def is_sample(self, path: str) -> bool:
        """Say whether one of ``large`` is small and where the samples of a program are kept."""
        return self.large[path] < _SMALL and _SAMPLES.search(path) is not None


def _large_kind(path: str) -> str | None:
    """Return what kind of file is too large for git, or not for the public; None for others."""
    return next((kind for kind, form in _LARGE.items() if form.fullmatch(path)), None)


def build_repository(root: Path, name: str | None) -> Repository:
    """Build the model of a checkout; its name is given, or git's ``origin``, or the folder's.

    Raises TreeError where there is no git, and the folder is larger than any repository.
    """
    index = _index(root)
    if index is None:
        entries = FolderTree(root).files.values()
        files = tuple(entry.path for entry in entries)
        own = {e.path: e.size for e in entries if not (root / e.path).is_symlink()}
    else:
        files = tuple(sorted(index))
        own = _sizes(root, {p: blob for p, blob in index.items() if blob and _large_kind(p)})
    tracked = index is not None or not (root / ".git").exists()
    large = {p: size for p, size in own.items() if size >= _MIN_LARGE and _large_kind(p)}
    return Repository(
        name=name or repository_name(root),
        files=files,
        readme=_readme(root),
        scripts=dict(_scripts(root, files)),
        license=_license(root, files),
        tracked=tracked,
        large=large if tracked else {},
    )


def repository_name(root: Path) -> str:
    """Return the name of a checkout's repository: git's ``origin``, or the folder's name."""
    if (root / ".git").exists():
        return _origin(root) or root.name
    # GitHub names the folder of a downloaded archive after the branch, the tag or the commit too.
    return re.sub(r"(?<=.)-(main|master|r\d{8}|[0-9a-f]{40})$", "", root.name)


# ------------------------------------------------------------------------------------ texts


def _readme(root: Path) -> tuple[str, str] | None:
    for folder in _README_FOLDERS:
        names = [name for name in _names(root / folder) if _README.fullmatch(name)]
        # GitHub prefers Markdown too.
        for name in sorted(names, key=lambda n: (not n.lower().endswith(".md"), n)):
            return folder + name, _text(root / folder / name)
    return None


def _license(root: Path, files: tuple[str, ...]) -> tuple[str, str] | None:
    for name in _names(root):
        if _LICENSE.fullmatch(name):
            return name, _text(root / name)
    for path in files:
        if path.startswith("LICENSES/"):
            return path, _text(root / path)
    return None


def _names(folder: Path) -> list[str]:
    """Return the names of the files in a folder: one may wait there to be committed."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return []


def _scripts(root: Path, files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    held = 0
    for path in files:
        pure = PurePosixPath(path)
        if pure.suffix.lower() not in _SCRIPT_SUFFIXES and pure.name not in _SCRIPT_NAMES:
            continue
        full = root / path
        if full.is_symlink() or not full.is_file():
            continue
        text = _text(full)
        yield path, text
        held += len(text)
        if held > _MAX_TEXTS:
            return


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_TEXT).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""


# -------------------------------------------------------------------------------------- git


def _git(root: Path, *arguments: str, standard_input: bytes = b"") -> bytes | None:
    """Return what git says of a checkout, None where it is missing or fails."""
    import subprocess  # noqa: PLC0415 - the check of a zip must not pay for it

    # A checkout is data: whoever owns it, and whatever program its configuration names. In a hook
    # git names the repository in the environment, which need not be this one.
    options = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment["GIT_NO_LAZY_FETCH"] = "1"
    command = ["git", *options, "-C", str(root), *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=standard_input, capture_output=True, check=True, env=environment
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def _index(root: Path) -> dict[str, str] | None:
    """Return the tracked files with their blobs, "" for a link; None where it can't be known."""
    listed = _git(root, "ls-files", "--stage", "-z")
    if listed is None:
        return None
    blobs = {}
    for entry in filter(None, listed.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, blob, _ = head.decode().split(" ")
        if mode != "160000":  # a submodule
            blobs[os.fsdecode(path)] = "" if mode == "120000" else blob
    if not blobs and not (root / ".git").exists():
        return None  # a folder that the repository around it ignores
    return blobs


def _sizes(root: Path, blobs: Mapping[str, str]) -> dict[str, int]:
    """Return the bytes of what git holds: of a file of git-lfs or git-annex, of its pointer."""
    if not blobs:
        return {}
    answer = _git(root, "cat-file", "--batch-check", standard_input=_lines(blobs.values()).encode())
    # "<blob> blob <bytes>", or "<blob> missing" in a partial clone.
    answers = [line.split() for line in (answer or b"").decode().splitlines()]
    sizes = {words[0]: int(words[2]) for words in answers if len(words) == 3}
    return {path: sizes[blob] for path, blob in blobs.items() if blob in sizes}


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{word}\n" for word in words)


def _origin(root: Path) -> str | None:
    """Return the last part of the remote ``origin``'s address, None where there is none."""
    try:
        config = (_git_folder(root) / "config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    section = re.search(r'(?ms)^\s*\[remote "origin"\]\s*$(.*?)(?=^\s*\[|\Z)', config)
    url = section and re.search(r"(?m)^\s*url\s*=\s*(\S+)\s*$", section[1])
    if not url:
        return None
    return re.split(r"[/:]", url[1].rstrip("/"))[-1].removesuffix(".git") or None


def _git_folder(root: Path) -> Path:
    """Return where git's configuration is; in a submodule or worktree ``.git`` is a file."""
    folder = root / ".git"
    if folder.is_file():
        folder = root / folder.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        common = folder / "commondir"
        if common.is_file():
            folder = folder / common.read_text(encoding="utf-8").strip()
    return folder
