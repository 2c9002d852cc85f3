"""Inference: the result has exactly the voxels of the input, in any orientation."""

from __future__ import annotations

import itertools
import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from cases import Case, plan_cases
from orientation import ORIENTATIONS, orientation_of
from package import ModelError, check_model, find_model, unpack
from read_volume import read_volume
from segment import main, segment_all
from volumes import Volume, reorient, to_nifti


class Threshold:
    """A network in place of nnU-Net's: label 1 where the first channel is bright."""

    def __init__(self, orientation: str = "RPI", channels: int = 1) -> None:
        self.orientation = orientation
        self.channels = channels
        self.seen: list[tuple[np.ndarray, tuple[float, ...]]] = []

    def prepare(self, image: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
        assert image.dtype == np.float32
        assert image.ndim == 4
        self.seen.append((image, spacing))
        return image

    def predict(self, prepared: np.ndarray) -> np.ndarray:
        return prepared[0] > 0.5

    def finish(self, predicted: np.ndarray) -> np.ndarray:
        return predicted.astype(np.uint8)

    def memory(self, shape: Sequence[int], spacing: Sequence[float]) -> int:
        assert len(spacing) == 3
        return math.prod(shape)


def segment_one(case: Case, network: Any) -> str | None:
    """Segment one case; return its error."""
    (result,) = segment_all([case], network)
    assert result.case == case
    return result.error


def random_image(code: str, shape: tuple[int, ...] = (3, 4, 5)) -> nib.Nifti1Image:
    array = np.random.default_rng(0).random(shape, np.float32)
    affine = np.diag([-0.5, 0.6, 2.0, 1.0])
    affine[:3, 3] = (3.3, -7.7, 1.1)
    return to_nifti(reorient(Volume(array, affine), code))


def test_results_lie_on_their_inputs_in_every_orientation(tmp_path: Path) -> None:
    cases = []
    for code in ORIENTATIONS:
        nib.save(random_image(code), tmp_path / f"{code}.nii.gz")
        cases.append(Case((tmp_path / f"{code}.nii.gz",), tmp_path / "new" / f"{code}.nii.gz"))
    results = list(segment_all(cases, Threshold()))
    assert [(result.case, result.error) for result in results] == [(case, None) for case in cases]
    for case in cases:
        source, result = nib.load(case.images[0]), nib.load(case.output)
        assert result.shape == source.shape
        assert np.array_equal(result.affine, source.affine)
        assert result.get_data_dtype() == np.uint8
        assert np.array_equal(np.asarray(result.dataobj), np.asarray(source.dataobj) > 0.5)
    assert len(list((tmp_path / "new").iterdir())) == len(ORIENTATIONS)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_network_sees_its_own_orientation(tmp_path: Path, orientation: str) -> None:
    nib.save(random_image("AIL"), tmp_path / "image.nii.gz")
    expected = reorient(read_volume(tmp_path / "image.nii.gz"), orientation)
    network = Threshold(orientation)
    assert not segment_one(Case((tmp_path / "image.nii.gz",), tmp_path / "o.nii.gz"), network)
    ((array, spacing),) = network.seen
    assert spacing == expected.spacing[::-1]
    assert np.array_equal(array[0], expected.array.transpose(2, 1, 0))


def test_headers_are_kept(tmp_path: Path) -> None:
    image = random_image("LPI")
    image.set_qform(image.affine, code=1)
    image.set_sform(None, code=0)
    image.header["descrip"] = b"scanner"
    image.header.set_slope_inter(2.5, 10)
    nib.save(image, tmp_path / "image.nii")
    case = Case((tmp_path / "image.nii",), tmp_path / "result.nii")
    assert segment_one(case, Threshold()) is None
    source, result = nib.load(case.images[0]), nib.load(case.output)
    assert np.array_equal(result.affine, source.affine)
    assert (int(result.header["qform_code"]), int(result.header["sform_code"])) == (1, 0)
    assert bytes(result.header["descrip"]).startswith(b"scanner")
    assert set(np.unique(result.dataobj)) <= {0, 1}


def test_channels_must_be_on_one_grid_and_as_many_as_the_model_takes(tmp_path: Path) -> None:
    for name, image in (
        ("a", random_image("RPI")),
        ("b", random_image("AIL")),
        ("c", random_image("RPI", (3, 4, 6))),
    ):
        nib.save(image, tmp_path / f"{name}.nii.gz")
    a, b, c = (tmp_path / f"{name}.nii.gz" for name in "abc")
    out = tmp_path / "out.nii.gz"
    wrong, few, right = segment_all(
        [Case((a, c), out), Case((a,), out), Case((a, b), out)], Threshold(channels=2)
    )
    assert wrong.error.startswith(f"{c}: is not on the grid of a.nii.gz")
    assert few.error == f"{a}: 1 channel given, but the model takes 2 channels"
    assert right.error is None
    assert nib.load(out).shape == (3, 4, 5)


@pytest.mark.parametrize(("shape", "message"), [((3, 4, 5, 2), "is 4D"), ((3, 4), "is 2D")])
def test_series_and_slices_are_refused(
    tmp_path: Path, shape: tuple[int, ...], message: str
) -> None:
    nib.save(nib.Nifti1Image(np.zeros(shape, np.float32), np.eye(4)), tmp_path / "image.nii.gz")
    error = segment_one(Case((tmp_path / "image.nii.gz",), tmp_path / "o.nii.gz"), Threshold())
    assert error is not None
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "o.nii.gz").exists()


