"""Training: what is left to do, and when a training can't continue."""

from __future__ import annotations

import importlib.util
import inspect
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plan
import slurm
import train
from common import run_group, write_json
from settings import Settings
from slurm import Job

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


def test_a_checkpoint_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    latest = checkpoint(tmp_path, "latest")
    checkpoint(tmp_path, "best")
    latest.write_bytes(latest.read_bytes()[:-1])
    assert [path.name for path in train.remove_broken(tmp_path)] == ["checkpoint_latest.pth"]
    assert not latest.exists()
    assert train.next_step(tmp_path) == "continue"


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
        with pytest.raises(subprocess.TimeoutExpired):
            run_group([sys.executable, "-c", "import time; time.sleep(600)"], {}, seconds=0.1)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_nnunet_and_its_workers_end_with_a_step_that_is_killed() -> None:
    """Otherwise they would go on writing, while the next run holds the lock."""
    program = "import os, subprocess, time; worker = subprocess.Popen(['sleep', '600']); "
    program += "print(worker.pid, flush=True); time.sleep(600)"
    caller = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from common import run_group; "
    caller += f"run_group([sys.executable, '-c', {program!r}], dict())"
    with subprocess.Popen([sys.executable, "-c", caller], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline())
        process.kill()
        # Both had the other end of the pipe: it ends when nobody has it.
        assert process.stdout.read() == b""


