"""Where things are: wrappers, trainer folders, folds, checkpoints, stray files."""

from __future__ import annotations

import json

from .sample import CHECKPOINT, FINAL, TRAINER, Files, at, files_sample, moved, under

PADS = {f"pad_{s}": 10 for s in ("superior", "inferior", "left", "right", "anterior", "posterior")}
CROP = json.dumps(PADS, indent=2).encode()


@files_sample("one-fold", "the genuine model, one fold, as the specification's tree shows it")
def _(files: Files) -> None:
    files[at("fold_0/training_log_2026_11_23_07_58_35.png")] = files[at("fold_0/progress.png")]


@files_sample("two-folds", "the genuine model with both folds", folds=(0, 1), like="two-folds")
def _(files: Files) -> None:
    pass


@files_sample("five-folds", "five folds", folds=(0, 1, 2, 3, 4), like="")
def _(files: Files) -> None:
    pass


@files_sample("fold-4-only", "one fold, and it is number 4", folds=(4,))
def _(files: Files) -> None:
    pass


@files_sample("fold-12-only", "one fold with a number of two digits", folds=(12,))
def _(files: Files) -> None:
    pass


@files_sample("fold-all", "fold_all alone")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold_all"))


@files_sample("dataset-wrapper", "DatasetNNN_NAME around the trainer folder")
def _(files: Files) -> Files:
    return under("Dataset901_PhantomCord", files)


@files_sample("wrapper", "one folder around the trainer folder")
def _(files: Files) -> Files:
    return under("model_seg_sc-gm_t2star", files)


@files_sample("wrapper-spaces", "one folder with spaces and accents around the trainer folder")
def _(files: Files) -> Files:
    return under("mod\u00e8le de la moelle", files)


@files_sample("wrapper-readme-inside", "a README.md inside the wrapper")
def _(files: Files) -> Files:
    return under("model_seg_sc-gm_t2star", {**files, "README.md": b"# Model\n"})


@files_sample("readme-beside", "README.md and LICENSE beside the trainer folder")
def _(files: Files) -> Files:
    return {"README.md": b"# Model\n", "LICENSE": b"MIT\n", **files}


@files_sample("minimal", "nothing that prediction does not read")
def _(files: Files) -> Files:
    kept = (at("dataset.json"), at("plans.json"), at("trainer_class.py"), CHECKPOINT)
    return {path: files[path] for path in kept}


@files_sample("no-fingerprint", "no dataset_fingerprint.json")
def _(files: Files) -> None:
    del files[at("dataset_fingerprint.json")]


@files_sample("no-logs", "no debug.json, no plot, no training log")
def _(files: Files) -> Files:
    return {p: d for p, d in files.items() if "/fold_0/" not in p or p == CHECKPOINT}


@files_sample("many-logs", "several training logs in the fold")
def _(files: Files) -> None:
    log = next(p for p in files if p.endswith(".txt"))
    files[at("fold_0/training_log_2026_11_20_10_00_00.txt")] = files[log]
    files[at("fold_0/training_log_2026_11_21_10_00_00.txt")] = files[log]


@files_sample("macosx-beside", "the Finder's __MACOSX folder beside the trainer folder")
def _(files: Files) -> None:
    for path in list(files):
        folder, _, name = path.rpartition("/")
        files[f"__MACOSX/{folder}/._{name}"] = b"\0\5\x16\7\0\2\0\0Mac OS X"


@files_sample("macosx-wrapper", "the Finder's __MACOSX folder beside a wrapper")
def _(files: Files) -> Files:
    return {
        **under("model_seg_sc-gm_t2star", files),
        "__MACOSX/._model_seg_sc-gm_t2star": b"\0\5\x16\7\0\2\0\0Mac OS X",
    }


@files_sample("ds-store-beside", "a .DS_Store beside the trainer folder")
def _(files: Files) -> None:
    files[".DS_Store"] = b"\0\0\0\1Bud1"


@files_sample("ds-store-inside", "a .DS_Store in the trainer folder and in the fold")
def _(files: Files) -> None:
    files[at(".DS_Store")] = files[at("fold_0/.DS_Store")] = b"\0\0\0\1Bud1"


