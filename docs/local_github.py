"""Commands that ask a GitHub: run against that of the tests, shown as if it were the real one."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import mini_sct
from build import ABSENT, dataset, drop, inside, package, put
from checkpoint_files import slim
from console import console, output
from github_server import GitHubServer, OwnerBuilder
from rules.test_repository import FILES

OWNER = "ivadomed"


class LocalGitHub(NamedTuple):
    """A GitHub, and the folder in which commands run."""

    server: GitHubServer
    folder: Path

    def console(self, command: str) -> str:
        """Run a command as somebody who may write everywhere; return the console."""
        with self._asked():
            return self._shown(console(command, self.folder))

    def output(self, command: str) -> str:
        """Return only what such a command prints."""
        with self._asked():
            return self._shown(output(command, self.folder)[1])

    @contextmanager
    def _asked(self) -> Iterator[None]:
        variables = self.server.environment(self.server.add_token("maker", {"*": "push"}))
        variables["XDG_CACHE_HOME"] = str(self.folder / ".cache")
        with patch.dict(os.environ, variables):
            yield

    def _shown(self, text: str) -> str:
        text = text.replace(self.server.url, "https://github.com")
        return re.sub(r"127\.0\.0\.1:\d+", "github.com", text)


@contextmanager
def empty() -> Iterator[LocalGitHub]:
    """Start a GitHub without anything."""
    with GitHubServer() as server, tempfile.TemporaryDirectory() as folder:
        yield LocalGitHub(server, Path(folder))


@contextmanager
def organization() -> Iterator[LocalGitHub]:
    """Start a GitHub with the organization of the guides, whose oldest model is unpacked too."""
    with empty() as github, tempfile.TemporaryDirectory() as name:
        owner, folder = github.server.add_owner(OWNER), Path(name)
        old = _add_old(owner, folder)
        _add_others(owner, folder)
        sct = mini_sct.files(github.server.url, OWNER)
        mini_sct.make(github.folder / "spinalcordtoolbox", sct)
        with zipfile.ZipFile(old) as archive:  # as the guide does it with `unzip`
            archive.extractall(github.folder / "old")
        yield github


def _add_old(owner: OwnerBuilder, folder: Path) -> Path:
    """Add a release that was made by hand, and return its package."""
    name = "model_seg_sc-gm_t2star"
    old = package(
        folder,
        put("fold_0/checkpoint_final.pth", slim()),
        put("fold_0/checkpoint_best.pth", slim()),
        dataset({"image_orientation": ABSENT}),
        inside("Dataset901_PhantomCord"),
        put("/.DS_Store"),
        name=f"{name}.zip",
    )
    about = "Spinal cord and gray matter in T2*-weighted images"
    repository = owner.add_repository(
        name, {"README.md": FILES["README.md"]}, description=about, date="2023-05-10"
    )
    assets = {old.name: old.read_bytes()}
    repository.release("r20230512", assets, title="First release", date="2023-05-12")
    return old


def _add_others(owner: OwnerBuilder, folder: Path) -> None:
    slimmed = put("fold_0/checkpoint_final.pth", slim())
    clean = package(folder, slimmed, drop("fold_0/debug.json"), name="clean.zip")
    good = package(folder, name="good.zip")
    turned = package(folder, slimmed, dataset({"image_orientation": ABSENT}), name="turned.zip")
    license_ = {path: text for path, text in FILES.items() if path.startswith("LICENSE")}
    for name, files, about, releases in (
        ("model_seg_sc_t2", FILES, "Spinal cord in T2-weighted images", {"2026-11-23": clean}),
        ("model_seg_rootlets_t2", FILES, "Spinal nerve rootlets in T2-weighted images",
         {"2024-09-15": good, "2025-01-31": clean}),
        ("model_seg_mice_t2w", license_, "Spinal cord of mice", {"2024-03-01": turned}),
        ("model_seg_canal_t2", FILES, "", {}),
    ):  # fmt: skip
        made = owner.add_repository(
            name,
            {path: text for path, text in files.items() if text is not None},
            description=about,
            date=min(releases, default="2024-01-01"),
        )
        for date, path in releases.items():
            tag = f"r{date.replace('-', '')}"
            made.release(tag, {f"{name}-{tag}.zip": path.read_bytes()}, date=date)
    owner.add_repository("model_seg_old", {"README.md": "# Old\n"}, archived=True)
    owner.add_repository("website", {"README.md": "# Website\n"})
