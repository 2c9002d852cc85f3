"""Conversion of the phantom: grids, values, orientation and the place of each file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

import convert
from bids import Sample
from conftest import settings_for
from label_maps import label_values, majority, paint
from labels import Source
from orientation import ORIENTATIONS, orientation_of
from read_volume import read_volume
from samples import read_sample
from settings import LabelFile, Settings
from volumes import Volume, VolumeError, reorient, same_grid, to_nifti


@pytest.fixture
def converted(settings: Settings) -> tuple[Settings, list[convert.Row]]:
    return settings, convert.convert(settings)


def test_every_case_is_there_in_one_orientation(
    converted: tuple[Settings, list[convert.Row]],
) -> None:
    settings, rows = converted
    dataset = json.loads((settings.raw / "dataset.json").read_text("utf-8"))
    for part, suffix in (("train", "Tr"), ("test", "Ts")):
        cases = [row.case for row in rows if row.set == part]
        assert cases
        for case in cases:
            label = nib.load(settings.raw / f"labels{suffix}" / f"{case}.nii.gz")
            assert set(np.unique(label.dataobj)) <= settings.values
            assert label.get_data_dtype() == np.uint8
            for channel in range(len(dataset["channel_names"])):
                path = settings.raw / f"images{suffix}" / f"{case}_{channel:04d}.nii.gz"
                image = nib.load(path)
                assert orientation_of(image.affine) == settings.image_orientation
                assert np.array_equal(image.affine, label.affine)
                assert image.shape == label.shape
        labels = list((settings.raw / f"labels{suffix}").iterdir())
        assert len(labels) == len(cases)
    assert len({row.orientation for row in rows}) > 3


def test_dataset_json_says_what_was_converted(
    converted: tuple[Settings, list[convert.Row]],
) -> None:
    settings, rows = converted
    dataset = json.loads((settings.raw / "dataset.json").read_text("utf-8"))
    assert dataset["image_orientation"] == settings.image_orientation
    assert dataset["labels"]["background"] == 0
    names = [name for name in dataset["labels"] if name not in {"background", "ignore"}]
    assert names == list(settings.labels)
    assert dataset["numTraining"] == sum(row.set == "train" for row in rows)
    assert dataset["file_ending"] == ".nii.gz"
    assert len(dataset["training_data_sha256"]) == 64
    assert "Reorient" not in dataset["overwrite_image_reader_writer"]
    regions = any(isinstance(value, list) for value in dataset["labels"].values())
    assert ("regions_class_order" in dataset) == regions


def test_dataset_json_depends_on_the_training_cases_alone(
    converted: tuple[Settings, list[convert.Row]],
) -> None:
    settings, rows = converted
    train, test = ([row for row in rows if row.set == part] for part in ("train", "test"))
    known = convert.dataset_json(settings, train)
    assert convert.dataset_json(settings, reversed(train)) == known
    changed = [replace(train[0], digest="another"), *train[1:]]
    assert convert.dataset_json(settings, changed) != known
    assert known == json.loads((settings.raw / "dataset.json").read_text("utf-8"))
    assert test


def test_no_subject_is_in_training_and_test(
    converted: tuple[Settings, list[convert.Row]],
) -> None:
    _, rows = converted
    parts = {part: {row.subject for row in rows if row.set == part} for part in ("train", "test")}
    assert parts["train"].isdisjoint(parts["test"])
    sessions = [row for row in rows if "ses-" in row.case]
    assert sessions
    assert len({row.set for row in sessions}) == 1


def test_voxels_are_those_of_the_source(converted: tuple[Settings, list[convert.Row]]) -> None:
    settings, rows = converted
    case = next(row.case for row in rows if row.set == "train" and "ses-" not in row.case)
    subject, contrast = case.split("_")[0], settings.dataset.contrasts[0]
    source = read_volume(settings.dataset.bids / subject / "anat" / f"{subject}_{contrast}.nii.gz")
    name = case if not settings.dataset.as_channels else subject
    result = read_volume(settings.raw / "imagesTr" / f"{name}_0000.nii.gz")
    expected = reorient(source, settings.image_orientation)
    assert np.array_equal(result.array, expected.array)
    assert np.allclose(result.affine, expected.affine)


def test_the_table_lists_what_was_skipped(tmp_path: Path) -> None:
    rows = [
        convert.Row("sub-001", "sub-001", "skipped", note="no label file x.nii.gz"),
        convert.Row("sub-002", "sub-002", "train", "0", "RPI", "1"),
        convert.Row("sub-003", "sub-003", "test", "", "RPI", "1 2"),
    ]
    path = tmp_path / "conversion.csv"
    path.write_text(convert.to_csv(rows), "utf-8")
    assert convert.read_rows(path) == rows
    assert "sub-001: no label file x.nii.gz" in convert.summary(rows)
    assert convert.never_seen(rows, {"sc": (1, 2), "gm": (2,)}) == ["gm"]


def test_the_same_note_of_many_cases_is_one_line() -> None:
    notes = {
        "sub-001_T2w": "sub-001_label-SC_seg.nii.gz: is 4D; the label map is empty",
        "sub-002_ses-a_T2w": "sub-002_ses-a_label-SC_seg.nii.gz: is 4D",
        "sub-003_T2w": "sub-003_T2w.nii.gz: every voxel is 0",
    }
    rows = [convert.Row(case, case[:7], "train", note=note) for case, note in notes.items()]
    assert [line for line in convert.summary(rows).splitlines() if "note:" in line] == [
        "    note: 2 cases, such as sub-001_T2w: sub-001_label-SC_seg.nii.gz: is 4D",
        "    note: sub-001_T2w: the label map is empty",
        "    note: sub-003_T2w: sub-003_T2w.nii.gz: every voxel is 0",
    ]


def test_a_wrong_file_stops_the_conversion_and_keeps_the_old_result(
    config: dict[str, Any], phantom_bids: Path, tmp_path: Path
) -> None:
    shutil.copytree(phantom_bids / "bids", tmp_path / "bids")
    settings = settings_for(config, tmp_path)
    convert.convert(settings)
    before = sorted(path.name for path in settings.raw.rglob("*"))
    # With several channels, labels are those of the first; a phantom may not contain every label.
    folder = tmp_path / "bids" / settings.dataset.labels_folder
    labels = sorted(folder.rglob(f"*_{settings.dataset.contrasts[0]}_*.nii.gz"))
    labels = [path for path in labels if np.any(nib.load(path).dataobj)]
    wrong = [labels[0], labels[-1]]
    for path in wrong:
        image = nib.load(path)
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj) * 77, image.affine), path)
    with pytest.raises(VolumeError) as caught:
        convert.convert(settings)
    lines = str(caught.value).splitlines()
    assert all(str(path) in line for path, line in zip(wrong, lines, strict=True))
    assert all("77" in line for line in lines)
    assert sorted(path.name for path in settings.raw.rglob("*")) == before


AFFINE = np.diag([-1.0, 1.0, 1.0, 1.0])


def volume(shape: tuple[int, ...]) -> Volume:
    return Volume(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), AFFINE)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_grids_agree_in_every_orientation_once_reoriented(code: str) -> None:
    image = volume((3, 4, 5))
    assert same_grid(image, reorient(reorient(image, code), "RPI")) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a @ np.diag([1, 1, 1.1, 1]), "mm apart"),
        (lambda a: a + np.array([[0, 0, 0, 0.2], *[[0] * 4] * 3]), "mm apart"),
        (lambda a: a @ np.diag([-1, 1, 1, 1]), "mm apart"),
    ],
)
def test_grids_that_lie_elsewhere(change: Any, message: str) -> None:
    image = volume((3, 4, 5))
    other = Volume(np.zeros((3, 4, 5), np.uint8), change(image.affine))
    assert message in same_grid(image, other)
    assert "shape" in same_grid(image, volume((3, 4, 6)))


def test_rounding_of_headers_is_no_difference() -> None:
    image = volume((3, 4, 5))
    other = Volume(np.zeros((3, 4, 5), np.uint8), image.affine + 1e-4)
    assert same_grid(image, other) == ""


def test_files_that_are_no_volume(tmp_path: Path) -> None:
    cases = {
        "series": (volume((3, 4, 5, 2)), "is 4D"),
        "slice": (volume((3, 4)), "is 2D"),
        "nan": (Volume(np.full((2, 2, 2), np.nan), AFFINE), "NaN or infinite"),
        "complex": (Volume(np.ones((2, 2, 2), np.complex64), AFFINE), "complex"),
        "huge": (Volume(np.full((2, 2, 2), -1e300), AFFINE), "32-bit floats"),
    }
    for name, (wrong, message) in cases.items():
        path = tmp_path / f"{name}.nii.gz"
        nib.save(to_nifti(wrong), path)
        with pytest.raises(VolumeError, match=message) as caught:
            read_volume(path)
        assert str(caught.value).startswith(str(path))
        assert len(str(caught.value).splitlines()) == 1
    for name, content in {
        "empty": b"",
        "text": b"no image",
        "pointer": b"/annex/objects/x",
    }.items():
        path = tmp_path / f"{name}.nii.gz"
        path.write_bytes(content)
        with pytest.raises(VolumeError, match="can't be read as NIfTI"):
            read_volume(path)


def test_a_last_dimension_of_one_is_dropped(tmp_path: Path) -> None:
    nib.save(to_nifti(volume((3, 4, 5, 1))), tmp_path / "a.nii.gz")
    assert read_volume(tmp_path / "a.nii.gz").array.shape == (3, 4, 5)


def test_the_digest_of_a_case_tells_whether_its_voxels_changed(settings: Settings) -> None:
    first, second = ({row.case: row.digest for row in convert.convert(settings)} for _ in range(2))
    assert first == second
    assert len(set(first.values())) == len(first)
    turned = replace(settings, image_orientation=settings.image_orientation[::-1])
    assert all(first[row.case] != row.digest for row in convert.convert(turned))


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.float64])
def test_64_bit_volumes_are_read_and_reoriented(kind: type, tmp_path: Path) -> None:
    array = np.arange(60).reshape(3, 4, 5)
    nib.save(nib.Nifti1Image(array.astype(kind), np.eye(4), dtype=kind), tmp_path / "a.nii.gz")
    turned = reorient(read_volume(tmp_path / "a.nii.gz"), "LPI")
    assert np.array_equal(turned.array, array)


@pytest.mark.parametrize("value", [0.5, 3, 255, -1])
def test_undeclared_values_are_named(value: float) -> None:
    array = np.array([0, 1, value])
    with pytest.raises(VolumeError, match=f"the value {value}"):
        label_values(Path("x.nii.gz"), array, LabelFile({1: 1}))


def test_values_that_were_rounded_are_told() -> None:
    array, note = label_values(Path("x.nii.gz"), np.array([0, 0.9999, 1]), LabelFile({1: 1}))
    assert array.tolist() == [0, 1, 1]
    assert note == "x.nii.gz: values were rounded, by up to 0.0001"
    assert label_values(Path("x.nii.gz"), np.array([0, 1 + 1e-7]), LabelFile({1: 1}))[1] == ""


def test_probabilities_need_a_threshold() -> None:
    soft = np.array([0, 0.3, 0.5, 0.73, 1])
    with pytest.raises(VolumeError, match=r"set a threshold in dataset\.label_files"):
        label_values(Path("x.nii.gz"), soft, LabelFile({1: 1}))
    for threshold, expected in ((0.5, [0, 0, 1, 1, 1]), (0.2, [0, 1, 1, 1, 1])):
        file = LabelFile({1: 1}, threshold=threshold)
        assert label_values(Path("x.nii.gz"), soft, file)[0].tolist() == expected
    for value in (-0.5, 2, 255):
        with pytest.raises(VolumeError, match="probabilities from 0 to 1"):
            label_values(Path("x.nii.gz"), np.array([0, value]), LabelFile({1: 1}, threshold=0.5))


def test_the_majority_is_more_than_half_of_the_raters() -> None:
    raters = [np.array([0, 1, 1, 2, 1]), np.array([0, 1, 2, 2, 0]), np.array([1, 0, 0, 2, 0])]
    assert majority(raters, [1, 2]).tolist() == [0, 1, 0, 2, 0]
    assert majority(raters[:2], [1, 2]).tolist() == [0, 1, 0, 2, 0]


def test_later_labels_are_painted_over_earlier_ones() -> None:
    cord, grey = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2])
    assert paint([(cord, {1: 1}), (grey, {1: 2, 2: 0})]).tolist() == [0, 1, 2, 0]


def sample(folder: Path, image: Volume, *labels: Volume, **how: Any) -> Sample:
    """A sample of these volumes; several labels are those of raters."""
    paths = [folder / f"{number}.nii.gz" for number in range(1 + len(labels))]
    for path, thing in zip(paths, (image, *labels), strict=True):
        nib.save(to_nifti(thing), path)
    source = Source(tuple(paths[1:]), LabelFile({1: 1}, **how), "seg")
    return Sample("case", "sub-1", (paths[0],), (source,))


def test_what_is_unusual_is_noted(tmp_path: Path) -> None:
    image, ones = volume((3, 4, 5)), Volume(np.ones((3, 4, 5), np.uint8), AFFINE)
    zeros = Volume(np.zeros((3, 4, 5), np.uint8), AFFINE)
    assert read_sample(sample(tmp_path, image, ones), "RPI").notes == ()
    assert read_sample(sample(tmp_path, zeros, ones), "RPI").notes == (
        "0.nii.gz: every voxel is 0",
    )
    assert read_sample(sample(tmp_path, image, zeros), "RPI").notes == ("the label map is empty",)
    assert read_sample(sample(tmp_path, image), "RPI").notes == (
        "no seg file, which counts as empty",
        "the label map is empty",
    )
    rated = read_sample(sample(tmp_path, image, ones, zeros, ones), "LPI")
    assert rated.notes == ("1.nii.gz: majority of 3 raters",)
    assert np.all(rated.label.array)
    series = Volume(image.array[..., None], AFFINE)
    assert read_sample(sample(tmp_path, series, ones), "RPI").notes == (
        "0.nii.gz: is 4D with one volume",
    )


def test_the_digest_of_a_sample_sees_its_grid(tmp_path: Path) -> None:
    image, ones = volume((3, 4, 5)), Volume(np.ones((3, 4, 5), np.uint8), AFFINE)
    known = read_sample(sample(tmp_path, image, ones), "RPI").digest
    other = [Volume(v.array, AFFINE @ np.diag([1, 1, 3, 1])) for v in (image, ones)]
    assert read_sample(sample(tmp_path, *other), "RPI").digest != known


def test_the_digest_of_a_sample_is_that_of_what_is_written(tmp_path: Path) -> None:
    """NIfTI has 32 bits for each number of a grid; the data of a training are known by these."""
    turn = np.array([[0.71, -0.13, 0, -20.1], [0.2, 0.9, 0, 3.3], [0, 0, 3.1, 7.7], [0, 0, 0, 1]])
    image, ones = (Volume(v, turn) for v in (volume((3, 4, 5)).array, np.ones((3, 4, 5), np.uint8)))
    read = read_sample(sample(tmp_path, image, ones), "LAS")
    assert read_sample(sample(tmp_path, *read.images, read.label), "LAS").digest == read.digest


def test_a_test_image_that_is_in_the_training_is_noticed() -> None:
    rows = [
        convert.Row("sub-1_T2w", "sub-1", "train", digest="a"),
        convert.Row("sub-2_T2w", "sub-2", "train", digest="b"),
        convert.Row("sub-3_T2w", "sub-3", "test", digest="c"),
        convert.Row("sub-4_T2w", "sub-4", "skipped"),
    ]
    assert convert.twins(rows) == []
    renamed = convert.Row("sub-02_T2w", "sub-02", "test", digest="b")
    assert convert.twins([*rows, renamed]) == [("sub-02_T2w", "sub-2_T2w")]


def test_labels_that_are_all_empty_stop_the_conversion(
    config: dict[str, Any], phantom_bids: Path, tmp_path: Path
) -> None:
    shutil.copytree(phantom_bids / "bids", tmp_path / "bids")
    settings = settings_for(config, tmp_path)
    folder = tmp_path / "bids" / settings.dataset.labels_folder
    for path in folder.rglob("*.nii.gz"):
        image = nib.load(path)
        nib.save(nib.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), path)
    with pytest.raises(ValueError, match="training cases has any label: all label maps are empty"):
        convert.convert(settings)
    assert not settings.raw.exists()
