"""Inference in the generated repository with a real model, packed as the workflow packs it."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from model_lint.cli import main
from template.support import ROOT, TEMPLATE, program, run

SCRIPTS = TEMPLATE / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
INFERENCE = TEMPLATE / "inference"

sys.path.insert(0, str(INFERENCE))

from network import load_network  # noqa: E402 - the paths above are where they are
from orientation import ORIENTATIONS  # noqa: E402
from read_volume import read_volume  # noqa: E402
from volumes import Volume, reorient, to_nifti  # noqa: E402

MODEL = ROOT / "tests" / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
#: Regions on the three outputs of that model.
REGIONS = {"background": 0, "cord": [1, 2, 3], "grey": [2, 3], "horn": 3}


def cord(side: float = 0.5, slices: int = 3, seed: int = 0) -> nib.Nifti1Image:
    """A bright ring of fluid around a grey cord, in SCT's RPI, with voxels of this side in mm."""
    shape = (round(18 / side), round(20 / side), slices)
    x, y, _ = np.meshgrid(*(np.arange(n) * side for n in shape), indexing="ij")
    radius = np.hypot((x - 8.5) / 5.5, (y - 10.5) / 4.5)
    array = np.select([radius < 1, radius < 1.45], [100.0, 190.0], 35.0)
    array += np.random.default_rng(seed).normal(0, 5, array.shape)
    array[:3] = 0  # is cropped
    affine = np.diag([-side, side, 5.0, 1.0])
    affine[:3, 3] = (9.1, -10.2, 3.3)
    return nib.Nifti1Image(array.astype(np.float32), affine)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    name = ["--name", "model_seg_sc-gm_t2star", "--tag", "r20240915", "--output", str(folder)]
    assert main(["pack", str(MODEL), *name, "--folds", "0"]) == 0
    (made,) = folder.iterdir()
    return made


def segment(model: Path, image: Path, output: Path) -> tuple[int, str, str]:
    arguments = ("-m", str(model), "-i", str(image), "-o", str(output), "--device", "cpu")
    script = str(INFERENCE / "segment.py")
    done = run(sys.executable, script, *arguments, cwd=output.parent, OMP_NUM_THREADS="1")
    return done.returncode, done.stdout, done.stderr


def test_one_image_in_all_orientations(package: Path, tmp_path: Path) -> None:
    """The same image, however it lies on disk, gets the same labels in the same places."""
    images = tmp_path / "images"
    images.mkdir()
    volume = Volume(np.asanyarray(cord().dataobj), cord().affine)
    for code in ORIENTATIONS:
        nib.save(to_nifti(reorient(volume, code)), images / f"{code}.nii.gz")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 2)), np.eye(4)), images / "series.nii.gz")
    (images / "text.nii.gz").write_text("not an image")
    status, said, errors = segment(package, images, tmp_path / "out")
    assert status == 1
    assert len(ORIENTATIONS) == 48
    assert said.splitlines() == [str(tmp_path / f"out/{x}.nii.gz") for x in sorted(ORIENTATIONS)]
    (series, text) = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert series.startswith(f"error: {images / 'series.nii.gz'}: is 4D (4x4x4x2)")
    assert text.startswith(f"error: {images / 'text.nii.gz'}: can't be read as NIfTI")
    assert "Traceback" not in errors
    results = {code: nib.load(tmp_path / "out" / f"{code}.nii.gz") for code in ORIENTATIONS}
    reference = np.asarray(results["RPI"].dataobj)
    assert set(np.unique(reference)) <= {0, 1, 2}
    assert reference.any()
    # A flip along any axis would show.
    assert all(not np.array_equal(reference, np.flip(reference, axis)) for axis in range(3))
    for code, result in results.items():
        back = reorient(read_volume(tmp_path / "out" / f"{code}.nii.gz"), "RPI")
        source = nib.load(images / f"{code}.nii.gz")
        assert result.shape == source.shape
        assert np.array_equal(result.affine, source.affine)
        assert result.get_data_dtype() == np.uint8
        assert np.array_equal(back.array, reference), code


def test_labels_are_those_of_nnunet_with_all_folds(tmp_path: Path) -> None:
    """The program against `nnUNetv2_predict_from_modelfolder`: the mean of two folds."""
    model = variant(tmp_path, {})
    images = tmp_path / "images"
    images.mkdir()
    for number, side in enumerate((0.5, 0.7, 0.4)):
        nib.save(cord(side, slices=2 + number, seed=number), images / f"{number}_0000.nii.gz")
    status, _, errors = segment(model, images, tmp_path / "out")
    assert status == 0, errors
    done = run(
        program("nnUNetv2_predict_from_modelfolder"),
        *("-i", str(images), "-o", str(tmp_path / "nnunet"), "-m", str(model), "-f", "0", "1"),
        *("-device", "cpu", "-npp", "1", "-nps", "1", "--disable_progress_bar"),
        cwd=tmp_path,
        OMP_NUM_THREADS="1",
        nnUNet_compile="f",
        nnUNet_extTrainer=str(model.parent / "trainer"),
        **{f"nnUNet_{name}": str(tmp_path) for name in ("raw", "preprocessed", "results")},
    )
    assert done.returncode == 0, done.stderr
    for number in range(3):
        ours, theirs = (
            np.asarray(nib.load(tmp_path / folder / f"{number}.nii.gz").dataobj)
            for folder in ("out", "nnunet")
        )
        assert theirs.any()
        assert np.array_equal(ours, theirs), number


