"""What the tests of the template share: answers, contexts and generated repositories."""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cookiecutter.generate import generate_context
from cookiecutter.main import cookiecutter
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from jinja2 import Template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "{{cookiecutter.repo_name}}"
DEFINITION: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
QUESTIONS = tuple(name for name in DEFINITION if not name.startswith("_"))

# As cookiecutter does, so that it finds the extension.
sys.path.append(str(ROOT))
from template_extension import load  # noqa: E402

#: The rules of the questions.
RULES = load()

Answers = dict[str, str]


def prompted(answers: Mapping[str, Any]) -> dict[str, Any]:
    """All values that the template sees, as cookiecutter makes them of command line answers."""
    raw = generate_context(str(ROOT / "cookiecutter.json"), extra_context=dict(answers))
    return dict(prompt_for_config(raw, no_input=True))


def context(answers: Mapping[str, Any]) -> dict[str, Any]:
    """All values that the template sees when a person types these answers; fast."""
    values: dict[str, Any] = {}
    for name, made in _compiled().items():
        typed = name in answers and not name.startswith("_")
        if typed:
            values[name] = answers[name]
        elif isinstance(made, Template):
            values[name] = made.render(cookiecutter=values)
        else:
            values[name] = made
    return values


@functools.cache
def _compiled() -> dict[str, Any]:
    environment = create_env_with_context({"cookiecutter": DEFINITION})
    return {
        name: raw
        if name.startswith("_") and not name.startswith("__")
        else environment.from_string(raw[0] if isinstance(raw, list) else raw)
        for name, raw in DEFINITION.items()
        if name != "__prompts__"
    }


@functools.cache
def source() -> Path:
    """A copy of the template without what tools leave in a working tree (caches, bytecode)."""
    folder = Path(tempfile.mkdtemp(prefix="model-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", ".snakemake", ".hypothesis")
    for name in (TEMPLATE.name, "hooks", "linter", "questions"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("cookiecutter.json", "template_extension.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def bake(output: Path, **answers: Any) -> Path:
    """Generate a repository as `cookiecutter --no-input` does; return its folder."""
    output.mkdir(parents=True, exist_ok=True)
    config = output.parent / f"{output.name}.yaml"
    config.write_text(f"replay_dir: {output.parent}/replay\ncookiecutters_dir: {output.parent}/c\n")
    made = cookiecutter(
        str(source()),
        no_input=True,
        extra_context=answers,
        output_dir=str(output),
        config_file=str(config),
    )
    return Path(made)


def program(name: str) -> str:
    """A command of the environment that runs the tests."""
    return str(Path(sys.executable).parent / name)


def refusal(answers: Mapping[str, Any], raw: Mapping[str, Any] | None = None) -> str:
    """The sentence about the first wrong one of these answers; empty if all are right."""
    try:
        RULES.check(answers, raw or {})
    except RULES.AnswerError as error:
        return str(error)
    return ""


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is text. A `make` that runs the tests does not show in it."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    return subprocess.run(
        command,
        cwd=cwd,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=1800,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    done = run("git", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files(folder: Path) -> set[str]:
    """The files of a repository, as git would list them."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def pairwise(parameters: Mapping[str, tuple[str, ...]]) -> list[Answers]:
    """Combine values so that every two values of two parameters meet at least once.

    Greedy: each combination is built from a pair that is still missing, and takes, parameter by
    parameter, the value that completes most missing pairs.
    """
    missing = set(_pairs(parameters))
    combinations: list[Answers] = []
    while missing:
        (name, value), (other, other_value) = min(missing)
        chosen = {name: value, other: other_value}
        for free in parameters:
            if free not in chosen:
                chosen[free] = max(
                    parameters[free],
                    key=lambda option: sum(
                        _pair((free, option), known) in missing for known in chosen.items()
                    ),
                )
        missing -= {_pair(*both) for both in itertools.combinations(chosen.items(), 2)}
        combinations.append(chosen)
    return combinations


_Choice = tuple[str, str]


def _pair(one: _Choice, other: _Choice) -> tuple[_Choice, _Choice]:
    return (one, other) if one < other else (other, one)


def _pairs(parameters: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[_Choice, _Choice]]:
    for (name, values), (other, others) in itertools.combinations(parameters.items(), 2):
        for value, other_value in itertools.product(values, others):
            yield _pair((name, value), (other, other_value))
