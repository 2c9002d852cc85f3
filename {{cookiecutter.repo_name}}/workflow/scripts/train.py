"""Train one fold, or continue an interrupted training.

nnU-Net keeps its checkpoints in the fold's folder, which Snakemake never deletes: running the same
command again continues from the latest checkpoint. Near the time limit of a Slurm job, the training
stops and the job goes back into the queue.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import slurm
from common import add_config_argument, fail, run_nnunet, thrift
from disk import explained, training_bytes
from folds import checkpoints, depends_on, foreign, set_aside, step_name
from gpus import device_for, taking
from locks import holding
from notes import Note, add_run_argument, is_current, write_note
from scratch import preprocessed_at
from settings import Settings, SettingsError, load

_SAVE_S = 300
"""A training that is stopped loses at most this and one epoch."""


def next_step(folder: Path) -> str:
    """Return what is left to do for a fold, judged by the files in its folder.

    Returns:
        ``train``, ``continue`` (a checkpoint is there), ``validate`` (training is finished) or
        ``nothing``.
    """
    if (folder / "checkpoint_final.pth").is_file():
        done = (folder / "validation" / "summary.json").is_file()
        return "nothing" if done else "validate"
    return "continue" if checkpoints(folder) else "train"


def remove_broken(folder: Path) -> list[Path]:
    """Remove incomplete checkpoints, so that nnU-Net uses another; return their paths.

    A checkpoint is a zip archive with its directory at the end, so an incomplete one is not a zip,
    and nothing can read it.
    """
    broken = [path for path in checkpoints(folder) if not zipfile.is_zipfile(path)]
    for path in broken:
        path.unlink()
    return broken


def install_trainer(settings: Settings) -> None:
    """Copy the custom trainer to where nnU-Net looks for it, and to the model for the package."""
    source = settings.nnunet.trainer_file
    if source is None:
        (settings.model / "trainer_class.py").unlink(missing_ok=True)
        return
    for folder in (settings.work / "trainer", settings.model):
        _copy(source, folder / "trainer_class.py")


def install_files(settings: Settings) -> None:
    """Copy what nnU-Net copies when a training begins: a fold may be from an earlier run."""
    for name, target in {
        "dataset.json": "dataset.json",
        "dataset_fingerprint.json": "dataset_fingerprint.json",
        f"{settings.nnunet.plans_name}.json": "plans.json",
    }.items():
        _copy(settings.preprocessed / name, settings.model / target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        partial = target.with_name(f".{target.stem}.{os.getpid()}.part")
        shutil.copyfile(source, partial)
        partial.replace(target)


def arguments_for(settings: Settings, fold: str, step: str, device: str) -> list[str]:
    """Return the arguments of ``nnUNetv2_train``."""
    nnunet = settings.nnunet
    arguments = [str(settings.dataset.id), nnunet.configuration, fold]
    arguments += ["-tr", nnunet.trainer, "-p", nnunet.plans_name, "-device", device]
    if device == "cuda" and settings.train.gpus > 1:
        arguments += ["-num_gpus", str(settings.train.gpus)]
    return arguments + {"continue": ["--c"], "validate": ["--val"]}.get(step, [])


@dataclass(frozen=True)
class Means:
    """What a training may use."""

    cpus: int = 1
    scratch: str = ""
    """A folder for a copy of the preprocessed data; empty: no copy."""
    job: slurm.Job | None = None


def train(settings: Settings, fold: str, means: Means, run: int = 0) -> None:
    """Train a fold, continue its training or validate it, unless it is up to date.

    Raises:
        ValueError, RuntimeError, OSError: with one line that says what is wrong.
    """
    folder, step = settings.model / f"fold_{fold}", step_name(settings, fold)
    made_from = depends_on(settings, fold)
    for line in set_aside(settings, fold, made_from):
        print(line, flush=True)
    for path in remove_broken(folder):
        print(f"{path.name} is incomplete; continuing without it", flush=True)
    if other := foreign(settings, fold):
        raise ValueError(f"{other}; move or delete {folder} to train it again")
    todo = next_step(folder)
    install_trainer(settings)
    if todo == "nothing" and is_current(settings.work, step, made_from, run):
        print(f"{folder}: already trained and validated on the current data")
    else:
        write_note(settings.work, step, Note(made_from, {}, run))
        if todo != "nothing":
            _run(settings, fold, todo, means)
        made = [folder / "checkpoint_final.pth", folder / "validation" / "summary.json"]
        write_note(settings.work, step, Note(made_from, {}, run), made)
    install_files(settings)


def progress(folder: Path) -> tuple[str, int]:
    """Return how far a training is: what is left to do, and the time of its furthest checkpoint."""
    saved = checkpoints(folder)
    return next_step(folder), saved[0].stat().st_mtime_ns if saved else 0


def _run(settings: Settings, fold: str, todo: str, means: Means) -> None:
    folder, job = settings.model / f"fold_{fold}", means.job
    before = progress(folder)
    if job:
        starts = settings.work / "starts" / f"{step_name(settings, fold)}.json"
        slurm.count_start(job, starts, before)
    had_time = job is not None and job.seconds() > job.limit / 2
    try:
        _run_nnunet(settings, fold, todo, means)
    except subprocess.TimeoutExpired:
        if job is None:
            raise
        if had_time and progress(folder) == before:
            raise RuntimeError(
                f"the time limit of {job.limit / 3600:.3g} hours is too short: it ended before "
                f"{'the validation' if todo == 'validate' else 'a checkpoint was saved'}"
            ) from None
        slurm.requeue(job)
    except RuntimeError as error:
        left = [path for path in checkpoints(folder) if zipfile.is_zipfile(path)]
        kept = f"{left[0]}, from which the training continues" if left else "the preprocessed data"
        raise explained(error, settings.work, training_bytes(settings), kept) from None


def _run_nnunet(settings: Settings, fold: str, todo: str, means: Means) -> None:
    device, job = device_for(settings.nnunet.device, settings.train.gpus), means.job
    processes = settings.train.gpus if device == "cuda" else 1
    cpus = max(1, means.cpus // processes)
    environment = settings.environment() | thrift(cpus, device)
    environment["SAVE_SECONDS"] = str(min(_SAVE_S, job.limit / 10) if job else _SAVE_S)
    with contextlib.ExitStack() as stack:
        environment |= stack.enter_context(taking(device, settings.train.gpus))
        environment |= stack.enter_context(preprocessed_at(settings, means.scratch))
        run_nnunet(
            "nnUNetv2_train",
            *arguments_for(settings, fold, todo, device),
            environment=environment,
            script=Path(__file__).with_name("save_often.py"),
            seconds=job.seconds() if job else None,
        )


def main(argv: list[str] | None = None) -> int:
    """Train one fold; continue where an earlier run stopped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    parser.add_argument("--fold", required=True, help="number of the fold, or all")
    parser.add_argument("--cpus", type=int, default=os.cpu_count() or 1, help="processor cores")
    parser.add_argument(
        "--scratch", default="", metavar="FOLDER", help="copy the preprocessed data to this disk"
    )
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        fold = arguments.fold
        own = f"model/{step_name(settings, fold)}"
        means = Means(arguments.cpus, arguments.scratch, slurm.current())
        with holding(settings.work, read=("preprocessed",), change=(own,)):
            train(settings, fold, means, arguments.run)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