@pytest.mark.filterwarnings("ignore")  # of what nnU-Net imports, about itself
@pytest.mark.parametrize(
    "resampling", ["resample_data_or_seg_to_shape", "resample_torch_fornnunet"]
)
@pytest.mark.parametrize("labels", [None, REGIONS])
def test_labels_are_decided_as_by_nnunet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: dict[str, Any] | None, resampling: str
) -> None:
    """Class by class, or at once where the resampling may depend on all: the same labels."""
    changes = {} if labels is None else {"labels": labels, "regions_class_order": [1, 2, 3]}
    model = variant(tmp_path, changes, resampling)
    monkeypatch.setenv("nnUNet_extTrainer", str(tmp_path))  # restored after the test
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    network = load_network(model, scratch, "cpu", trusted=True)
    seen = set()
    for side in (0.5, 0.8, 0.3):
        image = np.asarray(cord(side).dataobj).transpose(2, 1, 0)[None]
        spacing = (5.0, side, side)
        found = network.finish(network.predict(network.prepare(image, spacing)))
        wanted = network.predictor.predict_single_npy_array(image, {"spacing": list(spacing)})
        assert found.dtype == wanted.dtype
        assert np.array_equal(found, wanted)
        seen |= set(np.unique(found).tolist())
        assert network.memory(image.shape[1:], spacing) > image.nbytes
    assert len(seen) > 1


def variant(folder: Path, changes: dict[str, Any], resampling: str = "") -> Path:
    """A copy of the model with changes of its dataset.json, and another resampling of logits."""
    model = folder / "model" / MODEL.name
    shutil.copytree(MODEL, model)
    dataset = json.loads((model / "dataset.json").read_text("utf-8"))
    (model / "dataset.json").write_text(json.dumps(dataset | changes), "utf-8")
    plans = json.loads((model / "plans.json").read_text("utf-8"))
    if resampling == "resample_torch_fornnunet":
        plans["configurations"]["2d"] |= {
            "resampling_fn_probabilities": resampling,
            "resampling_fn_probabilities_kwargs": {"is_seg": False, "force_separate_z": None},
        }
    (model / "plans.json").write_text(json.dumps(plans), "utf-8")
    (model.parent / "trainer").mkdir()
    shutil.copyfile(MODEL / "trainer_class.py", model.parent / "trainer" / "trainer_class.py")
    return model


def test_a_checkpoint_that_would_run_code_is_not_loaded(package: Path, tmp_path: Path) -> None:
    """A zip from elsewhere is loaded as weights alone."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    with zipfile.ZipFile(tmp_path / "checkpoint.pth", "w") as archive:
        archive.writestr("checkpoint/data.pkl", pickle.dumps(Evil(), protocol=2))
        archive.writestr("checkpoint/version", "3\n")
        archive.writestr("checkpoint/byteorder", "little")
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(tmp_path / "m.zip", "w") as target:
        for item in source.infolist():
            changed = item.filename.endswith("checkpoint_final.pth")
            content = (tmp_path / "checkpoint.pth").read_bytes() if changed else source.read(item)
            target.writestr(item.filename, content)
    nib.save(cord(), tmp_path / "image.nii.gz")
    status, _, errors = segment(
        tmp_path / "m.zip", tmp_path / "image.nii.gz", tmp_path / "o.nii.gz"
    )
    assert status == 1
    assert "error: the model can't be loaded: Weights only load failed" in errors
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "o.nii.gz").exists()


def test_a_results_folder_works_as_it_is(tmp_path: Path) -> None:
    """Before packing, too, with all that a training leaves in its checkpoints."""
    folder = tmp_path / "Dataset101_X" / MODEL.name
    shutil.copytree(MODEL, folder)
    nib.save(cord(), tmp_path / "image.nii.gz")
    status, said, errors = segment(folder.parent, tmp_path / "image.nii.gz", tmp_path / "o.nii.gz")
    assert (status, said) == (0, f"{tmp_path / 'o.nii.gz'}\n"), errors
    assert nib.load(tmp_path / "o.nii.gz").shape == (36, 40, 3)
