"""The workflows of this repository: valid, careful, and every command in them works."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import copy, tracked
from model_lint import __version__
from template.support import ROOT, program, run

WORKFLOWS = ("ci", "docs", "release")
SCHEMAS = {
    **{f".github/workflows/{name}.yml": "github-workflows" for name in WORKFLOWS},
    "action.yml": "github-actions",
    ".github/dependabot.yml": "dependabot",
}
AUDITED = (".github", "action.yml", ".pre-commit-hooks.yaml")
#: The values of the expressions in the workflows when their commands are run here.
VALUES = {
    "${{ matrix.constraints }}": "",
    "${{ matrix.tests || 'tests/light.txt' }}": "tests/windows.txt",
    "${{ github.ref_name }}": f"v{__version__}",
    "${{ join(needs.*.result) }}": "success,success",
}
#: pip changes nothing and asks no server; make shows what it would do; pytest lists the tests.
HARMLESS = {
    "PIP_DRY_RUN": "1",
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # means: no isolation
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "MAKEFLAGS": "n",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTEST_ADDOPTS": "--collect-only -q -p no:cacheprovider",
}


def workflow(name: str) -> dict[str, Any]:
    text = (ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(name, key, job) for name in WORKFLOWS for key, job in workflow(name)["jobs"].items()]


def steps() -> list[Any]:
    """Each command, with the variables that it sees."""
    return [
        pytest.param(step["run"], job.get("env", {}) | step.get("env", {}), id=f"{name}-{key}-{n}")
        for name, key, job in jobs()
        for n, step in enumerate(job.get("steps", []))
        if "run" in step
    ]


def test_every_workflow_is_tested() -> None:
    assert sorted(SCHEMAS) == sorted(
        {*tracked(".github/workflows"), "action.yml", ".github/dependabot.yml"}
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_with_a_schema_keep_it(name: str) -> None:
    done = run(program("check-jsonschema"), "--builtin-schema", SCHEMAS[name], name, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing() -> None:
    options = ("--offline", "--persona", "pedantic", "--no-progress")
    done = run(program("zizmor"), *options, *AUDITED, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "key", "job"), jobs(), ids=str)
def test_jobs_are_bounded(name: str, key: str, job: dict[str, Any]) -> None:
    assert workflow(name)["permissions"] == {}
    assert "concurrency" in workflow(name)
    assert "permissions" in job
    assert "uses" in job or 0 < job["timeout-minutes"] <= 90


def test_the_gate_waits_for_every_job() -> None:
    listed = workflow("ci")["jobs"]
    assert {*listed["green"]["needs"], "green"} == set(listed)


def test_nothing_is_published_before_the_tests() -> None:
    listed = workflow("release")["jobs"]
    assert set(listed["publish"]["needs"]) == set(listed) - {"publish"}
    holders = [key for key, job in listed.items() if "id-token" in job["permissions"]]
    assert holders == ["publish"]


def test_each_action_has_one_pin() -> None:
    """Dependabot updates our workflows; the template and the action must follow."""
    pins: dict[str, set[str]] = {}
    files = [name for name in tracked() if name.endswith(".yml") and not name.startswith("docs/")]
    for name in files:
        text = (ROOT / name).read_text(encoding="utf-8")
        for action, pin in re.findall(r"uses: ([\w./-]+)@(.*)", text):
            pins.setdefault(action, set()).add(pin)
    assert {"actions/checkout", "actions/setup-python"} <= set(pins)
    for action, found in pins.items():
        (pin,) = found
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), action


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository in which the version is about to be released."""
    folder = copy(tmp_path_factory.mktemp("checkout"))
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    released = text.replace("## [Unreleased]", f"## [{__version__}] - 2026-11-26", 1)
    changelog.write_text(released, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("script", "variables"), steps())
def test_every_command_works(script: str, variables: dict[str, str], checkout: Path) -> None:
    given = {name: VALUES.get(value, value) for name, value in variables.items()}
    assert not [value for value in given.values() if "${{" in value]
    done = run("bash", "-eo", "pipefail", "-c", script, cwd=checkout, **HARMLESS, **given)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("script", "variables"), steps())
def test_commands_are_short_and_clean(
    script: str, variables: dict[str, str], tmp_path: Path
) -> None:
    assert "${{" not in script
    assert len(script.splitlines()) == 1
    file = tmp_path / "step.sh"
    file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    done = run(program("shellcheck"), str(file), cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", tracked(".ci"))
def test_scripts_are_clean(name: str) -> None:
    done = run(program("shellcheck"), name, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("results", "green"),
    [
        ("success,success", True),
        ("success,failure", False),
        ("cancelled,success", False),
        ("success,skipped", False),
        ("", False),
    ],
)
def test_the_gate_opens_when_every_job_succeeded(results: str, green: bool) -> None:
    (step,) = workflow("ci")["jobs"]["green"]["steps"]
    done = run("bash", "-e", "-c", step["run"], cwd=ROOT, RESULTS=results)
    assert (done.returncode == 0) == green


@pytest.mark.parametrize("tag", ["", __version__, "v9.9.9", f"v{__version__}.1", "r20240915"])
def test_other_tags_are_not_released(tag: str, checkout: Path) -> None:
    done = run(".ci/check-tag", tag, cwd=checkout)
    assert done.returncode == 1
    assert f"the tag is '{tag}', but the version" in done.stderr


def test_a_version_without_changes_is_not_released(tmp_path: Path) -> None:
    folder = copy(tmp_path, ".ci", "linter", "CHANGELOG.md")
    (folder / "CHANGELOG.md").write_text("## [Unreleased]\n", encoding="utf-8")
    done = run(".ci/check-tag", f"v{__version__}", cwd=folder)
    assert done.returncode == 1
    assert "CHANGELOG.md has no section" in done.stderr


# What is tested where


def test_the_matrix_is_what_pyproject_promises() -> None:
    matrix = workflow("ci")["jobs"]["linter"]["strategy"]["matrix"]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    classified = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text)
    assert matrix["python"] == classified
    assert f'requires-python = ">={classified[0]}"' in text
    constraints = (ROOT / "tests/minimal.txt").read_text(encoding="utf-8")
    (dependencies,) = re.findall(r"^dependencies = \[(.*)\]$", text, re.MULTILINE)
    oldest = re.findall(r"^([\w-]+)==([\d.]+?)(?:\.0)*$", constraints, re.MULTILINE)
    assert oldest == re.findall(r'"([\w-]+)>=([\d.]+)', dependencies)


@pytest.mark.parametrize("name", ["light.txt", "windows.txt"])
def test_every_entry_of_the_lists_of_tests_exists(name: str) -> None:
    lines = (ROOT / "tests" / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines))
    for line in lines:
        path, _, test = re.sub(r"^(@|--\w+=)", "", line).partition("::")
        assert (ROOT / path).exists(), line
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), line
