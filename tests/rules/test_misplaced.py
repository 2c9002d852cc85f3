"""What lies one level off, has another name or is a folder: one finding for one cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from build import (
    MODEL,
    STOCK,
    TRAINER,
    Case,
    Change,
    assert_case,
    changed,
    drop,
    findings,
    inside,
    move,
    package,
    put,
    rename_trainer,
    unpacked,
)
from model_lint.findings import Severity

W, E = Severity.WARNING, Severity.ERROR
FINAL = "fold_0/checkpoint_final.pth"
PLANS = (MODEL / "plans.json").read_bytes()
WEIGHTS = (MODEL / FINAL).read_bytes()
FILES = ("dataset.json", "plans.json", "dataset_fingerprint.json", "trainer_class.py")


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, **more)


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, fires=False, **more)


def out(*names: str, to: str = "/") -> Change:
    """Move files of the trainer folder to another folder."""

    def change(files: dict[str, bytes]) -> None:
        for name in names:
            move(name, f"{to}{name}")(files)

    return change


CASES = [
    # One level off
    case(
        "L007",
        "dataset.json and plans.json beside the trainer folder",
        out("dataset.json", "plans.json"),
        inside("Dataset291_Organs"),
        says="`dataset.json` and `plans.json` are next to the trainer folder",
        severity=E,
        also={"L005"},
    ),
    case(
        "L007",
        "the three JSON files beside the trainer folder, without a folder around",
        out(*FILES[:3]),
        says="are next to the trainer folder",
    ),
    case("L007", "the fingerprint beside it", out(FILES[2]), severity=W, says="is next to"),
    case("L007", "plans.json in the fold", out("plans.json", to="fold_0/"), says="fold_0`"),
    case("L007", "the files in a folder", out(*FILES[:2], to="config/"), says="config`"),
    case(
        "L007",
        "nothing but the fold in the trainer folder",
        out(*FILES),
        inside("Dataset291_Organs"),
        also={"L005", "L016"},
    ),
    case(
        "L007",
        "plans.json among the validation results",
        drop("plans.json"),
        put("crossval_results_folds_0/plans.json", PLANS),
        says="crossval_results_folds_0`",
        also={"L014"},
    ),
    # Another name
    case(
        "L007",
        "plans under the name of the plans",
        move("plans.json", "nnUNetResEncUNetLPlansIso1x1x1.json"),
        says="`nnUNetResEncUNetLPlansIso1x1x1.json` seems to be it",
        at="nnUNetResEncUNetLPlansIso1x1x1.json",
    ),
    case("L007", "plans of any name", move("plans.json", "p.json"), says="`p.json` seems to be it"),
    case("L007", "a data set of any name", move("dataset.json", "d.json"), says="`d.json`"),
    case(
        "L007", "a fingerprint of any name", move(FILES[2], "f.json"), says="`f.json`", severity=W
    ),
    case("L007", "a download twice", move("dataset.json", "dataset (1).json"), says="(1)"),
    case("L007", "a copy of the Finder", move("plans.json", "plans copy.json"), says="copy"),
    case("L007", "a copy of Windows", move("plans.json", "plans - Copy.json"), says="Copy"),
    case("L007", "Plans.json", move("plans.json", "Plans.json"), says="case matters"),
    case("L007", "PLANS.JSON", move("plans.json", "PLANS.JSON"), says="case matters"),
    case("L007", "a hyphen", move(FILES[2], "dataset-fingerprint.json"), says="seems to be it"),
    case(
        "L007",
        "another name in another folder",
        move("plans.json", "/nnUNetPlans.json"),
        says="`nnUNetPlans.json` is next to",
    ),
    case("L016", "the class in a file of its name", move(FILES[3], "nnUNetTrainerTiny.py")),
    case("L016", "the class beside the trainer folder", move(FILES[3], f"/{FILES[3]}")),
    case("L016", "the class in the fold", move(FILES[3], f"fold_0/{FILES[3]}")),
    case("L016", "the class in a download twice", move(FILES[3], "trainer_class (1).py")),
    # Folds
    case("L008", "in a folder of folds", move("fold_0", "folds/fold_0"), says="`folds/fold_0`"),
    case(
        "L008", "in a folder of the top", move("fold_0", "/weights/fold_0"), says="weights/fold_0`"
    ),
    case(
        "L008", "beside the trainer folder", move("fold_0", "/fold_0"), inside("D"), also={"L005"}
    ),
    case("L008", "fold-0", move("fold_0", "fold-0"), says="`fold-0`"),
    case("L008", "a number", move("fold_0", "0"), says="`0`"),
    case(
        "L008",
        "a checkpoint without a fold",
        out(FINAL),
        drop("fold_0"),
        move(f"/{FINAL}", "a.pth"),
        says="`a.pth`",
    ),
    # Checkpoints
    *(
        case("L011", name, move(FINAL, f"fold_0/{name}"), says=f"has `{name}`, not", at="fold_0")
        for name in (
            "checkpoint_best.pth",
            "checkpoint_final (1).pth",
            "Checkpoint_Final.pth",
            "checkpoint_final.pt",
            "model.pth",
            "checkpoint_final.pth.zip",
        )
    ),
    case(
        "L011",
        "in a folder of the fold",
        move(FINAL, "fold_0/models/checkpoint_final.pth"),
        says="`models/",
    ),
    case("L011", "in the trainer folder", move(FINAL, "checkpoint_final.pth")),
    case(
        "L011",
        "best and latest",
        move(FINAL, "fold_0/checkpoint_best.pth"),
        put("fold_0/checkpoint_latest.pth"),
    ),
    # Silent twins: nothing is missing, so that what is more is to be left out
    case("L015", "plans of another name beside plans.json", put("nnUNetPlans.json", PLANS)),
    case("L015", "plans.json at the top too", put("/plans.json", PLANS)),
    case("L015", "a folder of files", put("config/plans.json", PLANS)),
    case("L015", "the class twice", put("nnUNetTrainerTiny.py", "class nnUNetTrainerTiny: pass")),
    case("L015", "a class for a stock trainer", move(FILES[3], "a.py"), rename_trainer(STOCK)),
    case("L012", "the best beside the final one", put("fold_0/checkpoint_best.pth")),
    case("L012", "a checkpoint in the trainer folder too", put("checkpoint_final.pth", WEIGHTS)),
    case(
        "L012", "a fold in a folder of folds too", put("folds/fold_1/checkpoint_final.pth", WEIGHTS)
    ),
    case(
        "L015",
        "something else, where plans.json is missing",
        drop("plans.json"),
        put("note.json", "{}"),
        also={"L007"},
    ),
    case(
        "L015",
        "splits, where plans.json is missing",
        drop("plans.json"),
        put("splits_final.json", "[]"),
        also={"L007"},
    ),
    # Folders of the name of a file
    *(
        case(
            "L007",
            f"{name} is a folder",
            drop(name),
            put(f"{name}/x", "{}"),
            says="is a folder",
            at=name,
            severity=severity,
        )
        for name, severity in zip(FILES[:3], (E, E, W), strict=True)
    ),
    case(
        "L007",
        "an empty folder plans.json",
        drop("plans.json"),
        put("plans.json/"),
        says="a folder",
    ),
    case(
        "L011", "a folder", drop(FINAL), put(f"{FINAL}/"), says="is a folder, not a file", at=FINAL
    ),
    case(
        "L011",
        "an unpacked checkpoint",
        drop(FINAL),
        *(put(f"{FINAL}/checkpoint_final/{name}") for name in ("data.pkl", "version", "data/0")),
        says="is a folder, not a file",
    ),
    case(
        "L018",
        "a folder",
        drop(FILES[3]),
        put(f"{FILES[3]}/__init__.py"),
        says="a folder",
        severity=E,
    ),
    case(
        "L018",
        "a folder for a stock trainer",
        drop(FILES[3]),
        put(f"{FILES[3]}/"),
        rename_trainer(STOCK),
        also={"L017"},
    ),
    case("L021", "a folder", put("/crop_metadata.json/x.json"), says="is a folder"),
    case(
        "L015",
        "a folder in place of a log",
        drop("fold_0/debug.json"),
        put("fold_0/debug.json/x"),
        at="debug.json",
    ),
    case("L009", "a fold is a file", put("fold_1", WEIGHTS), says="is a file"),
    silent("L007", "folders of these names elsewhere", put("/docs/x.txt"), also={"L015"}),
    silent("L011", "all in place"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "Z", "L", "D")


@pytest.mark.parametrize(
    ("code", "changes", "advice"),
    [
        ("L007", (out("plans.json"),), f"move `plans.json` into `{TRAINER}`"),
        ("L007", (move("plans.json", "p.json"),), "rename `p.json` to `plans.json`"),
        (
            "L007",
            (move("plans.json", "/p.json"),),
            f"move `p.json` into `{TRAINER}`, as `plans.json`",
        ),
        ("L008", (move("fold_0", "folds/fold_0"),), f"move `fold_0` into `{TRAINER}`"),
        ("L009", (move("fold_0", "fold_00"),), "rename `fold_00` to `fold_0`"),
        (
            "L011",
            (move(FINAL, "checkpoint_final.pth"),),
            "move `checkpoint_final.pth` into `fold_0`",
        ),
        ("L016", (move(FILES[3], "a.py"),), "rename `a.py` to `trainer_class.py`"),
        ("L015", (put("fold_0/postprocessing.pkl"),), "say in the README what it does"),
        (
            "L015",
            (put(FILES[3], "import loss\n"), put("loss.py")),
            "put what `trainer_class.py` imports",
        ),
        ("L015", (put("loss.py"),), "leave it out of the zip"),
    ],
)
def test_the_advice_is_that_of_the_case(
    code: str, changes: tuple[Change, ...], advice: str, tmp_path: Path
) -> None:
    (found,) = findings(package(tmp_path, *changes), code, weights=False)
    assert advice in found.help


def test_a_folder_is_judged_as_the_zip_of_it(tmp_path: Path) -> None:
    changes = (drop(FINAL), put(f"{FINAL}/data.pkl"), out("plans.json", to="fold_0/"))
    zipped = findings(package(tmp_path, *changes), "L", weights=False)
    found = findings(unpacked(tmp_path / "x", *changes) / TRAINER, "L", weights=False)
    assert [f.message for f in found] == [f.message for f in zipped]
    assert [f.code for f in found] == ["L007", "L011"]
