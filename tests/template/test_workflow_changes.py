"""What runs again after a change: exactly what depends on it, and then nothing.

One tiny model is really trained; its repository is copied for each change.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from template.support import bake, program, run

CONFIG = ("--configfile", "config.yaml", "tests/phantom.yaml", "tests/fast.yaml")
WORK = Path("output/phantom")
AFTER_TRAINING = {"predict", "evaluate", "card", "pack"}
ALL = {"split", "convert", "plan_preprocess", "train"} | AFTER_TRAINING
FAST = {"num_epochs = 8": "num_epochs = 1", "_epoch = 50": "_epoch = 2", "_epoch = 5": "_epoch = 1"}
NNUNET = {"nnUNet_n_proc_DA": "2", "nnUNet_compile": "f"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which every step is done."""
    output = tmp_path_factory.mktemp("changes") / "output"
    made = bake(output, anatomy="sc-gm", custom_trainer="yes")
    trainer = made / "tests" / "phantom_trainer.py"
    for old, new in FAST.items():
        rewrite(trainer, old, new)
    (made / "tests" / "fast.yaml").write_text("splits: {test: 0.25}\n", "utf-8")
    done = run(sys.executable, "tests/phantom.py", "--subjects", "4", cwd=made)
    assert done.returncode == 0, done.stderr
    done = run(program("snakemake"), "--cores", "2", *CONFIG, cwd=made, **NNUNET)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def repository(finished: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    copy = tmp_path / "repository"
    shutil.copytree(finished, copy, symlinks=True)
    assert started(copy) == set()
    return copy


def started(folder: Path, *arguments: str) -> set[str]:
    """The steps that Snakemake would start."""
    done = run(program("snakemake"), "--dry-run", "--cores", "1", *CONFIG, *arguments, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"rule (\w+):", done.stdout + done.stderr)) - {"all"}


def first(folder: Path, pattern: str) -> Path:
    return min((folder / WORK).glob(pattern))


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def new_times(path: Path) -> None:
    """Write a file again, as an editor does."""
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a label file": (lambda r: new_times(first(r, "bids/derivatives/**/*.nii.gz")), ALL),
    "an image": (lambda r: new_times(first(r, "bids/sub-*/**/*.nii.gz")), ALL),
    "a subject is gone": (lambda r: shutil.rmtree(first(r, "bids/sub-*")), ALL),
    "splits deleted": (lambda r: (r / WORK / "splits.yaml").unlink(), ALL),
    "share of the test set": (
        lambda r: rewrite(r / "tests/fast.yaml", "0.25", "0.5"),
        ALL,
    ),
    "orientation": (lambda r: rewrite(r / "config.yaml", ": RPI", ": LAS"), ALL - {"split"}),
    "a raw label deleted": (
        lambda r: first(r, "nnUNet_raw/*/labelsTr/*").unlink(),
        ALL - {"split"},
    ),
    "code of the conversion": (
        lambda r: rewrite(r / "workflow/scripts/samples.py", "which counts as empty", "no label"),
        ALL - {"split"},
    ),
    "plans": (
        lambda r: rewrite(r / "tests/phantom.yaml", "batch_size: 8", "batch_size: 4"),
        {"plan_preprocess", "train"} | AFTER_TRAINING,
    ),
    "preprocessed data deleted": (
        lambda r: first(r, "nnUNet_preprocessed/*/nnUNetPlans_2d/*").unlink(),
        {"plan_preprocess", "train"} | AFTER_TRAINING,
    ),
    "trainer": (
        lambda r: rewrite(r / "tests/phantom_trainer.py", "num_epochs = 1", "num_epochs = 2"),
        {"train"} | AFTER_TRAINING,
    ),
    "checkpoint deleted": (
        lambda r: first(r, "nnUNet_results/**/checkpoint_final.pth").unlink(),
        {"train"} | AFTER_TRAINING,
    ),
    "a prediction deleted": (
        lambda r: first(r, "predictions/*.nii.gz").unlink(),
        {"predict", "evaluate", "card"},
    ),
    "layout": (
        lambda r: rewrite(r / "config.yaml", "layout: spec", "layout: dataset"),
        {"pack"},
    ),
    "a zip for each fold": (
        lambda r: rewrite(r / "config.yaml", "split_folds: false", "split_folds: true"),
        {"pack"},
    ),
    "minimum": (
        lambda r: rewrite(r / "config.yaml", "minimum_dice: {}", "minimum_dice: {sc: 0.9}"),
        {"evaluate", "card"},
    ),
    "a comment in the trainer": (lambda r: new_times(r / "tests/phantom_trainer.py"), set()),
    "the BIDS dataset is gone": (lambda r: shutil.rmtree(r / WORK / "bids"), set()),
    "the package deleted": (lambda r: first(r, "release/*.zip").unlink(), {"pack"}),
    "notes deleted": (lambda r: shutil.rmtree(r / WORK / "notes"), ALL - {"split"}),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_starts_what_depends_on_it(
    change: Callable[[Path], object], expected: set[str], repository: Path
) -> None:
    change(repository)
    assert started(repository) == expected


