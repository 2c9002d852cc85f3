"""``model-lint try`` with the real nnU-Net and with SCT's fork of it, as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import nibabel as nib
import numpy as np
import pytest
from build import TRAINER, dataset, drop, package, put, replace, saved, unpacked
from differential import write
from github_server import GitHubServer
from judge import FORK, ask
from model_lint.cli import main
from model_lint.ship.trial import process
from releasing import NAME, OWNER, TAG, ReleaseCase
from report.test_report_schemas import junit_schema, report_schema
from ship.trial.hostile import write_nnunet
from storage.misbehaving import serving

#: Takes the words of a command line; returns its exit status, its report and standard error.
Try = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def tried(elsewhere: None, capsys: pytest.CaptureFixture[str]) -> Try:
    def run(*words: str | Path) -> tuple[int, Any, str]:
        status = main(["try", *map(str, words), "--format", "json"])
        captured = capsys.readouterr()
        report = json.loads(captured.out) if captured.out else None
        if report:
            report_schema("try").validate(report)
        return status, report, captured.err

    return run


@pytest.fixture
def sct(tmp_path: Path) -> Path:
    """A Python with SCT's fork of nnU-Net, where SCT's installer puts it below SCT_DIR."""
    return script(tmp_path / "sct/python/envs/venv_sct/bin/python", FORK)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A Python with an nnU-Net that is imported in no time, and loads nothing."""
    return script(tmp_path / "quick" / "python", write_nnunet(tmp_path / "nnunet"))


def script(path: Path, packages: Path) -> Path:
    path.parent.mkdir(parents=True)
    before = f"PYTHONPATH={shlex.quote(str(packages))}"
    path.write_text(f'#!/bin/sh\n{before} exec {shlex.quote(sys.executable)} "$@"\n')
    path.chmod(0o755)
    return path


def image(folder: Path, name: str = "image.nii.gz") -> Path:
    """Draw the image that the consumers' judges segment: 40 x 44 x 8 voxels, RPI.

    What is in it is beside it, in ``reference.nii.gz``.
    """
    rng = np.random.default_rng(7)
    x, y, z = np.meshgrid(np.arange(40), np.arange(44), np.arange(8), indexing="ij")
    dx, dy = (x - 17 - 0.4 * z) / 8, (y - 24 + 0.3 * z) / 8
    cord = dx**2 + (1.2 * dy) ** 2 <= 1
    horns = ((np.abs(dx) - 0.3) / 0.18) ** 2 + ((dy - 0.1) / 0.45) ** 2 <= 1
    drawn = 100 + 60 * cord + 50 * (cord & horns) + rng.normal(0, 14, cord.shape)
    affine = np.diag([-0.6, 0.6, 5.0, 1.0])
    affine[:3, 3] = (12, -13, -20)
    path = folder / name
    nib.save(nib.Nifti1Image(drawn.astype(np.float32), affine), path)
    labels = cord.astype(np.uint8) + (cord & horns)
    nib.save(nib.Nifti1Image(labels, affine), folder / "reference.nii.gz")
    return path


def messages(report: Any, number: int = 0) -> list[tuple[str, list[str]]]:
    return [(f["message"], f["codes"]) for f in report["trials"][number]["failures"]]


