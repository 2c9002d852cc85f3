"""Write the cases that the consumers judge, or those that are named, each to a folder of its own.

``python -m catalogue FOLDER [NAME ...]``, in ``tests``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import judged

folder, names = Path(sys.argv[1]), set(sys.argv[2:])
for case in judged():
    if not names or case.judged in names:
        (folder / case.judged).mkdir(parents=True)
        case.build(folder / case.judged)
