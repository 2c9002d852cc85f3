"""Audits: run against the tests' GitHub, and shown as if it were the real one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from build import ABSENT, dataset, package, put
from console import console, output
from github_server import GitHubServer, OwnerBuilder
from rules.test_repository import FILES

OWNER = "ivadomed"


def audit_console(command: str) -> str:
    """Run a command while an owner with a few models is on the local GitHub."""
    with _asked() as (_, folder):
        return console(command, folder)


def audit_page() -> str:
    """Return the page that `audit` writes, with links to the real GitHub."""
    command = f"model-lint audit {OWNER} --format html"
    with _asked() as (address, folder):
        _, text = output(command, folder)
    return text.replace(address, "https://github.com")


@contextmanager
def _asked() -> Iterator[tuple[str, Path]]:
    """Start the local GitHub, which is asked inside; yield its address and an empty folder."""
    with GitHubServer() as server, tempfile.TemporaryDirectory() as name:
        _fill(server.add_owner(OWNER), server.root)
        token = server.add_token("reader", {f"{OWNER}/*": "read"})
        asked = {"GITHUB_API_URL": server.api_url, "GITHUB_SERVER_URL": "", "GH_TOKEN": token}
        with patch.dict(os.environ, asked | {"XDG_CACHE_HOME": f"{server.root}/cache"}):
            yield server.url, Path(name)


def _fill(owner: OwnerBuilder, folder: Path) -> None:
    good = package(folder, name="good.zip")
    turned = package(folder, dataset({"image_orientation": ABSENT}), name="turned.zip")
    old = package(folder, dataset({"numTraining": 12}), put("/.DS_Store"), name="old.zip")
    license_ = {path: text for path, text in FILES.items() if path.startswith("LICENSE")}
    for name, files, about, releases in (
        ("model_seg_sc-gm_t2star", FILES, "Spinal cord and gray matter in T2*-weighted images",
         {"2023-05-12": old, "2024-09-15": good}),
        ("model_seg_rootlets_t2", FILES, "Spinal nerve rootlets in T2-weighted images",
         {"2025-01-31": good}),
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
            made.release(tag, {f"{name}-{tag}.zip": path}, date=date)
    owner.add_repository("model_seg_old", {"README.md": "# Old\n"}, archived=True)
    owner.add_repository("website", {"README.md": "# Website\n"})
