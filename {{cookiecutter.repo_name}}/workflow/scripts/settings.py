"""Read and check ``config.yaml``.

``load`` gives frozen ``Settings``; whatever is wrong in the file becomes a ``SettingsError`` of one
line that says where and what to write instead. The schema is ``workflow/schemas/``.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from orientation import switch_convention

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "schemas" / "config.schema.yaml"


class SettingsError(ValueError):
    """Something in the configuration is wrong; the text is one line for the user."""


class _WrongValueError(ValueError):
    """The same, before the name of the file stands in front of it."""


@dataclass(frozen=True)
class Dataset:
    """Where the BIDS dataset is and which of its files to use."""

    id: int
    name: str
    bids: Path
    labels_folder: str
    contrasts: tuple[str, ...]
    as_channels: bool
    label_files: Mapping[str, Mapping[int, int]]
    """For each suffix of a label file: value in the file -> value to train with."""
    exclude: Mapping[str, str]


@dataclass(frozen=True)
class SplitSettings:
    """How subjects are divided."""

    file: Path
    test: float
    folds: int
    seed: int


@dataclass(frozen=True)
class Nnunet:
    """What nnU-Net trains."""

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
    """What one job of a kind asks for."""

    gpus: int
    cpus: int
    memory_gb: int
    hours: float


@dataclass(frozen=True)
class Evaluation:
    """What the evaluation writes and demands."""

    minimum_dice: Mapping[str, float]
    readme: Path | None
    figures: Path
    results: Path


@dataclass(frozen=True)
class Release:
    """How the package is named and laid out."""

    name: str
    tag: str
    layout: str


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
        """Every value that a label map may hold, background and ignore label included."""
        found = {value for values in self.labels.values() for value in values} | {0}
        return frozenset(found if self.ignore is None else found | {self.ignore})

    def environment(self) -> dict[str, str]:
        """Environment variables with which nnU-Net works inside the work folder."""
        work = self.work.resolve()
        variables = {
            name: str(work / name)
            for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
        }
        if self.nnunet.trainer_file is not None:
            # nnU-Net imports every module that it finds there, so the file is alone in its folder.
            variables["nnUNet_extTrainer"] = str(work / "trainer")
        return variables


def load(paths: Iterable[Path]) -> Settings:
    """Read YAML (or JSON) files, later ones over earlier ones, and check the result.

    Raises:
        SettingsError: if a file can't be read or its content is wrong.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: can't be read: {_one_line(error)}") from None
        except yaml.YAMLError as error:
            raise SettingsError(f"{path}: is not valid YAML: {_one_line(error)}") from None
        if not isinstance(content, dict):
            raise SettingsError(f"{path}: must hold keys and values, like config.yaml")
        merged = merge(merged, content)
    return parse(merged)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``over`` on ``base``, key by key; lists and plain values replace."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return result


def parse(config: Mapping[str, Any]) -> Settings:
    """Check the configuration and give it as ``Settings``.

    Raises:
        SettingsError: with one line per problem.
    """
    schema = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
    data = _string_keys(config)
    problems = sorted(
        Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path))
    )
    if problems:
        raise SettingsError("\n".join(f"config.yaml: {_explain(each)}" for each in problems))
    try:
        return _build(_with_defaults(data, schema, schema))
    except _WrongValueError as error:
        raise SettingsError(f"config.yaml: {error}") from None


