"""Training: what is left to do, and when a training can't continue."""

from __future__ import annotations

import importlib.util
import inspect
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plan
import train
from common import run_group, write_json, write_text
from convert import Row, to_csv
from settings import Settings

SCRIPTS = Path(train.__file__).parent
TRAINERS = [
    path
    for path in (
        SCRIPTS.parent.parent / "trainer_class.py",
        Path(__file__).parent / "phantom_trainer.py",
    )
    if path.is_file()
]


def checkpoint(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint_{name}.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "x" * 100)
    return path


def test_what_is_left_to_do(tmp_path: Path) -> None:
    assert train.next_step(tmp_path / "absent") == "train"
    checkpoint(tmp_path, "best")
    assert train.next_step(tmp_path) == "continue"
    checkpoint(tmp_path, "final")
    assert train.next_step(tmp_path) == "validate"
    write_json(tmp_path / "validation" / "summary.json", {})
    assert train.next_step(tmp_path) == "nothing"


def test_a_checkpoint_that_was_cut_off_is_set_aside(tmp_path: Path) -> None:
    latest = checkpoint(tmp_path, "latest")
    checkpoint(tmp_path, "best")
    latest.write_bytes(latest.read_bytes()[:-1])
    assert [path.name for path in train.set_aside_broken(tmp_path)] == ["checkpoint_latest.pth"]
    assert not latest.exists()
    assert train.next_step(tmp_path) == "continue"


@pytest.fixture
def planned(settings: Settings) -> Settings:
    folder = settings.preprocessed
    configuration = settings.nnunet.configuration
    plans = {"configurations": {configuration: {"batch_size": 2}}}
    write_json(folder / f"{settings.nnunet.plans_name}.json", plans)
    write_json(folder / "dataset.json", {"labels": {}})
    write_json(folder / "dataset_fingerprint.json", {"spacings": [[1, 1, 1]]})
    write_json(folder / "splits_final.json", [{"train": ["a"], "val": ["b"]}])
    rows = [Row(case, case, "train", digest=f"of {case}") for case in "ab"]
    write_text(settings.work / "conversion.csv", to_csv(rows))
    return settings


@pytest.mark.parametrize("file", ["dataset.json", "dataset_fingerprint.json", "splits_final.json"])
def test_a_training_does_not_go_on_with_other_data(planned: Settings, file: str) -> None:
    train.check_unchanged(planned, "0", "train")
    train.check_unchanged(planned, "0", "continue")
    write_json(planned.preprocessed / file, [{"train": ["b"], "val": ["a"]}])
    with pytest.raises(ValueError, match="move or delete that folder to train it again"):
        train.check_unchanged(planned, "0", "continue")
    train.check_unchanged(planned, "0", "train")
    train.check_unchanged(planned, "0", "continue")


def test_a_training_does_not_go_on_with_other_voxels(planned: Settings) -> None:
    train.check_unchanged(planned, "0", "train")
    rows = [Row(case, case, "train", digest="of a") for case in "ab"]
    write_text(planned.work / "conversion.csv", to_csv([*rows, Row("c", "c", "test")]))
    with pytest.raises(ValueError, match="was trained on other data"):
        train.check_unchanged(planned, "0", "nothing")


def test_a_fold_that_the_data_are_not_divided_into(planned: Settings) -> None:
    with pytest.raises(ValueError, match="fold 1 does not exist: the data are divided into 1"):
        train.check_unchanged(planned, "1", "train")


def test_arguments_of_nnunet(settings: Settings) -> None:
    nnunet = settings.nnunet
    head = [str(settings.dataset.id), nnunet.configuration, "3"]
    head += ["-tr", nnunet.trainer, "-p", nnunet.plans_name, "-device"]
    assert train.arguments_for(settings, "3", "train", "cpu") == [*head, "cpu"]
    assert train.arguments_for(settings, "3", "continue", "cpu") == [*head, "cpu", "--c"]
    assert train.arguments_for(settings, "3", "validate", "cpu") == [*head, "cpu", "--val"]
    two = replace(settings, train=replace(settings.train, gpus=2))
    assert train.arguments_for(two, "3", "train", "cuda") == [*head, "cuda", "-num_gpus", "2"]


