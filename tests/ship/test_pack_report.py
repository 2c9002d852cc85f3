"""What ``model-lint pack`` says of a package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from model_lint.ship.pack_report import next_steps
from packing import ZIP, members, run


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
    assert f"model-lint publish {ZIP}" in said


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


def test_what_follows_can_be_pasted() -> None:
    path = Path("my models/x-r20261123.zip")
    assert next_steps([path], "r20261123") == (
        "Next: model-lint try 'my models/x-r20261123.zip'\n"
        "      model-lint publish 'my models/x-r20261123.zip'\n"
    )
    assert next_steps([path], "r20261124").endswith(".zip' --tag r20261124\n")
