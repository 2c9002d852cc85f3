"""Pack the trained model, if it is one whole training on the current data.

``model-lint pack`` writes the package, and checks it before it has its name. Its ``dataset.json``
contains ``training_data_sha256``, a digest of the cases that the model was trained on; its plans
and trainer are in the package too. A package that is up to date keeps its tag, also the day after.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

from model_lint import __version__
from model_lint.cli import main as model_lint

from common import add_config_argument, fail
from folds import stale, step_name, trained
from locks import holding
from notes import Note, add_run_argument, code, digest, is_current, remove_note, write_note
from settings import Settings, SettingsError, load
from train import install_files, install_trainer


def pack(settings: Settings, run: int) -> int:
    """Pack the trained model into ``release/`` in the work folder; return the exit status.

    Raises:
        ValueError, OSError: with one line that says what is wrong.
    """
    if reason := stale(settings):
        raise ValueError(f"{reason}; run the workflow, which trains it on the current data")
    folder, release = settings.work / "release", settings.release
    made_from = digest(trained(settings), release, code("pack"), __version__)
    if is_current(settings.work, "pack", made_from, run):
        print(f"{folder}: is up to date")
        return 0
    remove_note(settings.work, "pack")
    install_trainer(settings)
    install_files(settings)
    folder.mkdir(parents=True, exist_ok=True)
    tag = (
        release.tag if release.tag != "today" else f"r{datetime.datetime.now(datetime.UTC):%Y%m%d}"
    )
    words = [
        *("--name", release.name, "--tag", tag, "--layout", release.layout),
        *("--folds", ",".join(settings.nnunet.folds), "--output", str(folder), "--force"),
        *(["--split-folds"] if release.split_folds else []),
    ]
    if status := model_lint(["pack", str(settings.model), *words]):
        return status
    write_note(settings.work, "pack", Note(made_from, {}, run), _zips(settings, folder, tag))
    return 0


def _zips(settings: Settings, folder: Path, tag: str) -> list[Path]:
    """Return the zips of a release, as ``model-lint pack`` names them."""
    name = f"{settings.release.name}-{tag}"
    if not settings.release.split_folds:
        return [folder / f"{name}.zip"]
    return [folder / f"{name}-fold{fold}.zip" for fold in settings.nnunet.folds]


def main(argv: list[str] | None = None) -> int:
    """Pack the trained model; refuse folds of different or outdated trainings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        parts = tuple(f"model/{step_name(settings, fold)}" for fold in settings.nnunet.folds)
        with holding(settings.work, read=("preprocessed", *parts)):
            return pack(settings, arguments.run)
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)


if __name__ == "__main__":
    sys.exit(main())
