"""Advice is true: after what a finding advises, it is gone, and no error has come instead.

Every case in which a rule fires is repaired as its fix says, by a script, and linted again. What
the fix takes from the results folder of the training comes from the genuine model.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import catalogue
import pytest
import releasing
from build import MODEL, NAME, TRAINER, Case, Files, genuine, load, write_zip
from github_server import GitHubServer, RepositoryBuilder
from model_lint.findings import DEFAULT_CONSUMERS, Consumer, Finding, Severity
from model_lint.lint import Options, lint
from model_lint.models.card import fill
from model_lint.models.paths import is_image, is_junk
from model_lint.models.target import Target
from model_lint.naming import parse
from model_lint.rules import all_rules
from releasing import OWNER, TAG, ReleaseCase, zip_of

from rules.test_registry import RULES
from rules.test_release import RELEASES
from rules.test_repository import README, git

#: A rule counts what it does not show, so that a fix may have to be applied again.
ROUNDS = 40


@dataclass
class Patient:
    """A package that is repaired: its files, and its name."""

    files: Files
    name: str = NAME
    #: The name of the model repository, where it is given.
    repository: str | None = None
    folder: Path = field(default_factory=Path)


Fix = Callable[[Patient, Finding], None]
CheckoutFix = Callable[[Path, Finding], None]


def place(finding: Finding) -> str:
    """Return the path in the package at which a finding is."""
    return finding.location.partition("!/")[2]


def at(files: Files, path: str) -> list[str]:
    """Return the files at a path, or below it."""
    return [p for p in files if p.rstrip("/") == path or p.startswith(f"{path}/")]


def trainer_folder(files: Files) -> str:
    """Return the path of the trainer folder: what it is named, or else what it holds."""
    named = [path for path in files if TRAINER in path.split("/")[:-1]]
    if named:
        return named[0][: named[0].rindex(f"{TRAINER}/") + len(TRAINER)]
    return next(path.rpartition("/")[0] for path in files if path.endswith("plans.json"))


# What the fixes say, as scripts


def leave_out(patient: Patient, finding: Finding) -> None:
    for path in at(patient.files, place(finding)):
        del patient.files[path]


def restore(patient: Patient, finding: Finding) -> None:
    """Take the file again from the results folder."""
    inner = place(finding)
    folder, _, name = inner.rpartition("/")
    fold = folder.rpartition("/")[2]
    path = f"{fold}/{name}" if fold.startswith("fold_") else name
    leave_out(patient, finding)
    patient.files[inner] = (MODEL / path).read_bytes()


def zip_again(patient: Patient, _: Finding) -> None:
    """Zip the trainer folder of the results folder."""
    patient.files, patient.name = genuine(), NAME


def store(_: Patient, __: Finding) -> None:
    """Store checkpoints in the zip, as all that is written here."""


def pack(patient: Patient, _: Finding) -> None:
    """Let ``model-lint pack`` write the package anew."""
    source = patient.folder / "source"
    for path, data in patient.files.items():
        if not path.endswith("/"):
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(data)
    command = [sys.executable, "-m", "model_lint", "pack", str(source / TRAINER)]
    options = ["--name", "model_seg_sc-gm_t2star", "--output", str(patient.folder / NAME)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    patient.files = unzipped(patient.folder / NAME)


STEP = re.compile(
    r"(rename|move) (`[^;]*?`) (?:to|into) (?:`([^`]+)`|the top)(?:, as `([^`]+)`)?(?=[,;]|$)"
)


def follow(patient: Patient, finding: Finding) -> None:
    """Rename and move files and folders as the finding itself says."""
    steps = STEP.findall(finding.help)
    assert steps, finding.help
    for verb, names, target, renamed in steps:
        for name in re.findall("`([^`]+)`", names):
            known = {*patient.files, *(f for p in patient.files for f in folders_of(p))}
            same = (path for path in known if path.rpartition("/")[2] == name)
            source = min(same, key=nearness(finding))
            home = source.rpartition("/")[0]
            if verb == "move":
                home = trainer_folder(patient.files)
                home = home if target == TRAINER else f"{home}/{target}" if target else ""
            goal = f"{home}/{renamed or (target if verb == 'rename' else name)}".lstrip("/")
            for path in at(patient.files, source):
                patient.files[goal + path[len(source) :]] = patient.files.pop(path)
    if "leave the other checkpoints out" in finding.help:
        fold = f"{place(finding)}/"
        others = [p for p in patient.files if p.startswith(fold) and "checkpoint_" in p]
        for path in others:
            if not path.endswith("checkpoint_final.pth"):
                del patient.files[path]


def folders_of(path: str) -> Iterable[str]:
    while path := path.rpartition("/")[0]:
        yield path


def nearness(finding: Finding) -> Callable[[str], tuple[bool, int, str]]:
    return lambda path: (not path.startswith(place(finding)), len(path), path)


def of_dataset(change: Callable[[dict[str, Any]], object]) -> Fix:
    """Edit ``dataset.json`` as the fix says."""

    def fix(patient: Patient, finding: Finding) -> None:
        data = json.loads(patient.files[place(finding)])
        change(data)
        patient.files[place(finding)] = json.dumps(data).encode()

    return fix


def take_out_folder(patient: Patient, finding: Finding) -> None:
    """Zip the trainer folder itself."""
    folder = trainer_folder(patient.files)
    patient.files = {
        path[len(folder.removesuffix(TRAINER)) :]: patient.files[path]
        for path in at(patient.files, folder)
    }


def restore_name(patient: Patient, finding: Finding) -> None:
    """Give the folder back the name that nnU-Net gave it."""
    folder = place(finding).partition("/fold_")[0].removesuffix("/plans.json")
    home = folder.rpartition("/")[0]
    goal = f"{home}/{TRAINER}".lstrip("/")
    for path in at(patient.files, folder):
        patient.files[goal + path[len(folder) :]] = patient.files.pop(path)


def restore_missing(patient: Patient, finding: Finding) -> None:
    """Copy the file from the results folder, or move and rename what is there."""
    if re.match("rename|move", finding.help):
        follow(patient, finding)
        return
    name = re.search(r"`([a-z_]+\.json)`", finding.message)
    assert name
    folder = place(finding).removesuffix(f"/{name[1]}")
    restore(patient, finding._replace(location=f"!/{folder}/{name[1]}"))


def restore_fold(patient: Patient, finding: Finding) -> None:
    """Put the trained fold into the folder, or what seems to be meant."""
    if re.match("rename|move", finding.help):
        follow(patient, finding)
        return
    path = f"{place(finding)}/fold_0/checkpoint_final.pth"
    patient.files[path] = (MODEL / "fold_0/checkpoint_final.pth").read_bytes()


def restore_checkpoint(patient: Patient, finding: Finding) -> None:
    """Finish the training, or rename and move what seems to be meant."""
    if re.match("rename|move", finding.help):
        follow(patient, finding)
        return
    path = f"{place(finding).removesuffix('/checkpoint_final.pth')}/checkpoint_final.pth"
    for old in at(patient.files, path):
        del patient.files[old]
    patient.files[path] = (MODEL / "fold_0/checkpoint_final.pth").read_bytes()


def restore_class(patient: Patient, finding: Finding) -> None:
    """Put the trainer into ``trainer_class.py``."""
    if re.match("rename|move", finding.help):
        follow(patient, finding)
        return
    name = place(finding).rpartition("/")[2].partition("__")[0]
    source = (MODEL / "trainer_class.py").read_text().replace("nnUNetTrainerTiny", name)
    patient.files[f"{place(finding)}/trainer_class.py"] = source.encode()


def rename_fold(patient: Patient, finding: Finding) -> None:
    """Rename the folder, take the entry out, or put the trained fold there."""
    if finding.help.startswith("rename `"):
        follow(patient, finding)
        return
    leave_out(patient, finding)
    if finding.help.startswith("put"):
        path = f"{place(finding)}/checkpoint_final.pth"
        patient.files[path] = (MODEL / "fold_0/checkpoint_final.pth").read_bytes()


def follow_or_restore(patient: Patient, finding: Finding) -> None:
    """Rename as the finding says, or take the file again."""
    (follow if finding.help.startswith("rename") else restore)(patient, finding)


def pack_or_restore(patient: Patient, finding: Finding) -> None:
    """Let ``model-lint pack`` mend the file, or take it again."""
    (pack if "model-lint pack" in finding.help else restore)(patient, finding)


def restore_name_or_file(patient: Patient, finding: Finding) -> None:
    """Give the folder back its name, or take the file of this training."""
    (restore if TRAINER in place(finding) else restore_name)(patient, finding)


def numbered_alone(patient: Patient, finding: Finding) -> None:
    """Ship the numbered folds alone."""
    leave_out(patient, finding)


def leave_out_all(named: Callable[[str], bool]) -> Fix:
    """Leave out all that is named so."""

    def fix(patient: Patient, _: Finding) -> None:
        patient.files = {path: data for path, data in patient.files.items() if not named(path)}

    return fix


def restore_training(patient: Patient, finding: Finding) -> None:
    """Take the files and the checkpoint from the results folder of one training."""
    restore(patient, finding)
    restore_both(patient, finding)


def restore_both(patient: Patient, finding: Finding) -> None:
    """Take dataset.json, plans.json and the fingerprint from the results folder."""
    for name in ("dataset.json", "plans.json", "dataset_fingerprint.json"):
        patient.files[f"{trainer_folder(patient.files)}/{name}"] = (MODEL / name).read_bytes()


def restore_all(patient: Patient, finding: Finding) -> None:
    """Take the files and all checkpoints from the results folder of one training."""
    restore_both(patient, finding)
    for path in [path for path in patient.files if path.endswith("/checkpoint_final.pth")]:
        restore(patient, finding._replace(location=f"!/{path}"))


def into_dataset_folder(patient: Patient, _: Finding) -> None:
    """Put the trainer folder into a dataset folder, and that at the top."""
    above = trainer_folder(patient.files).rpartition("/")[0]
    prefix = f"{above}/" if above else ""
    patient.files = {
        f"Dataset101_Cord/{p.removeprefix(prefix)}": d for p, d in patient.files.items()
    }


def first_fold(patient: Patient, _: Finding) -> None:
    """Ship fold 0 in the place of others."""
    folder = trainer_folder(patient.files)
    for path in at(patient.files, folder):
        if path.startswith(f"{folder}/fold_"):
            del patient.files[path]
    for path, data in genuine().items():
        if "/fold_0/" in path:
            patient.files[f"{folder}/{path.partition('/')[2]}"] = data


def beside_trainer_folder(patient: Patient, finding: Finding) -> None:
    home = trainer_folder(patient.files).removesuffix(TRAINER)
    patient.files[f"{home}crop_metadata.json"] = patient.files.pop(place(finding))


def give_paddings(patient: Patient, finding: Finding) -> None:
    leave_out(patient, finding)
    sides = ("superior", "inferior", "left", "right", "anterior", "posterior")
    patient.files[place(finding)] = json.dumps({f"pad_{side}": 10 for side in sides}).encode()


def rename_zip(patient: Patient, finding: Finding) -> None:
    patient.name = f"{patient.repository or 'model_seg_sc-gm_t2star'}-r20261123.zip"


def follow_name(patient: Patient, finding: Finding) -> None:
    name = re.search(r"`(model_[^`]+)`", finding.help)
    assert name
    patient.name, patient.repository = f"{name[1]}-r20261123.zip", name[1]


def take_out_line(patient: Patient, finding: Finding) -> None:
    """Take it out of the file."""
    lines = patient.files[place(finding)].splitlines(keepends=True)
    assert finding.line
    if b"-----BEGIN" in lines[finding.line - 1]:
        lines = []
    else:
        del lines[finding.line - 1]
    patient.files[place(finding)] = b"".join(lines)


def pack_or_take_out(patient: Patient, finding: Finding) -> None:
    """Let ``model-lint pack`` take it out, or do it by hand."""
    (take_out_line if "by hand: " in finding.help else pack)(patient, finding)


def leave_out_first(patient: Patient, finding: Finding) -> None:
    """Take what is missing elsewhere out of the folder, and leave the rest out."""
    assert ("out of it" in finding.help) == any(
        path in finding.help for path in at(patient.files, place(finding))
    )
    for path in at(patient.files, place(finding)):
        data = patient.files.pop(path)
        if path in finding.help:
            name = path.rpartition("/")[2]
            patient.files[f"{trainer_folder(patient.files)}/{name}"] = data


def channels(data: dict[str, Any]) -> None:
    data["channel_names"] = {"0": "T2w"}
    data.pop("modality", None)


def legacy_orientation(data: dict[str, Any]) -> None:
    data["image_orientation"] = data.pop("orientation")


def without_seg(data: dict[str, Any]) -> None:
    data["labels"] = {
        re.sub("_?seg$", "", name) or "sc": value for name, value in data["labels"].items()
    }


FIXES: dict[str, Fix] = {
    **dict.fromkeys(("Z001", "Z002", "Z003", "Z004", "Z005", "Z006", "Z007", "Z009"), zip_again),
    **dict.fromkeys(("Z010", "Z011", "L001"), zip_again),
    "Z008": leave_out_all(is_junk),
    "L002": leave_out,
    "L003": restore_name,
    **dict.fromkeys(("L004", "L005", "L006"), take_out_folder),
    "L007": restore_missing,
    "L008": restore_fold,
    "L009": rename_fold,
    "L010": numbered_alone,
    "L011": restore_checkpoint,
    "L012": leave_out,
    "L013": leave_out_all(is_image),
    "L014": leave_out_first,
    "L015": leave_out,
    "L016": restore_class,
    "L017": leave_out,
    "L018": restore,
    "L019": restore,
    "L020": beside_trainer_folder,
    "L021": give_paddings,
    "L022": rename_zip,
    "L023": restore,
    "L027": into_dataset_folder,
    "L028": first_fold,
    "D001": restore,
    "D002": restore,
    "D003": of_dataset(lambda data: data.update(image_orientation="RPI")),
    "D004": of_dataset(lambda data: data.update(image_orientation="RPI")),
    "D005": of_dataset(legacy_orientation),
    "D006": restore,
    "D007": of_dataset(channels),
    "D008": of_dataset(without_seg),
    "D011": restore_both,
    "D013": of_dataset(lambda data: data.pop("overwrite_image_reader_writer")),
    "D012": of_dataset(lambda data: data.update(image_orientation="LPI")),
    "P001": restore,
    "P002": restore_both,
    "P003": restore_name_or_file,
    "P006": restore,
    "P007": restore_both,
    "P008": restore,
    **dict.fromkeys(("C001", "C002", "C009", "C013", "C014"), restore),
    "C003": pack_or_restore,
    "C004": restore_name_or_file,
    "C005": restore,
    "C006": follow_or_restore,
    "C007": restore_both,
    "C008": restore_both,
    "C010": pack,
    "L026": pack,
    "C011": pack,
    "C012": restore_all,
    "C016": store,
    "C015": restore_training,
    **dict.fromkeys(("K001", "K002", "K003", "K004", "K005", "K006"), restore),
    **dict.fromkeys(("V001", "V002", "V003"), pack_or_take_out),
    "V004": take_out_line,
    "N012": follow_name,
}

# Checkouts


def add(name: str) -> CheckoutFix:
    """Add a file."""

    def fix(root: Path, _: Finding) -> None:
        (root / name).write_text("# A model\n", encoding="utf-8")
        git(root, "add", name)

    return fix


def add_citation(root: Path, finding: Finding) -> None:
    """Add the file, or rename the one that is there."""
    near = re.match("rename `([^`]+)` to `([^`]+)`", finding.help)
    if near:
        git(root, "mv", "--force", near[1], near[2])
    else:
        add("CITATION.cff")(root, finding)


def untrack(root: Path, finding: Finding) -> None:
    """Take it out of git with ``git rm --cached``, and ignore it."""
    path = finding.location.removeprefix(f"{root}/")
    git(root, "rm", "--cached", "-r", "--quiet", "-f", path)
    with (root / ".gitignore").open("a", encoding="utf-8") as ignored:
        ignored.write(f"{path}\n")


def edit_lines(root: Path, finding: Finding, change: Callable[[list[str]], list[str]]) -> None:
    """Change a file from the line of the finding to the end of its command."""
    path = Path(finding.location)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert finding.line
    first = last = finding.line - 1
    while lines[last].endswith("\\\n"):
        last += 1
    lines[first : last + 1] = change(lines[first : last + 1])
    path.write_text("".join(lines), encoding="utf-8")
    git(root, "add", "--force", str(path))


def remove_line(root: Path, finding: Finding) -> None:
    """Remove the line; of a key, which fills its file, all of them."""
    is_key = "-----BEGIN" in finding.message
    while is_key and Path(finding.location).stat().st_size:
        edit_lines(root, finding, lambda _: [])
    if not is_key:
        edit_lines(root, finding, lambda _: [])


def take_from_environment(root: Path, finding: Finding) -> None:
    """Take the first value of the message from an environment variable."""
    value = re.search("`([^`]+)`", finding.message)
    assert value
    escaped = json.dumps(value[1])[1:-1]
    edit_lines(
        root,
        finding,
        lambda lines: [x.replace(escaped, "$HOME").replace(value[1], "$HOME") for x in lines],
    )


def write_command(root: Path, finding: Finding) -> None:
    """Write the command that the finding gives."""
    command = re.search("`(sct_deepseg TASK -i IMAGE)`", finding.help)
    assert command
    edit_lines(root, finding, lambda _: [f"{command[1]}\n"])


def write_card(root: Path, _: Finding) -> None:
    """Write the part again, as the workflow does."""
    readme, table = root / "README.md", root / "results" / "table.csv"
    text = re.sub("<!-- card:results.* -->\n", "<!-- card:results -->\n", readme.read_text("utf-8"))
    if "<!-- card:end -->" not in text:
        text = text.replace("<!-- card:results -->\n", "<!-- card:results -->\n<!-- card:end -->\n")
    sources = {"results/table.csv": table.read_text("utf-8")} if table.exists() else {}
    readme.write_text(fill(text, "results", "| Dice |", sources), encoding="utf-8")


CHECKOUT_FIXES: dict[str, CheckoutFix] = {
    "R001": add("README.md"),
    "R002": add("LICENSE"),
    "R003": add_citation,
    "R004": remove_line,
    "R005": untrack,
    "R006": take_from_environment,
    "R007": untrack,
    "R008": write_command,
    "R010": remove_line,
    "R011": untrack,
    "R014": write_card,
}

# Releases


def release_again(_: GitHubServer, repository: RepositoryBuilder, __: Finding) -> str:
    """Make a new release of the default branch, and build its zip from the results folder."""
    last = max(f"{repository.dates[repository.head]:%Y-%m-%d}", "2026-11-24")
    repository.release(NEW_TAG, {f"{RELEASED}-{NEW_TAG}.zip": zip_of()}, date=last)
    return f"{OWNER}/{RELEASED}@{NEW_TAG}"


def attach(_: GitHubServer, repository: RepositoryBuilder, __: Finding) -> str:
    """Attach the zip that ``pack`` builds, in place of what is attached."""
    release = repository.repository.releases[0]
    release.assets.clear()
    repository.add_asset(
        release, f"{RELEASED}-{release.tag}.zip", zip_of(), date=release.published_at
    )
    return ""


def retitle(_: GitHubServer, repository: RepositoryBuilder, __: Finding) -> str:
    repository.repository.releases[0].title = repository.repository.releases[0].tag
    return ""


def publish(_: GitHubServer, repository: RepositoryBuilder, __: Finding) -> str:
    release = repository.repository.releases[0]
    release.draft = release.prerelease = False
    release.published_at = release.created_at
    if not repository.repository.git.sha(f"refs/tags/{release.tag}"):
        repository.tag(release.tag)
    return ""


def upload_again(_: GitHubServer, repository: RepositoryBuilder, __: Finding) -> str:
    release = repository.repository.releases[0]
    for asset in [asset for asset in release.assets if asset.state == "starter"]:
        release.assets.remove(asset)
        repository.add_asset(release, asset.name, zip_of(), date=release.published_at)
    return ""


def correct_notes(_: GitHubServer, repository: RepositoryBuilder, finding: Finding) -> str:
    release = repository.repository.releases[0]
    wrong = re.search(r"is ([0-9a-f]{12})", finding.message)
    assert wrong
    assert release.assets[0].digest
    right = release.assets[0].digest.removeprefix("sha256:")
    notes = re.sub(rf"(?i){wrong[1]}[0-9a-f]*", right, release.notes or "")
    release.notes = notes
    return ""


def use_new_address(_: GitHubServer, __: RepositoryBuilder, finding: Finding) -> str:
    new = re.search("write `([^`]+)`", finding.help)
    assert new
    return f"{new[1]}@{TAG}"


def link_to_latest(server: GitHubServer, repository: RepositoryBuilder, finding: Finding) -> str:
    latest = f"{server.url}/{OWNER}/{RELEASED}/releases/latest\n"
    repository.commit({"README.md": README + latest}, "2026-11-24")
    return release_again(server, repository, finding)


ReleaseFix = Callable[[GitHubServer, RepositoryBuilder, Finding], str]
RELEASED, NEW_TAG = releasing.NAME, "r20261124"
#: Each returns what is to be checked then; "" for the same.
RELEASE_FIXES: dict[str, ReleaseFix] = {
    "T001": release_again,
    "T002": release_again,
    "T003": retitle,
    "T004": release_again,
    "T005": attach,
    "T006": release_again,
    "T007": attach,
    "T008": release_again,
    "T009": release_again,
    "T010": publish,
    "T011": upload_again,
    "T012": correct_notes,
    "T013": use_new_address,
    "T014": release_again,
    "T015": release_again,
    "T016": release_again,
    "R009": link_to_latest,
}

# Names


def advised_name(name: str, finding: Finding) -> str:
    """Return the name that a finding advises."""
    listed = re.search("`([^`]+)` is not allowed .* write one of ([a-z0-9]+)", finding.message)
    if listed:
        return re.sub(f"[^_]*{listed[1]}[^_]*", listed[2], name)
    advised = re.search("`(model_[^`]+)`", finding.help)
    return (advised or re.findall("`(model_[^`]+)`()", finding.message)[-1])[1 if advised else 0]


#: Rules whose fix no script can do, with the reason.
UNSCRIPTED = {
    "L024": "nothing is wrong in the package",
    "L025": "the model has to be trained again",
    "D009": "a model of one channel has to be trained",
    "D010": "nothing is wrong in the package",
    "P004": "nothing is to be done before the next training",
    "P005": "a model of one stage has to be trained",
    "N005": "nothing is wrong in the name",
    "R012": "nothing is wrong in the repository",
    "R013": "nothing is wrong in the repository",
}


def test_every_fix_is_tried_or_the_reason_is_told() -> None:
    names = catalogue.names().keys()
    fixed = (FIXES.keys(), CHECKOUT_FIXES.keys(), RELEASE_FIXES.keys())
    tables = (*fixed, UNSCRIPTED.keys(), names - UNSCRIPTED.keys())
    assert sorted(code for table in tables for code in table) == sorted(RULES)


def unzipped(path: Path) -> Files:
    """Return what a zip holds, without the folders; nothing where it can't be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            empty = [n for n in archive.namelist() if n.endswith("/")]
            return {n: archive.read(n) for n in archive.namelist() if n not in empty}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return {}


