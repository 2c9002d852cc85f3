"""The model of a model repository's checkout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A checkout of a model repository."""

    name: str


def build_repository(root: Path, name: str | None) -> Repository:
    """Build the model of a checkout; its name is given, or git's ``origin``, or the folder's."""
    return Repository(name or _origin(root) or root.name)


def _origin(root: Path) -> str | None:
    """Return the last part of the remote ``origin``'s address, None where there is none."""
    try:
        config = (root / ".git" / "config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    section = re.search(
        r'^\s*\[remote "origin"\]\s*$(.*?)(?=^\s*\[|\Z)', config, re.MULTILINE | re.DOTALL
    )
    url = section and re.search(r"^\s*url\s*=\s*(\S+)\s*$", section[1], re.MULTILINE)
    if not url:
        return None
    return re.split(r"[/:]", url[1].rstrip("/"))[-1].removesuffix(".git") or None