def test_what_did_not_change_is_not_made_again(repository: Path) -> None:
    """The times of a label file changed, not its content: the conversion says so to all others."""
    raw = {path: path.read_bytes() for path in (repository / WORK / "nnUNet_raw").rglob("*.json")}
    label = first(repository, "bids/derivatives/**/*.nii.gz")
    label.write_bytes(label.read_bytes())
    arguments = ("--cores", "1", *CONFIG, "--until", "convert")
    assert run(program("snakemake"), *arguments, cwd=repository).returncode == 0
    assert {path: path.read_bytes() for path in raw} == raw
    again = run(program("snakemake"), *arguments, cwd=repository)
    assert "rule convert:" not in again.stdout + again.stderr
    # A step that finds everything as it was does nothing, whoever starts it.
    done = run(
        sys.executable, "workflow/scripts/convert.py", *("--config", *CONFIG[1:]), cwd=repository
    )
    assert done.stdout.endswith("is up to date\n")


def test_a_subject_joins_and_nobody_moves(repository: Path) -> None:
    bids = repository / WORK / "bids"
    for folder in (bids, bids / "derivatives" / "labels"):
        shutil.copytree(folder / "sub-001", folder / "sub-900")
        for path in (folder / "sub-900").rglob("sub-001*"):
            path.rename(path.with_name(path.name.replace("sub-001", "sub-900")))
    before = (repository / WORK / "splits.yaml").read_text("utf-8")
    arguments = ("--cores", "1", *CONFIG, "--until", "convert")
    done = run(program("snakemake"), *arguments, cwd=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sub-900 joins the folds; the test set stays as it is" in done.stdout + done.stderr
    after = (repository / WORK / "splits.yaml").read_text("utf-8").splitlines()
    assert [line for line in after if "sub-900" not in line] == before.splitlines()


def digest(folder: Path) -> str:
    content = json.loads(first(folder, "nnUNet_results/*/*/dataset.json").read_text("utf-8"))
    return str(content["training_data_sha256"])


def test_the_package_says_what_it_was_trained_on(finished: Path) -> None:
    with zipfile.ZipFile(first(finished, "release/*.zip")) as package:
        (name,) = [name for name in package.namelist() if name.endswith("/dataset.json")]
        assert json.loads(package.read(name))["training_data_sha256"] == digest(finished)
    with zipfile.ZipFile(first(finished, "nnUNet_results/**/checkpoint_final.pth")) as checkpoint:
        (pickle,) = [name for name in checkpoint.namelist() if name.endswith("/data.pkl")]
        assert digest(finished).encode() in checkpoint.read(pickle)


def test_a_package_keeps_its_day(repository: Path) -> None:
    """It is packed with the tag of the day; the day after, it is not packed again."""
    (package,) = (repository / WORK / "release").iterdir()
    earlier = package.rename(package.with_name("model_seg_sc-gm_t2-r20240101.zip"))
    rewrite(repository / WORK / "notes" / "pack.json", package.name, earlier.name)
    assert started(repository) == set()
    command = ("workflow/scripts/pack.py", "--config", *CONFIG[1:])
    done = run(sys.executable, *command, cwd=repository)
    assert done.stdout == "output/phantom/release: is up to date\n"

    rewrite(repository / "config.yaml", "layout: spec", "layout: dataset")
    before = dt.datetime.now(dt.timezone.utc)
    done = run(sys.executable, *command, cwd=repository)
    assert done.returncode == 0, done.stderr
    days = {
        f"model_seg_sc-gm_t2-r{day:%Y%m%d}.zip"
        for day in (before, dt.datetime.now(dt.timezone.utc))
    }
    (new,) = {path.name for path in (repository / WORK / "release").iterdir()} - {earlier.name}
    assert new in days


def test_a_zip_for_each_fold(repository: Path) -> None:
    """What else has the same tag goes: the whole, and a fold that is no longer trained."""
    whole = first(repository, "release/*.zip")
    shutil.copy(whole, whole.with_stem(f"{whole.stem}-fold7"))
    other = whole.with_name("model_seg_sc-gm_t2-r20240101.zip")
    shutil.copy(whole, other)
    rewrite(repository / "config.yaml", "split_folds: false", "split_folds: true")
    done = run(program("snakemake"), "--cores", "1", *CONFIG, cwd=repository, **NNUNET)
    assert done.returncode == 0, done.stdout + done.stderr
    zips = sorted(set((repository / WORK / "release").iterdir()) - {other})
    assert other.is_file()
    folds = yaml.safe_load((repository / "tests/phantom.yaml").read_text("utf-8"))["nnunet"][
        "folds"
    ]
    assert [path.name for path in zips] == [f"{whole.stem}-fold{fold}.zip" for fold in folds]
    report = (repository / WORK / "logs" / "pack.txt").read_text("utf-8")
    assert all(path.name in report for path in zips)
    assert started(repository) == set()


def test_a_test_subject_concerns_the_predictions_and_a_training_subject_all(
    repository: Path,
) -> None:
    """The model is not trained again for a test label; for a training label, it is not packed."""
    splits = yaml.safe_load((repository / WORK / "splits.yaml").read_text("utf-8"))
    before = first(repository, "nnUNet_results/**/checkpoint_final.pth").read_bytes()
    change_label(repository, splits["test"][0])
    done = run(program("snakemake"), "--cores", "2", *CONFIG, cwd=repository, **NNUNET)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "already trained and validated on the current data" in text
    assert "$ nnUNetv2_predict" in text
    assert "$ nnUNetv2_train" not in text
    assert "$ nnUNetv2_preprocess" not in text
    assert first(repository, "nnUNet_results/**/checkpoint_final.pth").read_bytes() == before
    assert started(repository) == set()

    change_label(repository, splits["folds"][0][0])
    arguments = ("--cores", "2", *CONFIG, "--until", "plan_preprocess")
    done = run(program("snakemake"), *arguments, cwd=repository, **NNUNET)
    assert done.returncode == 0, done.stdout + done.stderr
    packages = {path: path.read_bytes() for path in (repository / WORK / "release").iterdir()}
    command = ("workflow/scripts/pack.py", "--config", *CONFIG[1:])
    done = run(sys.executable, *command, cwd=repository)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "was trained on other data, labels, plans, split or trainer; run the workflow" in line
    assert {path: path.read_bytes() for path in packages} == packages


FORGED = """\
import sys
sys.path.insert(0, "workflow/scripts")
from pathlib import Path
from common import read_json, write_json
from folds import checkpoints, depends_on, step_name
from notes import Note, write_note
from settings import load

settings = load([Path(name) for name in sys.argv[1:]])
path = settings.preprocessed / "dataset.json"
write_json(path, read_json(path) | {"training_data_sha256": "0" * 64})
note = Note(depends_on(settings, "0"), {})
write_note(settings.work, step_name(settings, "0"), note, checkpoints(settings.model / "fold_0"))
"""


def test_a_checkpoint_of_other_data_is_recognised_by_itself(repository: Path) -> None:
    """Whatever the note of the fold says: someone may have copied the file."""
    assert run(sys.executable, "-c", FORGED, *CONFIG[1:], cwd=repository).returncode == 0
    for script in (("pack.py",), ("train.py", "--fold", "0")):
        command = (f"workflow/scripts/{script[0]}", *script[1:], "--config", *CONFIG[1:])
        done = run(sys.executable, *command, cwd=repository)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "checkpoint_final.pth: is of other data or plans than the current ones" in line


def change_label(repository: Path, subject: str) -> None:
    path = first(repository, f"bids/derivatives/labels/{subject}/**/*SC_seg.nii.gz")
    image = nib.load(path)
    array = np.asanyarray(image.dataobj).copy()
    array[2, 2, 2] = 1
    nib.save(nib.Nifti1Image(array, image.affine), path)
