"""The model of a model repository's checkout: what git contains of it, and its texts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..storage.folder import FolderTree
from ..storage.limits import MAX_SCRIPT_BYTES, MAX_SCRIPTS, MAX_SCRIPTS_TOTAL
from .card import parts
from .paths import FINAL_CHECKPOINT, is_checkpoint, parse_folder_name

#: Programs and configurations: the files that may contain paths, addresses and keys of authors.
_SCRIPT = re.compile(
    r"(?s).*\.(py|sh|bash|zsh|csh|slurm|sbatch|pbs|smk|ps1|bat|ipynb|m|r|jl|yml|yaml|json|toml|cfg|ini"
    r"|conf|env|pem|key)|(.*/)?(Snakefile|Makefile|Dockerfile|Containerfile|Jenkinsfile|\.env(\.[^/]*)?"
    r"|\.netrc|\.npmrc|\.pypirc|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519))",
    re.IGNORECASE,
)
#: The largest size of a git-lfs pointer in bytes, and its beginning.
_MAX_POINTER = 1024
_POINTER = "version https://git-lfs"
#: The folders in which GitHub looks for the README that it shows, in this order.
_README_FOLDERS = (".github/", "", "docs/")
#: A smaller file is a pointer of git-lfs or git-annex, or a dummy for a test.
_MIN_LARGE = _MAX_POINTER

#: Weights of other frameworks than PyTorch, whole or in parts.
_OTHER_WEIGHTS = re.compile(
    r"(?s).*\.(pth\.tar|pt2|ptl|torchscript|onnx\.data|h5|hdf5|keras|tflite|pb|mlmodel|caffemodel|gguf"
    r"|data-\d+-of-\d+|ckpt[^/]*\.(meta|index))|(.*/)?[^/]*model[^/]*\.bin",
    re.IGNORECASE,
)
_IMAGE = re.compile(
    r"(?s).*\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|mgz|mgh|dcm|ima|b2nd|gipl|gipl\.gz)", re.IGNORECASE
)
_PACKAGE = re.compile(
    r"(?s)(.*/)?(model|dataset\d{3}|[^/]*(nnunet|checkpoint))[^/]*\.zip", re.IGNORECASE
)
#: Folders of test data and examples: a small image there is artificial, or a sample.
_SAMPLES = re.compile(
    r"(^|/)([^/]*[-_.])?(tests?|testing|testdata|examples?|samples?|demos?|phantoms?|fixtures?)"
    r"([-_.][^/]*)?/",
    re.IGNORECASE,
)
_SMALL = 1024 * 1024
_LICENSE = re.compile(r"(un|mit[-_])?licen[sc]es?([-_.].*)?|copying([-_.].*)?", re.IGNORECASE)
_README = re.compile(r"readme(\.\w+)*", re.IGNORECASE)
#: A branch, a commit, a date of the specification or a version, with an optional suffix.
_REVISION = re.compile(
    r"(?<=.)-(main|master|develop|[0-9a-f]{40}|r\d{8}([-_.][\w.-]*)?|v\d+|v?\d+(\.\d+)+([-_.]?[\w.]+)*)$"
)


class Repository(NamedTuple):
    """A checkout of a model repository."""

    name: str
    #: Tracked files, sorted; every file if there is no git.
    files: tuple[str, ...]
    #: Path and text of the README; None if it is missing.
    readme: tuple[str, str] | None
    #: Texts of scripts, workflows and configurations by path.
    scripts: Mapping[str, str]
    #: Path and text of the licence; None if it is missing.
    license: tuple[str, str] | None = None
    #: Whether it is known what git contains: False if git is missing, or can't read the checkout.
    tracked: bool = True
    #: Bytes of the weights, images and packages that git itself contains, by path: no links, and no
    #: pointers of git-lfs or git-annex.
    large: Mapping[str, int] = MappingProxyType({})
    #: Texts of the READMEs in other folders by path.
    documents: Mapping[str, str] = MappingProxyType({})
    #: Weights and packages of which git contains only a git-lfs pointer.
    pointers: tuple[str, ...] = ()
    #: Submodules that are missing in ``.gitmodules``.
    broken_links: tuple[str, ...] = ()
    #: Texts of the files that parts of the README were made from, by path.
    card_sources: Mapping[str, str] = MappingProxyType({})

    @property
    def texts(self) -> Mapping[str, str]:
        """Every text that was read, by path."""
        return {**dict([self.readme] if self.readme else []), **self.documents, **self.scripts}

    @property
    def trainers(self) -> tuple[str, ...]:
        """The complete trainer folders in git."""
        names = set(self.files)
        folders = (path.rpartition("/")[0] for path in self.files if path.endswith("/plans.json"))
        return tuple(
            folder
            for folder in folders
            if parse_folder_name(folder.rpartition("/")[2])
            and any(f"{folder}/fold_{n}/{FINAL_CHECKPOINT}" in names for n in (*range(10), "all"))
        )

    def kind(self, path: str) -> str:
        """Return the kind of a file in ``large``."""
        return _large_kind(path) or ""

    def is_sample(self, path: str) -> bool:
        """Return whether a file in ``large`` is small and in a folder of test data or examples."""
        return self.large[path] < _SMALL and _SAMPLES.search(path) is not None


def _large_kind(path: str) -> str | None:
    """Return the kind of a file that should not be in git; None for others."""
    if is_checkpoint(path) or _OTHER_WEIGHTS.fullmatch(path):
        return "checkpoint"
    if _IMAGE.fullmatch(path):
        return "image volume"
    return "packaged model" if _PACKAGE.fullmatch(path) else None


def build_repository(root: Path, name: str | None) -> Repository:
    """Build the model of a checkout. By default its name is git's ``origin``, or the folder's.

    Raises TreeError if there is no git, and the folder is larger than any repository.
    """
    index = _index(root)
    if index is None:
        entries = FolderTree(root).files.values()
        files = tuple(entry.path for entry in entries)
        own = {e.path: e.size for e in entries if not (root / e.path).is_symlink()}
        pointers = tuple(p for p in _weights(own) if _text(root, p).startswith(_POINTER))
    else:
        files = tuple(sorted(index.blobs))
        own = _sizes(root, {p: blob for p, blob in index.blobs.items() if blob and _large_kind(p)})
        pointers = _pointers(root, {p: index.blobs[p] for p in _weights(own)})
    tracked = index is not None or not (root / ".git").exists()
    large = {p: size for p, size in own.items() if size >= _MIN_LARGE and _large_kind(p)}
    readme = _readme(root)
    return Repository(
        name=name or repository_name(root),
        files=files,
        readme=readme,
        scripts=_texts(root, (p for p in files if _SCRIPT.fullmatch(p))),
        license=_license(root, files),
        tracked=tracked,
        large=large if tracked else {},
        documents=_texts(root, (p for p in files if _is_document(p))),
        pointers=pointers,
        broken_links=_undeclared(root, index.links) if index else (),
        card_sources=_card_sources(root, files, readme[1] if readme else ""),
    )


def _weights(sizes: Mapping[str, int]) -> list[str]:
    """Return the weights and packages that are small enough for a pointer."""
    return [
        path
        for path, size in sizes.items()
        if size < _MAX_POINTER and _large_kind(path) in {"checkpoint", "packaged model"}
    ]


def _is_document(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder != "" and _README.fullmatch(name) is not None


def repository_name(root: Path) -> str:
    """Return the name of a checkout's repository: git's ``origin``, or the folder's name."""
    if (root / ".git").exists():
        return _origin(root) or root.name
    # GitHub appends the branch, the tag or the commit to the folder of a downloaded archive.
    return _REVISION.sub("", root.name)


