"""The folder in which the commands of the guides run: a trained model, packages, a repository."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from build import ABSENT, MODEL, TRAINER, Change, dataset, drop, inside, move, package, put
from checkpoint_files import slim
from console import output
from rules.test_repository import checkout

NAME = "model_seg_sc-gm_t2star"
TAG = "r20261123"
RESULTS = "nnUNet_results/Dataset901_PhantomCord"
PACK = f"model-lint pack {RESULTS}/{TRAINER} --name {NAME} --tag {TAG}"
#: The package of the start page, with two defects that stop SCT.
SHOWN = f"model-lint check {NAME}-r20261122.zip"

#: Configurations that the guides show, by name.
CONFIGURATIONS = {
    "reasons.toml": """\
ignore = { D011 = "two cases were added after planning" }

[per-target-ignores]
"*-r2023*.zip" = { C010 = "published before we knew" }
""",
    "words.toml": """\
[vocabulary]
pathology = ["dcm"]
anatomy = ["sulcus"]
""",
}


@cache
def sandbox() -> Path:
    """Make the folder, once; it is removed when the build ends."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(MODEL, root / RESULTS / TRAINER)
    (root / "dist").mkdir()
    status, text = output(f"{PACK} --output dist", root)
    if status:
        raise RuntimeError(text)
    for tag, changes in _packages().items():
        package(root, *changes, name=f"{NAME}-{tag}.zip")
    package(root, *_old(), name="epi_model.zip")
    checkout(root, {"README.md": "# Spinal cord\n\nTrained on TODO subjects.\n"})
    for name, text in CONFIGURATIONS.items():
        (root / name).write_text(text, encoding="utf-8")
    status, text = output(f"model-lint check {NAME}-r20230512.zip --format json", root)
    (root / "known.json").write_text(json.dumps(json.loads(text)), encoding="utf-8")
    return root


def _old() -> tuple[Change, ...]:
    """Return the changes of a package that was made by hand."""
    return (
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_best.pth"),
        dataset(
            {"image_orientation": ABSENT, "labels": {"background": 0, "sc": 1, "canal_seg": 2}}
        ),
        put("fold_0/debug.json", (MODEL / "fold_0" / "debug.json").read_bytes()),
        put("fold_0/validation/summary.json", "{}"),
        inside("epi_model"),
        put("/.DS_Store"),
    )


def _packages() -> dict[str, tuple[Change, ...]]:
    """Return the packages by tag, each the genuine model with changes."""
    slimmed, no_class = put("fold_0/checkpoint_final.pth", slim()), drop("trainer_class.py")
    labels = {"background": 0, "sc_seg": 1, "gm": 3}
    return {
        "r20261124": (slimmed, dataset({"image_orientation": ABSENT, "labels": labels}), no_class),
        "r20261122": (slimmed, dataset({"image_orientation": ABSENT}), no_class),
        "r20261121": (slimmed, dataset({"channel_names": {"0": "T1w", "1": "T2w"}})),
        "r20230512": (
            dataset({"numTraining": 12}),
            inside("Dataset901_PhantomCord"),
            put("/.DS_Store"),
        ),
    }
