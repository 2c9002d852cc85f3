"""What differs between an entry and a package, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from model_lint.ship.sct.compare import Place, compare
from model_lint.ship.sct.existing import read_known
from model_lint.ship.sct.source import Source

from .test_source import NEW, OLD, wanted


def found(entry: dict[str, Any], **changed: Any) -> list[str]:
    """Return the severity, the code and the message of each finding."""
    text = f"MODELS = {{'model_seg_sc_t2': {entry!r}}}\nTASKS = {{}}\n"
    place = Place("sct", "sct/models.py", "sct/test.py")
    report = compare(read_known(Source("models.py", text.encode())), None, wanted(**changed), place)
    assert all(f.location == "sct/models.py" and f.line == 1 for f in report.findings)
    return [f"{f.severity.value} {f.code} {f.message}" for f in report.findings]


ENTRY = {"url": [NEW], "contrasts": ["t2"], "framework": "nnunetv2", "default": False}
FOLDS = {"model_fold0": [OLD], "model_fold1": [NEW]}


@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        (ENTRY, {}),
        (ENTRY | {"url": ["https://mirror.example.org/x", NEW]}, {}),
        (ENTRY | {"contrasts": ["any"]}, {}),
        (ENTRY | {"contrasts": ["UNIT1"]}, {"contrasts": ("mp2rage",)}),
        (ENTRY | {"contrasts": ["T1", "t2"]}, {"contrasts": ("t2", "t1")}),
        (ENTRY | {"contrasts": ["t1"]}, {"contrasts": ()}),
        ({"url": [NEW], "contrasts": ["t2"]}, {}),
        (ENTRY | {"cropped_image": False}, {}),
        (ENTRY | {"cropped_image": True}, {"cropped_image": True}),
        (ENTRY | {"url": {"fold1": [NEW], "fold0": [OLD]}}, {"url": FOLDS}),
    ],
)
def test_what_is_the_same(entry: dict[str, Any], changed: dict[str, Any]) -> None:
    assert found(entry, **changed) == []


@pytest.mark.parametrize(
    ("entry", "changed", "says"),
    [
        (ENTRY | {"url": [OLD]}, {}, [f"error S001 SCT installs {OLD}, but the package is {NEW}"]),
        (ENTRY | {"url": []}, {}, [f"error S001 SCT installs nothing, but the package is {NEW}"]),
        (ENTRY | {"url": None}, {}, [f"error S001 SCT installs nothing, but the package is {NEW}"]),
        (
            ENTRY | {"url": FOLDS},
            {},
            ["error S001 SCT installs 2 zips, one for each fold, but the model is one zip"],
        ),
        (
            ENTRY,
            {"url": FOLDS},
            ["error S001 SCT installs one zip, but the model is 2, one for each fold"],
        ),
        (
            ENTRY | {"url": {"model_fold1": [OLD], "model_fold2": [OLD]}},
            {"url": FOLDS},
            [
                "error S001 SCT lacks `model_fold0`, which the release has",
                "error S001 SCT installs `model_fold2`, which the release lacks",
                f"error S001 `model_fold1`: SCT installs {OLD}, but the package is {NEW}",
            ],
        ),
        (
            ENTRY | {"cropped_image": True},
            {},
            ["error S002 SCT crops images for it, but the package has no `crop_metadata.json`"],
        ),
        (
            ENTRY,
            {"cropped_image": True},
            ["error S002 the package has `crop_metadata.json`, but the entry no `cropped_image`"],
        ),
        (
            ENTRY | {"framework": "monai"},
            {},
            ["error S002 its framework is `monai`, but the package is nnU-Net's"],
        ),
        (
            ENTRY | {"contrasts": ["t2", "t1"]},
            {},
            ["warning S002 its contrasts are `t2` and `t1`, those of the model `t2`"],
        ),
    ],
)
def test_what_differs(entry: dict[str, Any], changed: dict[str, Any], says: list[str]) -> None:
    assert [text.replace("`model_seg_sc_t2`: ", "") for text in found(entry, **changed)] == says
