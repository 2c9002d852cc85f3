"""Finding images and labels in realistic datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bids import find_samples
from settings import Dataset, LabelFile


def dataset(root: Path, files: list[str], **over: Any) -> Dataset:
    """Return settings for a dataset of these (empty) files; labels are in derivatives/labels."""
    (root / "derivatives" / "labels").mkdir(parents=True, exist_ok=True)
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    given: dict[str, Any] = {
        "id": 1,
        "name": "x",
        "bids": root,
        "labels_folder": "derivatives/labels",
        "contrasts": ("T2w",),
        "as_channels": False,
        "label_files": {"label-SC_seg": LabelFile({1: 1})},
        "exclude": {},
    }
    return Dataset(**{**given, **over})


def pair(place: str, stem: str, ending: str = ".nii.gz", suffix: str = "label-SC_seg") -> list[str]:
    return [f"{place}/{stem}{ending}", f"derivatives/labels/{place}/{stem}_{suffix}{ending}"]


def cases(data: Dataset) -> tuple[list[str], list[str]]:
    samples, skipped = find_samples(data)
    return [s.case for s in samples], [f"{s.what}: {s.reason}" for s in skipped]


def test_sessions_runs_and_both_endings(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_T2w"),
        *pair("sub-02/ses-a/anat", "sub-02_ses-a_T2w", ".nii"),
        *pair("sub-02/ses-b/anat", "sub-02_ses-b_run-1_T2w"),
        *pair("sub-02/ses-b/anat", "sub-02_ses-b_run-2_T2w"),
        *pair("sub-03/anat", "sub-03_acq-sag_T2w"),
    ]
    found, skipped = cases(dataset(tmp_path, files))
    assert found == [
        "sub-01_T2w",
        "sub-02_ses-a_T2w",
        "sub-02_ses-b_run-1_T2w",
        "sub-02_ses-b_run-2_T2w",
        "sub-03_acq-sag_T2w",
    ]
    assert skipped == []


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_T2w"),
        "sub-02/anat/sub-02_T2w.nii.gz",
        "sub-03/anat/sub-03_T1w.nii.gz",
        "sub-04/dwi/nothing.txt",
    ]
    found, skipped = cases(dataset(tmp_path, files, exclude={"sub-05": "moved a lot"}))
    assert found == ["sub-01_T2w"]
    assert skipped == [
        "sub-02_T2w: no label file sub-02_T2w_label-SC_seg.nii.gz",
        "sub-03_T2w: no T2w image",
        "sub-04_T2w: no T2w image",
        "sub-05: excluded, but not in the dataset",
    ]


def test_a_contrast_that_no_subject_has_stops(tmp_path: Path) -> None:
    """Its name is probably wrong, and the model would be trained on the others alone."""
    files = [*pair("sub-01/anat", "sub-01_T2w"), *pair("sub-02/anat", "sub-02_T1w")]
    with pytest.raises(ValueError, match=r"dataset.contrasts: no subject has a T1W image"):
        find_samples(dataset(tmp_path, files, contrasts=("T2w", "T1W")))
    found, skipped = cases(dataset(tmp_path, files, contrasts=("T2w", "T1w")))
    assert found == ["sub-01_T2w", "sub-02_T1w"]
    assert skipped == ["sub-01_T1w: no T1w image", "sub-02_T2w: no T2w image"]
    out = {"sub-02_T1w": "moved a lot"}
    found, _ = cases(dataset(tmp_path, files, contrasts=("T2w", "T1w"), exclude=out))
    assert found == ["sub-01_T2w"]


@pytest.mark.parametrize("number", [0, 1])
def test_content_that_is_missing_stops_with_the_command_that_gets_it(
    number: int, tmp_path: Path
) -> None:
    """Skipping such files would train on fewer subjects without a word."""
    files = pair("sub-01/anat", "sub-01_T2w")
    data = dataset(tmp_path, files)
    link = tmp_path / files[number]
    link.unlink()
    link.symlink_to("../.git/annex/objects/absent")
    with pytest.raises(FileNotFoundError) as caught:
        find_samples(data)
    assert f"git -C {tmp_path} annex get {files[number]}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    # An unlocked file of git-annex is a small text.
    link.unlink()
    link.write_text("/annex/objects/MD5E-s12--0123.nii.gz\n", "utf-8")
    with pytest.raises(FileNotFoundError, match="annex get"):
        find_samples(data)
    link.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "utf-8")
    with pytest.raises(FileNotFoundError, match="lfs pull"):
        find_samples(data)


def test_the_content_of_many_files_is_named_by_their_ends(tmp_path: Path) -> None:
    files = [name for n in range(9) for name in pair(f"sub-{n}/anat", f"sub-{n}_T2w")]
    data = dataset(tmp_path, [*files, "sub-1/anat/sub-1_T1w.nii.gz"])
    for name in files:
        (tmp_path / name).write_text("/annex/objects/x\n", "utf-8")
    with pytest.raises(FileNotFoundError) as caught:
        find_samples(data)
    assert "content of 18 files" in str(caught.value)
    assert "--include='*_T2w.*' --or --include='*_label-SC_seg.*'" in str(caught.value)
    # What is left out needs no content.
    (tmp_path / files[0]).write_bytes(b"x")
    (tmp_path / files[1]).write_bytes(b"x")
    out = {f"sub-{n}": "later" for n in range(1, 9)}
    assert cases(dataset(tmp_path, [], exclude=out))[0] == ["sub-0_T2w"]


def test_a_link_that_leads_nowhere_hides_no_file(tmp_path: Path) -> None:
    data = dataset(tmp_path, pair("sub-01/anat", "sub-01_T2w"))
    loop = tmp_path / "sub-01/anat/sub-01_T1w.nii.gz"
    loop.symlink_to(loop.name)
    (tmp_path / "loop").symlink_to("loop")
    assert cases(data) == (["sub-01_T2w"], [])


def test_names_of_bids_with_a_plus_sign(tmp_path: Path) -> None:
    files = pair("sub-00/anat", "sub-00_acq-6p+s2_T2w")
    for contrast in ("T2w", "acq-6p+s2_T2w"):
        data = dataset(tmp_path, files, contrasts=(contrast,))
        assert cases(data) == (["sub-00_acq-6p+s2_T2w"], [])


def test_images_whose_names_are_not_of_bids_are_told(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_T2w"),
        "sub-01/anat/sub-01_my note_T2w.nii.gz",
        "sub-01/anat/sub-02_T2w.nii.gz",
        "sub-01/anat/sub-01 localizer.nii.gz",
    ]
    found, skipped = cases(dataset(tmp_path, files))
    assert found == ["sub-01_T2w"]
    assert sorted(skipped) == [
        "sub-01_my note_T2w.nii.gz: its name is not of BIDS",
        "sub-02_T2w.nii.gz: is in the folder of sub-01",
    ]


def test_subjects_and_sessions_are_excluded_with_their_reason(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_T2w"),
        *pair("sub-02/ses-a/anat", "sub-02_ses-a_T2w"),
        *pair("sub-02/ses-b/anat", "sub-02_ses-b_T2w"),
    ]
    exclude = {"sub-01": "artefact", "sub-02_ses-b": "other protocol", "sub-02_ses-c": "typed so"}
    found, skipped = cases(dataset(tmp_path, files, exclude=exclude))
    assert found == ["sub-02_ses-a_T2w"]
    assert skipped == [
        "sub-01: excluded: artefact",
        "sub-02_ses-b: excluded: other protocol",
        "sub-02_ses-c: excluded, but not in the dataset",
    ]


def test_contrasts_as_channels_are_grouped(tmp_path: Path) -> None:
    label = {"label_files": {"seg": LabelFile({1: 1})}}
    files = [
        "sub-01/anat/sub-01_T1w.nii.gz",
        *pair("sub-01/anat", "sub-01_T2w", suffix="seg"),
        "sub-02/anat/sub-02_acq-iso_T1w.nii.gz",
        *pair("sub-02/anat", "sub-02_acq-ax_T2w", suffix="seg"),
        *pair("sub-03/anat", "sub-03_run-1_T1w", suffix="seg"),
        "sub-03/anat/sub-03_run-1_T2w.nii.gz",
        *pair("sub-03/anat", "sub-03_run-2_T1w", suffix="seg"),
        *pair("sub-04/anat", "sub-04_T1w", suffix="seg"),
    ]
    data = dataset(tmp_path, files, contrasts=("T1w", "T2w"), as_channels=True, **label)
    samples, skipped = find_samples(data)
    assert {s.case: [p.name for p in s.images] for s in samples} == {
        "sub-01": ["sub-01_T1w.nii.gz", "sub-01_T2w.nii.gz"],
        "sub-02": ["sub-02_acq-iso_T1w.nii.gz", "sub-02_acq-ax_T2w.nii.gz"],
        "sub-03_run-1": ["sub-03_run-1_T1w.nii.gz", "sub-03_run-1_T2w.nii.gz"],
    }
    assert [f"{s.what}: {s.reason}" for s in skipped] == [
        "sub-03_run-2: no T2w image",
        "sub-04: no T2w image",
    ]


def test_entities_choose_among_images_of_one_suffix(tmp_path: Path) -> None:
    files = [
        *pair("sub-01/anat", "sub-01_acq-sag_T2w"),
        *pair("sub-01/anat", "sub-01_acq-ax_T2w"),
    ]
    assert cases(dataset(tmp_path, files, contrasts=("acq-ax_T2w",)))[0] == ["sub-01_acq-ax_T2w"]


def test_labels_named_after_the_entities_alone(tmp_path: Path) -> None:
    files = [
        "sub-01/anat/sub-01_T2w.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_dseg.nii.gz",
    ]
    data = dataset(tmp_path, files, label_files={"dseg": LabelFile({1: 1})})
    assert cases(data) == (["sub-01_T2w"], [])


def test_two_files_of_one_name_are_one_sample(tmp_path: Path) -> None:
    files = [*pair("sub-01/anat", "sub-01_T2w"), *pair("sub-01/anat", "sub-01_T2w", ".nii")]
    found, skipped = cases(dataset(tmp_path, files))
    assert found == ["sub-01_T2w"]
    assert skipped == ["sub-01_T2w.nii.gz: sub-01_T2w.nii is used instead"]


def test_folders_that_are_no_dataset(tmp_path: Path) -> None:
    data = dataset(tmp_path / "empty", [])
    with pytest.raises(FileNotFoundError, match=r"no sub-\* folder"):
        find_samples(data)
    absent = dataset(tmp_path / "there", [], labels_folder="derivatives/other")
    with pytest.raises(FileNotFoundError, match=r"set dataset\.labels_folder"):
        find_samples(absent)
