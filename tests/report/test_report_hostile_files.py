"""File names from a package, through the whole command, in every format."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from build import package, put
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
    assert "pwned" in shown or form == "outputs"
    assert all(line.isprintable() for line in shown.split("\n"))
    commands = [line for line in shown.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (3 if form == "github" else 0)
    assert form == "github" or "##[" not in shown


#: What names of files may hold: sequences for the terminal and lines for GitHub Actions.
NAME = "\x1b[31m\u202e\n::error::pwned ##[error]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "missing" + NAME],
        ["check", "file" + NAME],
        ["check", "empty" + NAME],
        ["check", "model.zip", "--select", NAME],
        ["check", "model.zip", "--output", f"missing/{NAME}"],
        ["check", "model.zip", "--config", "missing" + NAME],
        ["check", "model.zip", "--baseline", "file" + NAME],
        ["check", "model.zip", "--fix", "--fix-output", "file" + NAME],
        ["check", "model" + NAME + ".zip", "--fix"],
        ["check", "model" + NAME + ".zip", "--diff"],
        ["check", "--" + NAME],
        ["check", "--format", NAME],
        [NAME],
        ["name", NAME],
        ["name", NAME, "--format", "json"],
        ["name", "--compose", f"task={NAME}"],
        ["rule", NAME],
        ["pack", "missing" + NAME],
        ["pack", FOLDER, "--name", NAME],
        ["pack", FOLDER, "--name", "model_seg_sc_t2", "--tag", NAME],
        ["pack", FOLDER, "--name", "model_seg_sc_t2", "--output", f"folder{NAME}"],
        ["pack", FOLDER, "--name", "model_seg_sc_t2", "--output", f"folder{NAME}", "--force"],
        [
            *("pack", FOLDER, "--name", "model_seg_sc_t2", "--output", f"folder{NAME}"),
            *("--force", "--format", "json"),
        ],
    ],
)
def test_names_on_the_command_line_act_nowhere(
    tmp_path: Path,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    package(tmp_path, put("/.DS_Store"), name="model.zip")
    package(tmp_path, put("/.DS_Store"), name=f"model{NAME.replace('/', '')}.zip")
    shutil.copytree(Path(__file__).parents[1] / "data" / FOLDER, tmp_path / FOLDER)
    (tmp_path / ("file" + NAME)).write_text("x", encoding="utf-8")
    (tmp_path / ("empty" + NAME)).mkdir()
    (tmp_path / ("folder" + NAME)).mkdir()
    with contextlib.suppress(SystemExit):
        main(arguments)
    captured = capsys.readouterr()
    for line in (captured.out + captured.err).split("\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line, line
    assert captured.out + captured.err


def test_letters_that_the_output_lacks_do_not_end_the_run(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    shutil.copytree(Path(__file__).parents[1] / "data" / FOLDER, folder)
    (folder / "fold_0" / "größe.txt").write_text("x")
    command = [sys.executable, "-m", "model_lint", "check", str(folder), "--select", "L015"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert r"gr\xf6\xdfe.txt" in ran.stdout
