"""What the page "Check a package" runs in Pyodide: `model-lint check`, as the command line runs it.

`docs/in_browser.py` puts this file, the linter and the template's questions into one package.
"""

from __future__ import annotations

import gc
import io
import json
import os
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_lint.cli import main
    from model_lint.commands import check
    from model_lint.config import find_config
    from model_lint.errors import UsageError
else:
    from .model_lint.cli import main
    from .model_lint.commands import check  # noqa: F401 - now, not when a file is waiting
    from .model_lint.config import find_config
    from .model_lint.errors import UsageError

#: The reports that the page shows or offers.
FORMATS = ("html", "json", "sarif")


def prepare() -> str:
    """Do what the first check would wait for: judge a package with almost nothing in it.

    What this imports is also what `docs/compile.mjs` compiles.
    """
    with TemporaryDirectory() as folder:
        trainer = Path(folder) / "nnUNetTrainer__nnUNetPlans__2d"
        trainer.mkdir()
        for name in ("dataset.json", "plans.json"):
            (trainer / name).write_text("{}", encoding="utf-8")
        return run(json.dumps({"folder": folder, "targets": ["."], "options": []}))


def run(request: str) -> str:
    """Check what is mounted in a folder.

    Args:
        request: JSON: the `folder`, the `targets` in it, and the `options` of the command line.

    Returns:
        JSON: the exit `status`, what the linter `said` on standard error, the `command` that does
        the same in a terminal, and the `reports` by format; none if there is no verdict.
    """
    asked: dict[str, Any] = json.loads(request)
    os.chdir(asked["folder"])
    # `-` is a list of targets, and `-x.zip` an option.
    targets = [f"./{name}" if name.startswith("-") else name for name in asked["targets"]]
    said = io.StringIO()
    with TemporaryDirectory() as name, redirect_stderr(said), redirect_stdout(said):
        files = {form: Path(name) / form for form in FORMATS}
        outputs = [w for form, p in files.items() for w in ("--format", form, "--output", str(p))]
        try:
            words = ["check", *asked["options"], *_configuration(asked["options"], targets)]
            # Pyodide has no threads.
            status = main([*words, "--jobs", "1", *outputs, *targets])
        except UsageError as error:
            status, words = 2, []
            said.write(f"model-lint: {error}\n")
        except SystemExit as end:  # of argparse
            status = int(end.code or 0)
        reports = {form: _read(path) for form, path in files.items() if path.exists()}
    os.chdir("/")
    gc.collect()
    command = shlex.join(["model-lint", *words, *targets])
    return json.dumps(
        {"status": status, "said": said.getvalue(), "command": command, "reports": reports}
    )


def _configuration(options: list[str], targets: list[str]) -> list[str]:
    """Return the option for the configuration in a folder, which a terminal in it would find."""
    if "--config" in options or len(targets) != 1 or not Path(targets[0]).is_dir():
        return []
    found = find_config(Path(targets[0]))
    return ["--config", str(found)] if found else []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