def checked(
    target: Target, consumers: tuple[Consumer, ...] = DEFAULT_CONSUMERS
) -> tuple[Finding, ...]:
    return lint(target, Options(all_rules(), consumers=consumers)).findings


def errors(findings: Iterable[Finding]) -> set[str]:
    return {finding.code for finding in findings if finding.severity is Severity.ERROR}


def advised(findings: Iterable[Finding], code: str) -> list[Finding]:
    """Return the findings of a rule that advise something."""
    return [f for f in findings if f.code == code and not f.help.startswith("nothing")]


FIRING = [case for case in catalogue.of_rules() if case.fires]


@pytest.mark.parametrize("case", [c for c in FIRING if c.code in FIXES], ids=str)
def test_a_package_is_right_after_the_fix(case: Case, tmp_path: Path) -> None:
    path = case.build(tmp_path)
    target = load(path, name=case.name, deep=case.deep, quick=case.quick)
    before = found = checked(target, case.consumers)
    patient = Patient(unzipped(path), path.name, case.name, tmp_path)
    for number in range(ROUNDS):
        left = advised(found, case.code)
        if not left:
            break
        (folder := tmp_path / str(number)).mkdir()
        patient.folder = folder
        FIXES[case.code](patient, left[0])
        repaired = write_zip(folder / patient.name, patient.files.items())
        target = load(repaired, name=patient.repository, deep=case.deep, quick=case.quick)
        found = checked(target, case.consumers)
    assert not left, left
    assert errors(found) <= errors(before), found


