"""Repositories that are ready to train: the data are preprocessed, for five folds."""

from __future__ import annotations

import sys
from pathlib import Path

from template.support import bake, program, run

CONFIG = ("--configfile", "config.yaml", "tests/phantom.yaml", "tests/over.yaml")
FOLDS = 5
OVER = """\
splits: {test: 0.2, folds: 5}
nnunet: {folds: [0, 1, 2, 3, 4]}
"""
WORK = Path("output/phantom")


def prepared(output: Path) -> Path:
    """Generate a repository and run its steps before the training."""
    made = bake(output, anatomy="sc-gm")
    (made / "tests" / "over.yaml").write_text(OVER, "utf-8")
    done = run(sys.executable, "tests/phantom.py", "--subjects", "6", cwd=made)
    assert done.returncode == 0, done.stderr
    command = (program("snakemake"), "--cores", "2", *CONFIG, "--until", "plan_preprocess")
    done = run(*command, cwd=made, nnUNet_compile="f")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def rewrite(path: Path, *changes: tuple[str, str]) -> None:
    """Replace texts in a file; each is there once."""
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