@files_sample("appledouble-fold", "a ._fold_0 file beside the fold")
def _(files: Files) -> None:
    files[at("._fold_0")] = b"\0\5\x16\7\0\2\0\0Mac OS X"


@files_sample("appledouble-checkpoint", "a ._checkpoint_final.pth beside the checkpoint")
def _(files: Files) -> None:
    files[at(f"fold_0/._{FINAL}")] = b"\0\5\x16\7\0\2\0\0Mac OS X"


@files_sample("splits-beside", "splits_final.json in the trainer folder")
def _(files: Files) -> None:
    files[at("splits_final.json")] = b"[]"


@files_sample("pycache", "__pycache__ in the trainer folder")
def _(files: Files) -> None:
    files[at("__pycache__/trainer_class.cpython-311.pyc")] = b"\xa7\r\r\n"


@files_sample("readme-inside", "a README.md in the trainer folder")
def _(files: Files) -> None:
    files[at("README.md")] = b"# Model\n"


@files_sample("crop-metadata", "crop_metadata.json beside the trainer folder")
def _(files: Files) -> None:
    files["crop_metadata.json"] = CROP


@files_sample("crop-metadata-wrapper", "crop_metadata.json in the wrapper, beside the folder")
def _(files: Files) -> Files:
    return under("model_seg_sc-gm_t2star", {**files, "crop_metadata.json": CROP})


# What SCT does not find.


@files_sample("two-wrappers", "two folders around the trainer folder")
def _(files: Files) -> Files:
    return under("model_seg_sc-gm_t2star", under("Dataset901_PhantomCord", files))


@files_sample("wrapper-ds-store", "a .DS_Store beside the wrapper")
def _(files: Files) -> Files:
    return {**under("model_seg_sc-gm_t2star", files), ".DS_Store": b"\0\0\0\1Bud1"}


@files_sample("wrapper-readme-beside", "a README.md beside the wrapper")
def _(files: Files) -> Files:
    return {**under("model_seg_sc-gm_t2star", files), "README.md": b"# Model\n"}


@files_sample("dataset-readme-beside", "a README.md beside the DatasetNNN_NAME folder")
def _(files: Files) -> Files:
    return {**under("Dataset901_PhantomCord", files), "README.md": b"# Model\n"}


@files_sample("wrapper-contains-trainer", "a wrapper with nnUNetTrainer in its name")
def _(files: Files) -> Files:
    return under("model_epi_nnUNetTrainer", files)


@files_sample("wrapper-starts-trainer", "a wrapper whose name starts with nnUNetTrainer")
def _(files: Files) -> Files:
    return under("nnUNetTrainer_model", files)


@files_sample("files-at-root", "no trainer folder: its files at the root")
def _(files: Files) -> Files:
    return moved(files, f"{TRAINER}/", "")


@files_sample("files-in-wrapper", "no trainer folder: its files in a folder of another name")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "model_seg_sc-gm_t2star")


@files_sample("files-in-dataset", "no trainer folder: its files in DatasetNNN_NAME")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "Dataset901_PhantomCord")


@files_sample("trainer-lower-case", "a trainer folder that starts with nnUnet")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUnet3DCustomTrainer__nnUNetPlans__2d")


@files_sample("trainer-other-prefix", "a trainer folder that does not start with nnUNetTrainer")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "MultiTalent_trainer__nnUNetPlans__2d")


@files_sample("trainer-prefixed", "a trainer folder with text before nnUNetTrainer")
def _(files: Files) -> Files:
    return moved(files, TRAINER, f"model_{TRAINER}")


@files_sample("two-trainer-folders", "two configurations at the root")
def _(files: Files) -> Files:
    return {**files, **moved(files, TRAINER, f"{TRAINER[:-2]}3d_fullres")}


@files_sample("dataset-two-trainers", "two configurations in DatasetNNN_NAME")
def _(files: Files) -> Files:
    both = {**files, **moved(files, TRAINER, f"{TRAINER[:-2]}3d_fullres")}
    return under("Dataset901_PhantomCord", both)


@files_sample("trainer-and-file", "a file nnUNetTrainer.txt beside the trainer folder")
def _(files: Files) -> None:
    files["nnUNetTrainer.txt"] = b"notes\n"


