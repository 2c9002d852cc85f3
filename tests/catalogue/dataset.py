"""dataset.json: its JSON, labels, channels, orientation and the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from build import Case, Edit, dataset, judged, replace, rewrite, trained


def text(name: str, what: str, change: Callable[[bytes], bytes]) -> Case:
    return judged(name, what, rewrite("dataset.json", change))


def value(name: str, what: str, change: Edit, **how: Any) -> Case:
    return judged(name, what, dataset(change), **how)


def labels(name: str, what: str, values: object, **how: Any) -> Case:
    return value(name, what, {"labels": values}, **how)


def renamed(name: str, what: str, new: str) -> Case:
    """Return a model whose label gm has another name, in the checkpoint too."""
    change = trained(dataset={"labels": {"background": 0, "sc": 1, new: 2}})
    return judged(name, what, change, renamed={f"_{new}_seg": "_gm_seg"})


CASES: list[Case] = [
    # The JSON itself.
    text("json-one-line", "all on one line", lambda t: json.dumps(json.loads(t)).encode()),
    text("json-tabs", "indented with tabs",
         lambda t: json.dumps(json.loads(t), indent="\t").encode()),
    text("json-newline", "a line end at the end", lambda t: t + b"\n"),
    text("json-bom", "a byte order mark", lambda t: b"\xef\xbb\xbf" + t),
    text("json-utf16", "in UTF-16", lambda t: t.decode().encode("utf-16")),
    text("json-latin1", "a Latin-1 accent in the description",
         lambda t: t.replace(b"{", b'{"description": "mo\xeblle",', 1)),
    text("json-utf8-accent", "a UTF-8 accent in the description",
         lambda t: t.replace(b"{", '{"description": "mo\u00eblle",'.encode(), 1)),
    text("json-comment", "a // comment", lambda t: t.replace(b"{", b"{ // the dataset\n", 1)),
    text("json-trailing-comma", "a comma after the last key",
         lambda t: t.replace(b'"RPI"', b'"RPI",')),
    text("json-missing-comma", "no comma after channel_names", lambda t: t.replace(b"},", b"}", 1)),
    text("json-single-quotes", "single quotes", lambda t: t.replace(b'"', b"'")),
    text("json-truncated", "the second half of dataset.json is missing",
         lambda t: t[: len(t) // 2]),
    text("json-twice", "two objects, one after the other", lambda t: t + t),
    text("json-list", "a list in place of the object", lambda t: b"[" + t + b"]"),
    text("json-lfs-pointer", "a Git LFS pointer in place of dataset.json",
         lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 300\n"),
    text("json-duplicate-same", "a key twice, the same",
         lambda t: t.replace(b"{", b'{"image_orientation": "RPI",', 1)),
    text("json-duplicate-differs", "a key twice, the last one wrong",
         lambda t: t.replace(b'"RPI"', b'"RPI", "image_orientation": "LPI"')),
    text("json-nan", "NaN for a number", lambda t: t.replace(b"{", b'{"mean": NaN,', 1)),
    text("json-deep", "a hundred thousand nested lists",
         lambda t: t.replace(b"{", b'{"x": ' + b"[" * 100000 + b"]" * 100000 + b",", 1)),
    text("json-big-number", "an integer of 5000 digits",
         lambda t: t.replace(b"{", b'{"x": ' + b"9" * 5000 + b",", 1)),
    # Keys that change nothing.
    value("keys-reordered", "keys in another order", lambda d: dict(reversed(d.items()))),
    value(
        "keys-extra",
        "keys that nnU-Net writes or ignores",
        {"name": "Cord", "reference": "", "licence": "CC-BY", "release": "1.0", "description": ""},
    ),
    value("labels-reordered", "labels in another order",
          {"labels": {"gm": 2, "background": 0, "sc": 1}}),
    value("training-count-other", "another numTraining than the fingerprint", {"numTraining": 99}),
    # Orientation.
    *(
        value(
            f"orientation-{code}", f"image_orientation {code!r}: {why}", {"image_orientation": code}
        )
        for code, why in {
            "LPI": "another orientation than the training's",
            "AIL": "other axes than the training's",
            "RPP": "a letter twice",
            "RIGHT-POSTERIOR-INFERIOR": "words",
        }.items()
    ),
    value("orientation-number", "image_orientation 3", {"image_orientation": 3}),
    value("orientation-object", "image_orientation as an object",
          {"image_orientation": {"R": 0, "P": 1, "I": 2}}),
    # Labels.
    labels("labels-background-case", "Background", {"Background": 0, "sc": 1, "gm": 2}),
    labels("labels-background-1", "background is 1", {"background": 1, "sc": 0, "gm": 2}),
    labels("labels-background-text", 'background "0"', {"background": "0", "sc": 1, "gm": 2}),
    labels("labels-background-list", "background [0]", {"background": [0], "sc": 1, "gm": 2}),
    labels("labels-text", "values as text", {"background": 0, "sc": "1", "gm": "2"}),
    labels("labels-float", "values as fractions", {"background": 0, "sc": 1.0, "gm": 2.0}),
    labels("labels-half", "a value of 1.5", {"background": 0, "sc": 1.5, "gm": 2}),
    labels("labels-true", "true for 1", {"background": 0, "sc": True, "gm": 2}),
    labels("labels-null", "null for a value", {"background": 0, "sc": None, "gm": 2}),
    labels("labels-swapped", "the values swapped", {"background": 0, "sc": 2, "gm": 1}),
    labels("labels-same", "two labels of one value", {"background": 0, "sc": 1, "gm": 1, "wm": 2}),
    labels("labels-negative", "a negative value", {"background": 0, "sc": 1, "gm": -1}),
    labels("labels-one-more", "one label more than the network has",
           {"background": 0, "sc": 1, "gm": 2, "wm": 3}),
    labels("labels-inverted", "values as keys", {"0": "background", "1": "sc", "2": "gm"}),
    labels("labels-list", "a list of names", ["background", "sc", "gm"]),
    labels("labels-empty", "no labels", {}),
    labels("labels-ignore-5", "an ignore label of a wrong value",
           {"background": 0, "sc": 1, "gm": 2, "ignore": 5}),
    labels("labels-ignore-null", "an ignore label null",
           {"background": 0, "sc": 1, "gm": 2, "ignore": None}),
    value("regions-without-training", "regions where the network was trained with labels",
          {"labels": {"background": 0, "sc": [1, 2], "gm": 2}, "regions_class_order": [1, 2]}),
    value(
        "regions-same-heads",
        "as many regions as the network has outputs",
        {
            "labels": {"background": 0, "sc": [1, 2], "gm": 2, "wm": 1},
            "regions_class_order": [1, 2, 1],
        },
    ),
    value("regions-order-unneeded", "regions_class_order without regions",
          {"regions_class_order": [1, 2]}),
    renamed("label-name-spaces", "a label with a space", "grey matter"),
    renamed("label-name-accent", "a label with an accent", "moelle grise \u00e9paisse"),
    renamed("label-name-seg", "a label that ends in _seg", "gm_seg"),
    renamed("label-name-slash", "a label with a slash", "gm/horns"),
    renamed("label-name-dots", "a label of two dots", ".."),
    renamed("label-name-empty", "a label without a name", ""),
    renamed("label-name-long", "a label of 300 characters", "g" * 300),
    renamed("label-name-nul", "a label with a NUL", "g\0m"),
    renamed("label-name-newline", "a label with a line end", "g\nm"),
    renamed("label-name-colon", "a label that Windows can't write", "gm:horns?"),
    renamed("label-name-upper", "a label in capitals", "GM"),
    value("label-names-case", "two labels that differ in case only",
          {"labels": {"background": 0, "gm": 1, "GM": 2}},
          renamed={"_gm_seg": "_sc_seg", "_GM_seg": "_gm_seg"}),
    value("label-renamed-after", "a label renamed after training, as SCT asks for",
          {"labels": {"background": 0, "sc": 1, "grey": 2}}, renamed={"_grey_seg": "_gm_seg"}),
    value("label-canal-after",
          "a label renamed to canal_seg, of which SCT keeps the largest object",
          {"labels": {"background": 0, "canal_seg": 1, "gm": 2}}, like=""),
    judged("labels-rootlets", "labels lvl1 and lvl2, which SCT writes to one file",
           trained(dataset={"labels": {"background": 0, "lvl1": 1, "lvl2": 2}}), like=""),
    # Channels.
    value("channels-modality", "modality in place of channel_names",
          lambda d: d.update(modality=d.pop("channel_names"))),
    value("channels-long-text", "channel_names as text", {"channel_names": "T2star"}),
    value("channels-by-name", "channels by name", {"channel_names": {"T2star": 0}}),
    value("channels-number", "a number for a name", {"channel_names": {"0": 5}}),
    value("channels-two", "two channels", {"channel_names": {"0": "T2star", "1": "T1w"}}),
    value("channels-both", "modality beside channel_names, the same",
          {"modality": {"0": "T2star"}}),
    value("channels-both-differ", "modality of two channels beside channel_names of one",
          {"modality": {"0": "T2star", "1": "T1w"}}),
    # The rest.
    value("ending-nrrd", "file_ending .nrrd", {"file_ending": ".nrrd"}),
    value("ending-nii", "file_ending .nii, which the reader does not take",
          {"file_ending": ".nii"}),
    value("ending-no-dot", "file_ending without its dot", {"file_ending": "nii.gz"}),
    value("ending-png", "file_ending .png", {"file_ending": ".png"}),
    value("ending-jpg", "file_ending .jpg, which nnU-Net does not read", {"file_ending": ".jpg"}),
    value("ending-gz", "file_ending .gz", {"file_ending": ".gz"}),
    value("reader-unknown", "an overwrite_image_reader_writer that nnU-Net does not have",
          {"overwrite_image_reader_writer": "SimpleITK"}),
    value(
        "labels-old",
        "labels and channels in the form of nnU-Net 1",
        lambda d: (
            d.update(labels={"0": "background", "1": "sc", "2": "gm"}, modality={"0": "T2star"}),
            d.pop("file_ending"),
            d.pop("channel_names"),
            None,
        )[-1],
    ),
    judged("fingerprint-other", "a fingerprint of other intensities",
           replace("dataset_fingerprint.json", '"max": ', '"max": 1')),
]  # fmt: skip
