"""The table of disagreements: the one place where they and their reasons stand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).resolve().parent / "disagreements.toml"


def read_table() -> dict[str, list[dict[str, Any]]]:
    """Read the disagreements with their reasons, by the name of the package."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def reasons() -> dict[tuple[str, str], str]:
    """Return the reasons, by the name of the package and the consumer."""
    return {
        (name, consumer): entry["reason"]
        for name, listed in read_table().items()
        for entry in listed
        for consumer in entry["consumers"]
    }
