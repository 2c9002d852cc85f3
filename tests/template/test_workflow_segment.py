"""Inference in the generated repository with a real model, packed as the workflow packs it."""

from __future__ import annotations

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
from template.support import ROOT, TEMPLATE, run

SCRIPTS = TEMPLATE / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
INFERENCE = TEMPLATE / "inference"

from orientation import reorient_image  # noqa: E402 - the path above is where it is

MODEL = ROOT / "tests" / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
SOME = ("RPI", "LPI", "AIL", "SRP", "PIR", "LAS")


def cord() -> nib.Nifti1Image:
    """A bright ring of fluid around a grey cord, in SCT's RPI."""
    x, y, _ = np.meshgrid(*(np.arange(n, dtype=float) for n in (36, 40, 3)), indexing="ij")
    radius = np.hypot((x - 17) / 11, (y - 21) / 9)
    array = np.select([radius < 1, radius < 1.45], [100.0, 190.0], 35.0)
    array += np.random.default_rng(0).normal(0, 5, array.shape)
    affine = np.diag([-0.5, 0.5, 5.0, 1.0])
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


def test_one_image_in_several_orientations(package: Path, tmp_path: Path) -> None:
    """The same image, however it lies on disk, gets the same labels in the same places."""
    images = tmp_path / "images"
    images.mkdir()
    for code in SOME:
        nib.save(reorient_image(cord(), code), images / f"{code}.nii.gz")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 2)), np.eye(4)), images / "series.nii.gz")
    (images / "text.nii.gz").write_text("not an image")
    status, said, errors = segment(package, images, tmp_path / "out")
    assert status == 1
    assert said.splitlines() == [str(tmp_path / f"out/{code}.nii.gz") for code in sorted(SOME)]
    (series, text) = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert series.startswith(f"error: {images / 'series.nii.gz'}: is 4D (4x4x4x2)")
    assert text.startswith(f"error: {images / 'text.nii.gz'}: can't be read as NIfTI")
    assert "Traceback" not in errors
    results = {code: nib.load(tmp_path / "out" / f"{code}.nii.gz") for code in SOME}
    reference = np.asarray(results["RPI"].dataobj)
    assert set(np.unique(reference)) <= {0, 1, 2}
    assert reference.any()
    # A flip along any axis would show.
    assert all(not np.array_equal(reference, np.flip(reference, axis)) for axis in range(3))
    for code, result in results.items():
        source = nib.load(images / f"{code}.nii.gz")
        assert result.shape == source.shape
        assert np.array_equal(result.affine, source.affine)
        assert result.get_data_dtype() == np.uint8
        assert np.array_equal(np.asarray(reorient_image(result, "RPI").dataobj), reference), code


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
