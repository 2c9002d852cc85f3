"""Read and check ``config.yaml``.

``load`` returns frozen ``Settings``, or raises ``SettingsError`` with one line for each error,
which says where it is and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config_checks import check_orientation, check_tag, check_together, read_labels
from config_schema import SettingsError, local_path, one_line, with_defaults
from dataset_settings import Dataset, LabelFile, read_dataset
from evaluation_settings import Evaluation, read_evaluation

__all__ = ["Dataset", "LabelFile", "Settings", "SettingsError", "load", "merge", "parse"]


@dataclass(frozen=True)
class SplitSettings:
    """How subjects are divided."""

    file: Path
    test: float
    folds: int
    seed: int
    fixed: Path | None = None
    """A split that a paper fixed, from which the file is made."""


@dataclass(frozen=True)
class Nnunet:
    """What nnU-Net trains."""

    network: str
    """``nnU-Net``, or the name of a network that nnU-Net does not have."""
    configuration: str
    folds: tuple[str, ...]
    trainer: str
    trainer_file: Path | None
    planner: str
    plans_name: str
    plans: Mapping[str, Any]
    device: str

    @property
    def model_name(self) -> str:
        """The trainer folder's name, as nnU-Net composes it."""
        return f"{self.trainer}__{self.plans_name}__{self.configuration}"


@dataclass(frozen=True)
class Resources:
    """The resources of one job."""

    cpus: int
    memory_gb: int
    gpus: int = 0


@dataclass(frozen=True)
class Release:
    """How the package is named and laid out."""

    name: str
    tag: str
    """rYYYYMMDD, or ``today``: the day on which the model is packed."""
    layout: str
    split_folds: bool


@dataclass(frozen=True)
class Settings:
    """The whole configuration, checked."""

    dataset: Dataset
    labels: Mapping[str, tuple[int, ...]]
    """Foreground label or region -> its values; larger regions come before those inside them."""
    ignore: int | None
    regions_class_order: tuple[int, ...] | None
    """None for plain labels."""
    image_orientation: str
    splits: SplitSettings
    nnunet: Nnunet
    train: Resources
    other: Resources
    evaluation: Evaluation
    release: Release
    work: Path

    @property
    def dataset_name(self) -> str:
        """nnU-Net's name of the dataset."""
        return f"Dataset{self.dataset.id:03d}_{self.dataset.name}"

    @property
    def raw(self) -> Path:
        """The dataset in nnU-Net's raw layout."""
        return self.work / "nnUNet_raw" / self.dataset_name

    @property
    def preprocessed(self) -> Path:
        """The preprocessed dataset."""
        return self.work / "nnUNet_preprocessed" / self.dataset_name

    @property
    def model(self) -> Path:
        """The trainer folder that nnU-Net fills."""
        return self.work / "nnUNet_results" / self.dataset_name / self.nnunet.model_name

    @property
    def values(self) -> frozenset[int]:
        """Every value that a label map may contain, background and ignore label included."""
        found = {value for values in self.labels.values() for value in values} | {0}
        return frozenset(found if self.ignore is None else found | {self.ignore})

    def environment(self) -> dict[str, str]:
        """Return the environment variables that make nnU-Net use the work folder."""
        work = self.work.resolve()
        variables = {
            name: str(work / name)
            for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
        }
        if self.nnunet.trainer_file is not None:
            # nnU-Net imports every module in this folder, so it contains only this file.
            variables["nnUNet_extTrainer"] = str(work / "trainer")
        return variables


def load(paths: Iterable[Path]) -> Settings:
    """Read YAML (or JSON) files, merge later ones over earlier ones, and check the result.

    Raises:
        SettingsError: if a file is unreadable or its content is invalid.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: can't be read: {one_line(error)}") from None
        except yaml.YAMLError as error:
            raise SettingsError(f"{path}: is not valid YAML: {one_line(error)}") from None
        if not isinstance(content, dict):
            raise SettingsError(f"{path}: must contain keys and values, like config.yaml")
        merged = merge(merged, content)
    return parse(merged)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``over``, merged key by key; lists are replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return result


def parse(config: Mapping[str, Any]) -> Settings:
    """Check the configuration and return it as ``Settings``.

    Raises:
        SettingsError: with one line per problem.
    """
    try:
        return _build(with_defaults(config))
    except SettingsError as error:
        lines = str(error).splitlines()
        raise SettingsError("\n".join(f"config.yaml: {line}" for line in lines)) from None


def _build(c: dict[str, Any]) -> Settings:
    labels, ignore, order = read_labels(c["labels"], c.get("regions_class_order"))
    nnunet = c["nnunet"]
    settings = Settings(
        dataset=read_dataset(c["dataset"]),
        labels=labels,
        ignore=ignore,
        regions_class_order=order,
        image_orientation=check_orientation(c["image_orientation"]),
        splits=_splits(c["splits"]),
        nnunet=Nnunet(
            network=nnunet["network"],
            configuration=nnunet["configuration"],
            folds=tuple(str(fold) for fold in nnunet["folds"]),
            trainer=nnunet["trainer"],
            trainer_file=local_path(nnunet["trainer_file"]) if nnunet["trainer_file"] else None,
            planner=nnunet["planner"],
            plans_name=nnunet["plans_name"],
            plans=nnunet["plans"].get(nnunet["configuration"], {}),
            device=nnunet["device"],
        ),
        train=_train(c["resources"]["train"], nnunet["device"]),
        other=Resources(**c["resources"]["other"]),
        evaluation=read_evaluation(c["evaluation"]),
        release=Release(**{**c["release"], "tag": check_tag(c["release"]["tag"])}),
        work=local_path(c["work"]),
    )
    check_together(settings)
    return settings


def _train(c: Mapping[str, Any], device: str) -> Resources:
    """Return the resources of a training; on the processor, it asks for no GPU."""
    return Resources(**{**c, "gpus": 0} if device == "cpu" else c)


def _splits(c: Mapping[str, Any]) -> SplitSettings:
    fixed = local_path(c["fixed"]) if c["fixed"] else None
    return SplitSettings(local_path(c["file"]), c["test"], c["folds"], c["seed"], fixed)
