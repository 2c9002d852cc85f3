"""The generated workflow on a real Slurm: jobs are killed, reach their time limit, and go on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slurm_cluster import cluster as slurm_cluster
from template.support import TEMPLATE, bake, program, run
from template.trainings import CONFIG, FOLDS, WORK, prepared, rewrite

# Fold 1 is killed and fold 2 stands still, each in its second epoch and once. The module of the
# profile must be loaded.
TRAINER = """
import json, os, signal
from pathlib import Path
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class nnUNetTrainerPhantom(nnUNetTrainer):
    def __init__(self, plans, configuration, fold, dataset_json, device=torch.device("cpu")):
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_epochs, self.save_every = 3, 50
        self.num_iterations_per_epoch = self.num_val_iterations_per_epoch = 1

    def on_epoch_start(self):
        super().on_epoch_start()
        assert os.environ["LOADED"] == "yes"
        mark = Path(self.output_folder) / "trouble"
        if self.current_epoch != 1 or self.fold not in (1, 2) or mark.exists():
            return
        mark.touch()
        if self.fold == 1:
            os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()

    def perform_actual_validation(self, save_probabilities=False):
        folder = Path(self.output_folder) / "validation"
        folder.mkdir(exist_ok=True)
        (folder / "summary.json").write_text(json.dumps({"foreground_mean": {"Dice": 0}}))
"""
PROFILE = (
    ("# slurm_partition: gpu", "slurm_partition: main"),
    ("# slurm_extra: ", "slurm_extra: "),
    ("    # gpu_model: h100", "    gpu_model: h100"),
    ("runtime: 24h", "runtime: 2 if wildcards.fold == '2' else 60"),
    ("precommand: ", "precommand: . ./module.sh && "),
)
# A GPU that is not there: nnU-Net then takes the processor. With `cpu`, no GPU would be asked for.
GPU = (("device: cpu", "device: auto"), ("train: {gpus: 0", "train: {gpus: 1"))
QUICK = "--slurm-init-seconds-before-status-checks=2"


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    with slurm_cluster() as environment:
        yield environment


@pytest.fixture(scope="module")
def accounted() -> Iterator[dict[str, str]]:
    with slurm_cluster(accounts=True) as environment:
        yield environment


@dataclass(frozen=True)
class Trained:
    """A repository whose folds were trained on Slurm."""

    repository: Path
    disk: Path
    """The disk of the node."""
    said: str
    """What Snakemake said."""
    jobs: list[dict[str, str]]
    """The trainings that Slurm knows, in their order."""

    def jobs_of(self, fold: int) -> list[dict[str, str]]:
        return [job for job in self.jobs if job["Comment"].endswith(f"_{fold}")]

    def log(self, fold: int) -> str:
        return (self.repository / WORK / f"logs/train_fold_{fold}.txt").read_text("utf-8")

    def epochs(self, fold: int) -> list[str]:
        return re.findall(r"^\S+ \S+: Epoch (\d+) *$", self.log(fold), re.MULTILINE)


def train(folder: Path, cluster: dict[str, str]) -> Trained:
    made = prepared(folder / "output")
    disk = folder / "disk"
    disk.mkdir()
    (made / "tests/phantom_trainer.py").write_text(TRAINER, "utf-8")
    (made / "module.sh").write_text("export LOADED=yes\n", "utf-8")
    rewrite(made / "tests/phantom.yaml", *GPU)
    rewrite(made / "workflow/profiles/slurm/config.yaml", *PROFILE)
    variables = {"SLURM_TMPDIR": str(disk), "nnUNet_compile": "f", "OMP_NUM_THREADS": "1"}
    command = (program("snakemake"), "--profile", "workflow/profiles/slurm", QUICK, *CONFIG)
    done = run(*command, "--until", "train", cwd=made, **cluster | variables)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = run("scontrol", "show", "job", "--oneliner", cwd=made, **cluster).stdout
    found = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in shown.splitlines()]
    trainings = [job for job in found if job["Comment"].startswith("rule_train")]
    return Trained(made, disk, done.stdout + done.stderr, trainings)


def test_the_folds_are_trained_whatever_ends_their_jobs(
    accounted: dict[str, str], tmp_path: Path
) -> None:
    """One test, so that this is trained once, also if several processes run the tests."""
    trained = train(tmp_path, accounted)
    every_fold_is_whole_and_has_the_same_structure(trained)
    the_job_that_was_killed_was_submitted_again(trained)
    the_job_at_its_time_limit_went_back_into_the_queue(trained)
    the_profile_reached_slurm(trained)
    the_data_were_read_from_the_disk_of_the_node(trained)


def every_fold_is_whole_and_has_the_same_structure(trained: Trained) -> None:
    """Folds 0, 3 and 4 were never interrupted; 1 was killed, and 2 reached its time limit."""
    import torch

    structures = []
    for folder in sorted((trained.repository / WORK / "nnUNet_results").glob("*/*/fold_*")):
        checkpoint = torch.load(folder / "checkpoint_final.pth", "cpu", weights_only=False)
        weights = {name: tensor.shape for name, tensor in checkpoint["network_weights"].items()}
        losses = len(checkpoint["logging"]["train_losses"])
        structures.append((weights, checkpoint["current_epoch"], losses))
        files = {path.name for path in folder.glob("checkpoint_*")}
        assert files == {"checkpoint_best.pth", "checkpoint_final.pth"}
    assert len(structures) == FOLDS
    assert structures[0][1:] == (3, 3)
    assert all(structure == structures[0] for structure in structures)


def the_job_that_was_killed_was_submitted_again(trained: Trained) -> None:
    first, second = trained.jobs_of(1)
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert trained.epochs(1) == ["0", "1", "2"]


def the_job_at_its_time_limit_went_back_into_the_queue(trained: Trained) -> None:
    """And it is no failure."""
    (job,) = trained.jobs_of(2)
    assert (job["JobState"], job["TimeLimit"]) == ("COMPLETED", "00:02:00")
    assert int(job["Restarts"]) >= 1  # more, if the machine is slow
    assert f"SLURM-job '{job['JobId']}' failed" not in trained.said
    assert f"near: job {job['JobId']} goes back into the queue" in trained.log(2)
    assert trained.epochs(2) == ["0", "1", "2"]


def the_profile_reached_slurm(trained: Trained) -> None:
    for job in trained.jobs:
        assert (job["Account"], job["Partition"]) == ("def-account", "main")
        assert (job["NumCPUs"], job["NumNodes"], job["Requeue"]) == ("2", "1", "1")
        assert job["MinMemoryNode"] == "4G"
        assert job["MailUser"] == "you@example.org"
        assert job["MailType"].split(",") == ["END", "FAIL"]
        assert job["TresPerJob"] == "gres:gpu:h100:1"


def the_data_were_read_from_the_disk_of_the_node(trained: Trained) -> None:
    assert re.search(rf"existing split file: {trained.disk}/nnunet-\w+/Dataset", trained.log(0))
    assert len(list(trained.disk.iterdir())) == 1  # of the job that was killed


NEVER = (
    "convert:slurm_account=def-other",
    "plan_preprocess:slurm_partition=gpus",
    "train:gpu_model=a100",
    "predict:slurm_partition=short",
    "evaluate:mem_mb=921600",
)
PROFILE_FILE = "workflow/profiles/slurm/config.yaml"
REFUSED = (
    "convert: account 'def-other' is none of yours (def-account",
    f"plan_preprocess: no partition is named 'gpus' (main, short, urgent): see {PROFILE_FILE}",
    "train: asks for 1 GPU of type a100, but a node has none: see gpu_model in "
    f"{PROFILE_FILE} (types: h100)",
    f"predict: its time limit is 8 h, but the partition allows 1 h: see runtime in {PROFILE_FILE}",
    "evaluate: asks for 900 GB of memory, but a node has at most 488.2: "
    "see resources in config.yaml",
)


def test_what_the_cluster_never_starts_is_not_submitted(
    accounted: dict[str, str], tmp_path: Path
) -> None:
    made = bake(tmp_path, anatomy="sc-gm")
    done = run(sys.executable, "tests/phantom.py", cwd=made)
    assert done.returncode == 0, done.stderr
    rewrite(made / "tests/phantom.yaml", *GPU)
    command = (program("snakemake"), "--profile", "workflow/profiles/slurm", *CONFIG[:-1])
    done = run(*command, "--set-resources", *NEVER, cwd=made, **accounted)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stderr.splitlines()
    assert [b for b in REFUSED if not any(line.startswith(b) for line in said)] == []
    assert "Error in rule" not in done.stderr
    assert not [*(made / ".snakemake" / "slurm_logs").glob("rule_*")]


SCRIPT = """\
#!{python}
import sys
from pathlib import Path

