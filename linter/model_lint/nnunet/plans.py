"""The configurations of ``plans.json``, with what they inherit.

The facts are those of ``PlansManager`` and ``ConfigurationManager`` of nnU-Net 2.8.1; they are the
same in 2.0 to 2.6.2 (SCT's fork).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..wording import listing, quote


def resolve(plans: Mapping[str, Any], configuration: str) -> dict[str, Any] | str:
    """Return a configuration with what it inherits, or one line that says why it is invalid."""
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict):
        return "`configurations` is missing or not an object"
    chain: dict[str, dict[str, Any]] = {}
    name: object = configuration
    while True:
        if not isinstance(name, str) or name not in configurations:
            known = f"it has {listing(configurations)}" if configurations else "it is empty"
            return f"configuration {quote(name)} is not in `configurations` ({known})"
        found = configurations[name]
        if not isinstance(found, dict):
            return f"configuration {quote(name)} is not an object"
        chain[name] = found
        if "inherits_from" not in found:
            break
        name = found["inherits_from"]
        if isinstance(name, str) and name in chain:
            return f"configuration {quote(configuration)} inherits from itself ({quote(name)})"
    merged: dict[str, Any] = {}
    for part in reversed(chain.values()):
        merged.update(part)
    return merged


def dimensions(plans: Mapping[str, Any], configuration: str | None) -> int | None:
    """Return the number of dimensions of a configuration, 2 or 3; None if it is not certain.

    Its name and the patch in the plans must agree.
    """
    if configuration is None:
        return None
    named = {"2d": 2, "3d": 3}.get(configuration.partition("_")[0])
    resolved = resolve(plans, configuration)
    patch = resolved.get("patch_size") if isinstance(resolved, dict) else None
    planned = len(patch) if isinstance(patch, list) and len(patch) in (2, 3) else None
    if named and planned and named != planned:
        return None
    return planned or named
