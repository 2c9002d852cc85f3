"""Write what can be imported from nnU-Net: ``model_lint/nnunet/nnunet_names.txt``.

``python tests/consumers/nnunet_names.py`` imports every module of SCT's fork (unpacked in
``.venv-sct``) and of the nnU-Net of this environment, each in a process of its own, and writes
their names, those of the fork first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import model_lint.nnunet
from judge import FORK

FILE = Path(model_lint.nnunet.__path__[0]) / "nnunet_names.txt"
HEAD = """\
# What can be imported from nnU-Net: each of its modules, then the names in it, those that it
# imports itself included. Of nnunetv2-neuropoly 2.6.2, the fork that SCT installs; what nnunetv2
# 2.8.1 lacks has a "-", and what only that has a "+". Written by tests/consumers/nnunet_names.py.
"""
#: Packages that no trainer needs.
UNLISTED = ("batch_running", "dataset_conversion", "tests")
#: Prints the names of every module as JSON.
LIST = f"""
import importlib, json, pkgutil, sys, warnings
import nnunetv2
warnings.simplefilter("ignore")
output, sys.stdout = sys.stdout, sys.stderr
modules = {{"nnunetv2": nnunetv2}}
for found in pkgutil.walk_packages(nnunetv2.__path__, "nnunetv2."):
    if found.name.split(".")[1] not in {UNLISTED}:
        modules[found.name] = importlib.import_module(found.name)
names = {{name: sorted(n for n in vars(m) if n[:2] != "__") for name, m in modules.items()}}
names["nnunetv2"] += {UNLISTED}
print(json.dumps(names), file=output)
"""


def importable(path: Path | None) -> dict[str, set[str]]:
    """Return the names in every module of the nnU-Net in a folder, or of this environment's."""
    folders = {f"nnUNet_{name}": os.devnull for name in ("raw", "preprocessed", "results")}
    environment = {**os.environ, **folders, "PYTHONPATH": str(path or "")}
    command = [sys.executable, "-c", LIST]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {module: set(names) for module, names in json.loads(out.stdout).items()}


def listing() -> str:
    """Return the text of the file."""
    fork, stock = importable(FORK), importable(None)
    lines = []
    for module in sorted(fork.keys() | stock.keys()):
        ours, theirs = fork.get(module, set()), stock.get(module, set())
        mark = {(True, False): "-", (False, True): "+"}.get((module in fork, module in stock), "")
        words = [_word(n, ours, theirs) for n in sorted(ours | theirs)]
        lines.append(" ".join([mark + module, *words]))
    return HEAD + "".join(f"{line}\n" for line in lines)


def _word(name: str, fork: set[str], stock: set[str]) -> str:
    return name if name in fork & stock else f"{'-' if name in fork else '+'}{name}"


if __name__ == "__main__":
    FILE.write_text(listing(), encoding="utf-8")
