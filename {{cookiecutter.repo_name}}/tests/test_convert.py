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
from conftest import settings_for
from orientation import ORIENTATIONS, orientation_of, reorient_image
from settings import Settings
from volumes import VolumeError, label_values, paint, read_volume, same_grid


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
    assert "Reorient" not in dataset["overwrite_image_reader_writer"]
    regions = any(isinstance(value, list) for value in dataset["labels"].values())
    assert ("regions_class_order" in dataset) == regions


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
    source = nib.load(settings.dataset.bids / subject / "anat" / f"{subject}_{contrast}.nii.gz")
    name = case if not settings.dataset.as_channels else subject
    result = nib.load(settings.raw / "imagesTr" / f"{name}_0000.nii.gz")
    expected = reorient_image(source, settings.image_orientation)
    assert np.array_equal(result.get_fdata(), expected.get_fdata())
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


def volume(shape: tuple[int, ...], code: str = "RPI") -> nib.Nifti1Image:
    affine = np.diag([-1.0, 1.0, 1.0, 1.0])
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    image = nib.Nifti1Image(array, affine)
    return reorient_image(image, code) if len(shape) == 3 else image


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_grids_agree_in_every_orientation_once_reoriented(code: str) -> None:
    image = volume((3, 4, 5))
    assert same_grid(image, reorient_image(reorient_image(image, code), "RPI")) == ""


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
    other = nib.Nifti1Image(np.zeros((3, 4, 5), np.uint8), change(image.affine))
    assert message in same_grid(image, other)
    assert "shape" in same_grid(image, volume((3, 4, 6)))


def test_rounding_of_headers_is_no_difference() -> None:
    image = volume((3, 4, 5))
    other = nib.Nifti1Image(np.zeros((3, 4, 5), np.uint8), image.affine + 1e-4)
    assert same_grid(image, other) == ""


def test_files_that_are_no_volume(tmp_path: Path) -> None:
    cases: dict[str, tuple[Any, str]] = {
        "series": (volume((3, 4, 5, 2)), "is 4D"),
        "slice": (volume((3, 4)), "is 2D"),
        "nan": (nib.Nifti1Image(np.full((2, 2, 2), np.nan), np.eye(4)), "NaN or infinite"),
        "complex": (nib.Nifti1Image(np.ones((2, 2, 2), np.complex64), np.eye(4)), "complex"),
        "huge": (nib.Nifti1Image(np.full((2, 2, 2), -1e300), np.eye(4)), "32-bit floats"),
    }
    for name, (image, message) in cases.items():
        path = tmp_path / f"{name}.nii.gz"
        nib.save(image, path)
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
    nib.save(volume((3, 4, 5, 1)), tmp_path / "a.nii.gz")
    assert read_volume(tmp_path / "a.nii.gz").shape == (3, 4, 5)


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
    turned = reorient_image(read_volume(tmp_path / "a.nii.gz"), "LPI")
    assert np.array_equal(np.asanyarray(turned.dataobj), array)


@pytest.mark.parametrize("value", [0.5, 3, 255, -1])
def test_undeclared_values_are_named(value: float) -> None:
    array = np.array([0, 1, value])
    with pytest.raises(VolumeError, match=f"the value {value}"):
        label_values(Path("x.nii.gz"), array, [1])


def test_later_labels_are_painted_over_earlier_ones() -> None:
    cord, grey = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2])
    assert paint([(cord, {1: 1}), (grey, {1: 2, 2: 0})]).tolist() == [0, 1, 2, 0]