@pytest.mark.parametrize("case", [c for c in FIRING if c.code in CHECKOUT_FIXES], ids=str)
def test_a_checkout_is_right_after_the_fix(case: Case, tmp_path: Path) -> None:
    root = case.build(tmp_path)
    before = found = checked(load(root, name=case.name))
    for _ in range(ROUNDS):
        left = advised(found, case.code)
        if not left:
            break
        CHECKOUT_FIXES[case.code](root, left[0])
        found = checked(load(root, name=case.name))
    assert not left, left
    assert errors(found) <= errors(before), found


@pytest.mark.parametrize(
    "case", [c for c in RELEASES if c.fires and c.code in RELEASE_FIXES], ids=str
)
def test_a_release_is_right_after_the_fix(case: ReleaseCase) -> None:
    with GitHubServer() as server:
        repository = case.publish(server)
        before = releasing.judged(case.load(server))
        left = advised(before, case.code)
        if not left:  # nothing is to be done
            return
        again = RELEASE_FIXES[case.code](server, repository, left[0]) or case.argument
        token = server.add_token("maker", {"*": "push"})
        found = releasing.judged(releasing.read(server, again, token))
    assert not advised(found, case.code), found
    assert errors(found) <= errors(before), found


@pytest.mark.parametrize(
    ("code", "name"), [(code, wrong) for code, (wrong, _) in catalogue.names().items()]
)
def test_a_name_is_right_after_the_fix(code: str, name: str) -> None:
    if code in UNSCRIPTED:
        return
    before = checked(Target(name, "name", name=parse(name)))
    (first, *_) = advised(before, code)
    better = advised_name(name, first)
    found = checked(Target(better, "name", name=parse(better)))
    assert not advised(found, code)
    assert not errors(found)
