"""The rules about files and folders, each on the genuine model with one change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import (
    MODEL,
    NAME,
    STOCK,
    TRAINER,
    Case,
    Change,
    Files,
    assert_case,
    changed,
    copy,
    drop,
    findings,
    inside,
    move,
    package,
    put,
    rename_trainer,
    unpacked,
    write_zip,
)
from catalogue.trainer import edited, imported, top
from checkpoint_files import genuine_pickle, with_pickle
from model_lint.findings import Consumer, Severity
from model_lint.nnunet.trainers import SCT_TRAINERS, TRAINERS

W, E, I = Severity.WARNING, Severity.ERROR, Severity.INFO  # noqa: E741 (as in the table of rules)
PADS = {
    f"pad_{side}": 15.0
    for side in ("superior", "inferior", "left", "right", "anterior", "posterior")
}
CROP = json.dumps(PADS)
CLASS = (MODEL / "trainer_class.py").read_text(encoding="utf-8")
LEFT_OUT = drop("trainer_class.py")


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, **more)


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, fires=False, **more)


def source(text: str) -> Change:
    """Replace ``trainer_class.py``."""
    return put("trainer_class.py", text)


def based(bases: str) -> Change:
    return edited("Tiny(nnUNetTrainer)", f"Tiny({bases})")


def edited_class(before: str) -> Change:
    return edited("class nnUNetTrainerTiny", f"{before}class nnUNetTrainerTiny")


def both(*changes: Change) -> Change:
    def change(files: Files) -> None:
        for one in changes:
            one(files)

    return change


def twice(name: str) -> Change:
    """Add the trainer folder again under another name."""
    return copy(f"/{TRAINER}", f"/{name}")


def copied(name: str) -> Change:
    """Add what macOS adds: a small file for each, under another folder."""

    def change(files: Files) -> None:
        for path in [*files]:
            folder, _, file = path.partition(TRAINER)[2].rpartition("/")
            files[f"{name}{folder}/._{file}"] = bytes.fromhex("0005160700020000") + bytes(112)

    return change


def from_files(code: str, what: str, files: list[tuple[str, bytes]], **more: Any) -> Case:
    """A case of a zip that is not the genuine model's."""

    def build(folder: Path) -> Path:
        return write_zip(folder / NAME, list(files))

    more["also"] = frozenset(more.get("also", ()))
    return Case(code, what, build, **more)


def builder(parameters: str, decorator: str = "@staticmethod", body: str = "return 1") -> Change:
    """Add a ``build_network_architecture`` of this signature to the trainer."""
    text = f"    {decorator}\n    def build_network_architecture({parameters}):\n        {body}\n\n"
    anchor = "    def perform_actual_validation"
    return edited(anchor, text + anchor)


def version_1(folder: str) -> list[tuple[str, bytes]]:
    """Return the files of a model of nnU-Net 1."""
    names = ("plans.pkl", "fold_0/model_final_checkpoint.model", "fold_0/debug.json")
    more = ("fold_0/model_final_checkpoint.model.pkl", "postprocessing.json")
    return [(folder + name, b"{}") for name in (*names, *more)]


#: A data set of the Decathlon.
DECATHLON = '{"labels": {"0": "background", "1": "cord"}, "modality": {"0": "MRI"}}'
DEEP = "enable_deep_supervision=True"
GIVEN = (
    "network_class_name, arch_kwargs, kwargs_req_import, num_input_channels, num_output_channels, "
    "enable_deep_supervision"
)
NAMED = ", ".join(f"{name}={name}" for name in GIVEN.split(", "))
CHANNELS = "num_input_channels, num_output_channels"
OLD = f"network_class_name, arch_kwargs, kwargs_req_import, {CHANNELS}, {DEEP}"
NEW = f"plans_manager, configuration_manager, {CHANNELS}, {DEEP}"
OLDEST = f"plans_manager, dataset_json, configuration_manager, num_input_channels, {DEEP}"

#: The specification's example, with the files that it shows.
SPECIFICATION = "nnUNetTrainer_2000epochs__nnUNetPlans__3d_fullres"


def as_specified(files: Files) -> None:
    rename_trainer(SPECIFICATION)(files)
    for ending in ("png", "txt"):
        files[f"{SPECIFICATION}/fold_0/training_log_2024_9_3_14_06_03.{ending}"] = b""


