"""What is not adopted: what has to be asked for, and what is damaged, unsafe or no model."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from adopting import BEST, NEW, UNORIENTED, adopt, refused
from build import (
    ABSENT,
    CHECKPOINT,
    LISTEN,
    TRAINER,
    Change,
    copy,
    dataset,
    drop,
    genuine,
    move,
    only,
    package,
    patch_entry,
    plans,
    put,
    rewrite,
    write_zip,
)
from catalogue.layout import IN_3D
from checkpoint_files import GENUINE, with_pickle
from model_lint.checkpoint.reader import File
from model_lint.checkpoint.writer import write_checkpoint
from model_lint.storage.new_file import TEMPORARY
from model_lint.storage.zip_writer import ZipWriter
from repairing import FINAL, digest

pytestmark = pytest.mark.usefixtures("elsewhere")

ASKED = [
    ("no orientation", [UNORIENTED], "give --orientation CODE, that of the training images"),
    ("an old key", [dataset({"image_orientation": ABSENT, "orientation": "RPI"})],
     "SCT does not read the old key `orientation`: `RPI`"),
    ("no trainer", [drop("trainer_class.py")], "give --trainer-class FILE"),
    ("both", [UNORIENTED, drop("trainer_class.py")],
     "shows; also: the trainer `nnUNetTrainerTiny` is not one of nnU-Net's"),
    ("two configurations", [copy("/" + TRAINER, f"/{IN_3D}")], "adopt one, with --model FOLDER"),
    ("all beside 0", [copy("fold_0", "fold_all")], "--folds all or 0"),
    ("only the latest", [move(CHECKPOINT, "fold_0/checkpoint_latest.pth")],
     "but has `checkpoint_latest.pth`: give --checkpoint checkpoint_latest.pth"),
    ("edited plans", [plans(lambda p: p["configurations"]["2d"].update(spacing=[9, 9]))],
     "`configurations.2d.spacing` is `[9, 9]`, trained with"),
    ("swapped labels", [dataset({"labels": {"background": 0, "sc": 2, "gm": 1}})],
     "give --dataset trained"),
    ("no name", [], "give --name, such as model_seg_sc_t2_unet3d"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), [a[1:] for a in ASKED], ids=[a[0] for a in ASKED])
def test_what_is_not_known_is_asked_for(
    changes: list[Change], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, *changes, name="old.zip")
    refused("old.zip", says, capsys, named=bool(changes))


def slimmed() -> bytes:
    """A checkpoint without the copies of plans and dataset."""
    out = io.BytesIO()
    write_checkpoint(File.at(GENUINE), out)
    return out.getvalue()


def flipped(data: bytes) -> bytes:
    """Change a bit in the middle of a checkpoint, where the weights are."""
    return data[:120_000] + bytes([data[120_000] ^ 1]) + data[120_001:]


EVIL = with_pickle(b"cos\nsystem\n(S'true'\ntR.")
#: Of nnU-Net 1.
PICKLES = {"/3d/plans.pkl": b"x", "/3d/fold_0/model_final_checkpoint.model": b"x"}

REFUSED: dict[str, tuple[list[Change], str]] = {
    "code in the checkpoint": ([put(CHECKPOINT, EVIL)], f"not adopted: {FINAL}: names the global"),
    "code in the best checkpoint": ([drop(CHECKPOINT), put(BEST, EVIL)],
                                    "fold_0/checkpoint_final.pth: names the global"),
    "torch's old format": ([put(CHECKPOINT, b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")],
                           "legacy format"),
    "a pointer of git-lfs": ([put(CHECKPOINT, "version https://git-lfs.github.com/spec/v1\n")],
                             "run git lfs pull"),
    "half a checkpoint": ([rewrite(CHECKPOINT, lambda d: d[:9999])], "the file is cut off"),
    "a weight with another byte": ([rewrite(CHECKPOINT, flipped)], "its checksum is wrong"),
    "a web page": ([put(CHECKPOINT, "<html>")], "the download went wrong"),
    "nnU-Net 1": ([only(), lambda files: files.update({k[1:]: v for k, v in PICKLES.items()})],
                  "(L025)"),
    "nothing": ([only()], "the package is empty"),
    "a repository": ([only(), put("/README.md"), put("/LICENSE")], "files of a repository"),
    "a zip in it": ([only(), put("/model.zip")], "was it zipped twice?"),
    "no fold": ([drop("fold_0")], "so no weights"),
    "a fold without weights": ([put("fold_1/debug.json", "{}")], "give --folds 0"),
    "a password": ([rewrite("trainer_class.py", lambda d: d + b"\n# ghp_" + b"A" * 36)],
                   "trainer_class.py, line"),
    "a key twice": ([rewrite("dataset.json", lambda d: d.replace(b"{", b'{"labels": 0,', 1))],
                    "duplicate key"),
    "no plans and no copy": ([drop("plans.json"), put(CHECKPOINT, slimmed())],
                             "plans.json is missing: give --plans FILE"),
    "two crops": ([put("/crop_metadata.json", "{}"), put("crop_metadata.json", "[]")], "differ"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_model_or_unsafe_is_refused(
    changes: list[Change], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, *changes, name="old.zip")
    refused("old.zip", says, capsys)


def _outside(path: Path) -> None:
    write_zip(path, [*genuine().items(), ("../evil.txt", b"x")])


def _link(path: Path) -> None:
    link = zipfile.ZipInfo(f"{TRAINER}/link")
    link.external_attr = 0o120777 << 16
    write_zip(path, [*genuine().items(), (link, b"/etc/passwd")])


def _differing(path: Path) -> None:
    write_zip(path, [*genuine().items(), (f"{TRAINER}/plans.json", b"{}")])


def _cut(path: Path) -> None:
    write_zip(path, genuine().items())
    path.write_bytes(path.read_bytes()[:2000])


def _damaged(path: Path) -> None:
    write_zip(path, genuine(put("fold_0/progress.png", b"unique content")).items())
    path.write_bytes(path.read_bytes().replace(b"unique content", b"eunique conten"))


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine().items():
            archive.writestr(name, data)
        archive.writestr(f"{TRAINER}/fold_0/training_log_x.txt", b"0" * (300 << 20))


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (_outside, "not adopted: the name of `../evil.txt` leads out"),
        (_link, "(Z004)"),
        (_differing, "with different content (Z007)"),
        (_cut, "(Z002)"),
        (_damaged, "does not unpack"),
        (_bomb, "(Z009)"),
        (lambda path: path.write_bytes(b"no zip"), "(Z001)"),
        (lambda path: patch_entry(write_zip(path, genuine().items()), FINAL, flags=1), "(Z005)"),
        (lambda path: patch_entry(write_zip(path, genuine().items()), FINAL, method=9), "method 9"),
    ],
)
def test_a_hostile_or_damaged_zip_is_refused(
    build: Callable[[Path], object],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    build(tmp_path / "old.zip")
    refused("old.zip", says, capsys)


def test_errors_that_stay_are_shown_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, dataset({"channel_names": {"0": "T1w", "1": "T2w"}}), name="old.zip")
    assert adopt("old.zip") == 1
    captured = capsys.readouterr()
    assert "error D009 sct-many-channels" in captured.out
    assert captured.err.count("\n") == 1
    assert "--dataset trained" in captured.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".zip"] == ["old.zip"]
    assert adopt("old.zip", "--dataset", "trained") == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--label", "gm"], "write OLD=NEW"),
        (["--label", "wm=gm"], "no label `wm`; it has `sc` and `gm`"),
        (["--label", "sc=gm"], "two labels would have one name"),
        (["--orientation", "RPX"], "write three letters"),
        (["--trainer", "MyTrainer"], "begins with nnUNetTrainer"),
        (["--trainer", "nnUNetTrainerAdam"], "one of nnU-Net's own trainers"),
        (["--trainer-class", "no.py"], "no.py: no such file"),
        (["--trainer-class", "."], ".: a folder, not a file"),
        (["--plans", "no.json"], "no.json: no such file"),
        (["--plans", "."], ".: a folder, not a file"),
        (["--fingerprint", "."], ".: a folder, not a file"),
        (["--fingerprint", "no.json"], "no such file"),
        (["--fingerprint", "taken.zip"], "dataset_fingerprint.json: unreadable"),
        (["./old.zip"], "fold_0 is in old.zip and in ./old.zip: name a zip for each fold"),
        (["--model", "other"], "no such trainer folder"),
        (["--folds", "7"], "no `fold_7` in it; it has `fold_0`"),
        (["--output", "no/x.zip"], "no folder no; make it first"),
        (["--output", "old.zip"], "would replace itself"),
        (["--output", "taken.zip"], "taken.zip exists already; give --force"),
        (["--tag", "2024"], "tag 2024: write r and the date"),
    ],
)
def test_wrong_usage_is_one_line(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken.zip").write_bytes(b"mine")
    refused(str(package(tmp_path, name="old.zip").name), says, capsys, *options)
    assert (tmp_path / "taken.zip").read_bytes() == b"mine"


@pytest.mark.parametrize("what", ["no.zip", "", ".", "taken.json"])
def test_what_is_no_package(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken.json").write_text("{}", encoding="utf-8")
    refused(what, "", capsys)


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="old.zip")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ZipWriter, "finish", full)
    refused("old.zip", "No space left on device; nothing was written", capsys)


@pytest.mark.parametrize("more", [[], ["--diff"]])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_leaves_nothing(
    tmp_path: Path, number: signal.Signals, more: list[str]
) -> None:
    before = digest(package(tmp_path, UNORIENTED, name="old.zip"))
    words = ["adopt", "old.zip", "--orientation", "RPI", "--output", NEW, *more]
    code = (
        f"{LISTEN}import os, sys\n"
        "from model_lint import cli\n"
        "from model_lint.ship import new_package\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        f"sys.exit(cli.main({words!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert len(done.stderr.splitlines()) == 1
    assert digest(tmp_path / "old.zip") == before
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
    assert not (tmp_path / NEW).exists()
