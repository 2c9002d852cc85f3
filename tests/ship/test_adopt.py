"""Old packages as they were published, each adopted: what becomes of them, and what is asked for.

The cases are the failures of real packages: of layout (L), checkpoints (C), trainers (T), JSON (D)
and private data (P).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from build import (
    ABSENT,
    CHECKPOINT,
    MODEL,
    SECOND,
    TRAINER,
    Change,
    copy,
    dataset,
    drop,
    edit,
    findings,
    inside,
    move,
    package,
    plans,
    put,
    rename_trainer,
    replace,
    rewrite,
    unpacked,
)
from catalogue.layout import CROP, DS_STORE, IN_3D, LOG, with_doubles
from catalogue.plans import old_format
from model_lint.cli import main
from model_lint.findings import Severity
from repairing import contents, digest

pytestmark = pytest.mark.usefixtures("elsewhere")

NEW = "model_seg_sc-gm_t2star-r20261124.zip"
FINAL = "checkpoint_final.pth"
BEST = "fold_0/checkpoint_best.pth"
NAMED = ("--name", "model_seg_sc-gm_t2star", "--tag", "r20261124")
RPI = ("--orientation", "RPI")
SOURCE = str(MODEL / "trainer_class.py")
UNORIENTED = dataset({"image_orientation": ABSENT})


@dataclass(frozen=True)
class Old:
    """An old package, and what it takes to adopt it."""

    #: The failure in the list of real ones, and a few words.
    what: str
    changes: tuple[Change, ...]
    options: tuple[str, ...] = ()
    folds: tuple[int, ...] = (0,)
    #: Codes of the rules that the report names, among others.
    says: frozenset[str] = frozenset()
    #: Codes of warnings that remain.
    remain: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.what.replace(" ", "-")


def old(what: str, *changes: Change, says: str = "", remain: str = "", **more: Any) -> Old:
    codes = frozenset(says.split()), frozenset(remain.split())
    return Old(what, changes, says=codes[0], remain=codes[1], **more)


def in_log(text: str) -> Change:
    return rewrite(f"{LOG}.txt", lambda data: data + text.encode())


CASES = [
    old("L1 files without their folder", move("", "/"), says="L001"),
    old("L2 files in a folder of another name", rename_trainer("model-rootlets"), says="L001"),
    old("L4 an extra folder", inside("Dataset901_PhantomCord"), inside("old"), says="L004"),
    old("L5 a folder of another trainer",
        rename_trainer("nnUNetTrainer_1500ep__nnUNetPlans__2d"), says="C004"),
    old("L8 two configurations", copy("/" + TRAINER, f"/{IN_3D}"),
        options=("--model", TRAINER), says="L015"),
    old("L12 DS_Store beside a wrapper", inside("model"), put("/.DS_Store", DS_STORE),
        says="Z008"),
    old("L12 the Finder's folder", with_doubles, says="Z008"),
    old("L13 nnUNetTrainer in the wrapper's name", inside("model_nnUNetTrainer"), says="L006"),
    old("L14 a wrapper around the dataset", inside("Dataset901_PhantomCord"), inside("x"),
        put("/x/README.md", "# Model"), says="L004 L015"),
    old("C1 only the best checkpoint", move(CHECKPOINT, BEST), says="L011"),
    old("C3 the best and the latest beside the final one", copy(CHECKPOINT, BEST),
        copy(CHECKPOINT, "fold_0/checkpoint_latest.pth"), says="L012"),
    old("C5 final and best are mixed", move(SECOND, "fold_1/checkpoint_best.pth"), folds=(0, 1),
        options=("--checkpoint", "checkpoint_best.pth"), says="L011"),
    old("C6 a copy of a fold", copy("fold_0", "fold_0_old"), says="L009"),
    old("C6 all beside 0", copy("fold_0", "fold_all"), options=("--folds", "0")),
    old("C6 another name of a fold", move("fold_0", "Fold-0"), says="L008"),
    old("C6 no fold", move("fold_0", ""), says="L008"),
    old("C9 numbers of numpy", says="C010 C011"),
    old("T1 the trainer is missing", drop("trainer_class.py"),
        options=("--trainer-class", SOURCE), says="L016"),
    old("T1 the trainer is elsewhere", move("trainer_class.py", "/trainer.py"), says="L016"),
    old("T7 a relative import", replace("trainer_class.py", "import torch\n", "import torch\n"
        "from .loss import Loss\n"), options=("--trainer-class", SOURCE), says="L018"),
    old("D3 no orientation", UNORIENTED, options=RPI, says="D003"),
    old("D3 no orientation but the reader's", UNORIENTED,
        plans({"image_reader_writer": "NibabelIOWithReorient"}),
        options=("--plans", "kept"), says="D003"),
    old("D4 small letters", dataset({"image_orientation": " rpi"}), says="D004"),
    old("D4 a list of letters", dataset({"image_orientation": ["R", "P", "I"]}), says="D004"),
    old("D4 another code", dataset({"image_orientation": "XYZ"}), options=RPI, says="D004"),
    old("D1 the old key", dataset({"image_orientation": ABSENT, "orientation": "RPI"}),
        options=RPI, says="D005"),
    old("D5 a byte order mark", rewrite("dataset.json", lambda d: b"\xef\xbb\xbf" + d),
        says="D001"),
    old("D6 a label in _seg", dataset({"labels": {"background": 0, "sc": 1, "gm_seg": 2}}),
        options=("--label", "gm_seg=gm"), says="D008"),
    old("D6 a label in _seg stays", dataset({"labels": {"background": 0, "sc": 1, "gm_seg": 2}}),
        remain="D008"),
    old("D9 channels as in nnU-Net 1",
        dataset(lambda d: d.update(modality=d.pop("channel_names"))), says="D007"),
    old("D9 channels in a list", dataset({"channel_names": ["T2star"]}), says="D007"),
    old("D9 values as text", dataset({"labels": {"background": "0", "sc": "1", "gm": 2.0}}),
        says="D006"),
    old("D11 plans of the old format", plans(old_format), says="P004"),
    old("D12 edited plans", plans(lambda p: p["configurations"]["2d"].update(spacing=[9, 9])),
        options=("--plans", "trained"), says="C012"),
    old("D12 no plans", drop("plans.json"), says="L007"),
    old("D12 no dataset", drop("dataset.json"), options=RPI, says="L007"),
    old("D12 half of the plans", rewrite("plans.json", lambda d: d[:500]), says="P001"),
    old("D14 crop metadata in the trainer folder", put("crop_metadata.json", CROP), says="L020"),
    old("P1 a home in the log", in_log("\n/home/jane/data/x at host01.example.org\n"),
        says="V001"),
    old("P3 lists of the data", put("datasplits/split.yaml", "train: [a]"),
        put("dataset.txt", "sub-001"), put("splits_final.json", "[]"), says="L015"),
    old("P3 images and predictions", put("fold_0/sub-001_T2w.nii.gz"),
        put("fold_0/validation/summary.json", "{}"), says="L013 L014"),
    old("no fingerprint", drop("dataset_fingerprint.json"), remain="L007"),
    old("a fingerprint is given", drop("dataset_fingerprint.json"),
        options=("--fingerprint", str(MODEL / "dataset_fingerprint.json")), says="L007"),
    old("everything in the fold",
        *(move(name, f"fold_0/{name}") for name in ("dataset.json", "plans.json")), says="L007"),
    old("another plans' name", rename_trainer(f"{TRAINER[:17]}__OtherPlans__2d"), says="P003"),
    old("a misspelled configuration", rename_trainer(f"{TRAINER[:-2]}2D_fulres"), says="C005"),
    old("a checkpoint with another name", move(CHECKPOINT, "fold_0/Checkpoint_Final.pth"),
        says="L011"),
]  # fmt: skip


def adopt(*words: str | Path, named: bool = True) -> int:
    return main(["adopt", *map(str, words), *(NAMED if named else ())])


def report(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> Any:
    assert adopt(*words, "--format", "json") == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_old_package_becomes_one_that_lints_clean(
    case: Old, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, *case.changes, folds=case.folds, name="old.zip")
    before = digest(source)
    told = report(capsys, source, *case.options)
    assert digest(source) == before
    left = [f for f in findings(tmp_path / NEW, deep=True) if f.severity is not Severity.INFO]
    assert {f.code for f in left} == case.remain, left
    assert {one["code"] for one in told["remains"]} >= case.remain
    codes = {code for change in told["changes"] for code in change["codes"]}
    assert codes >= case.says
    check_changes(told, contents(source), contents(tmp_path / NEW))
    again = report(capsys, tmp_path / NEW)
    assert again["same"]
    assert not again["changes"]


def check_changes(told: Any, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Each entry of both zips is in the list of changes, or is the same in both."""
    changes = told["changes"]
    dropped = [c["old"] for c in changes if c["kind"] == "drop"]
    folders = {c["new"]: c["old"] for c in changes if c["kind"] == "move" and c["new"][-1] == "/"}
    moved = {c["new"]: c["old"] for c in changes if c["kind"] == "move"}
    edited = {c["new"] for c in changes if c["kind"] == "edit"}
    added = {c["new"] for c in changes if c["kind"] == "add"}
    origins = {}
    for path in after:
        around = next((new for new in folders if path.startswith(new)), "")
        start = folders.get(around, "").removeprefix("./")
        origins[path] = moved.get(path, start + path.removeprefix(around))
    for path in after.keys() - added:
        same = before[origins[path]] == after[path]
        assert same is (path not in edited), path
    gone = {p for p in before if any(p == d or p.startswith(f"{d.rstrip('/')}/") for d in dropped)}
    kept = {origins[path] for path in after.keys() - added}
    assert gone | kept == before.keys()
    assert not gone & kept


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


