"""The workflows of a generated repository: careful, the same for every answer, and they work."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from actions import Event, JobRun, Place, run_workflow
from github_server import GitHubServer
from model_lint import __version__
from template.support import ROOT, TEMPLATE, bake, program, run

FOLDER = ".github/workflows"
NAMES = ("lint", "release")
#: The only permissions of each job, beyond reading the repository.
MORE = {
    "withdraw": {"contents": "write"},
    "attest": {"id-token": "write", "attestations": "write"},
    "code-scanning": {"security-events": "write", "contents": "read", "actions": "read"},
}
#: pip changes nothing and asks no server: what is to be installed is here already.
HERE = {
    "MODEL_LINT": f"model-lint[github] @ {ROOT.as_uri()}",
    "PIP_DRY_RUN": "1",
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # means: no isolation
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the defaults give; tests only read it."""
    return bake(tmp_path_factory.mktemp("generated") / "output")


def load(generated: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((generated / FOLDER / f"{name}.yml").read_text("utf-8"))
    return loaded


def jobs(generated: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name in NAMES:
        for key, job in load(generated, name)["jobs"].items():
            yield name, key, job


def steps(generated: Path) -> Iterator[dict[str, Any]]:
    for _, _, job in jobs(generated):
        yield from job["steps"]


def test_every_workflow_is_tested() -> None:
    assert sorted(path.stem for path in (TEMPLATE / FOLDER).iterdir()) == sorted(NAMES)


def test_zizmor_finds_nothing(generated: Path) -> None:
    options = ("--offline", "--persona", "pedantic", "--no-progress")
    done = run(program("zizmor"), *options, ".", cwd=generated)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_answers_change_nothing_in_them(name: str, generated: Path) -> None:
    """So that one generated repository stands for all."""
    source = (TEMPLATE / FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    plain = re.sub(r"\{% (?:end)?raw %\}", "", source)
    plain = plain.replace("{{ cookiecutter._model_lint }}", __version__)
    assert (generated / FOLDER / f"{name}.yml").read_text(encoding="utf-8") == plain
    assert not re.search(r"(?<!\$)\{\{|\{%", plain)


def test_each_job_may_do_what_it_must_and_nothing_else(generated: Path) -> None:
    for name, key, job in jobs(generated):
        assert load(generated, name)["permissions"] == {}
        assert job["permissions"] == MORE.get(key, {"contents": "read"}), key
        assert 0 < job["timeout-minutes"] <= 30


def test_no_expression_is_in_a_script(generated: Path) -> None:
    """What people write, such as a tag, reaches scripts as a variable."""
    assert not [step for step in steps(generated) if "${{" in step.get("run", "")]


def test_no_checkout_leaves_the_token_behind(generated: Path) -> None:
    checkouts = [step for step in steps(generated) if "checkout" in step.get("uses", "")]
    assert len(checkouts) == 4
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_token_that_writes_reads_no_package(generated: Path) -> None:
    """A package is read with a token that can't write; the others read a report."""
    for _, key, job in jobs(generated):
        if "write" in job["permissions"].values():
            assert not [step for step in job["steps"] if "model-lint check" in step.get("run", "")]
        if key == "withdraw":
            assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == [
                "actions/setup-python",
                "actions/download-artifact",
            ]


def test_scripts_are_clean(generated: Path, tmp_path: Path) -> None:
    scripts = [step["run"] for step in steps(generated) if "run" in step]
    assert len(scripts) == 9
    for number, script in enumerate(scripts):
        file = tmp_path / f"{number}.sh"
        file.write_text(f"#!/usr/bin/env bash\nset -e\n{script}\n", encoding="utf-8")
        done = run(program("shellcheck"), str(file), cwd=tmp_path)
        assert done.returncode == 0, done.stdout


# What they do


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with GitHubServer() as server:
        owner = server.add_owner("ivadomed")
        repository = owner.add_repository("model_seg_sc", {"README.md": "x\n"}, date="2026-11-20")
        yield Place(server, repository, tmp_path)


def lint(generated: Path, place: Place) -> dict[str, list[JobRun]]:
    """Run lint.yml on a change; the tests of the generated repository are tested elsewhere."""
    skip = frozenset({"Install model-lint", "Install the repository", "Test"})
    event = Event("pull_request", "refs/heads/main", {})
    return run_workflow(generated / FOLDER / "lint.yml", place, event, skip=skip)


def test_a_clean_repository_passes(generated: Path, place: Place, tmp_path: Path) -> None:
    copied = shutil.copytree(generated, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    files = {p.relative_to(copied).as_posix(): p for p in copied.rglob("*") if p.is_file()}
    place.repository.commit(files, "2026-11-21")
    (job,) = lint(generated, place)["model-lint"]
    assert job.result == "success", job.log
    assert "all clean" in job.steps["Check the repository"].summary


def test_a_defect_is_an_annotation_and_in_the_summary(generated: Path, place: Place) -> None:
    (job,) = lint(generated, place)["model-lint"]
    assert job.result == "failure"
    assert "::error title=R002 license-missing::" in job.log
    assert "license-missing" in job.steps["Check the repository"].summary


@pytest.mark.parametrize(("name", "key"), [("lint", "model-lint"), ("release", "withdraw")])
def test_the_linter_can_be_installed(name: str, key: str, generated: Path) -> None:
    (step,) = [
        step
        for step in load(generated, name)["jobs"][key]["steps"]
        if step.get("name") == "Install model-lint"
    ]
    address = f"git+https://github.com/ivadomed/model-template@v{__version__}"
    script = step["run"].replace(address, ROOT.as_uri())
    assert (script == step["run"]) == (name == "release")
    done = run("bash", "-e", "-c", script, cwd=generated, **HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert load(generated, "release")["env"]["MODEL_LINT"] == f"model-lint[github] @ {address}"


def test_its_own_tests_are_run(generated: Path) -> None:
    install, test = (
        step["run"] for step in load(generated, "lint")["jobs"]["tests"]["steps"] if "run" in step
    )
    assert install == 'python -m pip install ".[dev]"'
    listed = run("bash", "-e", "-c", f"{test} --collect-only -q", cwd=generated, **HERE)
    assert listed.returncode == 0, listed.stdout
    assert "tests/test_convert.py::" in listed.stdout
