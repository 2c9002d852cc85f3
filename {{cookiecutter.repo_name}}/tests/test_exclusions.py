"""Exclude files as laboratories write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from test_bids import cases, dataset, pair

TEXT = """\
# Checked by two raters
T2w:
- sub-01  # Motion artifact
- sub-02_ses-1   # Poor quality; see issue 43
- sub-03/ses-1      # no session folder
- sub-04_acq-ax_T2w.nii.gz # spikes
lesions:
  - data_processed/sub-05/anat/sub-05_T2w.nii.gz
  - "sub-06_T2w_label-SC_seg.nii.gz"  # poor segmentation
  - stanford  # other TR
other:
- sub-07
empty:
"""
SUBJECTS = ("sub-01", "sub-05", "sub-06", "sub-07", "sub-stanford01", "sub-stanfordGE01", "sub-08")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "exclude.yml").write_text(TEXT, "utf-8")
    found = [name for subject in SUBJECTS for name in pair(f"{subject}/anat", f"{subject}_T2w")]
    for subject in ("sub-02", "sub-03"):
        for session in ("ses-1", "ses-2"):
            found += pair(f"{subject}/{session}/anat", f"{subject}_{session}_T2w")
    for end in ("acq-ax_T2w", "acq-sag_T2w"):
        found += pair("sub-04/anat", f"sub-04_{end}")
    return found


def test_the_names_of_an_exclude_file(files: list[str], tmp_path: Path) -> None:
    file, groups = tmp_path / "exclude.yml", ("T2w", "lesions")
    data = dataset(tmp_path, files, exclude_file=file, exclude_groups=groups)
    found, skipped = cases(data)
    assert found == [
        "sub-02_ses-2_T2w",
        "sub-03_ses-2_T2w",
        "sub-04_acq-sag_T2w",
        "sub-07_T2w",
        "sub-08_T2w",
        "sub-stanfordGE01_T2w",
    ]
    assert skipped == [
        "sub-01: excluded: Motion artifact (T2w)",
        "sub-02_ses-1: excluded: Poor quality; see issue 43 (T2w)",
        "sub-03_ses-1: excluded: no session folder (T2w)",
        "sub-04_acq-ax_T2w: excluded: spikes (T2w)",
        "sub-05_T2w: excluded: in exclude.yml (lesions)",
        "sub-06_T2w: excluded: poor segmentation (lesions)",
        "sub-stanford01: excluded: other TR (lesions)",
    ]


def test_all_groups_count_unless_some_are_chosen(files: list[str], tmp_path: Path) -> None:
    data = dataset(tmp_path, files, exclude_file=tmp_path / "exclude.yml")
    assert "sub-07_T2w" not in cases(data)[0]


def test_a_plain_list_and_names_that_do_not_occur(files: list[str], tmp_path: Path) -> None:
    file = tmp_path / "exclude.yml"
    file.write_text("- sub-01_T2w.nii.gz  # tilted\n- sub-99\n", "utf-8")
    _, skipped = cases(dataset(tmp_path, files, exclude_file=file))
    assert skipped == [
        "sub-01_T2w: excluded: tilted",
        "sub-99: excluded, but not in the dataset",
    ]


@pytest.mark.parametrize(
    ("text", "groups", "message"),
    [
        ("just text", (), "must contain a list"),
        ("T2w: sub-01", (), "must contain a list"),
        ("a: [", (), "can't be read"),
        ("T1w: [sub-01]", ("T2w",), "has no group T2w; it has T1w"),
    ],
)
def test_a_file_that_is_no_exclude_file(
    text: str, groups: tuple[str, ...], message: str, files: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "exclude.yml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        cases(dataset(tmp_path, files, exclude_file=file, exclude_groups=groups))
