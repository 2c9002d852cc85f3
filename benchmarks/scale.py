"""Measure the workflow of a generated repository with 100, 1,000 and 10,000 subjects.

    make bench-scale

Each subject has two sessions with one image and two label files. Times are those of whole processes
and of all processes that they start; memory is the peak of the first process, and of the largest of
the others, in both cases with what they share. Compared commands run alternately. Everything is in
the folder ``scale`` of ``benchmarks/work``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from scale_data import write_dataset, write_predictions

HERE = Path(__file__).parent
ROOT = HERE.parent
WORK = HERE / "work" / "scale"
BIN = Path(sys.executable).parent
REPOSITORY = WORK / "model_seg_sc-gm_t2"
PLAIN = HERE / "scale_plain.py"
SIZES = (100, 1_000, 10_000)
JOBS = "2"
SIDE_BY_SIDE = 1_000
"""Subjects in the comparison with the plain script."""
REPEAT = 3
POLL_SECONDS = 0.1
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Cost:
    """What a command cost."""

    seconds: float
    cpu_seconds: float
    """Of all its processes."""
    parent_mb: float
    worker_mb: float
    """Of the largest process that it started; 0 if there was none."""


def main(sizes: Sequence[int]) -> None:
    """Print the tables."""
    WORK.mkdir(parents=True, exist_ok=True)
    generate()
    row("step", "subjects", "seconds", "CPU seconds", "memory (MB)", "of a worker (MB)")
    row(":--", "--:", "--:", "--:", "--:", "--:")
    for subjects in sizes:
        write_dataset(bids(subjects), subjects)
        for step, cost in steps(subjects):
            show(step, subjects, cost)
    print()
    row("1,000 subjects", "workflow", "plain script", "ratio")
    row(":--", "--:", "--:", "--:")
    write_dataset(bids(SIDE_BY_SIDE), SIDE_BY_SIDE)
    for step, ours, theirs in side_by_side():
        row(step, f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.2f}")


def generate() -> None:
    """Generate a repository."""
    shutil.rmtree(REPOSITORY, ignore_errors=True)
    command: list[str | Path] = [BIN / "cookiecutter", "--no-input", ROOT, "-o", WORK]
    command.append("anatomy=sc-gm")
    subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


def bids(subjects: int) -> Path:
    """Return the folder of a dataset."""
    return WORK / f"bids-{subjects}"


def output(subjects: int) -> Path:
    """Return the work folder for a dataset."""
    return WORK / f"output-{subjects}"


def configured(subjects: int) -> list[str | Path]:
    """Write the configuration; almost all subjects are in the test set, to evaluate them."""
    content = {
        "dataset": {"bids": str(bids(subjects))},
        "splits": {"file": str(output(subjects) / "splits.yaml"), "test": 1 - 10 / subjects},
        "evaluation": {
            "groups": ["session", "site"],
            "figures": str(output(subjects) / "figures"),
            "results": str(output(subjects) / "results"),
        },
        "resources": {"other": {"cpus": int(JOBS), "memory_gb": 4}},
        "work": str(output(subjects)),
    }
    path = WORK / f"config-{subjects}.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return [REPOSITORY / "config.yaml", path]


def script(name: str, subjects: int, *arguments: str) -> list[str | Path]:
    """Return the command of a step."""
    path = REPOSITORY / "workflow" / "scripts" / f"{name}.py"
    return [BIN / "python", path, "--config", *configured(subjects), *arguments]


def snakemake(subjects: int, *arguments: str) -> list[str | Path]:
    """Return the command of the workflow up to the conversion."""
    files = configured(subjects)
    return [
        *(BIN / "snakemake", "--cores", JOBS, "--configfile", *files),
        *("--until", "convert", *arguments),
    ]


def steps(subjects: int) -> Iterator[tuple[str, Cost]]:
    """Run the steps one after the other; yield what each cost."""
    shutil.rmtree(output(subjects), ignore_errors=True)
    raw = output(subjects) / "nnUNet_raw" / "Dataset101_SegScGmT2"
    yield "start of Snakemake, nothing known (dry run)", cost(snakemake(subjects, "--dry-run"))
    yield "`split`", cost(script("splits", subjects))
    convert = script("convert", subjects, "--jobs", JOBS)
    yield "`convert`", cost(convert)
    yield "`convert`, nothing changed", cost(convert)
    changed = min(bids(subjects).glob("derivatives/labels/sub-*/*/*/*.nii.gz"))
    changed.write_bytes(changed.read_bytes())
    yield "`convert`, one label file changed", cost(convert)
    cost(snakemake(subjects))
    yield "start of Snakemake, nothing changed (dry run)", cost(snakemake(subjects, "--dry-run"))
    yield "start of Snakemake, nothing changed", cost(snakemake(subjects))
    write_predictions(raw / "labelsTs", output(subjects) / "predictions")
    evaluate = script("evaluate", subjects, "--jobs", JOBS)
    yield "`evaluate`", cost(evaluate)
    yield "`evaluate`, nothing changed", cost(evaluate)


def side_by_side() -> Iterator[tuple[str, float, float]]:
    """Yield the median seconds of a step and of the plain script."""
    plain, raw = WORK / "plain", output(SIDE_BY_SIDE) / "nnUNet_raw"
    labels = raw / "Dataset101_SegScGmT2" / "labelsTs"
    memory = output(SIDE_BY_SIDE) / "notes"

    def forget(*names: str) -> Callable[[], None]:
        def act() -> None:
            shutil.rmtree(plain, ignore_errors=True)
            for name in names:
                (memory / name).unlink(missing_ok=True)

        return act

    names = ("convert.json", "converted.jsonl", "sources.json")
    yield (
        "`convert`",
        *in_turns(
            script("convert", SIDE_BY_SIDE, "--jobs", JOBS),
            [BIN / "python", PLAIN, "convert", bids(SIDE_BY_SIDE), plain],
            forget(*names),
        ),
    )
    predictions = output(SIDE_BY_SIDE) / "predictions"
    write_predictions(labels, predictions)
    yield (
        "`evaluate`",
        *in_turns(
            script("evaluate", SIDE_BY_SIDE, "--jobs", JOBS),
            [BIN / "python", PLAIN, "evaluate", labels, predictions, WORK / "plain.csv"],
            forget("compared_model.jsonl"),
        ),
    )


def in_turns(
    ours: list[str | Path], theirs: list[str | Path], before: Callable[[], None]
) -> tuple[float, float]:
    """Return the median seconds of two commands that run alternately."""
    measured: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEAT):
        for command, seconds in zip((ours, theirs), measured, strict=True):
            before()
            seconds.append(cost(command).seconds)
    mine, other = map(statistics.median, measured)
    return mine, other


def cost(command: Sequence[str | Path]) -> Cost:
    """Run a command in the repository."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=REPOSITORY,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peaks: dict[int, float] = {}
    used: dict[int, float] = {}
    watch = threading.Thread(target=_watch, args=(process, peaks, used))
    watch.start()
    _, errors = process.communicate()
    watch.join()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{command[1]} failed: {errors}")
    others = [peak for pid, peak in peaks.items() if pid != process.pid]
    return Cost(seconds, sum(used.values()), peaks.get(process.pid, 0), max(others, default=0))