# ------------------------------------------------------------------------------------ texts


def _readme(root: Path) -> tuple[str, str] | None:
    for folder in _README_FOLDERS:
        names = [name for name in _names(root / folder) if _README.fullmatch(name)]
        # GitHub prefers Markdown too.
        for name in sorted(names, key=lambda n: (not n.lower().endswith(".md"), n)):
            return folder + name, _text(root, folder + name)
    return None


def _card_sources(root: Path, files: tuple[str, ...], readme: str) -> dict[str, str]:
    """Return the texts of the files that parts of the README were made from, if read whole."""
    named = {path for part in parts(readme) for path in part.sources}
    texts = _texts(root, named.intersection(files))
    return {path: text for path, text in texts.items() if len(text.encode()) < MAX_SCRIPT_BYTES}


def _license(root: Path, files: tuple[str, ...]) -> tuple[str, str] | None:
    for name in _names(root):
        if _LICENSE.fullmatch(name):
            return name, _text(root, name)
    for path in files:
        if path.startswith("LICENSES/"):
            return path, _text(root, path)
    return None


def _names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, also of files that are not committed yet."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return []


def _texts(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return the texts of files that are not links, as many as the limits allow."""
    # Programs come first, so that a folder of results in JSON can't use up the limit.
    wanted = sorted(paths, key=lambda path: path.lower().endswith((".json", ".ipynb")))
    texts: dict[str, str] = {}
    left = MAX_SCRIPTS_TOTAL
    for path in wanted[:MAX_SCRIPTS]:
        if (root / path).is_symlink() or not (root / path).is_file():
            continue
        texts[path] = _text(root, path)
        left -= len(texts[path])
        if left < 0:
            break
    return dict(sorted(texts.items()))


def _text(root: Path, path: str) -> str:
    """Return the beginning of a text; "" if it is unreadable, or a link out of the checkout."""
    full = root / path
    try:
        # A link may lead to an endless device, or to a file outside the repository.
        if not full.resolve().is_relative_to(root.resolve()):
            return ""
        with full.open("rb") as stream:
            data = stream.read(MAX_SCRIPT_BYTES)
    except OSError:
        return ""
    return data.decode(errors="replace").replace("\r\n", "\n")


# -------------------------------------------------------------------------------------- git


def _git(root: Path, *arguments: str, standard_input: bytes = b"") -> bytes | None:
    """Run git in a checkout and return its output; None if git is missing or fails."""
    import subprocess  # noqa: PLC0415 - checking a zip does not need it

    # A checkout is data: its owner does not matter, and programs that its configuration names must
    # not run. In a hook, git's environment variables may name another repository.
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


class _Index(NamedTuple):
    """What git tracks."""

    #: The blob of each file, "" for a link.
    blobs: Mapping[str, str]
    #: Folders that are links to a commit of another repository.
    links: tuple[str, ...]


def _index(root: Path) -> _Index | None:
    """Return what git tracks; None if git can't say."""
    listed = _git(root, "ls-files", "--stage", "-z")
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


def _undeclared(root: Path, links: tuple[str, ...]) -> tuple[str, ...]:
    """Return the submodules that are missing in ``.gitmodules``."""
    if not links or not (root / ".git").exists():
        return ()
    declared = re.findall(r"(?m)^[ \t]*path[ \t]*=[ \t]*(.*\S)", _text(root, ".gitmodules"))
    return tuple(link for link in links if link not in declared)


def _sizes(root: Path, blobs: Mapping[str, str]) -> dict[str, int]:
    """Return the sizes of files in git, in bytes: those of pointers for git-lfs and git-annex."""
    if not blobs:
        return {}
    answer = _git(root, "cat-file", "--batch-check", standard_input=_lines(blobs.values()).encode())
    # "<blob> blob <bytes>", or "<blob> missing" in a partial clone.
    answers = [line.split() for line in (answer or b"").decode().splitlines()]
    sizes = {words[0]: int(words[2]) for words in answers if len(words) == 3}
    return {path: sizes[blob] for path, blob in blobs.items() if blob in sizes}


def _pointers(root: Path, blobs: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files of which git contains only a git-lfs pointer."""
    if not blobs:
        return ()
    answer = (
        _git(root, "cat-file", "--batch", standard_input=_lines(blobs.values()).encode()) or b""
    )
    # "<blob> blob <bytes>", and in the next line the bytes.
    found = {
        blob.decode() for blob in re.findall(rb"(?m)^(\w+) blob \d+\n" + _POINTER.encode(), answer)
    }
    return tuple(path for path, blob in blobs.items() if blob in found)


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{word}\n" for word in words)


def _origin(root: Path) -> str | None:
    """Return the last part of the remote ``origin``'s address; None if it is missing."""
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