CASES = [
    from_files(
        "L001",
        "GitHub's source code",
        [("model_seg_sc-r20261123/README.md", b""), ("model_seg_sc-r20261123/a.py", b"")],
        says="`Source code (zip)`",
    ),
    from_files("L001", "a zip in the zip", [(f"a/{NAME}", b"")], says="zipped twice"),
    from_files("L001", "other files", [("a.txt", b"")], says="at the top is `a.txt`"),
    silent("L001", "the genuine model"),
    silent(
        "L001",
        "the specification's tree",
        as_specified,
        zip_name="model-spinal-rootlets-mp2rage-r20240915.zip",
        also={"L017"},
    ),
    from_files("L001", "empty zip", [], says="the package is empty", judged="zip-empty"),
    from_files("L001", "only folders", [("a/", b""), ("b/", b"")], says="`a` and `b`"),
    from_files("L001", "something else", [("README.md", b""), ("x/y.txt", b"")]),
    case(
        "L001",
        "files at the top",
        rename_trainer("x"),
        move("/x/dataset.json", "/dataset.json"),
        move("/x/plans.json", "/plans.json"),
        move("/x/fold_0", "/fold_0"),
        move("/x/trainer_class.py", "/trainer_class.py"),
        move("/x/dataset_fingerprint.json", "/dataset_fingerprint.json"),
        says="are at the top",
        judged="files-at-root",
    ),
    case(
        "L001",
        "in another folder",
        rename_trainer("my-model"),
        says="`my-model`",
        at="my-model",
        example=True,
    ),
    case(
        "L001",
        "README beside the wrapper",
        inside("wrapper"),
        put("/README.md"),
        says="`README.md`",
        also={"L015"},
    ),
    from_files("L001", "a file of that name", [("nnUNetTrainer.txt", b"")], says="is a file"),
    silent("L001", "README beside the trainer folder", put("/README.md"), also={"L015"}),
    silent("L001", "__MACOSX beside the trainer folder", put("/__MACOSX/._x"), also={"Z008"}),
    silent(
        "L001",
        "__MACOSX beside the wrapper",
        inside("Dataset101_x"),
        put("/__MACOSX/._x"),
        also={"L005", "Z008"},
    ),
    case(
        "L002",
        "two configurations at the root",
        twice("nnUNetTrainerTiny__nnUNetPlans__3d_fullres"),
        says="2 entries",
        judged="two-trainer-folders",
    ),
    case("L002", "a file of that name", put("/nnUNetTrainer.md"), says="`nnUNetTrainer.md`"),
    case(
        "L002",
        "in a wrapper",
        twice("nnUNetTrainerTiny__nnUNetPlans__3d_fullres"),
        inside("Dataset101_x"),
        also={"L005"},
    ),
    silent("L002", "a copy elsewhere", twice(f"backup/{TRAINER}"), also={"L012", "L015"}),
    case(
        "L003",
        "a trainer folder with a name of two parts",
        rename_trainer("nnUNetTrainerTiny__2d"),
        says="three parts",
        judged="name-two-parts",
    ),
    case("L003", "one part", rename_trainer("nnUNetTrainerTiny"), says="three parts"),
    case("L003", "four parts", rename_trainer(f"{TRAINER}__old"), says="three parts"),
    case("L003", "an empty part", rename_trainer("nnUNetTrainerTiny____2d"), says="three parts"),
    case(
        "L003",
        "a trainer folder that does not start with nnUNetTrainer",
        rename_trainer("MultiTalent_trainer__nnUNetPlans__2d"),
        says="does not begin",
        also={"L018"},
        judged="trainer-other-prefix",
    ),
    case(
        "L003",
        "a trainer folder that starts with nnUnet",
        rename_trainer("nnUnet3DCustomTrainer__nnUNetPlans__2d"),
        also={"L018"},
        judged="trainer-lower-case",
    ),
    case(
        "L003",
        "lower case",
        rename_trainer("nnunettrainertiny__nnUNetPlans__2d"),
        says="case matters",
        also={"L018"},
    ),
    case(
        "L003", "brackets", rename_trainer("nnUNetTrainerTiny__nnUNetPlans__2d[1]"), says="pattern"
    ),
    case(
        "L003",
        "in a wrapper",
        rename_trainer("Trainer__nnUNetPlans__2d"),
        inside("Dataset101_x"),
        also={"L005", "L018"},
    ),
    silent("L003", "a stock trainer", LEFT_OUT, rename_trainer(STOCK)),
    case(
        "L004",
        "two folders",
        inside("Dataset101_x"),
        inside("wrapper"),
        says="2 folders",
        at=f"wrapper/Dataset101_x/{TRAINER}",
    ),
    case("L004", "three folders", inside("a"), inside("b"), inside("c"), says="3 folders"),
    case(
        "L004",
        "two folders and a README",
        inside("a"),
        inside("b"),
        put("/README.md"),
        also={"L015"},
    ),
    silent("L004", "one folder", inside("Dataset101_x"), also={"L005"}),
    case("L005", "a wrapper", inside("model_seg_sc"), severity=W, at="!/model_seg_sc"),
    case("L005", "Dataset101_x", inside("Dataset101_x"), severity=I),
    case("L005", "Dataset1_x", inside("Dataset1_x"), severity=W),
    silent("L005", "no wrapper"),
    case(
        "L006", "nnUNetTrainer inside the name", inside("epi_nnUNetTrainer"), at="epi_nnUNetTrainer"
    ),
    case("L006", "the name begins so", inside("nnUNetTrainer_release")),
    case("L006", "the same name", inside(TRAINER)),
    silent("L006", "other letters", inside("nnunet_model"), also={"L005"}),
    *(
        case("L007", name, drop(name), severity=severity, says=f"`{name}`", at=TRAINER)
        for name, severity in (
            ("dataset.json", E),
            ("plans.json", E),
            ("dataset_fingerprint.json", W),
        )
    ),
    case(
        "L007",
        "other case",
        move("dataset.json", "Dataset.json"),
        says="case matters",
        judged="dataset-json-upper-case",
    ),
    silent("L007", "a stock trainer", LEFT_OUT, rename_trainer(STOCK)),
    case("L008", "no fold", drop("fold_0"), at=TRAINER),
    case(
        "L008",
        "fold0",
        move("fold_0", "fold0"),
        says="`fold0`",
        judged="fold-without-underscore",
    ),
    case(
        "L008",
        "Fold_0",
        move("fold_0", "Fold_0"),
        says="`Fold_0`",
        judged="fold-upper-case",
    ),
    silent("L008", "fold_4", move("fold_0", "fold_4"), judged="fold-4-only"),
    silent("L008", "fold_all", move("fold_0", "fold_all"), judged="fold-all"),
    silent("L008", "fold_10", move("fold_0", "fold_10")),
    case("L009", "fold_best", put("fold_best/"), says="neither"),
    case("L009", "a copy", put("fold_0_old/note.txt"), at="fold_0_old"),
    case("L009", "fold_00", move("fold_0", "fold_00"), judged="fold-leading-zero"),
    case("L009", "fold_01", put("fold_01/")),
    case("L009", "fold_-1", put("fold_-1/")),
    case("L009", "another script's digits", put("fold_٣/")),
    case("L009", "fold_", put("fold_/")),
    case("L009", "fold_0 is a file", drop("fold_0"), put("fold_0"), says="is a file"),
    case("L009", "a file", put("fold_1"), says="is a file"),
    case("L009", "a list of subjects", put("fold_0_subjects.txt"), says="is a file"),
    silent("L009", "fold_0"),
    case(
        "L010",
        "fold_all and fold_0",
        put("fold_all/checkpoint_final.pth", (MODEL / "fold_0/checkpoint_final.pth").read_bytes()),
        says="`fold_0`",
    ),
    silent("L010", "fold_all", move("fold_0", "fold_all")),
    case(
        "L011",
        "checkpoint_best.pth in place of checkpoint_final.pth",
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_best.pth"),
        says="`checkpoint_best.pth`",
        judged="checkpoint-best-only",
    ),
    case(
        "L011",
        "latest only",
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_latest.pth"),
        judged="checkpoint-latest-only",
    ),
    case("L011", "none", drop("fold_0/checkpoint_final.pth"), says="has no"),
    case("L011", "an empty fold", put("fold_1/"), at="fold_1", also={"L024"}),
    case(
        "L011",
        "in one of two folds",
        move("fold_1/checkpoint_final.pth", "fold_1/checkpoint_best.pth"),
        folds=(0, 1),
        at="fold_1",
        also={"L024"},
        judged="checkpoint-mixed",
    ),
    case(
        "L011",
        "other case",
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_final.PTH"),
    ),
    silent("L011", "there"),
    case(
        "L012",
        "best beside",
        put("fold_0/checkpoint_best.pth", b"x" * 2000),
        says="2 kB",
        at="checkpoint_best.pth",
    ),
    case("L012", "latest beside", put("fold_0/checkpoint_latest.pth")),
    case("L012", "in the trainer folder", put("checkpoint_final.pth")),
    case("L012", "in a folder of a fold", put("fold_0/old/checkpoint_final.pth")),
    case("L012", "at the top", put("/model.pth")),
    case("L012", "upper case", put("fold_0/checkpoint_best.PTH")),
    case("L012", "a MONAI checkpoint", put("fold_0/model.ckpt"), says="MONAI"),
    case("L012", "ONNX", put("/model.onnx")),
    silent("L012", "none beside"),
    *(
        case("L013", name, put(f"fold_0/{name}"), says=f"`{TRAINER}/fold_0/{name}`"[:40])
        for name in (
            "sub-01_T2w.nii.gz",
            "a.nii",
            "a.NII.GZ",
            "a.nrrd",
            "a.mha",
            "a.dcm",
            "a.npz",
            "a.npy",
            "a.b2nd",
            "DICOMDIR",
        )
    ),
    case(
        "L013",
        "many",
        *(put(f"/images/{n}.nii.gz", b"12345") for n in range(30)),
        says="30 image or array files (150 B)",
    ),
    silent("L013", "pictures of the training"),
    case(
        "L014",
        "validation",
        put("fold_0/validation/summary.json", "{}"),
        put("fold_0/validation/sub-01.nii.gz"),
        says="2 files",
        at="fold_0/validation",
    ),
    case("L014", "an empty one", put("fold_0/validation/")),
    case("L014", "validation_raw", put("fold_0/validation_raw/summary.json")),
    case(
        "L014",
        "crossval_results",
        put("crossval_results_folds_0_1_2_3_4/plans.json", "{}"),
        put("crossval_results_folds_0_1_2_3_4/dataset.json", "{}"),
    ),
    case("L014", "a file", put("crossval_results.json"), at="crossval_results.json"),
    silent("L014", "none"),
    case("L015", "README inside", put("README.md"), severity=W),
    case("L015", "LICENSE at the top", put("/LICENSE"), at="!/LICENSE"),
    case("L015", "splits", put("splits_final.json", "[]"), judged="splits-beside"),
    case(
        "L015",
        "a folder",
        *(put(f"datasplits/{n}.yaml") for n in range(7)),
        says="7 files",
        at="datasplits",
    ),
    case("L015", "an empty folder", put("empty/"), says="0 files", judged="zip-empty-folder"),
    case("L015", "architecture", put("fold_0/network_architecture.pdf")),
    case("L015", "a picture", put("fold_0/figure.png")),
    case("L015", "a log of another program", put("fold_0/slurm.txt")),
    case("L015", "code in a fold", put("fold_0/trainer_class.py")),
    silent(
        "L015",
        "several logs",
        *(
            put(f"fold_0/training_log_2024_9_{n}_14_06_03.{e}")
            for n in range(1, 4)
            for e in ("txt", "png")
        ),
    ),
    silent("L015", "crop metadata", put("/crop_metadata.json", CROP)),
    silent("L015", "no log", drop("fold_0/debug.json", "fold_0/progress.png")),
    case(
        "L016", "a custom trainer", LEFT_OUT, says="`nnUNetTrainerTiny`", judged="trainer-missing"
    ),
    case(
        "L016",
        "a trainer of older versions",
        LEFT_OUT,
        put(
            "fold_0/checkpoint_final.pth",
            with_pickle(
                genuine_pickle().replace(
                    b"\x11\0\0\0nnUNetTrainerTiny", b"\x13\0\0\0nnUNetTrainerDAOrd0"
                )
            ),
        ),
        rename_trainer("nnUNetTrainerDAOrd0__nnUNetPlans__2d"),
    ),
    silent("L016", "a stock trainer", LEFT_OUT, rename_trainer(STOCK)),
    silent(
        "L016",
        "another stock trainer",
        LEFT_OUT,
        rename_trainer("nnUNetTrainer_250epochs__nnUNetResEncUNetLPlans__3d_fullres"),
    ),
    case(
        "L017",
        "a stock trainer",
        rename_trainer(STOCK),
        says="`nnUNetTrainer`",
        at="trainer_class.py",
    ),
    silent("L017", "a custom trainer"),
    case("L018", "no Python", source("class A:\ndef"), severity=E, line=2),
    case("L018", "empty", source(""), says="`get_trainer_class`", judged="trainer-empty"),
    case("L018", "NUL", source("a = 1\0"), severity=E),
    case("L018", "Latin-1", put("trainer_class.py", b"x = '\xe9'\n"), says="utf-8"),
    silent("L018", "Latin-1 in a comment", put("trainer_class.py", b"# \xe9\n" + CLASS.encode())),
    silent("L018", "UTF-8", source("# é\n" + CLASS)),
    case("L018", "an unknown encoding", source("# coding: latin-99\n" + CLASS), says="encoding"),
    silent("L018", "a byte order mark", source("\ufeff" + CLASS), judged="trainer-bom"),
    silent(
        "L018",
        "a declared encoding",
        put("trainer_class.py", b"# coding: latin-1\n# \xe9\n" + CLASS.encode()),
    ),
    silent("L018", "CRLF", source(CLASS.replace("\n", "\r\n")), judged="trainer-crlf"),
    case("L018", "nested too deeply", source("x = " + "-" * 30000 + "1"), severity=E),
    case("L018", "a late future", top("from __future__ import annotations"), says="at the beginn"),
    case("L018", "a return outside", top("return 1"), says="'return' outside function", line=29),
    case("L018", "an argument twice", top("def f(a, a): pass"), says="duplicate argument 'a'"),
    silent("L018", "a finally", top("def f():\n    try: return 1\n    finally: print()")),
    silent("L018", "a compiler's warning", top("x = 1 is 1")),
    case(
        "L018",
        "Python 3.12",
        edited("def get_trainer_class(", "type X = int\n\ndef get_trainer_class("),
        severity=E,
    ),
    case(
        "L018",
        "no function",
        edited("get_trainer_class", "trainer_class"),
        says="no `get_trainer_class`",
    ),
    case(
        "L018",
        "in a class",
        edited(
            "def get_trainer_class() ->",
            "class A:\n  def get_trainer_class(): return 1\ndef other() ->",
        ),
        says="no `get_trainer_class`",
    ),
    case(
        "L018",
        "takes arguments",
        edited("get_trainer_class()", "get_trainer_class(name)"),
        says="arguments",
        judged="trainer-getter-argument",
    ),
    case(
        "L018",
        "asynchronous",
        edited("def get_trainer_class", "async def get_trainer_class"),
        says="plain",
        judged="trainer-getter-async",
    ),
    case(
        "L018",
        "returns nothing",
        edited("    return nnUNetTrainerTiny", "    nnUNetTrainerTiny"),
        says="nothing",
    ),
    case(
        "L018",
        "returns a name",
        edited("return nnUNetTrainerTiny", "return 'nnUNetTrainerTiny'"),
        says="not a class",
    ),
    case(
        "L018",
        "returns an instance",
        edited("return nnUNetTrainerTiny", "return nnUNetTrainerTiny()"),
        says="instance",
    ),
    case(
        "L018",
        "relative import",
        edited("import torch\n", "import torch\nfrom .losses import Loss\n"),
        says="`.losses`",
        line=6,
        example=True,
    ),
    case(
        "L018",
        "relative import of the folder",
        edited("import torch\n", "import torch\nfrom . import losses\n"),
    ),
    case(
        "L018",
        "a class of another name than the checkpoint's trainer",
        edited("nnUNetTrainerTiny", "nnUNetTrainerOther"),
        severity=E,
        says="`nnUNetTrainerTiny`",
        judged="trainer-class-other-name",
    ),
    silent(
        "L018",
        "an optional argument",
        edited("get_trainer_class()", "get_trainer_class(name=None)"),
    ),
    case(
        "L018",
        "the class itself",
        source(
            CLASS.partition("def get_trainer_class")[0] + "get_trainer_class = nnUNetTrainerTiny\n"
        ),
        says="is a class, not a function",
    ),
    silent(
        "L018",
        "a lambda",
        source(
            CLASS.partition("def get_trainer_class")[0]
            + "get_trainer_class = lambda: nnUNetTrainerTiny\n"
        ),
    ),
    silent(
        "L018",
        "in an if",
        source(
            CLASS.replace("def get_trainer_class", "if True:\n  def get_trainer_class")
            .replace('    """Return', '      """Return')
            .replace("    return nnU", "      return nnU")
        ),
    ),
    silent(
        "L018",
        "an escape that Python warns of",
        edited("skip the final validation", "skip \\d the final"),
    ),
    silent(
        "L018",
        "a relative import for type checkers",
        edited(
            "import torch\n",
            "import torch\nimport typing\nif typing.TYPE_CHECKING:\n    from .x import y\n",
        ),
    ),
    silent(
        "L018", "a relative import in training", edited("self.num_epochs = 30", "from .x import y")
    ),
    case(
        "L018",
        "a relative import that may not run",
        edited("import torch\n", "import torch\nif __package__:\n    from .losses import Loss\n"),
        severity=W,
        says="`.losses`",
    ),
    silent(
        "L018",
        "a relative import of the program that it is not",
        edited("def get", "if __name__ == '__main__':\n    from .x import y\n\n\ndef get"),
    ),
    case(
        "L018",
        "raises",
        top("raise RuntimeError('set WANDB_KEY')"),
        severity=E,
        says="raises",
        judged="trainer-raises",
    ),
    case(
        "L018",
        "raises SystemExit",
        top("raise SystemExit(1)"),
        says="raises",
        judged="trainer-exit",
    ),
    case("L018", "leaves", top("import sys\nsys.exit(main())"), says="ends Python"),
    case("L018", "leaves at once", top("from os import _exit\nimport os\nos._exit(0)")),
    case("L018", "quits", top("quit()"), says="ends Python"),
    case("L018", "asserts nothing", top("assert False, 'not for SCT'"), says="raises"),
    case(
        "L018", "raises in the class", edited("    def __init__", "    raise X\n\n    def __init__")
    ),
    case(
        "L018",
        "raises where the import fails",
        top("try:\n    from .x import y\nexcept ImportError:\n    raise RuntimeError('no x')"),
        says="`.x`",
        severity=W,
    ),
    case(
        "L018",
        "a factory that raises",
        edited("    return nnUNetTrainerTiny", "    raise NotImplementedError"),
        says="returns nothing",
    ),
    silent(
        "L018", "raises in an if", top("import sys\nif sys.version_info < (3, 9):\n    raise X")
    ),
    silent(
        "L018", "raises in a try", top("try:\n    raise ValueError\nexcept ValueError:\n    pass")
    ),
    silent("L018", "raises in a function", top("def f():\n    raise ValueError\n    exit()")),
    silent("L018", "leaves as a program", top("if __name__ == '__main__':\n    exit(main())")),
    silent("L018", "an exit of its own", top("def exit(): pass\n\n\nexit()")),
    silent(
        "L018",
        "a factory that raises in the end",
        edited(
            "    return nnUNetTrainerTiny",
            "    if 1:\n        return nnUNetTrainerTiny\n    raise X",
        ),
    ),
    case(
        "L018",
        "no trainer",
        based("object"),
        severity=E,
        says="does not inherit from a trainer",
        line=9,
        judged="trainer-class-no-base",
    ),
    case(
        "L018",
        "no base",
        edited("Tiny(nnUNetTrainer)", "Tiny"),
        says="does not inherit from a trainer",
    ),
    case(
        "L018",
        "a base without a base",
        based("Base"),
        top("class Base:\n    pass"),
        says="does not inherit from a trainer",
    ),
    case(
        "L018",
        "an unknown base",
        based("nnUNetTrainerDA5"),
        says="`nnUNetTrainerDA5`",
        line=9,
        judged="trainer-class-unknown-base",
    ),
    case(
        "L018",
        "an unknown class",
        edited("return nnUNetTrainerTiny", "return nnUNetTrainerSmall"),
        says="`nnUNetTrainerSmall`",
        judged="trainer-getter-unknown",
    ),
    silent("L018", "an imported base", based("T.nnUNetTrainer"), top("import monai as T")),
    silent("L018", "a computed base", based("make(object)"), top("def make(x):\n    return x")),
    silent("L018", "a decorated class", based("object"), edited_class("@trainer\n")),
    silent("L018", "a metaclass", based("metaclass=Trainers")),
    silent(
        "L018", "rebound", based("object"), top("nnUNetTrainerTiny = trainer(nnUNetTrainerTiny)")
    ),
    silent(
        "L018",
        "no base, but a network",
        based("object"),
        top("setattr(nnUNetTrainerTiny, 'build_network_architecture', build)"),
    ),
    silent(
        "L018",
        "a base that may be a stub",
        based("Base"),
        top("try:\n    from x import Base\nexcept ImportError:\n    class Base:\n        pass\n"),
    ),
    silent("L018", "a base from anywhere", based("Base"), top("from monai import *")),
    silent("L018", "a made class", based("Base"), top("globals()['Base'] = object")),
    case(
        "L018",
        "a stock trainer without the function",
        edited("get_trainer_class", "trainer_class"),
        rename_trainer(STOCK),
        also={"L017"},
        severity=W,
    ),
    case(
        "L019",
        "kornia",
        edited("import torch\n", "import torch\nimport kornia.augmentation\n"),
        severity=E,
        says="`kornia.augmentation`",
        line=6,
    ),
    case(
        "L019",
        "a file beside",
        edited("import torch\n", "import torch\nfrom custom_loss import Loss\n"),
        says="`custom_loss`",
    ),
    case(
        "L019", "in the class", edited("    def __init__", "    import kornia\n\n    def __init__")
    ),
    case(
        "L019",
        "in the factory",
        edited("    return nnUNetTrainerTiny", "    import kornia\n    return nnUNetTrainerTiny"),
    ),
    silent(
        "L019",
        "what SCT has",
        edited(
            "import torch\n",
            "import torch, numpy as np, os.path, skimage, distutils.util, wandb, monai, einops\n",
        ),
    ),
    silent("L019", "in training", edited("self.num_epochs = 30", "import kornia")),
    silent(
        "L019",
        "guarded",
        edited(
            "import torch\n",
            "import torch\ntry:\n    import kornia\nexcept ImportError:\n    kornia = None\n",
        ),
    ),
    silent(
        "L019",
        "for type checkers",
        edited(
            "import torch\n", "import torch, typing\nif typing.TYPE_CHECKING:\n    import kornia\n"
        ),
    ),
    case(
        "L019",
        "a file beside that is shipped",
        imported("from custom_loss import Loss"),
        put("custom_loss.py"),
        also={"L015"},
        severity=E,
        says="`custom_loss` is next to",
        line=6,
    ),
    case(
        "L019",
        "a folder beside",
        imported("import losses.dice"),
        put("losses/dice.py"),
        also={"L015"},
        severity=E,
    ),
    case("L019", "itself", imported("import trainer_class"), severity=E),
    case(
        "L019",
        "a file beside that may be imported",
        imported("import os\nif 'TRAIN' in os.environ:\n    import custom_loss"),
        put("custom_loss.py"),
        also={"L015"},
        severity=W,
    ),
    silent(
        "L019",
        "a file beside, made to be found",
        imported("import os, sys\nsys.path.append(os.path.dirname(__file__))\nimport custom_loss"),
        put("custom_loss.py"),
        also={"L015"},
    ),
    case(
        "L019",
        "a file beside, found too late",
        imported("import custom_loss, sys\nsys.path.append('.')"),
        put("custom_loss.py"),
        also={"L015"},
        severity=E,
    ),
    case(
        "L019",
        "a module that nnU-Net lacks",
        imported("from nnunetv2.training.loss.topology import TopologyLoss"),
        severity=E,
        says="no `nnunetv2.training.loss.topology`",
        line=6,
        judged="trainer-import-nnunet-missing",
    ),
    case(
        "L019",
        "a module that a package of nnU-Net lacks",
        imported("from nnunetv2.training.loss import dice, topology"),
        severity=E,
        says="`nnunetv2.training.loss.topology`",
    ),
    *(
        case("L019", f"names that nnU-Net lacks: {line}", imported(line), severity=E, says=says)
        for line, says in {
            "from nnunetv2.training.dataloading.utils import get_case_identifiers": "no `nnunetv2.",
            "from nnunetv2.training.loss.dice import torch, TverskyLoss": "dice.TverskyLoss`",
            "from nnunetv2.utilities.helpers import softmax_helper": "helpers.softmax_helper`",
            "from nnunetv2.paths import nnUNet_cache": "`nnunetv2.paths.nnUNet_cache`",
            "from nnunetv2 import nets": "`nnunetv2.nets`",
            "from nnunetv2.nets.umamba import UMamba": "`nnunetv2.nets.umamba`",
        }.items()
    ),
    case(
        "L019",
        "a name that nnU-Net lacks, perhaps",
        imported("import os\nif os.name == 'nt':\n    from nnunetv2.paths import nnUNet_cache"),
        severity=W,
    ),
    case(
        "L019",
        "imports a name that only SCT's nnU-Net has",
        imported("from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetLogger"),
        severity=E,
        says="though SCT's has",
        judged="trainer-import-name-old",
    ),
    *(
        silent("L019", f"names that nnU-Net has: {line}", imported(line))
        for line in (
            "from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import join, np, nnUNetTrainer",
            "from nnunetv2.training.loss import dice, deep_supervision",
            "from nnunetv2.training.loss.dice import *",
            "from nnunetv2.dataset_conversion.anything import convert",
            "import nnunetv2.utilities.helpers as h",
            "import sc_crop, fontTools",
        )
    ),
    *(
        case("L019", f"nnU-Net 1: {line}", imported(line), severity=E, says="of nnU-Net 1")
        for line in (
            "import nnunet",
            "from nnunet.training.network_training.nnUNetTrainerV2 import nnUNetTrainerV2",
            "import torch, nnunet.utilities.nd_softmax as s\nimport nnunet.training",
            "from nnunet.paths import *\nfrom .relative import x\nimport kornia",
            "try:\n    import kornia\nexcept ImportError:\n    pass\nfrom nnunet import paths",
        )
    ),
    case("L019", "nnU-Net 1, perhaps", imported("if torch:\n    import nnunet"), severity=W),
    silent(
        "L019", "nnU-Net 1, guarded", imported("try:\n    import nnunet\nexcept ImportError: 0")
    ),
    case("L019", "fonttools", imported("import fonttools"), severity=E),
    case(
        "L019",
        "a module of nnU-Net 2.5",
        imported("import nnunetv2.training.dataloading.data_loader_2d"),
        severity=E,
    ),
    case(
        "L019",
        "a module of nnU-Net 2.8 alone",
        imported("from nnunetv2.utilities.find_objects import recursive_find_trainer"),
        severity=E,
    ),
    case(
        "L019",
        "a module of nnU-Net that may be imported",
        imported("import torch\nif torch.x:\n    import nnunetv2.x"),
        severity=W,
    ),
    case("L019", "of Python 3.11", imported("import tomllib"), severity=E),
    case(
        "L019",
        "guarded by what raises",
        imported(
            "try:\n    import kornia\nexcept ImportError as e:\n    raise ImportError('pip') from e"
        ),
        severity=W,
    ),
    silent(
        "L019",
        "suppressed",
        imported("import contextlib\nwith contextlib.suppress(ImportError):\n    import kornia"),
    ),
    silent("L019", "as a program", imported("if __name__ == '__main__':\n    import kornia")),
    silent(
        "L019", "a package of nnU-Net", imported("import nnunetv2.training.loss as loss, nnunetv2")
    ),
    silent("L019", "modules of packages", imported("from nnunetv2.training.loss import dice")),
    silent("L019", "a package's own", imported("from nnunetv2 import __path__")),
    case(
        "L019",
        "needs an environment variable when it is imported",
        top("import os\nKEY = os.environ['LAB_KEY']"),
        severity=E,
        says="variable `LAB_KEY`",
        judged="trainer-environment",
    ),
    silent("L019", "a variable with a default", top("import os\nKEY = os.environ.get('LAB_KEY')")),
    silent("L019", "a variable of SCT", top("import os\nKEY = os.environ['nnUNet_results']")),
    silent(
        "L019",
        "a variable that it sets",
        top("import os\nos.environ.setdefault('LAB_KEY', '1')\nKEY = os.environ['LAB_KEY']"),
    ),
    silent(
        "L019",
        "a variable that it looks for",
        top("import os\nKEY = os.environ['KEY'] if len(os.environ) else 1"),
    ),
    silent("L019", "a variable in a function", top("def f():\n    return os.environ['LAB_KEY']")),
    case(
        "L004",
        "what macOS left inside the wrapper",
        inside("b"),
        copied(f"__MACOSX/b/{TRAINER}"),
        inside("a"),
        also={"Z008"},
    ),
    case("L020", "in the trainer folder", put("crop_metadata.json", CROP)),
    case("L020", "in a fold", put("fold_0/crop_metadata.json", CROP)),
    case("L020", "beside the wrapper", inside("Dataset101_x"), put("/crop_metadata.json", CROP)),
    silent("L020", "at the top", put("/crop_metadata.json", CROP)),
    silent(
        "L020",
        "in the wrapper",
        put("/crop_metadata.json", CROP),
        inside("Dataset101_x"),
        also={"L005"},
    ),
    case(
        "L021",
        "one missing",
        put("/crop_metadata.json", json.dumps({k: v for k, v in PADS.items() if k != "pad_left"})),
        says="`pad_left`",
    ),
    case("L021", "empty object", put("/crop_metadata.json", "{}"), says="`pad_superior`"),
    case("L021", "YAML", put("/crop_metadata.json", "pad_left: 3\n"), says="read", line=1),
    case("L021", "a list", put("/crop_metadata.json", "[]"), says="object"),
    case(
        "L021",
        "text",
        put("/crop_metadata.json", json.dumps(PADS | {"pad_left": "15"}, indent=1)),
        says="number",
        line=4,
    ),
    silent(
        "L021",
        "all six and more",
        put("/crop_metadata.json", json.dumps(PADS | {"sc_crop_version": "1.0"})),
    ),
    case("L022", "no date", zip_name="model.zip", severity=W),
    case("L022", "underscore", zip_name="model_seg_sc_r20240915.zip"),
    case("L022", "no such day", zip_name="model-r20240931.zip", says="date"),
    case("L022", "another ending", zip_name="model-r20240930.ZIP"),
    case("L022", "no ending", zip_name="model_seg_sc-r20240930", severity=E, says="`.zip`"),
    case("L022", "a tar's ending", zip_name="model_seg_sc-r20240930.tar.gz", severity=E),
    case(
        "L022",
        "fold before the tag",
        zip_name="model_seg_sc-fold0-r20240930.zip",
        name="model_seg_sc",
        says="`model_seg_sc-r20240930.zip`",
    ),
    case("L022", "a copy", zip_name="model_seg_sc-r20240930 (1).zip"),
    case(
        "L022",
        "another repository",
        name="model_seg_gm_t2star",
        says="`model_seg_gm_t2star-r20261123.zip`",
    ),
    silent(
        "L022",
        "the specification's example",
        zip_name="model-spinal-rootlets-mp2rage-r20240915.zip",
    ),
    silent("L022", "the repository", name="model_seg_sc-gm_t2star"),
    silent(
        "L022",
        "one fold",
        zip_name="model_seg_sc-gm_t2star-r20261123-fold0.zip",
        name="model_seg_sc-gm_t2star",
    ),
    silent("L022", "all data", zip_name="model_seg_sc-gm_t2star-r20261123-foldall.zip"),
    case(
        "L022",
        "one fold of another repository",
        zip_name="model_seg_sc-gm_t2star-r20261123-fold0.zip",
        name="model_seg_gm_t2star",
        says="`model_seg_gm_t2star-r20261123-fold0.zip`",
    ),
    case("L023", "nnU-Net 2.8's", builder(NEW), severity=E, says="SCT can't", line=26),
    case(
        "L023",
        "nnU-Net 2.0's",
        builder(OLDEST),
        severity=E,
        says="the arguments of nnU-Net 2.0 to 2.2, which neither SCT nor nnU-Net 2.8 gives it",
    ),
    case(
        "L023",
        "nnU-Net 2.0's, without deep supervision",
        builder("plans_manager, dataset_json, configuration_manager, num_input_channels"),
        severity=E,
        says="2.0 to 2.2, which neither",
    ),
    *(
        case("L023", f"calls {what}", builder(OLD, body=f"return {call}"), severity=E, says="2.8")
        for what, call in {
            "the base class": f"nnUNetTrainer.build_network_architecture({GIVEN})",
            "the base class by names": f"nnUNetTrainer.build_network_architecture({NAMED})",
            "the base class with all": "nnUNetTrainer.build_network_architecture(*[1])",
            "super": f"super(str, str).build_network_architecture({GIVEN})",
            "inside another call": f"print(nnUNetTrainer.build_network_architecture({GIVEN}))",
        }.items()
    ),
    *(
        silent("L023", f"calls {what}", builder(OLD, body=f"return {call}"))
        for what, call in {
            "get_network_from_plans": f"get_network_from_plans({GIVEN})",
            "its own helper": f"nnUNetTrainerTiny.build_network_architecture({GIVEN})",
            "another method of the base class": f"nnUNetTrainer.build_loss({GIVEN})",
            "the base class with five": "nnUNetTrainer.build_network_architecture(1, 2, 3, 4, 5)",
            "another package's": f"torch.nn.build_network_architecture({GIVEN})",
        }.items()
    ),
    case("L023", "a method", builder(f"self, {OLD}", ""), severity=E, says="neither"),
    case(
        "L023",
        "too few",
        builder("num_input_channels, num_output_channels"),
        severity=E,
        says="neither",
    ),
    silent("L023", "nnU-Net 2.6's", builder(OLD)),
    silent("L023", "without deep supervision's default", builder(OLD.replace("=True", ""))),
    silent("L023", "of the class", builder(f"cls, {OLD}", "@classmethod")),
    silent("L023", "anything", builder("*args, **kwargs")),
    silent("L023", "none"),
    *(
        from_files("L025", f"in {where or 'the root'}", version_1(where), severity=E, says=says)
        for where, says in {
            "nnUNetTrainerV2__nnUNetPlansv2.1/": "a model of nnU-Net 1",
            "seg/": "nnU-Net 1",
            "": "neither SCT nor nnU-Net 2 can load",
            "Task500_Cord/nnUNetTrainerV2__nnUNetPlansv2.1/": "nnU-Net 1",
            "nnUNet/3d_fullres/Task500_Cord/nnUNetTrainerV2__nnUNetPlansv2.1/": "nnU-Net 1",
        }.items()
    ),
    from_files("L025", "a checkpoint alone", version_1("seg/")[1:2], at="final_checkpoint.model"),
    from_files("L025", "the best alone", [("seg/fold_0/model_best.model", b"")], severity=E),
    from_files(
        "L025",
        "with the data set",
        [*version_1("seg/"), ("seg/dataset.json", DECATHLON.encode())],
        severity=E,
    ),
    silent("L025", "plans of nnU-Net 1 beside a model", put("plans.pkl"), also={"L015"}),
    silent(
        "L025",
        "a checkpoint of nnU-Net 1 beside a model",
        put("fold_0/model_best.model"),
        also={"L012"},
    ),
    silent("L025", "a pickle of another name", put("splits_final.pkl"), also={"L015"}),
    case("L024", "two folds", folds=(0, 1), severity=I, judged="two-folds", like="two-folds"),
    silent("L024", "one fold"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "Z", "L", "D")


def test_a_folder_is_judged_as_the_zip_of_it(tmp_path: Path) -> None:
    folder = unpacked(
        tmp_path, put("fold_0/checkpoint_best.pth"), put("fold_0/validation/x.nii.gz")
    )
    for target in (folder, folder / TRAINER):
        assert [f.code for f in findings(target, "Z", "L", "D")] == ["L012", "L014"]


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "a") / TRAINER
    (folder / "fold_0").rename(tmp_path / "elsewhere")
    (folder / "fold_0").symlink_to(tmp_path / "elsewhere")
    (found,) = findings(folder, "Z", "L", "D")
    assert found.code == "Z004"
    assert "a link that leaves the folder" in found.message


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "a")
    (folder / TRAINER / "fold_0").rename(folder / "elsewhere")
    (folder / TRAINER / "fold_0").symlink_to("../elsewhere")
    assert findings(folder, "Z", "L00", "D") == []


