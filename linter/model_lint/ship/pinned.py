"""The version of nnU-Net that a repository pins."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Where a repository pins its environment.
PINNING = ("pyproject.toml", "requirements.txt", "environment.yml", "setup.cfg", "setup.py")
_PINNED = re.compile(r"nnunetv2(-neuropoly)?\s*={1,3}\s*[\"']?(\d[\w.]*)", re.IGNORECASE)


def pinned_nnunet(texts: Mapping[str, str]) -> str:
    """Return the version of nnU-Net that files of a repository pin, and where; "" if none does."""
    for path in PINNING:
        found = _PINNED.search(texts.get(path, ""))
        if found:
            fork = "nnunetv2-neuropoly " if found[1] else ""
            return f"{fork}{found[2]}, as `{path}` says"
    return ""
