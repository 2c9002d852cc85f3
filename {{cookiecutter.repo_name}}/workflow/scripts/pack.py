"""Pack the trained model, if it is one whole training on the current data.

``model-lint pack`` writes the package, and checks it before it has its name. Its ``dataset.json``
contains ``training_data_sha256``, a digest of the cases that the model was trained on; its plans
and trainer are in the package too. A package that is up to date keeps its tag, also the day after.
"""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys

from model_lint import __version__
from model_lint.cli import main as model_lint
from model_lint.storage.new_file import TEMPORARY

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
    for begun in folder.glob(f"{TEMPORARY}*"):  # of a run that was killed
        shutil.rmtree(begun)
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
    whole = folder / f"{release.name}-{tag}.zip"
    parts = [whole.with_stem(f"{whole.stem}-fold{fold}") for fold in settings.nnunet.folds]
    made = parts if release.split_folds else [whole]
    # Others of this tag are of an earlier training, or of folds that are no longer asked for.
    for path in {whole, *folder.glob(f"{whole.stem}-fold*.zip")} - {*made}:
        path.unlink(missing_ok=True)
    write_note(settings.work, "pack", Note(made_from, {}, run), made)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Pack the trained model; refuse folds of different or outdated trainings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    add_run_argument(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        parts = tuple(f"model/{step_name(settings, fold)}" for fold in settings.nnunet.folds)
        with holding(settings.work, read=("preprocessed", *parts), change=("release",)):
            return pack(settings, arguments.run)
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)


if __name__ == "__main__":
    sys.exit(main())
