"""Stock nnU-Net loads what ``pack`` wrote, and computes with it what it computed before."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from build import MODEL, TRAINER
from checkpoint_files import resaved, wrapped
from model_lint.cli import main

SCRIPT = Path(__file__).parents[1] / "in_nnunet.py"


def packed(folder: Path, *options: str) -> Path:
    """Pack both folds of the test model and return the zip."""
    folder.mkdir()
    name = ["--name", "model_seg_sc-gm_t2star", "--output", str(folder)]
    assert main(["pack", str(MODEL), *name, *options]) == 0
    (package,) = folder.iterdir()
    return package


def environment(tmp_path: Path) -> dict[str, str]:
    folders = {
        f"nnUNet_{name}": str(tmp_path / name) for name in ("raw", "preprocessed", "results")
    }
    for folder in folders.values():
        Path(folder).mkdir(exist_ok=True)
    return {
        **os.environ,
        **folders,
        "nnUNet_extTrainer": str(MODEL),
        "PYTHONDONTWRITEBYTECODE": "1",  # or nnU-Net leaves a __pycache__ in the test data
        "nnUNet_compile": "f",
        "OMP_NUM_THREADS": "1",
    }


def ask_nnunet(tmp_path: Path, question: str, *folders: Path) -> list[dict[str, Any]]:
    words = [sys.executable, str(SCRIPT), question, *map(str, folders)]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env=environment(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("compressed_from", [1, 256 * 1024], ids=["compressed", "plain"])
def test_it_predicts_what_the_training_folder_predicts(
    tmp_path: Path, compressed_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_lint.checkpoint.writer._LARGE", compressed_from)
    with zipfile.ZipFile(packed(tmp_path / "zips")) as archive:
        archive.extractall(tmp_path / "packed")
    install = Path(sys.executable).parent / "nnUNetv2_install_pretrained_model_from_zip"
    subprocess.run(
        [str(install), str(packed(tmp_path / "more", "--layout", "dataset"))],
        check=True,
        capture_output=True,
        env=environment(tmp_path),
    )
    before, after, installed = ask_nnunet(
        tmp_path,
        "logits",
        MODEL,
        tmp_path / "packed" / TRAINER,
        tmp_path / "results" / "Dataset901_PhantomCord" / TRAINER,
    )
    assert before["mirrored"] == [0, 1]
    assert before["shape"] == [3, 2, 60, 52]
    assert after == before
    assert installed == before


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module._orig_mod."])
def test_a_model_with_the_names_of_a_wrapper_predicts_after_packing(
    tmp_path: Path, prefix: str
) -> None:
    model = tmp_path / "wrapped" / TRAINER
    shutil.copytree(MODEL, model)
    for path in model.glob("fold_*/checkpoint_final.pth"):
        content = torch.load(path, weights_only=False)
        wrapped(content, prefix)
        torch.save(content, path)
    (tmp_path / "zips").mkdir()
    name = ["--name", "model_seg_sc-gm_t2star", "--output", str(tmp_path / "zips")]
    assert main(["pack", str(model), *name]) == 0
    (package,) = (tmp_path / "zips").iterdir()
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "packed")
    before, after = ask_nnunet(tmp_path, "logits", MODEL, tmp_path / "packed" / TRAINER)
    assert after == before


def test_training_can_go_on_with_the_training_state(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path / "zips", "--keep-training-state")) as archive:
        archive.extractall(tmp_path / "packed")
    before, after = ask_nnunet(tmp_path, "resume", MODEL, tmp_path / "packed" / TRAINER)
    assert before["epoch"] == 30
    assert after == before


def test_private_things_in_the_training_state_are_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def name_a_case(content: dict[str, Any]) -> None:
        dataset = content["init_args"]["dataset_json"]
        dataset["dataset"] = {"jane": ["/home/user/nnunet/jane.nii"]}
        dataset["description"] = "of sub-042, in /data/jane/bids"
        content["init_args"]["plans"]["made_in"] = "/data/jane/plans"

    model = tmp_path / TRAINER
    shutil.copytree(MODEL, model, ignore=shutil.ignore_patterns("fold_1"))
    (model / "fold_0" / "checkpoint_final.pth").write_bytes(resaved(name_a_case))
    name = ["--name", "model_seg_sc-gm_t2star"]

    kept = tmp_path / "kept.zip"
    slim = tmp_path / "slim.zip"
    for path, options in {kept: ["--keep-training-state"], slim: []}.items():
        assert main(["pack", str(model), *name, "--output", str(path), *options]) == 0
        removed = "fold_0/checkpoint_final.pth  2 paths, 1 subject, 1 listed case\n"
        assert removed in capsys.readouterr().out
        with zipfile.ZipFile(path) as archive:
            assert not any(b"jane" in archive.read(member) for member in archive.namelist())
    with zipfile.ZipFile(kept) as archive:
        content = torch.load(
            io.BytesIO(archive.read(f"{TRAINER}/fold_0/checkpoint_final.pth")), weights_only=True
        )
    before = torch.load(MODEL / "fold_0" / "checkpoint_final.pth", weights_only=False)
    arguments, original = content["init_args"], before["init_args"]
    assert arguments["dataset_json"].pop("description") == "of <subject-1>, in <path>"
    assert arguments["plans"].pop("made_in") == "<path>"
    assert arguments == {**original, "device": "cpu"}


def test_what_a_trainer_puts_into_its_state_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / TRAINER
    shutil.copytree(MODEL, model, ignore=shutil.ignore_patterns("fold_1"))
    own = {"my_cache": ["/data/jane/cache"]}
    (model / "fold_0" / "checkpoint_final.pth").write_bytes(resaved(lambda c: c.update(own)))
    words = ["pack", str(model), "--name", "model_seg_sc-gm_t2star", "--output", str(tmp_path)]
    assert main([*words, "--keep-training-state"]) == 0
    assert "the trainer put paths or names into the training state" in capsys.readouterr().out
    assert main([*words, "--force"]) == 0
    assert "the trainer put" not in capsys.readouterr().out