@files_sample("trainer-and-py", "a file nnUNetTrainerTiny.py beside the trainer folder")
def _(files: Files) -> None:
    files["nnUNetTrainerTiny.py"] = files[at("trainer_class.py")]


@files_sample("name-two-parts", "a trainer folder with a name of two parts")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUNetTrainerTiny__2d")


@files_sample("name-one-part", "a trainer folder that is called nnUNetTrainer")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUNetTrainer")


@files_sample("name-single-underscores", "a trainer folder with single underscores")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUNetTrainerTiny_nnUNetPlans_2d")


@files_sample("name-four-parts", "a trainer folder with a name of four parts")
def _(files: Files) -> Files:
    return moved(files, TRAINER, f"{TRAINER}__v2")


@files_sample("name-brackets", "a trainer folder with [ ] in its name")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUNetTrainer[1]__nnUNetPlans__2d")


@files_sample("name-other-trainer", "a trainer folder with another trainer in its name")
def _(files: Files) -> Files:
    return moved(files, TRAINER, "nnUNetTrainer_2000epochs__nnUNetPlans__2d")


@files_sample("name-other-configuration", "a trainer folder with another configuration in its name")
def _(files: Files) -> Files:
    return moved(files, TRAINER, f"{TRAINER[:-2]}3d_fullres")


@files_sample("name-unknown-configuration", "a trainer folder with a configuration not in plans")
def _(files: Files) -> Files:
    return moved(files, TRAINER, f"{TRAINER[:-2]}3d_lowres")


@files_sample("name-other-plans", "a trainer folder with another plans name")
def _(files: Files) -> Files:
    return moved(files, TRAINER, TRAINER.replace("nnUNetPlans", "nnUNetResEncUNetMPlans"))


# Folds and checkpoints.


@files_sample("no-fold", "no fold: the checkpoint in the trainer folder")
def _(files: Files) -> Files:
    return moved(files, at("fold_0/"), at(""))


@files_sample("fold-empty", "a second fold without any file but a log", folds=(0, 1))
def _(files: Files) -> None:
    del files[at(f"fold_1/{FINAL}")]


@files_sample("fold-all-and-0", "fold_all beside fold_0")
def _(files: Files) -> Files:
    return {**files, **moved(files, at("fold_0"), at("fold_all"))}


@files_sample("fold-old", "fold_0_old beside fold_0")
def _(files: Files) -> Files:
    return {**files, **moved(files, at("fold_0"), at("fold_0_old"))}


@files_sample("fold-text-file", "a file fold_notes.txt in the trainer folder")
def _(files: Files) -> None:
    files[at("fold_notes.txt")] = b"notes\n"


@files_sample("fold-leading-zero", "fold_00 in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold_00"))


@files_sample("fold-word", "fold_best in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold_best"))


@files_sample("fold-upper-case", "Fold_0 in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("Fold_0"))


@files_sample("fold-without-underscore", "fold0 in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold0"))


@files_sample("fold-number-last", "fold_seed_0 in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold_seed_0"))


@files_sample("fold-negative", "fold_-1 in place of fold_0")
def _(files: Files) -> Files:
    return moved(files, at("fold_0"), at("fold_-1"))


