"""What cookiecutter and cruft load beside ``cookiecutter.json``: the questions' own rules.

They stand in ``questions/`` and ask the linter for everything that it knows: names, labels and
orientations. Both come from the checkout that this file is in, and from no other.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from jinja2 import Environment
from jinja2.ext import Extension

ROOT = Path(__file__).resolve().parent
#: The package under which the modules of this checkout are imported.
PACKAGE = "_model_template"
#: The template's folder. Its name is the first thing to be rendered when every question is
#: answered and nothing has been written yet.
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
        """Check the answers where the folder's name is rendered.

        A hook could do it too, but is left out by a replay's ``--accept-hooks no``, runs when the
        folder is there, and both cookiecutter and cruft print a traceback when it fails.
        """
        return ACCEPTED_FOLDER if source == FOLDER else source


def load() -> ModuleType:
    """Import ``questions`` and with it the linter, anew and from this checkout.

    An installed linter, or that of another commit, has another name and is never taken instead.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = ModuleType(PACKAGE)
    package.__path__ = [str(ROOT), str(ROOT / "linter")]
    sys.modules[PACKAGE] = package
    importlib.invalidate_caches()
    keeps_bytecode = sys.dont_write_bytecode
    # Bytecode is told from that of another commit by its size and second only.
    sys.dont_write_bytecode = True
    try:
        return importlib.import_module(f"{PACKAGE}.questions")
    finally:
        sys.dont_write_bytecode = keeps_bytecode
