"""Label files under the names, and in the folders, in which laboratories keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bids import find_samples
from settings import LabelFile
from test_bids import cases, dataset, pair

IMAGE = "sub-01/anat/sub-01_T2w.nii.gz"
LABELS = "derivatives/labels"


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        (f"{LABELS}/sub-01/anat/sub-01_T2w_label-sc_seg.nii.gz", "sub-01_T2w_label-sc_seg.nii.gz"),
        (
            f"{LABELS}/sub-01/anat/sub-01_T2w_label-SC_mask.nii.gz",
            "sub-01_T2w_label-SC_mask.nii.gz",
        ),
        (f"{LABELS}/sub-01/anat/sub-01_T2w_seg.nii.gz", "sub-01_T2w_seg.nii.gz"),
        (f"{LABELS}/sub-01_T2w_label-sc_seg.nii.gz", "sub-01_T2w_label-sc_seg.nii.gz"),
        (
            "derivatives/labels_softseg/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz",
            "derivatives/labels_softseg/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz",
        ),
    ],
)
def test_a_missing_label_file_is_told_with_the_nearest_one(
    there: str, hint: str, tmp_path: Path
) -> None:
    found, skipped = cases(dataset(tmp_path, [IMAGE, there]))
    assert found == []
    assert skipped == [f"sub-01_T2w: no label file sub-01_T2w_label-SC_seg.nii.gz; there is {hint}"]


def test_the_file_of_another_label_is_no_hint(tmp_path: Path) -> None:
    files = {"label-SC_seg": LabelFile({1: 1}), "label-GM_seg": LabelFile({1: 2})}
    there = [IMAGE, f"{LABELS}/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz"]
    _, skipped = cases(dataset(tmp_path, there, label_files=files))
    assert skipped == ["sub-01_T2w: no label file sub-01_T2w_label-GM_seg.nii.gz"]


def test_a_flat_labels_folder(tmp_path: Path) -> None:
    data = dataset(tmp_path, [IMAGE, f"{LABELS}/sub-01_T2w_label-SC_seg.nii.gz"])
    assert cases(data) == (["sub-01_T2w"], [])


def names(data: Any) -> dict[str, list[list[str]]]:
    """The label files of each case: one list for each suffix."""
    samples, _ = find_samples(data)
    return {s.case: [[p.name for p in source.paths] for source in s.labels] for s in samples}


def test_one_label_file_for_a_visit(tmp_path: Path) -> None:
    place = "sub-01/ses-1/anat"
    files = [
        *(f"{place}/sub-01_ses-1_{end}.nii.gz" for end in ("inv-1_MP2RAGE", "UNIT1")),
        f"{LABELS}/{place}/sub-01_ses-1_label-SC_seg.nii.gz",
    ]
    data = dataset(tmp_path, files, contrasts=("MP2RAGE", "UNIT1"))
    label = [["sub-01_ses-1_label-SC_seg.nii.gz"]]
    assert names(data) == {"sub-01_ses-1_inv-1_MP2RAGE": label, "sub-01_ses-1_UNIT1": label}


def test_label_files_of_one_contrast_for_all_of_a_visit(tmp_path: Path) -> None:
    files = [
        "sub-01/anat/sub-01_inv-1_MP2RAGE.nii.gz",
        *pair("sub-01/anat", "sub-01_UNIT1"),
        *pair("sub-02/anat", "sub-02_run-1_UNIT1"),
        *pair("sub-02/anat", "sub-02_run-2_UNIT1"),
        "sub-02/anat/sub-02_run-2_inv-1_MP2RAGE.nii.gz",
        "sub-02/anat/sub-02_inv-2_MP2RAGE.nii.gz",
        *pair("sub-03/anat", "sub-03_inv-1_MP2RAGE"),
    ]
    data = dataset(tmp_path, files, contrasts=("MP2RAGE",), labels_of="UNIT1")
    assert names(data) == {
        "sub-01_inv-1_MP2RAGE": [["sub-01_UNIT1_label-SC_seg.nii.gz"]],
        "sub-02_run-2_inv-1_MP2RAGE": [["sub-02_run-2_UNIT1_label-SC_seg.nii.gz"]],
    }
    assert cases(data)[1] == [
        "sub-02_inv-2_MP2RAGE: no image UNIT1, whose labels are those of the visit",
        "sub-03_inv-1_MP2RAGE: no image UNIT1, whose labels are those of the visit",
    ]


LESION = {
    "label-SC_seg": LabelFile({1: 1}),
    "label-lesion_seg": LabelFile({1: 2}, missing_is_empty=True),
}


def test_a_label_file_that_may_be_missing(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_T2w"),
        f"{LABELS}/sub-01/anat/sub-01_T2w_label-lesion_seg.nii.gz",
        *pair("sub-02/anat", "sub-02_T2w"),
        "sub-03/anat/sub-03_T2w.nii.gz",
        *pair("sub-04/anat", "sub-04_T2w"),
        f"{LABELS}/sub-04/anat/sub-04_T2w_label-Lesion_seg.nii.gz",
    ]
    data = dataset(tmp_path, files, label_files=LESION)
    own = {case: [len(paths) for paths in found] for case, found in names(data).items()}
    assert own == {"sub-01_T2w": [1, 1], "sub-02_T2w": [1, 0]}
    assert cases(data)[1] == [
        "sub-03_T2w: no label file sub-03_T2w_label-SC_seg.nii.gz",
        "sub-04_T2w: no label file sub-04_T2w_label-lesion_seg.nii.gz; "
        "there is sub-04_T2w_label-Lesion_seg.nii.gz",
    ]


def test_a_label_file_that_is_missing_everywhere_is_misspelt(tmp_path: Path) -> None:
    data = dataset(tmp_path, pair("sub-01/anat", "sub-01_T2w"), label_files=LESION)
    with pytest.raises(ValueError, match=r"label-lesion_seg: no image has such a file"):
        find_samples(data)


def rated(tmp_path: Path, how: str, raters: dict[str, list[str]]) -> Any:
    """A dataset in which these raters drew the label of each subject."""
    files = [f"{subject}/anat/{subject}_T2w.nii.gz" for subject in raters]
    files += [
        f"{LABELS}/{subject}/anat/{subject}_T2w_desc-{rater}_seg.nii.gz"
        for subject, own in raters.items()
        for rater in own
    ]
    label = {"desc-{rater}_seg": LabelFile({1: 1})}
    return dataset(tmp_path, files, label_files=label, raters=("r1", "r2", "r3"), raters_as=how)


RATERS = {"sub-01": ["r1", "r2", "r3"], "sub-02": ["r3"], "sub-03": []}
FILE = "{}_T2w_desc-{}_seg.nii.gz"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("one", {"sub-01_T2w": ["r1"], "sub-02_T2w": ["r3"]}),
        ("majority", {"sub-01_T2w": ["r1", "r2", "r3"], "sub-02_T2w": ["r3"]}),
        (
            "each",
            {
                "sub-01_T2w_r1": ["r1"],
                "sub-01_T2w_r2": ["r2"],
                "sub-01_T2w_r3": ["r3"],
                "sub-02_T2w_r3": ["r3"],
            },
        ),
    ],
)
def test_raters(how: str, expected: dict[str, list[str]], tmp_path: Path) -> None:
    data = rated(tmp_path, how, RATERS)
    assert names(data) == {
        case: [[FILE.format(case[:6], rater) for rater in raters]]
        for case, raters in expected.items()
    }
    assert cases(data)[1] == ["sub-03_T2w: no label file sub-03_T2w_desc-r1_seg.nii.gz"]
