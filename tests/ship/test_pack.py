from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import LISTEN, MODEL, TRAINER
from model_lint.cli import main
from model_lint.ship import new_package
from model_lint.ship.png import strip_notes
from model_lint.storage.zip_writer import ZipWriter

NAME = "model_seg_sc-gm_t2star"
TAG = "r20240915"
ZIP = f"{NAME}-{TAG}.zip"
#: What the test model gives away, besides what is put into it below.
PRIVATE = ["workstation", "/home/user", "sub-jane01", "liver_12", "jane.doe"]

Change = Callable[[Path], None]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The trainer folder of one fold below nnU-Net's results, as a training leaves it."""
    folder = tmp_path / "results" / "Dataset901_PhantomCord" / TRAINER
    shutil.copytree(MODEL, folder, ignore=shutil.ignore_patterns("fold_1"))
    return folder


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty current folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*words: str | Path, name: str | None = NAME, tag: str | None = TAG) -> int:
    named = ["--name", name] if name else []
    tagged = ["--tag", tag] if tag else []
    return main(["pack", *map(str, words), *named, *tagged])


def edit_json(path: Path, **values: Any) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data.update(values)
    data = {key: value for key, value in data.items() if value is not None}
    path.write_text(json.dumps(data, indent=4), encoding="utf-8")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], out: Path) -> Callable[..., str]:
    """Run into an error, and return its one line."""

    def refuse(*words: str | Path, **options: Any) -> str:
        before = sorted(p.name for p in out.iterdir())
        assert run(*words, **options) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("model-lint: ")
        assert captured.err.count("\n") == 1
        assert sorted(p.name for p in out.iterdir()) == before
        return captured.err

    return refuse


# --------------------------------------------------------------------------------- the package


def test_the_tree_is_the_specifications(model: Path, out: Path) -> None:
    (model / "fold_0" / "training_log_2024_9_3_14_06_03.png").write_bytes(
        (model / "fold_0" / "progress.png").read_bytes()
    )
    assert run(model) == 0
    assert [p.name for p in out.iterdir()] == [ZIP]
    assert set(members(out / ZIP)) == {
        f"{TRAINER}/{name}"
        for name in (
            "dataset.json",
            "dataset_fingerprint.json",
            "plans.json",
            "trainer_class.py",
            "fold_0/checkpoint_final.pth",
            "fold_0/debug.json",
            "fold_0/progress.png",
            "fold_0/training_log_2026_11_23_07_58_35.txt",
            "fold_0/training_log_2024_9_3_14_06_03.png",
        )
    }


