"""Compare ``plans.json`` and ``dataset.json`` with the copies that a checkpoint was trained with.

nnU-Net puts both into every checkpoint. To predict, it reads the files, and never compares them
with the copies. Keys that only describe (a name, a licence) may change after the training and are
ignored; so are added keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from ..findings import Step
from .networks import OLD_KEYS, network
from .numbers import whole_number
from .plans import resolve

#: Keys of a configuration that prediction reads, with their arguments.
_READ_OF_CONFIGURATION = frozenset(
    {"architecture", "normalization_schemes", "patch_size", "preprocessor_name", "previous_stage"}
    | {"resampling_fn_data", "resampling_fn_data_kwargs", "resampling_fn_probabilities"}
    | {"resampling_fn_probabilities_kwargs", "spacing", "use_mask_for_norm", *OLD_KEYS}
)
#: Keys at the top of the plans that prediction reads.
_READ_OF_PLANS = frozenset(
    {"image_reader_writer", "label_manager", "transpose_backward", "transpose_forward"}
)
_INTENSITIES = "foreground_intensity_properties_per_channel"
#: Keys of ``dataset.json`` that say how the model was trained, if both copies have them. nnU-Net's
#: copy usually has no ``image_orientation``; if it has one, SCT still uses that of the file, and it
#: is not certain which of the two is wrong.
_TRAINING_OF_DATASET = (
    "file_ending", "image_orientation", "numTraining", "overwrite_image_reader_writer",
    "training_data_sha256",  # the template's digest of the training cases
)  # fmt: skip

#: What nnU-Net uses if a key is missing.
_DEFAULTS = {"label_manager": "LabelManager", "previous_stage": None}

#: In place of a missing value.
ABSENT = object()


class Difference(NamedTuple):
    """A value in a file that is not the one that the checkpoint was trained with."""

    #: Its place in the file: keys and indices from the top.
    steps: tuple[Step, ...]
    #: The value in the file, and the one in the checkpoint; ABSENT if it is missing.
    here: object
    trained: object
    #: Whether predictions depend on it.
    read: bool

    @property
    def name(self) -> str:
        """The keys with dots between them."""
        return ".".join(map(str, self.steps))


def plans_differences(
    here: Mapping[str, Any], trained: Mapping[str, Any], configuration: str
) -> Iterator[Difference]:
    """Yield how ``plans.json`` differs; ``configuration`` is the one that is loaded.

    Keys that the file adds to the plans are ignored unless prediction reads them.
    """
    ours, theirs = resolve(here, configuration), resolve(trained, configuration)
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return
    schemes = theirs.get("normalization_schemes")
    by_intensity = isinstance(schemes, list) and "CTNormalization" in schemes
    top = _READ_OF_PLANS | ({_INTENSITIES} if by_intensity else set())
    skip = {"configurations", "plans_name"}
    yield from _of_keys((), here, trained, top, skip)
    skip = {"inherits_from"}
    if ("architecture" in ours) != ("architecture" in theirs):
        built = network(ours)
        if built is not None and built == network(theirs):
            skip |= {"architecture", *OLD_KEYS}  # one network, in the new and the old form
    at: tuple[Step, ...] = ("configurations", configuration)
    yield from _of_keys(at, ours, theirs, _READ_OF_CONFIGURATION, skip)


def dataset_differences(
    here: Mapping[str, Any], trained: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield how ``dataset.json`` differs in what the training fixes.

    Names of labels and channels may change, but not their values and order. The rules that compare
    both with the weights check how many there are.
    """
    yield from _labels(here.get("labels"), trained.get("labels"))
    if _regions(trained.get("labels")):
        key = "regions_class_order"
        yield from _different((key,), here.get(key, ABSENT), trained.get(key, ABSENT), read=True)
    channels = "modality" if "modality" in trained else "channel_names"
    for key in (channels, *_TRAINING_OF_DATASET):
        if key in trained and key in here:
            yield from _different((key,), here[key], trained[key], read=False)


def _labels(here: object, trained: object) -> Iterator[Difference]:
    """Yield labels whose value changed; a new name for the same value is not a difference."""
    if not isinstance(here, dict) or not isinstance(trained, dict):
        return
    for name, value in trained.items():
        if name in here:
            if not _same_label(here[name], value):
                yield Difference(("labels", name), here[name], value, read=True)
        elif not any(_same_label(value, other) for other in here.values()):
            yield Difference(("labels", name), ABSENT, value, read=True)
    ours, theirs = ([n for n in d if n not in {"background", "ignore"}] for d in (here, trained))
    same = here.keys() == trained.keys() and all(_same_label(here[n], trained[n]) for n in here)
    if _regions(trained) and ours != theirs and same:
        yield Difference(("labels",), ours, theirs, read=True)


def _same_label(a: object, b: object) -> bool:
    """Compare as nnU-Net and SCT read labels: ``int`` of each value; a list of one is its value."""
    return same_value(a, b) or ((ours := _values(a)) == _values(b) and None not in ours)


def _values(value: object) -> list[int | None]:
    values = value if isinstance(value, list | tuple) else [value]
    return [whole_number(item) for item in values]


def _regions(labels: object) -> bool:
    """Return whether any label is a region, so that their order matters."""
    values = labels.values() if isinstance(labels, dict) else ()
    return any(isinstance(v, list | tuple) and len(v) > 1 for v in values)


def _of_keys(
    at: tuple[Step, ...],
    here: Mapping[str, Any],
    trained: Mapping[str, Any],
    read: frozenset[str],
    skip: set[str],
) -> Iterator[Difference]:
    for key in [*trained, *(k for k in here if k not in trained)]:
        if key in skip or (key not in trained and key not in read):
            continue
        ours, theirs = (d.get(key, _DEFAULTS.get(key, ABSENT)) for d in (here, trained))
        yield from _different((*at, key), ours, theirs, read=key in read)


def _different(
    steps: tuple[Step, ...], here: object, trained: object, *, read: bool
) -> Iterator[Difference]:
    """Yield the innermost values that differ."""
    if isinstance(here, dict) and isinstance(trained, dict):
        for key in [*trained, *(k for k in here if k not in trained)]:
            ours, theirs = here.get(key, ABSENT), trained.get(key, ABSENT)
            yield from _different((*steps, key), ours, theirs, read=read)
    elif not same_value(here, trained):
        yield Difference(steps, here, trained, read)


def same_value(a: object, b: object) -> bool:
    """Compare as JSON: a tuple is a list, 1 is 1.0, NaN is NaN, the last digits are ignored."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return all(same_value(x, y) for x, y in zip_longest(a, b, fillvalue=ABSENT))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[key], b[key]) for key in a)
    if isinstance(a, int | float) and isinstance(b, int | float):
        if isinstance(a, bool) != isinstance(b, bool):
            return False
        return a == b or (a != a and b != b) or _close(a, b)  # noqa: PLR0124 - not a number
    return a == b


def _close(a: float, b: float) -> bool:
    try:
        return math.isclose(a, b, rel_tol=1e-9)
    except OverflowError:  # an integer beyond any float
        return False