def test_a_link_to_a_folder_around_ends(tmp_path: Path) -> None:
    folder = unpacked(tmp_path) / TRAINER
    (folder / "fold_0" / "loop").symlink_to(folder)
    (folder / "fold_0" / "self").symlink_to(folder / "fold_0")
    assert findings(folder, "Z", "L", "D") == []


def test_many_unexpected_files_are_counted(tmp_path: Path) -> None:
    path = package(tmp_path, *(put(f"note{n}.txt") for n in range(25)))
    messages = [f.message for f in findings(path, "L015")]
    assert len(messages) == 11
    assert messages[-1] == "and 15 more unexpected entries"


def _shipped(root: Path) -> set[str]:
    """Every class below a folder whose name begins as those of nnU-Net's trainers do."""
    import ast

    return {
        node.name
        for path in root.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.startswith("nnUNet")
    }


def test_the_list_of_trainers_is_that_of_the_installed_nnunet() -> None:
    from importlib.metadata import version
    from importlib.util import find_spec

    spec = find_spec("nnunetv2")
    assert spec is not None
    assert spec.origin is not None
    shipped = _shipped(Path(spec.origin).parent / "training" / "nnUNetTrainer")
    if version("nnunetv2") == "2.8.1":
        assert shipped == TRAINERS
    assert SCT_TRAINERS <= TRAINERS
    assert shipped >= SCT_TRAINERS


