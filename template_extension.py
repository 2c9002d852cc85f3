"""The Jinja extension that cookiecutter and cruft load: it adds the rules of the questions.

The rules are in ``questions/``. They use the linter for names, labels and orientations. Both are
imported from the checkout that contains this file, never from an installed package.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from jinja2 import Environment
from jinja2.ext import Extension

ROOT = Path(__file__).resolve().parent
#: The name of the package in which the modules of this checkout are imported.
PACKAGE = "_model_template"
#: The template's folder. cookiecutter renders its name after the last question, and before it
#: writes anything.
FOLDER = "{{cookiecutter.repo_name}}"
ACCEPTED_FOLDER = "{{ cookiecutter | accepted(_cookiecutter | default({})) }}"


class TemplateExtension(Extension):
    """The filters of the template, and the check of all answers before anything is written."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # `cruft update` generates from two commits in one process: each imports its own modules.
        sys.modules.pop(__name__, None)
        environment.filters.update(load().FILTERS)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """Check the answers when the folder's name is rendered.

        A ``pre_gen_project`` hook can't do this: ``--accept-hooks no`` skips it, it runs after the
        folder is made, and cookiecutter and cruft print a traceback if it fails.
        """
        return ACCEPTED_FOLDER if source == FOLDER else source


def load() -> ModuleType:
    """Import ``questions`` and its linter from this checkout, again at each call.

    Their package has its own name, so that an installed linter is never used instead.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = ModuleType(PACKAGE)
    package.__path__ = [str(ROOT), str(ROOT / "linter")]
    sys.modules[PACKAGE] = package
    importlib.invalidate_caches()
    # Python compares bytecode with its source only by size and seconds: two commits may agree.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(f"{PACKAGE}.questions")
    finally:
        sys.dont_write_bytecode = before