@files_sample("checkpoint-best-only", "checkpoint_best.pth in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at("fold_0/checkpoint_best.pth"))


@files_sample("checkpoint-latest-only", "checkpoint_latest.pth in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at("fold_0/checkpoint_latest.pth"))


@files_sample("checkpoint-best-too", "checkpoint_best.pth beside checkpoint_final.pth")
def _(files: Files) -> None:
    files[at("fold_0/checkpoint_best.pth")] = files[CHECKPOINT]


@files_sample("checkpoint-latest-too", "checkpoint_latest.pth beside checkpoint_final.pth")
def _(files: Files) -> None:
    files[at("fold_0/checkpoint_latest.pth")] = files[CHECKPOINT]


@files_sample("checkpoint-mixed", "one fold with the final, one with the best only", folds=(0, 1))
def _(files: Files) -> Files:
    return moved(files, at(f"fold_1/{FINAL}"), at("fold_1/checkpoint_best.pth"))


@files_sample("checkpoint-other-name", "model_final.pth in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at("fold_0/model_final.pth"))


@files_sample("checkpoint-pt", "checkpoint_final.pt in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at("fold_0/checkpoint_final.pt"))


@files_sample("checkpoint-upper-case", "Checkpoint_Final.pth in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at("fold_0/Checkpoint_Final.pth"))


@files_sample("checkpoint-zipped", "checkpoint_final.pth.zip in place of checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, f"{CHECKPOINT}.zip")


@files_sample("checkpoint-in-subfolder", "the checkpoint one folder too deep")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, at(f"fold_0/weights/{FINAL}"))


@files_sample("checkpoint-is-folder", "a folder that is called checkpoint_final.pth")
def _(files: Files) -> Files:
    return moved(files, CHECKPOINT, f"{CHECKPOINT}/{FINAL}")


@files_sample("ckpt-file", "a .ckpt file somewhere in the package")
def _(files: Files) -> None:
    files[at("fold_0/last.ckpt")] = b"old"


@files_sample("checkpoint-copy-at-root", "another checkpoint in the trainer folder")
def _(files: Files) -> None:
    files[at(FINAL)] = files[CHECKPOINT]


# Files that prediction needs, and files that nobody should ship.


@files_sample("no-dataset-json", "no dataset.json")
def _(files: Files) -> None:
    del files[at("dataset.json")]


@files_sample("no-plans-json", "no plans.json")
def _(files: Files) -> None:
    del files[at("plans.json")]


@files_sample("dataset-json-upper-case", "Dataset.json in place of dataset.json")
def _(files: Files) -> Files:
    return moved(files, at("dataset.json"), at("Dataset.json"))


@files_sample("plans-file-other-name", "nnUNetPlans.json in place of plans.json")
def _(files: Files) -> Files:
    return moved(files, at("plans.json"), at("nnUNetPlans.json"))


@files_sample("json-beside", "dataset.json and plans.json beside the trainer folder, not in it")
def _(files: Files) -> Files:
    return moved(moved(files, at("dataset.json"), "dataset.json"), at("plans.json"), "plans.json")


@files_sample("json-in-fold", "dataset.json and plans.json in the fold, not beside it")
def _(files: Files) -> Files:
    there = moved(files, at("dataset.json"), at("fold_0/dataset.json"))
    return moved(there, at("plans.json"), at("fold_0/plans.json"))


@files_sample("only-checkpoint", "nothing but the checkpoint in its fold")
def _(files: Files) -> Files:
    return {CHECKPOINT: files[CHECKPOINT]}


@files_sample("image-inside", "an image in the fold")
def _(files: Files) -> None:
    files[at("fold_0/sub-001_T2w.nii.gz")] = b"\x1f\x8b\x08\0"


@files_sample("validation-folder", "the fold's validation folder with its summary")
def _(files: Files) -> None:
    files[at("fold_0/validation/summary.json")] = b"{}"


@files_sample("crossval-results", "the folder crossval_results_folds_0_1_2_3_4")
def _(files: Files) -> None:
    files[at("crossval_results_folds_0_1_2_3_4/postprocessing.json")] = b"{}"


@files_sample("crop-metadata-in-trainer", "crop_metadata.json in the trainer folder")
def _(files: Files) -> None:
    files[at("crop_metadata.json")] = CROP


@files_sample("crop-metadata-key", "crop_metadata.json without pad_left")
def _(files: Files) -> None:
    files["crop_metadata.json"] = json.dumps(
        {k: v for k, v in PADS.items() if "left" not in k}
    ).encode()


@files_sample("crop-metadata-not-json", "a crop_metadata.json that is YAML")
def _(files: Files) -> None:
    files["crop_metadata.json"] = "\n".join(f"{k}: {v}" for k, v in PADS.items()).encode()


@files_sample("source-tree", "the model inside a checkout of its repository")
def _(files: Files) -> Files:
    return {
        **under("model_seg_sc-gm_t2star-main/models", files),
        "model_seg_sc-gm_t2star-main/README.md": b"# Model\n",
        "model_seg_sc-gm_t2star-main/LICENSE": b"MIT\n",
    }
