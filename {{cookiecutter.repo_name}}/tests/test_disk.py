"""Full disks: which one, how much is needed, what was kept."""

from __future__ import annotations

import errno
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import disk
from common import fail, write_json
from settings import Settings
from test_train import planned

SCRIPTS = Path(disk.__file__).parent
LIMITED = """\
import resource, signal, sys
sys.path.insert(0, {scripts!r})
from pathlib import Path
import disk
work = Path({work!r})
assert not disk.is_full(work)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
assert disk.is_full(work)
print(disk.explained(RuntimeError("a worker is gone"), work, 3_200_000_000, "the checkpoint"))
"""


def test_a_failure_on_a_full_disk_is_explained(tmp_path: Path) -> None:
    """The limit of the process is one of the file system, as that of a full disk."""
    code = LIMITED.format(scripts=str(SCRIPTS), work=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"the disk of {tmp_path} is full; the step needs about 3.2 GB there.")
    assert "Kept: the checkpoint." in line
    assert line.endswith("run the same command again")


def test_a_failure_for_another_reason_stays_as_it_is(tmp_path: Path) -> None:
    error = RuntimeError("nnUNetv2_train failed with exit status 1")
    assert disk.explained(error, tmp_path, None, "all") is error
    full = OSError(errno.ENOSPC, "No space left on device")
    assert "is full" in str(disk.explained(full, tmp_path, None, "all"))


def test_an_error_of_the_system_is_explained_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail(OSError(errno.ENOSPC, "No space left on device", "a/b.nii.gz"))
    said = capsys.readouterr().err
    assert said.startswith("error: the disk of a/b.nii.gz is full; free some space")
    fail(OSError(errno.EACCES, "Permission denied", "a"))
    assert "Permission denied" in capsys.readouterr().err


def test_what_is_needed_follows_from_the_plans(settings: Settings) -> None:
    settings = replace(settings, nnunet=replace(settings.nnunet, configuration="2d"))
    assert disk.preprocessing_bytes(settings) is None
    assert disk.training_bytes(settings) is None
    folder = settings.preprocessed
    write_json(folder / f"{settings.nnunet.plans_name}.json", planned())
    shapes, spacings = [[10, 20, 30]] * 2, [[3, 0.5, 0.5], [3, 1, 0.5]]
    fingerprint = {"shapes_after_crop": shapes, "spacings": spacings}
    write_json(folder / "dataset_fingerprint.json", fingerprint)
    # Image (4 bytes) and labels (2 bytes) of 10 slices, the second with twice as many rows.
    assert disk.preprocessing_bytes(settings) == 6000 * 6 + 12000 * 6
    needed = disk.training_bytes(settings)
    assert needed is not None
    # Three checkpoints with weights and momentum; about 30,000 weights.
    assert 3 * 8 * 25_000 < needed < 3 * 8 * 40_000
