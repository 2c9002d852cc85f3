"""Train one fold, or continue an interrupted training.

nnU-Net keeps its checkpoints in the fold's folder, which Snakemake never deletes: running the same
command again continues from the latest checkpoint.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

from common import add_config_argument, fail, pick_device, read_json, run_nnunet, thrift, write_json
from convert import read_rows
from settings import Settings, SettingsError, load

CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_latest.pth", "checkpoint_best.pth")


def next_step(folder: Path) -> str:
    """Return what is left to do for a fold, judged by the files in its folder.

    Returns:
        ``train``, ``continue`` (a checkpoint is there), ``validate`` (training is finished) or
        ``nothing``.
    """
    if (folder / "checkpoint_final.pth").is_file():
        done = (folder / "validation" / "summary.json").is_file()
        return "nothing" if done else "validate"
    return "continue" if any((folder / name).is_file() for name in CHECKPOINTS) else "train"


def set_aside_broken(folder: Path) -> list[Path]:
    """Rename incomplete checkpoints, so that nnU-Net uses another; return their paths.

    A checkpoint is a zip archive with its directory at the end, so an incomplete one is not a zip.
    """
    broken = [
        folder / name
        for name in CHECKPOINTS
        if (folder / name).is_file() and not zipfile.is_zipfile(folder / name)
    ]
    for path in broken:
        path.rename(path.with_name(path.name + ".broken"))
    return broken


def data_digest(settings: Settings, fold: str) -> str:
    """Return a digest of what a fold is trained with: data, plans and split."""
    folder = settings.preprocessed
    plans = read_json(folder / f"{settings.nnunet.plans_name}.json")
    splits = read_json(folder / "splits_final.json")
    if fold != "all" and int(fold) >= len(splits):
        raise ValueError(f"fold {fold} does not exist: the data are divided into {len(splits)}")
    rows = read_rows(settings.work / "conversion.csv")
    parts: list[Any] = [
        sorted((row.case, row.digest) for row in rows if row.set == "train"),
        read_json(folder / "dataset.json"),
        read_json(folder / "dataset_fingerprint.json"),
        plans["configurations"][settings.nnunet.configuration],
        splits if fold == "all" else splits[int(fold)],
    ]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def notes(settings: Settings) -> Path:
    """Return the folder where the workflow stores the digests of a model's training data."""
    return settings.work / "trained_on" / settings.dataset_name / settings.nnunet.model_name


def check_unchanged(settings: Settings, fold: str, step: str) -> None:
    """Store the digest of the training data; refuse to continue a training if it has changed.

    Raises:
        ValueError: with one line that names the folder to move or delete.
    """
    note = notes(settings) / f"fold_{fold}.json"
    digest = data_digest(settings, fold)
    known = read_json(note)["data"] if note.is_file() else digest
    if step != "train" and known != digest:
        raise ValueError(
            f"{settings.model / f'fold_{fold}'} was trained on other data, plans or splits than "
            "the current ones; move or delete that folder to train it again"
        )
    write_json(note, {"data": digest})


def install_trainer(settings: Settings) -> None:
    """Copy the custom trainer to where nnU-Net looks for it, and to the model for the package."""
    source = settings.nnunet.trainer_file
    if source is None:
        return
    text = source.read_bytes()
    for folder in (settings.work / "trainer", settings.model):
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "trainer_class.py"
        if not target.is_file() or target.read_bytes() != text:
            partial = folder / f"trainer_class.{os.getpid()}.part"
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


def hold_lock(path: Path) -> int:
    """Wait until no other process trains this fold, then hold its lock until this process ends.

    A training may still run after its Snakemake was killed: this waits for it instead of writing
    into the same folder. Child processes do not inherit the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print(f"{path}: another process is training this fold; waiting for it", flush=True)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    return descriptor


def main(argv: list[str] | None = None) -> int:
    """Train one fold; continue where an earlier run stopped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--fold", required=True, help="number of the fold, or all")
    parser.add_argument("--cpus", type=int, default=os.cpu_count() or 1, help="processor cores")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        folder = settings.model / f"fold_{arguments.fold}"
        hold_lock(notes(settings) / f"fold_{arguments.fold}.lock")
        for path in set_aside_broken(folder):
            print(f"{path.name} is incomplete; continuing without it", flush=True)
        step = next_step(folder)
        check_unchanged(settings, arguments.fold, step)
        install_trainer(settings)
        if step == "nothing":
            print(f"{folder}: already trained and validated")
            return 0
        device = pick_device(settings.nnunet.device)
        environment = settings.environment() | thrift(arguments.cpus, device)
        options = arguments_for(settings, arguments.fold, step, device)
        run_nnunet("nnUNetv2_train", *options, environment=environment)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
