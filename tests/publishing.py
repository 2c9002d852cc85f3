"""A laboratory that publishes: a GitHub, a model repository, a checkout of it, and a package."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from build import MODEL
from github_server import GitHubServer, RepositoryBuilder
from github_server.state import Release
from model_lint.cli import main
from rules.test_repository import git

OWNER, NAME, TAG = "lab", "model_seg_sc-gm_t2star", "r20261123"
ZIP = f"{NAME}-{TAG}.zip"
README = """\
# Spinal cord and gray matter on T2\\*

[![DOI](https://img.shields.io/badge/DOI-10.1/x-blue)](https://doi.org/10.1/x)

Segments the cord of phantoms, with [nnU-Net](https://github.com/MIC-DKFZ/nnUNet).

## Results

<!-- card:results -->

| Label | Dice |
|:--|:--|
| sc | 0.95 |

![The worst case](figures/worst.png)

<!-- card:end -->
"""
#: The files of a repository to which no rule objects.
FILES: Mapping[str, str] = {
    "README.md": README,
    "LICENSE": "MIT License\n\nCopyright (c) the authors\n",
    "CITATION.cff": "cff-version: 1.2.0\nkeywords:\n  - Phantoms\n",
    "pyproject.toml": '[project]\ndependencies = ["nnunetv2==2.8.1"]\n',
    "datasplits/splits.yaml": "test: [one]\n",
}
#: `publish` as a program.
PROGRAM = (sys.executable, "-m", "model_lint", "publish")


class Said(NamedTuple):
    """How a run ended, and what it printed."""

    status: int
    out: str
    err: str


class Lab(NamedTuple):
    """All that publishing takes."""

    server: GitHubServer
    folder: Path
    token: str
    #: None before the repository is created.
    model: RepositoryBuilder | None

    @property
    def checkout(self) -> Path:
        """The checkout, the current folder of a run."""
        return self.folder / "checkout"

    @property
    def zip(self) -> Path:
        """The package."""
        return self.folder / ZIP

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the user."""
        return self.server.environment(self.token)

    @property
    def releases(self) -> list[Release]:
        """The releases of the tag, drafts included."""
        found = self.server.state.repository(f"{OWNER}/{NAME}")
        return [r for r in found.releases if r.tag == TAG] if found else []

    def take_back(self) -> None:
        """Remove what a run has made, so that another one finds the beginning."""
        self.server.log.clear()
        if self.model is None:
            self.server.state.repositories.clear()
            with suppress(subprocess.CalledProcessError):
                git(self.checkout, "remote", "remove", "origin")
            return
        repository = self.model.repository
        repository.releases = [r for r in repository.releases if r.tag != TAG]
        repository.before = repository.latest = None
        if repository.git.sha(f"refs/tags/{TAG}"):
            repository.git.delete_ref(f"refs/tags/{TAG}")

    def writes(self) -> list[str]:
        """Return the requests that change something."""
        found = [e for e in self.server.log if e.method not in {"GET", "HEAD"}]
        return [f"{e.method} {e.path.partition(NAME)[2]} {e.status}" for e in found]

    def end_state(self) -> object:
        """Return what there is, without numbers, times and digests of tags."""
        found = self.server.state.repository(f"{OWNER}/{NAME}")
        if found is None:
            return None
        return {
            "about": (found.description, found.homepage, found.topics, found.default_branch),
            "refs": {ref.name: found.git.sha(ref.name) for ref in found.git.refs()},
            "releases": [
                (r.tag, r.title, r.notes, r.draft, r.author.login, _assets(r))
                for r in found.releases
            ],
        }


def _assets(release: Release) -> list[tuple[str, int, str | None, str]]:
    return [(a.name, a.size, a.digest, a.state) for a in release.assets]


def make_lab(server: GitHubServer, folder: Path) -> Lab:
    """Make a repository with one earlier release, clone it, and pack a model for it."""
    owner = server.add_owner(OWNER)
    model = owner.add_repository(NAME, FILES, date="2026-11-01")
    model.release("r20261101", {"old.zip": b"old"}, date="2026-11-02")
    model.commit({"train.py": "print()\n"}, "2026-11-20", message="Train longer\n\nMuch longer.")
    git(folder, "clone", "--quiet", f"{server.url}/{OWNER}/{NAME}.git", "checkout")
    server.log.clear()
    (folder / ZIP).write_bytes(packed())
    return Lab(server, folder, server.add_token("maker", {f"{OWNER}/*": "push"}), model)


def make_new_lab(server: GitHubServer, folder: Path) -> Lab:
    """Make a checkout whose repository is not on GitHub yet, and pack a model for it."""
    server.add_owner(OWNER)
    checkout = folder / "checkout"
    for path, text in FILES.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text)
    git(checkout, "init", "--quiet", "--initial-branch", "trunk")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "The first")
    (folder / ZIP).write_bytes(packed())
    return Lab(server, folder, server.add_token("maker", {f"{OWNER}/*": "admin"}), None)


@cache
def packed(folds: str = "0") -> bytes:
    """Return the package of a model, as `pack` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ZIP
        words = ["--name", NAME, "--tag", TAG, "--folds", folds, "--output", str(path)]
        with redirect_stdout(io.StringIO()):
            assert main(["pack", str(MODEL), *words]) == 0
        return path.read_bytes()