def _calls(code: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace["T"].build_network_architecture  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "parameters",
    [
        OLD,
        NEW,
        "*args, **kwargs",
        "a, b, c, d, e, enable_deep_supervision",
        "a, b, c, d, enable_deep_supervision",
        "a, b, c, d, e, f",
        "a, b, c, d, e, *, enable_deep_supervision",
        "a, b, c, d, e, *, enable_deep_supervision, other",
        "a, b, c, d, e, *, enable_deep_supervision, other=1",
        "a, b, c, d, e, /, **kwargs",
        "a, b, c, d, e, g, enable_deep_supervision=False",
        "a, b, c, d, e, g=1, enable_deep_supervision=False",
        "plans_manager, b, c, d, *args, enable_deep_supervision=False",
        "plans_manager, b, c, d, e=None, enable_deep_supervision=False",
        "",
    ],
)
@pytest.mark.parametrize("decorator", ["@staticmethod", "@classmethod", ""])
def test_signatures_are_judged_as_python_binds_them(parameters: str, decorator: str) -> None:
    """What the rule works out is what the two calls do (fork 2.6.2 and nnU-Net 2.8.1)."""
    import ast
    import inspect

    from model_lint.nnunet.trainer_source import builder_problem

    first = "cls, " if decorator == "@classmethod" else ""
    method = f"def build_network_architecture({first}{parameters}): pass"
    code = f"class T:\n    {decorator or 'pass'}\n    {method}\n"
    called = _calls(code)

    def works(amount: int) -> bool:
        try:
            called(*range(amount), enable_deep_supervision=False)
        except TypeError:
            return False
        return True

    stock = works(4 if "plans_manager" in inspect.signature(called).parameters else 5)
    found = builder_problem(ast.parse(code), "T")
    assert (found is None) == (stock and works(5))
    stopped = {
        *([] if works(5) else [Consumer.SCT]),
        *([] if stock else [Consumer.NNUNET, Consumer.SLICER]),
    }
    assert found is None or {*(found.stops or Consumer)} == stopped


@pytest.mark.parametrize("where", ["seg/", "Task500_Cord/nnUNetTrainerV2__nnUNetPlansv2.1/"])
def test_a_folder_of_nnunet_1_is_recognised(where: str, tmp_path: Path) -> None:
    for path, data in version_1(where):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    for target in (tmp_path, tmp_path / where):
        assert [f.code for f in findings(target)] == ["L025"]
