"""Segment the held-out test set with the trained model."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from common import add_config_argument, fail, pick_device, run_nnunet, thrift
from settings import Settings, SettingsError, load
from train import install_trainer


def predict(settings: Settings, jobs: int) -> None:
    """Predict ``imagesTs`` into ``predictions/`` in the work folder, with all trained folds.

    Raises:
        RuntimeError, OSError: with one line that says what is wrong.
    """
    install_trainer(settings)
    output = settings.work / "predictions"
    partial = settings.work / "predictions.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    nnunet = settings.nnunet
    device = pick_device(nnunet.device)
    run_nnunet(
        "nnUNetv2_predict",
        *("-i", str(settings.raw / "imagesTs"), "-o", str(partial)),
        *("-d", str(settings.dataset.id), "-c", nnunet.configuration),
        *("-tr", nnunet.trainer, "-p", nnunet.plans_name, "-f", *nnunet.folds),
        *("-device", device, "-npp", str(jobs), "-nps", str(jobs)),
        environment=settings.environment() | thrift(jobs, device),
    )
    shutil.rmtree(output, ignore_errors=True)
    partial.rename(output)


def main(argv: list[str] | None = None) -> int:
    """Segment the held-out test set."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    arguments = parser.parse_args(argv)
    try:
        predict(load(arguments.config), arguments.jobs)
    except (SettingsError, ValueError, RuntimeError, OSError) as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
