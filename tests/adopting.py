"""Old packages as they were published, and what it takes to adopt each.

They are the failures of real packages: of layout (L), checkpoints (C), trainers (T), JSON (D) and
private data (P).
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
    inside,
    move,
    plans,
    put,
    rename_trainer,
    replace,
    rewrite,
)
from catalogue.layout import CROP, DS_STORE, IN_3D, LOG, with_doubles
from catalogue.plans import old_format
from model_lint.cli import main

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
    return main(["adopt", *(NAMED if named else ()), *map(str, words)])


def report(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> Any:
    assert adopt(*words, "--format", "json") == status
    return json.loads(capsys.readouterr().out)


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
