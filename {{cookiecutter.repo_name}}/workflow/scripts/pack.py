"""Pack the trained model, if it is one whole training on the current data.

``model-lint pack`` writes the package. Its ``dataset.json`` contains ``training_data_sha256``, a
digest of the cases that the model was trained on; its plans and trainer are in the package too.
"""

from __future__ import annotations

import argparse
import sys

from model_lint.cli import main as model_lint

from common import add_config_argument, fail
from folds import stale, step_name
from locks import holding
from settings import SettingsError, load
from train import install_files, install_trainer


def main(argv: list[str] | None = None) -> int:
    """Pack the trained model; refuse folds of different or outdated trainings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_config_argument(parser)
    parser.add_argument("--name", help="name of the repository (default: that of config.yaml)")
    parser.add_argument("--tag", help="tag of the release (default: that of config.yaml)")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        folds = settings.nnunet.folds
        output = settings.work / "release"
        parts = tuple(f"model/{step_name(settings, fold)}" for fold in folds)
        with holding(settings.work, read=("preprocessed", *parts)):
            if reason := stale(settings):
                raise ValueError(f"{reason}; run the workflow, which trains it on the current data")
            install_trainer(settings)
            install_files(settings)
            output.mkdir(parents=True, exist_ok=True)
            options = {
                "--name": arguments.name or settings.release.name,
                "--tag": arguments.tag or settings.release.tag,
                "--layout": settings.release.layout,
                "--folds": ",".join(folds),
                "--output": str(output),
            }
            words = [word for option in options.items() for word in option]
            words += ["--split-folds"] if settings.release.split_folds else []
            return model_lint(["pack", str(settings.model), *words, "--force"])
    except (SettingsError, ValueError, OSError) as error:
        return fail(error)


if __name__ == "__main__":
    sys.exit(main())
