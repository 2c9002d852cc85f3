"""A workflow: its jobs in order, each with the permissions that it has; and a composite action."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from github_server import GitHubServer
from github_server.builder import RepositoryBuilder

from .expression import fill
from .job import JobRun, Uses, fetch, holds, keep

#: What a permission for a repository's contents is on the test server.
_LEVELS = {"read": "read", "write": "push"}


class Place(NamedTuple):
    """Where a workflow runs."""

    server: GitHubServer
    repository: RepositoryBuilder
    folder: Path


class Event(NamedTuple):
    """What starts a workflow."""

    name: str
    ref: str
    payload: Mapping[str, Any]
    inputs: Mapping[str, Any] = {}


def run_workflow(
    file: Path,
    place: Place,
    event: Event,
    *,
    skip: frozenset[str] = frozenset(),
    env: Mapping[str, str] | None = None,
) -> dict[str, list[JobRun]]:
    """Run a workflow; return its jobs, several for a matrix, and none that were skipped.

    Args:
        file: the workflow.
        place: the server with the repository, and a folder for everything that is written.
        event: what starts it.
        skip: names of steps that are taken to have succeeded.
        env: replaces variables of the workflow.
    """
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    github = _github(place, event)
    artifacts = place.folder / "artifacts"
    base = {"github": github, "inputs": dict(event.inputs)}
    values = {k: fill(v, base, {}) for k, v in workflow.get("env", {}).items()} | dict(env or {})
    runs: dict[str, list[JobRun]] = {}
    for key, job in workflow["jobs"].items():
        needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        contexts = {**base, "needs": {name: _need(runs[name]) for name in needed}}
        failed = any(need["result"] != "success" for need in contexts["needs"].values())
        runs[key] = []
        if not holds(job.get("if", ""), contexts, failed=failed):
            continue
        token = _token(place, job.get("permissions", {}))
        for number, matrix in enumerate(_matrices(job, contexts)):
            own = {**contexts, "github": github | {"token": token}, "matrix": matrix}
            folder = place.folder / f"{key}-{number}"
            made = _job(own, folder, _actions(place, artifacts), skip)
            made.env = values | job.get("env", {})
            made.contexts["env"] = values
            made.run(job["steps"])
            made.outputs = made.fill(job.get("outputs", {}))
            runs[key].append(made)
    return runs


def run_action(folder: Path, place: Place, event: Event, inputs: Mapping[str, str]) -> JobRun:
    """Run the composite action of a folder, in `place.folder/workspace`; return it as a job."""
    action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    unknown = set(inputs) - set(action["inputs"])
    if unknown:
        raise ValueError(f"no input is called {unknown.pop()}")
    github = _github(place, event) | {"token": _token(place, {"contents": "read"})}
    defaults = {name: given.get("default", "") for name, given in action["inputs"].items()}
    chosen = {name: fill(v, {"github": github}, {}) for name, v in (defaults | {**inputs}).items()}
    contexts = {"github": github, "inputs": chosen}
    made = _job(contexts, place.folder, {}, frozenset({"Install model-lint"}))
    made.run(action["runs"]["steps"])
    made.outputs = made.fill({k: v["value"] for k, v in action.get("outputs", {}).items()})
    return made


def _job(
    contexts: dict[str, Any], folder: Path, uses: Mapping[str, Uses], skip: frozenset[str]
) -> JobRun:
    made = JobRun(contexts, folder, uses, skip)
    made.contexts |= {"steps": {}, "runner": {"temp": str(made.temp)}}
    return made


def _github(place: Place, event: Event) -> dict[str, Any]:
    repository = place.repository.repository
    sha = repository.git.sha(event.ref)
    assert sha
    shown = {"name": repository.name, "full_name": place.repository.name}
    payload = {"repository": shown | {"private": repository.private}, **event.payload}
    return {
        "api_url": place.server.api_url,
        "event": payload,
        "event_name": event.name,
        "ref": event.ref,
        "repository": place.repository.name,
        "run_id": "1234567",
        "server_url": place.server.url,
        "sha": sha,
        "workflow": "Workflow",
    }


def _token(place: Place, permissions: Mapping[str, str]) -> str:
    level = _LEVELS.get(permissions.get("contents", ""))
    granted = {place.repository.name: level} if level else {}
    return place.server.add_token("github-actions", granted, kind="actions")


def _need(runs: list[JobRun]) -> dict[str, Any]:
    if not runs:
        return {"result": "skipped", "outputs": {}}
    failed = any(run.result == "failure" for run in runs)
    return {"result": "failure" if failed else "success", "outputs": runs[-1].outputs}


def _matrices(job: Mapping[str, Any], contexts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    matrix = job.get("strategy", {}).get("matrix")
    if not matrix:
        yield {}
        return
    ((name, values),) = matrix.items()
    listed = fill(values, contexts, {})
    if not listed:
        raise ValueError(f"the matrix {name} is empty")
    for value in listed:
        yield {name: value}


def _actions(place: Place, artifacts: Path) -> dict[str, Uses]:
    return {
        "actions/checkout": partial(_checkout, repository=place.repository),
        "actions/upload-artifact": partial(keep, artifacts=artifacts),
        "actions/download-artifact": partial(fetch, artifacts=artifacts),
    }


def _checkout(
    job: JobRun, inputs: Mapping[str, Any], *, repository: RepositoryBuilder
) -> dict[str, Any]:
    """Check a repository out. Raises ValueError if it does not have the ref."""
    ref = inputs.get("ref") or job.contexts["github"]["sha"]
    git = repository.repository.git
    sha = git.sha(f"{ref}^{{commit}}")
    if not sha:
        raise ValueError(f"there is no {ref}")
    origin = ("remote", "add", "origin", f"https://github.com/{repository.name}")
    for words in (("init", "-q"), origin, ("pull", "-q", str(git.folder), sha)):
        subprocess.run(["git", *words], cwd=job.workspace, check=True, capture_output=True)
    return {"ref": ref, "commit": sha}
