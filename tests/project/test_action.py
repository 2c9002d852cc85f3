"""The action: any workflow lints paths, addresses and releases with it. Its shell runs here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from actions import Event, JobRun, Place, run_action
from build import ABSENT, NAME, dataset, package
from github_server import GitHubServer
from template.support import ROOT, program, run

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
TAG = "r20261123"
#: The files of a repository to which no rule objects.
FILES = ("README.md", "LICENSE", "CITATION.cff")


class Workflow:
    """A workflow that uses the action, in a checkout with two packages."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.checkout = place.folder / "workspace"
        (self.checkout / "dist").mkdir(parents=True)
        self.right = package(self.checkout, name=NAME)
        self.wrong = package(self.checkout / "dist", dataset({"image_orientation": ABSENT}))
        release = place.repository.release(TAG, date="2026-11-23")
        at = datetime(2026, 11, 23, tzinfo=timezone.utc)
        asset = place.repository.add_asset(release, NAME, self.right, date=at)
        web = f"{place.server.url}/{place.repository.name}"
        self.address = f"{web}/releases/download/{TAG}/{asset.name}"
        self.release = f"{place.repository.name}@{TAG}"

    def lint(self, **inputs: str) -> JobRun:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(ROOT, self.place, Event("push", "refs/heads/main", {}), given)


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[Workflow]:
    with GitHubServer() as server:
        owner = server.add_owner("ivadomed")
        repository = owner.add_repository(
            "model_seg_sc-gm_t2star", dict.fromkeys(FILES, "x\n"), date="2026-11-20"
        )
        yield Workflow(Place(server, repository, tmp_path))


def targets(job: JobRun) -> list[str]:
    report = json.loads(Path(job.outputs["json"]).read_text(encoding="utf-8"))
    return [target["target"] for target in report["targets"]]


def test_a_path(workflow: Workflow) -> None:
    job = workflow.lint(targets=NAME)
    assert job.result == "success", job.log
    assert job.outputs["status"] == "0"
    assert job.outputs["errors"] == "0"
    assert targets(job) == [NAME]


def test_an_address(workflow: Workflow) -> None:
    job = workflow.lint(targets=workflow.address)
    assert job.result == "success", job.log
    assert targets(job) == [workflow.address]


def test_a_release(workflow: Workflow) -> None:
    job = workflow.lint(targets=workflow.release)
    assert job.result == "success", job.log
    assert targets(job)[0] == workflow.release


def test_several_targets_and_what_a_failure_shows(workflow: Workflow) -> None:
    job = workflow.lint(targets=f"{NAME}\n\n  dist/{NAME}  \n")
    assert job.result == "failure"
    assert targets(job) == [NAME, f"dist/{NAME}"]
    lint = job.steps["lint"]
    assert f"\n::error file=dist/{NAME},title=D003 missing-image-orientation::" in lint.log
    assert lint.summary.startswith("## model-lint: 1 error")
    outputs = job.outputs
    assert (outputs["status"], outputs["errors"]) == ("1", "1")
    assert Path(outputs["markdown"]).read_text(encoding="utf-8") == lint.summary
    sarif = json.loads(Path(outputs["sarif"]).read_text(encoding="utf-8"))
    assert [r["ruleId"] for r in sarif["runs"][0]["results"] if r["level"] == "error"] == ["D003"]


@pytest.mark.parametrize(
    ("inputs", "status"),
    [
        ({"fail_on": "info"}, "1"),
        ({"for": "slicer", "targets": NAME}, "1"),
        ({"args": "--ignore\nD003"}, "0"),
        ({"args": "--exit-zero"}, "0"),
        ({"config": "lax.toml"}, "0"),
        ({"name": "model_find_sc"}, "1"),
        ({"args": "--select N\n"}, "2"),
        ({"args": "--unknown"}, "2"),
        ({"targets": "missing.zip"}, "2"),
        ({"targets": ""}, "3"),
        ({"targets": "$(touch pwned)"}, "2"),
    ],
)
def test_inputs_reach_the_linter(inputs: dict[str, str], status: str, workflow: Workflow) -> None:
    (workflow.checkout / "lax.toml").write_text('ignore = { D003 = "known" }', encoding="utf-8")
    default = {"targets": NAME if "fail_on" in inputs else f"dist/{NAME}"}
    job = workflow.lint(**{**default, **inputs})
    assert job.outputs["status"] == status, job.log
    assert (job.result == "success") == (status == "0")
    assert "Traceback" not in job.log
    assert not (workflow.checkout / "pwned").exists()


def test_two_uses_in_one_job_keep_their_reports(workflow: Workflow) -> None:
    first, second = workflow.lint(targets=NAME), workflow.lint(targets=f"dist/{NAME}")
    assert targets(first) == [NAME]
    assert targets(second) == [f"dist/{NAME}"]


def test_the_default_token_is_that_of_the_workflow(workflow: Workflow) -> None:
    workflow.place.repository.repository.private = True
    job = workflow.lint(targets=workflow.release)
    assert job.result == "success", job.log
    refused = workflow.lint(targets=workflow.release, token="ghp_wrong")
    assert refused.outputs["status"] == "2"
    assert "GitHub does not accept the token" in refused.log


def test_every_input_is_used_and_every_output_is_set() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name in ACTION["inputs"]:
        assert f"${{{{ inputs.{name} }}}}" in text, name
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.lint.outputs.{name} }}}}"


def test_the_shell_is_clean_and_without_expressions(tmp_path: Path) -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    for number, script in enumerate(scripts):
        assert "${{" not in script
        file = tmp_path / f"{number}.sh"
        file.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{script}\n", encoding="utf-8")
        done = run(program("shellcheck"), str(file), cwd=tmp_path)
        assert done.returncode == 0, done.stdout


def test_it_installs_itself() -> None:
    (script,) = [s["run"] for s in ACTION["runs"]["steps"] if s.get("name") == "Install model-lint"]
    quiet = {"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    path = f"{Path(program('python')).parent}:/usr/bin:/bin"
    done = run(
        "bash", "-e", "-c", script, cwd=ROOT, GITHUB_ACTION_PATH=str(ROOT), PATH=path, **quiet
    )
    assert done.returncode == 0, done.stdout + done.stderr