def planned(**kwargs: Any) -> dict[str, Any]:
    """Plans as nnU-Net makes them, with other arguments of the network."""
    conv, norm = "torch.nn.modules.conv.Conv2d", "torch.nn.modules.instancenorm.InstanceNorm2d"
    arguments = {
        **{"n_stages": 3, "features_per_stage": [8, 16, 32], "conv_op": conv},
        **{"kernel_sizes": [[3, 3]] * 3, "strides": [[1, 1], [2, 2], [2, 2]]},
        **{"n_conv_per_stage": [2, 2, 2], "n_conv_per_stage_decoder": [2, 2], "conv_bias": True},
        **{"norm_op": norm, "norm_op_kwargs": {}, "dropout_op": None, "dropout_op_kwargs": None},
        **{"nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}},
        **kwargs,
    }
    resampling = {
        f"resampling_fn_{kind}{end}": value
        for kind in ("data", "seg", "probabilities")
        for end, value in (("", "resample_data_or_seg_to_shape"), ("_kwargs", {"order": 1}))
    }
    configuration = {
        **{"data_identifier": "nnUNetPlans_2d", "preprocessor_name": "DefaultPreprocessor"},
        **{"batch_size": 12, "patch_size": [32, 48], "spacing": [0.5, 0.5]},
        **{"normalization_schemes": ["ZScoreNormalization"], "use_mask_for_norm": [False]},
        **resampling,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": arguments,
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
    }
    return {
        **{"image_reader_writer": "NibabelIO", "label_manager": "LabelManager"},
        **{"transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2]},
        "foreground_intensity_properties_per_channel": {"0": {}},
        "configurations": {"2d": configuration},
    }


def test_plans_are_changed_only_where_wanted() -> None:
    wanted = {"architecture": {"arch_kwargs": {"features_per_stage": [8, 8, 8]}}}
    before = planned()
    changed = plan.apply_overrides(before, "2d", wanted)["configurations"]["2d"]
    assert changed["batch_size"] == 12
    assert changed["architecture"]["arch_kwargs"]["features_per_stage"] == [8, 8, 8]
    assert changed["architecture"]["arch_kwargs"]["n_stages"] == 3
    assert before == planned()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            {"architecture": {"arch_kwargs": {"features_per_stage": [8, 16]}}},
            r"arch_kwargs in config.yaml: `features_per_stage` has 2 entries, the network needs 3",
        ),
        ({"patch_size": [30, 32]}, "`patch_size` 30 on axis 0 is not a multiple of 4"),
        ({"normalization_schemes": ["ZScore"]}, "contains `ZScore`, which nnU-Net refuses"),
    ],
)
def test_plans_that_nnunet_can_not_train(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan.apply_overrides(planned(), "2d", wanted)


def test_a_configuration_that_was_not_planned() -> None:
    with pytest.raises(ValueError, match="does not plan 3d_lowres for this dataset, only 2d"):
        plan.apply_overrides(planned(), "3d_lowres", {})


def test_a_network_that_nnunet_does_not_have(settings: Settings) -> None:
    foreign = replace(settings, nnunet=replace(settings.nnunet, network="filmCharley"))
    with pytest.raises(ValueError, match="nnU-Net has no network filmCharley: replace the steps"):
        plan.plan(foreign, 1)


@pytest.mark.parametrize("folder", ["nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"])
def test_what_an_earlier_name_left_is_told_before_nnunet_stumbles(
    folder: str, settings: Settings
) -> None:
    plan.check_names(settings)
    other = settings.work / folder / f"Dataset{settings.dataset.id:03d}_Earlier"
    other.mkdir(parents=True)
    with pytest.raises(
        ValueError, match=r"is of an earlier dataset\.name with the same id"
    ) as caught:
        plan.check_names(settings)
    assert str(caught.value).startswith(str(other))


# ------------------------------------------------------------------------- time limits of a job


@pytest.fixture
def limited(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that trains in a job up to its time limit, and returns what was done."""
    done: list[str] = []
    monkeypatch.setattr(train.slurm, "requeue", lambda job: done.append(f"requeue {job.number}"))
    folder = settings.model / "fold_0"

    def run(todo: str, *, saves: bool, used: float = 0) -> list[str]:
        def work(*_: object) -> None:
            if saves:
                checkpoint(folder, "final" if todo == "validate" else "latest")
            raise subprocess.TimeoutExpired("nnUNetv2_train", 1)

        monkeypatch.setattr(train, "_run_nnunet", work)
        job = Job("7", 3600, time.monotonic() + 3600 - used)
        train._run(settings, "0", todo, train.Means(job=job))
        return done

    return run


def test_a_training_that_saved_goes_back_into_the_queue(
    limited: Callable[..., list[str]],
) -> None:
    assert limited("train", saves=True) == ["requeue 7"]


def test_a_training_that_began_late_goes_back_into_the_queue(
    limited: Callable[..., list[str]],
) -> None:
    assert limited("train", saves=False, used=3000) == ["requeue 7"]


@pytest.mark.parametrize(
    ("todo", "what"), [("train", "a checkpoint was saved"), ("validate", "the validation")]
)
def test_a_time_limit_that_is_too_short_is_one_line(
    todo: str, what: str, limited: Callable[..., list[str]]
) -> None:
    wanted = f"^the time limit of 1 hours is too short: it ended before {what}$"
    with pytest.raises(RuntimeError, match=wanted):
        limited(todo, saves=False)


def test_a_job_that_is_started_again_and_again(tmp_path: Path) -> None:
    job, record = Job("7", 60, 0), tmp_path / "starts" / "fold_0.json"
    for state in (0, 0, 0, 0, 0, 1, 1, 1, 1, 1):
        slurm.count_start(job, record, state)
    with pytest.raises(RuntimeError, match="Slurm started job 7 5 times"):
        slurm.count_start(job, record, 1)
    slurm.count_start(Job("8", 60, 0), record, 1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:02:00", 120),
        ("1-02:03:04", 93784),
        ("365-00:00:00", 31536000),
        ("UNLIMITED", None),
        ("Partition_Limit", None),
        ("", None),
    ],
)
def test_times_of_slurm(text: str, seconds: int | None) -> None:
    assert slurm.seconds(text) == seconds


def test_outside_of_slurm_there_is_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert slurm.current() is None
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("PATH", "")  # as in a container, in which Slurm's commands are missing
    assert slurm.current() is None


SAVES = """
import os, sys
from types import SimpleNamespace
from unittest.mock import MagicMock
sys.path.insert(0, sys.argv[1])
import save_often, torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

class nnUNetTrainerOwn(nnUNetTrainer):
    def __init__(self):
        self.local_rank, self.is_ddp, self.disable_checkpointing = 0, False, False
        self.network, self.grad_scaler = torch.nn.Linear(2, 2), None
        self.optimizer = torch.optim.SGD(self.network.parameters(), 0.1)
        self.logger, self.my_init_kwargs, self._best_ema = MagicMock(), {}, 1.0
        self.logger.get_checkpoint.return_value = {}
        self.logger.get_value.side_effect = lambda key, step: [0] if "dice_per" in key else 0
        self.inference_allowed_mirroring_axes, self.save_every, self.num_epochs = None, 50, 9
        self.current_epoch, self.output_folder = 3, sys.argv[2]
    def print_to_log_file(self, *args, **kwargs):
        pass

trainer = nnUNetTrainerOwn()
latest = os.path.join(sys.argv[2], "checkpoint_latest.pth")
trainer.on_epoch_end()
print(os.path.exists(latest), trainer.current_epoch)
os.environ["SAVE_SECONDS"] = "0"
trainer.on_epoch_end()
print(torch.load(latest, weights_only=False)["current_epoch"], trainer.current_epoch)
before = open(latest, "rb").read()
torch.save = lambda content, path: (open(path, "wb").write(b"a part"), 1 / 0)
try:
    trainer.on_epoch_end()
except ZeroDivisionError:
    print(before == open(latest, "rb").read(), os.listdir(sys.argv[2]))
trainer.local_rank = 1
trainer.save_checkpoint(latest)
print(before == open(latest, "rb").read())
"""


def test_any_trainer_saves_by_the_clock_and_never_a_part(tmp_path: Path) -> None:
    """An own trainer saves too; a failing save spoils nothing; one of several processes saves."""
    done = subprocess.run(
        [sys.executable, "-c", SAVES, str(SCRIPTS), str(tmp_path)],
        env={**os.environ, "SAVE_SECONDS": "3600"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-4:] == [
        *("False 4", "5 5", "True ['checkpoint_latest.pth']", "True"),
    ], done.stderr


def test_processes_for_other_gpus_save_alike() -> None:
    """They import the program that started them, so what it replaces is replaced in them."""
    path = str(SCRIPTS / "save_often.py")
    code = f"import runpy; runpy.run_path({path!r}, run_name='__mp_main__'); "
    code += "from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer as t; "
    code += "print(t.save_checkpoint.__code__.co_filename, t.on_epoch_end.__code__.co_filename)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split()[-2:] == [path, path], done.stderr