def test_the_trainer_is_alone_in_its_folder(settings: Settings) -> None:
    source = TRAINERS[-1]
    custom = replace(settings, nnunet=replace(settings.nnunet, trainer_file=source))
    train.install_trainer(custom)
    folder = Path(custom.environment()["nnUNet_extTrainer"])
    assert [path.name for path in folder.iterdir()] == ["trainer_class.py"]
    assert (custom.model / "trainer_class.py").read_bytes() == source.read_bytes()
    plain = replace(settings, nnunet=replace(settings.nnunet, trainer_file=None))
    assert "nnUNet_extTrainer" not in plain.environment()


@pytest.mark.parametrize("path", TRAINERS, ids=lambda path: path.name)
def test_trainers_are_what_nnunet_and_sct_take(path: Path, config: dict[str, Any]) -> None:
    """Read without importing nnU-Net, which takes seconds."""
    text = path.read_text("utf-8")
    assert "def get_trainer_class()" in text
    assert "build_network_architecture(" not in text
    assert "from ." not in text
    if path.name == "trainer_class.py":
        assert f"class {config['nnunet']['trainer']}(nnUNetTrainer)" in text
    assert importlib.util.spec_from_file_location("trainer_class", path) is not None
    compiled = compile(text, str(path), "exec")
    assert inspect.iscode(compiled)


def test_only_one_process_trains_a_fold(tmp_path: Path) -> None:
    lock = tmp_path / "notes" / "fold_0.lock"
    held = train.hold_lock(lock)
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import pathlib, train; "
    code += f"train.hold_lock(pathlib.Path({str(lock)!r})); print('free', flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert "another process" in other.stdout.readline()
        os.close(held)
        assert other.stdout.readline() == "free\n"
    assert other.returncode == 0


def test_no_process_is_left_behind() -> None:
    """A killed program leaves a worker that keeps its output open; the whole group is ended."""
    code = "import os, subprocess, signal; subprocess.Popen(['sleep', '600']); "
    kill = code + "os.kill(os.getpid(), signal.SIGKILL)"
    caller = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from common import run_group; "
    caller += f"sys.exit(run_group([sys.executable, '-c', {kill!r}], dict()) == -9)"
    done = subprocess.run(
        [sys.executable, "-c", caller], capture_output=True, timeout=60, check=False
    )
    # The call returns only if no process keeps the other end of the pipe open.
    assert done.returncode == 1


def test_stopping_a_step_stops_its_program() -> None:
    program = "import time; print('up', flush=True); time.sleep(600)"
    caller = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from common import run_group; "
    caller += f"run_group([sys.executable, '-c', {program!r}], dict())"
    with subprocess.Popen([sys.executable, "-c", caller], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b""
        assert process.wait() == 128 + signal.SIGTERM


def test_run_group_gives_the_exit_status() -> None:
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert run_group([sys.executable, "-c", "raise SystemExit(3)"], {}) == 3
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


PLANS = {
    "configurations": {
        "2d": {
            "batch_size": 12,
            "architecture": {"arch_kwargs": {"n_stages": 2, "features_per_stage": [32, 64]}},
        }
    }
}


def test_plans_are_changed_only_where_wanted() -> None:
    wanted = {"architecture": {"arch_kwargs": {"features_per_stage": [8, 16]}}}
    changed = plan.apply_overrides(PLANS, "2d", wanted)["configurations"]["2d"]
    assert changed["batch_size"] == 12
    assert changed["architecture"]["arch_kwargs"] == {"n_stages": 2, "features_per_stage": [8, 16]}
    assert PLANS["configurations"]["2d"]["architecture"]["arch_kwargs"]["features_per_stage"] == [
        32,
        64,
    ]


def test_plans_that_contradict_themselves() -> None:
    wanted = {"architecture": {"arch_kwargs": {"features_per_stage": [8, 16, 32]}}}
    with pytest.raises(ValueError, match="features_per_stage has 3 entries, but with n_stages 2"):
        plan.apply_overrides(PLANS, "2d", wanted)
    with pytest.raises(ValueError, match="does not plan 3d_lowres for this dataset, only 2d"):
        plan.apply_overrides(PLANS, "3d_lowres", {})
