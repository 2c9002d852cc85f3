"""The GitHub that the guides ask: the one of the tests, with an owner and a few models."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from build import ABSENT, dataset, package, put
from github_server import GitHubServer, OwnerBuilder
from rules.test_repository import FILES

OWNER = "ivadomed"
#: Where the example's links lead, instead of to this machine.
WEB = "https://github.com"


#: What is closed when the build ends.
_open = ExitStack()


@cache
def environment() -> dict[str, str]:
    """Start it, once, and return the variables with which it is asked; ``stop`` ends it."""
    server = _open.enter_context(GitHubServer())
    _fill(server.add_owner(OWNER), Path(tempfile.mkdtemp(dir=server.root)))
    token = server.add_token("reader", {f"{OWNER}/*": "read"})
    return {
        "GITHUB_API_URL": server.api_url,
        "GH_TOKEN": token,
        "XDG_CACHE_HOME": str(server.root / "cache"),
    }


def stop() -> None:
    """End it: its threads would keep the build from ending."""
    _open.close()


def published(text: str) -> str:
    """Return a page in which every link leads to the real GitHub."""
    return text.replace(environment()["GITHUB_API_URL"].removesuffix("/api/v3"), WEB)


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