def test_it_segments_as_both_consumers_do(
    tmp_path: Path, sct: Path, tried: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCT_DIR", str(tmp_path / "sct"))
    path, picture = package(tmp_path), tmp_path / "picture.png"
    status, report, error = tried(
        path, image(tmp_path), "--with", "here", "--with", "sct", "--picture", picture,
        "--reference", tmp_path / "reference.nii.gz",
    )  # fmt: skip
    assert (status, report["works"]) == (0, True)
    assert error.count("running the package's code (trainer_class.py)") == 2
    stock, fork = report["trials"]
    assert [t["consumer"] for t in report["trials"]] == ["nnunet", "sct"]
    assert fork["versions"]["nnunetv2"] == "nnunetv2-neuropoly 2.6.2"
    assert stock["model"]["trainer"] == fork["model"]["trainer"] == "nnUNetTrainerTiny"
    for one in report["trials"]:
        ((_, verdict),) = ask(one["consumer"], [path])
        (result,) = one["images"]
        assert result["shape"] == [40, 44, 8]
        assert result["orientation"] == "RPI"
        expected = {suffix: int(mask.split(":")[0]) for suffix, mask in verdict.outputs.items()}
        assert {f"_{n.removeprefix('_').removesuffix('_seg')}_seg": v
                for n, v in result["voxels"].items()} == expected  # fmt: skip
        cord, grey = result["dice"].values()
        assert cord > 0.9
        assert grey > 0.8
        drawn = matplotlib.image.imread(one["picture"])
        assert drawn.shape[0] > 200
        assert drawn.shape[1] > 800
    assert stock["picture"] == str(tmp_path / "picture-nnunet.png")
    assert sorted(p.name for p in tmp_path.glob("picture*")) == [
        "picture-nnunet.png",
        "picture-sct.png",
    ]


def test_what_only_running_it_shows(tmp_path: Path, sct: Path, tried: Try) -> None:
    """A network of the trainer's own that the weights do not fit: no rule can tell."""
    method = """
    @staticmethod
    def build_network_architecture(*arguments, **options):
        return torch.nn.Conv2d(1, 3, 1)

"""
    getter = "\n\ndef get_trainer_class"
    path = package(tmp_path, replace("trainer_class.py", getter, f"{method}{getter[1:]}"))
    status, report, _ = tried(path, "--with", sct)
    assert status == 1
    ((message, codes),) = messages(report)
    assert message == "the weights do not fit the network Conv2d: 2 missing, 188 left over"
    assert not [f for f in report["findings"] if f["severity"] == "error"]
    assert codes == []


def test_an_empty_result_is_a_failure_of_an_image_alone(tmp_path: Path, tried: Try) -> None:
    def favour_background(checkpoint: Any) -> None:
        bias = checkpoint["network_weights"]["decoder.seg_layers.2.bias"]
        bias[:] = bias.new_tensor([1000, 0, 0])

    path = package(tmp_path, saved(favour_background))
    status, report, _ = tried(path, image(tmp_path))
    assert status == 1
    assert messages(report) == [("nothing was segmented in image.nii.gz", [])]
    status, report, _ = tried(path)
    assert (status, report["works"]) == (0, True)
    (result,) = report["trials"][0]["images"]
    assert result["voxels"] == {"sc": 0, "gm": 0}
    assert result["notes"][0].startswith("nothing was segmented, which says nothing")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("takes"),
        lambda data: data.update(version=2),
        lambda data: data["findings"].append({"code": "C001"}),
        lambda data: data["trials"][0].update(consumer="slicer"),
        lambda data: data["trials"][0]["failures"][0].update(codes=["none"]),
    ],
)
def test_the_schema_refuses(change: Any, tmp_path: Path, quick: Path, tried: Try) -> None:
    _, report, _ = tried(package(tmp_path), "--with", quick)
    change(report)
    assert not report_schema("try").is_valid(report)


def test_a_module_that_is_not_there(tmp_path: Path, tried: Try) -> None:
    path = package(
        tmp_path, replace("trainer_class.py", "import torch\n", "import torch, wandb_\n")
    )
    status, report, _ = tried(path)
    assert status == 1
    ((message, codes),) = messages(report)
    assert message == "it needs the module wandb_, which is not installed there"
    assert codes == ["L019"]


def test_two_channels(tmp_path: Path, sct: Path, tried: Try) -> None:
    path = write(tmp_path, ["model-two-channels"])["model-two-channels"]
    first, second = image(tmp_path, "t1.nii.gz"), image(tmp_path, "t2.nii.gz")
    status, report, _ = tried(path, first, second, "--with", "here", "--with", sct)
    assert status == 1
    stock, _ = report["trials"]
    assert stock["works"]
    assert len(stock["images"]) == 1
    assert messages(report, 1) == [("the network takes 2 channels, and gets 1", ["D009"])]
    status, report, error = tried(path, first)
    assert (status, report) == (2, None)
    assert "2 channels, each a file of its own, in order; 1 file given" in error


# ------------------------------------------------------ what takes no nnU-Net, or a quick one


def test_what_is_unsafe_is_not_run(tmp_path: Path, tried: Try) -> None:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.getenv, ("HOME",)

    path = package(tmp_path, saved({"attack": Attack()}))
    silenced = 'select = ["L"]\nignore = { K001 = "I know" }\n'
    (tmp_path / "model-lint.toml").write_text(silenced)
    status, report, error = tried(path)
    assert (status, report["works"], report["trials"], error) == (1, False, [], "")
    assert report["refused"] == ["K001"]


