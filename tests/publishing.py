"""A laboratory that publishes: a GitHub, a model repository, a checkout of it, and a package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from build import package, put
from checkpoint_files import slim
from github_server import GitHubServer, RepositoryBuilder
from github_server.state import Release
from rules.test_repository import git

OWNER, NAME = "lab", "model_seg_sc-gm_t2star"
TAG = "r20261123"
ZIP = f"{NAME}-{TAG}.zip"
README = """\
# Spinal cord and gray matter on T2\\*

[![DOI](https://img.shields.io/badge/DOI-10.1/x-blue)](https://doi.org/10.1/x)

Segments the cord and the gray matter of phantoms, with [nnU-Net](https://github.com/MIC-DKFZ/nnUNet).

## Results

<!-- results:begin -->

| Label | Dice |
|:--|:--|
| sc | 0.95 |

![The worst case](figures/worst.png)

<!-- results:end -->
"""
FILES: Mapping[str, str] = {
    "README.md": README,
    "LICENSE": "MIT License\n\nCopyright (c) the authors\n",
    "CITATION.cff": "cff-version: 1.2.0\nkeywords:\n  - Phantoms\n",
    "pyproject.toml": '[project]\ndependencies = ["nnunetv2==2.8.1"]\n',
    "datasplits/splits.yaml": "test: [one]\n",
}
PROGRAM = (sys.executable, "-m", "model_lint", "publish")


class Said(NamedTuple):
    """How a run ended, and what it printed."""

    status: int
    out: str
    err: str


class Lab(NamedTuple):
    """All that publishing takes."""

    server: GitHubServer
    model: RepositoryBuilder
    folder: Path
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the user."""
        return {
            "GITHUB_API_URL": self.server.api_url,
            "GH_TOKEN": self.token,
            "GITHUB_SERVER_URL": "",
        }

    @property
    def releases(self) -> list[Release]:
        """All releases, drafts included."""
        return self.model.repository.releases

    def writes(self) -> list[str]:
        """Return the requests that change something."""
        found = (e for e in self.server.log if e.method not in {"GET", "HEAD"})
        return [f"{entry.route or entry.path} {entry.status}" for entry in found]

    def end_state(self) -> object:
        """Return what is there, without numbers and times."""
        git_ = self.model.repository.git
        return (
            git_.sha(f"refs/tags/{TAG}"),
            [ref.name for ref in git_.refs()],
            [
                (r.tag, r.title, r.notes, r.draft, r.author.login)
                + tuple((a.name, a.size, a.digest, a.state) for a in r.assets)
                for r in self.releases
            ],
        )


def make_lab(server: GitHubServer, folder: Path) -> Lab:
    """Make a repository with one earlier release, and clone it."""
    owner = server.add_owner(OWNER)
    model = owner.add_repository(NAME, FILES, date="2026-11-01")
    model.release("r20261101", {"old.zip": b"old"}, date="2026-11-02")
    model.commit({"train.py": "print()\n"}, "2026-11-20", message="Train longer\n\nMuch longer.")
    token = server.add_token("maker", {f"{OWNER}/*": "push"})
    git(folder, "clone", "--quiet", f"{server.url}/{OWNER}/{NAME}.git", "checkout")
    zip_package(folder)
    return Lab(server, model, folder, token)


def zip_package(folder: Path, name: str = ZIP) -> Path:
    """Write a package to which no rule objects."""
    return package(folder, put("fold_0/checkpoint_final.pth", slim()), name=name)
