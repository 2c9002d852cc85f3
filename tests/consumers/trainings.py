"""The models that are trained for the tests of `pack`: one of every kind, as small as can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

TRAINER_CLASS = Path(__file__).parents[1] / "data" / "trainer_class.py"
RAW, PREPROCESSED, RESULTS = FOLDERS = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")

PLAIN, CUSTOM = "nnUNetTrainer_1epoch", "nnUNetTrainerTiny"
PLANS, RESIDUAL = "nnUNetPlans", "nnUNetResEncUNetMPlans"
LABELS = {"background": 0, "sc": 1, "gm": 2}
REGIONS = {"background": 0, "sc": [1, 2], "gm": 2}


class Data(NamedTuple):
    """A data set of phantoms."""

    number: int
    name: str
    channels: int = 1
    labels: dict[str, Any] = LABELS

    @property
    def folder(self) -> str:
        """nnU-Net's name of it."""
        return f"Dataset{self.number}_{self.name}"


class Training(NamedTuple):
    """A model to train."""

    data: Data
    configuration: str
    trainer: str = PLAIN
    plans: str = PLANS
    folds: tuple[int | str, ...] = (0,)
    #: Whether nnU-Net validates it, which also makes the input of the next stage.
    validated: bool = False

    @property
    def folder(self) -> str:
        """Its folder below ``nnUNet_results``."""
        return f"{self.data.folder}/{self.trainer}__{self.plans}__{self.configuration}"


CORD = Data(902, "Cord")
OVERLAP = Data(903, "Regions", labels=REGIONS)
PAIR = Data(904, "Pair", channels=2)

#: By a name; the first stage of the cascade comes before the second.
TRAININGS = {
    "five-folds": Training(CORD, "2d", folds=(0, 1, 2, 3, 4), validated=True),
    "residual": Training(CORD, "3d_fullres", CUSTOM, RESIDUAL),
    "lowres": Training(CORD, "3d_lowres", folds=("all",), validated=True),
    "cascade": Training(CORD, "3d_cascade_fullres", folds=("all",)),
    "regions": Training(OVERLAP, "3d_fullres", CUSTOM, folds=(0, 1)),
    "two-channels": Training(PAIR, "2d", folds=("all",)),
}