def _watch(process: subprocess.Popen[str], peaks: dict[int, float], used: dict[int, float]) -> None:
    """Keep the peak memory (MB) and the processor's seconds of a process and those it started."""
    while process.poll() is None:
        parents, known, number = _parents(), {process.pid}, 0
        while number < len(known):  # numbers of processes begin again, so a child's may be smaller
            number = len(known)
            known |= {pid for pid, parent in parents if parent in known}
        for pid in known:
            peaks[pid] = max(peaks.get(pid, 0), _status(pid).get("VmHWM", 0) / 1024)
            used[pid] = max(used.get(pid, 0), _processor_seconds(pid))
        time.sleep(POLL_SECONDS)


def _parents() -> list[tuple[int, int]]:
    """Return all processes with their parents."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [(pid, _status(pid).get("PPid", 0)) for pid in pids]


def _status(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if line.startswith(("PPid", "VmHWM")))
    return {name: int(value.split()[0]) for name, value in pairs}


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(step: str, subjects: int, found: Cost) -> None:
    """Print a line of the table."""
    worker = f"{found.worker_mb:.0f}" if found.worker_mb else ""
    times = f"{found.seconds:.1f}", f"{found.cpu_seconds:.1f}"
    row(step, f"{subjects:,}", *times, f"{found.parent_mb:.0f}", worker)


def row(*cells: str) -> None:
    """Print a line of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or SIZES)
