"""Run the whole path on phantom data: repository, training, package, lint, prediction.

All output is in ``demo-output/``. Steps that an earlier run finished are not run again; remove the
folder to start over.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
REPOSITORY = OUTPUT / "model_seg_sc-gm_t2star"
WORK = REPOSITORY / "output" / "phantom"
CONFIG = ["config.yaml", "tests/phantom.yaml"]
#: Lines of the log that are shown at the terminal: finished steps and started epochs.
PROGRESS = re.compile(r"Finished jobid: \d+ \(Rule: (?!all)(\w+)\)|: (Epoch \d+)\s*$")
#: The training is tiny, but must reach this.
MINIMUM_DICE = {"sc": 0.9, "gm": 0.8}
ANSWERS = {
    "anatomy": "sc-gm",
    "contrast": "t2star",
    "custom_trainer": "yes",
    "title": "Spinal cord and grey matter segmentation on T2*-weighted MRI",
}


def main() -> int:
    """Run every step; the first failure ends the demo with its exit status."""
    started = time.monotonic()
    OUTPUT.mkdir(exist_ok=True)
    try:
        generate()
        make_phantoms()
        train()
        lint()
        segment()
    except subprocess.CalledProcessError as error:
        print(
            f"\nThe demo stopped. This failed:\n  {' '.join(map(str, error.cmd))}", file=sys.stderr
        )
        return error.returncode
    summary(time.monotonic() - started)
    return 0


def generate() -> None:
    """Generate the model repository."""
    say("1/5", "Generate a model repository from the template's questions")
    complete = OUTPUT / ".generated"
    if complete.is_file():
        print(f"already there: {shown(REPOSITORY)}")
        return
    shutil.rmtree(REPOSITORY, ignore_errors=True)  # the rest of an interrupted run
    answers = [f"{key}={value}" for key, value in ANSWERS.items()]
    with TemporaryDirectory(prefix="model-template-") as clean:
        copy_template(Path(clean))
        run("cookiecutter", "--no-input", clean, "--output-dir", OUTPUT, *answers, cwd=OUTPUT)
    run("model-lint", "check", REPOSITORY.name, cwd=OUTPUT)
    complete.touch()


def copy_template(target: Path) -> None:
    """Copy the template without caches, which cookiecutter would render as text."""
    caches = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".snakemake")
    for name in ("{{cookiecutter.repo_name}}", "hooks", "linter", "questions"):
        shutil.copytree(ROOT / name, target / name, ignore=caches)
    for name in ("cookiecutter.json", "template_extension.py"):
        shutil.copy(ROOT / name, target)


def make_phantoms() -> None:
    """Write the BIDS dataset of synthetic cords."""
    say("2/5", "Write a small BIDS dataset of synthetic spinal cords")
    if (WORK / "bids").is_dir():
        print(f"already there: {shown(WORK / 'bids')}")
        return
    run(sys.executable, "tests/phantom.py", "--config", *CONFIG)


def train() -> None:
    """Run the repository's workflow: convert, plan, train, predict, evaluate, pack and check."""
    say("3/5", "Convert, train a tiny nnU-Net, predict the test set, evaluate, pack and check")
    log = OUTPUT / "workflow.log"
    print(f"  output of nnU-Net and Snakemake: {shown(log)}")
    command = ["snakemake", "--cores", "2", "--quiet", "rules", "--configfile", *CONFIG]
    with log.open("w", encoding="utf-8") as copy, start(command) as process:
        for line in process.stdout or ():
            copy.write(line)
            if found := PROGRESS.search(line):
                print(f"  {next(filter(None, found.groups()))}", flush=True)
    if process.returncode:
        print("".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[-30:]))
        raise subprocess.CalledProcessError(process.returncode, command)
    check_dice()


def check_dice() -> None:
    """Raise CalledProcessError if the mean Dice of a label is too low."""
    with (REPOSITORY / "results" / "test_metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for label, least in MINIMUM_DICE.items():
        dice = statistics.mean(float(row["dice"]) for row in rows if row["label"] == label)
        print(f"  mean Dice of {label} on the test set: {dice:.3f}")
        if dice < least:
            raise subprocess.CalledProcessError(1, ["mean Dice of", label, "below", str(least)])


def lint() -> None:
    """Lint the package again, with a report at the terminal and as a page."""
    say("4/5", "Lint the package")
    formats = ["--format", "text", "--format", "html", "--output", "lint.html"]
    run("model-lint", "check", package().relative_to(OUTPUT), *formats, cwd=OUTPUT)


def segment() -> None:
    """Segment an image with the package alone."""
    say("5/5", "Segment an image with the package alone")
    image = min((WORK / "bids").glob("sub-*/**/*.nii.gz"))
    run(
        sys.executable,
        "inference/segment.py",
        *("-m", package()),
        *("-i", image),
        *("-o", OUTPUT / "segmentation.nii.gz"),
    )


def package() -> Path:
    """Return the zip that the workflow packed last."""
    return max((WORK / "release").glob("*.zip"), key=lambda path: path.stat().st_mtime)


def summary(seconds: float) -> None:
    """Print where the results are."""
    print(f"\nDone in {seconds / 60:.1f} minutes. See:")
    for what, path in {
        "the generated repository": REPOSITORY,
        "its model card, with results": REPOSITORY / "README.md",
        "the numbers of the test set": REPOSITORY / "figures" / "metrics.svg",
        "its worst and best cases": REPOSITORY / "figures" / "montage.png",
        "the package": package(),
        "the lint report": OUTPUT / "lint.html",
        "a segmentation by the package": OUTPUT / "segmentation.nii.gz",
    }.items():
        print(f"  {what:31} {shown(path)}")


def say(step: str, what: str) -> None:
    """Announce a step."""
    print(f"\n[{step}] {what}", flush=True)


def shown(path: Path) -> str:
    """Return a path as the reader would type it."""
    return os.path.relpath(path)


def run(*command: str | Path, cwd: Path = REPOSITORY) -> None:
    """Run a program of this virtual environment. Raises CalledProcessError if it fails."""
    subprocess.run([str(word) for word in command], cwd=cwd, env=environment(), check=True)


def start(command: list[str]) -> subprocess.Popen[str]:
    """Start a program of this virtual environment, with its output as lines of text."""
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def environment() -> dict[str, str]:
    """Return the environment, with the programs of this virtual environment first."""
    programs = str(Path(sys.executable).parent)
    return os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


if __name__ == "__main__":
    raise SystemExit(main())
