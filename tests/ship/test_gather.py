"""What goes into a package, and what has to be asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import MODEL, TRAINER
from checkpoint_files import resaved, wrapped
from model_lint.cli import main
from packing import ZIP, edit_json, members, run

CROP = json.dumps(
    {
        f"pad_{side}": 5
        for side in ("superior", "inferior", "left", "right", "anterior", "posterior")
    }
)


def test_a_path_in_the_trainer_is_pointed_out(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (model / "trainer_class.py").open("a", encoding="utf-8") as stream:
        stream.write("\nSPLITS = '/home/jane/splits.json'\n")
    assert run(model) == 0
    assert "trainer_class.py is packed with a path in line" in capsys.readouterr().out


def test_a_secret_in_the_trainer_is_refused(
    model: Path,
    refused: Callable[..., str],
) -> None:
    with (model / "trainer_class.py").open("a", encoding="utf-8") as stream:
        stream.write(f"\nWANDB_API_KEY = '{'0a1b' * 10}'\n")
    assert "a password or token" in refused(model)


def test_an_orientation_is_added(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", image_orientation=None)
    assert run(model, "--orientation", "las") == 0
    assert json.loads(members(out / ZIP)[f"{TRAINER}/dataset.json"])["image_orientation"] == "LAS"
    assert "image_orientation LAS is added" in capsys.readouterr().out
    assert "image_orientation" not in (model / "dataset.json").read_text(encoding="utf-8")


def test_an_orientation_under_the_old_key(
    model: Path, out: Path, refused: Callable[..., str]
) -> None:
    edit_json(model / "dataset.json", image_orientation=None, orientation="LAS")
    assert "(its `orientation`, LAS, is not read)" in refused(model)
    assert run(model, "--orientation", "RPI") == 0


def test_the_same_orientation_twice_is_fine(model: Path, out: Path) -> None:
    assert run(model, "--orientation", "RPI") == 0


@pytest.mark.parametrize(
    ("written", "given", "message"),
    [
        (None, None, "no image_orientation, so SCT would assume LPI; give --orientation"),
        ("RPI", "LPI", "image_orientation is RPI, but --orientation says LPI"),
        ("rpi", None, 'image_orientation is "rpi", not an orientation'),
        ("RPX", "RPI", 'image_orientation is "RPX", not an orientation'),
        (["R", "P", "I"], None, "not an orientation"),
        ("RPI", "RRI", "--orientation RRI: write three letters"),
        ("RPI", "", "--orientation : write three letters"),
    ],
)
def test_a_doubtful_orientation(
    written: Any,
    given: str | None,
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    edit_json(model / "dataset.json", image_orientation=written)
    options = [] if given is None else ["--orientation", given]
    assert message in refused(model, *options)


def test_a_custom_trainer_is_asked_for(
    model: Path,
    out: Path,
    refused: Callable[..., str],
) -> None:
    source = out.parent / "my_trainer.py"
    (model / "trainer_class.py").rename(source)
    said = refused(model)
    assert "nnUNetTrainerTiny is a custom trainer" in said
    assert "--trainer-class FILE" in said
    assert run(model, "--trainer-class", source) == 0
    assert members(out / ZIP)[f"{TRAINER}/trainer_class.py"] == source.read_bytes()


def test_a_trainer_that_is_not_there(
    model: Path,
    refused: Callable[..., str],
) -> None:
    assert "no such file" in refused(model, "--trainer-class", "x.py")


@pytest.mark.parametrize("name", ["dataset.json", "plans.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"{", "unreadable"),
        (b"[]", "unreadable: not a JSON object"),
        (b'{"labels": {}, "labels": {}}', "duplicate key 'labels'"),
    ],
)
def test_json_that_can_not_be_read(
    name: str,
    content: bytes | None,
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    (model / name).unlink()
    if content is not None:
        (model / name).write_bytes(content)
    assert message in refused(model)


def test_a_missing_fingerprint_is_a_warning(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "dataset_fingerprint.json").unlink()
    assert run(model) == 0
    assert "L007" in capsys.readouterr().out


@pytest.mark.parametrize("place", [".", ".."])
def test_crop_metadata_lies_where_sct_looks(place: str, model: Path, out: Path) -> None:
    (model / place / "crop_metadata.json").write_text(CROP, encoding="utf-8")
    assert run(model) == 0
    assert members(out / ZIP)["crop_metadata.json"].decode() == CROP
    assert run(model, "--layout", "dataset", "--output", "d.zip") == 0
    assert "Dataset901_PhantomCord/crop_metadata.json" in members(out / "d.zip")


def test_two_crop_metadata(
    model: Path,
    refused: Callable[..., str],
) -> None:
    (model / "crop_metadata.json").write_text(CROP, encoding="utf-8")
    (model.parent / "crop_metadata.json").write_text("{}", encoding="utf-8")
    assert "differ; remove the wrong one" in refused(model)


def test_another_checkpoint_becomes_the_final_one(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0/checkpoint_final.pth").rename(model / "fold_0/checkpoint_best.pth")
    assert run(model, "--checkpoint", "checkpoint_best.pth") == 0
    assert f"{TRAINER}/fold_0/checkpoint_final.pth" in members(out / ZIP)
    assert "checkpoint_best.pth is packed as checkpoint_final.pth" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs pointer"),
        ((MODEL / "fold_0" / "checkpoint_final.pth").read_bytes()[:-1000], "cut off"),
    ],
)
def test_a_checkpoint_that_can_not_be_read(
    content: bytes,
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    (model / "fold_0" / "checkpoint_final.pth").write_bytes(content)
    said = refused(model)
    assert "checkpoint_final.pth: " in said
    assert message in said


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_the_prefix_of_a_wrapper_is_taken_off(
    prefix: str, model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = model / "fold_0" / "checkpoint_final.pth"
    checkpoint.write_bytes(resaved(lambda content: wrapped(content, prefix)))
    assert main(["check", str(model), "--select", "C003"]) == 1
    assert "`model-lint pack` removes the prefix" in capsys.readouterr().out
    assert run(model) == 0
    assert f"fold_0: {prefix} is removed from the names of the weights" in capsys.readouterr().out


def test_names_without_a_prefix_stay(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(model) == 0
    assert "removed from" not in capsys.readouterr().out