def test_what_needs_no_change_is_the_same(model: Path, out: Path) -> None:
    run(model)
    packed = members(out / ZIP)
    for name in ("dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py"):
        assert packed[f"{TRAINER}/{name}"] == (model / name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "fold_0/checkpoint_best.pth",
        "fold_0/checkpoint_latest.pth",
        "fold_0/validation/summary.json",
        "fold_0/network_architecture.pdf",
        "fold_0/.DS_Store",
        "fold_0_old/checkpoint_final.pth",
        "fold_00/checkpoint_final.pth",
        "crossval_results_folds_0_1/postprocessing.pkl",
        "predicted_next_stage/x/sub-01.npz",
        "postprocessing.json",
        "README.md",
        ".ipynb_checkpoints/plans.json",
    ],
)
def test_what_the_specification_does_not_show_stays_behind(
    name: str, model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_bytes(b"x" * 1500)
    assert run(model, "--format", "json") == 0
    assert not any(path.endswith(name) for path in members(out / ZIP))
    (left,) = json.loads(capsys.readouterr().out)["left_out"]
    assert name.startswith(left["path"])
    assert (left["files"], left["bytes"]) == (1, 1500)


def test_the_summary(model: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "fold_0" / "validation").mkdir()
    (model / "fold_0" / "validation" / "summary.json").write_bytes(b"x" * 1500)
    assert run(model) == 0
    said = capsys.readouterr().out
    digest = hashlib.sha256((out / ZIP).read_bytes()).hexdigest()
    assert said.startswith(f"{ZIP}  ")
    assert "    ├── fold_0\n    │   ├── checkpoint_final.pth  125 kB\n" in said
    assert "fold_0/validation/  1 file, 1.5 kB" in said
    assert "1 checkpoint: 247 kB before, 125 kB now" in said
    assert f"sha256 {digest}" in said
    assert f"gh release create {TAG} {ZIP} --title {TAG}" in said


def test_the_json_report(model: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(model, "--format", "json") == 0
    said = json.loads(capsys.readouterr().out)
    content = (out / ZIP).read_bytes()
    assert said["version"] == 1
    assert said["package"] == ZIP
    assert said["bytes"] == len(content)
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert {m["path"]: m["bytes"] for m in said["members"]} == {
        path: len(data) for path, data in members(out / ZIP).items()
    }
    (checkpoint,) = said["checkpoints"]
    assert checkpoint["bytes_after"] < 0.6 * checkpoint["bytes_before"]
    assert said["scrubbed"] == {"host": 1, "path": 5}
    assert said["findings"] == []


def test_it_passes_its_own_check(model: Path, out: Path) -> None:
    assert run(model) == 0
    assert main(["check", ZIP, "--fail-on", "info"]) == 0


def test_a_terminal_without_line_drawing(model: Path, out: Path) -> None:
    words = [sys.executable, "-m", "model_lint", "pack", str(model), "--name", NAME, "--tag", TAG]
    (model / os.fsdecode(b"caf\xe9")).touch()
    done = subprocess.run(
        words, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert b"    |-- fold_0\n    |   |-- checkpoint_final.pth" in done.stdout
    assert b"  caf\\udce9  0 B\n" in done.stdout


def test_progress_is_shown_at_a_terminal_only(model: Path, out: Path) -> None:
    words = [sys.executable, "-m", "model_lint", "pack", str(model), "--name", NAME, "--tag", TAG]
    master, terminal = pty.openpty()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=terminal, check=True)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # what the end of a terminal is
        while part := os.read(master, 10_000):
            shown += part
    os.close(master)
    assert b"packing " in shown
    assert shown.endswith(b"\r\x1b[K")
    piped = subprocess.run([*words, "--force"], capture_output=True, check=True)
    assert piped.stderr == b""


def test_members_are_plain(model: Path, out: Path) -> None:
    run(model)
    with zipfile.ZipFile(out / ZIP) as archive:
        for info in archive.infolist():
            stored = info.filename.endswith(".pth")  # any byte of it can be reached
            assert info.compress_type == (zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o100644
            assert info.flag_bits == 0


# ------------------------------------------------------------------------------- reproducibility


def test_the_same_input_gives_the_same_bytes(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for number, umask in enumerate((0o022, 0o077)):
        elsewhere = tmp_path / ("deep/" * number + "copy") / TRAINER
        shutil.copytree(model, elsewhere, copy_function=shutil.copyfile)
        files = [p for p in elsewhere.rglob("*") if p.is_file()]
        random.Random(number).shuffle(files)
        for file in files:
            os.utime(file, (1e9 + number * 1e6,) * 2)
        out = tmp_path / f"out{number}"
        out.mkdir()
        monkeypatch.chdir(out)
        before = os.umask(umask)
        try:
            assert run(elsewhere) == 0
        finally:
            os.umask(before)
        digests.add(hashlib.sha256((out / ZIP).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_packing_what_was_packed_changes_nothing(model: Path, out: Path) -> None:
    run(model)
    first = (out / ZIP).read_bytes()
    with zipfile.ZipFile(out / ZIP) as archive:
        archive.extractall(out / "unpacked")
    assert run(out / "unpacked", "--output", "again.zip") == 0
    assert (out / "again.zip").read_bytes() == first


# --------------------------------------------------------------------------------------- privacy


def test_nothing_private_is_left(model: Path, out: Path) -> None:
    (log,) = (model / "fold_0").glob("*.txt")
    with log.open("a", encoding="utf-8") as stream:
        time = "2026-11-23 08:00:00.000001: "
        stream.write(
            f"{time}Using splits from existing split file: /home/user/splits_final.json \n"
        )
        stream.write(f"{time}predicting sub-jane01_T2w \n{time}predicting liver_12 \n")
        stream.write(f"{time}liver_12, shape torch.Size([1, 2, 3]), rank 0 \n")
        stream.write(
            "mail jane.doe@uni.example, workstation\n\xff".encode("latin1").decode("latin1")
        )
    edit_json(
        model / "fold_0" / "debug.json",
        cases="['liver_12', 'sub-jane01_T2w']",
        note="on workstation",
    )
    edit_json(
        model / "dataset.json",
        dataset={"liver_12": {"images": ["/home/user/imagesTr/liver_12_0000.nii.gz"]}},
        training=[{"image": "./imagesTr/sub-jane01_0000.nii.gz"}],
    )
    text = b"Software\0matplotlib on workstation, /home/user"
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text
    chunk += struct.pack(">I", zlib.crc32(b"tEXt" + text))
    plot = model / "fold_0" / "progress.png"
    data = plot.read_bytes()
    plot.write_bytes(data[:33] + chunk + data[33:])

    assert run(model) == 0

    for path, content in members(out / ZIP).items():
        for word in PRIVATE:
            assert word.encode() not in content, (path, word)
    packed = members(out / ZIP)
    assert json.loads(packed[f"{TRAINER}/fold_0/debug.json"])["note"] == "on <host>"
    assert packed[f"{TRAINER}/fold_0/progress.png"] == data
    assert "dataset" not in json.loads(packed[f"{TRAINER}/dataset.json"])


def test_bytes_that_are_no_text_come_through(model: Path, out: Path) -> None:
    (log,) = (model / "fold_0").glob("*.txt")
    log.write_bytes(b"caf\xe9 at /home/user/x\n")
    assert run(model) == 0
    assert members(out / ZIP)[f"{TRAINER}/fold_0/{log.name}"] == b"caf\xe9 at <path>\n"


def test_a_broken_plot_stays_behind(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = model / "fold_0" / "progress.png"
    plot.write_bytes(plot.read_bytes()[:-20])
    assert run(model) == 0
    assert f"{TRAINER}/fold_0/progress.png" not in members(out / ZIP)
    assert "fold_0/progress.png is left out: it is not a valid PNG" in capsys.readouterr().out


def test_a_path_in_the_trainer_is_pointed_out(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (model / "trainer_class.py").open("a", encoding="utf-8") as stream:
        stream.write("\nSPLITS = '/home/jane/splits.json'\n")
    assert run(model) == 0
    assert "trainer_class.py travels as it is, with a path in line" in capsys.readouterr().out


def test_a_secret_in_the_trainer_is_refused(
    model: Path,
    refused: Callable[..., str],
) -> None:
    with (model / "trainer_class.py").open("a", encoding="utf-8") as stream:
        stream.write(f"\nWANDB_API_KEY = '{'0a1b' * 10}'\n")
    assert "a password or token" in refused(model)


# ----------------------------------------------------------------------------------- orientation


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
        (None, None, "no image_orientation, without which SCT assumes LPI; give --orientation"),
        ("RPI", "LPI", "image_orientation is RPI, but --orientation says LPI"),
        ("rpi", None, 'image_orientation is "rpi", which is no orientation'),
        ("RPX", "RPI", 'image_orientation is "RPX", which is no orientation'),
        (["R", "P", "I"], None, "which is no orientation"),
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


# ----------------------------------------------------------------------------------------- folds


def test_all_folds_are_packed_in_order(out: Path) -> None:
    assert run(MODEL) == 0
    checkpoints = [path for path in members(out / ZIP) if path.endswith(".pth")]
    assert checkpoints == [f"{TRAINER}/fold_{i}/checkpoint_final.pth" for i in (0, 1)]


@pytest.mark.parametrize(
    ("option", "folds"), [("1", {"fold_1"}), ("fold_0, 1", {"fold_0", "fold_1"})]
)
def test_folds_can_be_chosen(option: str, folds: set[str], out: Path) -> None:
    assert run(MODEL, "--folds", option) == 0
    assert {path.split("/")[1] for path in members(out / ZIP) if "fold_" in path} == folds


def test_fold_all(model: Path, out: Path) -> None:
    (model / "fold_0").rename(model / "fold_all")
    assert run(model) == 0
    assert f"{TRAINER}/fold_all/checkpoint_final.pth" in members(out / ZIP)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda m: (m / "fold_0").rename(m / "x"), [], "no fold_0, fold_1, ... or fold_all in it"),
        (lambda m: (m / "fold_all").mkdir(), [], "choose with --folds all or --folds 0"),
        (lambda _: None, ["--folds", "0,3"], "no fold_3 in it; --folds can name 0"),
        (lambda _: None, ["--folds", "a"], "--folds a: write numbers with commas"),
        (lambda _: None, ["--folds", ""], "write numbers with commas"),
        (lambda m: (m / "fold_1").mkdir(), [], "pack the others with --folds 0"),
        (
            lambda m: (m / "fold_0/checkpoint_final.pth").rename(m / "fold_0/checkpoint_best.pth"),
            [],
            "its training isn't finished; finish it (nnUNetv2_train ... --c), or take "
            "checkpoint_best.pth with --checkpoint checkpoint_best.pth",
        ),
        (
            lambda _: None,
            ["--checkpoint", "checkpoint_best.pth"],
            "no checkpoint_best.pth in fold_0",
        ),
        (lambda _: None, ["--checkpoint", "../x.pth"], "give a file's name"),
        (lambda _: None, ["--checkpoint", "x.txt"], "give a file's name"),
    ],
)
def test_folds_that_can_not_be_packed(
    change: Change,
    options: list[str],
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    change(model)
    assert message in refused(model, *options)


def test_an_unfinished_fold_can_be_left_out(model: Path, out: Path) -> None:
    (model / "fold_1").mkdir()
    assert run(model, "--folds", "0") == 0


def test_another_checkpoint_becomes_the_final_one(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "fold_0/checkpoint_final.pth").rename(model / "fold_0/checkpoint_best.pth")
    assert run(model, "--checkpoint", "checkpoint_best.pth") == 0
    assert f"{TRAINER}/fold_0/checkpoint_final.pth" in members(out / ZIP)
    assert "checkpoint_best.pth is packed as checkpoint_final.pth" in capsys.readouterr().out


def test_a_link_without_its_content(
    model: Path,
    refused: Callable[..., str],
) -> None:
    checkpoint = model / "fold_0" / "checkpoint_final.pth"
    checkpoint.unlink()
    checkpoint.symlink_to("../../.git/annex/objects/nothing")
    assert "git annex get" in refused(model)


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


# ------------------------------------------------------------------------------------ other files


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
        (b"{", "not readable"),
        (b"[]", "not readable: not a JSON object"),
        (b'{"labels": {}, "labels": {}}', "has the key 'labels' twice"),
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


CROP = json.dumps(
    {
        f"pad_{side}": 5
        for side in ("superior", "inferior", "left", "right", "anterior", "posterior")
    }
)


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


def test_what_the_linter_refuses_is_not_written(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(model) == 1
    captured = capsys.readouterr()
    assert "D006" in captured.out
    assert "was not written" in captured.err
    assert list(out.iterdir()) == []


# ----------------------------------------------------------------------------------- the folder


@pytest.mark.parametrize("where", [".", "..", "../.", "../../Dataset901_PhantomCord"])
def test_the_folder_that_holds_the_model_will_do(where: str, model: Path, out: Path) -> None:
    assert run(f"{model}/{where}") == 0
    assert set(members(out / ZIP)) == {
        f"{TRAINER}/{p.relative_to(model).as_posix()}" for p in model.rglob("*") if p.is_file()
    }


def test_a_link_to_the_model_will_do(model: Path, out: Path) -> None:
    (out.parent / "link").symlink_to(model)
    said = out.parent / "nnUNetTrainerTiny__nnUNetPlans__2d"
    said.symlink_to(model)
    assert run(said) == 0


def test_the_current_folder_will_do(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model)
    assert run(".", "--output", out) == 0
    assert [p.name for p in out.iterdir()] == [ZIP]


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (lambda _: None, "nothing", "no such folder"),
        (lambda _: None, "plans.json", "not a folder"),
        (lambda _: None, "fold_0", "one fold of a model; give the folder above it"),
        (lambda m: m.rename(m.parent / "my_model"), "../my_model", "not named TRAINER__PLANS"),
        (
            lambda m: m.rename(m.parent / os.fsdecode(b"nnUNetTrainer\xe9__nnUNetPlans__2d")),
            os.fsdecode(b"../nnUNetTrainer\xe9__nnUNetPlans__2d"),
            "characters that a zip can't hold",
        ),
        (lambda m: (m / "../plans.pkl").touch() or m.rename(m / "../x"), "..", "made by nnU-Net 1"),
        (
            lambda m: (m.parent / "nnUNetTrainer__nnUNetPlans__2d").mkdir(),
            "..",
            "holds several models; give one of nnUNetTrainerTiny__nnUNetPlans__2d, "
            "nnUNetTrainer__nnUNetPlans__2d",
        ),
    ],
)
def test_a_folder_that_is_no_model(
    change: Change,
    where: str,
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    change(model)
    assert message in refused(os.path.normpath(model / where))


def test_the_layout_for_slicer(model: Path, out: Path) -> None:
    assert run(model, "--layout", "dataset") == 0
    assert all(p.startswith(f"Dataset901_PhantomCord/{TRAINER}/") for p in members(out / ZIP))


def test_the_dataset_is_named_in_plans(model: Path, out: Path) -> None:
    elsewhere = out.parent / TRAINER
    model.rename(elsewhere)
    assert run(elsewhere, "--layout", "dataset") == 0
    assert all(p.startswith(f"Dataset901_PhantomCord/{TRAINER}/") for p in members(out / ZIP))


def test_a_dataset_without_name(
    model: Path,
    out: Path,
    refused: Callable[..., str],
) -> None:
    model = model.rename(out.parent / TRAINER)
    edit_json(model / "plans.json", dataset_name="Cord")
    assert "DatasetNNN_NAME" in refused(model, "--layout", "dataset")


# ------------------------------------------------------------------------------ the zip's name


def test_the_name_of_the_repository_around_the_model(model: Path, out: Path) -> None:
    git = out.parent / ".git"
    git.mkdir()
    (git / "config").write_text(f'[remote "origin"]\n\turl = git@github.com:lab/{NAME}.git\n')
    assert run(model, name=None) == 0
    assert [p.name for p in out.iterdir()] == [ZIP]


def test_the_name_of_the_current_repository(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = out / NAME
    (repository / "release").mkdir(parents=True)
    (repository / ".git").mkdir()
    monkeypatch.chdir(repository / "release")
    assert run(model, name=None) == 0
    assert [p.name for p in (repository / "release").iterdir()] == [ZIP]


@pytest.mark.parametrize("tag", [None])
def test_the_tag_of_today(tag: None, model: Path, out: Path) -> None:
    assert run(model, tag=tag) == 0
    (package,) = out.iterdir()
    assert re.fullmatch(rf"{NAME}-r2\d{{7}}\.zip", package.name)


def test_any_file_name(model: Path, out: Path) -> None:
    assert run(model, "--output", out / "x.ZIP", name=None) == 0
    assert [p.name for p in out.iterdir()] == ["x.ZIP"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": None}, "which model repository is this for?"),
        ({"name": "seg_sc"}, "--name seg_sc: "),
        ({"name": "model_seg_mice"}, "did you mean model_seg_mouse?"),
        ({"name": "../model_seg_sc"}, "--name ../model_seg_sc: "),
        ({"name": ""}, "--name"),
        ({"tag": "r20240230"}, "no such date"),
        ({"tag": "20240901"}, "rYYYYMMDD"),
        ({"tag": "r2024091"}, "rYYYYMMDD"),
        ({"tag": "r2024091\u0665"}, "rYYYYMMDD"),
        ({"tag": "r99990101"}, "is the year right?"),
        ({"tag": ""}, "rYYYYMMDD"),
    ],
)
def test_a_wrong_name_or_tag(
    options: dict[str, str | None],
    message: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    words = [f"--{key}={value}" for key, value in options.items() if value is not None]
    defaults: dict[str, Any] = dict.fromkeys(options)
    assert message in refused(model, *words, **defaults)


@pytest.mark.parametrize("path", ["nowhere", "nowhere/x.zip"])
def test_an_output_that_is_not_there(
    path: str,
    model: Path,
    refused: Callable[..., str],
) -> None:
    assert "make it first" in refused(model, "--output", path)


# ------------------------------------------------------------------------- nothing half-written


def test_an_existing_package_is_kept(
    model: Path,
    out: Path,
    refused: Callable[..., str],
) -> None:
    (out / ZIP).write_bytes(b"precious")
    assert "--force" in refused(model)
    assert (out / ZIP).read_bytes() == b"precious"
    assert run(model, "--force") == 0
    assert (out / ZIP).read_bytes() != b"precious"


def test_force_keeps_the_old_package_when_the_new_one_fails(model: Path, out: Path) -> None:
    (out / ZIP).write_bytes(b"precious")
    edit_json(model / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(model, "--force") == 1
    assert (out / ZIP).read_bytes() == b"precious"
    assert [p.name for p in out.iterdir()] == [ZIP]


def test_a_missing_model_is_said_before_anything_else(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / ZIP).write_bytes(b"precious")
    assert run(tmp_path / "nope") == 2
    assert main(["pack", "nope", "--output", "nowhere"]) == 2
    assert capsys.readouterr().err.count("nope: no such folder") == 2


def test_a_package_that_came_meanwhile_is_kept(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_by_another(*arguments: Any, **options: Any) -> Any:
        (out / ZIP).write_bytes(b"precious")
        return write(*arguments, **options)

    write = new_package.write
    monkeypatch.setattr(new_package, "write", written_by_another)
    assert run(model) == 2
    assert "exists already" in capsys.readouterr().err
    assert (out / ZIP).read_bytes() == b"precious"
    assert [p.name for p in out.iterdir()] == [ZIP]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("x")]
)
def test_an_error_leaves_nothing(
    error: BaseException,
    model: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(ZipWriter, "finish", fails)
    assert run(model) == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert capsys.readouterr().err.count("\n") == 1
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(number: signal.Signals, model: Path, out: Path) -> None:
    code = (
        f"{LISTEN}import os, sys\n"
        "from model_lint.ship import new_package\n"
        "from model_lint.cli import main\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["pack", str(model), "--name", NAME, "--tag", TAG]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + number
    assert done.stderr.startswith("model-lint: ")
    assert done.stderr.count("\n") == 1
    assert list(out.iterdir()) == []


def test_the_model_is_not_touched(model: Path, out: Path) -> None:
    def state() -> dict[str, tuple[bytes, float]]:
        files = [p for p in model.parent.rglob("*") if p.is_file()]
        return {str(p): (p.read_bytes(), p.stat().st_mtime) for p in files}

    before = state()
    run(model)
    assert state() == before


# ------------------------------------------------------------------------------------- the parts


def test_a_large_package_passes_too(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_lint.storage.zip_writer._LARGE", 10)
    assert run(model) == 0
    assert members(out / ZIP)
    assert main(["check", ZIP, "--fail-on", "info"]) == 0


def test_a_large_zip_has_64_bit_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_lint.storage.zip_writer._LARGE", 10)
    with (tmp_path / "x.zip").open("wb") as stream:
        archive = ZipWriter(stream)
        for name in ("a/é.bin", "b.bin"):
            with archive.member(name, size_limit=11) as member:
                member.write(b"0123456789" * 200_000)
                member.write(b"x")
        archive.finish()
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert read.testzip() is None
        assert read.namelist() == ["a/é.bin", "b.bin"]
        assert read.read("b.bin") == b"0123456789" * 200_000 + b"x"
        assert [info.extract_version for info in read.infolist()] == [45, 45]


def test_many_members_have_a_64_bit_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_lint.storage.zip_format.MAX_16", 2)
    with (tmp_path / "x.zip").open("wb") as stream:
        archive = ZipWriter(stream)
        for name in "abc":
            with archive.member(name) as member:
                member.write(name.encode())
        archive.finish()
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert {name: read.read(name) for name in read.namelist()} == {
            "a": b"a",
            "b": b"b",
            "c": b"c",
        }


def test_the_notes_of_a_picture() -> None:
    picture = (MODEL / "fold_0" / "progress.png").read_bytes()
    assert strip_notes(picture) == picture
    assert strip_notes(picture + b"rest") == picture
    for broken in (b"", b"GIF89a", picture[:50], picture[:-12]):
        with pytest.raises(ValueError, match="PNG"):
            strip_notes(broken)
