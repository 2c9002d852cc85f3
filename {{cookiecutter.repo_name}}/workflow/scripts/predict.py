"""Segment the held-out test set with the trained model."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from functools import partial
from pathlib import Path

from case_table import read_rows
from common import add_config_argument, fail, run_nnunet, thrift, write_text
from disk import explained
from folds import stale, step_name, trained
from gpus import device_for, taking
from locks import holding
from notes import Note, add_run_argument, code, digest, is_current, remove_note, write_note
from progress import watching
from read_volume import read_volume
from settings import Settings, SettingsError, load
from train import install_trainer
from volumes import VolumeError

NO_BARS = "--disable_progress_bar"
"""nnU-Net's bars are of the tiles of each image, of no use in a log."""


def depends_on(settings: Settings) -> str:
    """Return a digest of what the predictions depend on: test cases and trained folds."""
    rows = read_rows(settings.work / "conversion.csv")
    return digest(
        sorted((row.case, row.digest) for row in rows if row.set == "test"),
        trained(settings),
        settings.image_orientation,
        code("predict"),
    )


def predict(settings: Settings, jobs: int, run: int = 0) -> None:
    """Predict ``imagesTs`` into ``predictions/`` in the work folder, with all trained folds.

    A prediction that was interrupted goes on with the images that are left.

    Raises:
        ValueError, RuntimeError, OSError: with one line that says what is wrong.
    """
    if reason := stale(settings):
        raise ValueError(f"{reason}; run the workflow to train it")
    made_from = depends_on(settings)
    output = settings.work / "predictions"
    if is_current(settings.work, "predict", made_from, run):
        print(f"{output}: is up to date")
        return
    remove_note(settings.work, "predict")
    install_trainer(settings)
    begun = settings.work / "predictions.part"
    done = begin(begun, settings.work / "notes" / "predict.begun", made_from)
    nnunet = settings.nnunet
    gpus = min(1, settings.train.gpus)
    device = device_for(nnunet.device, gpus)
    total = _number(settings.raw / "labelsTs")
    try:
        with (
            taking(device, gpus) as taken,
            watching("predict", total, done, partial(_number, begun)),
        ):
            run_nnunet(
                "nnUNetv2_predict",
                *("-i", str(settings.raw / "imagesTs"), "-o", str(begun)),
                *("-d", str(settings.dataset.id), "-c", nnunet.configuration),
                *("-tr", nnunet.trainer, "-p", nnunet.plans_name, "-f", *nnunet.folds),
                *("-device", device, "-npp", str(jobs), "-nps", str(jobs)),
                *("--continue_prediction", *([] if sys.stderr.isatty() else [NO_BARS])),
                environment=settings.environment() | thrift(jobs, device) | taken,
            )
    except RuntimeError as error:
        kept = "the trained folds, and the images that are segmented"
        raise explained(error, settings.work, None, kept) from None
    shutil.rmtree(output, ignore_errors=True)
    begun.rename(output)
    made = [path for path in output.iterdir() if path.is_file()]
    write_note(settings.work, "predict", Note(made_from, {}, run), made)


def _number(folder: Path) -> int:
    """Return the number of label maps in a folder."""
    return sum(path.name.endswith(".nii.gz") for path in folder.iterdir())


def begin(folder: Path, mark: Path, made_from: str) -> int:
    """Make the folder of a prediction; keep what the same one had finished before it was stopped.

    Args:
        folder: where nnU-Net writes the label maps.
        mark: a file that says what those in the folder depend on.
        made_from: a digest of what they depend on now.

    Returns:
        The number of label maps that are whole; others are removed, because nnU-Net takes each file
        that is there for a finished one.
    """
    if not (mark.is_file() and mark.read_text(encoding="utf-8") == made_from):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(mark, made_from)
    number = 0
    for path in folder.glob("*.nii.gz"):
        try:
            read_volume(path)
            number += 1
        except VolumeError:
            path.unlink()
    return number


def main(argv: list[str] | None = None) -> int:
    """Segment the held-out test set."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        folds = tuple(f"model/{step_name(settings, fold)}" for fold in settings.nnunet.folds)
        with holding(settings.work, read=("raw", "preprocessed", *folds), change=("predictions",)):
            predict(settings, arguments.jobs, arguments.run)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