def refused(
    source: str, says: str, capsys: pytest.CaptureFixture[str], *options: str, named: bool = True
) -> None:
    """It ends with one line, and leaves nothing."""
    before = sorted(Path().iterdir())
    assert adopt(source, *options, named=named) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert says in captured.err
    assert ".model-lint-" not in captured.err
    assert sorted(Path().iterdir()) == before


def test_two_folds_of_two_zips_become_one_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="model_fold0.zip")
    package(tmp_path, drop("trainer_class.py"), folds=(1,), name="model_fold1.zip")
    told = report(capsys, "model_fold0.zip", "model_fold1.zip")
    assert {path.split("/")[1] for path in contents(Path(NEW)) if "/fold_" in path} == {
        "fold_0",
        "fold_1",
    }
    assert len([c for c in told["changes"] if c["new"].endswith(FINAL)]) == 2
    assert not [f for f in findings(Path(NEW), deep=True) if f.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([], "`fold_0/"),
        ([edit("plans.json", {"plans_name": "Other"}), move("fold_0", "fold_1")], "`plans.json`"),
        ([rename_trainer(IN_3D), move(f"/{IN_3D}/fold_0", f"/{IN_3D}/fold_1")], "not folds of one"),
    ],
    ids=["the same fold", "other plans", "another model"],
)
def test_zips_that_are_not_folds_of_one_model(
    changes: list[Change], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="a.zip")
    package(tmp_path, rewrite(f"{LOG}.txt", lambda d: d + b"x"), *changes, name="b.zip")
    refused("a.zip", says, capsys, "b.zip")


def test_a_folder_and_its_zip_give_the_same_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, UNORIENTED, name="old.zip")
    unpacked(tmp_path / "old", UNORIENTED)
    assert adopt("old.zip", *RPI, "--output", "a.zip") == 0
    assert adopt("old", *RPI, "--output", "b.zip") == 0
    assert adopt(f"old/{TRAINER}", *RPI, "--output", "c.zip") == 0
    assert len({digest(tmp_path / f"{name}.zip") for name in "abc"}) == 1
    assert "L015" not in capsys.readouterr().out