def test_code_from_the_web_is_asked_about(tmp_path: Path, quick: Path, tried: Try) -> None:
    path = package(tmp_path)
    with serving(path.read_bytes()) as site:
        status, report, error = tried(site.url, "--with", quick)
        assert (status, report) == (2, None)
        assert error.splitlines()[-1] == (
            f"model-lint: {site.url}: its code (trainer_class.py) comes from the web; read it, and "
            "give --yes to run it"
        )
        status, report, _ = tried(site.url, "--with", quick, "--yes")
    assert status == 1
    assert report["target"] == site.url
    assert messages(report)[0][0] == "it can't be loaded: RuntimeError: it was loaded"


def test_a_release(
    tmp_path: Path, quick: Path, tried: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    with GitHubServer() as server:
        monkeypatch.setenv("GITHUB_API_URL", server.api_url)
        ReleaseCase("", "a good release").publish(server)
        status, report, _ = tried(f"{OWNER}/{NAME}@{TAG}", "--with", quick, "--yes")
        missing = tried(f"{OWNER}/{NAME}@r20200101", "--with", quick)
    assert (status, report["target"]) == (1, f"{OWNER}/{NAME}@{TAG}")
    assert messages(report)[0][0] == "it can't be loaded: RuntimeError: it was loaded"
    assert (missing[0], "has no release r20200101" in missing[2]) == (2, True)


def test_a_system_without_limits(
    tmp_path: Path, quick: Path, tried: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a kernel without Landlock, and on an unknown machine."""
    without = (
        "import platform; platform.system = lambda: 'Other'; platform.machine = lambda: 'other'; "
    )
    monkeypatch.setattr(process, "_START", without + process._START)
    path = package(tmp_path)
    status, report, error = tried(path, "--with", quick)
    assert (status, report) == (2, None)
    first, last = error.splitlines()
    missing = "reading and writing of your files, the network and other processes"
    assert first.endswith(f"; NOT limited on this system: {missing}")
    assert last.endswith("not limited in everything; read it, and give --yes to run it")
    status, report, _ = tried(path, "--with", quick, "--yes")
    assert status == 1
    assert report["trials"][0]["limits"] == {
        "files": False, "network": False, "processes": False, "memory": True,
    }  # fmt: skip
    # Without code of its own, there is nothing to ask.
    plain = package(tmp_path, drop("trainer_class.py"))
    status, _, error = tried(plain, "--with", quick)
    assert status == 1
    assert error.startswith("model-lint: running the model within limits: ")
    # nnU-Net imports every module to find the trainer.
    module = package(tmp_path, drop("trainer_class.py"), put("tools/helper.py", "x = 1"))
    status, _, error = tried(module, "--with", quick)
    assert (status, "its code (helper.py) is not limited in everything" in error) == (2, True)


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 1), (b"n\n", 2)])
def test_a_person_is_asked(answer: bytes, status: int, tmp_path: Path, quick: Path) -> None:
    terminal, end = pty.openpty()
    os.write(terminal, answer)
    with serving(package(tmp_path).read_bytes()) as site:
        words = [sys.executable, "-m", "model_lint", "try", site.url, "--with", str(quick)]
        done = subprocess.run(words, stdin=end, stderr=end, stdout=subprocess.PIPE, check=False)
    os.close(end)
    shown = b""
    with contextlib.suppress(OSError):  # what the end of a terminal is
        while part := os.read(terminal, 1 << 16):
            shown += part
    os.close(terminal)
    assert b"Its code comes from the web. Run it? [y/N] " in shown
    assert done.returncode == status
    assert (b"it was loaded" in done.stdout) == (status == 1)


def test_a_folder_and_a_trainer_folder(tmp_path: Path, quick: Path, tried: Try) -> None:
    folder = unpacked(tmp_path / "results")
    for path in (folder, folder / TRAINER):
        status, report, _ = tried(path, "--with", quick)
        assert status == 1
        assert messages(report)[0][0] == "it can't be loaded: RuntimeError: it was loaded"
    assert not list(folder.rglob("__pycache__"))


def test_errors_of_the_linter_are_shown_and_it_is_tried(
    tmp_path: Path, quick: Path, capsys: pytest.CaptureFixture[str], elsewhere: None
) -> None:
    path = package(tmp_path, dataset({"image_orientation": "rpi"}), put("/second/x"))
    assert main(["try", str(path), "--with", str(quick)]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "error D004 invalid-image-orientation" in shown
    assert "which `model-lint check` shows" in shown
    assert "fails: it can't be loaded: RuntimeError: it was loaded (D004 reports it)" in shown
    assert shown.endswith("Fails with SCT's steps.")


def test_a_zip_that_can_not_be_unpacked(tmp_path: Path, quick: Path, tried: Try) -> None:
    path = tmp_path / "model.zip"
    path.write_bytes(b"<html>not found</html>")
    status, report, error = tried(path, "--with", quick)
    assert (status, error) == (1, "")
    ((message, codes),) = messages(report)
    assert message == "it can't be unpacked: BadZipFile: File is not a zip file"
    assert codes == ["Z001"]


def test_as_junit(
    tmp_path: Path, quick: Path, capsys: pytest.CaptureFixture[str], elsewhere: None
) -> None:
    path = package(tmp_path)
    assert main(["try", str(path), "--with", str(quick), "--format", "junit"]) == 1
    text = capsys.readouterr().out
    junit_schema().validate(text)
    (failure,) = ET.fromstring(text).iter("failure")
    assert failure.get("message") == "it can't be loaded: RuntimeError: it was loaded"


def test_only_the_package_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["try"])
    assert "arguments are required: PACKAGE;" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere.zip"], "nowhere.zip: no such file or folder"),
        (["{zip}", "nowhere.nii.gz"], "nowhere.nii.gz: no such file"),
        (
            ["{zip}", "{zip}", "--with", "{quick}"],
            "{zip}: nibabel can't read it as an image: Cannot work out file type of",
        ),
        (["{zip}", "{zip}"], "{zip}: SimpleITK can't read it as an image: Unable to determine"),
        (["{zip}", "{colours}"], "an image: it has several values for each voxel, such as"),
        (["{zip}", "{nan}", "--with", "{quick}"], "nan.nii.gz: contains NaN or infinite values"),
        (["{zip}", "{large}", "--memory", "0.1"], "the images take more than 100 MB; --memory all"),
        (["{zip}", "{zip}", "--reference", "{zip}", "--reference", "{zip}"], "1 image and 2 refer"),
        (["{zip}", "--reference", "nowhere.nii.gz"], "0 images and 1 reference given"),
        (
            ["{zip}", "{other}", "--reference", "{image}", "--with", "{quick}"],
            "image.nii.gz: not on the grid of other.nii.gz",
        ),
        (["{zip}", "--picture", "x.jpg"], "its name must end in .png"),
        (["{zip}", "--picture", "nowhere/x.png"], "no folder nowhere"),
        (["{zip}", "--output", "nowhere/x.json"], "no folder nowhere"),
        (["{zip}", "--picture", "{folder}"], "a folder; name a file"),
        (["{zip}", "{drawn}", "--picture", "{drawn}"], "it would replace an image"),
        (["{folder}"], "no trainer folder and no repository in this folder"),
        (["{zip}", "--with", "/nowhere"], "no Python there"),
        (["{zip}", "--with", "{ls}"], "not a Python that runs nnU-Net"),
        (["{zip}", "--with", "{bare}"], "has no nnU-Net; `"),
    ],
)
def test_wrong_usage_is_one_line(
    words: list[str], line: str, tmp_path: Path, quick: Path, tried: Try
) -> None:
    bare = script(tmp_path / "bare" / "python", tmp_path)
    bare.write_text(bare.read_text().replace('"$@"', '-S "$@"'))
    other = nib.Nifti1Image(np.zeros((4, 4, 4), np.float32), np.eye(4))
    nib.save(other, tmp_path / "other.nii.gz")
    colours = np.zeros((4, 4, 4), [(name, np.uint8) for name in "RGB"])
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / "colours.nii.gz")
    nan = nib.Nifti1Image(np.full((40, 40, 4), np.nan, np.float32), np.eye(4))
    nib.save(nan, tmp_path / "nan.nii.gz")
    if "{large}" in words:
        large = nib.Nifti1Image(np.zeros((300, 300, 300), np.float32), np.eye(4))
        nib.save(large, tmp_path / "large.nii")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "drawn.png").write_bytes(b"mine")
    known = {
        "folder": tmp_path / "folder.png", "drawn": tmp_path / "drawn.png",
        "zip": package(tmp_path), "quick": quick, "ls": "/bin/ls", "bare": bare,
        "image": image(tmp_path), "other": tmp_path / "other.nii.gz",
        "large": tmp_path / "large.nii", "nan": tmp_path / "nan.nii.gz",
        "colours": tmp_path / "colours.nii.gz",
    }  # fmt: skip
    status, report, error = tried(*(word.format(**known) for word in words))
    assert (status, report) == (2, None)
    assert line.format(**known) in error
    assert error.count("\n") == 1
