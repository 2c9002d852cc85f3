"""One job: its steps, one after the other, as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .expression import evaluate, fill, text

_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(\)")
#: Does what another's action does: the job and the action's inputs in, its outputs out.
Uses = Callable[["JobRun", Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class StepRun:
    """What became of a step."""

    #: success, failure or skipped.
    outcome: str
    log: str = ""
    summary: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass
class JobRun:
    """A job, and what became of it."""

    contexts: dict[str, Any]
    folder: Path
    uses: Mapping[str, Uses]
    #: The names of steps that are taken to have succeeded.
    skipped: frozenset[str] = frozenset()
    env: dict[str, Any] = field(default_factory=dict)
    result: str = "success"
    outputs: dict[str, Any] = field(default_factory=dict)
    #: By id, name, or action.
    steps: dict[str, StepRun] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The folder in which commands run."""
        return self._made("workspace")

    @property
    def temp(self) -> Path:
        """The folder for temporary files."""
        return self._made("temp")

    @property
    def log(self) -> str:
        """What all its steps printed."""
        return "".join(step.log for step in self.steps.values())

    def run(self, steps: list[dict[str, Any]]) -> None:
        """Run the steps."""
        for step in steps:
            key = step.get("id") or step.get("name") or step["uses"].partition("@")[0]
            made = self._step(step)
            self.steps[key] = made
            self.contexts["steps"][key] = {"outcome": made.outcome, "outputs": made.outputs}
            if made.outcome == "failure" and not step.get("continue-on-error"):
                self.result = "failure"

    def fill(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate the expressions in a mapping."""
        return {name: fill(value, self.contexts, {}) for name, value in values.items()}

    def _step(self, step: dict[str, Any]) -> StepRun:
        if not holds(step.get("if", ""), self.contexts, failed=self.result == "failure"):
            return StepRun("skipped")
        if step.get("name") in self.skipped:
            return StepRun("success")
        if "uses" in step:
            return self._use(step["uses"].partition("@")[0], self.fill(step.get("with", {})))
        return self._shell(step)

    def _use(self, action: str, inputs: dict[str, Any]) -> StepRun:
        does = self.uses.get(action)
        try:
            outputs = dict(does(self, inputs)) if does else {}
        except ValueError as error:
            return StepRun("failure", str(error), inputs=inputs)
        return StepRun("success", outputs=outputs, inputs=inputs)

    def _shell(self, step: dict[str, Any]) -> StepRun:
        commands = self._made("commands")
        script = commands / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        names = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
        files = {variable: commands / name for variable, name in names.items()}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        options = ["--noprofile", "--norc", "-eo", "pipefail"] if "shell" in step else ["-e"]
        done = subprocess.run(
            ["bash", *options, str(script)],
            cwd=self.workspace,
            env=self._variables(step) | {name: str(file) for name, file in files.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        outcome = "failure" if done.returncode else "success"
        output, summary = (file.read_text(encoding="utf-8") for file in files.values())
        return StepRun(outcome, done.stdout, summary, _outputs(output))

    def _variables(self, step: dict[str, Any]) -> dict[str, str]:
        """Return the environment of a step: nothing of GitHub's from around the tests."""
        around = {k: v for k, v in os.environ.items() if not re.match("GITHUB_|GH_|RUNNER_", k)}
        github = self.contexts["github"]
        event = self._made("commands") / "event.json"
        event.write_text(json.dumps(github["event"]), encoding="utf-8")
        names = ("event_name", "ref", "repository", "run_id", "sha", "api_url", "server_url")
        given = {f"GITHUB_{name.upper()}": github[name] for name in names}
        given |= self.fill(self.env) | self.fill(step.get("env", {}))
        return {
            **around,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_ACTIONS": "true",
            "RUNNER_TEMP": str(self.temp),
            **{name: text(value) for name, value in given.items()},
        }

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def holds(condition: Any, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """Return whether an ``if`` lets a step or a job run."""
    source = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip(), flags=re.DOTALL)
    functions = {
        "success": lambda: not failed,
        "failure": lambda: failed,
        "always": lambda: True,
        "cancelled": lambda: False,
    }
    if failed and not _STATUS.search(source):
        return False
    return not source or bool(evaluate(source, contexts, functions))


def keep(job: JobRun, inputs: Mapping[str, Any], artifacts: Path) -> dict[str, Any]:
    """Upload an artifact."""
    shutil.copytree(inputs["path"], artifacts / inputs["name"])
    return {}


def fetch(_job: JobRun, inputs: Mapping[str, Any], artifacts: Path) -> dict[str, Any]:
    """Download an artifact. Raises ValueError if there is none."""
    source = artifacts / inputs["name"]
    if not source.is_dir():
        raise ValueError(f"no artifact is called {inputs['name']}")
    shutil.copytree(source, inputs["path"], dirs_exist_ok=True)
    return {}


def _outputs(written: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in written.splitlines())
