"""Write every package of the family, or those whose names are given, to a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from . import FAMILY

folder, names = Path(sys.argv[1]), set(sys.argv[2:])
folder.mkdir(parents=True, exist_ok=True)
for sample in FAMILY:
    if not names or sample.name in names:
        sample.write(folder / f"{sample.name}{sample.suffix}")
