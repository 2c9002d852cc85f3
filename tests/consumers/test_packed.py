"""What `pack` writes runs in the real consumers, and gives what the training folder gives.

A model of every kind is trained once for all tests (`train.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from judge import CONSUMERS, FORK, HERE, Verdict, ask
from model_lint.cli import main
from sct_image import CODES
from trainings import CORD, FOLDERS, RAW, RESULTS, TRAINER_CLASS, TRAININGS

NAME, TAG = "model_seg_sc-gm_t2", "r20261120"
#: What SCT can't run: it passes one channel and no previous stage.
NOT_IN_SCT = {"cascade", "two-channels"}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """nnU-Net's folders with all models; the workers of pytest-xdist share them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            program([HERE / "train.py", folder], {})
    return folder


def program(words: list[str | Path], environment: Mapping[str, str | Path]) -> str:
    """Run a program of the tests, and return what it prints."""
    given = {name: str(value) for name, value in environment.items()}
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "nnUNet_compile": "f"} | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def source(trained: Path, name: str) -> Path:
    """Return the trainer folder of a model, as the training left it."""
    return trained / RESULTS / TRAININGS[name].folder


def packed(trained: Path, name: str, folder: Path, *options: str) -> list[Path]:
    """Pack a model into a folder, and return the zips."""
    folder.mkdir(parents=True)
    words = ["--name", NAME, "--tag", TAG, "--output", str(folder), "--for", "nnunet", *options]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["pack", str(source(trained, name)), *words]) == 0
    return sorted(folder.iterdir())


def unpacked(zips: list[Path], folder: Path) -> Path:
    """Unpack zips into one folder, and return the trainer folder in it."""
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    (trainer,) = folder.iterdir()
    return trainer


def zipped_as_it_is(folder: Path, target: Path) -> Path:
    """Zip a trainer folder with the files of the specification, unchanged."""
    names = ("*.json", "trainer_class.py", "fold_*/checkpoint_final.pth")
    with zipfile.ZipFile(target, "w") as archive:
        for path in (path for name in names for path in folder.glob(name)):
            archive.write(path, path.relative_to(folder.parent))
    return target


def replace_in(path: Path, old: bytes, new: bytes) -> None:
    """Replace a text in the files of a zip."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).replace(old, new) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


# The numbers


@pytest.mark.parametrize("path", [{}, {"PYTHONPATH": FORK}], ids=["stock", "fork"])
def test_the_logits_are_those_of_the_training_folder(
    trained: Path, tmp_path: Path, path: dict[str, Path]
) -> None:
    """Zips of single folds too: unpacked into one folder, they are the whole model."""
    folders: list[str | Path] = []
    for name in TRAININGS:
        zips = packed(trained, name, tmp_path / "zips" / name)
        folders += [source(trained, name), unpacked(zips, tmp_path / "packed" / name)]
    parts = packed(trained, "five-folds", tmp_path / "zips" / "parts", "--split-folds")
    folders.append(unpacked(parts, tmp_path / "packed" / "parts"))
    environment = dict.fromkeys(FOLDERS, tmp_path) | path
    said = program(
        [HERE.parent / "in_nnunet.py", "logits", *folders],
        environment | {"nnUNet_extTrainer": TRAINER_CLASS.parent},
    )
    answers: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
    before, after = answers[:-1:2], answers[1:-1:2]
    assert len({answer["logits"] for answer in before}) == len(TRAININGS)
    assert after == before
    assert len(parts) == 5
    assert answers[-1] == before[0]


# All steps


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_consumers_segment_what_they_segment_with_the_training_folder(
    consumer: str, trained: Path, tmp_path: Path
) -> None:
    cases: dict[Path, str] = {}
    for name in TRAININGS:
        before = zipped_as_it_is(source(trained, name), tmp_path / f"{name}.zip")
        (after,) = packed(trained, name, tmp_path / name)
        cases |= {before: name, after: name}
    found: dict[str, list[Verdict]] = {}
    for path, verdict in ask(consumer, cases):
        found.setdefault(cases[path], []).append(verdict)
    assert {name for name, (before, after) in found.items() if before != after} == set()
    # The first stage of a cascade is not given to the judge.
    failing = NOT_IN_SCT if consumer == "sct" else {"cascade"}
    assert {name for name, (verdict, _) in found.items() if not verdict.runs} == failing
    for name in found.keys() - failing:
        assert any(not mask.startswith("0:") for mask in found[name][0].outputs.values()), name


def test_the_layout_for_nnunet_installs_and_predicts(trained: Path, tmp_path: Path) -> None:
    """With nnU-Net's own commands; the second stage of the cascade gets the output of the first."""
    results = {"before": trained / RESULTS, "after": tmp_path / RESULTS}
    names = ("five-folds", "lowres", "cascade")
    zips = [
        path
        for name in names
        for path in packed(trained, name, tmp_path / name, "--layout", "dataset")
    ]
    images = tmp_path / "images"
    images.mkdir()
    shutil.copy(trained / RAW / CORD.folder / "imagesTr" / "case_0_0000.nii.gz", images)
    masks: dict[str, list[bytes]] = {}
    for when, folder in results.items():
        folder.mkdir(exist_ok=True)
        install = ["nnUNetv2_install_pretrained_model_from_zip"]
        commands = [[*install, str(path)] for path in zips if when == "after"]
        commands += [_predict(name, images, tmp_path / when) for name in names]
        program(
            [HERE / "commands.py", json.dumps(commands)],
            dict.fromkeys(FOLDERS, tmp_path) | {RESULTS: folder},
        )
        outputs = [tmp_path / when / name / "case_0.nii.gz" for name in names]
        masks[when] = [np.asarray(nib.load(path).dataobj).tobytes() for path in outputs]
    assert masks["after"] == masks["before"]
    assert all(any(mask) for mask in masks["after"])


def _predict(name: str, images: Path, folder: Path) -> list[str]:
    """Return the command that predicts with a model, without processes of its own."""
    training = TRAININGS[name]
    options = {
        "-i": images,
        "-o": folder / name,
        "-d": CORD.number,
        "-c": training.configuration,
        "-tr": training.trainer,
        "-p": training.plans,
        "-npp": 0,
        "-nps": 0,
        "-device": "cpu",
    }
    words = [str(word) for option in options.items() for word in option]
    previous = ["-prev_stage_predictions", str(folder / "lowres")] if name == "cascade" else []
    folds = ["-f", *map(str, training.folds)]
    return ["nnUNetv2_predict", *words, *previous, *folds, "--disable_progress_bar"]


def test_every_orientation_gives_the_same_segmentation(trained: Path, tmp_path: Path) -> None:
    models = ("regions", "lowres")
    zips = [path for name in models for path in packed(trained, name, tmp_path / name)]
    # The network is not blind to how the image lies: told another orientation, it gives another.
    (wrong,) = packed(trained, "lowres", tmp_path / "wrong")
    replace_in(wrong, b'"image_orientation": "RPI"', b'"image_orientation": "LAS"')
    said = program([HERE / "orientations.py", *zips, wrong], {"PYTHONPATH": FORK})
    answers = json.loads(said.splitlines()[-1])
    for found in answers:
        assert list(found.values()) == [CODES]
    _, (right,), (other,) = answers
    assert any(not mask.startswith("0:") for mask in json.loads(right).values())
    assert other != right