def _build(c: dict[str, Any]) -> Settings:
    labels, ignore = _labels(c["labels"])
    order = _class_order(labels, c.get("regions_class_order"))
    if order is not None:
        labels = _larger_first(labels) if "regions_class_order" not in c else labels
    try:
        switch_convention(c["image_orientation"])
    except ValueError as error:
        raise _WrongValueError(f"image_orientation: {error}") from None
    dataset, nnunet, splits = c["dataset"], c["nnunet"], c["splits"]
    settings = Settings(
        dataset=Dataset(
            id=dataset["id"],
            name=dataset["name"],
            bids=Path(dataset["bids"]).expanduser(),
            labels_folder=dataset["labels_folder"],
            contrasts=tuple(dataset["contrasts"]),
            as_channels=dataset["contrasts_as"] == "channels",
            label_files={k: _value_map(v) for k, v in dataset["label_files"].items()},
            exclude=dataset["exclude"],
        ),
        labels=labels,
        ignore=ignore,
        regions_class_order=order,
        image_orientation=c["image_orientation"],
        splits=SplitSettings(Path(splits["file"]), splits["test"], splits["folds"], splits["seed"]),
        nnunet=Nnunet(
            configuration=nnunet["configuration"],
            folds=tuple(str(fold) for fold in nnunet["folds"]),
            trainer=nnunet["trainer"],
            trainer_file=Path(nnunet["trainer_file"]) if nnunet["trainer_file"] else None,
            planner=nnunet["planner"],
            plans_name=nnunet["plans_name"],
            plans=nnunet["plans"].get(nnunet["configuration"], {}),
            device=nnunet["device"],
        ),
        train=Resources(**c["resources"]["train"]),
        other=Resources(**c["resources"]["other"]),
        evaluation=Evaluation(
            minimum_dice=c["evaluation"]["minimum_dice"],
            readme=Path(c["evaluation"]["readme"]) if c["evaluation"]["readme"] else None,
            figures=Path(c["evaluation"]["figures"]),
            results=Path(c["evaluation"]["results"]),
        ),
        release=Release(c["release"]["name"], _tag(c["release"]["tag"]), c["release"]["layout"]),
        work=Path(c["work"]),
    )
    _check_together(settings)
    return settings


def _check_together(s: Settings) -> None:
    """Raise for values that are fine alone and wrong together."""
    for suffix, mapping in s.dataset.label_files.items():
        wrong = sorted(set(mapping.values()) - s.values)
        if wrong:
            raise _WrongValueError(
                f"dataset.label_files.{suffix}: value {wrong[0]} belongs to no label; "
                f"labels has {_listed(s.values - {0})}"
            )
    painted = {value for mapping in s.dataset.label_files.values() for value in mapping.values()}
    for name, values in s.labels.items():
        if painted.isdisjoint(values):
            raise _WrongValueError(f"dataset.label_files: no file gives a value of {name}")
    if "all" in s.nnunet.folds and len(s.nnunet.folds) > 1:
        raise _WrongValueError("nnunet.folds: all can't stand beside numbered folds")
    high = [fold for fold in s.nnunet.folds if fold != "all" and int(fold) >= s.splits.folds]
    if high:
        raise _WrongValueError(
            f"nnunet.folds: fold {high[0]} does not exist: splits.folds is "
            f"{s.splits.folds}, so folds are 0 to {s.splits.folds - 1}"
        )
    if s.nnunet.trainer_file is not None and not s.nnunet.trainer_file.is_file():
        raise _WrongValueError(f"nnunet.trainer_file: {s.nnunet.trainer_file} does not exist")
    unknown = sorted(set(s.evaluation.minimum_dice) - set(s.labels))
    if unknown:
        raise _WrongValueError(
            f"evaluation.minimum_dice: {unknown[0]} is no label{_hint(unknown[0], s.labels)}"
        )


def _labels(config: Mapping[str, Any]) -> tuple[dict[str, tuple[int, ...]], int | None]:
    entries = {n: tuple(v) if isinstance(v, list) else (v,) for n, v in config.items()}
    background = entries.pop("background", (0,))
    if background != (0,):
        raise _WrongValueError("labels.background: background is always 0")
    ignore = entries.pop("ignore", None)
    if ignore is not None and len(ignore) != 1:
        raise _WrongValueError("labels.ignore: must be one value")
    if not entries:
        raise _WrongValueError("labels: needs at least one label besides background")
    zero = [name for name, values in entries.items() if 0 in values]
    if zero:
        raise _WrongValueError(f"labels.{zero[0]}: 0 is the background; use 1, 2, ...")
    seen: dict[tuple[int, ...], str] = {}
    for name, values in entries.items():
        twin = seen.setdefault(tuple(sorted(values)), name)
        if twin != name:
            raise _WrongValueError(f"labels: {twin} and {name} have the same values")
    used = sorted({value for group in entries.values() for value in group})
    if used != list(range(1, len(used) + 1)):
        raise _WrongValueError(
            f"labels: values must be 1, 2, 3, ... without gaps, not {_listed(used)}"
        )
    if ignore is not None and ignore[0] != len(used) + 1:
        raise _WrongValueError(f"labels.ignore: must be the highest value, {len(used) + 1}")
    return entries, None if ignore is None else ignore[0]


