"""Logs and pictures of the training, packed without what is private."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest
from build import TRAINER
from packing import ZIP, edit_json, members, run

#: What the test model gives away, besides what is put into it below.
PRIVATE = ["workstation", "/home/user", "sub-jane01", "liver_12", "jane.doe"]


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
