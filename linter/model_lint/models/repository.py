"""The model of a model repository: what git contains of it, and its texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..storage.limits import MAX_SCRIPT_BYTES, MAX_SCRIPTS, MAX_SCRIPTS_TOTAL
from ..storage.source import Source
from .card import parts
from .paths import FINAL_CHECKPOINT, is_checkpoint, parse_folder_name
from .readme import title

#: Programs and configurations: the files that may contain paths, addresses and keys of authors.
_SCRIPT = re.compile(
    r"(?s).*\.(py|sh|bash|zsh|csh|slurm|sbatch|pbs|smk|ps1|bat|ipynb|m|r|jl|yml|yaml|json|toml|cfg|ini"
    r"|conf|env|pem|key)|(.*/)?(Snakefile|Makefile|Dockerfile|Containerfile|Jenkinsfile|\.env(\.[^/]*)?"
    r"|\.netrc|\.npmrc|\.pypirc|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519))",
    re.IGNORECASE,
)
#: The tables from which the model card is made.
_RESULTS = re.compile(r"results/[^/]+\.csv")
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


CITATION = "CITATION.cff"


class Repository(NamedTuple):
    """A model repository in one state."""

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
    #: Weights and packages that git contains only as git-lfs pointers.
    pointers: tuple[str, ...] = ()
    #: Submodules that are missing in ``.gitmodules``.
    broken_links: tuple[str, ...] = ()
    #: Scripts and other texts that were not read because of a limit on requests.
    unread: tuple[str, ...] = ()
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


def build_repository(source: Source, name: str | None = None) -> Repository:
    """Build the model of a repository, from a checkout or from GitHub.

    Args:
        source: its files.
        name: its name if it is not that of the source.
    """
    files = source.files
    own = source.sizes(path for path in files if _large_kind(path))
    weights = _weights(own)
    readme, license_ = _readme(source), _license(source)
    scripts = _readable(source, (path for path in files if _SCRIPT.fullmatch(path)))
    documents = _readable(source, (path for path in files if _is_document(path)))
    results = _readable(source, (path for path in files if _RESULTS.fullmatch(path)))
    single = [path for path in (readme, license_) if path]
    known = [path for path in (CITATION, ".gitmodules") if path in files]
    source.expect([*single, *known, *weights, *documents, *scripts, *results])
    large = {p: size for p, size in own.items() if size >= _MIN_LARGE and _large_kind(p)}
    return Repository(
        name=name or source.name,
        files=files,
        readme=(readme, source.text(readme)) if readme else None,
        scripts=_texts(source, scripts),
        license=(license_, source.text(license_)) if license_ else None,
        tracked=source.tracked,
        large=large if source.tracked else {},
        documents=_texts(source, documents),
        pointers=source.beginning_with(weights, _POINTER),
        broken_links=_undeclared(source),
        unread=source.unread,
        card_sources=_card_sources(source, readme, [*scripts, *results]),
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


def _readme(source: Source) -> str | None:
    """Return the path of the README that GitHub shows."""
    for folder in _README_FOLDERS:
        found = [f"{folder}{name}" for name in source.names(folder) if _README.fullmatch(name)]
        # GitHub prefers Markdown too.
        for path in sorted(found, key=lambda path: (not path.lower().endswith(".md"), path)):
            if source.is_file(path):
                return path
    return None


def _card_sources(source: Source, readme: str | None, known: Iterable[str]) -> dict[str, str]:
    """Return the texts of the files that parts of the README were made from, if read whole."""
    named = {path for part in parts(source.text(readme) if readme else "") for path in part.sources}
    texts = _texts(source, sorted(named.intersection(known)))
    return {path: text for path, text in texts.items() if len(text.encode()) < MAX_SCRIPT_BYTES}


def _license(source: Source) -> str | None:
    """Return the path of the licence."""
    for name in source.names(""):
        if _LICENSE.fullmatch(name) and source.is_file(name):
            return name
    return next((path for path in source.files if path.startswith("LICENSES/")), None)


def _readable(source: Source, paths: Iterable[str]) -> list[str]:
    """Return the texts that are read, as many as the limits allow, without links."""
    # Programs come first, so that a folder of results in JSON can't use up the limit.
    wanted = sorted(paths, key=lambda path: path.lower().endswith((".json", ".ipynb")))
    return [p for p in wanted[:MAX_SCRIPTS] if not source.is_link(p) and source.is_file(p)]


def _texts(source: Source, paths: Iterable[str]) -> dict[str, str]:
    """Return the texts of files by path, as many as the limits allow."""
    texts: dict[str, str] = {}
    left = MAX_SCRIPTS_TOTAL
    unread = set(source.unread)
    for path in paths:
        if path in unread:
            continue
        texts[path] = source.text(path)
        left -= len(texts[path])
        if left < 0:
            break
    return dict(sorted(texts.items()))


def _undeclared(source: Source) -> tuple[str, ...]:
    """Return the submodules that are missing in ``.gitmodules``."""
    if not source.modules:
        return ()
    declared = re.findall(r"(?m)^[ \t]*path[ \t]*=[ \t]*(.*\S)", source.text(".gitmodules"))
    return tuple(link for link in source.modules if link not in declared)


class Statement(NamedTuple):
    """What a repository says of its model: to compare two states of it."""

    #: The name of the repository in ``CITATION.cff``; "" if it states none.
    name: str
    #: The first heading of the README; "" if it has none.
    title: str
    #: The terms of the licence, without the years and names of its owners.
    terms: str
    #: Where the README and the licence are; "" if they are missing.
    readme: str = ""
    license: str = ""


def build_statement(source: Source) -> Statement:
    """Build what a repository says of its model."""
    paths = (_readme(source), _license(source), CITATION)
    source.expect(path for path in paths if path and source.is_file(path))
    readme, terms, citation = (source.text(path) if path else "" for path in paths)
    places = [path or "" for path in paths]
    return Statement(_cited_name(citation), title(readme), _terms(terms), places[0], places[1])


def _cited_name(citation: str) -> str:
    found = re.search(r"(?m)^repository-code:\s*[\"']?https?://[^/\s]+/[^/\s]+/([\w.-]+)", citation)
    return found[1].removesuffix(".git") if found else ""


def _terms(text: str) -> str:
    lines = (line for line in text.lower().splitlines() if "copyright (c)" not in line)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", " ".join(lines)).split())
