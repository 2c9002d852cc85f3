"""A phantom dataset, and the configuration that goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import phantom
from settings import Settings, load, merge, parse

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def config() -> dict[str, Any]:
    """The configuration of this repository."""
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
    if content["nnunet"]["trainer_file"]:
        content["nnunet"]["trainer_file"] = str(REPOSITORY / content["nnunet"]["trainer_file"])
    return content


def settings_for(config: dict[str, Any], folder: Path, **over: Any) -> Settings:
    """Return settings that read and write in ``folder``; ``over`` changes the configuration."""
    places = {
        "dataset": {"bids": str(folder / "bids"), "exclude": {}},
        "splits": {"file": str(folder / "splits.yaml"), "test": 0.3, "folds": 2},
        "nnunet": {"folds": [0], "plans": {}},
        "evaluation": {
            "readme": str(folder / "README.md"),
            "figures": str(folder / "figures"),
            "results": str(folder / "results"),
            "minimum_dice": {},
        },
        "work": str(folder / "output"),
    }
    return parse(merge(merge(config, places), over))


@pytest.fixture(scope="session")
def phantom_bids(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a phantom dataset of eight subjects in ``bids``; not to be changed."""
    folder = tmp_path_factory.mktemp("phantom")
    phantom.write_dataset(settings_for(config, folder), subjects=8)
    return folder


@pytest.fixture
def settings(config: dict[str, Any], phantom_bids: Path, tmp_path: Path) -> Settings:
    """Settings for the phantom that write into a new folder."""
    over = {"dataset": {"bids": str(phantom_bids / "bids")}}
    return settings_for(config, tmp_path, **over)


@pytest.fixture
def repository_settings() -> Settings:
    """The settings of this repository with those of the phantom merged over them."""
    return load([REPOSITORY / "config.yaml", REPOSITORY / "tests" / "phantom.yaml"])
