"""The pages of the two findings that no rule makes: about the configuration and the linter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from console import block, console
from examples import SOUND
from model_lint.commands import check as check_command
from model_lint.rules import all_rules

UNUSED = """# unused-ignore (X001)

**Warning** · since 0.1 · about the configuration

The configuration ignores a rule, but it silences no finding.

## Why

An ignore outlives its reason: the defect is repaired, and the next one of the kind goes unseen. It
is reported only where a target was of the kind that the ignored rule looks at, so that one
configuration can serve a repository and its packages.

## Fix

Take the rule out of `ignore`. Ignores of single targets, in `per-target-ignores`, are not judged.

## Example

{failing}

Repaired, with an empty `model-lint.toml`:

{repaired}

## Source

> What every linter with ignores learned: an unused one hides the next defect.

## Silence it

It can't be ignored; with `--fail-on error`, the default, it does not fail the run.
"""

INTERNAL = """# internal-error (X000)

**Error** · since 0.1 · about model-lint

A rule crashed: a defect of model-lint, not of the model.

## Why

The other rules still ran, but what this one would have found is unknown, so the run must not pass:
the exit status is 2.

## Fix

Report it, with the message, at the
[issues](https://github.com/ivadomed/model-template/issues) of the project. Until it is repaired,
`--ignore` the rule that the message names.

## Example

{example}

## Source

> No traceback reaches a user, and no crash counts as a clean package.

## Silence it

It can't be ignored; the rule that crashed can.
"""


def unused_ignore() -> str:
    """Return the page of X001."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = SOUND[1](folder)
        (folder / "model-lint.toml").write_text('ignore = { D003 = "added by hand" }\n')
        failing = console(f"model-lint check {package.name}", folder)
        (folder / "model-lint.toml").write_text("")
        repaired = console(f"model-lint check {package.name}", folder)
    toml = block("toml", 'ignore = { D003 = "added by hand" }')
    return UNUSED.format(failing=f"{toml}\n\n{failing}", repaired=repaired)


def internal_error() -> str:
    """Return the page of X000."""

    def crash(_: object) -> None:
        raise KeyError("image_orientation")

    rules = tuple(r._replace(check=crash) if r.code == "D003" else r for r in all_rules())
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(check_command, "all_rules", lambda: rules),
    ):
        package = SOUND[1](Path(name))
        shown = console(f"model-lint check {package.name}", Path(name), statuses=(2,))
    return INTERNAL.format(example=f"A rule that was made to crash:\n\n{shown}")


#: Name of the page to what makes it.
PAGES: dict[str, Callable[[], str]] = {
    "unused-ignore": unused_ignore,
    "internal-error": internal_error,
}
