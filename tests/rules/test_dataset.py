"""The rules about ``dataset.json``, each on the genuine model with one change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from build import (
    ABSENT,
    TRAINER,
    Case,
    assert_case,
    changed,
    dataset,
    drop,
    edit,
    findings,
    load_schema,
    plans,
    put,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from model_lint.findings import Finding, Severity
from model_lint.nnunet.image_readers import FILE_ENDINGS
from model_lint.nnunet.orientation import ORIENTATIONS

W, E, I = Severity.WARNING, Severity.ERROR, Severity.INFO  # noqa: E741 (as in the table of rules)
FILE = f"{TRAINER}/dataset.json"


def labels(value: Any, order: Any = ABSENT) -> Any:
    """Replace the labels, and the order of regions."""
    return dataset({"labels": value, "regions_class_order": order})


def reader_is(value: Any) -> Any:
    return dataset({"overwrite_image_reader_writer": value})


def case(code: str, what: str, *changes: Any, **more: Any) -> Case:
    return changed(code, what, *changes, **{"at": FILE} | more)


def silent(code: str, what: str, *changes: Any, **more: Any) -> Case:
    return changed(code, what, *changes, fires=False, **more)


def bad_labels(what: str, value: Any, says: str, **more: Any) -> Case:
    order = more.pop("order", ABSENT)
    return case("D006", what, labels(value, order), says=says, **more)


def good_labels(what: str, value: Any, order: Any = ABSENT, **more: Any) -> Case:
    return silent("D006", what, labels(value, order), **more)


REGIONS = {"background": 0, "sc": [1, 2], "lesion": 2}

#: What, labels, order, message, other codes: nnU-Net's output lacks a declared mask.
PAINTED_OVER: list[tuple[str, dict[str, Any], list[int], str, dict[str, Any]]] = [
    ("smaller first", {"gm": 2, "sc": [1, 2]}, [2, 1], "`sc` is painted after `gm`", {}),
    ("smaller first of three", {"core": 3, "whole": [1, 2, 3]}, [3, 1], "covers it", {}),
    (
        "from small to large",
        {"enhancing": 3, "core": [2, 3], "whole": [1, 2, 3]},
        [3, 2, 1],
        "`whole` is painted after `enhancing`",
        {"also": {"D010"}},
    ),
    (
        "two lesions before the cord",
        {"a": 2, "b": 3, "sc": [1, 2, 3]},
        [2, 3, 1],
        "`sc` is painted after `a`",
        {"also": {"D010"}},
    ),
    ("overlap", {"a": [1, 2], "b": [2, 3]}, [1, 3], "covers their common part", {}),
    ("shared value", {"a": [1, 2], "b": [2, 3]}, [1, 2], "`a` would contain all of `b`", {}),
    ("a list of one first", {"gm": [2], "sc": [1, 2]}, [2, 1], "covers it", {}),
]
#: Labels, order, other codes: each mask comes out as it was declared.
PAINTED_RIGHT: list[tuple[dict[str, Any], list[int], dict[str, Any]]] = [
    ({"whole": [1, 2], "penumbra": 1, "core": 2}, [1, 1, 2], {"also": {"D010"}}),
    ({"whole": [1, 2], "core": 2, "penumbra": 1}, [2, 2, 1], {"also": {"D010"}}),
    ({"sc": [1, 2], "cord": [2, 1]}, [1, 2], {}),
    ({"sc": [1, 2]}, [2], {}),
    ({"a": [1, 2], "b": [2, 3], "both": 2}, [1, 3, 2], {"also": {"D010"}}),
    ({"gm": 2, "wm": 1, "csf": [3, 4]}, [2, 1, 3], {"also": {"D010"}}),
]
INVERTED: dict[str, dict[str, str]] = {
    "labels": {"0": "background", "1": "cord"},
    "labels without background": {"1": "cord"},
    "sixteen labels": {str(n): f"organ{n}" for n in range(16)},
    "four digits": {"0000": "background", "0001": "heart"},
    "labels with blanks": {"0 ": "background", " 1": "left heart"},
}

CASES = [
    silent("D001", "the genuine model"),
    case("D001", "empty", put("dataset.json", ""), says="empty", judged="json-empty"),
    case(
        "D001",
        "trailing comma",
        put("dataset.json", '{\n"labels": {},\n}'),
        line=2 if sys.version_info >= (3, 13) else 3,
        example=True,
    ),
    case("D001", "comment", put("dataset.json", '{ // labels\n"labels": {}}'), line=1),
    case("D001", "list", put("dataset.json", "[]"), says="object"),
    case("D001", "text", put("dataset.json", '"x"'), says="object"),
    case("D001", "byte order mark", put("dataset.json", b"\xef\xbb\xbf{}"), says="byte order mark"),
    case("D001", "UTF-16", put("dataset.json", '{"labels": {}}'.encode("utf-16"))),
    case("D001", "Latin-1", put("dataset.json", b'{"description": "\xe9"}'), says="UTF-8"),
    case(
        "D001",
        "git-lfs pointer",
        put("dataset.json", "version https://git-lfs.github.com/spec/v1\n"),
    ),
    case("D001", "nested too deeply", put("dataset.json", "[" * 3000 + "]" * 3000), says="nested"),
    case("D001", "a huge number", put("dataset.json", '{"a": ' + "9" * 9000 + "}")),
    case(
        "D001",
        "a key twice",
        lambda files: files.update(
            {
                FILE: files[FILE].replace(
                    b'"numTraining": 10', b'"numTraining": 9,\n"numTraining": 10'
                )
            }
        ),
        says="`numTraining`",
        line=11,
    ),
    case(
        "D001",
        "a label twice",
        lambda files: files.update({FILE: files[FILE].replace(b'"gm": 2', b'"sc": 1, "gm": 2')}),
        says="`labels.sc`",
    ),
    silent(
        "D001",
        "CRLF",
        lambda files: files.update({FILE: files[FILE].replace(b"\n", b"\r\n")}),
        judged="json-crlf",
    ),
    silent("D001", "NaN", dataset({"note": float("nan")})),
    silent("D001", "missing", drop("dataset.json"), also={"L007"}),
    case(
        "D002",
        "no labels",
        dataset({"labels": ABSENT}),
        says="`labels` is missing",
        judged="labels-missing",
    ),
    case(
        "D002",
        "labels are a list",
        dataset({"labels": ["background", "sc"]}),
        says="a list",
        line=5,
    ),
    case(
        "D002",
        "no channels",
        dataset({"channel_names": ABSENT}),
        says="`channel_names` is missing",
        judged="channels-missing",
    ),
    case("D002", "channels are a number", dataset({"channel_names": 1}), says="`channel_names`"),
    case("D002", "channels are null", dataset({"channel_names": None}), says="`channel_names`"),
    case(
        "D002",
        "no file ending",
        dataset({"file_ending": ABSENT}),
        says="`file_ending` is missing",
        judged="ending-missing",
    ),
    case(
        "D002",
        "file ending is a number",
        dataset({"file_ending": 1}),
        says="`file_ending`",
        line=11,
    ),
    *(
        case("D002", f"file ending {ending!r}", dataset({"file_ending": ending}), says=".nii.gz")
        for ending in ("nii.gz", ".jpg", ".gz", ".dcm", "", ".nii.gz ", "*.nii.gz", ".h5", ".mhd")
    ),
    case("D002", "file ending is a list", dataset({"file_ending": [".nii.gz"]}), says="a list"),
    case(
        "D002",
        "file ending is null",
        dataset({"file_ending": None}),
        says="not `null`",
        judged="ending-null",
    ),
    *(
        silent("D002", f"file ending {ending}", dataset({"file_ending": ending}))
        for ending in (".nrrd", ".nii", ".mha", ".gipl", ".png", ".tif", ".tiff", ".bmp")
    ),
    case(
        "D002",
        "file_ending in capitals",
        dataset({"file_ending": ".NII.GZ"}),
        severity=W,
        says="write",
        judged="ending-upper",
    ),
    silent(
        "D002",
        "other keys",
        dataset({"name": "x", "licence": None, "release": 1.0, "tensorImageSize": "3D"}),
    ),
    silent(
        "D002", "no reader", dataset({"overwrite_image_reader_writer": ABSENT}), judged="no-reader"
    ),
    case(
        "D003",
        "no image_orientation",
        dataset({"image_orientation": ABSENT}),
        says="LPI",
        judged="orientation-missing",
    ),
    case(
        "D003",
        "Image_Orientation in place of image_orientation",
        dataset({"image_orientation": ABSENT, "Image_Orientation": "RPI"}),
        says="`Image_Orientation`",
        line=13,
        judged="orientation-key-case",
    ),
    case("D003", "camel case", dataset({"image_orientation": ABSENT, "imageOrientation": "RPI"})),
    case(
        "D003",
        "the dataset that SCT knows",
        dataset({"image_orientation": ABSENT}),
        plans({"dataset_name": "Dataset301_RegionBasedLesionSeg"}),
        says="AIL",
    ),
    silent(
        "D003",
        "image_orientation 'LAS': nibabel's letters for the same",
        dataset({"image_orientation": "LAS"}),
        judged="orientation-LAS",
    ),
    silent("D003", "both keys", dataset({"orientation": "RPI"})),
    case(
        "D004",
        "image_orientation 'rpi': lower case",
        dataset({"image_orientation": "rpi"}),
        says="write `RPI`",
        line=13,
        judged="orientation-rpi",
    ),
    case(
        "D004",
        "image_orientation 'Rpi': mixed case",
        dataset({"image_orientation": "Rpi"}),
        says="write `RPI`",
        judged="orientation-Rpi",
    ),
    case(
        "D004",
        "image_orientation ' RPI': a space before",
        dataset({"image_orientation": " RPI"}),
        says="write `RPI`",
        judged="orientation-RPI-space",
    ),
    case(
        "D004",
        "image_orientation 'RAP': two letters of one axis",
        dataset({"image_orientation": "RAP"}),
        says="`RAP`",
        judged="orientation-RAP",
    ),
    case(
        "D004",
        "image_orientation 'RP': two letters",
        dataset({"image_orientation": "RP"}),
        judged="orientation-RP",
    ),
    case(
        "D004",
        "image_orientation 'RPIX': four letters",
        dataset({"image_orientation": "RPIX"}),
        judged="orientation-RPIX",
    ),
    case(
        "D004",
        "image_orientation '': nothing",
        dataset({"image_orientation": ""}),
        judged="orientation-empty",
    ),
    case(
        "D004",
        "image_orientation 'XYZ': no letters of an orientation",
        dataset({"image_orientation": "XYZ"}),
        judged="orientation-XYZ",
    ),
    case(
        "D004",
        "image_orientation as a list",
        dataset({"image_orientation": ["R", "P", "I"]}),
        judged="orientation-list",
    ),
    case(
        "D004",
        "image_orientation null",
        dataset({"image_orientation": None}),
        says="`null`",
        judged="orientation-null",
    ),
    case("D004", "a number", dataset({"image_orientation": 1})),
    case("D004", "an object", dataset({"image_orientation": {"x": "R"}})),
    *(
        silent("D004", code, dataset({"image_orientation": code}))
        for code in ("RPI", "LAS", "AIL", "SPL")
    ),
    case(
        "D005",
        "orientation in place of image_orientation",
        dataset({"image_orientation": ABSENT, "orientation": "RPI"}),
        line=13,
        judged="orientation-legacy-key",
    ),
    silent("D005", "both keys", dataset({"orientation": "RPI"})),
    bad_labels(
        "no background",
        {"sc": 1, "gm": 2},
        "`background` is missing",
        judged="labels-no-background",
    ),
    bad_labels("Background", {"Background": 0, "sc": 1}, "`Background`"),
    bad_labels("background is 1", {"background": 1, "sc": 2}, "must be 0", line=6),
    bad_labels("background is a list", {"background": [0], "sc": 1}, "must be 0"),
    bad_labels("background is null", {"background": None, "sc": 1}, "must be 0"),
    bad_labels("background is text", {"background": "zero", "sc": 1}, "must be 0"),
    bad_labels(
        "background is the text 0", {"background": "0", "sc": 1}, "text (`background`)", severity=W
    ),
    bad_labels("background is 0.0", {"background": 0.0, "sc": 1}, "should be 0", severity=W),
    bad_labels("background is false", {"background": False, "sc": 1}, "should be 0", severity=W),
    bad_labels("only background", {"background": 0}, "no label except"),
    bad_labels("text value", {"background": 0, "sc": "1"}, "text (`sc`)", severity=W, line=7),
    bad_labels("1.0", {"background": 0, "sc": 1.0}, "should be 1", severity=W),
    bad_labels("true", {"background": 0, "sc": True}, "should be 1", severity=W),
    bad_labels("1.5", {"background": 0, "sc": 1.5}, "whole number", severity=E),
    bad_labels("a word", {"background": 0, "sc": "one"}, "whole number", severity=E),
    bad_labels("null", {"background": 0, "sc": None}, "whole number"),
    bad_labels("an object", {"background": 0, "sc": {"value": 1}}, "whole number"),
    bad_labels("an empty list", {"background": 0, "sc": []}, "empty list"),
    bad_labels("a list in a list", {"background": 0, "sc": [[1]]}, "whole number"),
    bad_labels("infinity", {"background": 0, "sc": float("inf")}, "whole number"),
    bad_labels("NaN", {"background": 0, "sc": float("nan")}, "whole number"),
    bad_labels("negative", {"background": 0, "sc": -1}, "1, 2, ..."),
    bad_labels("0 again", {"background": 0, "sc": 0}, "background"),
    bad_labels(
        "a gap",
        {"background": 0, "sc": 7, "gm": 9},
        "gap before 7",
        line=7,
        judged="labels-shifted",
    ),
    bad_labels(
        "a gap after 1",
        {"background": 0, "sc": 1, "gm": 3},
        "gap before 3",
        line=8,
        judged="labels-gap",
    ),
    bad_labels("a value twice", {"background": 0, "sc": 1, "cord": 1}, "same value 1"),
    bad_labels("ignore in between", {"background": 0, "ignore": 1, "sc": 2}, "gap"),
    bad_labels("ignore too high", {"background": 0, "sc": 1, "ignore": 5}, "must be 2", line=8),
    bad_labels(
        "ignore too low",
        {"background": 0, "sc": 1, "gm": 2, "ignore": 2},
        "must be 3",
        also={"D010"},
    ),
    bad_labels("ignore is text", {"background": 0, "sc": 1, "ignore": "2"}, "must be 2"),
    bad_labels("ignore is 2.0", {"background": 0, "sc": 1, "ignore": 2.0}, "must be 2"),
    bad_labels("ignore is null", {"background": 0, "sc": 1, "ignore": None}, "must be 2"),
    bad_labels("ignore is a list", {"background": 0, "sc": 1, "ignore": [2]}, "must be 2"),
    bad_labels("regions without order", REGIONS, "which is missing"),
    bad_labels("order too short", REGIONS, "1 value for 2 regions", order=[1]),
    bad_labels("order too long", REGIONS, "3 values for 2 regions", order=[1, 2, 3]),
    bad_labels("order is text", REGIONS, "must be a list", order="12"),
    bad_labels("order of text", REGIONS, "from 1 to 255", order=["1", "2"]),
    bad_labels("order swapped", REGIONS, "not one of its own", order=[2, 1]),
    bad_labels("order repeats", REGIONS, "would contain all of `sc`", order=[2, 2], line=19),
    *(
        bad_labels(what, {"background": 0} | found, says, order=order, severity=E, **more)
        for what, found, order, says, more in PAINTED_OVER
    ),
    *(
        good_labels(f"painted right {order}", {"background": 0} | found, order, **more)
        for found, order, more in PAINTED_RIGHT
    ),
    bad_labels(
        "a value that only shows where the network is uncertain",
        {"background": 0, "whole": [1, 2], "penumbra": 1, "core": 2},
        "not one of its own",
        order=[3, 1, 2],
        severity=W,
        also={"D010"},
    ),
    bad_labels(
        "more labels than any model",
        {"background": 0} | {f"l{n}": n for n in range(1, 2100)},
        "the limit is 2000",
        also={"D010"},
    ),
    bad_labels(
        "more values than any region",
        {"background": 0, "a": [*range(1, 3000)], "b": 1},
        "the limit is 2000",
        order=[2, 1],
    ),
    good_labels(
        "as many labels as TotalSegmentator",
        {"background": 0} | {f"l{n}": n for n in range(1, 118)},
        also={"D010"},
    ),
    *(
        bad_labels(f"nnU-Net 1's {what}", found, "wrong way round", severity=E)
        for what, found in INVERTED.items()
    ),
    bad_labels(
        "all values are text",
        {"background": "0"} | {f"organ{n}": str(n) for n in range(1, 16)},
        "text (`background`, `organ1`, `organ2` and 13 more)",
        severity=W,
        also={"D010"},
    ),
    bad_labels(
        "regions of text",
        {"background": 0, "sc": ["1", "2"], "gm": "2"},
        "text (`sc` and `gm`)",
        order=[1, 2],
        severity=W,
    ),
    bad_labels("order beyond 255", REGIONS, "from 1 to 255", order=[1, 300]),
    bad_labels("order with 0", REGIONS, "from 1 to 255", order=[0, 2]),
    bad_labels("order of 1.0", REGIONS, "write 1", order=[1.0, 2], severity=W),
    bad_labels(
        "background is text, with regions", REGIONS | {"background": "0"}, "number 0", order=[1, 2]
    ),
    bad_labels("region with 0", REGIONS | {"sc": [0, 1]}, "background", order=[1, 2]),
    bad_labels(
        "region with a gap",
        {"background": 0, "sc": [1, 3], "lesion": 3},
        "gap",
        order=[1, 3],
        severity=W,
    ),
    bad_labels(
        "region repeats a value",
        {"background": 0, "sc": [1, 1, 2], "gm": 2},
        "repeats",
        order=[1, 2],
        severity=W,
    ),
    *(
        bad_labels(f"name with {ord(c)}", {"background": 0, f"s{c}c": 1}, "file name")
        for c in '/\\:*?"<>|\n\t\0'
    ),
    bad_labels("empty name", {"background": 0, "": 1}, "0 bytes", severity=W),
    bad_labels("path as name", {"background": 0, "../sc": 1}, "file name"),
    bad_labels("half a character", {"background": 0, "\ud800": 1}, "surrogate"),
    bad_labels("long name", {"background": 0, "s" * 200: 1}, "200 bytes", severity=W),
    bad_labels("longest name", {"background": 0, "s" * 240: 1}, "longer than 235", severity=E),
    bad_labels(
        "names that differ in case", {"background": 0, "SC": 1, "sc": 2}, "macOS", severity=W
    ),
    good_labels("one label", {"background": 0, "sc": 1}, judged="labels-one-fewer"),
    good_labels("lists of one", {"background": 0, "sc": [1], "gm": [2]}, judged="labels-one-lists"),
    good_labels(
        "ignore label",
        {"background": 0, "sc": 1, "gm": 2, "ignore": 3},
        also={"D010"},
        judged="labels-ignore",
        empty=("_ignore_seg",),
    ),
    good_labels("regions", REGIONS, [1, 2]),
    good_labels(
        "regions of brain tumours",
        {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": [3]},
        [1, 2, 3],
        also={"D010"},
    ),
    good_labels("regions and ignore", REGIONS | {"ignore": 3}, [1, 2], also={"D010"}),
    good_labels("background last", {"sc": 1, "background": 0}),
    good_labels("any order", {"background": 0, "gm": 2, "sc": 1}),
    good_labels("order without regions", {"background": 0, "sc": 1}, [1]),
    good_labels("blanks and other letters", {"background": 0, "moelle épinière": 1}),
    good_labels("dots", {"background": 0, "C1.left": 1}),
    case(
        "D007",
        "the wrong way round",
        dataset({"channel_names": {"R": 0, "G": 1, "B": 2}}),
        says="the wrong way round",
        also={"D009"},
    ),
    case(
        "D007",
        "list",
        dataset({"channel_names": ["T2star"]}),
        says="a list",
        line=2,
        judged="channels-list",
    ),
    case("D007", "text", dataset({"channel_names": "T"}), says="text", judged="channels-text"),
    case(
        "D007",
        "counted from 1",
        dataset({"channel_names": {"1": "T2star"}}),
        says="`0`",
        line=3,
        judged="channels-from-1",
    ),
    case("D007", "named keys", dataset({"channel_names": {"T2star": "0"}})),
    case("D007", "four digits", dataset({"channel_names": {"0000": "T2star"}})),
    case("D007", "name is null", dataset({"channel_names": {"0": None}}), says="text"),
    case(
        "D007",
        "empty",
        dataset({"channel_names": {}}),
        severity=E,
        says="empty",
        judged="channels-none",
    ),
    case(
        "D007",
        "modality alone",
        dataset({"channel_names": ABSENT, "modality": {"0": "MRI"}}),
        severity=W,
    ),
    case("D007", "modality beside", dataset({"modality": {"0": "MRI"}}), severity=W),
    case(
        "D007",
        "modality counts otherwise",
        dataset({"modality": {"0": "a", "1": "b"}}),
        severity=E,
        also={"D009"},
    ),
    silent(
        "D007", "two channels", dataset({"channel_names": {"0": "T1", "1": "T2"}}), also={"D009"}
    ),
    silent(
        "D007",
        "two channels, turned",
        dataset({"channel_names": {"1": "T1", "0": "T2"}}),
        also={"D009"},
    ),
    case(
        "D008",
        "canal_seg",
        labels({"background": 0, "canal_seg": 1}),
        says="_canal_seg_seg",
        line=7,
    ),
    case("D008", "seg", labels({"background": 0, "seg": 1}), says="_seg_seg"),
    silent("D008", "segment", labels({"background": 0, "segment": 1})),
    case(
        "D009",
        "two channels",
        dataset({"channel_names": {"0": "T1", "1": "T2"}}),
        says="2 channels",
        severity=E,
    ),
    case("D009", "two in a list", dataset({"channel_names": ["T1", "T2"]}), also={"D007"}),
    silent("D009", "one channel"),
    case(
        "D010",
        "three labels",
        labels({"background": 0, "a": 1, "b": 2, "c": 3}),
        severity=I,
        says="3 files",
    ),
    silent("D010", "two labels"),
    silent("D010", "rootlets", labels({"background": 0} | {f"lvl{n}": n for n in range(1, 12)})),
    case(
        "D010",
        "rootlets from 2",
        labels({"background": 0} | {f"lvl{n + 1}": n for n in range(1, 12)}),
    ),
    case("D011", "other number", dataset({"numTraining": 11}), says="10 cases", line=10),
    case(
        "D011",
        "text",
        dataset({"numTraining": "10"}),
        says="whole number",
        judged="training-count-text",
    ),
    case("D011", "true", dataset({"numTraining": True}), says="whole number"),
    case("D011", "null", dataset({"numTraining": None}), says="whole number"),
    case("D011", "fraction", dataset({"numTraining": 10.0}), says="whole number"),
    case("D011", "none", dataset({"numTraining": 0}), says="whole number"),
    case("D011", "negative", dataset({"numTraining": -10}), says="whole number"),
    case(
        "D011",
        "no numTraining",
        dataset({"numTraining": ABSENT}),
        severity=W,
        says="missing",
        judged="no-training-count",
    ),
    silent("D011", "as many as in the fingerprint"),
    silent("D011", "no fingerprint", drop("dataset_fingerprint.json"), also={"L007"}),
    silent(
        "D011",
        "fingerprint without spacings",
        edit("dataset_fingerprint.json", {"spacings": ABSENT}),
    ),
    case(
        "D012",
        "a reader that reorients every image",
        plans({"image_reader_writer": "NibabelIOWithReorient"}),
        says="LPI",
        line=13,
        judged="plans-reader-reorients",
    ),
    case(
        "D012", "SimpleITKIOWithReorient", plans({"image_reader_writer": "SimpleITKIOWithReorient"})
    ),
    silent(
        "D012",
        "LPI",
        plans({"image_reader_writer": "NibabelIOWithReorient"}),
        dataset({"image_orientation": "LPI"}),
    ),
    silent(
        "D012",
        "the reader NibabelIO, of the same axes",
        plans({"image_reader_writer": "NibabelIO"}),
        judged="plans-reader-nibabel",
    ),
    silent("D012", "a reader that is no text", plans({"image_reader_writer": 3})),
    *(
        case("D013", f"reader {reader!r}", reader_is(reader), severity=W, says="NibabelIO")
        for reader in ("SimpleITK", "nibabelio", "", "BaseReaderWriter", 3, None, ["NibabelIO"])
    ),
    *(
        silent("D013", f"reader {reader}", reader_is(reader))
        for reader in ("None", "SimpleITKIO", "NibabelIOWithReorient", "Tiff3DIO", ABSENT)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "Z", "L", "D")


def test_a_missing_orientation_and_a_wrong_label_are_two_findings(tmp_path: Path) -> None:
    both = changed(
        "D003", "", dataset({"image_orientation": ABSENT}), labels({"sc": 1}), also={"D006"}
    )
    assert_case(both, tmp_path, "D")


#: A data set that nnU-Net plans.
RAW = {
    "channel_names": {"0": "T2w"},
    "labels": {"background": 0, "sc": 1},
    "numTraining": 4,
    "file_ending": ".nii.gz",
    "image_orientation": "RPI",
}


def lone(folder: Path, changes: dict[str, Any]) -> list[Finding]:
    """Lint a ``dataset.json`` without a model beside it."""
    value = {key: v for key, v in (RAW | changes).items() if v is not ABSENT}
    path = folder / "dataset.json"
    path.write_text(json.dumps(value))
    return findings(path)


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"labels": ABSENT}, "D002", "`labels` is missing"),
        ({"labels": ["background", "sc"]}, "D002", "a list"),
        ({"channel_names": ABSENT}, "D002", "`channel_names` is missing"),
        ({"file_ending": ABSENT}, "D002", "`file_ending` is missing"),
        ({"file_ending": ".jpg"}, "D002", ".nii.gz"),
        ({"numTraining": ABSENT}, "D011", "`numTraining` is missing"),
        ({"numTraining": "4"}, "D011", "whole number"),
        ({"numTraining": None}, "D011", "whole number"),
        ({"numTraining": 4.0}, "D011", "whole number"),
        ({"numTraining": 0}, "D011", "whole number"),
        ({"channel_names": {"T2w": 0}}, "D007", "the wrong way round"),
        ({"channel_names": {"0": None}}, "D007", "must be text"),
        ({"channel_names": {"0": ["T2w"]}}, "D007", "must be text"),
        ({"channel_names": ["T2w"]}, "D007", "a list"),
        ({"channel_names": "T"}, "D007", "text"),
        ({"channel_names": {}}, "D007", "empty"),
        ({"channel_names": ABSENT, "modality": {"0": "T2w"}}, "D007", "nnU-Net 1's key"),
        ({"overwrite_image_reader_writer": None}, "D013", "`null`"),
        ({"overwrite_image_reader_writer": ["NibabelIO"]}, "D013", "NibabelIO"),
        (
            {"labels": {"background": 0, "sc": [1, 3], "gm": 3}, "regions_class_order": [1, 3]},
            "D006",
            "with a gap",
        ),
    ],
)
def test_what_stops_planning_is_an_error_in_a_lone_file(
    tmp_path: Path, changes: dict[str, Any], code: str, says: str
) -> None:
    found = [f for f in lone(tmp_path, changes) if f.severity is E]
    assert [f.code for f in found] == [code]
    assert says in found[0].message
    assert "results folder" not in found[0].help


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channel_names": {"T2": "T2w"}},
        {"modality": {"0": "T2w"}},
        {"overwrite_image_reader_writer": "SimpleITK"},
        {"labels": {"background": "0", "sc": "1"}},
        {"regions_class_order": [1]},
        {"numTest": "0", "training": [], "release": 1.0},
    ],
)
def test_what_planning_takes_is_no_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert [f for f in lone(tmp_path, changes) if f.severity is E] == []


def test_a_file_beside_plans_is_that_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "plans.json").write_text("{}")
    (found,) = lone(tmp_path, {"numTraining": ABSENT})
    assert (found.code, found.severity) == ("D011", W)


@pytest.mark.parametrize("labels", INVERTED.values(), ids=INVERTED.keys())
def test_the_decathlon_is_one_error(tmp_path: Path, labels: dict[str, str]) -> None:
    old = {"name": "Task02", "tensorImageSize": "3D", "modality": {"0": "CT"}, "numTest": 1}
    gone = dict.fromkeys(("channel_names", "file_ending", "image_orientation"), ABSENT)
    (found,) = lone(tmp_path, {**gone, **old, "labels": labels, "training": ["x"] * 4})
    assert (found.code, found.severity) == ("D006", E)
    assert "nnUNetv2_convert_MSD_dataset" in found.help


def test_many_findings_of_one_file_are_counted(tmp_path: Path) -> None:
    names = {f"l{n}": -n for n in range(1, 31)}
    found = [f for f in lone(tmp_path, {"labels": {"background": 0} | names}) if f.code == "D006"]
    assert len(found) == 11
    assert (found[-1].message, found[-1].severity) == ("and 20 more problems with the labels", E)


JSON_VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 1.0, 2.5, "", "0", ".nii.gz", "nii", ".NII.GZ", ".jpg"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("01ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
JUDGED = ("labels", "channel_names", "modality", "file_ending")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(JUDGED), JSON_VALUES | st.just(ABSENT), max_size=3))
def test_what_the_schema_refuses_is_found(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Nothing that the published schema refuses of these keys is plainly fine."""
    value = {key: v for key, v in (RAW | changes).items() if v is not ABSENT}
    valid = Draft202012Validator(load_schema("dataset")).is_valid(value)
    found = [f for f in lone(tmp_path, changes) if f.severity is not I]
    assert valid or found


def test_the_schema_lists_the_endings() -> None:
    assert load_schema("dataset")["properties"]["file_ending"]["enum"] == [*FILE_ENDINGS]


def test_the_schema_lists_the_48_codes() -> None:
    assert load_schema("dataset")["properties"]["image_orientation"]["enum"] == [*ORIENTATIONS]
    assert len(set(ORIENTATIONS)) == 48
    assert json.dumps(ORIENTATIONS).isascii()
