"""``model-lint pack``: the package as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import TRAINER
from checkpoint_files import file_of, member, rezipped
from model_lint.checkpoint.model import Checkpoint
from model_lint.checkpoint.reader import read_checkpoint
from model_lint.cli import main
from model_lint.rules import package_size
from model_lint.ship import pack as packing_module
from model_lint.ship.contents import Slimmed
from model_lint.storage import zip_writer
from packing import ZIP, edit_json, members, run

FINAL = "fold_0/checkpoint_final.pth"
#: Names of a convolution's weights and of a normalisation's.
KERNEL = "encoder.stages.0.0.convs.0.conv.weight"
NORM = "encoder.stages.0.0.convs.0.norm.weight"


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


def test_it_passes_its_own_check(model: Path, out: Path) -> None:
    assert run(model) == 0
    assert main(["check", ZIP, "--fail-on", "info"]) == 0


def test_members_are_plain(model: Path, out: Path) -> None:
    run(model)
    with zipfile.ZipFile(out / ZIP) as archive:
        for info in archive.infolist():
            stored = info.filename.endswith(".pth")  # any byte of it can be reached
            assert info.compress_type == (zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o100644
            assert info.flag_bits == 0


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


def test_what_the_linter_refuses_is_not_written(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", labels={"background": 0, "sc": 3})
    assert run(model) == 1
    captured = capsys.readouterr()
    assert "D006" in captured.out
    assert "was not written" in captured.err
    assert list(out.iterdir()) == []


def test_the_model_is_not_touched(model: Path, out: Path) -> None:
    def state() -> dict[str, tuple[bytes, float]]:
        files = [p for p in model.parent.rglob("*") if p.is_file()]
        return {str(p): (p.read_bytes(), p.stat().st_mtime) for p in files}

    before = state()
    run(model)
    assert state() == before


def test_a_large_package_passes_too(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_writer, "_LARGE", 10)
    assert run(model) == 0
    assert members(out / ZIP)
    assert main(["check", ZIP, "--fail-on", "info"]) == 0


# What ``check --deep`` looks at


#: The name of a tensor, another value, and how many of its first numbers get it (None: all).
Fill = tuple[str, float, int | None]


def fill(model: Path, how: Fill) -> None:
    """Change numbers in the checkpoint of the one fold; its checksums fit."""
    name, value, count = how
    data = (model / FINAL).read_bytes()
    checkpoint = read_checkpoint(file_of(data))
    assert isinstance(checkpoint, Checkpoint)
    record = f"data/{checkpoint.weights[name].storage.key}"
    numbers = member(data, record)
    new = struct.pack("<f", value) * (count or len(numbers) // 4)
    (model / FINAL).write_bytes(rezipped(data, {record: new + numbers[len(new) :]}))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ((KERNEL, float("nan"), None), "NaN or infinite"),
        ((KERNEL, float("inf"), None), "NaN or infinite"),
        ((NORM, float("-inf"), None), "NaN or infinite"),
        ((NORM, float("nan"), 1), "NaN or infinite"),
        ((KERNEL, 0, None), "only zeros"),
    ],
)
def test_weights_that_diverged_are_no_package(
    how: Fill,
    says: str,
    model: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(model, how)
    for options in ([], ["--keep-training-state"]):
        assert run(model, *options) == 1
        captured = capsys.readouterr()
        assert "C013" in captured.out
        assert says in captured.out
        assert "was not written" in captured.err
        assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "how",
    [(NORM, 0, None), (KERNEL, 0, 5), (KERNEL, 3e38, None), (KERNEL, -1e-45, None)],
)
def test_weights_that_may_be_meant_are_packed(how: Fill, model: Path, out: Path) -> None:
    fill(model, how)
    assert run(model) == 0
    assert main(["check", "--deep", ZIP]) == 0


def test_damaged_numbers_are_no_package(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """torch does not look at the checksums of records."""
    data = (model / FINAL).read_bytes()
    at = data.index(member(data, "data/7"))
    (model / FINAL).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert run(model) == 2
    assert "its checksum is wrong" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_every_byte_of_what_is_written_is_read(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that needs every byte finds what only reading every byte shows."""
    assert run(model, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert main(["check", "--deep", "--fail-on", "info", ZIP]) == 0


# The limit of GitHub


def test_what_github_does_not_take_is_no_package(
    model: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(package_size, "MAX_ASSET_BYTES", 100_000)
    assert run(model) == 1
    captured = capsys.readouterr()
    assert "L026" in captured.out
    assert "was not written" in captured.err
    assert list(out.iterdir()) == []


def test_it_is_told_before_all_of_it_is_written(
    model: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(model / "fold_0", model / "fold_1")
    monkeypatch.setattr(packing_module, "MAX_ASSET_BYTES", 80_000)
    written: list[str] = []
    copy = Slimmed.copy_to

    def noted(self: Slimmed, *rest: Any) -> None:
        copy(self, *rest)
        written.append(str(self.path))

    monkeypatch.setattr(Slimmed, "copy_to", noted)
    said = refused(model)
    assert "fold_0/checkpoint_final.pth the package reaches 80,000 bytes" in said
    assert "or take fewer folds, such as --folds 0, or ignore L026" in said
    assert len(written) == 1


def test_whoever_ignores_the_limit_has_another_place(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_module, "MAX_ASSET_BYTES", 80_000)
    monkeypatch.setattr(package_size, "MAX_ASSET_BYTES", 80_000)
    (out / ".git").mkdir()
    (out / "model-lint.toml").write_text('ignore = {L026 = "on our own server"}\n')
    assert run(model) == 0
