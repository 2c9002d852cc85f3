"""An organization on the tests' own GitHub, for the commands of the guides that need a GitHub."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from build import ABSENT, dataset, drop, inside, package, put
from checkpoint_files import slim
from github_server import GitHubServer
from local_github import console_of
from rules.test_repository import FILES

OWNER = "ivadomed"
#: A release that was made by hand, and its model without what stops SCT.
OLD, NEW = ("model_seg_sc-gm_t2star", "r20230512"), ("model_seg_sc_t2", "r20261123")


class Hub(NamedTuple):
    """A GitHub, and the folder in which commands run."""

    server: GitHubServer
    folder: Path
    token: str

    def show(self, command: str) -> str:
        """Run a command as a member of the organization; return the console."""
        return console_of(self.server, command, self.folder, self.token)


_OPEN = ExitStack()
_HUBS: dict[str, Hub] = {}


def hub(page: str) -> Hub:
    """Return the GitHub of a page: what a command changes, the next ones on the page see."""
    if page not in _HUBS:
        folder = Path(_OPEN.enter_context(tempfile.TemporaryDirectory()))
        server = _OPEN.enter_context(GitHubServer())
        _fill(server, folder)
        _HUBS[page] = Hub(server, folder, server.add_token("maker", {f"{OWNER}/*": "push"}))
    return _HUBS[page]


def close_hubs() -> None:
    """End all of them; Python waits for their threads before it ends."""
    _HUBS.clear()
    _OPEN.close()


def _fill(server: GitHubServer, folder: Path) -> None:
    owner = server.add_owner(OWNER)
    (name, tag), (clean, latest) = OLD, NEW
    old = package(
        folder,
        put("fold_0/checkpoint_final.pth", slim()),
        put("fold_0/checkpoint_best.pth", slim()),
        dataset({"image_orientation": ABSENT}),
        inside("Dataset901_PhantomCord"),
        put("/.DS_Store"),
        name=f"{name}.zip",
    )
    repository = owner.add_repository(name, {"README.md": FILES["README.md"]}, date="2023-05-10")
    repository.release(tag, {old.name: old.read_bytes()}, title="First release", date="2023-05-12")
    new = package(
        folder,
        put("fold_0/checkpoint_final.pth", slim()),
        drop("fold_0/debug.json"),
        name=f"{clean}-{latest}.zip",
    )
    model = owner.add_repository(clean, FILES, date="2026-11-20")
    model.release(latest, {new.name: new.read_bytes()}, date="2026-11-23")
    new.unlink()
    with zipfile.ZipFile(old) as archive:  # as the guide does it with `unzip`
        archive.extractall(folder / "old")
