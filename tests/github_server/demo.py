"""An owner with a few models, for people and for the examples of the documentation."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from .server import GitHubServer

OWNER = "example-lab"
_MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
_LICENSE = "MIT License\n\nCopyright (c) the authors\n"


def build_demo(server: GitHubServer) -> str:
    """Add the owner; return a token of one who may do everything there."""
    owner = server.add_owner(OWNER)
    name, tag = "model_seg_sc-gm_t2star", "r20261123"
    files = {
        "README.md": f"# {name}\n",
        "LICENSE": _LICENSE,
        "CITATION.cff": "cff-version: 1.2.0\n",
    }
    good = owner.add_repository(
        name, files, date="2026-11-20", description="A phantom's spinal cord"
    )
    good.release(tag, {f"{name}-{tag}.zip": _package()}, date="2026-11-23", notes="First release.")
    old = owner.add_repository("spinal-cord-model", {"README.md": "# A model\n"}, date="2023-02-01")
    old.release("v1.0", {"model.zip": _package("results/Dataset901_Phantom/")}, title="Version 1")
    owner.add_repository("website", {"index.html": "<p>Hello</p>\n"}, date="2022-06-01")
    return server.add_token("maintainer", {f"{OWNER}/*": "admin"})


def _package(folder: str = "") -> bytes:
    """Zip the genuine model of the tests."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(p for p in _MODEL.rglob("*") if p.is_file() and p.suffix != ".pyc"):
            inside = path.relative_to(_MODEL.parent).as_posix()
            package.writestr(zipfile.ZipInfo(folder + inside), path.read_bytes())
    return data.getvalue()
