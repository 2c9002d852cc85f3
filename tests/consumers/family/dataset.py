"""dataset.json: its JSON, labels, channels, orientation and the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .sample import Files, at, edit_json, edit_text, files_sample, set_everywhere

DATASET = at("dataset.json")


def _text(name: str, words: str, change: Callable[[bytes], bytes], **options: Any) -> None:
    """Register a sample whose dataset.json has other bytes."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        files[DATASET] = change(files[DATASET])


def _value(name: str, words: str, change: Callable[[Any], Any], **options: Any) -> None:
    """Register a sample whose dataset.json holds something else."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        edit_json(files, "dataset.json", change)


def _set(key: str, value: Any) -> Callable[[Any], None]:
    return lambda dataset: dataset.update({key: value})


def _drop(key: str) -> Callable[[Any], None]:
    def change(holder: Any) -> None:
        del holder[key]

    return change


# The JSON itself.

_text("json-crlf", "Windows line ends", lambda t: t.replace(b"\n", b"\r\n"))
_text("json-one-line", "all on one line", lambda t: json.dumps(json.loads(t)).encode())
_text("json-tabs", "indented with tabs", lambda t: json.dumps(json.loads(t), indent="\t").encode())
_text("json-newline", "a line end at the end", lambda t: t + b"\n")
_text("json-bom", "a byte order mark", lambda t: b"\xef\xbb\xbf" + t)
_text("json-utf16", "in UTF-16", lambda t: t.decode().encode("utf-16"))
_text(
    "json-latin1",
    "a Latin-1 accent in the description",
    lambda t: t.replace(b"{", b'{"description": "mo\xeblle",', 1),
)
_text(
    "json-utf8-accent",
    "a UTF-8 accent in the description",
    lambda t: t.replace(b"{", '{"description": "mo\u00eblle",'.encode(), 1),
)
_text("json-comment", "a // comment", lambda t: t.replace(b"{", b"{ // the dataset\n", 1))
_text("json-trailing-comma", "a comma after the last key", lambda t: t.replace(b'"RPI"', b'"RPI",'))
_text("json-missing-comma", "no comma after channel_names", lambda t: t.replace(b"},", b"}", 1))
_text("json-single-quotes", "single quotes", lambda t: t.replace(b'"', b"'"))
_text("json-empty", "an empty dataset.json", lambda _: b"")
_text("json-truncated", "the second half of dataset.json is missing", lambda t: t[: len(t) // 2])
_text("json-twice", "two objects, one after the other", lambda t: t + t)
_text("json-list", "a list in place of the object", lambda t: b"[" + t + b"]")
_text(
    "json-lfs-pointer",
    "a Git LFS pointer in place of dataset.json",
    lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 300\n",
)
_text(
    "json-duplicate-same",
    "a key twice, the same",
    lambda t: t.replace(b"{", b'{"image_orientation": "RPI",', 1),
)
_text(
    "json-duplicate-differs",
    "a key twice, the last one wrong",
    lambda t: t.replace(b'"RPI"', b'"RPI", "image_orientation": "LPI"'),
)
_text("json-nan", "NaN for a number", lambda t: t.replace(b"{", b'{"mean": NaN,', 1))
_text(
    "json-deep",
    "a hundred thousand nested lists",
    lambda t: t.replace(b"{", b'{"x": ' + b"[" * 100000 + b"]" * 100000 + b",", 1),
)
_text(
    "json-big-number",
    "an integer of 5000 digits",
    lambda t: t.replace(b"{", b'{"x": ' + b"9" * 5000 + b",", 1),
)

# Keys that change nothing.

_value("keys-reordered", "keys in another order", lambda d: dict(reversed(d.items())))
_value(
    "keys-extra",
    "keys that nnU-Net writes or ignores",
    lambda d: d.update(name="Cord", reference="", licence="CC-BY", release="1.0", description=""),
)
_value(
    "labels-reordered",
    "labels in another order",
    lambda d: d.update(labels={"gm": 2, "background": 0, "sc": 1}),
)
_value("no-training-count", "no numTraining", _drop("numTraining"))
_value("training-count-text", 'numTraining as text, "10"', _set("numTraining", "10"))
_value("training-count-other", "another numTraining than the fingerprint", _set("numTraining", 99))
_value("no-reader", "no overwrite_image_reader_writer", _drop("overwrite_image_reader_writer"))

# Orientation.

_value("orientation-missing", "no image_orientation", _drop("image_orientation"))
_value(
    "orientation-legacy-key",
    "orientation in place of image_orientation",
    lambda d: d.update(orientation=d.pop("image_orientation")),
)
_value(
    "orientation-key-case",
    "Image_Orientation in place of image_orientation",
    lambda d: d.update(Image_Orientation=d.pop("image_orientation")),
)
for code, why in {
    "LAS": "nibabel's letters for the same",
    "LPI": "another orientation than the training's",
    "AIL": "other axes than the training's",
    "rpi": "lower case",
    "Rpi": "mixed case",
    "RAP": "two letters of one axis",
    "RPP": "a letter twice",
    "XYZ": "no letters of an orientation",
    "RP": "two letters",
    "RPIX": "four letters",
    " RPI": "a space before",
    "": "nothing",
    "RIGHT-POSTERIOR-INFERIOR": "words",
}.items():
    _value(
        f"orientation-{code.strip() or 'empty'}{'-space' if code.startswith(' ') else ''}",
        f"image_orientation {code!r}: {why}",
        _set("image_orientation", code),
    )
_value("orientation-null", "image_orientation null", _set("image_orientation", None))
_value("orientation-number", "image_orientation 3", _set("image_orientation", 3))
_value("orientation-list", "image_orientation as a list", _set("image_orientation", list("RPI")))
_value(
    "orientation-object",
    "image_orientation as an object",
    _set("image_orientation", {"R": 0, "P": 1, "I": 2}),
)

# Labels.


def _labels(name: str, words: str, labels: Any, **options: Any) -> None:
    _value(name, words, _set("labels", labels), **options)


_labels("labels-no-background", "no background", {"sc": 1, "gm": 2})
_labels("labels-background-case", "Background", {"Background": 0, "sc": 1, "gm": 2})
_labels("labels-background-1", "background is 1", {"background": 1, "sc": 0, "gm": 2})
_labels("labels-background-text", 'background "0"', {"background": "0", "sc": 1, "gm": 2})
_labels("labels-background-list", "background [0]", {"background": [0], "sc": 1, "gm": 2})
_labels("labels-text", "values as text", {"background": 0, "sc": "1", "gm": "2"})
_labels("labels-float", "values as fractions", {"background": 0, "sc": 1.0, "gm": 2.0})
_labels("labels-half", "a value of 1.5", {"background": 0, "sc": 1.5, "gm": 2})
_labels("labels-true", "true for 1", {"background": 0, "sc": True, "gm": 2})
_labels("labels-null", "null for a value", {"background": 0, "sc": None, "gm": 2})
_labels("labels-one-lists", "values as lists of one", {"background": 0, "sc": [1], "gm": [2]})
_labels("labels-gap", "a gap between the values", {"background": 0, "sc": 1, "gm": 3})
_labels("labels-shifted", "values that start at 7", {"background": 0, "sc": 7, "gm": 9})
_labels("labels-swapped", "the values swapped", {"background": 0, "sc": 2, "gm": 1})
_labels("labels-same", "two labels of one value", {"background": 0, "sc": 1, "gm": 1, "wm": 2})
_labels("labels-negative", "a negative value", {"background": 0, "sc": 1, "gm": -1})
_labels("labels-one-fewer", "one label fewer than the network has", {"background": 0, "sc": 1})
_labels(
    "labels-one-more",
    "one label more than the network has",
    {"background": 0, "sc": 1, "gm": 2, "wm": 3},
)
_labels("labels-inverted", "values as keys", {"0": "background", "1": "sc", "2": "gm"})
_labels("labels-list", "a list of names", ["background", "sc", "gm"])
_labels("labels-empty", "no labels", {})
_labels(
    "labels-ignore",
    "an ignore label of the right value",
    {"background": 0, "sc": 1, "gm": 2, "ignore": 3},
    empty=("_ignore_seg",),
)
_labels(
    "labels-ignore-5",
    "an ignore label of a wrong value",
    {"background": 0, "sc": 1, "gm": 2, "ignore": 5},
)
_labels(
    "labels-ignore-null",
    "an ignore label null",
    {"background": 0, "sc": 1, "gm": 2, "ignore": None},
)
_value("labels-missing", "no labels at all", _drop("labels"))
_value(
    "regions-without-training",
    "regions where the network was trained with labels",
    lambda d: d.update(labels={"background": 0, "sc": [1, 2], "gm": 2}, regions_class_order=[1, 2]),
)
_value(
    "regions-same-heads",
    "as many regions as the network has outputs",
    lambda d: d.update(
        labels={"background": 0, "sc": [1, 2], "gm": 2, "wm": 1}, regions_class_order=[1, 2, 1]
    ),
)
_value(
    "regions-order-unneeded",
    "regions_class_order without regions",
    _set("regions_class_order", [1, 2]),
)


def _renamed(name: str, words: str, new: str, **options: Any) -> None:
    """Register a sample whose label gm has another name, in the checkpoint too."""

    @files_sample(name, words, renamed={f"_{new}_seg": "_gm_seg"}, **options)
    def _(files: Files) -> None:
        set_everywhere(files, dataset=lambda d: d.update(labels={"background": 0, "sc": 1, new: 2}))


_renamed("label-name-spaces", "a label with a space", "grey matter")
_renamed("label-name-accent", "a label with an accent", "moelle grise \u00e9paisse")
_renamed("label-name-seg", "a label that ends in _seg", "gm_seg")
_renamed("label-name-slash", "a label with a slash", "gm/horns")
_renamed("label-name-dots", "a label of two dots", "..")
_renamed("label-name-empty", "a label without a name", "")
_renamed("label-name-long", "a label of 300 characters", "g" * 300)
_renamed("label-name-nul", "a label with a NUL", "g\0m")
_renamed("label-name-newline", "a label with a line end", "g\nm")
_renamed("label-name-colon", "a label that Windows can't write", "gm:horns?")
_renamed("label-name-upper", "a label in capitals", "GM")
_value(
    "label-names-case",
    "two labels that differ in case only",
    _set("labels", {"background": 0, "gm": 1, "GM": 2}),
    renamed={"_gm_seg": "_sc_seg", "_GM_seg": "_gm_seg"},
)


_value(
    "label-renamed-after",
    "a label renamed after training, as SCT asks for",
    _set("labels", {"background": 0, "sc": 1, "grey": 2}),
    renamed={"_grey_seg": "_gm_seg"},
)
_value(
    "label-canal-after",
    "a label renamed to canal_seg, of which SCT keeps the largest object",
    _set("labels", {"background": 0, "canal_seg": 1, "gm": 2}),
    like="",
)


@files_sample("labels-rootlets", "labels lvl1 and lvl2, which SCT writes to one file", like="")
def _(files: Files) -> None:
    set_everywhere(
        files, dataset=lambda d: d.update(labels={"background": 0, "lvl1": 1, "lvl2": 2})
    )


# Channels.

_value(
    "channels-modality",
    "modality in place of channel_names",
    lambda d: d.update(modality=d.pop("channel_names")),
)
_value("channels-list", "channel_names as a list", _set("channel_names", ["T2star"]))
_value("channels-text", "channel_names as text of one letter", _set("channel_names", "T"))
_value("channels-long-text", "channel_names as text", _set("channel_names", "T2star"))
_value("channels-from-1", "channels counted from 1", _set("channel_names", {"1": "T2star"}))
_value("channels-by-name", "channels by name", _set("channel_names", {"T2star": 0}))
_value("channels-number", "a number for a name", _set("channel_names", {"0": 5}))
_value("channels-none", "no channels", _set("channel_names", {}))
_value("channels-missing", "neither channel_names nor modality", _drop("channel_names"))
_value("channels-two", "two channels", _set("channel_names", {"0": "T2star", "1": "T1w"}))
_value(
    "channels-both", "modality beside channel_names, the same", _set("modality", {"0": "T2star"})
)
_value(
    "channels-both-differ",
    "modality of two channels beside channel_names of one",
    _set("modality", {"0": "T2star", "1": "T1w"}),
)

# The rest.

_value("ending-missing", "no file_ending", _drop("file_ending"))
_value("ending-nrrd", "file_ending .nrrd", _set("file_ending", ".nrrd"))
_value(
    "ending-nii", "file_ending .nii, which the reader does not take", _set("file_ending", ".nii")
)
_value("ending-no-dot", "file_ending without its dot", _set("file_ending", "nii.gz"))
_value("ending-png", "file_ending .png", _set("file_ending", ".png"))
_value("ending-jpg", "file_ending .jpg, which nnU-Net does not read", _set("file_ending", ".jpg"))
_value("ending-gz", "file_ending .gz", _set("file_ending", ".gz"))
_value("ending-upper", "file_ending in capitals", _set("file_ending", ".NII.GZ"))
_value(
    "reader-unknown",
    "an overwrite_image_reader_writer that nnU-Net does not have",
    _set("overwrite_image_reader_writer", "SimpleITK"),
)
_value(
    "labels-old",
    "labels and channels in the form of nnU-Net 1",
    lambda d: (
        d.update(labels={"0": "background", "1": "sc", "2": "gm"}, modality={"0": "T2star"}),
        d.pop("file_ending"),
        d.pop("channel_names"),
        None,
    )[-1],
)
_value("ending-null", "file_ending null", _set("file_ending", None))


@files_sample("fingerprint-invalid", "a dataset_fingerprint.json that is not JSON")
def _(files: Files) -> None:
    files[at("dataset_fingerprint.json")] = b"{"


@files_sample("fingerprint-other", "a fingerprint of other intensities")
def _(files: Files) -> None:
    edit_text(files, "dataset_fingerprint.json", '"max": ', '"max": 1')