def _larger_first(labels: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Order regions from large to small: nnU-Net paints them in this order."""
    return dict(sorted(labels.items(), key=lambda item: -len(item[1])))


def _class_order(
    labels: Mapping[str, tuple[int, ...]], given: list[int] | None
) -> tuple[int, ...] | None:
    """Find for each region the value that nnU-Net writes where it predicts that region."""
    if all(len(values) == 1 for values in labels.values()):
        if given is not None:
            raise _WrongValueError(
                "regions_class_order: is for regions only, and every label has one value"
            )
        return None
    if given is not None:
        if len(given) != len(labels):
            raise _WrongValueError(
                f"regions_class_order: has {len(given)} values for {len(labels)} labels"
            )
        return tuple(given)
    ordered = list(_larger_first(labels).items())
    order = []
    for position, (name, values) in enumerate(ordered):
        inside = {value for _, later in ordered[position + 1 :] for value in later}
        own = sorted(set(values) - inside)
        if not own:
            raise _WrongValueError(
                f"labels.{name}: every value of it belongs to a smaller region too; "
                "give it a value of its own or set regions_class_order"
            )
        order.append(own[0])
    return tuple(order)


def _value_map(entry: int | Mapping[str, int]) -> dict[int, int]:
    if isinstance(entry, int):
        return {1: entry}
    return {int(key): value for key, value in entry.items()}


def _tag(tag: str) -> str:
    if tag == "today":
        return f"r{datetime.datetime.now(tz=datetime.UTC):%Y%m%d}"
    try:
        datetime.datetime.strptime(tag[1:], "%Y%m%d").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise _WrongValueError(f"release.tag: {tag} is no date") from None
    return tag


def _with_defaults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, child in schema.get("properties", {}).items():
        target = root["$defs"][child["$ref"].rsplit("/", 1)[1]] if "$ref" in child else child
        if name not in result and "default" not in target:
            continue
        result[name] = _with_defaults(result.get(name, target.get("default")), target, root)
    return result


def _string_keys(value: Any) -> Any:
    """Make every key a string, as in JSON: YAML reads ``1:`` as a number."""
    if isinstance(value, Mapping):
        if any(isinstance(key, bool) or key is None for key in value):
            raise SettingsError(
                "config.yaml: as a key, YAML reads on, off, yes, no and null as something else "
                "than words; put quotes around them"
            )
        return {str(key): _string_keys(item) for key, item in value.items()}
    return [_string_keys(item) for item in value] if isinstance(value, list | tuple) else value


def _explain(problem: ValidationError) -> str:
    where = ".".join(str(part) for part in problem.absolute_path)
    return _one_line(f"{where}: {_reason(problem)}" if where else _reason(problem))


def _reason(problem: ValidationError) -> str:
    wanted: Any = problem.validator_value
    if problem.validator == "additionalProperties" and isinstance(problem.instance, dict):
        allowed = list(dict(problem.schema).get("properties", {}))  # type: ignore[arg-type]
        extra = [key for key in problem.instance if key not in allowed]
        return f"unknown key {extra[0]!r}{_hint(extra[0], allowed)}"
    if problem.validator == "required":
        return f"{problem.message.removesuffix('is a required property')}is missing"
    if problem.validator == "enum":
        return f"{problem.instance!r} must be one of {_listed(wanted)}"
    if problem.validator == "anyOf":
        return f"{problem.instance!r} is not what is expected here; see {SCHEMA_FILE.name}"
    return problem.message


def _hint(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {_listed(names)}"


def _listed(items: Iterable[Any]) -> str:
    return ", ".join(str(item) for item in items)


def _one_line(text: object) -> str:
    return re.sub(r"\s+", " ", str(text)).strip()