@pytest.mark.parametrize("step", ["prepare", "predict", "finish"])
@pytest.mark.parametrize("problem", [RuntimeError("Found no driver\nat all"), MemoryError()])
def test_a_device_that_fails_ends_in_one_line_and_the_others_go_on(
    tmp_path: Path, step: str, problem: Exception
) -> None:
    network = Threshold()
    own = getattr(network, step)
    calls = itertools.count()

    def fail_once(*arguments: Any) -> Any:
        if next(calls) == 0:
            raise problem
        return own(*arguments)

    setattr(network, step, fail_once)
    cases = []
    for name in "ab":
        nib.save(random_image("RPI"), tmp_path / f"{name}.nii.gz")
        cases.append(Case((tmp_path / f"{name}.nii.gz",), tmp_path / "out" / f"{name}.nii.gz"))
    failed, done = sorted(segment_all(cases, network), key=lambda result: result.error is None)
    assert failed.error.startswith(f"{failed.case.images[0]}: can't be segmented: ")
    assert len(failed.error.splitlines()) == 1
    assert done.error is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == [done.case.output.name]


def test_a_last_dimension_of_one_comes_back(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5, 1), np.float32), np.eye(4)), tmp_path / "i.nii.gz")
    case = Case((tmp_path / "i.nii.gz",), tmp_path / "o.nii.gz")
    assert segment_one(case, Threshold("AIL")) is None
    assert nib.load(tmp_path / "o.nii.gz").shape == (3, 4, 5, 1)


