"""Rules about ``dataset.json``, except its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..models.trainer_folder import TrainerFolder
from ..nnunet.image_readers import FILE_ENDINGS, IMAGE_READERS
from ..nnunet.labels import is_old_dataset
from ..nnunet.orientation import ORIENTATIONS, SCT_DEFAULT
from ..wording import count, listing, quote
from . import ERROR, EVERYWHERE, IN_SCT, IN_SLICER, IN_STOCK, NNUNET, SCT, SPEC, WARNING, rule
from .shared import json_problems, shown

_ORIENTATION = "image_orientation"
_LEGACY = "orientation"
_ENTRY = "The `dataset.json` file should contain the `image_orientation` entry"
_CHANNELS = ("channel_names", "modality")
#: How to repair a data set that nothing was trained on yet.
_FORMAT = "write it as nnU-Net's documentation/dataset_format.md says"


@rule(
    "D001",
    ERROR,
    NNUNET,
    "nnU-Net and SCT read dataset.json with json.load",
    stops=EVERYWHERE,
)
def dataset_json_invalid(package: Package) -> Iterator[Problem]:
    """`dataset.json` is unreadable, is not a JSON object, or has a duplicate key.

    Why: nnU-Net and SCT stop at a file that is not JSON; of duplicate keys they silently take the
    last.

    Fix: correct the file; `python -m json.tool dataset.json` shows where it breaks.
    """
    for trainer in package.judged:
        if trainer.dataset:
            yield from json_problems(trainer.dataset)


@rule(
    "D002",
    ERROR,
    NNUNET,
    "nnU-Net reads labels, channel_names and file_ending of dataset.json",
    also=(WARNING,),
    stops=EVERYWHERE,
)
def dataset_schema(package: Package) -> Iterator[Problem]:
    """A key that nnU-Net reads is missing from `dataset.json`, or has an invalid value.

    Why: nnU-Net reads labels and channels when it plans and when it loads the model, and looks up
    the reader of the `file_ending` in a fixed list. It stops if they are missing or invalid.

    Fix: take the `dataset.json` that nnU-Net copied into the results folder when it trained.
    """
    help_text = _FORMAT if package.lone_dataset else None
    for _, file in datasets(package):
        for key, text in _unusable(file.object):
            stops = IN_STOCK if key == "file_ending" else EVERYWHERE
            yield Problem(text, file.path, file.line(key), help=help_text, stops=stops)
        ending = file.object.get("file_ending")
        if isinstance(ending, str) and ending != ending.lower() and ending.lower() in FILE_ENDINGS:
            text = f"nnU-Net reads files that end in {quote(ending)}, but may not write them"
            advice = f"write {quote(ending.lower())}, and rename the files"
            line = file.line("file_ending")
            yield Problem(text, file.path, line, help=advice, severity=WARNING)


def _unusable(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each missing or invalid key with a message; other rules look into the labels."""
    if not isinstance(data.get("labels"), dict):
        yield "labels", _wrong("labels", data, "an object that gives each label its value")
    named = [key for key in _CHANNELS if key in data]
    if not named:
        yield "channel_names", "`channel_names` is missing"
    for key in named:
        if not isinstance(data[key], (dict, list, str)):
            yield key, _wrong(key, data, 'an object that names the channels "0", "1", ...')
    ending = data.get("file_ending")
    if not isinstance(ending, str) or ending.lower() not in FILE_ENDINGS:
        every = f"one of the endings that nnU-Net reads ({' '.join(FILE_ENDINGS)})"
        yield "file_ending", _wrong("file_ending", data, every)


def _wrong(key: str, data: Mapping[str, Any], wanted: str) -> str:
    if key not in data:
        return f"{quote(key)} is missing"
    value = data[key]
    found = "a list" if isinstance(value, list) else quote(value)
    return f"{quote(key)} must be {wanted}, not {found}"


@rule(
    "D003",
    ERROR,
    SPEC,
    _ENTRY,
    stops=(IN_SCT,),
)
def missing_image_orientation(package: Package) -> Iterator[Problem]:
    """`dataset.json` does not say in which orientation the model expects images.

    Why: SCT reorients every image to `image_orientation`. Without it SCT silently takes LPI, and a
    model that was trained in another orientation gets mirrored images.

    Fix: add `"image_orientation"` with the orientation of the training images in SCT's letters,
    as `sct_image -i IMAGE -getorient` shows it, for example `"image_orientation": "RPI"`.
    """
    for trainer, file in datasets(package):
        if _ORIENTATION in file.object or _LEGACY in file.object:
            continue
        near = [k for k in file.object if _letters(k) == _letters(_ORIENTATION)]
        hint = f"; {quote(near[0])} is another key, which nothing reads" if near else ""
        yield Problem(
            f"no `{_ORIENTATION}` entry: SCT would assume {_assumed(trainer)}{hint}",
            file.path,
            file.line(near[0]) if near else None,
        )


