"""Where things are: wrappers, trainer folders, folds, checkpoints, stray files."""

from __future__ import annotations

import json

from build import (
    CHECKPOINT,
    SECOND,
    TRAINER,
    Case,
    Files,
    copy,
    drop,
    inside,
    judged,
    move,
    only,
    put,
    rename_trainer,
)

PADS = {f"pad_{s}": 10 for s in ("superior", "inferior", "left", "right", "anterior", "posterior")}
CROP = json.dumps(PADS, indent=2)
WRAPPER = "model_seg_sc-gm_t2star"
MAC = b"\0\5\x16\7\0\2\0\0Mac OS X"
DS_STORE = b"\0\0\0\1Bud1"
LOG = "fold_0/training_log_2026_11_23_07_58_35"
IN_3D = f"{TRAINER[:-2]}3d_fullres"


def with_doubles(files: Files) -> None:
    """Add what the Finder's compression adds: a small file for each."""
    for path in [*files]:
        folder, _, name = path.rpartition("/")
        files[f"__MACOSX/{folder}/._{name}"] = MAC


CASES: list[Case] = [
    judged(
        "one-fold",
        "the genuine model, one fold, as the specification's tree shows it",
        copy("fold_0/progress.png", f"{LOG}.png"),
    ),
    judged("five-folds", "five folds", folds=(0, 1, 2, 3, 4), like=""),
    judged("fold-12-only", "one fold with a number of two digits", folds=(12,)),
    judged(
        "dataset-wrapper",
        "DatasetNNN_NAME around the trainer folder",
        inside("Dataset901_PhantomCord"),
    ),
    judged("wrapper", "one folder around the trainer folder", inside(WRAPPER)),
    judged(
        "wrapper-spaces",
        "one folder with spaces and accents around the trainer folder",
        inside("mod\u00e8le de la moelle"),
    ),
    judged(
        "wrapper-readme-inside",
        "a README.md inside the wrapper",
        put("/README.md", "# Model\n"),
        inside(WRAPPER),
    ),
    judged(
        "readme-beside",
        "README.md and LICENSE beside the trainer folder",
        put("/README.md", "# Model\n"),
        put("/LICENSE", "MIT\n"),
    ),
    judged(
        "minimal",
        "nothing that prediction does not read",
        only("dataset.json", "plans.json", "trainer_class.py", CHECKPOINT),
    ),
    judged("no-fingerprint", "no dataset_fingerprint.json", drop("dataset_fingerprint.json")),
    judged(
        "no-logs",
        "no debug.json, no plot, no training log",
        drop("fold_0/debug.json", "fold_0/progress.png", f"{LOG}.txt"),
    ),
    judged(
        "many-logs",
        "several training logs in the fold",
        *(
            copy(f"{LOG}.txt", f"fold_0/training_log_2026_11_{day}_10_00_00.txt")
            for day in (20, 21)
        ),
    ),
    judged("macosx-beside", "the Finder's __MACOSX folder beside the trainer folder", with_doubles),
    judged(
        "macosx-wrapper",
        "the Finder's __MACOSX folder beside a wrapper",
        inside(WRAPPER),
        put("/__MACOSX/._model_seg_sc-gm_t2star", MAC),
    ),
    judged("ds-store-beside", "a .DS_Store beside the trainer folder", put("/.DS_Store", DS_STORE)),
    judged(
        "ds-store-inside",
        "a .DS_Store in the trainer folder and in the fold",
        put(".DS_Store", DS_STORE),
        put("fold_0/.DS_Store", DS_STORE),
    ),
    judged("appledouble-fold", "a ._fold_0 file beside the fold", put("._fold_0", MAC)),
    judged(
        "appledouble-checkpoint",
        "a ._checkpoint_final.pth beside the checkpoint",
        put("fold_0/._checkpoint_final.pth", MAC),
    ),
    judged(
        "pycache",
        "__pycache__ in the trainer folder",
        put("__pycache__/trainer_class.cpython-311.pyc", b"\xa7\r\r\n"),
    ),
    judged("readme-inside", "a README.md in the trainer folder", put("README.md", "# Model\n")),
    judged(
        "crop-metadata",
        "crop_metadata.json beside the trainer folder",
        put("/crop_metadata.json", CROP),
    ),
    judged(
        "crop-metadata-wrapper",
        "crop_metadata.json in the wrapper, beside the folder",
        put("/crop_metadata.json", CROP),
        inside(WRAPPER),
    ),
    # What SCT does not find.
    judged(
        "two-wrappers",
        "two folders around the trainer folder",
        inside("Dataset901_PhantomCord"),
        inside(WRAPPER),
    ),
    judged(
        "wrapper-ds-store",
        "a .DS_Store beside the wrapper",
        inside(WRAPPER),
        put("/.DS_Store", DS_STORE),
    ),
    judged(
        "wrapper-readme-beside",
        "a README.md beside the wrapper",
        inside(WRAPPER),
        put("/README.md", "# Model\n"),
    ),
    judged(
        "dataset-readme-beside",
        "a README.md beside the DatasetNNN_NAME folder",
        inside("Dataset901_PhantomCord"),
        put("/README.md", "# Model\n"),
    ),
    judged(
        "wrapper-contains-trainer",
        "a wrapper with nnUNetTrainer in its name",
        inside("model_epi_nnUNetTrainer"),
    ),
    judged(
        "wrapper-starts-trainer",
        "a wrapper whose name starts with nnUNetTrainer",
        inside("nnUNetTrainer_model"),
    ),
    judged(
        "files-in-wrapper",
        "no trainer folder: its files in a folder of another name",
        rename_trainer("model_seg_sc-gm_t2star"),
    ),
    judged(
        "files-in-dataset",
        "no trainer folder: its files in DatasetNNN_NAME",
        rename_trainer("Dataset901_PhantomCord"),
    ),
    judged(
        "trainer-prefixed",
        "a trainer folder with text before nnUNetTrainer",
        rename_trainer(f"model_{TRAINER}"),
    ),
    judged(
        "dataset-two-trainers",
        "two configurations in DatasetNNN_NAME",
        copy(f"/{TRAINER}", f"/{IN_3D}"),
        inside("Dataset901_PhantomCord"),
    ),
    judged(
        "trainer-and-file",
        "a file nnUNetTrainer.txt beside the trainer folder",
        put("/nnUNetTrainer.txt", "notes\n"),
    ),
    judged(
        "trainer-and-py",
        "a file nnUNetTrainerTiny.py beside the trainer folder",
        copy("trainer_class.py", "/nnUNetTrainerTiny.py"),
    ),
    judged(
        "name-one-part",
        "a trainer folder that is called nnUNetTrainer",
        rename_trainer("nnUNetTrainer"),
    ),
    judged(
        "name-single-underscores",
        "a trainer folder with single underscores",
        rename_trainer("nnUNetTrainerTiny_nnUNetPlans_2d"),
    ),
    judged(
        "name-four-parts",
        "a trainer folder with a name of four parts",
        rename_trainer(f"{TRAINER}__v2"),
    ),
    judged(
        "name-brackets",
        "a trainer folder with [ ] in its name",
        rename_trainer("nnUNetTrainer[1]__nnUNetPlans__2d"),
    ),
    judged(
        "name-other-trainer",
        "a trainer folder with another trainer in its name",
        rename_trainer("nnUNetTrainer_2000epochs__nnUNetPlans__2d"),
    ),
    judged(
        "name-other-configuration",
        "a trainer folder with another configuration in its name",
        rename_trainer(IN_3D),
    ),
    judged(
        "name-unknown-configuration",
        "a trainer folder with a configuration not in plans",
        rename_trainer(f"{TRAINER[:-2]}3d_lowres"),
    ),
    judged(
        "name-other-plans",
        "a trainer folder with another plans name",
        rename_trainer(TRAINER.replace("nnUNetPlans", "nnUNetResEncUNetMPlans")),
    ),
    # Folds and checkpoints.
    judged("no-fold", "no fold: the checkpoint in the trainer folder", move("fold_0", "")),
    judged("fold-empty", "a second fold without any file but a log", drop(SECOND), folds=(0, 1)),
    judged("fold-all-and-0", "fold_all beside fold_0", copy("fold_0", "fold_all")),
    judged("fold-old", "fold_0_old beside fold_0", copy("fold_0", "fold_0_old")),
    judged(
        "fold-text-file",
        "a file fold_notes.txt in the trainer folder",
        put("fold_notes.txt", "notes\n"),
    ),
    judged("fold-word", "fold_best in place of fold_0", move("fold_0", "fold_best")),
    judged("fold-number-last", "fold_seed_0 in place of fold_0", move("fold_0", "fold_seed_0")),
    judged("fold-negative", "fold_-1 in place of fold_0", move("fold_0", "fold_-1")),
    judged(
        "checkpoint-best-too",
        "checkpoint_best.pth beside checkpoint_final.pth",
        copy(CHECKPOINT, "fold_0/checkpoint_best.pth"),
    ),
    judged(
        "checkpoint-latest-too",
        "checkpoint_latest.pth beside checkpoint_final.pth",
        copy(CHECKPOINT, "fold_0/checkpoint_latest.pth"),
    ),
    judged(
        "checkpoint-other-name",
        "model_final.pth in place of checkpoint_final.pth",
        move(CHECKPOINT, "fold_0/model_final.pth"),
    ),
    judged(
        "checkpoint-pt",
        "checkpoint_final.pt in place of checkpoint_final.pth",
        move(CHECKPOINT, "fold_0/checkpoint_final.pt"),
    ),
    judged(
        "checkpoint-upper-case",
        "Checkpoint_Final.pth in place of checkpoint_final.pth",
        move(CHECKPOINT, "fold_0/Checkpoint_Final.pth"),
    ),
    judged(
        "checkpoint-zipped",
        "checkpoint_final.pth.zip in place of checkpoint_final.pth",
        move(CHECKPOINT, f"{CHECKPOINT}.zip"),
    ),
    judged(
        "checkpoint-in-subfolder",
        "the checkpoint one folder too deep",
        move(CHECKPOINT, "fold_0/weights/checkpoint_final.pth"),
    ),
    judged(
        "checkpoint-is-folder",
        "a folder that is called checkpoint_final.pth",
        move(CHECKPOINT, f"{CHECKPOINT}/checkpoint_final.pth"),
    ),
    judged("ckpt-file", "a .ckpt file somewhere in the package", put("fold_0/last.ckpt", "old")),
    judged(
        "checkpoint-copy-at-root",
        "another checkpoint in the trainer folder",
        copy(CHECKPOINT, "checkpoint_final.pth"),
    ),
    # Files that prediction needs, and files that nobody should ship.
    judged("no-dataset-json", "no dataset.json", drop("dataset.json")),
    judged("no-plans-json", "no plans.json", drop("plans.json")),
    judged(
        "plans-file-other-name",
        "nnUNetPlans.json in place of plans.json",
        move("plans.json", "nnUNetPlans.json"),
    ),
    judged(
        "json-beside",
        "dataset.json and plans.json beside the trainer folder, not in it",
        move("dataset.json", "/dataset.json"),
        move("plans.json", "/plans.json"),
    ),
    judged(
        "json-in-fold",
        "dataset.json and plans.json in the fold, not beside it",
        *(move(name, f"fold_0/{name}") for name in ("dataset.json", "plans.json")),
    ),
    judged("only-checkpoint", "nothing but the checkpoint in its fold", only(CHECKPOINT)),
    judged(
        "image-inside", "an image in the fold", put("fold_0/sub-001_T2w.nii.gz", b"\x1f\x8b\x08\0")
    ),
    judged(
        "validation-folder",
        "the fold's validation folder with its summary",
        put("fold_0/validation/summary.json", "{}"),
    ),
    judged(
        "crossval-results",
        "the folder crossval_results_folds_0_1_2_3_4",
        put("crossval_results_folds_0_1_2_3_4/postprocessing.json", "{}"),
    ),
    judged(
        "crop-metadata-in-trainer",
        "crop_metadata.json in the trainer folder",
        put("crop_metadata.json", CROP),
    ),
    judged(
        "crop-metadata-key",
        "crop_metadata.json without pad_left",
        put("/crop_metadata.json", json.dumps({k: v for k, v in PADS.items() if "left" not in k})),
    ),
    judged(
        "crop-metadata-not-json",
        "a crop_metadata.json that is YAML",
        put("/crop_metadata.json", "\n".join(f"{k}: {v}" for k, v in PADS.items())),
    ),
    judged(
        "source-tree",
        "the model inside a checkout of its repository",
        inside("model_seg_sc-gm_t2star-main/models"),
        put("/model_seg_sc-gm_t2star-main/README.md", "# Model\n"),
        put("/model_seg_sc-gm_t2star-main/LICENSE", "MIT\n"),
    ),
]