def test_a_full_disk_ends_the_run(tmp_path: Path) -> None:
    nib.save(random_image("RPI"), tmp_path / "i.nii.gz")
    (tmp_path / "out").write_text("a file where a folder has to be", "utf-8")
    case = Case((tmp_path / "i.nii.gz",), tmp_path / "out" / "o.nii.gz")
    with pytest.raises(OSError, match="out"):
        list(segment_all([case] * 3, Threshold()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    result = tmp_path / "images"
    result.mkdir()
    return result


def test_a_folder_of_single_images(folder: Path, tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b_0000.nii.gz", "c.nii", ".hidden.nii.gz", "notes.txt"):
        (folder / name).touch()
    cases = plan_cases([folder], tmp_path / "out", 1)
    assert [case.output.name for case in cases] == ["a.nii.gz", "b.nii.gz", "c.nii.gz"]


def test_a_folder_of_images_with_two_channels(folder: Path, tmp_path: Path) -> None:
    for name in ("a_0000.nii.gz", "a_0001.nii.gz", "b_0000.nii.gz", "b_0001.nii.gz"):
        (folder / name).touch()
    cases = plan_cases([folder], tmp_path / "out", 2)
    assert [[path.name for path in case.images] for case in cases] == [
        ["a_0000.nii.gz", "a_0001.nii.gz"],
        ["b_0000.nii.gz", "b_0001.nii.gz"],
    ]
    (folder / "b_0001.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"of b there is b_0000\.nii\.gz"):
        plan_cases([folder], tmp_path / "out", 2)


def test_arguments_that_make_no_sense(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "a.nii.gz"
    image.touch()
    out = tmp_path / "out.nii.gz"
    for inputs, output, channels, message in (
        ([tmp_path / "absent.nii.gz"], out, 1, "does not exist"),
        ([image], image, 1, "would overwrite the input"),
        ([image], tmp_path / "out.mha", 1, r"end in \.nii\.gz"),
        ([image, image], out, 1, "to segment several images, give a folder"),
        ([image], out, 2, "1 channel given, but the model takes 2 channels"),
        ([folder, image], out, 2, "is a folder"),
        ([folder], tmp_path / "out", 1, "contains no"),
    ):
        with pytest.raises(ValueError, match=message):
            plan_cases(inputs, output, channels)
    (folder / "a.nii.gz").touch()
    with pytest.raises(ValueError, match="would overwrite the inputs"):
        plan_cases([folder], folder, 1)
    with pytest.raises(ValueError, match="is a file"):
        plan_cases([folder], image, 1)
    assert plan_cases([image], folder, 1)[0].output == folder / "a.nii.gz"


TRAINER = "nnUNetTrainer__nnUNetPlans__2d"
DATASET = {"image_orientation": "RPI", "channel_names": {"0": "T2w"}}


def package(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def members(root: str = "", **dataset: Any) -> dict[str, str]:
    return {
        f"{root}{TRAINER}/dataset.json": json.dumps({**DATASET, **dataset}),
        f"{root}{TRAINER}/plans.json": "{}",
        f"{root}{TRAINER}/fold_0/checkpoint_final.pth": "weights",
        f"{root}{TRAINER}/fold_10/checkpoint_final.pth": "weights",
        f"{root}{TRAINER}/fold_2/checkpoint_final.pth": "weights",
        f"{root}{TRAINER}/fold_0/debug.json": "{}",
    }


@pytest.mark.parametrize("root", ["", "Dataset101_X/"])
def test_both_layouts_are_unpacked(tmp_path: Path, root: str) -> None:
    zipped = package(tmp_path / "model.zip", members(root))
    found, own = find_model(zipped, tmp_path / "scratch")
    assert not own
    assert check_model(found, zipped) == ("RPI", 1, ["0", "2", "10"])
    assert not list(found.rglob("debug.json"))


def test_entries_never_leave_the_folder(tmp_path: Path) -> None:
    outside = {
        f"../{TRAINER}/plans.json": "x",
        f"/{TRAINER}/plans.json": "x",
        f"{TRAINER}/../plans.json": "x",
        f"{TRAINER}/fold_0/../../x/checkpoint_final.pth": "x",
        f"{TRAINER}/fold_0_old/checkpoint_final.pth": "x",
    }
    zipped = package(tmp_path / "model.zip", {**members(), **outside})
    before = set(tmp_path.rglob("*"))
    found = unpack(zipped, tmp_path / "scratch")
    made = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "scratch") for path in made)
    assert (found / "plans.json").read_text("utf-8") == "{}"


def test_zips_that_are_no_package(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip", "utf-8")
    package(tmp_path / "other.zip", {"README.md": "x"})
    package(tmp_path / "two.zip", {**members(), "nnUNetTrainer__nnUNetPlans__3d/plans.json": "{}"})
    for name, message in (
        ("text", "can't be unpacked"),
        ("other", "has no trainer folder"),
        ("two", "has several trainer folders"),
    ):
        with pytest.raises(ModelError, match=message):
            unpack(tmp_path / f"{name}.zip", tmp_path / name)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"image_orientation": "rpi"}, "orientation 'rpi'"),
        ({"image_orientation": None}, "orientation None"),
        ({"channel_names": None}, "dataset.json"),
    ],
)
def test_models_that_say_too_little(tmp_path: Path, dataset: dict[str, Any], message: str) -> None:
    zipped = package(tmp_path / "model.zip", members(**dataset))
    with pytest.raises(ModelError, match=message) as caught:
        check_model(unpack(zipped, tmp_path / "scratch"), zipped)
    assert len(str(caught.value).splitlines()) == 1


def test_mistakes_end_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "a.nii.gz"
    nib.save(random_image("RPI"), image)
    arguments = [
        "-m",
        str(tmp_path / "absent.zip"),
        "-i",
        str(image),
        "-o",
        str(tmp_path / "o.nii"),
    ]
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'absent.zip'} does not exist\n"
    assert orientation_of(nib.load(image).affine) == "RPI"
