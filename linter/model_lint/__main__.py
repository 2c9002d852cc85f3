"""The program: ``model-lint``, and ``python -m model_lint``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from .cli import main


def run() -> NoReturn:
    """Run the command line and leave at once.

    Freeing every object one by one would take as long as linting a small package.
    """
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
