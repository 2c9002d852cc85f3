"""Rules of the dataset family: what ``dataset.json`` says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..findings import Problem
from ..models.json_file import JsonFile
from ..models.package import Package
from ..models.trainer_folder import TrainerFolder
from ..nnunet.labels import BACKGROUND, defects, outputs
from ..nnunet.orientation import ORIENTATIONS, SCT_DEFAULT
from ..schema import violations
from ..wording import count, listing, quote
from . import ERROR, INFO, NNUNET, SCT, SPEC, WARNING, rule

_ORIENTATION = "image_orientation"
_LEGACY = "orientation"
_ENTRY = "The `dataset.json` file should contain the `image_orientation` entry"
#: Where other rules know better than the schema: the first step of the path.
_ELSEWHERE = frozenset({_ORIENTATION, "regions_class_order", "numTraining"})
#: Findings about repeated keys in one file.
_SHOWN = 10
_CHANNELS = ("channel_names", "modality")


@rule("D001", ERROR, NNUNET, "nnU-Net and SCT read dataset.json with json.load")
def dataset_json_invalid(package: Package) -> Iterator[Problem]:
    """`dataset.json` can't be read, is no JSON object, or has a key twice.

    Why: nnU-Net and SCT stop at a file that is not JSON; of two equal keys they silently take the
    last.

    Fix: correct the file; `python -m json.tool dataset.json` shows where it breaks.
    """
    for trainer in package.judged:
        file = trainer.dataset
        if file is None or file.reported:
            continue
        if file.error:
            yield Problem(f"it can't be read: {file.error}", file.path, file.error_line)
        elif not isinstance(file.value, dict):
            yield Problem("it must hold an object: `{...}`", file.path, 1)
        for key, line in islice(file.repeated, _SHOWN):
            yield Problem(f"the key {quote(key)} is there more than once", file.path, line)


@rule("D002", ERROR, NNUNET, "nnU-Net reads labels, channel_names and file_ending of dataset.json")
def dataset_schema(package: Package) -> Iterator[Problem]:
    """`dataset.json` lacks a key that nnU-Net reads, or has a value of the wrong type.

    Why: nnU-Net reads labels and channels when it loads the model, and `file_ending` when it
    predicts image files; it stops where they are missing or no use.

    Fix: take the `dataset.json` that nnU-Net copied into the results folder when it trained.
    """
    for _, file in _datasets(package):
        for found in violations(file.object, "dataset"):
            if not _told_elsewhere(found.steps, found.message, file.object):
                yield Problem(found.message, file.path, file.line(*found.steps))


def _told_elsewhere(steps: tuple[Any, ...], message: str, data: dict[str, Any]) -> bool:
    """Return whether D003 to D007 or D011 say it better than the schema."""
    if not steps:
        return quote(_ORIENTATION) in message
    if steps[0] == "labels":
        return isinstance(data.get("labels"), dict)
    if steps[0] in _CHANNELS:
        return isinstance(data[steps[0]], (dict, list, str))
    return steps[0] in _ELSEWHERE


@rule("D003", ERROR, SPEC, _ENTRY)
def missing_image_orientation(package: Package) -> Iterator[Problem]:
    """`dataset.json` does not say in which orientation the model expects images.

    Why: SCT reorients every image to `image_orientation`. Without it SCT silently takes LPI, and a
    model that was trained in another orientation gets mirrored images.

    Fix: add `"image_orientation"` with the orientation of the training images in SCT's letters,
    as `sct_image -i IMAGE -getorient` shows it, for example `"image_orientation": "RPI"`.
    """
    for trainer, file in _datasets(package):
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


@rule("D004", ERROR, SPEC, "This entry is used by SCT to determine the image orientation.")
def invalid_image_orientation(package: Package) -> Iterator[Problem]:
    """`image_orientation` is not one of the 48 codes.

    Why: SCT installs such a model without complaint and fails on the first image.

    Fix: write three upper-case letters, one of R/L, one of A/P and one of I/S, that name where each
    axis of the training images comes from: SCT's `RPI` is nibabel's `LAS`.
    """
    for _, file in _datasets(package):
        value = file.object.get(_ORIENTATION, SCT_DEFAULT)
        if isinstance(value, str) and value in ORIENTATIONS:
            continue
        hint = ""
        if isinstance(value, str) and value.strip().upper() in ORIENTATIONS:
            hint = f": write {quote(value.strip().upper())}"
        yield Problem(
            f"{quote(value)} is not one of the 48 codes{hint}", file.path, file.line(_ORIENTATION)
        )


@rule("D005", ERROR, SPEC, _ENTRY)
def legacy_orientation_key(package: Package) -> Iterator[Problem]:
    """The orientation stands under the old key `orientation`.

    Why: SCT reads `image_orientation` alone; without it SCT silently takes LPI.

    Fix: rename the key to `image_orientation`.
    """
    for _, file in _datasets(package):
        if _LEGACY in file.object and _ORIENTATION not in file.object:
            text = f"`{_LEGACY}` is not read: rename it to `{_ORIENTATION}`"
            yield Problem(text, file.path, file.line(_LEGACY))


@rule(
    "D006",
    ERROR,
    NNUNET,
    "nnU-Net's LabelManager numbers its output 0, 1, ...; SCT looks for the labels' values",
    also=(WARNING,),
)
def labels_invalid(package: Package) -> Iterator[Problem]:
    """The labels do not say what the network's output means.

    Why: nnU-Net stops at some of these, and silently writes other values than SCT looks for at the
    rest: the masks come out empty, swapped or merged.

    Fix: `background` is 0, the others are 1, 2, 3, ... without gaps; regions are lists of these and
    need a `regions_class_order` with one value for each; `ignore` is the highest value plus one.
    """
    for _, file in _datasets(package):
        for found in defects(file.object):
            severity = WARNING if found.works else None
            line = _line(file, found.steps)
            yield Problem(found.message, file.path, line, help=found.help, severity=severity)


@rule(
    "D007",
    WARNING,
    NNUNET,
    "nnU-Net counts modality or channel_names, and plans by the keys of channel_names",
    also=(ERROR,),
)
def channels_invalid(package: Package) -> Iterator[Problem]:
    """`channel_names` is not an object with the keys "0", "1", ...

    Why: prediction only counts the channels, but planning and the integrity check read the keys.
    `modality` is nnU-Net v1's name for it; where both are there, `modality` wins.

    Fix: write `"channel_names": {"0": "T2w"}`, with one key for each channel, counted from 0.
    """
    for _, file in _datasets(package):
        data = file.object
        found = {k: data[k] for k in _CHANNELS if isinstance(data.get(k), (dict, list, str))}
        for key, value in found.items():
            yield from _channel_problems(key, value, file)
        if "modality" not in found:
            continue
        amounts = {key: len(value) for key, value in found.items()}
        differ = len(set(amounts.values())) > 1
        text = "`modality` is nnU-Net v1's key for `channel_names`"
        if differ:
            text = f"`modality` counts {amounts['modality']} and `channel_names` "
            text += f"{amounts['channel_names']}, and `modality` wins"
        severity = ERROR if differ else None
        yield Problem(text, file.path, file.line("modality"), severity=severity)


def _channel_problems(
    key: str, value: dict[str, Any] | list[Any] | str, file: JsonFile
) -> Iterator[Problem]:
    line = file.line(key)
    if not value:
        yield Problem(f"{quote(key)} is empty", file.path, line, severity=ERROR)
    elif not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "text"
        text = f'{quote(key)} is {kind}, not an object like {{"0": "T2w"}}; it counts as '
        yield Problem(f"{text}{count(len(value), 'channel')}", file.path, line)
    else:
        wanted = [str(number) for number in range(len(value))]
        wrong = [k for k in value if k not in wanted]
        if wrong:
            text = f"the keys of {quote(key)} must be {listing(wanted)}, not {listing(wrong)}"
            yield Problem(text, file.path, file.line(key, wrong[0]) or line)
        for name in [k for k, v in value.items() if not isinstance(v, str)]:
            text = f"the name of channel {quote(name)} must be text, not {quote(value[name])}"
            yield Problem(text, file.path, file.line(key, name))


@rule("D008", WARNING, SCT, "SCT: target = f'_{label}_seg' (deepseg/inference.py)")
def label_suffix(package: Package) -> Iterator[Problem]:
    """A label ends in `_seg`, which SCT appends anyway.

    Why: SCT names its output after the label: `canal_seg` becomes `_canal_seg_seg`.

    Fix: take `_seg` off the label.
    """
    for _, file in _datasets(package):
        for name in _labels(file):
            if name != BACKGROUND and (name.lower() == "seg" or name.lower().endswith("_seg")):
                text = f"the label {quote(name)} gives files that end in {quote(f'_{name}_seg')}"
                yield Problem(text, file.path, file.line("labels", name))


@rule(
    "D009",
    WARNING,
    SCT,
    "SCT: data = np.expand_dims(data, axis=0): one channel (deepseg/inference.py)",
)
def sct_many_channels(package: Package) -> Iterator[Problem]:
    """The model takes several channels.

    Why: SCT gives an nnU-Net model exactly one image as one channel, and the network stops. nnU-Net
    itself predicts with several.

    Fix: train a model of one channel if it is meant for SCT.
    """
    for _, file in _datasets(package):
        key = "modality" if "modality" in file.object else "channel_names"
        value = file.object.get(key)
        if isinstance(value, (dict, list, str)) and len(value) > 1:
            text = f"{len(value)} channels, but SCT passes one"
            yield Problem(text, file.path, file.line(key))


@rule("D010", INFO, SCT, "SCT's sct_deepseg -qc shows one or two outputs")
def sct_many_labels(package: Package) -> Iterator[Problem]:
    """SCT writes more than two files for this model.

    Why: `sct_deepseg -qc` takes models of one or two labels; without `-qc` any number works.

    Fix: nothing to fix; say in the README that `-qc` does not work.
    """
    for _, file in _datasets(package):
        suffixes = outputs(_labels(file))
        if len(suffixes) > 2:
            text = f"SCT writes {len(suffixes)} files ({listing(suffixes)}), too many for `-qc`"
            yield Problem(text, file.path, file.line("labels"))


@rule(
    "D011",
    WARNING,
    NNUNET,
    "nnU-Net writes one spacing and one shape per training case into the fingerprint",
)
def training_count(package: Package) -> Iterator[Problem]:
    """`numTraining` differs from the number of cases in the fingerprint.

    Why: one of both files belongs to another version of the dataset than the model.

    Fix: take both files from the results folder of the training; nnU-Net copies them there.
    """
    for trainer, file in _datasets(package):
        if "numTraining" not in file.object:
            continue
        number = file.object["numTraining"]
        line = file.line("numTraining")
        if isinstance(number, bool) or not isinstance(number, int):
            yield Problem(
                f"`numTraining` should be a whole number, not {quote(number)}", file.path, line
            )
            continue
        cases = trainer.fingerprint.object.get("spacings") if trainer.fingerprint else None
        if isinstance(cases, list) and len(cases) != number:
            text = f"`numTraining` is {number}, but the fingerprint has {count(cases, 'case')}"
            yield Problem(text, file.path, line)


@rule(
    "D012",
    ERROR,
    NNUNET,
    "nnU-Net's *WithReorient readers turn every image to nibabel's RAS, which is SCT's LPI",
)
def reader_orientation(package: Package) -> Iterator[Problem]:
    """The model was trained with a reader that reorients, and `image_orientation` is not LPI.

    Why: a `*WithReorient` reader turned every training image to SCT's LPI (nibabel's RAS), so the
    network knows no other orientation; SCT bypasses the reader and uses `image_orientation`.

    Fix: write `"image_orientation": "LPI"`.
    """
    for trainer, file in _datasets(package):
        reader = trainer.plans.object.get("image_reader_writer") if trainer.plans else None
        value = file.object.get(_ORIENTATION)
        if not isinstance(reader, str) or not reader.endswith("WithReorient"):
            continue
        if isinstance(value, str) and value in ORIENTATIONS and value != SCT_DEFAULT:
            text = f"{quote(reader)} gave the network {SCT_DEFAULT} images, not {value}"
            yield Problem(text, file.path, file.line(_ORIENTATION))


def _datasets(package: Package) -> Iterator[tuple[TrainerFolder, JsonFile]]:
    """Yield every dataset.json that holds an object, with its trainer folder."""
    for trainer in package.judged:
        if trainer.dataset is not None and isinstance(trainer.dataset.value, dict):
            yield trainer, trainer.dataset


def _labels(file: JsonFile) -> dict[str, Any]:
    labels = file.object.get("labels")
    return labels if isinstance(labels, dict) else {}


def _line(file: JsonFile, steps: tuple[Any, ...]) -> int | None:
    """Return the line of the innermost step that the file has."""
    return next((n for end in range(len(steps), 0, -1) if (n := file.line(*steps[:end]))), None)