def _assumed(trainer: TrainerFolder) -> str:
    """Return what SCT takes instead: another code for one dataset of its early models."""
    name = trainer.plans.object.get("dataset_name") if trainer.plans else None
    return "AIL" if isinstance(name, str) and "RegionBasedLesionSeg" in name else SCT_DEFAULT


def _letters(key: str) -> str:
    return "".join(c for c in key.lower() if c.isalpha())


@rule(
    "D004",
    ERROR,
    SPEC,
    "This entry is used by SCT to determine the image orientation.",
    stops=(IN_SCT,),
)
def invalid_image_orientation(package: Package) -> Iterator[Problem]:
    """`image_orientation` is not one of the 48 codes.

    Why: SCT installs the model without an error and fails on the first image.

    Fix: write three upper-case letters, one of R/L, one of A/P and one of I/S, that name where each
    axis of the training images comes from: SCT's `RPI` is nibabel's `LAS`.
    """
    for _, file in datasets(package):
        value = file.object.get(_ORIENTATION, SCT_DEFAULT)
        if isinstance(value, str) and value in ORIENTATIONS:
            continue
        hint = ""
        if isinstance(value, str) and value.strip().upper() in ORIENTATIONS:
            hint = f": write {quote(value.strip().upper())}"
        yield Problem(
            f"{quote(value)} is not one of the 48 codes{hint}", file.path, file.line(_ORIENTATION)
        )


@rule(
    "D005",
    ERROR,
    SPEC,
    _ENTRY,
    stops=(IN_SCT,),
)
def legacy_orientation_key(package: Package) -> Iterator[Problem]:
    """The orientation is under the old key `orientation`.

    Why: SCT reads only `image_orientation`; without it SCT silently takes LPI.

    Fix: rename the key to `image_orientation`.
    """
    for _, file in datasets(package):
        if _LEGACY in file.object and _ORIENTATION not in file.object:
            text = f"`{_LEGACY}` is not read: rename it to `{_ORIENTATION}`"
            yield Problem(text, file.path, file.line(_LEGACY))


@rule(
    "D007",
    WARNING,
    NNUNET,
    "nnU-Net counts modality or channel_names, and plans by the keys of channel_names",
    also=(ERROR,),
    stops=EVERYWHERE,
)
def channels_invalid(package: Package) -> Iterator[Problem]:
    """`channel_names` is not an object with the keys "0", "1", ... and texts as values.

    Why: prediction only counts the channels, but planning and the integrity check stop at a list,
    and at names that are not text: in a data set these are errors. `modality` is nnU-Net 1's name
    of the key; if both are there, prediction uses `modality`.

    Fix: write `"channel_names": {"0": "T2w"}`, with one key for each channel, counted from 0.
    """
    for _, file in datasets(package):
        found = {k: v for k, v in file.object.items() if k in _CHANNELS}
        found = {k: v for k, v in found.items() if isinstance(v, (dict, list, str))}
        for key, value in found.items():
            yield from shown(
                _channel_problems(key, value, file, planned=package.lone_dataset),
                WARNING,
                "problem with the channels",
                "problems with the channels",
            )
        if "modality" in found:
            amounts = {key: len(value) for key, value in found.items()}
            yield _modality(amounts, file, planned=package.lone_dataset)


def _modality(amounts: Mapping[str, int], file: JsonFile, *, planned: bool) -> Problem:
    text = "`modality` is nnU-Net 1's key for `channel_names`"
    stops = planned and "channel_names" not in amounts
    if len(set(amounts.values())) > 1:
        text = f"`modality` counts {amounts['modality']} and `channel_names` "
        text += f"{amounts['channel_names']}, and nnU-Net uses `modality`"
        stops = True
    advice = "remove it" if "channel_names" in amounts else "rename it to `channel_names`"
    severity = ERROR if stops else None
    return Problem(text, file.path, file.line("modality"), help=advice, severity=severity)


def _channel_problems(
    key: str, value: dict[str, Any] | list[Any] | str, file: JsonFile, *, planned: bool
) -> Iterator[Problem]:
    line, stops = file.line(key), ERROR if planned else None
    if not value:
        yield Problem(f"{quote(key)} is empty", file.path, line, severity=ERROR)
        return
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "text"
        text = f'{quote(key)} is {kind}, not an object like {{"0": "T2w"}}; it counts as '
        text += count(len(value), "channel")
        yield Problem(text, file.path, line, severity=stops)
        return
    if all(isinstance(number, int) for number in value.values()):
        text = f"the keys and values of {quote(key)} are the wrong way round"
        yield Problem(text, file.path, line, severity=stops)
        return
    wanted = dict.fromkeys(map(str, range(len(value))))
    wrong = [k for k in value if k not in wanted]
    if wrong:
        text = f"the keys of {quote(key)} must be {listing(wanted)}, not {listing(wrong)}"
        yield Problem(text, file.path, file.line(key, wrong[0]) or line)
    for name in [k for k, v in value.items() if not isinstance(v, str)]:
        text = f"the name of channel {quote(name)} must be text, not {quote(value[name])}"
        yield Problem(text, file.path, file.line(key, name), severity=stops)


