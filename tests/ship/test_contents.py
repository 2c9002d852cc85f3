"""Where the bytes of an entry come from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from build import MODEL, genuine, write_zip
from model_lint.checkpoint.model import Checkpoint
from model_lint.checkpoint.reader import File, read_checkpoint
from model_lint.errors import UsageError
from model_lint.ship.contents import Copied, Given, Origin, Slimmed
from model_lint.storage.ranges import of_file
from model_lint.storage.zip import open_zip

CHECKPOINT = MODEL / "fold_0" / "checkpoint_final.pth"
PLANS = next(path for path in genuine() if path.endswith("plans.json"))


def copied(origin: Origin) -> tuple[bytes, list[tuple[int, int]]]:
    """Return what an origin gives, and the steps that it reports."""
    target = io.BytesIO()
    steps: list[tuple[int, int]] = []
    origin.copy_to(target, lambda done, total: steps.append((done, total)))
    assert len(target.getvalue()) <= origin.most
    return target.getvalue(), steps


def test_bytes_that_are_there() -> None:
    assert copied(Given(b"abc")) == (b"abc", [])
    assert copied(Given()) == (b"", [])


def test_a_checkpoint_is_cut_down() -> None:
    origin = Slimmed(CHECKPOINT)
    data, steps = copied(origin)
    assert len(data) < 0.6 * origin.size
    assert steps[-1][0] == steps[-1][1]
    slim = read_checkpoint(File(lambda: io.BytesIO(data), len(data)))
    assert isinstance(slim, Checkpoint)
    assert slim.optimizer_bytes == 0
    assert copied(Slimmed(CHECKPOINT, keep_training_state=True))[0] > data


def test_a_checkpoint_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.pth").write_bytes(CHECKPOINT.read_bytes()[:5000])
    with pytest.raises(UsageError, match=r"x\.pth: .*cut off"):
        copied(Slimmed(tmp_path / "x.pth"))


def test_a_member_of_another_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", [*genuine().items()])
    with path.open("rb", buffering=0) as raw:
        tree = open_zip(of_file(raw))
        member = next(member for member in tree.members if member.path == PLANS)
        data, steps = copied(Copied(tree, member))
    assert data == genuine()[PLANS]
    assert steps == [(len(data), len(data))]


def test_a_member_that_does_not_unpack(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", [("a.txt", b"unique content")])
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("a.txt").compress_type == zipfile.ZIP_STORED
    path.write_bytes(path.read_bytes().replace(b"unique", b"Unique"))
    with path.open("rb", buffering=0) as raw:
        tree = open_zip(of_file(raw))
        with pytest.raises(UsageError, match=r"a\.txt does not unpack: Bad CRC-32"):
            copied(Copied(tree, tree.members[0]))
