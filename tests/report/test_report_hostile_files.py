"""File names from a package, through the whole command, in every format."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from model_lint.cli import main
from model_lint.report import FORMATS

FOLDER = "nnUNetTrainerTiny__nnUNetPlans__2d"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    copy = tmp_path / FOLDER
    shutil.copytree(Path(__file__).parents[1] / "data" / FOLDER, copy)
    for name in (b"\x1b[31mred\n::error::pwned.txt", b"##[error]x.txt", b"not-utf8-\xff.txt"):
        Path(os.fsdecode(bytes(copy / "fold_0") + b"/" + name)).write_text("x")
    return copy


@pytest.mark.parametrize("form", FORMATS)
def test_they_act_nowhere(
    hostile: Path, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile.parent)
    main(["check", FOLDER, "--select", "L015", "--format", form])
    shown = capsys.readouterr().out
    assert "pwned" in shown
    assert all(line.isprintable() for line in shown.split("\n"))
    commands = [line for line in shown.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (3 if form == "github" else 0)
    assert form == "github" or "##[" not in shown


def test_letters_that_the_output_lacks_do_not_end_the_run(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    shutil.copytree(Path(__file__).parents[1] / "data" / FOLDER, folder)
    (folder / "fold_0" / "größe.txt").write_text("x")
    command = [sys.executable, "-m", "model_lint", "check", str(folder), "--select", "L015"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert r"gr\xf6\xdfe.txt" in ran.stdout
