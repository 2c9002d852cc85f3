"""The rules about leaks: what nnU-Net records is found, what people mean to publish is not."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from build import (
    MODEL,
    NAME,
    TRAINER,
    Case,
    Change,
    assert_case,
    changed,
    dataset,
    edit,
    findings,
    genuine,
    package,
    put,
    unpacked,
    write_zip,
)
from model_lint.findings import Severity
from model_lint.privacy import scrub
from model_lint.storage.limits import MAX_EXCERPT_BYTES

W, E = Severity.WARNING, Severity.ERROR
CLASS = (MODEL / "trainer_class.py").read_text(encoding="utf-8")
TIME = "2024-09-03 14:06:03.123456: "
LOG = "fold_0/training_log_2024_9_3_14_06_03.txt"
DEBUG = "fold_0/debug.json"
EPOCH = (
    "\n".join(
        f"{TIME}{line} "
        for line in (
            "",
            "Epoch {0}",
            "Current learning rate: 0.00{0}",
            "train_loss -0.{0}",
            "val_loss -0.{0}",
            "Pseudo dice [np.float32(0.{0}), np.float32(0.{0})]",
            "Epoch time: {0}.35 s",
        )
    )
    + "\n"
)
EPOCHS = "".join(EPOCH.format(number) for number in range(1000))
TOKEN = "ghp_" + "a1B2" * 9
KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"
)


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, **more)


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return changed(code, what, *changes, fires=False, **more)


def log(text: str) -> Change:
    return put(LOG, f"{TIME}Desired fold for training: 0 \n{text}\n")


def logged(code: str, what: str, text: str, **more: Any) -> Case:
    """Return a case of a log that leaks; without the leak, it is valid."""
    return case(
        code,
        what,
        log(text),
        valid=lambda folder: package(folder, log(scrub(text))),
        at=LOG,
        **more,
    )


def source(line: str) -> Change:
    return put("trainer_class.py", f"{CLASS}\n{line}\n")


CASES = [
    logged(
        "V001",
        "a path in the log",
        f"{TIME}Using splits from existing split file: /scratch/jdoe/x/splits_final.json ",
        says="the absolute path `/scratch/jdoe/x/splits_final.json`",
        line=2,
        severity=W,
    ),
    case(
        "V001",
        "in debug.json",
        edit(DEBUG, {"log_file": "/home/jdoe/r/x.txt", "output_folder": "/home/jdoe/r"}),
        says="2 absolute paths, the first `/home/jdoe/r",
        at=DEBUG,
    ),
    case("V001", "a placeholder's home", log("in /home/user/nnunet/raw"), at=LOG),
    case("V001", "windows", log(r"read D:\data\study\raw"), at=LOG),
    case("V001", "trainer", source("ROOT = '/home/jdoe/nnunet'"), at="trainer_class.py"),
    case("V001", "yaml", put("split.yaml", "root: /data/study\n"), at="split.yaml", line=1),
    case("V001", "at the top", put("/notes.txt", "from /data/study\n"), at="!/notes.txt"),
    case(
        "V001",
        "summary.json",
        put("fold_0/validation/summary.json", json.dumps({"reference_file": "/a/b/c.nii.gz"})),
    ),
    case(
        "V001", "escaped json", put(DEBUG, '{"output_folder": "\\u002fhome\\u002fjdoe"}'), at=DEBUG
    ),
    case(
        "V001",
        "at the end of a long log",
        log(f"{EPOCHS}{TIME}saved to /home/jdoe/x"),
        at=LOG,
    ),
    silent("V001", "a model that is published"),
    silent("V001", "web addresses", log("see https://github.com/MIC-DKFZ/nnUNet/blob/master/x.md")),
    silent("V001", "an example in the trainer", source("# nnUNet_raw=/path/to/data/raw")),
    case(
        "V001",
        "a blank in it",
        log("loading checkpoint /media/jdoe/SAMSUNG 4TB/x/m.model train= False"),
        says="`/media/jdoe/SAMSUNG 4TB/x/m.model`",
    ),
    case("V001", "a mount in the trainer", source("ROOT = '/mnt/data/jdoe'")),
    case("V001", "an export in the trainer", source("ROOT = '/export/jdoe'")),
    silent("V001", "a service's home in the trainer", source("ROOT = '/home/runner/x'")),
    silent("V001", "a placeholder's home in the trainer", source("ROOT = '/home/user/nnunet'")),
    silent("V001", "variables", source("# $HOME/nnunet or /home/$USER/nnunet")),
    silent("V001", "a long log", log(EPOCHS)),
    silent(
        "V001", "cut inside a path", log(f"{'a' * (MAX_EXCERPT_BYTES - 76)} nnunetv2/x/y/z{EPOCHS}")
    ),
    silent("V001", "readme", put("README.md", "Unzip it to /home/you/models/x\n")),
    silent("V001", "not a text", put("x.bin", "/home/jdoe/x")),
    silent("V001", "macos", put("/__MACOSX/._x.txt", "/home/jdoe/x")),
    case(
        "V002",
        "the name of the machine",
        edit(DEBUG, {"hostname": "romane"}),
        says="the host or user `romane`",
        at=DEBUG,
        severity=W,
    ),
    case("V002", "two", log("hostname: gpu-7\nuser_name=jdoe"), says="2 hosts or users", line=2),
    case("V002", "address in the log", log("mail to jane@uni-x.example.ca"), at=LOG),
    case("V002", "a copy command", source("# rsync jdoe@romane:~/x ."), at="trainer_class.py"),
    silent("V002", "git's address", log("Cloning git@github.com:x/y.git and gitea@lab.ca:x/y.git")),
    silent("V002", "localhost", edit(DEBUG, {"hostname": "localhost"})),
    silent("V002", "no host name", edit(DEBUG, {"hostname": "/bin/sh: 1: hostname: not found"})),
    silent("V002", "author of the trainer", source("# Author: Jane Doe <jane@uni-x.example.ca>")),
    silent("V002", "contact in dataset.json", dataset({"reference": "jane@uni-x.example.ca"})),
    silent("V002", "citation", put("CITATION.cff", "email: jane@uni-x.example.ca\n")),
    logged(
        "V003",
        "a subject in the log",
        f"{TIME}predicting sub-m012_T2w \n{TIME}sub-m012_T2w, shape torch.Size([1, 2]), rank 0 ",
        says="the subject `sub-m012_T2w`",
        line=2,
        severity=W,
    ),
    case(
        "V003",
        "cases of no study's convention",
        log(f"{EPOCHS}{TIME}predicting liver_1 \n{TIME}predicting liver_2 "),
        says="2 subjects, the first `liver_1`",
        at=LOG,
    ),
    case(
        "V003",
        "list of images",
        dataset({"training": [{"image": "./imagesTr/jane_0000.nii.gz"}]}),
        at="dataset.json",
        says="`jane`",
    ),
    case("V003", "split", put("splits_final.json", '[{"train": ["sub-01"], "val": ["sub-02"]}]')),
    case("V003", "windows line ends", log(f"{TIME}predicting liver_1 \r"), says="`liver_1`"),
    silent("V003", "words", log("a sub-volume of the sub-optimal participants")),
    silent("V003", "a placeholder", source('"""Reads sub-XXX_T2w.nii.gz."""')),
    silent("V003", "an example", put("README.md", "sct_deepseg sc -i sub-001_T2w.nii.gz\n")),
    case(
        "V004",
        "a token in the trainer",
        source(f"wandb.login(key='{'0a1b' * 10}')"),
        says="`0a1b...`",
        at="trainer_class.py",
        severity=E,
    ),
    case("V004", "environment", source(f'os.environ["WANDB_API_KEY"] = "{"0a1b" * 10}"')),
    case("V004", "default", source(f'os.environ.setdefault("WANDB_API_KEY", "{"0a1b" * 10}")')),
    case("V004", "attribute", source(f'wandb_key = "{"0a1b" * 10}"'), says="`0a1b...`"),
    silent("V004", "from the environment", source('key = os.environ["WANDB_API_KEY"]')),
    silent(
        "V004", "keys of a dictionary", source('image_key, key = "image_0000_t2w", dict(key=1)')
    ),
    silent("V004", "a commit", source(f"# nnU-Net at {'0a1b' * 10}")),
    case("V004", "token in a readme", put("README.md", f"use {TOKEN}"), says="`ghp_...`"),
    case("V004", "private key", put("id.pem", KEY), says="`-----BEGIN OPENSSH PRIVATE KEY-----`"),
    case("V004", "password", put("x.env", "PASSWORD=Tr0ub4dor\n"), says="`...`"),
    case("V004", "address", log("git clone https://jdoe:s3cret@git.example/x"), says="`...`"),
    silent("V004", "a program's words", source("token = config.api_token_2 or tokens[0]")),
    silent("V004", "a variable", source("# https://x-access-token:${TOKEN}@github.com/x")),
    silent("V004", "a public key", put("x.pem", KEY.replace("PRIVATE", "PUBLIC"))),
    silent("V004", "a placeholder", put("x.env", "PASSWORD=your_password1\nTOKEN=<TOKEN1>\n")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "V")


def test_one_finding_for_each_file_and_kind(tmp_path: Path) -> None:
    change = log("in /home/a/b and /home/a/c of sub-01 and sub-02\nin /home/a/d")
    found = findings(package(tmp_path, change), "V")
    assert [(f.code, f.line) for f in found] == [("V001", 2), ("V003", 2)]


def test_the_model_as_trained_names_its_machine_and_folders(tmp_path: Path) -> None:
    files = [(f"{TRAINER}/{p.relative_to(MODEL)}", p.read_bytes()) for p in MODEL.rglob("*.*")]
    found = findings(write_zip(tmp_path / NAME, files), "V")
    assert {(f.code, f.location.rpartition("/")[2].partition("_")[0]) for f in found} == {
        ("V001", "debug.json"),
        ("V001", "training"),
        ("V002", "debug.json"),
    }


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    for change in (log(TOKEN), source(f"x = '{TOKEN}'"), dataset({"reference": TOKEN})):
        (found,) = findings(package(tmp_path, change), "V")
        assert TOKEN[4:] not in found.message + found.help
        assert found.source is None


def test_the_line_is_told_only_where_it_is_known(tmp_path: Path) -> None:
    (first,) = findings(package(tmp_path, log(f"/home/a/b\n{EPOCHS}")), "V")
    (last,) = findings(package(tmp_path, log(f"{EPOCHS}/home/a/b\n")), "V")
    assert (first.line, last.line) == (2, None)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_little_of_a_long_log_is_read(tmp_path: Path, method: int) -> None:
    text = f"{TIME}/home/a/b \n{EPOCHS * 20}{TIME}predicting liver_1 \n"
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in genuine(log(text)).items():
            archive.writestr(name, data)
    assert {f.code for f in findings(path, "V")} == {"V001", "V003"}


def test_a_folder_is_searched_as_a_zip(tmp_path: Path) -> None:
    (found,) = findings(unpacked(tmp_path, log("/home/a/b")), "V")
    assert found.location.endswith(LOG)


def _dataset_in_checkpoint(folder: Path, dataset: dict[str, Any], folds: Iterable[int]) -> Path:
    """Write a package whose checkpoints hold a changed copy of dataset.json."""
    import io

    import torch

    def change(files: dict[str, bytes]) -> None:
        for fold in folds:
            path = f"{TRAINER}/fold_{fold}/checkpoint_final.pth"
            content = torch.load(io.BytesIO(files[path]), weights_only=False)
            content["init_args"]["dataset_json"] |= dataset
            buffer = io.BytesIO()
            torch.save(content, buffer)
            files[path] = buffer.getvalue()

    return package(folder, change, folds=folds)


def test_the_copy_of_dataset_json_in_the_checkpoints_is_searched_once(tmp_path: Path) -> None:
    listed = {"training": [{"image": f"./imagesTr/sub-{i:02}_0000.nii.gz"} for i in range(9)]}
    path = _dataset_in_checkpoint(tmp_path, {**listed, "description": "/home/a/b"}, (0, 1))
    found = findings(path, "V")
    assert [f.code for f in found] == ["V001", "V003"]
    assert "9 subjects, the first `sub-00`, in its copy of dataset.json" in found[1].message
    assert found[1].location.endswith("fold_0/checkpoint_final.pth")


@pytest.mark.parametrize("data", [b"\xff\xfe/home/a/b", b"\x00" * 1000, pickle.dumps({"a": 1})])
def test_what_is_no_text_ends_in_a_verdict(tmp_path: Path, data: bytes) -> None:
    findings(package(tmp_path, put("x.txt", data), put(DEBUG, data)), "V")
