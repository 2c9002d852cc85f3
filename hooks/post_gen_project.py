"""Make a git repository with a first commit after generation, if possible, and print next steps.

With cruft, do nothing: it also generates to compare, where `.git` would become part of the update,
and does not show the purpose. Nothing here may fail a generation: without git, without an identity
or with an old git, the files are still written, and the next steps say what is left to do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT = 20  # seconds for one git command: it must not keep the user waiting
OPT_OUT = "MODEL_TEMPLATE_NO_GIT"
FIRST_COMMIT = "Start from model-template"
# Settings of the user that may stop, ask or slow down a first commit.
SETTINGS = (
    "commit.gpgSign=false",
    f"core.hooksPath={os.devnull}",
    f"core.excludesFile={os.devnull}",
    "core.safecrlf=false",
    "gc.auto=0",
    "maintenance.auto=false",
    # Without this, git makes up an address from the machine's name.
    "user.useConfigOnly=true",
)
# Variables of another repository, if one of its hooks runs the generation.
FOREIGN = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


def git(*arguments: str) -> bool:
    """Run git in the generated repository; return whether it succeeded."""
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    environment = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    try:
        done = subprocess.run(  # noqa: S603 (no answer is among the arguments)
            ["git", *settings, *arguments],  # noqa: S607 (git is found on the user's path)
            env=environment | {"GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def wanted() -> bool:
    """Return whether to make a git repository here."""
    return os.environ.get(OPT_OUT, "") in ("", "0") and not Path(".git").exists()


def make_repository() -> str:
    """Make the git repository; return the result: `committed`, `staged` or `none`."""
    # `git init --initial-branch` is unknown to git before 2.28.
    if not (git("init", "--quiet") and git("symbolic-ref", "HEAD", "refs/heads/main")):
        shutil.rmtree(".git", ignore_errors=True)
        return "none"
    if not git("add", "--all"):
        return "none"
    committed = git("commit", "--quiet", "--no-verify", "--message", FIRST_COMMIT)
    return "committed" if committed else "staged"


def next_steps(name: str, outcome: str, notes: list[str]) -> str:
    """Return what to do next, in a few lines."""
    steps = [f"cd {name}"]
    if outcome == "none":
        steps.append("git init --initial-branch=main && git add --all")
    if outcome in ("none", "staged"):
        steps.append(f'git commit --message "{FIRST_COMMIT}"')
    steps.append("edit config.yaml: where the data are, labels, folds")
    steps.append("read README.md: training, evaluation and release, step by step")
    lines = [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return "\n".join(["", f"Generated {name}. Next:", *lines, *(f"Note: {n}" for n in notes)])


def main(answers: dict[str, Any], notes: list[str]) -> int:
    """Make the repository and print the next steps."""
    if "_commit" in answers:  # by cruft
        return 0
    outcome = make_repository() if wanted() else "unwanted"
    print(next_steps(answers["repo_name"], outcome, notes))
    return 0


if __name__ == "__main__":
    # The template engine fills in these lines: answers are inserted as data, never as code.
    given = json.loads(r"""{{ cookiecutter | tojson }}""")
    sys.exit(main(given, json.loads(r"""{{ cookiecutter | notes | tojson }}""")))