@rule(
    "D009",
    ERROR,
    SCT,
    "SCT: data = np.expand_dims(data, axis=0): one channel (deepseg/inference.py)",
    stops=(IN_SCT, IN_SLICER),
)
def sct_many_channels(package: Package) -> Iterator[Problem]:
    """The model has several input channels.

    Why: SCT and 3D Slicer pass exactly one image, as one channel, and the network stops. nnU-Net
    itself predicts with several.

    Fix: train a model of one channel, or declare that the package is for nnU-Net alone: `for =
    ["nnunet"]` in the configuration, or `--for nnunet`.
    """
    for _, file in datasets(package):
        key = "modality" if "modality" in file.object else "channel_names"
        value = file.object.get(key)
        if isinstance(value, (dict, list, str)) and len(value) > 1:
            text = f"{len(value)} channels, but SCT and 3D Slicer pass one"
            yield Problem(text, file.path, file.line(key))


@rule(
    "D011",
    WARNING,
    NNUNET,
    "nnU-Net writes one spacing and one shape per training case into the fingerprint",
    also=(ERROR,),
)
def training_count(package: Package) -> Iterator[Problem]:
    """`numTraining` is missing, not a number, or not the number of cases in the fingerprint.

    Why: planning and the integrity check read it, and stop without it: in a data set this is an
    error. If it differs from the fingerprint, one of the two files belongs to another version of
    the data set than the model.

    Fix: take both files from the results folder of the training; nnU-Net copies them there.
    """
    for trainer, file in datasets(package):
        text = _training_flaw(file.object, trainer)
        if text:
            severity = ERROR if package.lone_dataset else None
            help_text = "write the number of training cases" if package.lone_dataset else None
            line = file.line("numTraining")
            yield Problem(text, file.path, line, help=help_text, severity=severity)


def _training_flaw(data: Mapping[str, Any], trainer: TrainerFolder) -> str | None:
    if "numTraining" not in data:
        return "`numTraining` is missing"
    number = data["numTraining"]
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        return f"`numTraining` must be a whole number of at least 1, not {quote(number)}"
    cases = trainer.fingerprint.object.get("spacings") if trainer.fingerprint else None
    if isinstance(cases, list) and len(cases) != number:
        return f"`numTraining` is {number}, but the fingerprint has {count(cases, 'case')}"
    return None


@rule(
    "D012",
    ERROR,
    NNUNET,
    "nnU-Net's *WithReorient readers turn every image to nibabel's RAS, which is SCT's LPI",
    stops=(IN_SCT,),
)
def reader_orientation(package: Package) -> Iterator[Problem]:
    """The model was trained with a reader that reorients, and `image_orientation` is not LPI.

    Why: a `*WithReorient` reader turned every training image to SCT's LPI (nibabel's RAS), so the
    network knows no other orientation; SCT bypasses the reader and uses `image_orientation`.

    Fix: write `"image_orientation": "LPI"`.
    """
    for trainer, file in datasets(package):
        reader = trainer.plans.object.get("image_reader_writer") if trainer.plans else None
        value = file.object.get(_ORIENTATION)
        if not isinstance(reader, str) or not reader.endswith("WithReorient"):
            continue
        if isinstance(value, str) and value in ORIENTATIONS and value != SCT_DEFAULT:
            text = f"{quote(reader)} gave the network {SCT_DEFAULT} images, not {value}"
            yield Problem(text, file.path, file.line(_ORIENTATION))


@rule(
    "D013",
    WARNING,
    NNUNET,
    "nnU-Net looks up overwrite_image_reader_writer when it plans, and ignores other names",
    also=(ERROR,),
)
def image_reader_unknown(package: Package) -> Iterator[Problem]:
    """`overwrite_image_reader_writer` is not the name of one of nnU-Net's image readers.

    Why: nnU-Net ignores an unknown name and takes the first reader for the file ending, which may
    order the axes differently. At a value that is not text it stops. Prediction reads
    `image_reader_writer` of `plans.json` instead.

    Fix: write the name of one of nnU-Net's readers, or leave the key out.
    """
    key = "overwrite_image_reader_writer"
    for _, file in datasets(package):
        value = file.object.get(key, "None")
        if isinstance(value, str) and value in {"None", *IMAGE_READERS}:
            continue
        stops = package.lone_dataset and not isinstance(value, str)
        text = f"{quote(key)} is {quote(value)}, not one of {listing(IMAGE_READERS, shown=9)}"
        severity = ERROR if stops else None
        yield Problem(text, file.path, file.line(key), severity=severity)


def datasets(package: Package, *, old: bool = False) -> Iterator[tuple[TrainerFolder, JsonFile]]:
    """Yield every dataset.json that contains an object, with its trainer folder.

    Those of nnU-Net 1 only if ``old`` is true: they are reported by D006.
    """
    for trainer in package.judged:
        file = trainer.dataset
        if file is None or not isinstance(file.value, dict):
            continue
        if old or not is_old_dataset(file.value):
            yield trainer, file
