"""The pages of the findings without a rule: about SCT, the configuration and the linter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

from build import CHECKPOINT, package, put
from checkpoint_files import slim
from console import block, console
from local_github import organization
from model_lint.commands import reporting
from model_lint.findings import Problem
from model_lint.rules import all_rules

UNUSED = """---
hide: [navigation]
description: The configuration ignores a rule, but this silences no finding.
---

# unused-ignore (X001)

[Rules](index.md) / [About the run itself](index.md#family-x) · **Warning** · since 0.1

The configuration ignores a rule, but this silences no finding.

## Why

If the defect is repaired and the ignore stays, the next defect of the kind is not reported. An
unused ignore is reported only if the ignored rule ran on a target, so that a repository and its
packages can share a configuration.

## Fix

Remove the rule from `ignore`. Ignores of single targets, in `per-target-ignores`, are not checked.

## Example

{failing}

Repaired, with an empty `model-lint.toml`:

{repaired}

## Source

> An unused ignore hides the next defect.

## Silence it

It can't be ignored; with `--fail-on error`, the default, it does not fail the run.
"""

INTERNAL = """---
hide: [navigation]
description: "A rule crashed: a defect of model-lint, not of the model."
---

# internal-error (X000)

[Rules](index.md) / [About the run itself](index.md#family-x) · **Error** · since 0.1

A rule crashed: a defect of model-lint, not of the model.

## Why

The other rules ran, but the findings of this one are unknown, so the run must not pass: the exit
status is 2.

## Fix

Report it, with the message, in the
[issues](https://github.com/ivadomed/model-template/issues) of the project. Until it is fixed,
`--ignore` the rule that the message names.

## Example

{example}

## Source

> No traceback reaches a user, and no crash counts as a clean package.

## Silence it

It can't be ignored; the rule that crashed can.
"""


OUTDATED = """# sct-entry-outdated (S001)

**Error** · since 0.1 · about SCT's entry of a model, of [`sct --check`](../guides/sct.md)

SCT installs something else than the package: another address, other folds, or nothing.

## Why

The addresses in SCT's `MODELS` are all that it knows of the version of a model, and an installed
model is installed again only if they change.

## Fix

`model-lint sct` with `--into` and the package changes the addresses, and nothing else.

## Example

{example}

## Source

> SCT's `is_up_to_date` compares the address of an installed model with those in `MODELS`.

## Silence it

It can't be ignored: it is found only if it is asked for.
"""

DIFFERS = """# sct-entry-differs (S002)

**Error**, in some cases warning · since 0.1 · about SCT's entry of a model, of
[`sct --check`](../guides/sct.md)

The entry in SCT says something else of the model than the package.

## Why

`cropped_image` and the framework decide what SCT does with an image: an error. The contrasts are
only shown, and the suffixes are only those of SCT's test: a warning.

## Fix

Correct the entry or the test. `model-lint sct` with `--into` corrects `cropped_image`.

## Example

{example}

## Source

> SCT crops for models with `cropped_image`, and names its files after the labels of the package.

## Silence it

It can't be ignored; `--fail-on error` lets the run pass with warnings.
"""

_COMPARE = "model-lint sct ivadomed/model_seg_sc_t2@r20261123 --into spinalcordtoolbox --check"


def sct_entry_outdated() -> str:
    """Return the page of S001."""
    with organization() as github:
        return OUTDATED.format(example=github.console(_COMPARE))


def sct_entry_differs() -> str:
    """Return the page of S002."""
    with organization() as github:
        return DIFFERS.format(example=github.console(f"{_COMPARE} --contrast t1"))


def unused_ignore() -> str:
    """Return the page of X001."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = package(folder, put(CHECKPOINT, slim()))
        (folder / "model-lint.toml").write_text('ignore = { D003 = "added by hand" }\n')
        failing = console(f"model-lint check {path.name}", folder)
        (folder / "model-lint.toml").write_text("")
        repaired = console(f"model-lint check {path.name}", folder)
    toml = block("toml", 'ignore = { D003 = "added by hand" }')
    return UNUSED.format(failing=f"{toml}\n\n{failing}", repaired=repaired)


def internal_error() -> str:
    """Return the page of X000."""

    def crash(_: object) -> Iterator[Problem]:
        raise KeyError("image_orientation")

    rules = tuple(r._replace(check=crash) if r.code == "D003" else r for r in all_rules())
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(reporting, "all_rules", lambda: rules),
    ):
        path = package(Path(name), put(CHECKPOINT, slim()))
        shown = console(f"model-lint check {path.name}", Path(name), statuses=(2,))
    return INTERNAL.format(example=f"A rule that was made to crash:\n\n{shown}")


#: Name of the page to what makes it.
PAGES: dict[str, Callable[[], str]] = {
    "unused-ignore": unused_ignore,
    "internal-error": internal_error,
    "sct-entry-outdated": sct_entry_outdated,
    "sct-entry-differs": sct_entry_differs,
}
