"""Folds on several GPUs: each has its own, and goes on when others end. The driver is a stand-in.

The training is a recorder. It waits until as many trainings hold GPUs as there should be, so a run
that does not use all GPUs does not end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from template.support import program
from template.trainings import CONFIG, WORK, prepared

# It takes the place of nnU-Net: it has its arguments and environment.
RECORDER = """
import json, os, signal, sys, time, zipfile
from pathlib import Path

log, at_once = Path(os.environ["RECORDS"]), int(os.environ["AT_ONCE"])


def record(**what):
    with log.open("a") as file:
        gpus = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        print(json.dumps({"gpus": gpus, **what}), file=file)


dataset, fold = sys.argv[1], sys.argv[3]
(results,) = Path(os.environ["nnUNet_results"]).glob(f"Dataset*{dataset}_*/*")
folder = results / f"fold_{fold}"
folder.mkdir(exist_ok=True)
record(what="start", fold=fold, arguments=sys.argv[4:])
while log.read_text().count("start") < at_once:
    time.sleep(0.05)
if fold == os.environ.get("KILLED") and not (folder / "killed").exists():
    (folder / "killed").touch()
    record(what="end", fold=fold, killed=True)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
with zipfile.ZipFile(folder / "checkpoint_final.pth", "w") as archive:
    archive.writestr("data.pkl", "weights")
(folder / "validation").mkdir()
(folder / "validation" / "summary.json").write_text("{}")
record(what="end", fold=fold)
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = prepared(tmp_path_factory.mktemp("gpus") / "output")
    (made / "workflow/scripts/save_often.py").write_text(RECORDER, "utf-8")
    return made


class Machine:
    """A machine with GPUs, and workflows that run on it at once."""

    def __init__(self, ready: Path, folder: Path, gpus: int) -> None:
        self.ready, self.folder = ready, folder
        self.gpus = [f"GPU-{uuid.uuid4()}" for _ in range(gpus)]
        self.log = folder / "records"
        driver = folder / "bin" / "nvidia-smi"
        driver.parent.mkdir()
        lines = "\n".join(f"GPU {i}: NVIDIA H100 (UUID: {g})" for i, g in enumerate(self.gpus))
        driver.write_text(f"#!/bin/sh\n[ $1 = -L ] && cat <<'END'\n{lines}\nEND\n", "utf-8")
        driver.chmod(0o755)

    def repository(self, name: str, gpus: int, folds: list[int]) -> Path:
        copy = self.folder / name
        shutil.copytree(self.ready, copy, symlinks=True)
        over = yaml.safe_load((copy / "tests/over.yaml").read_text("utf-8"))
        over["nnunet"] = {"folds": folds, "device": "cuda"}
        # More processors than there are: the trainings share them.
        over["resources"] = {"train": {"gpus": gpus, "cpus": 12}}
        (copy / "tests/over.yaml").write_text(yaml.safe_dump(over), "utf-8")
        return copy

    def run(self, *repositories: Path, **environment: str) -> None:
        command = (program("snakemake"), "--profile", "workflow/profiles/local", *CONFIG)
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        with ExitStack() as stack:
            processes = [
                stack.enter_context(
                    subprocess.Popen(
                        (*command, "--cores=4", "--retries=1", "--until=train"),
                        cwd=repository,
                        env={**os.environ, "RECORDS": str(self.log), "PATH": path, **environment},
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        text=True,
                    )
                )
                for repository in repositories
            ]
            for process in processes:
                output, _ = process.communicate(timeout=600)
                assert process.returncode == 0, output

    def holders(self) -> list[list[list[str]]]:
        """Who held which GPUs after each start and end; none may be held twice."""
        held: list[list[str]] = []
        history = []
        for record in map(json.loads, self.log.read_text("utf-8").splitlines()):
            if record["what"] == "start":
                assert not {*record["gpus"]} & {gpu for gpus in held for gpu in gpus}, record
                held.append(record["gpus"])
            else:
                held.remove(record["gpus"])
            history.append([*held])
        assert not held
        return history


def test_two_workflows_share_the_gpus_and_a_killed_training_gives_its_own_back(
    ready: Path, tmp_path: Path
) -> None:
    machine = Machine(ready, tmp_path, gpus=2)
    one = machine.repository("one", 1, [0, 1, 2])
    other = machine.repository("other", 1, [3, 4])
    machine.run(one, other, AT_ONCE="2", KILLED="1")
    history = machine.holders()
    assert max(map(len, history)) == 2
    assert {gpu for held in history for gpus in held for gpu in gpus} == {*machine.gpus}
    records = [json.loads(line) for line in machine.log.read_text("utf-8").splitlines()]
    starts = sorted(record["fold"] for record in records if record["what"] == "start")
    assert starts == ["0", "1", "1", "2", "3", "4"]
    for repository in (one, other):
        log = "".join(path.read_text("utf-8") for path in repository.glob(f"{WORK}/logs/train_*"))
        assert "using GPU-" in log


def test_two_gpus_for_each_fold_of_those_that_the_user_allows(ready: Path, tmp_path: Path) -> None:
    machine = Machine(ready, tmp_path, gpus=6)
    made = machine.repository("made", 2, [0, 1, 2])
    machine.run(made, AT_ONCE="2", CUDA_VISIBLE_DEVICES=f"0,2,3,{machine.gpus[5]}")
    history = machine.holders()
    assert max(map(len, history)) == 2
    used = {gpu for held in history for gpus in held for gpu in gpus}
    assert used == {machine.gpus[number] for number in (0, 2, 3, 5)}
    assert all(len(gpus) == 2 for held in history for gpus in held)
    first = json.loads(machine.log.read_text("utf-8").splitlines()[0])
    assert first["arguments"][-4:] == ["-device", "cuda", "-num_gpus", "2"]


def test_no_gpu_that_may_be_used_is_one_line(ready: Path, tmp_path: Path) -> None:
    machine = Machine(ready, tmp_path, gpus=2)
    made = machine.repository("made", 1, [0])
    with pytest.raises(AssertionError, match="rror in rule train"):
        machine.run(made, AT_ONCE="1", CUDA_VISIBLE_DEVICES="")
    log = (made / WORK / "logs/train_fold_0.txt").read_text("utf-8")
    line = "error: needs 1 GPU (resources.train.gpus in config.yaml), but 0 GPUs visible"
    assert log.splitlines()[0] == f"{line} (CUDA_VISIBLE_DEVICES is '')"