sys.path.insert(0, {scripts!r})
import slurm

job = slurm.current()
assert job is not None and 0 < job.seconds() <= 3540, job
with Path("starts").open("a") as file:
    file.write("started\\n")
try:
    slurm.count_start(job, Path("record.json"), "the same")
except RuntimeError as error:
    Path("end").write_text(str(error))
    sys.exit(1)
slurm.requeue(job)
"""


def submitted(script: str, folder: Path, cluster: dict[str, str], *options: str) -> str:
    """Submit a script, wait for its end, and return the job's state."""
    (folder / "job.py").write_text(script, "utf-8")
    done = run("sbatch", "--wait", "--parsable", *options, "job.py", cwd=folder, **cluster)
    number = done.stdout.strip()
    show = ("squeue", "--noheader", "--states=all", f"--jobs={number}", "--format=%T")
    return run(*show, cwd=folder, **cluster).stdout.strip()


def test_a_job_without_progress_is_not_started_for_ever(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    scripts = str(TEMPLATE / "workflow" / "scripts")
    script = SCRIPT.format(python=sys.executable, scripts=scripts)
    options: tuple[Any, ...] = ("--requeue", "--time=60")
    assert submitted(script, tmp_path, cluster, *options) == "FAILED"
    assert (tmp_path / "starts").read_text("utf-8").count("started") == 6
    end = (tmp_path / "end").read_text("utf-8")
    assert re.fullmatch(r"Slurm started job \d+ 5 times, and each time .* was saved", end)


@pytest.mark.parametrize("options", [("--no-requeue", "--time=60"), ("--requeue", "--time=0")])
def test_a_job_that_can_not_start_again_works_to_its_end(
    options: tuple[str, ...], cluster: dict[str, str], tmp_path: Path
) -> None:
    scripts = str(TEMPLATE / "workflow" / "scripts")
    script = f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {scripts!r})\n"
    script += "import slurm\nsys.exit(slurm.current() is not None)\n"
    assert submitted(script, tmp_path, cluster, *options) == "COMPLETED"
