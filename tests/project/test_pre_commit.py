"""The hooks of ``.pre-commit-hooks.yaml`` in real git repositories, through pre-commit itself.

pre-commit installs this project into an environment of its own. Here pip takes the build backend
and the dependencies from the environment of the tests, so that no network is needed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from build import ABSENT, NAME, dataset, genuine, package
from checkout import copy

ROOT = Path(__file__).parents[2]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
}
PARTS = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "linter")
REPOSITORY = {
    "README.md": "# Spinal cord on T2\n\nSegments the spinal cord.\n",
    "LICENSE": "MIT License\n",
    "CITATION.cff": "cff-version: 1.2.0\n",
}


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    command = ["git", *identity, "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of the files of this one that pre-commit needs, as they are now."""
    folder = tmp_path_factory.mktemp("hooks")
    copy(folder, *PARTS)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "hooks")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables with which pip finds everything here and asks no server."""
    home = tmp_path_factory.mktemp("home")
    # Behind the standard library: one of the packages there has a module `argparse`.
    there = f"import sys\nsys.path.append({sysconfig.get_path('purelib')!r})\n"
    (home / "sitecustomize.py").write_text(there, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PYTHONPATH": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # means: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
    }


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A model repository to which no rule objects."""
    folder = tmp_path / "model_seg_sc_t2"
    folder.mkdir()
    for path, text in REPOSITORY.items():
        (folder / path).write_text(text, encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    return folder


@pytest.fixture
def run(hooks: Path, user: Path, environment: dict[str, str]) -> Run:
    """Run a hook on the repository; all cases share one installation."""
    listed = [{"id": hook} for hook in HOOKS]
    repo = {"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD").strip(), "hooks": listed}
    text = yaml.safe_dump({"repos": [repo]})
    (user / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")

    def run(hook: str) -> subprocess.CompletedProcess[str]:
        git(user, "add", ".")
        return pre_commit("run", hook, "--all-files", folder=user, environment=environment)

    return run


def pre_commit(
    *words: str, folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *words, "--color", "never"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_try_repo_runs_every_hook(hooks: Path, user: Path, environment: dict[str, str]) -> None:
    package(user)
    (user / "dataset.json").write_bytes(genuine(dataset({"image_orientation": ABSENT}))[JSON])
    git(user, "add", ".")
    done = pre_commit(
        "try-repo", str(hooks), "--all-files", "--verbose", folder=user, environment=environment
    )
    verdicts = dict(re.findall(r"^(model-lint \(.*?\))\.+(\w+)$", done.stdout, re.MULTILINE))
    assert verdicts == {
        "model-lint (repository)": "Failed",  # a package is in git
        "model-lint (packages)": "Passed",
        "model-lint (dataset.json)": "Failed",
    }, done.stdout + done.stderr
    assert "R005" in done.stdout
    assert "D003" in done.stdout
    assert done.returncode == 1


def test_a_sound_repository_passes(run: Run) -> None:
    done = run("model-lint")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_a_wrong_name_fails(run: Run, user: Path) -> None:
    git(user, "remote", "add", "origin", "https://github.com/ivadomed/model-seg-sc-t2.git")
    done = run("model-lint")
    assert done.returncode == 1
    assert "N001 name-prefix" in done.stdout


def test_the_repository_is_linted_whatever_is_committed(run: Run, user: Path) -> None:
    (user / "LICENSE").unlink()
    done = run("model-lint")
    assert done.returncode == 1
    assert "R002 license-missing" in done.stdout


def test_its_configuration_holds(run: Run, user: Path) -> None:
    (user / "LICENSE").unlink()
    (user / "model-lint.toml").write_text('ignore = { R002 = "not ours to choose" }\n')
    done = run("model-lint")
    assert done.returncode == 0, done.stdout


def test_a_sound_package_passes(run: Run, user: Path) -> None:
    package(user)
    done = run("model-lint-package")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_a_package_without_orientation_fails(run: Run, user: Path) -> None:
    package(user)
    package(user, dataset({"image_orientation": ABSENT}), name="model_bad-r20261123.zip")
    done = run("model-lint-package")
    assert done.returncode == 1
    assert "model_bad-r20261123.zip (package)" in done.stdout
    assert "D003" in done.stdout


def test_other_zips_are_passed_over(run: Run, user: Path) -> None:
    (user / "data.zip").write_bytes(b"no package")
    done = run("model-lint-package")
    assert done.returncode == 0
    assert "Skipped" in done.stdout


JSON = next(path for path in genuine() if path.endswith("/dataset.json"))


def test_a_sound_dataset_passes(run: Run, user: Path) -> None:
    (user / "dataset.json").write_bytes(genuine()[JSON])
    done = run("model-lint-dataset")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_many_datasets_are_one_run(run: Run, user: Path) -> None:
    """An ignore counts as used if it silences something in any of the files."""
    (user / "model-lint.toml").write_text('ignore = ["D003"]\nfail-on = "warning"\n')
    bad = genuine(dataset({"image_orientation": ABSENT}))[JSON]
    for number in range(12):
        folder = user / f"Dataset{100 + number}_x"
        folder.mkdir()
        (folder / "dataset.json").write_bytes(genuine()[JSON] if number else bad)
    done = run("model-lint-dataset")
    assert done.returncode == 0, done.stdout


def test_a_dataset_with_wrong_labels_fails(run: Run, user: Path) -> None:
    folder = user / "nnUNet_raw" / "Dataset101_x"
    folder.mkdir(parents=True)
    text = genuine(dataset({"labels": {"background": 0, "sc": 2}}))[JSON]
    (folder / "dataset.json").write_bytes(text)
    done = run("model-lint-dataset")
    assert done.returncode == 1
    assert "D006" in done.stdout
    assert "nnUNet_raw/Dataset101_x/dataset.json" in done.stdout


@pytest.mark.parametrize(
    "path",
    [
        NAME,
        "model.zip",
        "dist/model_seg_t2-r20261123.zip",
        "a/b/model-spinal-rootlets-mp2rage-r20240915.zip",
        "model_seg_t2 (copy).zip",
    ],
)
def test_files_that_are_packages(path: str) -> None:
    assert re.search(HOOKS["model-lint-package"]["files"], path)


@pytest.mark.parametrize(
    "path",
    [
        "data.zip",
        "my_model.zip",
        "model_seg_t2.zip.txt",
        "model/readme.zip",
        "model_seg_t2.tar.gz",
        "modelzip",
        "models/data.zip",
    ],
)
def test_files_that_are_none(path: str) -> None:
    assert not re.search(HOOKS["model-lint-package"]["files"], path)


@pytest.mark.parametrize(
    "path", ["dataset.json", "nnUNet_raw/Dataset101_x/dataset.json", "a b/dataset.json"]
)
def test_files_that_are_datasets(path: str) -> None:
    assert re.search(HOOKS["model-lint-dataset"]["files"], path)


@pytest.mark.parametrize(
    "path",
    [
        "dataset_description.json",
        "dataset_fingerprint.json",
        "my_dataset.json",
        "dataset.json.bak",
        "dataset.jsonl",
        "datasetxjson",
        "dataset.json/readme.md",
    ],
)
def test_files_that_are_no_datasets(path: str) -> None:
    assert not re.search(HOOKS["model-lint-dataset"]["files"], path)


def test_the_manifest_is_valid() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest"]
    subprocess.run([*command, str(ROOT / ".pre-commit-hooks.yaml")], check=True)
    assert sorted(HOOKS) == ["model-lint", "model-lint-dataset", "model-lint-package"]
